// Cameras that are hindered, each kind at full rate and at key looks, and scenes in which nothing of it may be said.

@testable import Detectors
import Domain
import TestKit
import Testing

/// By what light a camera sees.
private enum Light: CaseIterable {
    case day, night

    var gain: Double { self == .day ? 1 : 0.6 }
    var noiseLevels: Int { self == .day ? 2 : 6 }
    /// Infrared has no colour; neither has what hides the place.
    var chroma: Double { self == .day ? 12 : 0.4 }
}

/// A camera on which something is done to its picture for a while. Cells are of two by two samples, so that noise is partly averaged out.
private struct Watched {
    static let before = 20.0
    static let during = 30.0
    let light: Light
    var scene = LumaScene(width: 162, height: 92, seed: 5, gravelLevels: 8)
    private var blurred: LumaScene
    var detector = MotionDetector(.standard)
    var changes: [TamperChange] = []
    /// When detections were reported.
    var reported: Set<Double> = []
    /// Pictures of each state, each with other noise; drawing one costs more than examining it.
    private var pictures: [Bool: [[UInt8]]] = [:]
    private var looks = 0

    init(_ light: Light) {
        self.light = light
        blurred = scene.outOfFocus(radius: 8)
    }

    /// Plays `before` seconds as it should be, `during` seconds tampered with, and forty seconds as it should be. At full rate the
    /// stretches in which something is waited for have 25 pictures a second, the others five.
    mutating func play(every dt: Double, kind: LookKind, _ tamper: Tamper) {
        var seconds = 0.0
        var lastKey = -Double.infinity
        var last: [UInt8] = []
        while seconds < Self.before + Self.during + 40 {
            let isTampered = seconds >= Self.before && seconds < Self.before + Self.during
            if !isTampered || tamper != .frozen { last = picture(isTampered ? tamper : nil) }
            let isKey = kind == .key || seconds >= lastKey + 1.99
            if isKey { lastKey = seconds }
            let isColourless = isTampered && [.black, .blinded, .covered].contains(tamper)
            let examination = detector.examine(
                last.span, scene.shape, atSeconds: seconds, kind: kind, isKeyPicture: isKey, chroma: isColourless ? 0.3 : light.chroma)
            changes += examination.tamperChanges
            if !examination.detections.isEmpty { reported.insert(seconds.rounded()) }
            looks += 1
            let isAwaited = changes.isEmpty && seconds > Self.before - 1 || changes.count == 1 && seconds > Self.before + Self.during - 1
            seconds += kind == .full && !isAwaited ? 0.5 : dt
        }
    }

    private mutating func picture(_ tamper: Tamper?) -> [UInt8] {
        if pictures[tamper != nil] == nil { pictures[tamper != nil] = (0..<7).map { _ in draw(tamper) } }
        return pictures[tamper != nil]![looks % 7]
    }

    private mutating func plain() -> [UInt8] { scene.picture(gain: light.gain, noiseLevels: light.noiseLevels) }

    private mutating func draw(_ tamper: Tamper?) -> [UInt8] {
        switch tamper {
        case nil, .frozen: return plain()
        case .black: return scene.picture(gain: 0, offset: 16, noiseLevels: 0)
        case .blinded: return scene.picture(gain: 0.05, offset: 236)
        case .covered:
            // A cloth that is lit from one side, by day darker than the street and by night brighter.
            let cloth = scene.picture(gain: 0, offset: 55, noiseLevels: light.noiseLevels)
            return cloth.indices.map { cloth[$0] + UInt8($0 % scene.shape.stride * 16 / scene.shape.stride) }
        case .defocused: return blurred.picture(gain: light.gain, noiseLevels: light.noiseLevels)
        case .moved: return shifted(plain(), scene.shape, by: 26)
        }
    }
}

private func shifted(_ picture: [UInt8], _ shape: PlaneShape, by samples: Int) -> [UInt8] {
    picture.indices.map { picture[min(picture.count - 1, $0 + samples + samples / 2 * shape.stride)] }
}

