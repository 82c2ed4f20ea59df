// Identities, times and boxes: what is accepted, what is refused, and that text comes back as it was.

import Base
import Domain
import Testing

@Test(arguments: ["51101100001320000001", "00000000000000000000"])
func aCameraIsTwentyDigits(text: String) { #expect(CameraID(text)?.description == text) }

@Test(arguments: ["5.1101E+19", "5110110000132000000", "511011000013200000011", "５1101100001320000001", " 1101100001320000001", ""])
func anythingElseIsNoCamera(text: String) { #expect(CameraID(text) == nil) }

@Test func aGridKnowsItsVillageAndTownship() {
    let grid = GridCode("511011001002003")
    #expect(grid?.village.digits == "511011001002")
    #expect(grid?.village.township == "511011001")
}

@Test func workersHavePlainNames() {
    #expect(WorkerID("gw-0001_A") != nil)
    for bad in ["", "a b", "../x", "<script>", "张强", String(repeating: "a", count: 33)] { #expect(WorkerID(bad) == nil) }
}

@Test func caseNumbersArePaddedAndBounded() {
    #expect(CaseNumber(district: "511011", beijingDate: "20261123", sequence: 42)?.text == "511011-20261123-00042")
    #expect(CaseNumber(district: "511011", beijingDate: "20261123", sequence: 0) == nil)
    #expect(CaseNumber(district: "511011", beijingDate: "20261123", sequence: 100_000) == nil)
    #expect(CaseNumber("511011-20261123-00042") != nil)
    #expect(CaseNumber("511011-20261123-42") == nil)
    #expect(CaseNumber("511011-20261123-00042-1") == nil)
}

@Test func identitiesSortByTimeAndSurviveTheirText() {
    var generator = SeededGenerator(seed: 3)
    var last: UUID7?
    for milliseconds in stride(from: Int64(1_795_000_000_000), to: 1_795_000_001_000, by: 7) {
        let id = UUID7(at: WallTime(millisecondsSince1970: milliseconds), using: &generator)
        #expect(UUID7(id.description) == id)
        #expect(id.description.utf8.count == 36)
        #expect(Array(id.description)[14] == "7")
        if let last { #expect(last < id) }
        last = id
    }
    for bad in ["", "019ab", "019ab000-0000-7000-8000-00000000000g", "019ab00000000-7000-8000-0000000000000"] { #expect(UUID7(bad) == nil) }
}

@Test(
    arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_795_399_200_123, "2026-11-23T02:00:00.123Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
func wallTimesPrintAndParse(milliseconds: Int64, text: String) {
    #expect(WallTime(millisecondsSince1970: milliseconds).description == text)
    #expect(WallTime(text)?.millisecondsSince1970 == milliseconds)
}

@Test(arguments: [
    (Int64.max, "9999-12-31T23:59:59.999Z"), (.min, "0000-01-01T00:00:00.000Z"), (253_402_300_800_000, "9999-12-31T23:59:59.999Z"),
])
func aTimeBeyondAllYearsIsTheNearestOne(_ milliseconds: Int64, _ text: String) {
    let time = WallTime(millisecondsSince1970: milliseconds)
    #expect(time.description == text && WallTime(text) == time && !time.beijingDate.isEmpty)
    #expect(time.seconds(since: WallTime(millisecondsSince1970: ~milliseconds)).isFinite)
}

@Test(arguments: [
    (Double.infinity, "9999-12-31T23:59:59.999Z"), (-.infinity, "0000-01-01T00:00:00.000Z"),
    (.greatestFiniteMagnitude, "9999-12-31T23:59:59.999Z"), (9.3e15, "9999-12-31T23:59:59.999Z"), (-1e18, "0000-01-01T00:00:00.000Z"),
    (.nan, "2026-11-23T02:24:57.628Z"),
    (-.nan, "2026-11-23T02:24:57.628Z"), (0.0004, "2026-11-23T02:24:57.628Z"), (-0.628, "2026-11-23T02:24:57.000Z"),
])
func aTimeIsMovedByWhateverAFileSays(_ seconds: Double, _ text: String) {
    #expect(WallTime("2026-11-23T02:24:57.628Z")?.adding(seconds: seconds).description == text)
}

@Test func wallTimesRoundTripOverFourCenturies() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<5000 {
        let time = WallTime(millisecondsSince1970: Int64.random(in: 0..<12_622_780_800_000, using: &generator))
        #expect(WallTime(time.description) == time)
    }
}

@Test func beijingHasItsOwnMidnight() {
    #expect(WallTime("2026-11-23T15:59:59.999Z")?.beijingDate == "20261123")
    #expect(WallTime("2026-11-23T16:00:00.000Z")?.beijingDate == "20261124")
}

@Test func pointsQuantiseAndRefuseNonsense() {
    #expect(GeoPoint(lon: 105.0757, lat: 29.5925)?.lonE7 == 1_050_757_000)
    #expect(GeoPoint(lon: .nan, lat: 0) == nil)
    #expect(GeoPoint(lon: 29.5, lat: 105.1) == nil)
}

@Test func boxesUnite() {
    let both = RelativeBox(x: 0.1, y: 0.2, width: 0.2, height: 0.1).union(RelativeBox(x: 0.5, y: 0.1, width: 0.1, height: 0.1))
    #expect(abs(both.width - 0.5) < 1e-12 && abs(both.height - 0.2) < 1e-12)
}
