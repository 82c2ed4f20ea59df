// Pictures that decoding made up, rain, darkness, night vision, and parts that nobody looks at.

@testable import Detectors
import Domain
import TestKit
import Testing

private struct Looks {
    var scene = LumaScene(width: 192, height: 108, seed: 31)
    var detector = MotionDetector(.standard)
    var seconds = 0.0
    var detections = 0
    var suppressions: [Suppression] = []
    var states: Set<DetectorState> = []
    var qualities: Set<PictureQuality> = []
    var last = Examination()

    mutating func look(_ picture: [UInt8], every dt: Double = 0.1, kind: LookKind = .full, chroma: Double? = nil) {
        last = detector.examine(picture.span, scene.shape, atSeconds: seconds, kind: kind, chroma: chroma)
        seconds += dt
        detections += last.detections.count
        suppressions += last.suppressions
        states.insert(last.state)
        qualities.insert(last.quality)
    }

    mutating func play(_ looks: Int, chroma: Double? = nil, _ things: (Int) -> [LumaScene.Thing] = { _ in [] }) {
        for index in 0..<looks { look(scene.picture(things(index)), chroma: chroma) }
    }

    func suppressed(_ reason: SuppressionReason) -> Bool { suppressions.contains { $0.reason == reason } }
}

private func vehicle(_ index: Int) -> LumaScene.Thing {
    LumaScene.Thing(x: -24 + index * 5, y: 50, width: 24, height: 16, brightness: 210)
}

@Test(arguments: [128, 126, 131])
func aGreyFloodIsNoEventAndLeavesTheBackground(level: Int) {
    var looks = Looks()
    looks.play(120)
    for _ in 0..<20 {
        var picture = looks.scene.picture()
        // The lower half was predicted from a picture that never came.
        for i in picture.count / 2..<picture.count { picture[i] = UInt8(level) }
        looks.look(picture)
        #expect(looks.last.quality == .greyFlood)
    }
    looks.play(20)
    #expect(looks.last.foreground < 0.002)
    #expect(looks.detections == 0)
}

@Test func aSmearIsNoEventAndLeavesTheBackground() {
    var looks = Looks()
    let stride = looks.scene.shape.stride
    // Without texture a smear could not be seen.
    looks.scene = LumaScene(width: 192, height: 108, seed: 31, gravelLevels: 40)
    for _ in 0..<120 { looks.look(looks.scene.picture()) }
    for _ in 0..<20 {
        var picture = looks.scene.picture()
        for y in 60..<looks.scene.shape.height { for x in 0..<stride { picture[y * stride + x] = picture[59 * stride + x] } }
        looks.look(picture)
        #expect(looks.last.quality == .smear)
    }
    for _ in 0..<20 { looks.look(looks.scene.picture()) }
    #expect(looks.last.foreground < 0.002)
    #expect(looks.detections == 0)
}

@Test func whatLooksBadForTenSecondsIsWhatTheCameraSees() {
    var looks = Looks()
    looks.play(120)
    for _ in 0..<900 {
        var picture = looks.scene.picture()
        for i in picture.count / 2..<picture.count { picture[i] = 128 }
        looks.look(picture)
    }
    #expect(looks.last.quality == .good)
}

@Test func theFirstSecondsAfterAReconnectionAreNotLookedAt() {
    var looks = Looks()
    looks.play(120)
    looks.detector.reset()
    for _ in 0..<20 {
        // Pieces of pictures, another at every look.
        looks.look(
            looks.scene.picture((0..<9).map { .init(x: $0 * 21, y: Int(looks.seconds * 37) % 90, width: 16, height: 16, brightness: 230) }))
        #expect(looks.last.quality == .settling)
    }
    looks.play(60)
    #expect(looks.last.state == .normal)
    #expect(looks.detections == 0)
}

@Test func theFirstPicturesOfAllAreLookedAtAtOnce() {
    var looks = Looks()
    looks.play(30)
    #expect(!looks.qualities.contains(.settling))
}

