// The numbers below the detector: photometric fit, background without a dead band, cells that learn at the same pace at any rate.

import Base
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
    scratch.rates.choose(scratch.foreground, grid, background: (UInt16(rate), 0), deviation: (0, 0))
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

/// Random state and a random look, the same each time, with foreground in some rows only.
private func randomLook(_ grid: CellGrid, seed: UInt64) -> (state: CellState, scratch: MotionScratch) {
    var generator = SeededGenerator(seed: seed)
    var state = CellState(count: grid.count)
    var scratch = MotionScratch()
    scratch.prepare(grid)
    let busyRows = (0..<grid.height).map { _ in generator.next() % 4 == 0 }
    for y in 0..<grid.height {
        for x in 0..<grid.width {
            let cell = y * grid.width + x
            state.background[cell] = UInt16(generator.next() % 65281)
            state.deviation[cell] = UInt16(generator.next() % 20_000)
            state.flutter[cell] = y % 3 == 0 ? 0 : UInt16(generator.next() % 65281)
            state.age[cell] = UInt8(generator.next() % 256)
            scratch.cells[cell] = UInt8(generator.next() % 256)
            scratch.difference[cell] = Int16(generator.next() % 8161) - 4080
            scratch.foreground[grid.padded(y) + x] = busyRows[y] ? UInt8(generator.next() % 2) : 0
        }
    }
    return (state, scratch)
}

@Test(arguments: [1, 2, 3] as [UInt64]) func rowsWithoutForegroundLearnAsIfEachCellHadItsRate(seed: UInt64) {
    let grid = CellGrid(PlaneShape(width: 33, height: 21, stride: 33))
    let step = LearningStep(flutterRise: 900, flutterDecay: 300, ageTicks: 2, dither: 40_000)
    var (state, scratch) = randomLook(grid, seed: seed)
    scratch.rates.choose(scratch.foreground, grid, background: (700, 20), deviation: (500, 30))
    let calmRows = scratch.rates.isOwn.count { $0 == 0 }
    #expect((1..<grid.height).contains(calmRows), "seed \(seed)")
    var (other, own) = (state, scratch)
    for y in 0..<grid.height { own.rates.setBackground(0..<0, row: y, grid, 0) }
    #expect(own.rates.isOwn.allSatisfy { $0 == 1 })
    state.learn(scratch, grid: grid, step: step)
    other.learn(own, grid: grid, step: step)
    #expect(state.background == other.background, "seed \(seed)")
    #expect(state.deviation == other.deviation, "seed \(seed)")
    #expect(state.flutter == other.flutter, "seed \(seed)")
    #expect(state.age == other.age, "seed \(seed)")
    #expect(state.previous == scratch.cells)
}

@Test func aRateOfOneCellLeavesTheRestOfItsRowAsItWas() {
    let grid = CellGrid(PlaneShape(width: 12, height: 10, stride: 12))
    var scratch = MotionScratch()
    scratch.prepare(grid)
    scratch.rates.choose(scratch.foreground, grid, background: (700, 20), deviation: (500, 30))
    scratch.rates.setBackground(26..<28, row: 2, grid, 9)
    #expect(scratch.rates.isOwn == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(scratch.rates.background[24..<36]) == [700, 700, 9, 9] + Array(repeating: 700, count: 8))
    #expect(Array(scratch.rates.deviation[24..<36]) == Array(repeating: 500, count: 12))
}

@Test func theLightIsAsItWasWhereAsManyCellsAreBrighterAsDarker() {
    let grid = CellGrid(PlaneShape(width: 160, height: 90, stride: 160))
    var state = CellState(count: grid.count)
    state.restart(from: ramp(grid))
    for (step, isChange) in [(0, false), (1, false), (4, true), (-4, true)] {
        // Noise to both sides of the step.
        let cells = ramp(grid).enumerated().map { UInt8(Int($0.element) + step + ($0.offset * 7919) % 3 - 1) }
        var histogram = [Int32](repeating: 0, count: 511)
        let fit = PhotometricFit.solve(cells, state, grid, histogram: &histogram)
        #expect(fit.isChange == isChange, "\(step) levels: \(fit)")
        #expect(abs(Double(fit.offsetQ12) / 4096 + 100 * (Double(fit.gainQ12) / 4096 - 1) - Double(step)) < 0.5, "\(step) levels: \(fit)")
    }
}
