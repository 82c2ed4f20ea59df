// A district's files: what is accepted, and every wrong row by its line.

import Base
import Domain
import Foundation
import Testing

@testable import Grids

@Test func aValidDistrictIsRead() throws {
    var files = try DistrictFixture()
    files.cameras = [
        DistrictFixture.header,
        DistrictFixture.camera([
            "azimuth": "３６０", "hfov": "90", "range_m": "60", "ptz": "1", "village_code": "511011001001",
            "tags": "scene:square; scene:fire_lane",
            "priority": "2", "transport": "ffmpeg", "camera_id": "'51101100001320000001",
        ]),
        DistrictFixture.camera([
            "camera_id": "５1101100001320000002", "rtsp_url": "rtsp://[2001:db8::1]:8554/a?b=c", "grid_code": "511011001002002",
        ]),
    ]
    let (read, findings) = try files.read()
    #expect(findings == ["cameras.csv:3: warning: is bound to grid 511011001002002 but stands in 511011001001001; the binding is kept"])
    let district = try #require(read)
    #expect(district.code == "511011" && district.grids.all.count == 4 && district.cameras.count == 2 && district.workers.count == 4)
    let first = district.cameras[0]
    #expect(first.view == CameraView(azimuthDegrees: 0, widthDegrees: 90, rangeMetres: 60, isMovable: true))
    #expect(first.tags == ["scene:fire_lane", "scene:square"] && first.priority == .two && first.transport == .ffmpeg)
    #expect(district.grid(for: first).method == .position && district.grid(for: first).grid?.digits == "511011001001001")
    #expect(district.grid(for: district.cameras[1]).method == .cameraManual)
    #expect(district.grid(for: district.cameras[1]).grid?.digits == "511011001002002")
    #expect(district.grid(for: district.cameras[1]).location?.grid.digits == "511011001001001")
    var stray = first
    stray.boundGrid = nil
    stray = Camera(
        id: first.id, name: "", programme: "", url: "", position: place(106, 30), villageCode: nil, boundGrid: nil, tags: [],
        priority: .three,
        transport: .auto)
    #expect(district.grid(for: stray) == CameraGrid(grid: nil, method: .unbound, location: nil))
    #expect(district.villages.map(\.name) == ["村001", "村002"] && district.villages[1].grids.count == 2)
    #expect(district.worker(of: district.grids.all[2].code)?.id.text == "w2")
    #expect(district.substitutes(of: district.grids.all[2].code).isEmpty)
    #expect(district.camera(first.id) == first)
}

/// One wrong row each; the finding must stand on exactly that row's line.
private let badRows: [(changes: [String: String], message: String)] = [
    (["camera_id": "5.1101E+19"], "camera_id '5.1101E+19' was written by a spreadsheet and lost its digits; export the column as text"),
    (
        ["camera_id": "51101100001320000000"],
        "camera_id 51101100001320000000 lost its last digits: written by a spreadsheet, which keeps 15; export the column as text"
    ),
    (
        ["camera_id": "5110110000132"],
        "camera_id '5110110000132' has 13 digits, 20 are needed; if a spreadsheet wrote it, export the column as text"
    ),
    (["camera_id": "511011000013200000010"], "camera_id '511011000013200000010' has 21 digits, 20 are needed"),
    (["camera_id": "cam-1"], "camera_id 'cam-1' is not 20 digits"),
    (["camera_id": ""], "camera_id is empty"),
    (["camera_id": "51101100001320000099"], "camera_id 51101100001320000099 stands on line 2 already"),
    (["name": ""], "name is empty"), (["rtsp_url": ""], "rtsp_url is empty"),
    (["rtsp_url": "http://192.0.2.1/"], "rtsp_url must begin with rtsp://"),
    (
        ["rtsp_url": "rtsp://admin:Geheim1@192.0.2.1/"],
        "rtsp_url contains a user or password; credentials belong in the credentials file (camera_id,user,password), not in the URL"
    ),
    (
        ["rtsp_url": "rtsp://192.0.2.1/user=admin&password=Geheim1"],
        "rtsp_url contains a password in its path; credentials belong in the credentials file (camera_id,user,password), not in the URL"
    ),
    (["rtsp_url": "rtsp://admin:Geheim1/x@192.0.2.1/"], "rtsp_url has no valid host and port"),
    (["rtsp_url": "rtsp:///x"], "rtsp_url has no valid host and port"),
    (["rtsp_url": "rtsp://192.0.2.1:99999/x"], "rtsp_url has a port outside 1…65535"),
    (["rtsp_url": "rtsp://192.0.2.1/a b"], "rtsp_url contains a space or a character outside ASCII"),
    (["lon": "29.505", "lat": "105.005"], "longitude 29.505 and latitude 105.005 are swapped: longitude comes first"),
    (["lon": "0", "lat": "0.0"], "the position is 0,0: it was never surveyed"),
    (["lon": "105.03"], "105.03,29.505 lies 970 m outside the district"),
    (["lat": "30.505"], "105.005,30.505 lies 109.2 km outside the district"),
    (["lon": ""], "lon is empty"),
    (["lon": "\"105°0'18\"\"E\""], "lon '105°0'18\"E' is not a number; write decimal degrees, not minutes and seconds"),
    (["lat": "nan"], "lat 'nan' is not a number"), (["lat": "\"29,505\""], "lat '29,505' is not a number; write a decimal point"),
    (["crs": ""], "crs is missing; there is no default, write one of wgs84, cgcs2000, gcj02, bd09"),
    (["crs": "beijing54"], "unknown crs 'beijing54'; known are wgs84, cgcs2000, gcj02, bd09"),
    (["azimuth": "400"], "azimuth '400' must be a number from 0 to 360"), (["hfov": "wide"], "hfov 'wide' must be a number from 1 to 360"),
    (["range_m": "0"], "range_m '0' must be a number from 1 to 10000"), (["ptz": "maybe"], "ptz 'maybe' must be 1 or 0"),
    (["village_code": "511011"], "village_code '511011' is not 12 digits"),
    (["village_code": "511011009009"], "unknown village_code 511011009009: no grid belongs to it"),
    (["grid_code": "5.11E+14"], "grid_code '5.11E+14' is not 15 digits"),
    (["grid_code": "511011009009001"], "unknown grid_code 511011009009001: grids.geojson has no such grid"),
    (["tags": "person:zhang"], "the tag 'person:…' denotes a person; tags name places and things"),
    (["tags": "Face:x"], "the tag 'face:…' denotes a person; tags name places and things"),
    (["tags": "plate:川K12345"], "the tag 'plate:…' denotes a person; tags name places and things"),
    (["tags": "square"], "the tag 'square' is not ns:key or ns:key=value in small letters"),
    (["priority": "5"], "priority '5' must be 1 (highest) to 4"),
    (["transport": "udp"], "unknown transport 'udp'; known are auto, native, ffmpeg"),
    (["programme": "慧眼工程"], "a household point (慧眼) needs a recorded consent (consent_ref) and an outward view (outward=1)"),
]

