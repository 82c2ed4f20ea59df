// The health of one camera as timelines: floors, groups of pictures, damage, quarantine, and stalls that are ours.

import Base
import Domain
import Testing

@testable import Ingest

private let start = WallTime(millisecondsSince1970: 1_795_000_000_000)

/// A camera on simulated time with a decoder that looks as seldom as it is told.
private struct Watched {
    var session: CameraSession
    var generator = SeededGenerator(seed: 5)
    var second = 0.0
    var states: [CameraState] = []

    init(_ policy: CameraSession.Policy = .init()) {
        session = CameraSession(policy: policy, wall: start)
        session.opened(now: .zero)
    }

    var health: CameraHealth { mutating get { session.examine(now: .seconds(second), wall: start.adding(seconds: second)) } }

    mutating func fail(_ kind: Failure.Kind, protocolBroken: Bool = false) -> Double {
        session.failed(Failure(kind, "it failed (camera)"), now: .seconds(second), protocolBroken: protocolBroken, using: &generator)
            .seconds
    }

    /// Lets pictures arrive ten times a second, with a key picture each `group` and a look at the first one after `floor`.
    mutating func run(
        _ seconds: Double, group: Double? = 2, floor: Double = 0, arrives: Bool = true, looks: Bool = true, damaged: Bool = false
    ) {
        let end = second + seconds
        var (nextKey, nextLook) = (second, second)
        while second < end - 1e-9 {
            if arrives {
                let isKey = group != nil && second >= nextKey - 1e-9
                session.packetsSeen(now: .seconds(second), bytes: 12_500, isKey: isKey)
                if isKey {
                    nextKey += group ?? 0
                    if looks && second >= nextLook - 1e-9 {
                        nextLook = second + floor
                        if damaged {
                            session.damaged(now: .seconds(second))
                        } else {
                            session.decoded(now: .seconds(second), wall: start.adding(seconds: second))
                        }
                    }
                }
            }
            let state = health.state
            if state != states.last { states.append(state) }
            second += 0.1
        }
    }
}

@Test(arguments: [
    // Floor and group of pictures, and the window that follows.
    (floor: 0.0, group: 2.0, window: 15.0), (5, 2, 15), (10, 1, 22), (10, 4, 22), (10, 10, 22), (2, 12, 26), (10, 12, 26), (0, 1, 15),
])
func aCameraLookedAtSeldomIsNotShownStalledBetweenLooks(floor: Double, group: Double, window: Double) {
    var one = Watched(.init(lookFloor: .seconds(floor)))
    one.run(600, group: group, floor: floor)
    #expect(one.states == [.streaming] || one.states == [.connecting, .streaming])
    #expect(abs(one.session.lookWindow.seconds - window) < 0.3)
    #expect(abs(one.session.facts(now: .seconds(one.second)).groupSeconds! - group) < 0.11)  // Two key pictures were seen.
    // Silence shows after 15 s all the same.
    let lastPicture = one.second
    one.run(40, arrives: false)
    #expect(one.states.last == .stalled)
    let stalledAt = one.session.changes.last!.since.seconds(since: start)  // There is always a first.
    #expect((14.8...15.2).contains(stalledAt - lastPicture))
    #expect(one.health.reason.contains("(camera)"))
}

@Test func aStreamWithoutKeyPicturesStalls() {
    var one = Watched()
    one.run(60)
    one.run(120, group: nil)
    let health = one.health
    #expect(health.state == .stalled)
    #expect(health.reason.contains("no key picture"))
    #expect(!one.session.waitsForUs)
}

