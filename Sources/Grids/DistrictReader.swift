// Reads the files of a district and says everything that is wrong with them, each finding with file and line.
// **files → district** → dispatcher, console

package import Base
package import Domain
import Foundation

/// What reading a district gave: the district when nothing is wrong, and everything that is.
package struct DistrictReading: Sendable {
    /// Nil when any finding is an error.
    package let district: District?
    /// In file order: at most 200 a file, then their number.
    package let diagnostics: [Diagnostic]
    /// Where the grids do not cover the district exactly once; each is also among the diagnostics.
    package let coverage: [CoverageFinding]
    package let gridCount: Int
}

/// Reads a directory as INTERFACES.md describes it.
package enum DistrictReader {
    /// The district, nil when any finding is an error, and all findings in file order: at most 200 a file, then their number.
    ///
    /// Blocks on files: call it at start-up or from an own thread. File names in findings begin with `directory` as given.
    package static func read(directory: String) -> (district: District?, diagnostics: [Diagnostic]) {
        let reading = examine(directory: directory)
        return (reading.district, reading.diagnostics)
    }

    /// As `read`, with the findings about coverage as values. `stage` is told what begins, for people who wait.
    package static func examine(directory: String, stage: (String) -> Void = { _ in }) -> DistrictReading {
        stage("reading the map")
        var files = MapFiles(directory)
        let mapIsReadable = files.isReadable
        stage("proving that \(files.features.count) grids cover the district once")
        files.prove()

        // Without a map, rows are still checked for everything that needs none.
        let map = mapIsReadable ? files.map : nil
        stage("checking cameras and gridworkers")
        let cameras = CameraRows.read(.read(path(directory, "cameras.csv")), map: map)
        let workers = WorkerRows.read(.read(path(directory, "workers.csv")), map: map)
        if map != nil, let staffed = workers.staffed {
            for feature in files.features where !staffed.contains(feature.grid.code) {
                let name = "\(feature.grid.code) (\(printable(feature.grid.name)))"
                files.gridFindings.error(feature.line, "grid \(name) has no full-time gridworker in workers.csv; each grid needs one")
            }
        }

        let views = views(path(directory, "views.yaml"), cameras)
        let diagnostics =
            [files.boundaryFindings, files.gridFindings, cameras.findings, workers.findings].flatMap(\.diagnostics) + views.diagnostics
        var district: District?
        if !diagnostics.hasErrors, let map, let boundary = files.boundary, let geoJSON = files.gridBytes,
            let boundaryBytes = files.boundaryBytes
        {
            district = District(
                code: boundary.code ?? String(map.grids.all.first?.code.digits.prefix(6) ?? ""), name: boundary.name,
                boundary: boundary.ground, grids: map.grids,
                cameras: cameras.cameras.map { camera in
                    var camera = camera
                    if let view = views.views[camera.id] { (camera.areas, camera.presets) = (view.areas, view.presets) }
                    return camera
                },
                workers: workers.workers,
                geoJSON: geoJSON.withoutByteOrderMark, boundaryGeoJSON: boundaryBytes.withoutByteOrderMark)
        }
        return DistrictReading(district: district, diagnostics: diagnostics, coverage: files.coverage, gridCount: files.features.count)
    }

    /// The proven grids of a directory without its cameras and gridworkers, nil when any finding about the map is an error.
    package static func readMap(directory: String) -> (map: DistrictMap?, diagnostics: [Diagnostic]) {
        var files = MapFiles(directory)
        files.prove()
        return (files.isReadable ? files.map : nil, [files.boundaryFindings, files.gridFindings].flatMap(\.diagnostics))
    }

    /// The two files of a directory's map as bytes without byte order mark; blocks on them.
    package static func readMapFiles(directory: String) throws -> (boundary: [UInt8], grids: [UInt8]) {
        func bytes(_ name: String) throws -> [UInt8] {
            let file = DistrictFile.read(path(directory, name))
            if let bytes = file.bytes { return bytes.withoutByteOrderMark }
            throw Failure(.invalidInput, file.findings.diagnostics.map { "\($0)" }.joined(separator: "; "))
        }
        return (try bytes("district.geojson"), try bytes("grids.geojson"))
    }

    /// A map from the bytes of its two files, nil when any finding is an error; its coverage is left to `GridSetFindings`.
    package static func map(boundary: [UInt8], grids: [UInt8]) -> (map: DistrictMap?, diagnostics: [Diagnostic]) {
        let files = MapFiles(
            DistrictFile(bytes: boundary, findings: FindingList(file: "district.geojson")),
            DistrictFile(bytes: grids, findings: FindingList(file: "grids.geojson")))
        return (files.isReadable ? files.map : nil, [files.boundaryFindings, files.gridFindings].flatMap(\.diagnostics))
    }

    /// The cameras of a directory that have no error in their row, against a map that may not be the directory's own; blocks on the file.
    package static func readCameras(directory: String, map: DistrictMap) -> (cameras: [Camera], diagnostics: [Diagnostic]) {
        let read = CameraRows.read(.read(path(directory, "cameras.csv")), map: map)
        return (read.cameras, read.findings.diagnostics)
    }

    /// The one file that a district may do without.
    private static func views(_ path: String, _ cameras: CameraRows) -> (views: [CameraID: ViewsFile.View], diagnostics: [Diagnostic]) {
        guard FileManager.default.fileExists(atPath: path) else { return ([:], []) }
        let file = DistrictFile.read(path)
        guard let bytes = file.bytes else { return ([:], file.findings.diagnostics) }
        return ViewsFile.read(bytes, file: path, cameras: cameras.findings.hasErrors ? nil : Set(cameras.cameras.map(\.id)))
    }

    /// A file of the directory.
    static func path(_ directory: String, _ name: String) -> String {
        directory.isEmpty || directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }
}

