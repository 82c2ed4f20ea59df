// Due times from the log, and the rates made of them; the published figures of a real bulletin are the vectors.

import Base
@testable import Cases
import Domain
import Testing

private func time(_ text: String) -> WallTime { WallTime(text)! }  // Literals in the form it parses.

private let catalogue = Catalogue([
    CatalogueEntry(
        category: "motion", nameZH: "动", nameEN: "m", duty: .hazard, professional: false, filing: .feed, priority: .three,
        clocks: [.acknowledge: ClockSpan("30m")!])  // A valid span.
])
/// 2 October 2026 (a Friday) is free and Saturday the 10th is worked for it.
private let calendar = WorkingCalendar(
    holidays: [LocalMinute.day("2026-10-02")!], workingDays: [LocalMinute.day("2026-10-10")!])  // Valid days.

/// A log of one case, one step after the other.
private func log(_ steps: [(CaseAction, CaseState?, CaseState, String)], until: String? = nil, drill: Bool = false, priority: Int = 3)
    -> [CaseEvent]
{
    steps.enumerated().map { index, step in
        var detail = CaseEventDetail()
        if step.0 == .report {
            (detail.category, detail.priority, detail.grid, detail.township) = ("motion", priority, "511011001001001", "东兴街道")
            detail.drill = drill ? true : nil
        }
        if step.0 == .extend || step.0 == .suspend { detail.until = until.map { time($0).millisecondsSince1970 } }
        return CaseEvent(
            version: index + 1, at: time(step.3), actor: "x", role: .system, action: step.0, from: step.1, to: step.2, note: "",
            detail: detail)
    }
}

private func clocks(_ events: [CaseEvent]) -> CaseClocks {
    CaseClocks(events, category: "motion", priority: 4, catalogue: catalogue, calendar: calendar)
}

/// Thursday 1 October, 16:00 in Beijing: one working hour before the weekend that a holiday makes long.
private let beginning: [(CaseAction, CaseState?, CaseState, String)] = [
    (.report, nil, .reported, "2026-10-01T08:00:00.000Z"), (.file, .reported, .filed, "2026-10-01T08:00:00.000Z"),
    (.dispatch, .filed, .dispatched, "2026-10-01T08:00:00.000Z"),
]

@Test func workingTimeSkipsNightsWeekendsAndHolidays() {
    let hour: Int64 = 3_600_000
    let start = time("2026-10-01T08:00:00.000Z")
    #expect(calendar.time(after: hour, from: start) == time("2026-10-01T09:00:00.000Z"))
    #expect(calendar.time(after: hour + 1, from: start).description == "2026-10-05T01:00:00.001Z")
    // Friday 9 October 16:00, two hours: Saturday the 10th is worked.
    #expect(calendar.time(after: 2 * hour, from: time("2026-10-09T08:00:00.000Z")) == time("2026-10-10T02:00:00.000Z"))
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<500 {
        let from = start.adding(seconds: Double(Int.random(in: 0..<3_000_000, using: &generator)))
        let span = Int64.random(in: 1..<200 * hour, using: &generator)
        let end = calendar.time(after: span, from: from)
        #expect(calendar.worked(from: from, to: end) == span)
    }
}

@Test func spansAreReadAsTheyAreWritten() {
    #expect(ClockSpan("10m") == ClockSpan(minutes: 10) && ClockSpan("8h") == ClockSpan(minutes: 480))
    #expect(ClockSpan("2wd") == ClockSpan(minutes: 960, isWorkingTime: true))
    for wrong in ["", "m", "0m", "-1h", "1.5h", "10", "2 wd", "9999999999999999999m", "527041m", "5d", "1wm"] {
        #expect(ClockSpan(wrong) == nil, "\(wrong)")
    }
}

@Test func aClockRunsFromItsStepToItsAnswer() {
    let running = clocks(log(beginning)).running
    // The category's own half hour; the work by the standard of priority 3: two working days.
    #expect(running == [.acknowledge: time("2026-10-01T08:30:00.000Z"), .handle: time("2026-10-06T08:00:00.000Z")])
    #expect(clocks(log(beginning, priority: 1)).running[.arrive] == time("2026-10-01T08:20:00.000Z"))
    let late = log(beginning + [(.acknowledge, .dispatched, .acknowledged, "2026-10-01T08:31:00.000Z")])
    let state = clocks(late).states[.acknowledge]
    #expect(state?.met == time("2026-10-01T08:31:00.000Z") && state?.isLate(time("2026-10-01T08:31:00.000Z")) == true)
    #expect(clocks(late) == clocks(late))
}

