// Duplicates: found with their reason, merged by people, and taken apart again.

import Base
@testable import Cases
import Domain
import Grids
import IncidentBus
import Storage
import Testing

private let noon = WallTime("2026-11-23T04:00:00.000Z")!  // A literal in the form it parses.

private func spot(
    _ state: CaseState = .dispatched, metres: Double? = 0, grid: Int? = 1, minutes: Double = 0, updated: Double = 0,
    category: String = "motion",
    drill: Bool = false
) -> CaseSpot {
    let place = metres.flatMap { GeoPoint(lon: SmallDistrict.west + 0.005, lat: SmallDistrict.south + 0.005 + $0 / 111_320) }
    return CaseSpot(
        category: category, drill: drill, state: state, place: place, grid: grid.map(SmallDistrict.code),
        openedAt: noon.adding(seconds: minutes * 60), updatedAt: noon.adding(seconds: updated * 60))
}

@Test(
    arguments: [
        (spot(), spot(metres: 49), 50, "same category, 49 m apart, opened at the same time"),
        (spot(), spot(metres: 51), 50, nil), (spot(), spot(metres: 51), 100, "same category, 51 m apart, opened at the same time"),
        (spot(), spot(), 0, nil), (spot(), spot(category: "other"), 50, nil), (spot(), spot(drill: true), 50, nil),
        (spot(), spot(metres: 0, grid: 2, minutes: -35), 50, "same category, 0 m apart, opened 35 min before this one"),
        (spot(), spot(minutes: 12), 50, "same category, 0 m apart, opened 12 min after this one"),
        (spot(), spot(minutes: -40 * 1440), 50, "same category, 0 m apart, opened 57600 min before this one"),
        (
            spot(), spot(.closed, minutes: -1600, updated: -1440), 50,
            "same category, 0 m apart, opened 1600 min before this one, closed meanwhile"
        ),
        (spot(), spot(.closed, minutes: -1600, updated: -1441), 50, nil), (spot(), spot(.archived), 50, nil),
        (spot(), spot(.merged), 50, nil),
        (spot(.closed), spot(), 50, nil), (spot(metres: nil), spot(), 50, "same category, in the same grid, opened at the same time"),
        (spot(), spot(metres: nil, minutes: -1440), 50, "same category, in the same grid, opened 1440 min before this one"),
        (spot(), spot(metres: nil, minutes: -1441), 50, nil), (spot(), spot(metres: nil, grid: 2), 50, nil),
        (spot(grid: nil), spot(metres: nil, grid: nil), 50, nil),
    ] as [(CaseSpot, CaseSpot, Int, String?)])
func whatMayBeOneMatterSaysWhy(_ one: CaseSpot, _ other: CaseSpot, _ radius: Int, _ reason: String?) {
    #expect(Likeness(one, other, radius: radius)?.reason == reason)
}

@Test(
    arguments: [
        ("2", CaseState.filed, "motion", false, 3, nil), ("1", .filed, "motion", false, 3, "itself"),
        ("2", .closed, "motion", false, 3, "is closed"),
        ("2", .merged, "motion", false, 3, "is merged"), ("2", .filed, "flood", false, 3, "of category flood"),
        ("2", .filed, "motion", true, 3, "drill"),
        ("2", .suspended, "motion", false, 1001, "merge case 2 into it instead"), ("2", .inspecting, "motion", false, 1000, nil),
    ] as [(String, CaseState, String, Bool, Int, String?)])