@Test func aStreamThatCannotBeDecodedStallsAndIsThenSetAside() {
    var one = Watched()
    one.run(60)
    one.run(30, damaged: true)
    #expect(one.health.state == .stalled)
    #expect(one.health.reason.contains("could be decoded"))
    #expect(!one.session.mustClose(now: .seconds(one.second)))
    one.run(12, damaged: true)
    #expect(one.session.mustClose(now: .seconds(one.second)))
    #expect(one.health.state == .quarantined)
    #expect(one.health.reason.hasPrefix("20 pictures in a row"))
    let wait = one.fail(.cancelled)
    #expect((590...660).contains(wait))
    // On trial: still shown, and back after a few damaged pictures.
    one.second += wait
    #expect(!one.session.mustClose(now: .seconds(one.second)))
    one.session.retrying()
    one.session.opened(now: .seconds(one.second))
    #expect(one.health.state == .quarantined)
    one.run(11, damaged: true)
    #expect(one.session.mustClose(now: .seconds(one.second)))
    one.second += one.fail(.cancelled)
    one.session.opened(now: .seconds(one.second))
    one.run(5)
    #expect(one.states.suffix(3) == [.stalled, .quarantined, .streaming], "no flicker between the trials")
    #expect(one.session.facts(now: .seconds(one.second)).decodeErrors == 27)
}

@Test func damageBetweenGoodPicturesIsBorne() {
    var one = Watched()
    for _ in 0..<20 {
        one.run(20, damaged: true)
        one.run(2)
    }
    #expect(!one.states.contains(.quarantined))
    #expect(one.session.facts(now: .seconds(one.second)).decodeErrors == 200)
    #expect(one.session.facts(now: .seconds(one.second)).decodeErrorsInARow == 0)
}

@Test(arguments: [(gap: 60.0, aside: true), (140, true), (160, false), (700, false)])
func aCameraThatBreaksTheProtocolOftenIsSetAside(gap: Double, aside: Bool) {
    var one = Watched()
    for _ in 0..<5 {
        one.run(5)
        _ = one.fail(.unavailable, protocolBroken: true)
        one.second += gap - 5
        if !one.session.mustClose(now: .seconds(one.second)) { one.session.opened(now: .seconds(one.second)) }
    }
    #expect(one.session.mustClose(now: .seconds(one.second)) == aside)
    #expect((one.health.state == .quarantined) == aside)
}

@Test func aCameraThatIsNotUnderstoodStaysUnsupported() {
    var one = Watched()
    for _ in 0..<10 {
        one.session.opened(now: .seconds(one.second))
        _ = one.fail(.unsupported)
        one.second += 10
    }
    #expect(one.health.state == .unsupported)
    // After pictures the same answer is a fault.
    for _ in 0..<5 {
        one.session.opened(now: .seconds(one.second))
        one.run(5)
        _ = one.fail(.invalidInput)
    }
    #expect(one.health.state == .quarantined)
}

@Test func keyPicturesOfTheConnectionBeforeAreNoEvidenceAgainstUs() {
    var one = Watched()
    one.run(60)
    one.run(10, looks: false)
    _ = one.fail(.unavailable)
    one.second += 30
    one.session.opened(now: .seconds(one.second))
    one.run(60, group: nil)
    #expect(one.health.reason.contains("no key picture"))
    #expect(!one.session.waitsForUs)
}

@Test func anotherFailureOnTrialIsTheNews() {
    var one = Watched()
    for _ in 0..<5 { _ = one.fail(.unavailable, protocolBroken: true) }
    #expect(one.health.reason.contains("5 times in 10 min"))
    one.second += 601
    _ = one.fail(.unauthorised)
    #expect(one.health.state == .refused)
}

@Test(arguments: OwnStall.Cause.allCases) func aStallOfOursDoesNotStallTheCamera(cause: OwnStall.Cause) {
    var one = Watched()
    one.run(60)
    let since = one.second
    one.run(6, looks: false)
    one.session.ours(OwnStall(cause, since: .seconds(since)), now: .seconds(one.second))
    one.run(300, looks: false)
    #expect(one.states.suffix(1) == [.streaming])
    #expect(one.health.reason.contains("(Snowlight)"))
    one.session.ours(nil, now: .seconds(one.second))
    one.run(10, looks: false)
    #expect(one.health.state == .streaming, "nobody had looked: it has its whole window again")
    one.run(20)
    #expect(one.health.reason == "pictures arrive")
    #expect(one.session.changes.count == 2)
}