/// The two files of the map, read and checked.
private struct MapFiles {
    let boundary: GeoJSONReader.Boundary?
    let features: [GeoJSONReader.GridFeature]
    let boundaryBytes: [UInt8]?
    let gridBytes: [UInt8]?
    var boundaryFindings: FindingList
    var gridFindings: FindingList
    private(set) var coverage: [CoverageFinding] = []

    init(_ directory: String) {
        self.init(
            .read(DistrictReader.path(directory, "district.geojson")), .read(DistrictReader.path(directory, "grids.geojson")))
    }

    init(_ boundaryFile: DistrictFile, _ gridFile: DistrictFile) {
        (boundary, boundaryFindings) =
            boundaryFile.bytes.map { GeoJSONReader.boundary($0, file: boundaryFile.findings.file) } ?? (nil, boundaryFile.findings)
        (features, gridFindings) =
            gridFile.bytes.map { GeoJSONReader.grids($0, file: gridFile.findings.file) } ?? ([], gridFile.findings)
        boundaryBytes = boundaryFile.bytes
        gridBytes = gridFile.bytes
        guard let code = boundary?.code else { return }
        for feature in features where !feature.grid.code.digits.hasPrefix(code) {
            gridFindings.error(feature.line, "grid \(feature.grid.code) does not belong to district \(code)")
        }
    }

    var isReadable: Bool { !boundaryFindings.hasErrors && !gridFindings.hasErrors }

    var map: DistrictMap? { boundary.map { DistrictMap(boundary: $0.ground, grids: GridSet(features.map(\.grid))) } }

    /// Adds what keeps the grids from covering the district exactly once.
    mutating func prove() {
        guard isReadable, let boundary else { return }
        var lines: [GridCode: Int] = [:]
        for feature in features { lines[feature.grid.code] = feature.line }
        coverage = CoverageProof.findings(grids: features.map(\.grid), district: boundary.ground)
        for finding in coverage {
            if let first = finding.grids.first {
                gridFindings.error(lines[first], "\(finding)")
            } else {
                boundaryFindings.error(boundary.line, "\(finding)")
            }
        }
    }
}

/// One file of a district: its bytes if it could be read, and what was found so far.
struct DistrictFile {
    let bytes: [UInt8]?
    var findings: FindingList

    /// The bytes, or the finding that says why there are none.
    static func read(_ path: String) -> DistrictFile {
        do {
            return DistrictFile(bytes: try TextFile.read(path), findings: FindingList(file: path))
        } catch {
            var findings = FindingList(file: path)
            findings.error(nil, error.message)
            return DistrictFile(bytes: nil, findings: findings)
        }
    }
}

/// The readable, proven or not yet proven map that rows are checked against.
package struct DistrictMap: Sendable {
    package let boundary: Ground
    package let grids: GridSet
    let villages: Set<VillageCode>

    init(boundary: Ground, grids: GridSet) {
        self.boundary = boundary
        self.grids = grids
        villages = Set(grids.all.map(\.code.village))
    }
}

extension [UInt8] {
    fileprivate var withoutByteOrderMark: [UInt8] { starts(with: [0xEF, 0xBB, 0xBF]) ? Array(dropFirst(3)) : self }
}
