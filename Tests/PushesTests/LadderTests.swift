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
    // Two hours on it is 19:30: the next shift begins on Wednesday at 08:00.
    #expect(three.prefix(2).map { $0.due.description } == ["2026-11-23T09:30:00.000Z", "2026-11-25T00:00:00.000Z"])
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
        policy.waits = Array(repeating: LadderPolicy.Waits(steps: waits, silentAfter: 60), count: 4)
        policy.duty.minutes = 480..<Int.random(in: 500...1440, using: &generator)
        let priority = Priority.allCases.randomElement(using: &generator) ?? .one
        let at = Double.random(in: 0...1e6, using: &generator)
        let dues = dues(Ladder.steps(log([(at, .dispatched, worker)]), priority: priority, policy: policy))
        #expect(dues == dues.sorted(), "seed \(seed)")
        #expect(zip(dues, [0] + waits).allSatisfy { $0 >= at + $1 - 0.001 }, "seed \(seed)")
    }
}
