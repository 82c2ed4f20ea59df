// When the detector starts over, and pictures that no camera should send.

@testable import Detectors
import Domain
import TestKit
import Testing

private func examine(_ detector: inout MotionDetector, _ scene: inout LumaScene, atSeconds: Double, thing: Int? = nil) -> Examination {
    let things = thing.map { [LumaScene.Thing(x: $0, y: 10, width: 24, height: 24, brightness: 220)] } ?? []
    let picture = scene.picture(things)
    return detector.examine(picture.span, scene.shape, atSeconds: atSeconds, kind: .full)
}

private func warmDetector(_ scene: inout LumaScene) -> MotionDetector {
    var detector = MotionDetector(.standard)
    for look in 0..<30 { _ = examine(&detector, &scene, atSeconds: Double(look) * 0.1) }
    return detector
}

@Test func aQuietSceneIsKnownSoonABusyOneAfterTenSeconds() {
    var scene = LumaScene(width: 96, height: 64, seed: 3)
    var quiet = MotionDetector(.standard)
    var readySeconds: Double?
    for look in 0..<200 {
        let t = Double(look) * 0.1
        if examine(&quiet, &scene, atSeconds: t).state == .normal, readySeconds == nil { readySeconds = t }
    }
    #expect(readySeconds.map { abs($0 - 1.5) < 0.15 } == true)

    var busy = MotionDetector(.standard)
    readySeconds = nil
    var notes: [Suppression] = []
    for look in 0..<200 {
        let t = Double(look) * 0.1
        let examination = examine(&busy, &scene, atSeconds: t, thing: look * 7 % 70)
        notes += examination.suppressions
        if examination.state == .normal, readySeconds == nil { readySeconds = t }
    }
    #expect(readySeconds.map { abs($0 - 10) < 0.15 } == true)
    #expect(notes.contains { $0.reason == .warmup })
}

@Test(arguments: [13.1, 2.9, 1.0, -5.0])
func aHoleInTimeOrAStepBackStartsOver(nextSeconds: Double) {
    var scene = LumaScene(width: 96, height: 64, seed: 4)
    var detector = warmDetector(&scene)
    #expect(detector.state == .normal)
    #expect(examine(&detector, &scene, atSeconds: nextSeconds).state == .warmup)
}

@Test func aHoleOfLessThanTenSecondsDoesNot() {
    var scene = LumaScene(width: 96, height: 64, seed: 4)
    var detector = warmDetector(&scene)
    #expect(examine(&detector, &scene, atSeconds: 12.5).state == .normal)
}

@Test func looksTwelveSecondsApartAreSlowAndNotBroken() {
    var scene = LumaScene(width: 96, height: 64, seed: 5)
    var detector = MotionDetector(.standard)
    var last = DetectorState.warmup
    for look in 0..<8 { last = examine(&detector, &scene, atSeconds: Double(look) * 12).state }
    #expect(last == .normal)
}

@Test func anotherSizeOrAResetStartsOver() {
    var scene = LumaScene(width: 96, height: 64, seed: 6)
    var other = LumaScene(width: 64, height: 96, seed: 6)
    var detector = warmDetector(&scene)
    #expect(examine(&detector, &other, atSeconds: 3).state == .warmup)
    detector = warmDetector(&scene)
    detector.reset()
    #expect(examine(&detector, &scene, atSeconds: 3).state == .warmup)
}

@Test(arguments: [(1, 1), (1, 2), (2, 1), (3, 3), (7, 1), (160, 1), (1, 120), (1, 4000), (4000, 1), (161, 121), (319, 241)])
func oddSizesAreHarmless(width: Int, height: Int) {
    var scene = LumaScene(width: width, height: height, seed: 8)
    var detector = MotionDetector(.standard)
    for look in 0..<40 {
        let t = Double(look) * 0.5
        let thing = LumaScene.Thing(x: look % 5, y: 0, width: width, height: height, brightness: look % 2 * 200)
        let picture = scene.picture([thing])
        let examination = detector.examine(picture.span, scene.shape, atSeconds: t, kind: .full)
        #expect((0...1).contains(examination.foreground))
        if CellGrid(scene.shape).count == 0 { #expect(examination.state == .unusable) }
    }
}

@Test func aTimeThatIsNoNumberIsRefusedAndForgotten() {
    var scene = LumaScene(width: 96, height: 64, seed: 9)
    var detector = warmDetector(&scene)
    #expect(examine(&detector, &scene, atSeconds: .nan).state == .unusable)
    #expect(examine(&detector, &scene, atSeconds: .infinity).state == .unusable)
    #expect(examine(&detector, &scene, atSeconds: 4).state == .warmup)
}

@Test func oneScratchServesManyCameras() {
    var scenes = [
        LumaScene(width: 96, height: 64, seed: 1), LumaScene(width: 320, height: 240, seed: 2), LumaScene(width: 40, height: 40, seed: 3),
    ]
    var shared = [MotionDetector](repeating: MotionDetector(.standard), count: 3)
    var own = shared
    var scratch = MotionScratch()
    for look in 0..<60 {
        for index in scenes.indices {
            let t = Double(look) * 0.1
            let thing = LumaScene.Thing(x: look, y: 5, width: 24, height: 24, brightness: 220)
            let picture = scenes[index].picture(look > 30 ? [thing] : [])
            let a = shared[index].examine(picture.span, scenes[index].shape, atSeconds: t, kind: .full, scratch: &scratch)
            let b = own[index].examine(picture.span, scenes[index].shape, atSeconds: t, kind: .full)
            #expect(a.foreground == b.foreground)
            #expect(a.detections == b.detections)
        }
    }
}
