// The rows of cameras.csv, checked one by one and against the map.
// cameras.csv → **cameras** → bindings → grid

import Base
import Domain
import Foundation

/// Reads `cameras.csv`. Every finding names the row; nothing of a URL is ever printed.
struct CameraRows {
    /// What every file has, in the order of a new one.
    static let columns = [
        "camera_id", "name", "programme", "rtsp_url", "lon", "lat", "crs", "azimuth", "hfov", "range_m", "ptz", "village_code", "grid_code",
        "tags", "priority", "transport",
    ]
    /// What only files with household points need.
    static let optionalColumns = ["consent_ref", "outward"]

    private(set) var cameras: [Camera] = []
    private(set) var findings: FindingList
    private let map: DistrictMap?
    private var idLines: [CameraID: Int] = [:]
    private var urlLines: [String: Int] = [:]
    private(set) var hypothesis = CoordinateHypothesis()

    static func read(_ file: DistrictFile, map: DistrictMap?) -> CameraRows {
        var reader = CameraRows(findings: file.findings, map: map)
        guard let bytes = file.bytes,
            let rows = NamedRows(bytes, required: columns, optional: optionalColumns, into: &reader.findings)
        else { return reader }
        var findings = reader.findings
        if rows.isEmpty { findings.warning(nil, "names no camera") }
        rows.forEach(into: &findings) { row, findings in
            if let camera = reader.camera(row, &findings) { reader.cameras.append(camera) }
        }
        if let map, let warning = reader.hypothesis.warning(map) { findings.warning(warning.line, warning.message) }
        reader.findings = findings
        return reader
    }

    init(findings: FindingList, map: DistrictMap?) {
        self.findings = findings
        self.map = map
    }

    /// A camera when nothing in its row is an error. A second row with an id that was there is an error.
    mutating func camera(_ row: NamedRow, _ findings: inout FindingList) -> Camera? {
        var check = FieldCheck(row: row, findings: findings)
        defer { findings = check.findings }
        let id = id(&check)
        let name = check.text("name", maxCharacters: 100)
        let url = check.rtspURL()
        let village = check.villageCode(map)
        let grid = check.gridCode(map, isRequired: false)
        let position = position(&check, village ?? grid?.village)
        let tags = check.tags()
        let priority = check.priority()
        let transport = check.transport()
        let view = CameraView(
            azimuthDegrees: check.number("azimuth", in: 0...360).map { $0 == 360 ? 0 : $0 },
            widthDegrees: check.number("hfov", in: 1...360),
            rangeMetres: check.number("range_m", in: 1...10_000), isMovable: check.flag("ptz") ?? false)
        check.consent()
        if let url {
            if let first = urlLines[url] { check.warning("has the same rtsp_url as line \(first)") } else { urlLines[url] = row.line }
        }
        if let position { compare(position, village, grid, &check) }
        guard !check.failed, let id, let url, let position else { return nil }
        var camera = Camera(
            id: id, name: name, programme: row["programme"], url: url, position: position, villageCode: village, boundGrid: grid,
            tags: tags,
            priority: priority, transport: transport)
        camera.view = view
        return camera
    }

    private mutating func id(_ check: inout FieldCheck) -> CameraID? {
        let text = check.row.plain("camera_id")
        guard let id = CameraID(text) else {
            check.error(Self.complaint(aboutID: text))
            return nil
        }
        if let first = idLines[id] {
            let mangled = id.digits.hasSuffix("00000") ? "; both end in zeros as a spreadsheet leaves them: export the column as text" : ""
            check.error("camera_id \(id) stands on line \(first) already\(mangled)")
            return nil
        }
        idLines[id] = check.row.line
        if id.digits.hasSuffix("000000") {
            check.error("camera_id \(id) lost its last digits: written by a spreadsheet, which keeps 15; export the column as text")
            return nil
        }
        if id.digits.hasSuffix("00000") {
            check.warning("camera_id \(id) ends in zeros; if a spreadsheet wrote it, export the column as text")
        }
        return id
    }

    private static func complaint(aboutID text: String) -> String {
        let shown = printable(text)
        if text.isEmpty { return "camera_id is empty" }
        if text.contains(/^[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$/) {
            return "camera_id '\(shown)' was written by a spreadsheet and lost its digits; export the column as text"
        }
        if text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            let lost = text.utf8.count < 20 ? "; if a spreadsheet wrote it, export the column as text" : ""
            return "camera_id '\(shown)' has \(text.utf8.count) digits, 20 are needed\(lost)"
        }
        return "camera_id '\(shown)' is not 20 digits"
    }

    private mutating func position(_ check: inout FieldCheck, _ village: VillageCode?) -> GeoPoint? {
        let system = check.coordinateSystem()
        guard let lon = check.degrees("lon"), let lat = check.degrees("lat") else { return nil }
        let given = Degrees(lon: lon, lat: lat)
        if let complaint = PositionCheck.complaint(given) {
            check.error(complaint)
            return nil
        }
        guard let system else { return nil }
        if let village { hypothesis.add(given, system, village, line: check.row.line) }
        let degrees = system.wgs84(from: given)
        guard let point = GeoPoint(lon: degrees.lon, lat: degrees.lat) else {
            check.error("\(lon),\(lat) is out of range")
            return nil
        }
        guard let map, map.grids.locate(point) == nil, !map.boundary.contains(point) else { return point }
        let metres = map.boundary.borderDistanceMetres(from: point)
        let distance = metres < 1000 ? "\(Int(metres.rounded(.up))) m" : "\((metres / 100).rounded() / 10) km"
        check.error("\(lon),\(lat) lies \(distance) outside the district")
        return nil
    }

    /// Warns where the row contradicts the map. A person may have reasons: the place that is seen decides, not the mast.
    private func compare(_ position: GeoPoint, _ village: VillageCode?, _ grid: GridCode?, _ check: inout FieldCheck) {
        guard let map, let located = map.grids.locate(position) else { return }
        if let grid, grid != located {
            check.warning("is bound to grid \(grid) but stands in \(located); the binding is kept")
        } else if let village, village != located.village, grid == nil {
            check.warning("names village \(village) but stands in \(located.village)")
        }
        if let grid, let village, grid.village != village { check.warning("grid_code \(grid) is not in village_code \(village)") }
    }
}