@Test func everyBadRowIsNamedByItsLine() throws {
    var files = try DistrictFixture()
    files.cameras = [DistrictFixture.header, DistrictFixture.camera(["camera_id": "51101100001320000099"])]
    for (number, bad) in badRows.enumerated() {
        let unique = ["camera_id": "51101100001320000\(padded(number + 100, 3))", "rtsp_url": "rtsp://192.0.2.9/\(number)"]
        files.cameras.append(DistrictFixture.camera(unique.merging(bad.changes) { $1 }))
    }
    let (district, findings) = try files.read()
    #expect(district == nil)
    #expect(findings == badRows.enumerated().map { "cameras.csv:\($0 + 3): error: \($1.message)" })
    #expect(!findings.joined().contains("Geheim1"), "a password was printed")
}

@Test func severalErrorsOfOneRowAreAllNamed() throws {
    var files = try DistrictFixture()
    files.cameras.append(DistrictFixture.camera(["camera_id": "x", "crs": "", "priority": "9", "rtsp_url": "rtsp://h/2"]))
    #expect(try files.read().findings.count == 3)
}

@Test func findingsAreBounded() throws {
    var files = try DistrictFixture()
    files.cameras += Array(repeating: DistrictFixture.camera(["camera_id": "5.1101E+19"]), count: 300)
    files.workers.append("w9,,511011001001001,full_time,000-00000000,console")
    let (_, findings) = try files.read()
    #expect(findings.count == 202)
    // Each of those rows has an error and, for the repeated URL, a warning.
    #expect(findings[200] == "cameras.csv: error: 200 more errors and 200 more warnings in this file are not shown")
    #expect(findings[201] == "workers.csv:6: error: name is empty")
}

@Test func workersAreChecked() throws {
    var files = try DistrictFixture()
    files.workers = [
        DistrictFixture.workerHeader, "w1,甲,511011001001001,full_time,000-00000001,console;sms",
        "w1,乙,511011001001002,full_time,000-00000001,",
        "w 3,丙,511011001002001,full_time,000-00000001,", "w4,丁,511011001009009,substitute,000-00000001,",
        "w5,戊,511011001002002,boss,000-00000001,",
        "w6,己,511011001002002,替补,call me,", "w7,庚,511011001002002,专职",
    ]
    let (_, findings) = try files.read()
    #expect(
        findings == [
            "grids.geojson:5: error: grid 511011001002002 (网格002) has no full-time gridworker in workers.csv; each grid needs one",
            "workers.csv:3: error: worker_id w1 stands on line 2 already",
            "workers.csv:4: error: worker_id 'w 3' must be 1 to 32 letters, digits, '-' or '_'",
            "workers.csv:5: warning: grid_code 511011001009009 is not in grids.geojson: nothing is sent there until a grid set has it",
            "workers.csv:6: error: role 'boss' must be full_time or substitute", "workers.csv:7: warning: phone is not a phone number",
            "workers.csv:8: error: has 4 fields, the header names 6 columns; quote a field that contains a comma",
        ])
}

