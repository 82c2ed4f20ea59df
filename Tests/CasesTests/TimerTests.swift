// What time alone does: suspensions end at their date, closed cases become archived ones, once, whoever restarts when.

import Base
@testable import Cases
import Domain
import Storage
import Testing

private func time(_ text: String) -> WallTime { WallTime(text)! }  // Literals in the form it parses.

/// Monday 23 November 2026 is worked, Tuesday is free.
private let calendar = WorkingCalendar(holidays: [LocalMinute.day("2026-11-24")!])  // A valid day.

@Test(
    arguments: [
        // The work of priority 3 is measured in working time: within office hours at the minute, else when the next working day begins.
        (3, "2026-11-23T02:00:00.000Z", "2026-11-23T02:00:00.000Z"), (3, "2026-11-23T09:00:00.000Z", "2026-11-25T01:00:00.000Z"),
        (3, "2026-11-21T04:00:00.000Z", "2026-11-23T01:00:00.000Z"), (3, "2026-11-24T04:00:00.000Z", "2026-11-25T01:00:00.000Z"),
        // What waits for a life does not wait for an office.
        (1, "2026-11-24T04:00:00.000Z", "2026-11-24T04:00:00.000Z"),
    ] as [(Int, String, String)])
func aSuspensionEndsAtItsDateOrWhenTheOfficeOpens(_ priority: Int, _ until: String, _ due: String) {
    var report = CaseEventDetail()
    report.priority = priority
    var suspend = CaseEventDetail()
    suspend.until = time(until).millisecondsSince1970
    let log = [(CaseAction.report, CaseState.reported, report), (.file, .filed, .init()), (.suspend, .suspended, suspend)].enumerated().map
    {
        CaseEvent(
            version: $0 + 1, at: time("2026-11-20T02:00:00.000Z"), actor: "x", role: .system, action: $1.0, from: nil, to: $1.1, note: "",
            detail: $1.2)
    }
    let clocks = CaseClocks(log, category: "x", priority: 4, catalogue: Catalogue([]), calendar: calendar)
    let step = TimedStep(log, clocks)
    #expect(step?.action == .resume && step?.due == time(due))
}

@Test func onlySuspendedAndClosedCasesWaitForTime() {
    for state in CaseState.allCases where state != .suspended && state != .closed {
        let event = CaseEvent(
            version: 1, at: time("2026-11-20T02:00:00.000Z"), actor: "x", role: .system, action: .report, from: nil, to: state, note: "")
        #expect(TimedStep([event], CaseClocks([event], category: "x", priority: 3, catalogue: Catalogue([]), calendar: calendar)) == nil)
    }
}

@Test func timersTakeEachStepOnceWhoeverRunsThem() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 78)
    try district.take([1, 2, 3].map { sender.message(sender.incident(camera: $0)) })
    let numbers = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty).items.map(\.no).sorted().compactMap {
        CaseNumber($0)
    }
    func timers() -> CaseTimers { CaseTimers(cases: district.store, log: SmallDistrict.quiet) }
    func states() async throws -> [String] {
        var states: [String] = []
        for number in numbers { states.append(try await district.store.case(number, for: SmallDistrict.everyone)?.item.state ?? "") }
        return states
    }
    let until = time("2026-11-30T06:00:00.000Z")
    try await district.go(numbers[0], [(.acknowledge, SmallDistrict.reader(1)), (.suspend, SmallDistrict.chief)]) { $0.until = until }
    try await district.go(numbers[1], SmallDistrict.ending(2))
    #expect(try await timers().settle() == 0)
    district.time.advance(by: .seconds(until.seconds(since: district.time.wallNow) - 0.001))
    #expect(try await timers().settle() == 0)
    district.time.advance(by: .milliseconds(1))
    // Two at once are one; what a restart finds was done.
    #expect(try await timers().settle() == 1)
    #expect(try await timers().settle() == 0)
    #expect(try await states() == ["acknowledged", "closed", "dispatched"])
    let resumed = try #require(try await district.store.case(numbers[0], for: SmallDistrict.duty))
    #expect(resumed.events.last?.role == "system" && resumed.events.last?.note == "it was suspended until \(until)")
    // What people did before it was due is theirs: suspended anew, it waits for the new date.
    try await district.go(numbers[0], [(.suspend, SmallDistrict.chief)]) { $0.until = until.adding(seconds: 40 * 86_400) }

    district.time.advance(by: .seconds(22 * 86_400))
    #expect(try await timers().settle() == 0)
    district.time.advance(by: .seconds(2 * 86_400))
    #expect(try await timers().settle() == 1)
    #expect(try await timers().settle() == 0)
    #expect(try await states() == ["suspended", "archived", "dispatched"])
    let line = try #require(try await district.store.case(numbers[1], for: SmallDistrict.everyone)).events.last
    #expect(line?.action == "archive" && line?.note == "it was closed 30 days ago")
    #expect(try CaseLog.verify(district.file).isSound)
}
