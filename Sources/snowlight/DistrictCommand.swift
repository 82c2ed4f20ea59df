// `snowlight district`: is the map right, and what would another one change?

import ArgumentParser
import Base
import Domain
import Foundation
import Grids

struct DistrictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "district", abstract: "Checks a district's map and people, compares two maps, and puts one in force.",
        subcommands: [
            DistrictCheck.self, DistrictCompare.self, DistrictList.self, DistrictImport.self, DistrictPublish.self, DistrictRollback.self,
        ])
}

struct DistrictCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Proves that the grids cover the district exactly once, and checks cameras and gridworkers against them.",
        discussion: """
            Prints one `file:line: error|warning: message` per finding. A gap, an overlap and a protrusion are named with their place, \
            their area and the grids beside or in them; the proof is exact, so that a centimetre is found. Ends with 0, or with 65 when one \
            finding is an error, 64 for wrong options, 74 when the GeoJSON cannot be written.

            Examples:
              snowlight district check config/district
              snowlight district check --config my.yaml --geojson findings.geojson    # lay the findings over a map
              snowlight district check new-map --json | jq '.coverage[] | select(.kind == "gap")'
            """)

    @Argument(help: ArgumentHelp("The district's folder.", valueName: "dir")) var folder: String?
    @Option(help: ArgumentHelp("The configuration that names the district's folder.", valueName: "file")) var config: String?
    @Flag(help: "Print one JSON object instead of lines.") var json = false
    @Option(help: ArgumentHelp("Write gaps, overlaps and protrusions as GeoJSON; empty when there are none.", valueName: "file"))
    var geojson: String?

    func validate() throws {
        if (folder == nil) == (config == nil) { throw ValidationError("Give either the district's folder or --config.") }
    }

    func run() throws {
        let folder = try folder ?? DistrictOptions.folder(config: config ?? "")
        let stages = StageLine()
        let reading = DistrictReader.examine(directory: folder, stage: stages.begin)
        stages.end()
        if let geojson {
            do {
                try Data(CoverageGeoJSON.text(reading.coverage).utf8).write(to: URL(fileURLWithPath: geojson), options: .atomic)
            } catch {
                complain("error: cannot write \(geojson): \(error.localizedDescription)")
                throw ExitStatus.inputOutput.exitCode
            }
        }
        if json {
            try printJSON(Report(reading))
        } else {
            for finding in reading.diagnostics { print(finding) }
            print(summary(reading))
        }
        if reading.district == nil { throw ExitStatus.badData.exitCode }
    }

    private func summary(_ reading: DistrictReading) -> String {
        let warnings = reading.diagnostics.count { $0.severity == .warning }
        let suffix = warnings == 0 ? "" : warnings == 1 ? ", 1 warning" : ", \(warnings) warnings"
        if let district = reading.district {
            return "ok: \(district.grids.all.count) grids cover the district exactly once, \(district.cameras.count) cameras, "
                + "\(district.workers.count) gridworkers\(suffix)"
        }
        let kinds = CoverageFinding.Kind.allCases.compactMap { kind in
            let count = reading.coverage.count { $0.kind == kind }
            return count == 0 ? nil : "\(kind.rawValue) \(count)"
        }
        let coverage = kinds.isEmpty ? "" : "; " + kinds.joined(separator: ", ")
        return "not good: \(reading.diagnostics.count - warnings) errors\(suffix)\(coverage)"
    }

    private struct Report: Encodable {
        struct Coverage: Encodable {
            let kind: String
            let areaM2: Double
            let lon: Double
            let lat: Double
            let grids: [String]
        }

        let ok: Bool
        let grids: Int
        let cameras: Int?
        let gridworkers: Int?
        let coverage: [Coverage]
        let findings: [Diagnostic]

        init(_ reading: DistrictReading) {
            ok = reading.district != nil
            grids = reading.gridCount
            cameras = reading.district?.cameras.count
            gridworkers = reading.district?.workers.count
            coverage = reading.coverage.map {
                Coverage(
                    kind: $0.kind.rawValue, areaM2: $0.areaSquareMetres, lon: $0.point.lon, lat: $0.point.lat, grids: $0.grids.map(\.digits)
                )
            }
            findings = reading.diagnostics
        }
    }
}
