// `snowlight cameras import`: a list of cameras from outside into the district's own, after a look at what it would do.
// file from outside → verdicts → **agreed** → cameras.csv

import ArgumentParser
import Base
import Cases
import Domain
import Foundation
import Grids

struct CamerasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cameras",
        abstract: "Keeps the district's list of cameras and says why a camera counts for its grid.",
        subcommands: [CamerasImport.self, CamerasExplain.self])
}

struct CamerasImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Takes cameras from a CSV file into the district's cameras.csv.",
        discussion: """
            The file is UTF-8 or GB18030, with or without byte order mark, and has a header. Rows are matched by camera_id, the one column \
            that is needed: a column that is there rules, also where its field is empty, and one that is not keeps what the camera has. \
            Cameras that the file does not name stay as they are. A new camera needs name, rtsp_url, lon, lat and a coordinate system.

            Each row gets a verdict: new, changed, unchanged or refused with the reason. Ids that a spreadsheet mangled (5.1101E+19, zeros \
            at the end) are refused; full-width digits, blanks and leading apostrophes are repaired. Positions are tested under WGS-84, \
            GCJ-02 and BD-09: when another system puts the cameras where they say they stand, a warning says so. A camera that moves by more \
            than 20 m, turns by more than 30° or comes into another grid needs review.

            When a row is refused, nothing is written and the command ends with 65; --partial takes over the rows that are good. The file \
            before the import is kept as cameras.csv.before-import; --rollback exchanges the two. `serve` reads the list again on SIGHUP. \
            --cases also says which cases of the last 30 days would have gone to another grid; it opens the store, so that `serve` must be \
            stopped on SQLite (the console's page of cameras does the same while it runs). \
            Ends with 0, 64 for wrong options, 65 for refused rows, 69 when another import runs, 74 when writing fails.

            Examples:
              snowlight cameras import new.csv --crs gcj02 --dry-run --config my.yaml
              snowlight cameras import new.csv --crs gcj02 --config my.yaml && kill -HUP PID
              snowlight cameras import --rollback --config my.yaml
            """)

    @Argument(help: ArgumentHelp("The file to take cameras from.", valueName: "file")) var file: String?
    @OptionGroup var source: DistrictOptions
    @Option(help: "The coordinate system of rows that name none: wgs84, cgcs2000, gcj02 or bd09.") var crs: String?
    @Flag(help: "Say what would happen and write nothing.") var dryRun = false
    @Flag(help: "Take over the good rows although others are refused.") var partial = false
    @Flag(help: "Take the last import back.") var rollback = false
    @Flag(help: "Also say which cases of the last 30 days would have gone elsewhere; needs --config.") var cases = false
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func validate() throws {
        if cases, source.config == nil { throw ValidationError("--cases needs --config: it says where the cases are.") }
        if rollback, file != nil || crs != nil || dryRun || partial || json || cases {
            throw ValidationError("--rollback takes no file and no other option than --config or --district.")
        }
        if !rollback, file == nil { throw ValidationError("Give the file to import, or --rollback.") }
        if let crs, CoordinateSystem(asWritten: crs) == nil {
            let known = CoordinateSystem.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--crs '\(crs)' is not known; known are \(known).")
        }
    }

    func run() async throws {
        do {
            if rollback { try rollBack() } else { try await importFile() }
        } catch let failure as Failure {
            complain("error: \(failure)")
            switch failure.kind {
            case .conflict: throw ExitStatus.unavailable.exitCode
            case .notFound, .invalidInput: throw ExitStatus.badData.exitCode
            default: throw ExitStatus.inputOutput.exitCode
            }
        }
    }

    private func rollBack() throws {
        let list = CameraFile(folder: try source.folder())
        try list.rollBack()
        print("\(list.path) is again as it was before the last import; what the import made of it is in \(list.formerPath)")
    }

    private func importFile() async throws {
        let folder = try source.folder()
        let stages = StageLine()
        stages.begin("proving the map")
        let (map, mapFindings) = DistrictReader.readMap(directory: folder)
        guard let map else {
            stages.end()
            for finding in mapFindings { complain("\(finding)") }
            throw ExitStatus.badData.exitCode
        }
        let list = CameraFile(folder: folder)
        let path = file ?? ""
        guard let incoming = FileManager.default.contents(atPath: path) else { throw Failure(.notFound, "cannot read \(path)") }
        stages.begin("checking \(path)")
        let existing = try list.read()
        let result = CameraImport(
            [UInt8](incoming), file: path, existing: existing, existingFile: list.path,
            declared: crs.flatMap { CoordinateSystem(asWritten: $0) },
            map: map)
        stages.end()
        let diverted = try await diversions(result)
        var written = false
        if !dryRun, let text = result.text, result.changesAnything, partial || !result.isRefused {
            try list.replace(existing, with: text)
            written = true
        }
        if json {
            try printJSON(Report(report: CameraImportReport(result, isWritten: written), diverted: diverted))
        } else {
            for line in CameraImportReport.lines(result, file: path) { print(line) }
            for line in diverted.map(Self.lines) ?? [] { print(line) }
            print(outcome(result, written, list))
        }
        if result.isRefused && !(partial && result.text != nil) { throw ExitStatus.badData.exitCode }
    }

    /// The report, with the cases when they were asked for.
    private struct Report: Encodable {
        let report: CameraImportReport
        let diverted: CaseDiversions?

        enum CodingKeys: CodingKey { case diverted }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(diverted, forKey: .diverted)
        }
    }

    /// What the changed cameras would have meant for the cases of late; nil when nobody asked.
    private func diversions(_ result: CameraImport) async throws -> CaseDiversions? {
        guard cases, let config = source.config else { return nil }
        var found: CaseDiversions?
        try await GridSetOptions.open(config: config, data: nil) { maps, _ in found = try await maps.diversions(of: result.changed) }
        return found
    }

    private static func lines(_ diverted: CaseDiversions) -> [String] {
        diverted.items.map { "case \($0.no): \($0.from?.code ?? "no grid") → \($0.to?.code ?? "no grid"), by camera \($0.camera.id)" } + [
            "of \(diverted.looked) cases of the last \(diverted.days) days by changed cameras, \(diverted.count) would have gone elsewhere"
        ]
    }

    private func outcome(_ result: CameraImport, _ written: Bool, _ list: CameraFile) -> String {
        if written { return "written: \(list.path); the file before it is \(list.formerPath)" }
        if dryRun { return "dry run: nothing was written" }
        if result.text == nil { return "nothing was written" }
        if result.isRefused && !partial { return "nothing was written; put the refused rows right, or take over the others with --partial" }
        return "nothing was written: nothing changes"
    }
}
