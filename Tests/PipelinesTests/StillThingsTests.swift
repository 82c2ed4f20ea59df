// What came and stays, by the table in StillThings.swift and with the detector on drawn pictures.

import Base
import Detectors
import Domain
@testable import Pipelines
import TestKit
import Testing

private func track(_ x: Double, since: Double, at seconds: Double) -> Detection {
    Detection(
        kind: .motion, startSeconds: since, confirmedSeconds: since + 1, lastSeconds: seconds,
        box: RelativeBox(x: 0, y: 0.4, width: x + 0.2, height: 0.2), score: 70, reason: ["moved"],
        lastBox: RelativeBox(x: x, y: 0.4, width: 0.2, height: 0.2), zones: ["lane"])
}

/// Looks each second; returns when `changed_static` was said.
private func play(_ seconds: ClosedRange<Int>, _ things: inout StillThings, _ tracks: (Double) -> [Detection], ghost: RelativeBox? = nil)
    -> [Int]
{
    seconds.filter { second in
        var examination = Examination(state: .normal)
        examination.detections = tracks(Double(second))
        if let ghost, second == seconds.lowerBound {
            examination.suppressions = [Suppression(reason: .ghost, box: ghost, note: "", atSeconds: Double(second))]
        }
        var look = examination.detections
        things.note(examination, atSeconds: Double(second), into: &look)
        return look.contains { $0.kind == .changedStatic && $0.zones == ["lane"] }
    }
}

@Test func whatStopsIsStillAfterTenSecondsAndWhatMovesNever() {
    var things = StillThings()
    #expect(play(0...60, &things) { [track($0 * 0.02, since: 0, at: $0)] } == [], "it moves a tenth of itself each second")
    things.forget()
    #expect(play(0...30, &things) { [track(min($0, 10) * 0.05, since: 0, at: $0)] } == Array(20...30))
}

@Test func whatTheDetectorHasLearntIsBelievedUntilAHoleIsSeen() {
    var things = StillThings()
    _ = play(0...70, &things) { [track(0.4, since: 0, at: $0)] }
    #expect(play(71...600, &things, { _ in [] }) == Array(71...600), "no track any more, and nothing left")
    let place = RelativeBox(x: 0.41, y: 0.4, width: 0.2, height: 0.2)
    #expect(play(601...610, &things, { _ in [] }, ghost: RelativeBox(x: 0.8, y: 0.1, width: 0.1, height: 0.1)) == Array(601...610))
    #expect(play(611...620, &things, { _ in [] }, ghost: place) == [])
}

@Test func whatVanishesSoonHasGoneAndNothingIsBelievedForEver() {
    var short = StillThings()
    _ = play(0...30, &short) { [track(0.4, since: 0, at: $0)] }
    #expect(play(31...60, &short, { _ in [] }) == Array(31...40))
    var long = StillThings()
    _ = play(0...70, &long) { [track(0.4, since: 0, at: $0)] }
    #expect(play(3590...3610, &long, { _ in [] }) == Array(3590...3600))
}

@Test func aVehicleThatParksIsFoundThroughTheDetector() {
    let detection = DetectionMatch(.changedStatic, zone: nil)
    let rule = Rule(
        name: "parked", when: .timed(.detection(detection), Timing(forSeconds: 90)), emit: Emission(category: "x", priority: .three))
    var watch = CameraWatch(CameraPlan(Pipeline(name: "p", rules: [rule])))
    var detector = MotionDetector(.standard)
    var scene = LumaScene(width: 128, height: 72, seed: 5)
    var opened: [Double] = []
    for index in 0..<300 {
        let t = Double(index)
        let x = min(60, -20 + Int((t - 20) * 8))
        let picture = scene.picture(t >= 20 ? [.init(x: x, y: 28, width: 24, height: 16, brightness: 210)] : [])
        let examination = detector.examine(picture.span, scene.shape, atSeconds: t, kind: .key)
        let events = watch.note(examination, tags: [], atSeconds: t, wall: WallTime(millisecondsSince1970: 0)).events
        opened += events.filter { $0.kind == .opened }.map(\.startSeconds)
        if events.contains(where: { $0.kind == .opened }) {
            #expect((110...140).contains(t), "at rest from 30 s on, for 90 s; said at \(t)")
        }
    }
    #expect(opened.count == 1)
}