/// Streaks at random places, another set at every look.
private func rain(_ index: Int, _ drops: Int) -> [LumaScene.Thing] {
    (0..<drops).map {
        let place = (index * 7919 + $0 * 104_729) % 20_000
        return .init(x: place % 190, y: place / 190, width: 2, height: 6, brightness: 220)
    }
}

@Test(arguments: [(0.1, LookKind.full), (2.0, .key)])
func rainIsNoEventAndAVehicleInItIs(dt: Double, kind: LookKind) {
    var looks = Looks()
    for index in 0..<150 { looks.look(looks.scene.picture(rain(index, 40)), every: dt, kind: kind) }
    #expect(looks.states.contains(.precipitation))
    #expect(looks.suppressed(.precipitation))
    #expect(looks.detections == 0)
    // A large vehicle, slow enough to be seen for some looks.
    for index in 0..<50 {
        let thing = LumaScene.Thing(x: -40 + index * 4, y: 40, width: 44, height: 30, brightness: 215)
        looks.look(looks.scene.picture(rain(index, 40) + [thing]), every: dt, kind: kind)
    }
    #expect(looks.detections > 0)
    for _ in 0..<400 { looks.look(looks.scene.picture(), every: dt, kind: kind) }
    #expect(looks.last.state == .normal, "and it ends")
}

@Test func darknessAsksForStrongerChanges() {
    var looks = Looks()
    for _ in 0..<120 { looks.look(looks.scene.picture(gain: 0.12)) }
    #expect(looks.last.state == .dark)
    let faint = { (index: Int) in LumaScene.Thing(x: index * 3, y: 30, width: 30, height: 20, brightness: 255) }
    for index in 0..<40 { looks.look(looks.scene.picture([faint(index)], gain: 0.12)) }
    #expect(looks.detections == 0, "15 levels are noise in the dark")
    for _ in 0..<200 { looks.look(looks.scene.picture()) }
    #expect(looks.last.state == .normal)
}

@Test(arguments: [(12.0, 0.5), (nil as Double?, nil as Double?)])
func anInfraredSwitchIsHeldAndNoEvent(colour: Double?, infrared: Double?) {
    var looks = Looks()
    looks.play(150, chroma: colour)
    // Foliage glows, tar goes dark: no gain and offset explain that, but every edge stays.
    for _ in 0..<200 {
        looks.look(looks.scene.picture().map { UInt8(max(0, min(255, 250 - Int($0)))) }, chroma: infrared)
    }
    #expect(looks.states.contains(.infraredSwitch))
    #expect(looks.suppressed(.infraredSwitch))
    #expect(looks.detections == 0)
    #expect(looks.last.state == .normal)
    #expect(looks.last.tamper == nil)
    #expect(looks.last.foreground < 0.01)
}

@Test func chromaInBetweenIsNoSwitch() {
    var looks = Looks()
    for index in 0..<300 { looks.look(looks.scene.picture(), chroma: 2.5 + Double(index % 3) * 0.6) }
    #expect(!looks.states.contains(.infraredSwitch))
}

// MARK: masks

private func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Zone {
    Zone(
        name: "m",
        corners: [.init(x: x, y: y), .init(x: x + width, y: y), .init(x: x + width, y: y + height), .init(x: x, y: y + height)])
}

@Test func nothingUnderAMaskIsReported() {
    var looks = Looks()
    looks.detector = MotionDetector(.standard, areas: PictureAreas(masks: [box(0, 0.4, 1, 0.3)]))
    looks.play(120)
    looks.play(60) { [vehicle($0)] }
    #expect(looks.detections == 0)
    #expect(looks.suppressions.isEmpty)
    looks.play(60) { [.init(x: -24 + $0 * 5, y: 84, width: 24, height: 16, brightness: 210)] }
    #expect(looks.detections > 0, "and beside it everything is")
}

