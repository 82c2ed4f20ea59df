// The rule engine's tables: what satisfies, mutes and leaves open, on a clock moved by hand.

import Base
import Domain
@testable import Pipelines
import TestKit
import Testing

/// One camera with one rule.
private struct Watched {
    var engine: RuleEngine
    var said: [RuleOutcome] = []

    init(_ when: Condition, unless: [Condition] = [], hours: [Schedule] = [], tags: [String] = [], zones: [String] = []) {
        let rule = Rule(name: "r", when: when, unless: unless, hours: hours, emit: Emission(category: "motion", priority: .four))
        engine = RuleEngine(RuleProgram([Pipeline(name: "p", rules: [rule])], tags: tags, zones: zones))
    }

    /// Evaluates and returns what the rule said.
    mutating func note(
        _ seconds: Double, _ look: [Detection]? = nil, tags: [LiveTag] = [], wall: WallTime = WallTime(millisecondsSince1970: 0)
    ) -> [RuleOutcome.Kind] {
        var outcomes: [RuleOutcome] = []
        engine.note(look: look, tags: tags, atSeconds: seconds, wall: wall, into: &outcomes)
        said += outcomes
        return outcomes.map(\.kind)
    }
}

private func seen(
    _ kind: Detection.Kind = .motion, since: Double, at seconds: Double, zones: [String] = [], score: Int = 70
) -> Detection {
    Detection(
        kind: kind, startSeconds: since, confirmedSeconds: min(since + 0.6, seconds), lastSeconds: seconds,
        box: RelativeBox(x: 0.4, y: 0.4, width: 0.1, height: 0.1), score: score, reason: ["seen"], zones: zones)
}

private func tag(_ state: LiveTag.State, _ since: Double = 0, _ name: String = "io:door", pulse: Bool = false) -> LiveTag {
    LiveTag(name: name, state: state, sinceSeconds: since, isPulse: pulse)
}

private let door = Condition.tag(TagPattern("io:door")!)  // A tag as written.
private let gate = Condition.tag(TagPattern("io:gate")!)  // The same.
private let motion = Condition.detection(DetectionMatch(.motion))

// MARK: truth

private let states: [LiveTag.State] = [.no, .unknown, .yes]

extension LiveTag.State {
    fileprivate static var no: LiveTag.State { .off }
    fileprivate static var yes: LiveTag.State { .on }
    fileprivate var truth: Truth { self == .on ? .yes : self == .off ? .no : .unknown }
}

@Test(arguments: states, states)
func whatIsJoinedFollowsTheThreeValuedTable(a: LiveTag.State, b: LiveTag.State) {
    let tags = [tag(a), tag(b, 0, "io:gate")]
    for (condition, expected) in [
        (Condition.all([door, gate]), min(a.truth, b.truth)), (.any([door, gate]), max(a.truth, b.truth)), (.not(door), a.truth.inverse),
        (.all([door, .not(gate)]), min(a.truth, b.truth.inverse)),
    ] {
        var watched = Watched(condition)
        let said = watched.note(1, tags: tags)
        #expect(said == (expected == .yes ? [.opened] : []), "\(condition) of \(a), \(b)")
        #expect(watched.engine.levels.last?.truth == expected, "\(condition) of \(a), \(b)")
    }
}

@Test(arguments: [
    // What the tag is before and after; what the rule says at the second evaluation.
    (LiveTag.State.off, LiveTag.State.on, [RuleOutcome.Kind.opened]), (.unknown, .on, [.opened]), (.on, .on, [.continued]),
    (.on, .unknown, [.uncertain]), (.on, .off, [.ended]), (.unknown, .off, []), (.off, .unknown, []), (.unknown, .unknown, []),
])
func unknownNeitherOpensNorEnds(before: LiveTag.State, after: LiveTag.State, says: [RuleOutcome.Kind]) {
    var watched = Watched(door)
    _ = watched.note(1, tags: [tag(before)])
    #expect(watched.note(2, tags: [tag(after, 2)]) == says)
}

@Test func aStaticTagHoldsAndAZoneThatIsNotDrawnNever() {
    var tagged = Watched(.all([door, motion]), tags: ["io:door"])
    #expect(tagged.note(1, [seen(since: 0, at: 1)]) == [.opened])
    var undrawn = Watched(.detection(DetectionMatch(.motion, zone: "lane")), zones: ["sky"])
    #expect(undrawn.note(1, [seen(since: 0, at: 1, zones: ["lane"])]).isEmpty)
    #expect(undrawn.engine.standings.first?.conditions.first?.note == "the zone is not drawn on this camera")
}