@Test func columnsAreChecked() throws {
    var files = try DistrictFixture()
    files.cameras[0] = DistrictFixture.header.replacing(",crs", with: ",CRS").replacing("transport", with: "transporter")
    files.workers[0] = "worker_id;name;grid_code;role;phone;channels"
    #expect(
        try files.read().findings == [
            "cameras.csv:1: error: missing columns: transport; needed are \(DistrictFixture.header)",
            "workers.csv:1: error: columns are separated by semicolons; export the file with commas",
        ])
    files = try DistrictFixture()
    files.cameras = [DistrictFixture.header + ",owner_unit,备注", DistrictFixture.camera() + ",a,b"]
    #expect(try files.read().findings == ["cameras.csv:1: warning: unknown columns are ignored: owner_unit, 备注"])
    files.cameras = [""]
    #expect(try files.read().findings.first?.hasPrefix("cameras.csv:1: error: is empty; the first line must name the columns") == true)
}

@Test func aSpreadsheetThatZeroedEveryIdIsNamed() throws {
    var files = try DistrictFixture()
    for url in 1...2 { files.cameras.append(DistrictFixture.camera(["camera_id": "51101100001320100000", "rtsp_url": "rtsp://h/\(url)"])) }
    #expect(
        try files.read().findings == [
            "cameras.csv:3: warning: camera_id 51101100001320100000 ends in zeros; if a spreadsheet wrote it, export the column as text",
            "cameras.csv:4: error: camera_id 51101100001320100000 stands on line 3 already; both end in zeros as a spreadsheet leaves them: export the column as text",
        ])
}

@Test func filesInChineseEncodingsAreRead() throws {
    var files = try DistrictFixture()
    files.cameras = [DistrictFixture.header, DistrictFixture.camera(["name": "青岗镇路口"])]
    _ = try files.read()
    let text = files.cameras.joined(separator: "\r\n") + "\r\n"
    for bytes in [try #require((text as NSString).data(using: 0x8000_0632)).map { $0 }, [0xEF, 0xBB, 0xBF] + Array(text.utf8)] {
        try files.write("cameras.csv", bytes)
        let (district, diagnostics) = DistrictReader.read(directory: files.directory)
        #expect(diagnostics.isEmpty)
        #expect(district?.cameras.first?.name == "青岗镇路口")
    }
}

@Test func aBrokenMapIsNamedAndRowsAreStillChecked() throws {
    var files = try DistrictFixture()
    files.features[2] = files.features[2].replacing("\"properties\"", with: "properties")
    files.cameras.append(DistrictFixture.camera(["camera_id": "5.1101E+19", "rtsp_url": "rtsp://h/2"]))
    #expect(
        try files.read().findings == [
            "grids.geojson:4: error: not valid JSON: a name in quotes is expected here",
            "cameras.csv:3: error: camera_id '5.1101E+19' was written by a spreadsheet and lost its digits; export the column as text",
        ])
    files = try DistrictFixture()
    files.features[3] = DistrictFixture.feature("511011001002002", 105.01, 29.51, size: 0.009)
    let (district, findings) = try files.read()
    #expect(district == nil && findings.count == 1)
    #expect(
        findings[0].hasPrefix("grids.geojson:3: error: gap of ")
            && findings[0].contains("no grid covers this place, next to 511011001001002"), "\(findings)")
}

@Test func missingFilesAreNamed() {
    let (district, diagnostics) = DistrictReader.read(directory: "/nonexistent-snowlight")
    #expect(district == nil)
    #expect(
        diagnostics.map(\.file)
            == ["district", "grids", "cameras", "workers"].map {
                "/nonexistent-snowlight/\($0)" + ($0.hasSuffix("s") && $0 != "grids" ? ".csv" : ".geojson")
            })
    #expect(diagnostics.allSatisfy { $0.message == "cannot be read: No such file or directory" })
}

@Test func aWrongCoordinateSystemIsSuspected() throws {
    // Cameras surveyed in GCJ-02 and declared as WGS-84: 425 m off, in the neighbour's village.
    var files = try DistrictFixture()
    files.cameras = [DistrictFixture.header]
    for number in 0..<10 {
        let truth = Degrees(lon: 105.002 + 0.001 * Double(number), lat: 29.5115)
        let written = CoordinateSystem.gcj02.converted(fromWGS84: truth)
        files.cameras.append(
            DistrictFixture.camera([
                "camera_id": "5110110000132000000\(number)", "rtsp_url": "rtsp://h/\(number)", "lon": "\(written.lon)",
                "lat": "\(written.lat)",
                "village_code": "511011001002", "crs": "wgs84",
            ]).replacing("51101100001320000000", with: "51101100001320000010"))
    }
    let (_, findings) = try files.read()
    let expected = "warning: crs may be wrong: of 10 cameras declared wgs84, 0 stand in the village they name; read as gcj02, 10 would"
    #expect(findings.contains("cameras.csv:2: \(expected)"), "\(findings)")
    // Declared as what they are, they stand where they say.
    files.cameras = files.cameras.map { $0.replacing("wgs84", with: "GCJ-02") }
    let (district, none) = try files.read()
    #expect(none.isEmpty && district?.cameras.count == 10)
    #expect(abs((district?.cameras[0].position.lat ?? 0) - 29.5115) < 1e-6)
}