@Test func aSuspensionStopsAndAnExtensionMoves() {
    let suspended =
        beginning + [
            (CaseAction.acknowledge, CaseState.dispatched, CaseState.acknowledged, "2026-10-01T08:10:00.000Z"),
            (.suspend, .acknowledged, .suspended, "2026-10-01T08:30:00.000Z"),
        ]
    #expect(clocks(log(suspended)).running.isEmpty)
    #expect(clocks(log(suspended)).states[.handle]?.isLate(time("2027-01-01T00:00:00.000Z")) == false)
    // Half an hour of sixteen was used; it goes on at nine o'clock on the 12th.
    let resumed = suspended + [(.resume, .suspended, .acknowledged, "2026-10-12T01:00:00.000Z")]
    #expect(clocks(log(resumed)).running == [.handle: time("2026-10-13T08:30:00.000Z")])
    let extended = beginning + [(.extend, .dispatched, .dispatched, "2026-10-01T08:30:00.000Z")]
    #expect(clocks(log(extended, until: "2026-10-20T08:00:00.000Z")).due(.handle) == time("2026-10-20T08:00:00.000Z"))
}

@Test func reworkIsJudgedByTheFirstEnd() {
    let events = log(
        beginning + [
            (.acknowledge, .dispatched, .acknowledged, "2026-10-01T08:10:00.000Z"),
            (.submitResult, .acknowledged, .handled, "2026-10-05T08:00:00.000Z"),
            (.inspect, .handled, .inspecting, "2026-10-07T08:00:00.000Z"), (.fail, .inspecting, .dispatched, "2026-10-07T08:30:00.000Z"),
        ])
    let handle = clocks(events).states[.handle]
    #expect(handle?.judgedDue == time("2026-10-06T08:00:00.000Z") && handle?.due == time("2026-10-09T08:30:00.000Z"))
    let closed =
        events
        + [
            (CaseAction.submitResult, CaseState.handled, "2026-10-08T08:00:00.000Z"), (.inspect, .inspecting, "2026-10-08T08:10:00.000Z"),
            (.pass, .closed, "2026-10-08T08:20:00.000Z"),
        ].enumerated().map { index, step in
            CaseEvent(
                version: 8 + index, at: time(step.2), actor: "x", role: .system, action: step.0, from: nil, to: step.1, note: "")
        }
    let counted = CountedCase(closed, catalogue: catalogue, calendar: calendar)
    #expect(counted?.isClosed == true && counted?.isClosedOnTime == false && counted?.reworks == 1)
}

/// 天门, December 2016.
@Test(arguments: [(911, 972, "93.72 %"), (737, 972, "75.82 %"), (902, 956, "94.35 %"), (9, 16, "56.25 %"), (0, 0, "–"), (0, 5, "0.00 %")])
func ratesAreThoseOfTheBulletin(numerator: Int, denominator: Int, text: String) {
    #expect(Rate(numerator, of: denominator).text == text)
}

@Test func aPeriodCountsWhatWasDueInIt() {
    let due = time("2026-12-15T00:00:00.000Z")
    func one(_ state: CaseState, onTime: Bool = true, category: String = "motion", drill: Bool = false, due: WallTime? = due) -> CountedCase
    {
        CountedCase(
            category: category, grid: nil, township: "", priority: 3, drill: drill, state: state, due: due,
            handledAt: due?.adding(seconds: onTime ? 0 : 1), reworks: 0)
    }
    // 956 events and 16 components of that bulletin: 737 closed on time, 174 late, 61 not at all.
    var cases = Array(repeating: one(.closed), count: 737) + Array(repeating: one(.archived, onTime: false), count: 165)
    cases += Array(repeating: one(.handling), count: 54)
    cases += Array(repeating: one(.closed, onTime: false, category: "facility.component"), count: 9)
    cases += Array(repeating: one(.dispatched, category: "facility.component"), count: 7)
    cases += [one(.void), one(.merged), one(.closed, drill: true), one(.filed, due: nil)]
    cases += [one(.closed, due: time("2027-01-01T00:00:00.000Z")), one(.closed, due: time("2026-11-30T23:59:59.999Z"))]
    let from = time("2026-12-01T00:00:00.000Z")
    let to = time("2027-01-01T00:00:00.000Z")
    var statistics = CaseStatistics(cases, from: from, to: to, by: .category, known: ["motion"])
    #expect(statistics.total.due == 972 && statistics.drills == 1)
    #expect(statistics.total.closureRate.text == "93.72 %" && statistics.total.onTimeClosureRate.text == "75.82 %")
    #expect(statistics.rows["motion"]?.closureRate == Rate(902, of: 956) && statistics.rows["other"]?.closureRate == Rate(9, of: 16))
    // What is suspended is judged by nobody; nothing divided by nothing says so.
    statistics = CaseStatistics([one(.suspended)], from: from, to: to, by: .grid, known: nil)
    #expect(statistics.rows["other"]?.due == 1 && statistics.total.closureRate.text == "–")
    let csv = statistics.csv { $0 == "other" ? "=其他" : $0 }
    #expect(csv.hasPrefix("\u{FEFF}key,due") && csv.contains("other,1,1,0,0,0,–,–,'=其他\r\n"))
}

@Test(arguments: [
    ("=1+1", "'=1+1"), ("-3", "'-3"), ("@x", "'@x"), ("+a,b", "\"'+a,b\""), ("a\"b", "\"a\"\"b\""), ("东兴", "东兴"), ("\tx", "'\tx"), ("", ""),
]) func cellsRunNothing(text: String, cell: String) { #expect(CSVCell.safe(text) == cell) }