@Test func detectionsMustBeOfTheKindInTheZoneAndGoodEnough() {
    let match = Condition.detection(DetectionMatch(.changedStatic, zone: "lane", minimumScore: 60))
    for (detection, says) in [
        (seen(.changedStatic, since: 0, at: 1, zones: ["lane", "sky"]), true), (seen(.motion, since: 0, at: 1, zones: ["lane"]), false),
        (seen(.changedStatic, since: 0, at: 1, zones: ["sky"]), false),
        (seen(.changedStatic, since: 0, at: 1, zones: ["lane"], score: 59), false),
    ] {
        var watched = Watched(match, zones: ["lane", "sky"])
        #expect(watched.note(1, [detection]) == (says ? [.opened] : []))
    }
}

// MARK: time

@Test func forCountsFromTheBeginningOfTheEvidenceAndNeverEarly() throws {
    var watched = Watched(.timed(motion, Timing(forSeconds: 10)))
    for second in 1...9 { #expect(watched.note(Double(second), [seen(since: 0, at: Double(second))]).isEmpty) }
    #expect(watched.note(10, [seen(since: 0, at: 10)]) == [.opened])
    let sighting = try #require(watched.said.first?.sighting)
    #expect(sighting.startSeconds == 0 && sighting.confirmedSeconds == 10 && sighting.lastSeconds == 10)
    #expect(sighting.reason == ["seen", "held for 10 s of 10 s"])
}

@Test func aBreakStartsTheTimeAgainUnlessItIsNoLongerThanTheQuietGap() {
    // Looks each second: 1.5 s without the thing is one look.
    var short = Watched(.timed(motion, Timing(forSeconds: 10)))
    var long = short
    for second in 1...12 {
        let look = [seen(since: 0, at: Double(second))]
        _ = short.note(Double(second), second == 5 ? [] : look)
        _ = long.note(Double(second), (5...7).contains(second) ? [] : look)
    }
    #expect(short.said.map(\.kind) == [.opened, .continued, .continued])
    #expect(long.said.isEmpty)
    for second in 13...20 { _ = long.note(Double(second), [seen(since: 0, at: Double(second))]) }
    #expect(long.said.first?.sighting?.startSeconds == 4, "it was seen last before the break at 4 s; only from there on it counts")
}

@Test func timeWithoutALookProvesNothing() {
    var watched = Watched(.timed(motion, Timing(forSeconds: 10)))
    _ = watched.note(5, [seen(since: 0, at: 5)])
    for second in 6...30 { #expect(watched.note(Double(second)).isEmpty) }
    #expect(watched.note(31, [seen(since: 30.5, at: 31)]).isEmpty)
}

@Test func withinLooksBack() throws {
    var watched = Watched(.timed(motion, Timing(withinSeconds: 10)))
    #expect(watched.note(1, [seen(since: 0.5, at: 1)]) == [.opened])
    #expect(watched.note(11, []) == [.continued])
    #expect(watched.note(11.1, []) == [.ended])
    #expect(try #require(watched.said.first?.sighting).reason == ["seen", "1 of 1 times within 10 s"])
}

@Test func countNeedsSeparateTimes() {
    var watched = Watched(.timed(motion, Timing(withinSeconds: 60, count: 3)))
    // One long movement is one time.
    for second in 1...10 { #expect(watched.note(Double(second), [seen(since: 0, at: Double(second))]).isEmpty) }
    #expect(watched.note(15, []).isEmpty)
    #expect(watched.note(20, [seen(since: 20, at: 20)]).isEmpty)
    #expect(watched.note(25, []).isEmpty)
    #expect(watched.note(30, [seen(since: 30, at: 30)]) == [.opened])
    #expect(watched.note(59, []) == [.continued])
    #expect(watched.note(61, []) == [.ended], "the first of three is out of sight")
}

@Test func aPulseHappensOnceAndIsCountedOnce() {
    func pulse(_ at: Double) -> LiveTag { tag(.on, at, pulse: true) }
    var plain = Watched(door)
    #expect(plain.note(0, tags: []).isEmpty)
    #expect(plain.note(1, tags: [pulse(1)]) == [.opened])
    #expect(plain.note(2, tags: [pulse(1)]) == [.ended], "it stays on the board and happened once")
    #expect(plain.note(3, tags: [pulse(3)]) == [.opened])

    var counted = Watched(.timed(door, Timing(withinSeconds: 10, count: 3)))
    #expect(counted.note(0).isEmpty)
    #expect(counted.note(1, tags: [pulse(1)]).isEmpty)
    #expect(counted.note(2, tags: [pulse(1)]).isEmpty)
    #expect(counted.note(3, tags: [pulse(1), pulse(2.5), pulse(3)]) == [.opened])
    #expect(counted.note(11.5, tags: []) == [.ended])

    var lasting = Watched(.timed(door, Timing(forSeconds: 1)))
    #expect(lasting.note(0).isEmpty)
    for second in 1...5 { #expect(lasting.note(Double(second), tags: [pulse(1)]).isEmpty, "what only happens has no length") }
}

@Test func aPulseFromBeforeTheStartIsOld() {
    var watched = Watched(door)
    #expect(watched.note(100, tags: [tag(.on, 50, pulse: true)]).isEmpty)
    #expect(watched.note(101, tags: [tag(.on, 50, pulse: true), tag(.on, 101, pulse: true)]) == [.opened])
}

@Test func aTagIsOnSinceTheDeviceSaysAndAnUnknownTimeDoesNotCount() {
    var watched = Watched(.timed(door, Timing(forSeconds: 60)))
    #expect(watched.note(100, tags: [tag(.on, 50)]).isEmpty)
    #expect(watched.note(110, tags: [tag(.on, 50)]) == [.opened], "on for 60 s at the first chance")
    #expect(watched.note(111, tags: [tag(.unknown, 111)]) == [.uncertain])
    #expect(watched.note(130, tags: [tag(.on, 50)]) == [.ended], "nobody knows of the 19 s between")
    #expect(watched.note(170.9, tags: [tag(.on, 50)]).isEmpty)
    #expect(watched.note(171, tags: [tag(.on, 50)]) == [.opened])
}

@Test func tagAndMotionTogetherAreTwoKindsOfEvidence() throws {
    var watched = Watched(.all([.timed(door, Timing(forSeconds: 5)), .timed(motion, Timing(withinSeconds: 30))]))
    #expect(watched.note(10, [seen(since: 9, at: 10)], tags: [tag(.on, 8)]).isEmpty)
    #expect(watched.note(13, [], tags: [tag(.on, 8)]) == [.opened])
    let sighting = try #require(watched.said.first?.sighting)
    #expect(sighting.box != nil && sighting.score == 70, "the score is the picture's")
    #expect(sighting.reason == ["io:door on for 5 s", "seen", "1 of 1 times within 30 s"])
    #expect(watched.note(50, [], tags: [tag(.on, 8)]) == [.ended])
}

@Test func timeThatRunsBackwardsStandsStill() {
    var watched = Watched(.timed(door, Timing(forSeconds: 10)))
    #expect(watched.note(100, tags: [tag(.on, 95)]).isEmpty)
    #expect(watched.note(50, tags: [tag(.on, 95)]).isEmpty)
    #expect(watched.note(105, tags: [tag(.on, 95)]) == [.opened])
}

@Test func aCameraThatWasAwayHasSeenNothingOfIt() {
    var watched = Watched(.timed(motion, Timing(forSeconds: 10)))
    _ = watched.note(5, [seen(since: 0, at: 5)])
    watched.engine.forgetLooks()
    #expect(watched.note(11, [seen(since: 0, at: 11)]).isEmpty)
    #expect(watched.note(16, [seen(since: 0, at: 16)]) == [.opened])
}

// MARK: muted

@Test func whatIsMutedIsSuppressedOnceAnEpisode() throws {
    var watched = Watched(motion, unless: [gate])
    let on = [tag(.on, 0, "io:gate")]
    #expect(watched.note(1, [seen(since: 0, at: 1)], tags: on) == [.suppressed(.tagMuted)])
    for second in 2...100 { #expect(watched.note(Double(second), [seen(since: 0, at: Double(second))], tags: on).isEmpty) }
    #expect(try #require(watched.said.first?.sighting).reason == ["muted by tag io:gate", "seen"])
    #expect(watched.note(101, [seen(since: 0, at: 101)], tags: [tag(.off, 101, "io:gate")]) == [.opened])
    #expect(watched.note(102, [seen(since: 0, at: 102)], tags: [tag(.on, 102, "io:gate")]) == [.ended], "muted, and said a moment ago")
    #expect(watched.note(103, [], tags: on).isEmpty)
    #expect(watched.note(170, [seen(since: 169, at: 170)], tags: on) == [.suppressed(.tagMuted)], "news after a minute without")
}

@Test func aMuteThatNobodyKnowsOfStaysAsItWasForAMinute() {
    var muted = Watched(motion, unless: [gate])
    _ = muted.note(1, [], tags: [tag(.on, 0, "io:gate")])
    var open = Watched(motion, unless: [gate])
    _ = open.note(1, [], tags: [tag(.off, 0, "io:gate")])
    let unknown = [tag(.unknown, 2, "io:gate")]
    #expect(muted.note(2, [seen(since: 2, at: 2)], tags: unknown) == [.suppressed(.tagMuted)])
    #expect(open.note(2, [seen(since: 2, at: 2)], tags: unknown) == [.opened])
    #expect(muted.note(62, [seen(since: 2, at: 62)], tags: unknown).isEmpty)
    #expect(muted.note(63, [seen(since: 2, at: 63)], tags: unknown) == [.opened])
}

@Test func outsideItsHoursARuleIsMuted() throws {
    var watched = Watched(motion, hours: [Schedule(fromMinute: 22 * 60, toMinute: 6 * 60)])
    let noon = try #require(WallTime("2026-11-23T04:00:00.000Z"))  // 12:00 in Beijing.
    #expect(watched.note(1, [seen(since: 0, at: 1)], wall: noon) == [.suppressed(.schedule)])
    #expect(watched.said.first?.sighting?.reason.first == "speaks only every day 22:00–06:00")
    #expect(watched.note(2, [seen(since: 0, at: 2)], wall: noon.adding(seconds: 10 * 3600)) == [.opened])
}

// MARK: promises under random input

/// A thing that comes and goes, a tag in three states, looks at odd times: a reference that keeps the whole past decides.
@Test(arguments: [UInt64(1), 2, 3, 20_261_125])
func forNeverFiresEarlyAndUnknownNeverOpensOrEnds(seed: UInt64) {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<60 {
        let forSeconds = Double.random(in: 1...20, using: &generator)
        var things = Watched(.timed(motion, Timing(forSeconds: forSeconds)))
        var tags = Watched(.timed(door, Timing(forSeconds: forSeconds)))
        var plain = Watched(door)
        var (t, presentSince, onSince) = (0.0, Double?.none, Double?.none)
        var state = LiveTag.State.off
        var isOpen = false
        for _ in 0..<300 {
            t += Double.random(in: 0.05...2, using: &generator)
            if Int.random(in: 0..<8, using: &generator) == 0 { presentSince = presentSince == nil ? t : nil }
            if Int.random(in: 0..<8, using: &generator) == 0 {
                state = [.off, .on, .unknown].randomElement(using: &generator) ?? .off
                onSince = state == .on ? t : nil
            }
            let look = presentSince.map { [seen(since: $0, at: t)] } ?? []
            let live = [tag(state, onSince ?? t)]
            if things.note(t, look).contains(where: { $0 != .ended }) {
                // The absence may have been shorter than the quiet gap; the thing itself is what must have been there.
                let since = things.said.last?.sighting?.startSeconds ?? t
                #expect(t - since >= forSeconds)
                #expect(presentSince != nil || t - (things.said.last?.sighting?.lastSeconds ?? 0) <= max(1.5, 1.25 * 2))
            }
            if tags.note(t, tags: live).contains(where: { $0 == .opened || $0 == .continued }) {
                #expect(onSince.map { t - $0 >= forSeconds } == true)
            }
            for kind in plain.note(t, tags: live) {
                switch kind {
                case .opened: #expect(state == .on && !isOpen)
                case .continued: #expect(state == .on && isOpen)
                case .uncertain: #expect(state == .unknown && isOpen)
                case .ended: #expect(state == .off && isOpen)
                case .suppressed: Issue.record("nothing mutes here")
                }
                isOpen = kind != .ended
            }
        }
    }
}
