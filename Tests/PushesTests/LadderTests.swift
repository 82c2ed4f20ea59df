// The ladder is a function of the log: who is told when, and that an answer at any instant ends it.

import Base
import Cases
import Domain
@testable import Pushes
import Testing

private let start = WallTime("2026-11-23T02:00:00.000Z")!  // Ten o'clock on a Monday in Beijing.
private let worker = WorkerID("w1")!

/// A log written in short: seconds after `start`, the state, and whom it is with.
private func log(_ lines: [(Double, CaseState, WorkerID?)]) -> [CaseMoment] {
    lines.enumerated().map { CaseMoment(version: $0 + 1, at: start.adding(seconds: $1.0), to: $1.1, assignee: $1.2) }
}

private let dispatched: [(Double, CaseState, WorkerID?)] = [(0, .reported, nil), (0, .filed, nil), (0, .dispatched, worker)]

private func dues(_ steps: [LadderStep]) -> [Double] { steps.map { $0.due.seconds(since: start) } }

@Test func aDispatchedCaseClimbsToTheDistrictAndEnds() {
    let steps = Ladder.steps(log(dispatched), priority: .one, policy: LadderPolicy())
    #expect(steps.map(\.level) == LadderLevel.allCases)
    #expect(dues(steps) == [0, 120, 240, 360, 480])
    #expect(steps.map(\.kind) == [.task, .escalation, .escalation, .escalation, .escalation])
    #expect(steps.last?.next == nil)
    #expect(Set(steps.map(\.run)) == [3])
}

@Test func otherEventsOfTheSamePersonDoNotBeginAgain() {
    let reminded = dispatched + [(100, .dispatched, worker)]
    #expect(dues(Ladder.steps(log(reminded), priority: .one, policy: LadderPolicy())) == [0, 120, 240, 360, 480])
    let reassigned = dispatched + [(100, .dispatched, WorkerID("w2")!)]
    #expect(dues(Ladder.steps(log(reassigned), priority: .one, policy: LadderPolicy())) == [100, 220, 340, 460, 580])
    #expect(Ladder.run(log(reassigned)) == 4)
}

@Test func whatNobodyBelowMayHaveGoesToTheDistrictOnce() {
    let steps = Ladder.steps(log([(0, .reported, nil), (3, .filed, nil)]), priority: .three, policy: LadderPolicy())
    #expect(steps.map(\.level) == [.district])
    #expect(steps.map(\.kind) == [.unassigned])
    #expect(dues(steps) == [3])
}

@Test func anAcknowledgerWhoGoesSilentBringsItBack() {
    let acknowledged = dispatched + [(60, .acknowledged, worker)]
    let steps = Ladder.steps(log(acknowledged), priority: .one, policy: LadderPolicy())
    #expect(dues(steps) == [1260, 1380, 1500, 1620, 1740])
    #expect(Set(steps.map(\.kind)) == [.reminder])
    // A sign of work starts the silence anew.
    let working = acknowledged + [(600, .handling, worker)]
    #expect(dues(Ladder.steps(log(working), priority: .one, policy: LadderPolicy())).first == 1800)
}

@Test(arguments: [CaseState.reported, .declined, .handled, .inspecting, .closed, .archived, .suspended, .merged, .void])
func nobodyIsToldInOtherStates(_ state: CaseState) {
    #expect(Ladder.steps(log(dispatched + [(1, state, worker)]), priority: .one, policy: LadderPolicy()).isEmpty)
    #expect(Ladder.run(log(dispatched + [(1, state, worker)])) == nil)
}

/// At every millisecond around every step: what was due before the answer names the old run, and nothing of it is due afterwards.
@Test func anAnswerAtAnyInstantEndsTheRun() {
    for wait in [0.0, 120, 240, 360, 480] {
        for offset in [-0.002, -0.001, 0, 0.001, 0.002] where wait + offset >= 0 {
            let answered = dispatched + [(wait + offset, .acknowledged, worker)]
            let before = Ladder.run(log(dispatched))
            let after = Ladder.run(log(answered))
            #expect(before != after)
            let now = start.adding(seconds: wait + offset + 600)
            let due = Ladder.steps(log(answered), priority: .one, policy: LadderPolicy()).filter { $0.due <= now }
            #expect(due.isEmpty)
        }
    }
}

