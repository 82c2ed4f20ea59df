// Files of cameras as offices send them: a verdict for each row, nothing taken over unseen.

import Base
import Domain
import Foundation
import Testing

@testable import Grids

/// The tiny district of `DistrictFixture` with one camera, and files to import into it.
private struct ImportDesk {
    let files: DistrictFixture
    let map: DistrictMap

    init() throws {
        files = try DistrictFixture()
        _ = try files.read()
        map = try #require(DistrictReader.readMap(directory: files.directory).map)
    }

    func take(
        _ lines: [String], over existing: [String] = [DistrictFixture.header, DistrictFixture.camera()], declared: CoordinateSystem? = nil
    ) -> CameraImport {
        take(Array(lines.joined(separator: "\n").utf8), over: existing, declared: declared)
    }

    func take(_ bytes: [UInt8], over existing: [String], declared: CoordinateSystem?) -> CameraImport {
        CameraImport(
            bytes, file: "new.csv", existing: Array(existing.joined(separator: "\n").utf8), existingFile: "cameras.csv", declared: declared,
            map: map)
    }
}

private let known = "51101100001320000001"
private let other = "51101100001320000002"

/// A verdict as short text.
private func verdictText(_ verdict: CameraImport.Verdict) -> String {
    switch verdict {
    case .new: "new"
    case .unchanged: "unchanged"
    case .changed(let changes): "changed: " + changes.map { $0.description + ($0.asksForReview ? " !" : "") }.joined(separator: "; ")
    case .refused(let reasons): "refused: " + reasons.joined(separator: "; ")
    }
}

@Test(
    arguments: [
        // What stays the same, also when it is written otherwise.
        ([:], "unchanged"),
        (["camera_id": "５１１０１１００００１３２００００００１"], "unchanged"),
        (["camera_id": "'51101100001320000001"], "unchanged"),
        (["camera_id": "51101100001320000001\u{3000} "], "unchanged"),
        (["lon": "１０５．００５", "priority": "3", "transport": "auto", "ptz": "0"], "unchanged"),
        // What changes.
        (["name": "新名"], "changed: name 示例 → 新名"),
        (["rtsp_url": "rtsp://192.0.2.9/1"], "changed: rtsp_url changed"),
        (["lon": "105.00505"], "changed: position moved 4.8 m"),
        (["lon": "105.006"], "changed: position moved 97 m !"),
        (["lon": "105.015"], "changed: position moved 970 m, from grid 511011001001001 into 511011001001002 !"),
        (["azimuth": "90"], "changed: azimuth nothing → 90"),
        (["grid_code": "511011001001002"], "changed: grid_code nothing → 511011001001002 !"),
        (["tags": "scene:street", "priority": "1"], "changed: tags nothing → scene:street; priority 3 → 1"),
        // What is refused.
        (["camera_id": ""], "refused: camera_id is empty"),
        (
            ["camera_id": "5.1101E+19"],
            "refused: camera_id '5.1101E+19' was written by a spreadsheet and lost its digits; export the column as text"
        ),
        (
            ["camera_id": "5.1101100001320000E+19"],
            "refused: camera_id '5.1101100001320000E+19' was written by a spreadsheet and lost its digits; export the column as text; "
                + "perhaps camera 51101100001320000001 is meant"
        ),
        (
            ["camera_id": "1101100001320000001"],
            "refused: camera_id '1101100001320000001' has 19 digits, 20 are needed; if a spreadsheet wrote it, export the column as text; "
                + "perhaps camera 51101100001320000001 is meant"
        ),
        (
            ["camera_id": "51101100001320000000"],
            "refused: camera_id 51101100001320000000 lost its last digits: written by a spreadsheet, which keeps 15; export the column as text"
        ),
        (["lon": "29.505", "lat": "105.005"], "refused: longitude 29.505 and latitude 105.005 are swapped: longitude comes first"),
        (["lon": "0", "lat": "0"], "refused: the position is 0,0: it was never surveyed"),
        (["crs": ""], "refused: crs is missing; there is no default, write one of wgs84, cgcs2000, gcj02, bd09"),
        (["name": "", "priority": "9"], "refused: name is empty; priority '9' must be 1 (highest) to 4"),
        (["lon": "105.5"], "refused: 105.5,29.505 lies 46.5 km outside the district"),
        (
            ["rtsp_url": "rtsp://u:geheim@192.0.2.1/"],
            "refused: rtsp_url contains a user or password; credentials belong in the credentials file (camera_id,user,password), not in the URL"
        ),
    ] as [([String: String], String)])
