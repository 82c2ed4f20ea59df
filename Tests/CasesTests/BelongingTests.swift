// Incidents of one place and kind are one case while it is open, and a recurrence for a while after it was closed.

import Base
@testable import Cases
import Domain
import IncidentBus
import Storage
import Testing

private let now = WallTime("2026-11-23T04:00:00.000Z")!  // A literal in the form it parses.

private func closed(_ days: Double, _ state: CaseState = .closed) -> FormerCase {
    FormerCase(state: state, closedAt: now.adding(seconds: -days * 86_400))
}

@Test(arguments: [
    ([], Belonging.separate), ([FormerCase(state: .dispatched)], .attach(0)), ([closed(0)], .recurrence(0)),
    ([closed(30)], .recurrence(0)),
    ([closed(30.001)], .separate), ([closed(12, .archived)], .recurrence(0)), ([FormerCase(state: .declined)], .separate),
    ([FormerCase(state: .void), closed(3)], .recurrence(1)), ([FormerCase(state: .merged)], .separate),
    // A younger one was closed while an older one was reopened: what is open comes first.
    ([closed(1), FormerCase(state: .filed), closed(20)], .attach(1)), ([closed(1), closed(2)], .recurrence(0)),
])
func anIncidentJoinsRecursOrBegins(_ former: [FormerCase], _ expected: Belonging) {
    #expect(Belonging(after: former, now: now) == expected)
}

@Test func everyOpenStateTakesItsIncidentsInAndNoOtherDoes() {
    for state in CaseState.allCases {
        #expect((Belonging(after: [FormerCase(state: state)], now: now) == .attach(0)) == !state.isTerminal, "\(state)")
    }
}

extension SmallDistrict {
    /// Does several acts, each by the one who may, and returns the case.
    @discardableResult
    func go(_ number: CaseNumber, _ acts: [(CaseAction, Reader)], change: (inout CaseWish) -> Void = { _ in }) async throws -> CaseDetail {
        for (action, reader) in acts {
            let seen = try await store.case(number, for: Self.everyone)
            var wish = CaseWish(action, expectedVersion: seen?.item.version ?? 0, note: "because")
            wish.result = .rectified
            wish.until = time.wallNow.adding(seconds: 3600)
            change(&wish)
            let outcome = try await store.act(number, wish, by: reader)
            guard case .done = outcome else { throw Failure(.internal, "\(action): \(outcome)") }
        }
        guard let detail = try await store.case(number, for: Self.everyone) else { throw Failure(.notFound, "no such case") }
        return detail
    }

    static let everyone = Reader(role: .system, id: "system", name: "system")
    static let inspector = Reader(role: .inspector, id: "inspector", name: "核查员")
    static let chief = Reader(role: .supervisor, id: "supervisor", name: "督办")
    static let desk = Reader(role: .dispatcher, id: "desk", name: "派遣员")

    /// From dispatched to closed.
    static func ending(_ worker: Int = 1) -> [(CaseAction, Reader)] {
        [(.acknowledge, reader(worker)), (.submitResult, reader(worker)), (.inspect, inspector), (.pass, inspector)]
    }
}

@Test func incidentsOfOnePlaceAndKindAreOneCase() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 70)
    let incidents = (0..<5).map { _ in sender.incident(camera: 1, zone: "gate") }
    for incident in incidents {
        try district.take([sender.message(incident)])
        district.time.advance(by: .seconds(1))
    }
    // Another zone, another kind, another camera: others.
    try district.take([
        sender.message(sender.incident(camera: 1, zone: "yard")),
        sender.message(sender.incident(camera: 1, category: "gas.leak", zone: "gate")),
        sender.message(sender.incident(camera: 2, zone: "gate")),
    ])
    #expect(try district.count("\"case\"") == 4 && district.count("case_incident") == 8)
    let detail = try #require(try await district.store.incident(incidents[0].id, for: SmallDistrict.duty)?.caseDetail)
    #expect(detail.events.map(\.action) == ["report", "file", "dispatch"] + Array(repeating: "attach", count: 4))
    #expect(detail.events.last?.detail.incident == incidents[4].id.description && detail.events.last?.role == "system")
    let ids = Set(incidents.map(\.id.description))
    #expect(Set(detail.incidents.map(\.id)) == ids && Set(detail.item.incidentIDs) == ids && detail.item.incidentCount == 5)
    #expect(detail.item.state == "dispatched")
    // Sent again, everything is as it was.
    let newest = district.signal.newest
    var again = Sender(seed: 70)
    try district.take((0..<5).map { _ in again.message(again.incident(camera: 1, zone: "gate")) })
    #expect(district.signal.newest == newest)
    #expect(try CaseLog.verify(district.file).isSound && StoreVerification.verify(district.file).problems.isEmpty)
}

