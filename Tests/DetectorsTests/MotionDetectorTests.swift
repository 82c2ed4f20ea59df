// The detector on drawn scenes: what must be found, what must not, and what it says about it.

@testable import Detectors
import Domain
import TestKit
import Testing

/// Plays a scene through a detector and keeps what it said.
private struct Play {
    var scene = LumaScene(width: 96, height: 54, seed: 11)
    var detector = MotionDetector(.standard)
    var seconds = 0.0
    /// Detections by the start of their track, as last seen.
    var found: [Double: Detection] = [:]
    var suppressions: [Suppression] = []
    var last = Examination()
    var states: [DetectorState] = []

    mutating func play(
        for length: Double, every dt: Double, kind: LookKind = .full, gain: Double = 1, offset: Double = 0, noiseLevels: Int = 2,
        _ things: (Double) -> [LumaScene.Thing] = { _ in [] }
    ) {
        let looks = Int((length / dt).rounded())
        let start = seconds
        for index in 0..<looks {
            let t = start + Double(index) * dt
            look(at: scene.picture(things(t - start), gain: gain, offset: offset, noiseLevels: noiseLevels), atSeconds: t, kind)
        }
        seconds = start + Double(looks) * dt
    }

    mutating func look(at picture: [UInt8], atSeconds: Double, _ kind: LookKind) {
        last = detector.examine(picture.span, scene.shape, atSeconds: atSeconds, kind: kind)
        for detection in last.detections { found[detection.startSeconds] = detection }
        suppressions += last.suppressions
        if states.last != last.state { states.append(last.state) }
    }

    func suppressed(_ reason: SuppressionReason) -> Bool { suppressions.contains { $0.reason == reason } }
}

/// A vehicle of 18×12 samples that drives from left to right in `crossing` seconds.
private func vehicle(_ t: Double, crossing: Double) -> [LumaScene.Thing] {
    [LumaScene.Thing(x: -18 + Int(t / crossing * 116), y: 20, width: 18, height: 12, brightness: 210)]
}

@Test func anEmptySceneSaysNothing() {
    var play = Play()
    play.play(for: 60, every: 0.2)
    #expect(play.found.isEmpty)
    #expect(play.suppressions.isEmpty)
    #expect(play.last.foreground < 0.001)
    #expect(play.states == [.warmup, .normal])
}

@Test(arguments: [0.04, 0.1, 0.2])
func aPassingVehicleIsFoundOnceAtFullRate(dt: Double) throws {
    var play = Play()
    play.play(for: 12, every: dt)
    play.play(for: 4, every: dt) { vehicle($0, crossing: 4) }
    play.play(for: 5, every: dt)
    #expect(play.found.count == 1)
    let detection = try #require(play.found.values.first)
    #expect(abs(detection.startSeconds - 12) < 0.8)
    #expect(detection.confirmedSeconds - detection.startSeconds < 1.2)
    #expect(abs(detection.lastSeconds - 16) < 0.8)
    #expect(detection.box.width > 0.7)
    #expect(detection.isAtEdge)
    #expect(detection.score >= 75)
    #expect(detection.reason.count == 3)
    #expect(play.last.detections.isEmpty)
}