@Test(arguments: Tamper.allCases.flatMap { kind in Light.allCases.map { (kind, $0) } }, [(0.04, LookKind.full), (2.0, .key), (5.0, .key)])
private func tamperingIsFoundAndEndsByItself(what: (kind: Tamper, light: Light), rate: (dt: Double, kind: LookKind)) throws {
    var watched = Watched(what.light)
    watched.play(every: rate.dt, kind: rate.kind, what.kind)
    let set = try #require(watched.changes.first, "nothing was found")
    #expect(set.tamper == what.kind)
    #expect(set.isSet)
    let delay = set.atSeconds - Watched.before
    #expect(rate.kind == .full ? delay <= 15 : delay <= 4 * rate.dt, "after \(delay) s")
    let cleared = try #require(watched.changes.dropFirst().first { $0.tamper == what.kind && !$0.isSet })
    let left = cleared.atSeconds - Watched.before - Watched.during
    #expect((0...max(15, 4 * rate.dt)).contains(left), "cleared after \(left) s")
    #expect(watched.detector.tamper == nil)
    #expect(watched.changes.count == 2, "\(watched.changes)")
    #expect(watched.reported.isEmpty, "\(watched.reported.sorted())")
}

@Test func aFrozenPictureIsFoundWhateverIsPredictedBetweenItsKeyPictures() {
    var scene = LumaScene(width: 96, height: 54, seed: 3)
    var detector = MotionDetector(.standard)
    var changes: [TamperChange] = []
    let frozen = scene.picture()
    for look in 0..<400 {
        let isKey = look % 20 == 0
        let shown = look < 100 || look >= 300 || !isKey ? scene.picture() : frozen
        changes += detector.examine(shown.span, scene.shape, atSeconds: Double(look) / 10, kind: .full, isKeyPicture: isKey).tamperChanges
    }
    #expect(changes.map(\.tamper) == [.frozen, .frozen])
    #expect(changes.first.map { $0.atSeconds <= 10 + 8 } == true)
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
        var scene = LumaScene(width: 160, height: 90, seed: 5, gravelLevels: 24)
        var detector = MotionDetector(.standard)
        var changes: [TamperChange] = []
        for look in 0..<Int(90 / dt) {
            let seconds = Double(look) * dt
            let picture = (20..<50).contains(seconds) ? happening(&scene, seconds - 20) : scene.picture()
            let isKey = kind == .key || look % Int(2 / dt) == 0
            changes += detector.examine(picture.span, scene.shape, atSeconds: seconds, kind: kind, isKeyPicture: isKey).tamperChanges
        }
        #expect(changes.isEmpty, "\(name): \(changes)")
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

@Test(arguments: [(0.1, LookKind.full, 2.0), (2.0, .key, 6.0)])
func whatMovesInAPictureThatWasTheSameForLongIsFoundAtOnce(dt: Double, kind: LookKind, limitSeconds: Double) throws {
    // A camera without noise: its key pictures are the same until something comes.
    var scene = LumaScene(width: 160, height: 90, seed: 5, gravelLevels: 8)
    var detector = MotionDetector(.standard)
    var changes: [TamperChange] = []
    var foundSeconds: Double?
    for look in 0..<Int(44 / dt) {
        let seconds = Double(look) * dt
        let walker = LumaScene.Thing(x: -10 + Int((seconds - 30) * 6), y: 30, width: 10, height: 24, brightness: 220)
        let picture = scene.picture(seconds < 30 ? [] : [walker], noiseLevels: 0)
        let isKey = kind == .key || look % Int(2 / dt) == 0
        let examination = detector.examine(picture.span, scene.shape, atSeconds: seconds, kind: kind, isKeyPicture: isKey)
        changes += examination.tamperChanges
        if !examination.detections.isEmpty, foundSeconds == nil { foundSeconds = seconds }
    }
    #expect(changes.map(\.tamper) == [.frozen, .frozen])
    #expect(try #require(changes.last).atSeconds < 30 + max(1, 1.1 * dt))
    #expect(try #require(foundSeconds) <= 30 + limitSeconds)
}
