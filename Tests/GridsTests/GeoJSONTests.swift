// Map files: JSON with lines, and what a feature must be.

import Base
import Domain
import Testing

@testable import Grids

private func failure(_ text: String) -> String {
    do {
        _ = try JSONScanner.read(Array(text.utf8))
        return "read"
    } catch {
        return "\(error.line): \(error.message)"
    }
}

@Test func jsonIsReadWithLines() throws {
    let root = try JSONScanner.read(Array("\u{FEFF}{\n \"a\": [1, -2.5e1,\n true],\n \"b\": \"\\u4e1c\\ud83d\\ude00\\n\"\n}".utf8))
    #expect(root.line == 1)
    #expect(root["a"]?.elements?.map(\.line) == [2, 2, 3])
    #expect(root["a"]?.elements?[1].number == -25)
    #expect(root["b"]?.string == "东😀\n")
    #expect(root["b"]?.line == 4)
}

@Test(arguments: [
    ("{\n\"a\": 1,\n}", "3: not valid JSON: a name in quotes is expected here"),
    ("[1,\n2\n3]", "3: not valid JSON: ',' or ']' is expected here"),
    ("{\"a\":1\n,\"a\":2}", "2: not valid JSON: the name 'a' stands twice in one object"),
    ("[1\n", "2: not valid JSON: the file ends early: ',' or ']' is expected here"),
    ("[01]", "1: not valid JSON: a number may not begin with 0"),
    ("\"a\nb\"", "1: not valid JSON: a line break or control character stands inside a text"),
    ("1 2", "1: not valid JSON: something stands behind the end of the JSON value"),
    ("\"\\ud800\"", "1: not valid JSON: half of a surrogate pair"),
    ("[1e999]", "1: not valid JSON: a number is out of range"), ("nul", "1: not valid JSON: 'null' is expected here"),
    ("", "1: not valid JSON: the file ends early: a value is expected here"), ("[+1]", "1: not valid JSON: a value is expected here"),
    ("\"\\u+123\"", "1: not valid JSON: four hexadecimal digits are expected here"),
])
func syntaxErrorsNameTheirLine(text: String, expected: String) { #expect(failure(text) == expected) }

@Test func depthIsBounded() {
    #expect(failure(String(repeating: "[", count: 100_000)) == "1: not valid JSON: nested deeper than 24 levels")
    #expect(failure("\n" + String(repeating: "{\"a\":", count: 100_000)) == "2: not valid JSON: nested deeper than 24 levels")
}

@Test func everyTruncationOfAMapIsAnError() throws {
    let feature = DistrictFixture.feature("511011001001001", 105, 29.5)
    let bytes = Array("{\"type\":\"FeatureCollection\",\"features\":[\n\(feature)\n]}".utf8)
    #expect(GeoJSONReader.grids(bytes, file: "g").grids.count == 1)
    for length in 0..<bytes.count {
        let (grids, findings) = GeoJSONReader.grids(Array(bytes[..<length]), file: "g")
        #expect(grids.isEmpty && findings.hasErrors, "\(length)")
    }
    // Any one byte overwritten: never a crash, and whatever is accepted is still a square inside China.
    for place in bytes.indices {
        for byte in [UInt8(ascii: "\""), UInt8(ascii: "9"), UInt8(ascii: "]"), 0x00, 0xFF] {
            var changed = bytes
            changed[place] = byte
            let (grids, findings) = GeoJSONReader.grids(changed, file: "g")
            #expect(grids.count == 1 || findings.hasErrors)
        }
    }
}

private func findings(_ feature: String, before: String = "") -> [String] {
    GeoJSONReader.grids(Array("{\"type\":\"FeatureCollection\",\"features\":[\(before)\n\(feature)\n]}".utf8), file: "g").findings
        .diagnostics
        .map(\.description)
}

@Test func badFeaturesAreNamedWithTheirLine() {
    let good = DistrictFixture.feature("511011001001001", 105, 29.5)
    func changed(_ old: String, _ new: String) -> [String] { findings(good.replacing(old, with: new)) }
    #expect(findings(good).isEmpty)
    #expect(findings(good, before: good + ",") == ["g:2: error: the code 511011001001001 stands on line 1 already"])
    #expect(
        changed("511011001001001", "51101100100100") == [
            "g:2: error: '51101100100100' is no grid code: 15 digits, the village's 12 and a sequence of 3"
        ])
    #expect(changed("\"511011001001001\"", "511011001001001") == ["g:2: error: 'code' is a number; write it as text in quotes"])
    #expect(changed("\"township\":\"镇\",", "") == ["g:2: error: the property 'township' is missing"])
    #expect(changed("\"镇\"", "\" \"") == ["g:2: error: 'township' must be text and not empty"])
    #expect(changed("Polygon", "Point") == ["g:2: error: the geometry is 'Point'; an area needs a Polygon or MultiPolygon"])
    #expect(
        changed("[105.0,29.5],", "[29.5,105.0],") == ["g:2: error: longitude 29.5 and latitude 105.0 are swapped: longitude comes first"])
    #expect(changed("[105.0,29.5],", "[0,0],") == ["g:2: error: the position is 0,0: it was never surveyed"])
    #expect(
        changed("[105.0,29.5],", "[35508000.5,3273000.2],")
            == [
                "g:2: error: 35508000.5,3273000.2 is out of range: longitude -180…180, latitude -90…90; these look like metres of a plane system, export degrees"
            ])
    #expect(changed("[105.0,29.5],", "[10.0,50.0],") == ["g:2: error: 10.0,50.0 lies outside China"])
    #expect(changed("[105.0,29.5],", "[105.0],") == ["g:2: error: a position must be [longitude, latitude]"])
    #expect(changed(",[105.0,29.5]]", "]") == ["g:2: error: a ring is not closed: its last position must equal its first"])
    #expect(changed("\"type\":\"Feature\",", "") == ["g:2: error: an element of 'features' is not a Feature"])
    #expect(findings("{\"type\":\"Feature\",\"properties\":null,\"geometry\":null}").count == 2)
    #expect(
        findings(DistrictFixture.feature("511011001001002", 105.01, 29.5).replacing("村001", with: "别村"), before: good + ",")
            == ["g:2: error: village 511011001001 is '别村' here and '村001' on line 1"])
}

@Test func aMapOfAnotherKindIsRefused() {
    #expect(GeoJSONReader.grids(Array("[]".utf8), file: "g").findings.hasErrors)
    #expect(GeoJSONReader.grids(Array("{\"type\":\"FeatureCollection\",\"features\":[]}".utf8), file: "g").findings.hasErrors)
    let crs = GeoJSONReader.boundary(Array("{\"type\":\"Polygon\",\"crs\":{},\"coordinates\":[]}".utf8), file: "d").findings.diagnostics
    #expect(crs.count == 2 && crs[0].message.contains("'crs' is not part of GeoJSON"))
}
