// The camera session as a table: what is shown and how long is waited, on simulated time.

import Base
import Domain
import Ingest
import Testing

private let start = WallTime(millisecondsSince1970: 1_795_000_000_000)

private func session(_ policy: CameraSession.Policy = .init()) -> CameraSession { CameraSession(policy: policy, wall: start) }

private func shown(_ session: inout CameraSession, at seconds: Double) -> CameraHealth {
    session.examine(now: .seconds(seconds), wall: start.adding(seconds: seconds))
}

@Test func aNewCameraIsConnecting() {
    var one = session()
    #expect(shown(&one, at: 5).state == .connecting)
}

@Test func picturesMakeItStreamAndTheirAbsenceStalls() {
    var one = session()
    one.opened(now: .seconds(1))
    #expect(shown(&one, at: 2).state == .connecting)
    one.decoded(now: .seconds(3), wall: start.adding(seconds: 3))
    #expect(shown(&one, at: 3).state == .streaming)
    #expect(shown(&one, at: 17.9).state == .streaming)
    let stalled = shown(&one, at: 18.1)
    #expect(stalled.state == .stalled)
    #expect(stalled.reason.contains("15 s"))
    #expect(stalled.since == start.adding(seconds: 18.1))
    one.decoded(now: .seconds(20), wall: start.adding(seconds: 20))
    #expect(shown(&one, at: 20).state == .streaming)
}

@Test func aConnectionWithoutAnyPictureStallsToo() {
    var one = session()
    one.opened(now: .seconds(1))
    #expect(shown(&one, at: 16.5).state == .stalled)
}

@Test(arguments: [
    (Failure.Kind.unauthorised, CameraState.refused), (.unavailable, .unreachable), (.deadlineExceeded, .stalled),
    (.unsupported, .unsupported), (.invalidInput, .unsupported), (.internal, .unreachable),
])
func eachFailureHasItsState(kind: Failure.Kind, state: CameraState) {
    var one = session()
    var generator = SeededGenerator(seed: 1)
    _ = one.failed(Failure(kind, "the reason in words"), using: &generator)
    let health = shown(&one, at: 1)
    #expect(health.state == state)
    #expect(health.reason == "the reason in words")
    one.retrying()
    #expect(shown(&one, at: 2).reason == "the reason in words", "the reason stays until a picture proves it is gone")
}

@Test func aStreamThatBreaksIsShownOnlyWhenItsLastPictureIsOld() {
    var one = session()
    var generator = SeededGenerator(seed: 1)
    one.opened(now: .zero)
    one.decoded(now: .seconds(1), wall: start)
    _ = one.failed(Failure(.unavailable, "gone"), using: &generator)
    #expect(shown(&one, at: 5).state == .streaming)
    #expect(shown(&one, at: 16.1).state == .unreachable)
}

@Test func waitsGrowWithJitterUpToTheCapAndRefusedPasswordsWaitLonger() {
    var generator = SeededGenerator(seed: 42)
    var one = session()
    for attempt in 0..<30 {
        let wait = one.failed(Failure(.unavailable, "x"), using: &generator)
        #expect(wait.seconds >= 0 && wait.seconds < min(60, Double(1 << min(attempt, 10))))
    }
    var refused = session()
    #expect(refused.failed(Failure(.unauthorised, "x"), using: &generator) >= .seconds(300))
}

@Test func aMinuteOfPicturesStartsTheBackoffAgain() {
    var generator = SeededGenerator(seed: 7)
    var one = session()
    for _ in 0..<12 { _ = one.failed(Failure(.unavailable, "x"), using: &generator) }
    one.opened(now: .zero)
    for second in 0...61 { one.decoded(now: .seconds(second), wall: start) }
    #expect(one.failed(Failure(.unavailable, "x"), using: &generator) < .seconds(1))
}

@Test func attemptsAreSpacedOverTheFleet() {
    var pacer = OpenPacer(perSecond: 50)
    let waits = (0..<100).map { _ in pacer.reserve(now: .seconds(10)) }
    #expect(waits.first == .zero)
    #expect(abs(waits.last!.seconds - 1.98) < 1e-9)  // 100 were drawn.
    #expect(pacer.reserve(now: .seconds(60)) == .zero)
}

@Test func lookTimesFollowTimestampsButNotBrokenOnes() {
    var clock = LookClock()
    #expect(clock.seconds(ptsSeconds: 100, arrivalSeconds: 5) == 5)
    // A burst: three pictures arrive at once, their timestamps keep their distance.
    #expect(abs(clock.seconds(ptsSeconds: 100.04, arrivalSeconds: 5.2) - 5.04) < 1e-9)
    #expect(abs(clock.seconds(ptsSeconds: 100.08, arrivalSeconds: 5.2) - 5.08) < 1e-9)
    // The camera's clock is set: arrival counts.
    #expect(clock.seconds(ptsSeconds: 9_000_000, arrivalSeconds: 6) == 6)
    #expect(abs(clock.seconds(ptsSeconds: 9_000_000.5, arrivalSeconds: 6.4) - 6.5) < 1e-9)
    // Never backwards, even without timestamps.
    #expect(clock.seconds(ptsSeconds: nil, arrivalSeconds: 6.1) > 6.5)
}
