// Ways of things from look to look: straight or not, faint, darting, and what a join does to them.

@testable import Detectors
import Domain
import Testing

/// A blob of `side` × `side` cells around a place, so many times above its threshold.
private func blob(x: Int, y: Int = 40, side: Int = 4, strength: Double = 3) -> Blob {
    var blob = Blob()
    blob.area = side * side
    blob.sumX = x * blob.area
    blob.sumY = y * blob.area
    blob.box = CellBox(minX: x - side / 2, minY: y - side / 2, maxX: x + (side - 1) / 2, maxY: y + (side - 1) / 2)
    blob.threshold = 160 * blob.area
    blob.deviation = Int(strength * 160) * blob.area
    blob.watchedArea = blob.area
    blob.watchedBox = blob.box
    return blob
}

/// Follows blobs at equal times.
private func track(_ blobs: [Blob], every dt: Double) -> Track {
    var track = Track(number: 1, blob: blobs[0], atSeconds: 0, expiresSeconds: 9)
    for (index, blob) in blobs.enumerated().dropFirst() {
        track.extend(with: blob, atSeconds: Double(index) * dt, expiresSeconds: 9)
    }
    return track
}

@Test(arguments: [
    // Straight, to and fro, a wobble in place, straight but not yet clear of where it was.
    ([20, 23, 26, 29, 32], true), ([20, 26, 20, 26, 20, 26, 20, 27], false), ([20, 21, 20, 21, 20, 21], false), ([20, 21, 22, 23], false),
])
func onlyAStraightWayOutIsLeaving(places: [Int], hasLeft: Bool) {
    let blobs = places.map { blob(x: $0) }
    var stretch = Stretch(blobs[0], atSeconds: 0)
    for (index, blob) in blobs.enumerated().dropFirst() { stretch.extend(with: blob, atSeconds: Double(index) * 0.2) }
    #expect(stretch.hasLeft(blobs[blobs.count - 1].box, isWarmup: false) == hasLeft)
    #expect(!stretch.hasLeft(blobs[blobs.count - 1].box, isWarmup: true), "in warm-up nothing this short is believed")
}

@Test func aTrackThatJoinedAnotherThingIsJudgedByItsWaySince() {
    let confused = [20, 28, 20, 28, 20, 28, 20, 28].map { blob(x: $0) }
    let straight = stride(from: 28, through: 52, by: 4).map { blob(x: $0, side: 6) }
    let together = track(confused + straight, every: 0.2)
    #expect(together.isPlain(.standard, sparse: false, isClean: false, isWarmup: false), "it parted, and went straight")
    #expect(!track(confused, every: 0.2).isPlain(.standard, sparse: false, isClean: false, isWarmup: false))
    // The same way without a join is one way, and not straight.
    let alone = track(confused + straight.indices.map { blob(x: 28 + 4 * $0) }, every: 0.2)
    #expect(!alone.isPlain(.standard, sparse: false, isClean: false, isWarmup: false))
}

@Test(arguments: [(3.0, 0.8, true), (1.4, 0.8, false), (1.4, 1.6, true)])
func whatIsFaintMustShowForTwiceAsLong(strength: Double, seconds: Double, isConvincing: Bool) {
    let count = Int((seconds / 0.1).rounded()) + 1
    let seen = track((0..<count).map { blob(x: 20 + $0, strength: strength) }, every: 0.1)
    #expect(seen.isConvincing(.standard, sparse: false) == isConvincing)
}

@Test func whatDartsMustShowForLonger() {
    // Three by three cells, and sixty of them a second: an insect before the lens.
    let insect = { (count: Int) in track((0..<count).map { blob(x: 10 + 6 * $0, side: 3) }, every: 0.1) }
    #expect(!insect(13).isConvincing(.standard, sparse: false))
    #expect(insect(17).isConvincing(.standard, sparse: false))
    // A car of twelve by twelve at the same speed is no insect.
    #expect(track((0..<8).map { blob(x: 10 + 6 * $0, side: 12) }, every: 0.1).isConvincing(.standard, sparse: false))
}

@Test(arguments: [
    // Straight; the figures of a clock; a large thing whose centre shifts with its shape.
    ([20, 22, 24, 26, 28, 30, 32], 4, true), ([20, 23, 20, 23, 20, 23, 20], 4, false), ([20, 23, 20, 23, 20, 23, 20], 14, true),
])
func whatGoesALongWayAndGetsNowhereIsNotBelieved(places: [Int], side: Int, isConvincing: Bool) {
    let seen = track(places.map { blob(x: $0, side: side) }, every: 0.15)
    #expect(seen.isConvincing(.standard, sparse: false) == isConvincing)
}

@Test func wanderingIsForgivenToWhatHasLeftStraightSince() {
    let wandering = [20, 23, 20, 23, 20, 23, 20, 23].map { blob(x: $0) }
    let straight = stride(from: 24, through: 36, by: 2).map { blob(x: $0, side: 6) }
    #expect(track(wandering, every: 0.15).isAimless)
    #expect(!track(wandering + straight, every: 0.15).isAimless)
}
