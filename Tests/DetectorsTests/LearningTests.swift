// The numbers below the detector: photometric fit, background without a dead band, cells that learn at the same pace at any rate.

@testable import Detectors
import Domain
import TestKit
import Testing

private func ramp(_ grid: CellGrid) -> [UInt8] { (0..<grid.count).map { UInt8(40 + $0 % grid.width) } }

@Test(arguments: [(1.0, 0.0), (0.8, 20.0), (0.6, 0.0), (1.3, -15.0), (1.0, 40.0), (0.5, 60.0)])
func theFitFindsGainAndOffset(gain: Double, offset: Double) {
    let grid = CellGrid(PlaneShape(width: 160, height: 90, stride: 160))
    var state = CellState(count: grid.count)
    state.restart(from: ramp(grid))
    let cells = ramp(grid).map { UInt8(min(255, max(0, (Double($0) * gain + offset).rounded()))) }
    var histogram = [Int32](repeating: 0, count: 511)
    let fit = PhotometricFit.solve(cells, state, grid, histogram: &histogram)
    // What matters is the prediction, not the two numbers.
    for level in [40.0, 100, 199] {
        let predicted = level * Double(fit.gainQ12) / 4096 + Double(fit.offsetQ12) / 4096
        #expect(abs(predicted - (level * gain + offset)) < 1.5, "level \(level): \(predicted)")
    }
}

@Test func anObjectOverAThirdOfThePictureDoesNotBendTheFit() {
    let grid = CellGrid(PlaneShape(width: 160, height: 90, stride: 160))
    var state = CellState(count: grid.count)
    state.restart(from: ramp(grid))
    var cells = ramp(grid)
    for i in 0..<(grid.count / 3) { cells[i] = 230 }
    var histogram = [Int32](repeating: 0, count: 511)
    let fit = PhotometricFit.solve(cells, state, grid, histogram: &histogram)
    #expect(!fit.isChange)
}

@Test func aChangeThatIsNotLightLeavesTheIdentity() {
    let grid = CellGrid(PlaneShape(width: 160, height: 90, stride: 160))
    var state = CellState(count: grid.count)
    state.restart(from: ramp(grid))
    let cells = ramp(grid).enumerated().map { UInt8(($0.offset * 7919) % 200 + 20) }
    var histogram = [Int32](repeating: 0, count: 511)
    #expect(PhotometricFit.solve(cells, state, grid, histogram: &histogram) == PhotometricFit())
}

/// Runs the background of one constant scene for `seconds` at a picture rate and returns its level in the middle.
private func settled(from start: UInt8, to end: UInt8, picturesPerSecond: Double, seconds: Double) -> Double {
    let grid = CellGrid(PlaneShape(width: 16, height: 16, stride: 16))
    var state = CellState(count: grid.count)
    state.restart(from: Array(repeating: start, count: grid.count))
    var scratch = MotionScratch()
    scratch.prepare(grid)
    scratch.cells = Array(repeating: end, count: grid.count)
    var dither: UInt32 = 0
    let rate = Rate(share: 1 - pow2(-1 / picturesPerSecond / 10), dither: 0).q15
    for i in scratch.backgroundRates.indices { scratch.backgroundRates[i] = UInt16(rate) }
    for _ in 0..<Int(seconds * picturesPerSecond) {
        dither &+= 2_654_435_769
        let rounding = UInt16(truncatingIfNeeded: dither >> 17) << 1
        state.learn(scratch, grid: grid, step: LearningStep(flutterRise: 0, flutterDecay: 0, ageTicks: 0, dither: rounding))
    }
    return Double(state.background[grid.count / 2]) / 256
}

private func pow2(_ exponent: Double) -> Double {
    // Halving in 1/64 steps is exact enough for a test and needs no C library.
    var result = 1.0
    let root = 0.989_227_995_178_966_7  // 2^(−1/64)
    var steps = -exponent * 64
    while steps >= 1 {
        result *= root
        steps -= 1
    }
    return result * (1 - steps * (1 - root))
}

@Test(arguments: [1.0, 5, 25, 50])
func aStepOfOneLevelIsLearntAtAnyPictureRate(picturesPerSecond: Double) {
    #expect(abs(settled(from: 100, to: 101, picturesPerSecond: picturesPerSecond, seconds: 50) - 101) < 0.25)
    #expect(abs(settled(from: 101, to: 100, picturesPerSecond: picturesPerSecond, seconds: 50) - 100) < 0.25)
}

@Test func theBackgroundGoesHalfWayInOneHalfLifeAtAnyPictureRate() {
    for rate in [1.0, 5, 25] {
        let level = settled(from: 50, to: 150, picturesPerSecond: rate, seconds: 10)
        #expect(abs(level - 100) < 3, "at \(rate) a second: \(level)")
    }
}

@Test func extremesNeitherOverflowNorLeaveTheRange() {
    #expect(settled(from: 0, to: 255, picturesPerSecond: 25, seconds: 200) > 254)
    #expect(settled(from: 255, to: 0, picturesPerSecond: 25, seconds: 200) < 1)
}
