// views.yaml: what is drawn reaches its camera, and every mistake is named by its line.

import Base
import Domain
import Testing

@testable import Grids

@Test func whatIsDrawnReachesItsCamera() throws {
    let files = try DistrictFixture()
    try files.write(
        "views.yaml",
        Array(
            """
            # An id may stand with or without quotation marks.
            51101100001320000001:
              zones:
                lane: 0.1,0.5; 0.9,0.5; 0.9,0.9
                gate: "0,0;0.5,0;0.5,0.5;0,0.5;"
              privacy: { window: "0.0,0.0; 0.2,0.0; 0.2,0.4" }

            """.utf8))
    let (district, findings) = try files.read()
    #expect(findings.isEmpty)
    let areas = try #require(district?.cameras.first?.areas)
    #expect(areas.zones.map(\.name) == ["lane", "gate"] && areas.zones[1].corners.count == 4)
    #expect(areas.zones[0].corners[2] == Zone.Corner(x: 0.9, y: 0.9))
    #expect(areas.masks.isEmpty && areas.privacyMasks.map(\.name) == ["window"])
    #expect(try DistrictFixture().read().district?.cameras.first?.areas == PictureAreas(), "the file is optional")
}

@Test func everyMistakeInViewsIsNamedByItsLine() throws {
    let files = try DistrictFixture()
    let nine = (0..<9).map { "z\($0): \"0,0;1,0;1,1\"" }.joined(separator: ", ")
    try files.write(
        "views.yaml",
        Array(
            """
            51101100001320000001:
              zones: { a b: "0,0;1,0;1,1" }
              masks: { flag: "0,0;1,0" }
              privacy:
                window: "0,0;1,0;2,1"
                door: [1, 2]
              colours: {}
            51101100001320000002:
              zones: { lane: "0,0;1,0;1,1" }
            gate-3:
              masks: {}
            "51101100001320000003":
              zones: { \(nine) }
            51101100001320000004: []
            """.utf8))
    let (district, findings) = try files.read()
    #expect(district == nil)
    #expect(
        findings == [
            "views.yaml:2: error: the zone 'a b' needs a name without blanks, of at most 64 bytes; write x,y;x,y;x,y with numbers from 0 to 1",
            "views.yaml:3: error: the zone 'flag' has fewer than three corners; write x,y;x,y;x,y with numbers from 0 to 1",
            "views.yaml:5: error: the zone 'window' has the corner '2,1' outside the picture; write x,y;x,y;x,y with numbers from 0 to 1",
            "views.yaml:6: error: 51101100001320000001.privacy.door must be text",
            "views.yaml:7: error: unknown key 'colours' in 51101100001320000001; known are masks, presets, privacy, zones",
            "views.yaml:8: error: camera 51101100001320000002 is not in cameras.csv",
            "views.yaml:10: error: 'gate-3' is not a camera id of 20 digits",
            "views.yaml:12: error: camera 51101100001320000003 is not in cameras.csv",
            "views.yaml:13: error: 9 zones are too many; at most 8 can be drawn",
            "views.yaml:14: error: camera 51101100001320000004 is not in cameras.csv",
            "views.yaml:14: error: 51101100001320000004 must be a mapping",
        ])
}

@Test(arguments: ["", "- a", "a: [", "51101100001320000001: {zones: {a: \"0,0;1,0;1,1\", a: \"0,0;1,0;1,1\"}}", "\u{FEFF}:"])
func viewsThatAreNoMappingAreRefused(text: String) throws {
    let files = try DistrictFixture()
    try files.write("views.yaml", Array(text.utf8))
    let (district, findings) = try files.read()
    #expect(district == nil && findings.count >= 1 && findings.allSatisfy { $0.hasPrefix("views.yaml:") })
}

@Test func aWrongCameraRowIsNotRepeatedForViews() throws {
    var files = try DistrictFixture()
    files.cameras.append(DistrictFixture.camera(["camera_id": "51101100001320000002", "rtsp_url": "rtsp://192.0.2.1/2", "crs": ""]))
    try files.write("views.yaml", Array("51101100001320000002: { zones: { lane: \"0,0;1,0;1,1\" } }".utf8))
    #expect(try files.read().findings.allSatisfy { $0.hasPrefix("cameras.csv:") })
}
