// Reads the files of a district and says everything that is wrong with them, each finding with file and line.
// **files → district** → dispatcher, console

package import Base
import Domain
import Foundation

/// Reads a directory as INTERFACES.md describes it.
package enum DistrictReader {
    /// The district, nil when any finding is an error, and all findings in file order: at most 200 a file, then their number.
    ///
    /// Blocks on files: call it at start-up or from an own thread. File names in findings begin with `directory` as given.
    package static func read(directory: String) -> (district: District?, diagnostics: [Diagnostic]) {
        let path = { (name: String) in directory.isEmpty || directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)" }
        var (boundary, boundaryFindings) = boundary(path("district.geojson"))
        let gridFile = bytes(path("grids.geojson"))
        var (features, gridFindings) =
            gridFile.bytes.map { GeoJSONReader.grids($0, file: path("grids.geojson")) } ?? ([], gridFile.findings)
        if let code = boundary?.code {
            for feature in features where !feature.grid.code.digits.hasPrefix(code) {
                gridFindings.error(feature.line, "grid \(feature.grid.code) does not belong to district \(code)")
            }
        }
        let mapIsReadable = !boundaryFindings.hasErrors && !gridFindings.hasErrors
        if mapIsReadable, let boundary { prove(features, boundary, &boundaryFindings, &gridFindings) }

        // Without a map, rows are still checked for everything that needs none.
        let map = mapIsReadable ? boundary.map { DistrictMap(boundary: $0.ground, grids: GridSet(features.map(\.grid))) } : nil
        let cameras = CameraRows.read(bytes(path("cameras.csv")), map: map)
        let workers = WorkerRows.read(bytes(path("workers.csv")), map: map)
        if map != nil, let staffed = workers.staffed {
            for feature in features where !staffed.contains(feature.grid.code) {
                let name = "\(feature.grid.code) (\(printable(feature.grid.name)))"
                gridFindings.error(feature.line, "grid \(name) has no full-time gridworker in workers.csv; each grid needs one")
            }
        }

        let views = views(path("views.yaml"), cameras)
        let diagnostics = [boundaryFindings, gridFindings, cameras.findings, workers.findings].flatMap(\.diagnostics) + views.diagnostics
        guard !diagnostics.hasErrors, let map, let boundary, let geoJSON = gridFile.bytes else { return (nil, diagnostics) }
        let code = boundary.code ?? String(map.grids.all.first?.code.digits.prefix(6) ?? "")
        let served = geoJSON.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(geoJSON.dropFirst(3)) : geoJSON
        let district = District(
            code: code, name: boundary.name, boundary: boundary.ground, grids: map.grids,
            cameras: cameras.cameras.map { camera in
                var camera = camera
                camera.areas = views.areas[camera.id] ?? PictureAreas()
                return camera
            },
            workers: workers.workers,
            geoJSON: served)
        return (district, diagnostics)
    }

    private static func boundary(_ path: String) -> (GeoJSONReader.Boundary?, FindingList) {
        let file = bytes(path)
        return file.bytes.map { GeoJSONReader.boundary($0, file: path) } ?? (nil, file.findings)
    }

    /// The one file that a district may do without.
    private static func views(_ path: String, _ cameras: CameraRows) -> (areas: [CameraID: PictureAreas], diagnostics: [Diagnostic]) {
        guard FileManager.default.fileExists(atPath: path) else { return ([:], []) }
        let file = bytes(path)
        guard let bytes = file.bytes else { return ([:], file.findings.diagnostics) }
        return ViewsFile.read(bytes, file: path, cameras: cameras.findings.hasErrors ? nil : Set(cameras.cameras.map(\.id)))
    }

    /// A file's bytes, or nil and the finding that says why not.
    private static func bytes(_ path: String) -> DistrictFile {
        do {
            return DistrictFile(bytes: try TextFile.read(path), findings: FindingList(file: path))
        } catch {
            var findings = FindingList(file: path)
            findings.error(nil, error.message)
            return DistrictFile(bytes: nil, findings: findings)
        }
    }

    private static func prove(
        _ features: [GeoJSONReader.GridFeature], _ boundary: GeoJSONReader.Boundary, _ boundaryFindings: inout FindingList,
        _ gridFindings: inout FindingList
    ) {
        var lines: [GridCode: Int] = [:]
        for feature in features { lines[feature.grid.code] = feature.line }
        for finding in CoverageProof.findings(grids: features.map(\.grid), district: boundary.ground) {
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
}

/// The readable, proven or not yet proven map that rows are checked against.
struct DistrictMap {
    let boundary: Ground
    let grids: GridSet
    let villages: Set<VillageCode>

    init(boundary: Ground, grids: GridSet) {
        self.boundary = boundary
        self.grids = grids
        villages = Set(grids.all.map(\.code.village))
    }
}