@Test func aStallOfOursHidesNoSilentCamera() {
    var one = Watched()
    one.run(60)
    one.session.ours(OwnStall(.workers, since: .seconds(one.second)), now: .seconds(one.second))
    one.run(20, arrives: false)
    #expect(one.health.state == .stalled)
    // A machine that stood still cannot know.
    var other = Watched()
    other.run(60)
    other.second += 90
    other.session.ours(OwnStall(.machine, since: .seconds(60)), now: .seconds(other.second))
    #expect(other.health.state == .streaming)
    other.session.ours(nil, now: .seconds(other.second))
    other.run(10, arrives: false)
    #expect(other.health.state == .streaming)
    other.run(10, arrives: false)
    #expect(other.health.state == .stalled)
}

@Test func aStallOfOursHealsNobody() {
    var one = Watched()
    one.run(60)
    one.run(20, arrives: false)
    one.session.ours(OwnStall(.disk, since: .seconds(one.second)), now: .seconds(one.second))
    one.run(20, looks: false)
    one.session.ours(nil, now: .seconds(one.second))
    one.run(5, looks: false)
    #expect(one.health.state == .stalled)
}

@Test func picturesNobodyLooksAtAreOursEvenIfNobodySaidSo() {
    var one = Watched()
    one.run(60)
    one.run(40, looks: false)
    #expect(one.health.state == .streaming)
    #expect(one.health.reason.contains("our own workers"))
    #expect(one.session.waitsForUs)
    one.run(2)
    #expect(!one.session.waitsForUs)
}

@Test func theLastTwentyChangesAreKept() {
    var one = Watched()
    for _ in 0..<30 {
        one.run(5)
        one.run(20, arrives: false)
    }
    let changes = one.session.changes
    #expect(changes.count == 20)
    #expect(changes.last?.state == .stalled)
    #expect(zip(changes, changes.dropFirst()).allSatisfy { $0.state != $1.state && $0.since < $1.since })
}

@Test func aCameraThatConnectsAndShowsNothingIsNotNewsEachTime() {
    var one = Watched()
    one.run(20, arrives: false)
    #expect(one.states == [.connecting, .stalled])
    for _ in 0..<10 {
        one.second += one.fail(.deadlineExceeded)
        #expect(one.session.isDoubtful)
        one.session.retrying()
        one.session.opened(now: .seconds(one.second))
        one.run(14, arrives: false)
    }
    #expect(one.states == [.connecting, .stalled])
}

@Test func factsAreMeasured() {
    var one = Watched()
    one.session.uses(.ffmpeg, because: "the camera speaks a dialect the native reader refuses")
    one.session.clockSeen(offsetSeconds: -3.25)
    one.run(60)
    let facts = one.session.facts(now: .seconds(one.second))
    #expect(abs(facts.bitsPerSecond! - 1_000_000) < 20_000)  // A minute was measured.
    #expect(facts.lookAgeSeconds! < 2.1)  // It was looked at.
    #expect(facts.clockOffsetSeconds == -3.25)
    #expect(facts.transport == .ffmpeg)
    one.run(20, arrives: false)
    #expect(one.session.facts(now: .seconds(one.second)).bitsPerSecond == 0)
}

@Test func camerasThatFellTogetherSpreadTheirFirstRetryOverTenSeconds() {
    var waits: [Double] = []
    var generator = SeededGenerator(seed: 77)
    for _ in 0..<2000 {
        var session = CameraSession(policy: .init(), wall: start)
        session.opened(now: .zero)
        session.decoded(now: .seconds(1), wall: start)
        waits.append(session.failed(Failure(.unavailable, "x"), now: .seconds(2), amongMany: true, using: &generator).seconds)
        // Only the first: it has not streamed since.
        #expect(session.failed(Failure(.unavailable, "x"), now: .seconds(3), amongMany: true, using: &generator) < .seconds(2))
    }
    #expect(waits.allSatisfy { (0..<10).contains($0) })
    #expect(abs(waits.reduce(0, +) / 2000 - 5) < 0.3)
}