@Test func aMoreUrgentIncidentMakesTheCaseMoreUrgent() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 71)
    try district.take([sender.message(sender.incident(zone: "gate"))])
    let number = try await district.onlyCase()
    let before = try #require(try await district.store.case(number, for: SmallDistrict.duty)).item
    #expect(before.priority == 3 && before.due["arrive"] == nil)
    for (priority, expected) in [(Priority.four, 3), (.one, 1), (.two, 1)] {
        var incident = sender.incident(zone: "gate")
        incident.priority = priority
        try district.take([sender.message(incident)])
        #expect(try await district.store.case(number, for: SmallDistrict.duty)?.item.priority == expected)
    }
    let after = try #require(try await district.store.case(number, for: SmallDistrict.duty))
    // The clocks of priority 1 from the moment it became that.
    #expect(after.item.due["acknowledge"] == district.time.wallNow.adding(seconds: 120).description)
    #expect(after.item.due["arrive"] == district.time.wallNow.adding(seconds: 1200).description)
    #expect(after.events[4].note.hasSuffix("; priority 3 → 1"))
    // Whoever saw it before may act: nothing that people decide about has changed.
    let outcome = try await district.store.act(number, .acknowledge, expectedVersion: 3, note: "", by: SmallDistrict.reader(1))
    guard case .done(let detail) = outcome else {
        Issue.record("\(outcome)")
        return
    }
    #expect(detail.item.version == 7 && detail.item.state == "acknowledged")
    // Published figures stay those of the report.
    let log = try await district.file.read { try CaseLog.events(of: $0.row("SELECT case_id FROM \"case\"")!.text("case_id"), in: $0) }
    let counted = CountedCase(log.map(\.event), catalogue: district.box.current.catalogue, calendar: district.box.current.calendar)
    #expect(counted?.priority == 3)
}

@Test func whoToldOfTheCaseToldOfWhatJoinsIt() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 72)
    let incidents = (0..<3).map { _ in sender.incident(zone: "gate") }
    try district.take([sender.message(incidents[0])])
    try district.take([sender.message(incidents[1])])
    #expect(try district.count("incident WHERE pushed_ms IS NOT NULL OR acknowledged_ms IS NOT NULL") == 0)
    try district.tamper("UPDATE incident SET pushed_ms = 1")
    let number = try await district.onlyCase()
    try await district.go(number, [(.acknowledge, SmallDistrict.reader(1))])
    district.time.advance(by: .seconds(5))
    try district.take([sender.message(incidents[2])])
    let receipts = try #require(try await district.store.incident(incidents[2].id, for: SmallDistrict.duty)).receipts
    #expect(receipts.pushed == district.time.wallNow.description && receipts.acknowledged == receipts.pushed)
    #expect(receipts.caseCreated == receipts.pushed)
}

@Test func whatTheFeedWouldOnlyShowJoinsAnOpenCaseToo() async throws {
    let district = try SmallDistrict(registry: SmallDistrict.registry(filing: .propose))
    defer { try? district.file.close() }
    var sender = Sender(seed: 73)
    let incidents = (0..<4).map { _ in sender.incident(zone: "gate") }
    try district.take(incidents.prefix(2).map { sender.message($0) })
    #expect(try district.count("incident WHERE proposed = 1") == 2 && district.count("\"case\"") == 0)
    _ = try await district.store.file(incidents[0].id, by: SmallDistrict.duty)
    // Filing the second, which came before there was a case, puts it there as well.
    guard case .done(let detail) = try await district.store.file(incidents[1].id, by: SmallDistrict.duty) else {
        Issue.record("filing must work")
        return
    }
    #expect(detail.events.last?.action == "attach" && detail.events.last?.actor == "duty" && detail.item.incidentCount == 2)
    try district.take([sender.message(incidents[2])])
    var drill = incidents[3]
    drill.drill = true
    try district.take([sender.message(drill)])
    #expect(try district.count("\"case\"") == 1 && district.count("case_incident") == 3)
    #expect(try district.count("incident WHERE proposed = 1") == 1, "an exercise is no part of what happened")
}

@Test func aMatterThatComesBackNamesTheOneBefore() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 74)
    try district.take([sender.message(sender.incident(zone: "gate"))])
    let first = try await district.onlyCase()
    try await district.go(first, SmallDistrict.ending())
    district.time.advance(by: .seconds(6 * 86_400))
    let back = sender.incident(zone: "gate")
    try district.take([sender.message(back)])
    let second = try #require(try await district.store.incident(back.id, for: SmallDistrict.duty)?.caseDetail)
    #expect(second.item.recurrenceOf == first.text && second.item.state == "dispatched")
    #expect(second.events[0].detail.recurrenceOf == first.text)
    let old = try #require(try await district.store.case(first, for: SmallDistrict.duty))
    #expect(old.recurrences.map(\.no) == [second.item.no] && old.item.state == "closed")
    // People reopen within seven days, and then what comes is one open case of two.
    try await district.go(first, [(.reopen, SmallDistrict.duty)])
    try await district.go(CaseNumber(second.item.no)!, SmallDistrict.ending())  // Made by the dispatcher.
    let third = sender.incident(zone: "gate")
    try district.take([sender.message(third)])
    #expect(try await district.store.incident(third.id, for: SmallDistrict.duty)?.item.caseReference?.no == first.text)
    // Long after everything is over it is a matter of its own.
    try await district.go(first, [(.dispatch, SmallDistrict.desk)]) { $0.assignee = WorkerID("w1") }
    try await district.go(first, SmallDistrict.ending())
    district.time.advance(by: .seconds(31 * 86_400))
    let late = sender.incident(zone: "gate")
    try district.take([sender.message(late)])
    #expect(try await district.store.incident(late.id, for: SmallDistrict.duty)?.caseDetail?.item.recurrenceOf == nil)
    #expect(try CaseLog.verify(district.file).isSound)
}
