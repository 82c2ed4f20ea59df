// Cameras that are hindered, each kind at full rate and at key looks, and scenes in which nothing of it may be said.

@testable import Detectors
import Domain
import TestKit
import Testing

/// A camera on which something is done to its picture for a while.
private struct Watched {
    static let before = 20.0
    static let during = 30.0
    var scene = LumaScene(width: 160, height: 90, seed: 5, gravelLevels: 24)
    var detector = MotionDetector(.standard)
    var changes: [TamperChange] = []
    var incidents = 0

    /// Plays `before` seconds as it should be, `during` seconds tampered with, and forty seconds as it should be.
    mutating func play(every dt: Double, kind: LookKind, _ tampered: (inout LumaScene, Double) -> [UInt8]) {
        let end = Self.before + Self.during + 40
        var seconds = 0.0
        var last: [UInt8] = []
        while seconds < end {
            let isTampered = seconds >= Self.before && seconds < Self.before + Self.during
            let picture = isTampered ? tampered(&scene, seconds - Self.before) : scene.picture()
            last = picture.isEmpty ? last : picture
            let isKey = kind == .key || Int((seconds / dt).rounded()) % Int((2 / dt).rounded()) == 0
            let examination = detector.examine(last.span, scene.shape, atSeconds: seconds, kind: kind, isKeyPicture: isKey)
            changes += examination.tamperChanges
            incidents += examination.detections.count
            seconds += dt
        }
    }
}

/// What is done to a picture, by kind; an empty picture repeats the one before.
private func tamper(_ tamper: Tamper) -> (inout LumaScene, Double) -> [UInt8] {
    switch tamper {
    case .black: { scene, _ in scene.picture(gain: 0, offset: 16, noiseLevels: 0) }
    case .blinded: { scene, _ in scene.picture(gain: 0.05, offset: 236) }
    case .covered: { scene, _ in scene.picture(gain: 0, offset: 60, noiseLevels: 3) }
    case .defocused: { scene, _ in blurred(scene.picture(), scene.shape) }
    case .moved: { scene, _ in shifted(scene.picture(), scene.shape, by: 13) }
    case .frozen: { _, _ in [] }
    }
}

private func blurred(_ picture: [UInt8], _ shape: PlaneShape) -> [UInt8] {
    var source = picture.map(Int.init)
    for step in [1, shape.stride] {
        var result = source
        for i in 3 * step..<source.count - 3 * step {
            var sum = 0
            for k in -3...3 { sum += source[i + k * step] }
            result[i] = sum / 7
        }
        source = result
    }
    return source.map { UInt8($0) }
}

private func shifted(_ picture: [UInt8], _ shape: PlaneShape, by samples: Int) -> [UInt8] {
    picture.indices.map { picture[min(picture.count - 1, $0 + samples + samples / 2 * shape.stride)] }
}

@Test(arguments: Tamper.allCases, [(0.25, LookKind.full), (2.0, .key), (5.0, .key)])
func tamperingIsFoundAndEndsByItself(kind: Tamper, rate: (dt: Double, kind: LookKind)) throws {
    var watched = Watched()
    watched.play(every: rate.dt, kind: rate.kind, tamper(kind))
    let set = try #require(watched.changes.first, "nothing was found")
    #expect(set.tamper == kind)
    #expect(set.isSet)
    let delay = set.atSeconds - Watched.before
    #expect(rate.kind == .full ? delay <= 15 : delay <= 4 * rate.dt, "after \(delay) s")
    let cleared = try #require(watched.changes.dropFirst().first { $0.tamper == kind && !$0.isSet })
    #expect(cleared.atSeconds - Watched.before - Watched.during <= max(15, 4 * rate.dt))
    #expect(watched.detector.tamper == nil)
    #expect(watched.changes.count == 2, "\(watched.changes)")
    #expect(watched.incidents == 0)
}

@Test func aNewViewIsLearntAfterAMinute() {
    var scene = LumaScene(width: 160, height: 90, seed: 5, gravelLevels: 24)
    var detector = MotionDetector(.standard)
    var changes: [TamperChange] = []
    for look in 0..<600 {
        let seconds = Double(look) * 0.2
        let picture = scene.picture()
        let shown = seconds < 20 ? picture : shifted(picture, scene.shape, by: 13)
        changes += detector.examine(shown.span, scene.shape, atSeconds: seconds, kind: .full).tamperChanges
    }
    #expect(changes.map(\.tamper) == [.moved, .moved])
    #expect(changes.map(\.isSet) == [true, false])
    #expect(changes.last.map { (80...105).contains($0.atSeconds) } == true)
}

@Test(arguments: [(0.2, LookKind.full), (2.0, .key)])
func whatHappensToEveryCameraIsNoTampering(dt: Double, kind: LookKind) {
    let happenings: [(String, (inout LumaScene, Double) -> [UInt8])] = [
        ("quiet", { scene, _ in scene.picture() }),
        ("night noise", { scene, _ in scene.picture(gain: 0.3, noiseLevels: 24) }),
        ("a lamp goes out", { scene, _ in scene.picture(gain: 0.15) }),
        ("a lamp goes on", { scene, _ in scene.picture(gain: 1.5, offset: 20) }),
        ("clouds", { scene, t in scene.picture(gain: 0.8 + 0.2 * (t / 5).rounded(.down).truncatingRemainder(dividingBy: 2)) }),
        ("dusk", { scene, t in scene.picture(gain: 1 - t / 50) }),
        (
            "a lorry stops",
            { scene, t in
                scene.picture([.init(x: -75 + Int(min(t, 6) * 15), y: 15, width: 75, height: 60, brightness: 190)])
            }
        ),
    ]
    for (name, happening) in happenings {
        var watched = Watched()
        watched.play(every: dt, kind: kind, happening)
        #expect(watched.changes.isEmpty, "\(name): \(watched.changes)")
    }
}

@Test func picturesThatAreNotKeyPicturesMayRepeat() {
    var scene = LumaScene(width: 96, height: 54, seed: 2)
    var detector = MotionDetector(.standard)
    var picture: [UInt8] = []
    for look in 0..<200 {
        // A static scene at a low bit rate: predicted pictures say "as before" until the next key picture.
        if look % 50 == 0 { picture = scene.picture() }
        let examination = detector.examine(
            picture.span, scene.shape, atSeconds: Double(look) * 0.2, kind: .full, isKeyPicture: look % 50 == 0)
        #expect(examination.tamperChanges.isEmpty)
    }
}

@Test func theViewOutlivesAReconnection() {
    var scene = LumaScene(width: 160, height: 90, seed: 5, gravelLevels: 24)
    var detector = MotionDetector(.standard)
    var changes: [TamperChange] = []
    for look in 0..<300 {
        let seconds = Double(look) * 0.2
        if look == 100 { detector.reset() }
        let picture = scene.picture()
        let shown = look < 100 ? picture : shifted(picture, scene.shape, by: 13)
        changes += detector.examine(shown.span, scene.shape, atSeconds: seconds, kind: .full).tamperChanges
    }
    #expect(changes.first?.tamper == .moved, "it was turned while nobody looked")
}
