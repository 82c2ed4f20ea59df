// Leases, reconnections and bounds of a camera's tags.

import Base
import Domain
import Tagging
import Testing

private func say(_ name: String, _ claim: TagAssertion.Claim, at seconds: Double, source: String = "", lease: Double? = nil) -> TagAssertion
{
    TagAssertion(name: name, source: source, claim: claim, atSeconds: seconds, leaseSeconds: lease)
}

private let alarm = "onvif:VideoSource/MotionAlarm"

@Suite struct TagBoardTests {
    @Test func anOnStateThatNobodyRepeatsBecomesUnknown() {
        var board = TagBoard()
        _ = board.apply([say(alarm, .on, at: 0)], nowSeconds: 0)
        #expect(board.nextSeconds == 60 && board.live().map(\.state) == [.on])
        #expect(board.expire(nowSeconds: 60).isEmpty)
        let expired = board.expire(nowSeconds: 75)
        #expect(expired.map(\.tag.state) == [.unknown] && expired.map(\.tag.sinceSeconds) == [60] && expired.map(\.before) == [.on])
        #expect(board.nextSeconds == nil && board.live().map(\.state) == [.unknown])
        #expect(board.expire(nowSeconds: 1e6).isEmpty)
        #expect(board.apply([say(alarm, .on, at: 100)], nowSeconds: 100).map(\.before) == [.unknown])
    }

    @Test func offNeedsNoLease() {
        var board = TagBoard()
        _ = board.apply([say(alarm, .on, at: 0), say(alarm, .off, at: 1)], nowSeconds: 1)
        #expect(board.expire(nowSeconds: 1e6).isEmpty && board.live().map(\.state) == [.off])
    }

    @Test func aDeviceThatRepeatsItselfSlowlyIsWaitedFor() {
        var board = TagBoard()
        for turn in 0..<4 { _ = board.apply([say(alarm, .on, at: Double(turn) * 50)], nowSeconds: Double(turn) * 50) }
        #expect(board.nextSeconds == 300.0)
        #expect(board.live().map(\.sinceSeconds) == [0])
        // One that repeats itself each second is not believed for less than a minute.
        var lively = TagBoard()
        for turn in 0..<100 { _ = lively.apply([say(alarm, .on, at: Double(turn))], nowSeconds: Double(turn)) }
        #expect(lively.nextSeconds == 159)
    }

    @Test func aLeaseMayBeStated() {
        var board = TagBoard()
        _ = board.apply(
            [say("io:gauge/high", .on, at: 0, lease: 600), say("ptz:preset=1", .onAlone, at: 0, lease: .infinity)], nowSeconds: 0)
        #expect(board.nextSeconds == 600)
        _ = board.expire(nowSeconds: 601)
        #expect(board.live().map(\.state) == [.unknown, .on])
    }

    @Test func aReconnectionMakesUnknownWhatTheCameraSaidAndNothingElse() {
        var board = TagBoard()
        _ = board.apply(
            [
                say(alarm, .on, at: 0), say("ptz:preset=2", .onAlone, at: 0, lease: .infinity), say("sei:smoke", .off, at: 0),
                say("io:door-7/open", .on, at: 0), say("onvif:RuleEngine/LineDetector/Crossed", .pulse, at: 0),
            ], nowSeconds: 0)
        let changes = board.disconnected(nowSeconds: 10)
        #expect(Set(changes.map(\.tag.name)) == [alarm, "ptz:preset=2", "sei:smoke"])
        #expect(changes.allSatisfy { $0.tag.state == .unknown && $0.tag.sinceSeconds == 10 })
        #expect(board.live().first { $0.name == "io:door-7/open" }?.state == .on)
        #expect(!board.live().contains { $0.isPulse }, "what happened before is not evidence for what comes")
        #expect(board.disconnected(nowSeconds: 11).isEmpty)
        #expect(board.apply([say(alarm, .on, at: 12)], nowSeconds: 12).map(\.before) == [.unknown])
    }

    @Test func theBoardIsBounded() {
        var board = TagBoard()
        _ = board.apply((0..<60).map { say(alarm, .off, at: 0, source: "\($0)") }, nowSeconds: 0)
        _ = board.apply((100..<164).map { say(alarm, .on, at: 1, source: "\($0)") }, nowSeconds: 1)
        #expect(board.live().count == TagBoard.mostProperties && board.live().allSatisfy { $0.state == .on })
        #expect(board.refused == 0)
        #expect(board.apply([say(alarm, .on, at: 2, source: "more")], nowSeconds: 2).isEmpty)
        #expect(board.refused == 1)
    }

    @Test func whatIsReportedAddsUpToWhatStands() {
        let names = [alarm, "onvif:RuleEngine/LineDetector/Crossed", "ptz:preset=1", "ptz:preset=2", "io:a/b"]
        for seed in UInt64(1)...100 {
            var generator = SeededGenerator(seed: seed)
            var board = TagBoard()
            var states: [String: LiveTag.State] = [:]
            var now = 0.0
            for _ in 0..<200 {
                now += Double.random(in: 0...30, using: &generator)
                let name = names.randomElement(using: &generator)!  // Five of them.
                let source = name == alarm ? ["a", "b"].randomElement(using: &generator)! : ""  // Two of them.
                let claim: TagAssertion.Claim
                if name.hasPrefix("ptz") {
                    claim = [.onAlone, .off].randomElement(using: &generator)!  // Two of them.
                } else if name.hasSuffix("Crossed") {
                    claim = .pulse
                } else {
                    claim = [.on, .off, .gone, .allOff].randomElement(using: &generator)!  // Four of them.
                }
                let changes: [TagChange]
                switch Int.random(in: 0..<10, using: &generator) {
                case 0: changes = board.disconnected(nowSeconds: now)
                case 1, 2: changes = board.expire(nowSeconds: now)
                default: changes = board.apply([say(name, claim, at: now, source: source)], nowSeconds: now)
                }
                for change in changes where !change.tag.isPulse {
                    let key = "\(change.tag.name) \(change.tag.source)"
                    #expect(states[key] == change.before, "seed \(seed)")
                    states[key] = change.tag.state
                }
                let live = board.live()
                #expect(live.count { $0.name.hasPrefix("ptz:") && $0.state == .on } <= 1, "seed \(seed)")
                for tag in live where !tag.isPulse {
                    let known = states["\(tag.name) \(tag.source)"]
                    #expect(known == tag.state, "seed \(seed): \(tag)")
                }
                // What is gone from the board is off for those who only listen; a later tag of that name has no state before it.
                for key in states.keys where !live.contains(where: { "\($0.name) \($0.source)" == key }) {
                    #expect(states[key] == .off, "seed \(seed)")
                    states[key] = nil
                }
            }
        }
    }
}