@Test func theSameEventAtHalfThePictureRateIsTheSameDetection() throws {
    var results: [Detection] = []
    for dt in [0.1, 0.2] {
        var play = Play()
        play.play(for: 12, every: dt)
        play.play(for: 5, every: dt) { vehicle($0, crossing: 5) }
        play.play(for: 3, every: dt)
        results.append(try #require(play.found.values.first))
        #expect(play.found.count == 1)
    }
    #expect(abs(results[0].startSeconds - results[1].startSeconds) <= 0.2)
    #expect(abs(results[0].confirmedSeconds - results[1].confirmedSeconds) <= 0.41)
    #expect(abs(results[0].lastSeconds - results[1].lastSeconds) <= 0.2)
}

@Test func aSlowVehicleIsFoundAtLooksEveryTwoSeconds() throws {
    var play = Play()
    play.play(for: 16, every: 2, kind: .key)
    play.play(for: 12, every: 2, kind: .key) { vehicle($0 + 1, crossing: 14) }
    play.play(for: 10, every: 2, kind: .key)
    #expect(play.found.count == 1)
    let detection = try #require(play.found.values.first)
    #expect(detection.startSeconds == 16)
    #expect(detection.confirmedSeconds == 18)
}

@Test(arguments: [(0.1, LookKind.full), (2.0, .key)])
func aBlobInASingleLookIsNeverConfirmed(dt: Double, kind: LookKind) {
    var play = Play()
    play.play(for: 16, every: dt, kind: kind)
    play.play(for: dt, every: dt, kind: kind) { _ in [LumaScene.Thing(x: 40, y: 20, width: 16, height: 16, brightness: 220)] }
    play.play(for: 12, every: dt, kind: kind)
    #expect(play.found.isEmpty)
    // A single key look is all that can be seen of something quick, so it is recorded; at full rate it is sensor noise.
    #expect(play.suppressed(.unconfirmed) == (kind == .key))
}

@Test(arguments: [(0.7, 0.0), (1.4, 0.0), (1.0, 40.0), (0.8, 30.0)])
func aStepOfExposureIsNoEvent(gain: Double, offset: Double) {
    var play = Play()
    play.play(for: 12, every: 0.1)
    play.play(for: 15, every: 0.1, gain: gain, offset: offset)
    #expect(play.found.isEmpty)
    #expect(play.last.foreground < 0.01)
    play.play(for: 4, every: 0.1, gain: gain, offset: offset) { vehicle($0, crossing: 4) }
    #expect(play.found.count == 1, "and what moves in the new light is found")
}

@Test func aChangeOfTheWholePictureHoldsAndRelearns() {
    var play = Play()
    play.play(for: 12, every: 0.1)
    // Inverted and upside down: no gain and offset explain that, and no edge stays where it was.
    for look in 0..<100 {
        let inverted = play.scene.picture().reversed().map { 255 - $0 }
        play.look(at: inverted, atSeconds: 12 + Double(look) * 0.1, .full)
    }
    #expect(play.found.isEmpty)
    #expect(play.suppressed(.global))
    #expect(play.states == [.warmup, .normal, .lightHold, .normal])
    #expect(play.last.foreground < 0.01)
}

@Test func aParkedVehicleIsAbsorbedAfterAMinuteAndItsHoleIsNoEvent() throws {
    var play = Play()
    let parked = LumaScene.Thing(x: 48, y: 20, width: 18, height: 12, brightness: 210)
    play.play(for: 12, every: 0.2)
    play.play(for: 3, every: 0.2) { [LumaScene.Thing(x: -18 + Int($0 / 3 * 66), y: 20, width: 18, height: 12, brightness: 210)] }
    play.play(for: 40, every: 0.2) { _ in [parked] }
    #expect(play.last.detections.count == 1, "still the same track")
    play.play(for: 60, every: 0.2) { _ in [parked] }
    #expect(play.last.detections.isEmpty)
    #expect(play.last.foreground < 0.002)
    let detection = try #require(play.found.values.max { $0.lastSeconds < $1.lastSeconds })
    #expect((60...100).contains(detection.lastSeconds - 15))
    let before = play.found.count
    // It leaves from one look to the next, as at key pictures: only a hole is left.
    play.play(for: 6, every: 0.2)
    #expect(play.found.count == before)
    #expect(play.suppressed(.ghost))
    #expect(play.last.foreground < 0.002)
}

@Test func flutteringLeavesAreNoEvent() {
    var play = Play()
    let leaves = { (t: Double) -> [LumaScene.Thing] in
        (0..<6).map { index in
            let sway = Int((t * 3 + Double(index) * 1.7).truncatingRemainder(dividingBy: 2) * 3)
            return LumaScene.Thing(x: 55 + index % 3 * 10 + sway, y: 8 + index / 3 * 10, width: 7, height: 7, brightness: 30)
        }
    }
    play.play(for: 60, every: 0.1, leaves)
    #expect(play.found.isEmpty)
}

@Test func strongSensorNoiseIsNoEvent() {
    var play = Play()
    play.play(for: 60, every: 0.2, noiseLevels: 40)
    #expect(play.found.isEmpty)
}

@Test func zonesDecideWhatIsReported() throws {
    let upper = Zone(name: "upper", corners: [.init(x: 0, y: 0), .init(x: 1, y: 0), .init(x: 1, y: 0.3), .init(x: 0, y: 0.3)])
    let middle = Zone(
        name: "middle", corners: [.init(x: 0.4, y: 0.3), .init(x: 0.7, y: 0.3), .init(x: 0.7, y: 0.9), .init(x: 0.4, y: 0.9)])
    var play = Play()
    play.detector = MotionDetector(.standard, areas: PictureAreas(zones: [upper, middle]))
    play.play(for: 12, every: 0.1)
    play.play(for: 5, every: 0.1) { vehicle($0, crossing: 5) }
    play.play(for: 3, every: 0.1)
    let detection = try #require(play.found.values.first)
    #expect(play.found.count == 1)
    #expect(detection.zones == ["middle"])
    #expect(detection.startSeconds > 13, "it was followed before, but counts from the zone on")
    #expect(detection.box.x >= 0.38 && detection.box.x + detection.box.width <= 0.72)

    play = Play()
    play.detector = MotionDetector(.standard, areas: PictureAreas(zones: [upper]))
    play.play(for: 12, every: 0.1)
    play.play(for: 5, every: 0.1) { vehicle($0, crossing: 5) }
    #expect(play.found.isEmpty)
    #expect(play.suppressions.isEmpty)
}

@Test func aTrackBegunAtKeyLooksGoesOnAtFullRate() {
    var play = Play()
    play.play(for: 16, every: 2, kind: .key)
    play.play(for: 2, every: 2, kind: .key) { vehicle($0 + 1, crossing: 8) }
    #expect(play.last.hasCandidate, "a look at full rate would settle it")
    #expect(play.found.isEmpty)
    play.play(for: 3, every: 0.1) { vehicle($0 + 3, crossing: 8) }
    #expect(play.found.count == 1)
}

@Test func whatMovedFromTheFirstPictureOnLeavesNoHoleThatHidesTheNextThing() {
    var play = Play()
    // Two vehicles one after the other from the first picture on; the first one stands in the only background there is.
    play.play(for: 4, every: 0.1) { t in
        [0, 2].map { begin in LumaScene.Thing(x: 30 + Int((t - begin) * 40), y: 20, width: 14, height: 12, brightness: 210) }
    }
    // The first one has left by 1.7 s. It may be found; the second one must be.
    #expect((1...2).contains(play.found.count))
    #expect(play.found.values.contains { $0.lastSeconds > 2.5 })
}

@Test func anInsectThatDartsPastIsNoEvent() {
    var play = Play()
    play.play(for: 12, every: 0.08)
    play.play(for: 0.9, every: 0.08) { t in [LumaScene.Thing(x: Int(t * 100), y: 20, width: 3, height: 3, brightness: 250)] }
    play.play(for: 3, every: 0.08)
    #expect(play.found.isEmpty)
    // As large as a walker and as fast as one, it is.
    play.play(for: 4, every: 0.08) { t in [LumaScene.Thing(x: Int(t * 20), y: 20, width: 6, height: 14, brightness: 250)] }
    #expect(play.found.count == 1)
}

@Test func aTrackOutlivesTheReturnToKeyLooks() {
    var play = Play()
    play.play(for: 12, every: 0.1)
    play.play(for: 2, every: 0.1) { vehicle($0, crossing: 10) }
    #expect(play.found.count == 1)
    play.play(for: 6, every: 2, kind: .key) { vehicle($0 + 2, crossing: 10) }
    #expect(play.found.count == 1, "the same thing, though no look came for two seconds")
}