@Test func lowPrioritiesWaitForTheShiftAndEmergenciesDoNot() {
    var policy = LadderPolicy()
    // Tuesday, 24 November is a holiday.
    policy.duty = DutyHours(calendar: WorkingCalendar(holidays: [LocalMinute.day("2026-11-24")!]), minutes: 480..<1080)
    // 17:30 on Monday in Beijing.
    let evening = log([(27_000, .dispatched, worker)])
    let three = Ladder.steps(evening, priority: .three, policy: policy)
    // Two working hours on it is eleven o'clock on Wednesday.
    #expect(three.prefix(2).map { $0.due.description } == ["2026-11-23T09:30:00.000Z", "2026-11-25T03:00:00.000Z"])
    let two = Ladder.steps(evening, priority: .two, policy: policy)
    #expect(two[4].due == start.adding(seconds: 27_000 + 2400))
    let night = Ladder.steps(log([(50_000, .dispatched, worker)]), priority: .four, policy: policy)
    #expect(night[0].due.description == "2026-11-25T00:00:00.000Z")
}

@Test func aCalendarWithoutWorkSwallowsNothing() {
    let all = Set((0...800).map { LocalMinute(start).day + $0 })
    let duty = DutyHours(calendar: WorkingCalendar(holidays: all), minutes: 480..<1080)
    #expect(duty.next(from: start) == start)
}

@Test func stepsNeverFallBackAndFollowTheirWaits() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<500 {
        var rising = 0.0
        let waits = (0..<4).map { _ in
            rising += Double.random(in: 1...90_000, using: &generator)
            return rising
        }
        var policy = LadderPolicy()
        let spans = waits.map { ClockSpan(milliseconds: Int64($0 * 1000)) }
        policy.waits = Array(repeating: LadderPolicy.Waits(steps: spans, silentAfter: ClockSpan(minutes: 1)), count: 4)
        policy.duty.minutes = 480..<Int.random(in: 500...1440, using: &generator)
        let priority = Priority.allCases.randomElement(using: &generator) ?? .one
        let at = Double.random(in: 0...1e6, using: &generator)
        let dues = dues(Ladder.steps(log([(at, .dispatched, worker)]), priority: priority, policy: policy))
        #expect(dues == dues.sorted(), "seed \(seed)")
        #expect(zip(dues, [0] + waits).allSatisfy { $0 >= at + $1 - 0.002 }, "seed \(seed)")
    }
}

/// Friday, 20 November, half past four in Beijing: half an hour of the week is left.
@Test(arguments: [
    (3, ["2026-11-20T08:30", "2026-11-23T02:30", "2026-11-23T04:30", "2026-11-23T08:30", "2026-11-24T08:30"]),
    (4, ["2026-11-20T08:30", "2026-11-23T08:30", "2026-11-24T04:30", "2026-11-24T08:30", "2026-11-25T08:30"]),
    (2, ["2026-11-20T08:30", "2026-11-20T08:40", "2026-11-20T08:50", "2026-11-20T09:00", "2026-11-20T09:10"]),
])
func lowPrioritiesClimbInWorkingTime(_ priority: Int, _ dues: [String]) throws {
    let friday = try #require(WallTime("2026-11-20T08:30:00.000Z"))
    let log = [CaseMoment(version: 3, at: friday, to: .dispatched, assignee: worker)]
    let steps = Ladder.steps(log, priority: try #require(Priority(rawValue: priority)), policy: LadderPolicy())
    #expect(steps.map { String($0.due.description.prefix(16)) } == dues)
    // The first step above the worker comes when the clock of the answer has run out: one time, said in two places.
    let clock = try #require(ClockSpan.standard(.acknowledge, priority))
    #expect(steps[1].due == clock.end(from: friday, WorkingCalendar()))
}

@Test func aCategorysOwnTimeForTheAnswerIsTheFirstStep() throws {
    let policy = LadderPolicy()
    func own(_ minutes: Int64) -> [Double] {
        dues(Ladder.steps(log(dispatched), priority: .two, policy: policy, answer: ClockSpan(minutes: minutes)))
    }
    #expect(own(5) == [0, 300, 1200, 1800, 2400])
    // Longer than what follows it: they come together, nobody before.
    #expect(own(25) == [0, 1500, 1500, 1800, 2400])
}

@Test func nobodyIsLateByATimeThatDidNotRunYet() {
    let raised = start.adding(seconds: 3600)
    let steps = Ladder.steps(log(dispatched), priority: .one, policy: LadderPolicy(), urgentSince: raised)
    #expect(dues(steps) == [3600, 3720, 3840, 3960, 4080] && Set(steps.map(\.run)) == [3], "the same run, the times of now")
    let later = Ladder.steps(
        log(dispatched + [(5000, .dispatched, WorkerID("w2"))]), priority: .one, policy: LadderPolicy(), urgentSince: raised)
    #expect(dues(later).first == 5000)
}
