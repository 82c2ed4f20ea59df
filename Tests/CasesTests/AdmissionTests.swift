// Nobody gets a case that the catalogue does not give them, on whatever path (R5, R6).

import Base
@testable import Cases
import Domain
import Grids
import Storage
import Testing

private let admitted: Set = ["motion", "admitted.now"]
private let refused: Set = ["gas.leak", "camera.lost", "admitted.later", "admitted.before", "not.listed"]

/// One category of every kind; all that may are filed by themselves.
private func registry() throws -> Registry {
    let base = SmallDistrict.registry()
    let today = try #require(LocalMinute.day("2026-11-23"))
    func entry(_ category: String, _ from: Int, _ to: Int?) -> CatalogueEntry {
        CatalogueEntry(
            category: category, nameZH: category, nameEN: category, duty: nil, professional: false, filing: .automatic, priority: .three,
            admission: Admission(department: "dept-build", approval: "2026-17", funding: "dept-build", from: from, to: to))
    }
    let entries =
        Array(base.catalogue.entries.values) + [
            entry("admitted.now", today - 1, today + 30), entry("admitted.later", today + 2, nil),
            entry("admitted.before", today - 9, today - 1),
        ]
    return Registry(
        districtCode: "511011", cameras: Array(base.cameras.values), grids: base.grids, gridSetVersion: "test-map",
        workers: Array(base.workers.values),
        catalogue: Catalogue(entries, departments: [try #require(WorkerID("dept-build")): "住建局"]))
}

/// Every role does everything it can to cases of every category, naming everybody; what the log says afterwards is judged.
@Test(arguments: [31, 32] as [UInt64]) func noPathBringsARefusedMatterToAGridworker(seed: UInt64) async throws {
    print("seed \(seed)")
    let district = try SmallDistrict(registry: registry())
    defer { try? district.file.close() }
    var generator = SeededGenerator(seed: seed)
    var sender = Sender(seed: seed)
    let categories = (admitted.union(refused)).sorted()
    let incidents = categories.flatMap { category in (1...2).map { sender.incident(camera: $0, category: category) } }
    try district.take(incidents.map { sender.message($0) })
    for incident in incidents { _ = try await district.store.file(incident.id, by: SmallDistrict.duty) }
    let numbers = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty).items.compactMap { CaseNumber($0.no) }.sorted {
        $0.text < $1.text
    }
    #expect(numbers.count == incidents.count)
    let people = try (1...4).map { try #require(WorkerID("w\($0)")) } + [#require(WorkerID("dept-build")), #require(WorkerID("stranger"))]
    let readers =
        (1...2).map { SmallDistrict.reader($0) }
        + Role.allCases.filter { $0 != .gridworker }.map { Reader(role: $0, id: $0 == .department ? "dept-build" : $0.rawValue, name: "x") }
    var done = 0
    for _ in 0..<600 {
        let number = try #require(numbers.randomElement(using: &generator))
        let reader = try #require(readers.randomElement(using: &generator))
        let now = try #require(try await district.store.case(number, for: SmallDistrict.duty)).item
        // Mostly what the reader is offered, so that cases go far; else anything at all.
        let offered = try await district.store.case(number, for: reader)?.item.actions ?? []
        let isOffered = !offered.isEmpty && Int.random(in: 0..<4, using: &generator) > 0
        let actions = isOffered ? offered.compactMap { CaseAction(rawValue: $0) } : CaseStore.offered.sorted { $0.rawValue < $1.rawValue }
        let going = actions.filter { $0 != .void && $0 != .merge || Int.random(in: 0..<20, using: &generator) == 0 }
        var wish = CaseWish(going.randomElement(using: &generator) ?? .remind, expectedVersion: now.version, note: "because")
        wish.assignee = people.randomElement(using: &generator)
        wish.until = district.time.wallNow.adding(seconds: 60)
        wish.result = .rectified
        wish.into = numbers.randomElement(using: &generator)
        if case .done = try await district.store.act(number, wish, by: reader) { done += 1 }
    }
    #expect(done > 100)
    let list = refused.map { "'\($0)'" }.joined(separator: ", ")
    let events = "case_event e JOIN \"case\" c ON c.case_id = e.case_id WHERE c.category IN (\(list))"
    #expect(try district.count("\(events) AND e.assignee_id LIKE 'w_'") == 0)
    #expect(try district.count("\(events) AND e.detail_json LIKE '%\"proposed\":\"w_\"%'") == 0)
    #expect(try district.count("case_event WHERE assignee_id = 'stranger'") == 0)
    // Merging never brings another matter into a case.
    #expect(
        try district.count(
            "case_incident ci JOIN incident i ON i.incident_id = ci.incident_id JOIN \"case\" c ON c.case_id = ci.case_id"
                + " WHERE c.category <> i.category") == 0)
    #expect(try district.count("case_event WHERE assignee_id LIKE 'w_'") > 0)
    #expect(try district.count("case_event WHERE assignee_id = 'dept-build'") > 0)
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func theGateSaysWhy() throws {
    let registry = try registry()
    let now = try #require(WallTime("2026-11-23T04:00:00.000Z"))
    let worker = try #require(WorkerID("w1"))
    func objection(_ category: String, _ who: WorkerID? = nil) -> String? {
        registry.objection(to: who ?? worker, category: category, now: now)
    }
    #expect(objection("motion") == nil && objection("admitted.now") == nil)
    #expect(objection("gas.leak")?.contains("professional") == true)
    #expect(objection("admitted.later")?.contains("2026-17") == true)
    #expect(objection("not.listed")?.contains("not in the catalogue") == true)
    #expect(objection("gas.leak", WorkerID("dept-build")) == nil)
    #expect(objection("motion", WorkerID("stranger")) != nil)
}