func eachRowHasItsVerdict(changes: [String: String], expected: String) throws {
    let desk = try ImportDesk()
    let result = desk.take([DistrictFixture.header, DistrictFixture.camera(changes)])
    #expect(result.rows.map { verdictText($0.verdict) } == [expected])
    #expect(result.isRefused == expected.hasPrefix("refused"))
    #expect(result.changesAnything == expected.hasPrefix("changed"))
    // What would be written is a list that the district's own reader takes.
    let written = try #require(result.text)
    let again = desk.take([DistrictFixture.header], over: written.split(separator: "\n").map(String.init))
    #expect(!again.findings.contains { $0.file == "cameras.csv" }, "\(again.findings)")
    #expect(!"\(result)".contains("geheim"))
}

@Test func rowsAreAddedAndOthersStay() throws {
    let desk = try ImportDesk()
    let result = desk.take([DistrictFixture.header, DistrictFixture.camera(["camera_id": other, "name": "\"有,逗号\"", "lon": "105.015"])])
    #expect(result.rows.map { verdictText($0.verdict) } == ["new"])
    #expect(result.rows.first?.grid == GridCode("511011001001002"))
    let written = try #require(result.text)
    #expect(written.hasPrefix(DistrictFixture.header + "\n" + DistrictFixture.camera() + "\n"), "what is not named stays byte for byte")
    #expect(written.contains("\"有,逗号\""))
    // Into a district without a list.
    let first = desk.take([DistrictFixture.header, DistrictFixture.camera()], over: [])
    #expect(first.text == DistrictFixture.header + "\n" + DistrictFixture.camera() + "\n")
    // The same file again changes nothing.
    let again = desk.take(
        [DistrictFixture.header, DistrictFixture.camera(["camera_id": other, "name": "\"有,逗号\"", "lon": "105.015"])], over: [written])
    #expect(again.rows.map { verdictText($0.verdict) } == ["unchanged"] && !again.changesAnything)
}

@Test func aFileMayNameFewColumns() throws {
    let desk = try ImportDesk()
    let renamed = desk.take(["camera_id,name", "\(known),新名"])
    #expect(renamed.rows.map { verdictText($0.verdict) } == ["changed: name 示例 → 新名"])
    #expect(renamed.text?.contains("105.005") == true, "the position is kept")
    // A new camera needs what the file does not give.
    guard case .refused(let reasons) = desk.take(["camera_id,name", "\(other),新"]).rows.first?.verdict else {
        Issue.record("a camera without a URL was taken")
        return
    }
    #expect(reasons.contains("rtsp_url is empty") && reasons.contains { $0.hasPrefix("crs is missing") })
    // New positions never borrow the coordinate system of the old ones.
    let positions = ["camera_id,lon,lat", "\(known),105.0051,29.505"]
    #expect(desk.take(positions).rows.map { verdictText($0.verdict) }.joined().hasPrefix("refused: crs is missing"))
    #expect(desk.take(positions, declared: .wgs84).rows.map { verdictText($0.verdict) } == ["changed: position moved 9.7 m"])
    for header in ["camera_id,lon", "camera_id,crs", "camera_id,lat,crs"] {
        let result = desk.take([header, known + String(repeating: ",1", count: header.count { $0 == "," })])
        #expect(result.findings.hasErrors && result.text == nil, "\(header)")
    }
    #expect(desk.take(["name", "x"]).findings.hasErrors)
    #expect(desk.take([DistrictFixture.header]).findings.map(\.message) == ["names no camera"])
}

@Test func aDeclarationHoldsForRowsThatNameNone() throws {
    let desk = try ImportDesk()
    let moved = CoordinateSystem.gcj02.converted(fromWGS84: Degrees(lon: 105.005, lat: 29.505))
    let row = DistrictFixture.camera(["lon": "\(moved.lon)", "lat": "\(moved.lat)", "crs": ""])
    #expect(
        desk.take([DistrictFixture.header, row], declared: .gcj02).rows.map { verdictText($0.verdict) } == ["unchanged"], "the same place")
    let contradiction = desk.take([DistrictFixture.header, DistrictFixture.camera(["crs": "WGS-84"])], declared: .gcj02)
    #expect(contradiction.rows.map { verdictText($0.verdict) } == ["refused: its crs is wgs84, but --crs says gcj02"])
}