func onlyWhatGoesTogetherIsMerged(
    _ number: String, _ state: CaseState, _ category: String, _ drill: Bool, _ incidents: Int, _ obstacle: String?
) {
    let source = MergeSide(number: "1", state: .dispatched, category: "motion", drill: false, incidents: incidents)
    let target = MergeSide(number: number, state: state, category: category, drill: drill, incidents: 7)
    #expect((source.obstacle(into: target) == nil) == (obstacle == nil))
    if let obstacle { #expect(source.obstacle(into: target)?.contains(obstacle) == true) }
}

/// Two open cases at one camera, of different zones.
private func twins() async throws -> (SmallDistrict, one: CaseNumber, other: CaseNumber, [Incident]) {
    let district = try SmallDistrict()
    var sender = Sender(seed: 75)
    let incidents = [sender.incident(camera: 1, zone: "a"), sender.incident(camera: 1, zone: "b"), sender.incident(camera: 1, zone: "a")]
    for incident in incidents {
        try district.take([sender.message(incident)])
        district.time.advance(by: .seconds(60))
    }
    let numbers = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty).items.map(\.no).sorted().compactMap {
        CaseNumber($0)
    }
    return (district, numbers[0], numbers[1], incidents)
}

@Test func twoCasesBecomeOneAndTwoAgain() async throws {
    let (district, one, other, incidents) = try await twins()
    defer { try? district.file.close() }
    let before = try #require(try await district.store.case(other, for: SmallDistrict.duty))
    #expect(before.duplicates.map(\.no) == [one.text] && before.duplicates[0].metres == 0 && before.duplicates[0].mergeable)
    let target = try #require(try await district.store.case(one, for: SmallDistrict.duty))
    #expect(before.duplicates[0].version == target.item.version && target.duplicates.map(\.no) == [other.text])
    let clocks = before.item.due

    let merged = try await district.go(other, [(.merge, SmallDistrict.duty)]) { ($0.into, $0.intoVersion) = (one, target.item.version) }
    #expect(
        merged.item.state == "merged" && merged.item.mergedInto == one.text && merged.item.incidentCount == 0 && merged.item.due.isEmpty)
    #expect(merged.events.last?.detail.incidents == [incidents[1].id.description] && merged.item.actions.isEmpty)
    let whole = try #require(try await district.store.case(one, for: SmallDistrict.duty))
    #expect(whole.item.incidentCount == 3 && whole.merged.map(\.no) == [other.text] && whole.duplicates.isEmpty)
    #expect(whole.events.last?.action == "absorb" && whole.events.last?.detail.source == other.text && whole.events.last?.note == "because")
    // What comes from the place of the merged one joins where its incidents are.
    var sender = Sender(seed: 76)
    let next = sender.incident(camera: 1, zone: "b")
    try district.take([sender.message(next)])
    #expect(try await district.store.incident(next.id, for: SmallDistrict.duty)?.item.caseReference?.no == one.text)

    district.time.advance(by: .seconds(600))
    let apart = try await district.go(other, [(.unmerge, SmallDistrict.duty)])
    #expect(apart.item.state == "dispatched" && apart.item.assignee?.id == "w1" && apart.item.mergedInto == nil)
    #expect(apart.item.incidentIDs == [incidents[1].id.description])
    #expect(Set(apart.item.due.keys) == Set(clocks.keys), "its clocks run again")
    let rest = try #require(try await district.store.case(one, for: SmallDistrict.duty))
    #expect(rest.item.incidentCount == 3 && rest.merged.isEmpty && rest.events.last?.action == "release")
    #expect(try CaseLog.verify(district.file).isSound && StoreVerification.verify(district.file).problems.isEmpty)
    // Once more, and now it stays: the other one is over.
    try await district.go(other, [(.merge, SmallDistrict.duty)]) { $0.into = one }
    try await district.go(one, SmallDistrict.ending())
    let stays = CaseWish(.unmerge, expectedVersion: apart.item.version + 1, note: "no")
    #expect(
        try await district.store.act(other, stays, by: SmallDistrict.duty)
            == .refused(.notMergeable("case \(one.text) is closed: what was merged into it stays with it")))
}