/// Whatever happens under a privacy mask, the detector says and remembers the same to the last bit.
@Test func aPrivacyMaskIsBlind() {
    let areas = PictureAreas(privacyMasks: [box(0.3, 0.3, 0.333, 0.301)])
    var calm = Looks()
    var wild = Looks()
    calm.detector = MotionDetector(.standard, areas: areas)
    wild.detector = MotionDetector(.standard, areas: areas)
    for index in 0..<250 {
        let things = index > 150 ? [vehicle(index - 150)] : []
        let picture = calm.scene.picture(things, gain: index > 200 ? 0.8 : 1)
        var other = picture
        let shape = calm.scene.shape
        for y in 0..<shape.height where Double(y) >= 0.3 * 108 && Double(y) < 0.601 * 108 {
            for x in 0..<shape.width where Double(x) >= 0.3 * 192 && Double(x) < 0.633 * 192 {
                other[y * shape.stride + x] = UInt8((index * 91 + x * 7 + y * 13) & 255)
            }
        }
        calm.look(picture)
        wild.look(other)
        #expect(calm.last.foreground == wild.last.foreground)
        #expect(calm.last.detections == wild.last.detections)
        #expect(calm.last.state == wild.last.state)
    }
    #expect(calm.detections > 0)
}

@Test func aPrivacyMaskTakesEveryCellItTouchesAMaskThoseItCovers() {
    let grid = CellGrid(PlaneShape(width: 160, height: 120, stride: 160))
    // Half a cell in the middle of one, a sliver across three, a point in a corner.
    let sliver = Zone(
        name: "s", corners: [.init(x: 10.6 / 160, y: 10.7 / 120), .init(x: 12.4 / 160, y: 10.7 / 120), .init(x: 12.4 / 160, y: 10.9 / 120)])
    let privacy = SeenCells(PictureAreas(privacyMasks: [sliver]), grid)
    let mask = SeenCells(PictureAreas(masks: [sliver]), grid)
    #expect(grid.count - privacy.count == 3)
    #expect(mask.count == grid.count)
    #expect((0..<grid.count).filter { privacy.flags[$0] == 0 } == [10, 11, 12].map { 10 * 160 + $0 })
}

@Test func aPictureThatIsAllMaskSaysSo() {
    var looks = Looks()
    looks.detector = MotionDetector(.standard, areas: PictureAreas(privacyMasks: [box(0, 0, 1, 1)]))
    looks.play(20)
    #expect(looks.last.state == .unusable)
}

@Test func anOverlayClockIsNoEvent() {
    for (dt, kind) in [(0.2, LookKind.full), (2, .key)] {
        var looks = Looks()
        for _ in 0..<300 {
            let seconds = Int(looks.seconds)
            // Eight figures of 8×12 samples; the last ones change every second.
            let figures = (0..<8).map { place in
                LumaScene.Thing(
                    x: 8 + place * 10, y: 6, width: place < 6 ? 8 : 3 + (seconds * (place == 7 ? 3 : 1)) % 6, height: 12,
                    brightness: 235)
            }
            looks.look(looks.scene.picture(figures), every: dt, kind: kind)
        }
        #expect(looks.detections == 0)
    }
}

@Test func aCloudIsNoEvent() {
    for (dt, kind) in [(0.2, LookKind.full), (2, .key)] {
        var looks = Looks()
        for _ in 0..<60 { looks.look(looks.scene.picture(), every: dt, kind: kind) }
        let start = looks.seconds
        for _ in 0..<100 {
            var picture = looks.scene.picture()
            let edge = (looks.seconds - start) * 12 - 80
            let stride = looks.scene.shape.stride
            for i in picture.indices {
                // A shadow a third darker, with a rim of eighty samples.
                let depth = min(1, max(0, (edge - Double(i % stride)) / 80))
                picture[i] = UInt8(Double(picture[i]) * (1 - 0.33 * depth))
            }
            looks.look(picture, every: dt, kind: kind)
        }
        #expect(looks.detections == 0, "looks every \(dt) s")
    }
}