@Test func theWrongCoordinateSystemIsNoticed() throws {
    let desk = try ImportDesk()
    // Twenty cameras near the northern border of the southern village, written in GCJ-02 but declared WGS-84: they land 282 m south
    // and 317 m east of where they stand.
    let rows = (0..<20).map { number in
        let here = Degrees(lon: 105.001 + Double(number) * 0.0005, lat: 29.5115)
        let given = CoordinateSystem.gcj02.converted(fromWGS84: here)
        return DistrictFixture.camera([
            "camera_id": "5110110000132000\(padded(number + 10, 4))", "rtsp_url": "rtsp://192.0.2.1/\(number)", "lon": "\(given.lon)",
            "lat": "\(given.lat)", "village_code": "511011001002",
        ])
    }
    let result = desk.take([DistrictFixture.header] + rows)
    let fit = try #require(result.fits.first)
    #expect(fit.declared == .wgs84 && fit.count == 20 && fit.own < 5 && fit.standing[.gcj02] == 20 && fit.better == .gcj02)
    #expect(result.findings.contains { $0.message.contains("read as gcj02, 20 would") })
    let right = desk.take([DistrictFixture.header] + rows.map { $0.replacing("wgs84", with: "gcj02") })
    #expect(right.fits.map(\.better) == [nil] && right.findings.isEmpty)
}

@Test func spreadsheetsOfThisCountryAreRead() throws {
    let desk = try ImportDesk()
    let text = [DistrictFixture.header, DistrictFixture.camera(["name": "示例·青岗镇"])].joined(separator: "\r\n")
    let gb18030 = try #require((text as NSString).data(using: 0x8000_0632)).map { $0 }
    let existing = [DistrictFixture.header, DistrictFixture.camera()]
    for bytes in [Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8), gb18030] {
        let result = desk.take(bytes, over: existing, declared: nil)
        #expect(result.rows.map { verdictText($0.verdict) } == ["changed: name 示例 → 示例·青岗镇"])
    }
    #expect(desk.take([0xFF, 0xFE, 0x61, 0x00], over: existing, declared: nil).findings.hasErrors, "UTF-16 is refused with a sentence")
}

@Test func aMarkedListStaysMarkedAndUnknownColumnsStay() throws {
    let desk = try ImportDesk()
    let existing = ["\u{FEFF}" + DistrictFixture.header + ",remark", DistrictFixture.camera() + ",heed this"]
    let result = desk.take(["camera_id,name", "\(known),新名"], over: existing)
    #expect(result.text?.hasPrefix("\u{FEFF}camera_id") == true && result.text?.contains(",heed this\n") == true)
    // A household point brings its own columns.
    let header = DistrictFixture.header + ",consent_ref,outward"
    let row = DistrictFixture.camera(["camera_id": other, "programme": "慧眼工程"]) + ",2026-17,1"
    let consent = desk.take([header, row])
    #expect(consent.rows.map { verdictText($0.verdict) } == ["new"])
    #expect(consent.text?.hasPrefix(header + "\n" + DistrictFixture.camera() + ",,\n") == true)
    let without = desk.take([DistrictFixture.header, DistrictFixture.camera(["camera_id": other, "programme": "慧眼工程"])])
    #expect(without.isRefused)
}

@Test func aRowThatWasWrongIsPutRight() throws {
    let desk = try ImportDesk()
    let wrong = [DistrictFixture.header, DistrictFixture.camera(["crs": "?"])]
    let result = desk.take([DistrictFixture.header, DistrictFixture.camera()], over: wrong)
    #expect(result.rows.map { verdictText($0.verdict) } == ["changed: row was wrong and is put right !"])
    // The same id twice in one file: the second is refused.
    let twice = desk.take([DistrictFixture.header, DistrictFixture.camera(["name": "一"]), DistrictFixture.camera(["name": "二"])])
    #expect(twice.rows.map { verdictText($0.verdict) } == ["changed: name 示例 → 一", "refused: camera_id \(known) stands on line 2 already"])
    // A list that is no table stops everything.
    #expect(desk.take([DistrictFixture.header, DistrictFixture.camera()], over: ["a,b", "1,2"]).text == nil)
}