@Test func aMergeThatNobodySawComingIsRefused() async throws {
    let (district, one, other, _) = try await twins()
    defer { try? district.file.close() }
    func merge(_ from: CaseNumber, _ change: (inout CaseWish) -> Void, by reader: Reader = SmallDistrict.duty) async throws -> CaseRefusal?
    {
        var wish = CaseWish(.merge, expectedVersion: try await district.store.case(from, for: reader)?.item.version ?? 0, note: "same")
        wish.into = one
        change(&wish)
        guard case .refused(let why) = try await district.store.act(from, wish, by: reader) else { return nil }
        return why
    }
    let actual = try await district.store.case(one, for: SmallDistrict.duty)?.item.version ?? 0
    #expect(try await merge(other) { $0.note = "" } == .noteMissing(.merge))
    #expect(try await merge(other) { $0.into = nil } == .targetMissing)
    #expect(try await merge(other) { $0.into = CaseNumber("511011-20261123-00099") } == .targetMissing)
    #expect(try await merge(other) { $0.into = other } == .notMergeable("a case is not merged into itself"))
    #expect(try await merge(other) { $0.intoVersion = actual - 2 } == .staleTarget(target: one.text, expected: actual - 2, actual: actual))
    #expect(try await merge(other, { $0.expectedVersion = 1 })?.field == "expected_version")
    #expect(try await merge(other, { _ in }, by: SmallDistrict.inspector) == .roleMayNot(.inspector, .merge))
    // Whoever has a part of it must be done first.
    try await district.go(other, [(.addTask, SmallDistrict.desk)]) { $0.assignee = WorkerID("w2") }
    #expect(try await merge(other) { _ in } == .tasksOpen([1]))
    #expect(try district.count("case_event WHERE action IN ('merge', 'absorb')") == 0)
    // A gridworker does not see the other case, and reads nothing of it.
    #expect(try await district.store.case(one, for: SmallDistrict.reader(2)) == nil)
}

@Test func whatWasMergedTwiceComesApartInTheOrderOfPeople() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 77)
    try district.take(["a", "b", "c"].map { sender.message(sender.incident(camera: 1, zone: $0)) })
    let numbers = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty).items.map(\.no).sorted().compactMap {
        CaseNumber($0)
    }
    try await district.go(numbers[2], [(.merge, SmallDistrict.duty)]) { $0.into = numbers[1] }
    try await district.go(numbers[1], [(.merge, SmallDistrict.duty)]) { $0.into = numbers[0] }
    func counts() async throws -> [Int] {
        var counts: [Int] = []
        for number in numbers { counts.append(try await district.store.case(number, for: SmallDistrict.duty)?.item.incidentCount ?? -1) }
        return counts
    }
    #expect(try await counts() == [3, 0, 0])
    let version = try await district.store.case(numbers[2], for: SmallDistrict.duty)?.item.version ?? 0
    let early = try await district.store.act(numbers[2], CaseWish(.unmerge, expectedVersion: version, note: "x"), by: SmallDistrict.duty)
    #expect(early == .refused(.notMergeable("case \(numbers[1].text) is merged: what was merged into it stays with it")))
    try await district.go(numbers[1], [(.unmerge, SmallDistrict.duty)])
    #expect(try await counts() == [1, 2, 0])
    try await district.go(numbers[2], [(.unmerge, SmallDistrict.duty)])
    #expect(try await counts() == [1, 1, 1])
    #expect(try StoreVerification.verify(district.file).problems.isEmpty)
}

@Test func reportsWithoutAPlaceAreNearByTheirGrid() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    func report(_ key: String, _ place: CaseReport.Place) async throws -> CaseDetail {
        let outcome = try await district.store.report(
            CaseReport(category: "motion", place: place, text: "积水", key: key), by: SmallDistrict.duty)
        guard case .done(let detail) = outcome else { throw Failure(.internal, "\(outcome)") }
        return detail
    }
    _ = try await report("a", .grid(SmallDistrict.code(1)))
    district.time.advance(by: .seconds(120))
    _ = try await report("b", .grid(SmallDistrict.code(2)))
    let found = try await report("c", .point(SmallDistrict.place(1)))
    #expect(found.duplicates.map(\.reason) == ["same category, in the same grid, opened 2 min before this one"])
    #expect(found.duplicates[0].metres == nil)
}
