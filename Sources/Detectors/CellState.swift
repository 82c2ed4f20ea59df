// What a camera's detector remembers between looks, eight bytes a cell, and how it learns.
// foreground → blobs → tracks → detections; **learning** closes the loop

/// Running statistics of every cell. 8.8 fixed point, because an 8-bit background stops following once it is a few levels off.
struct CellState: Sendable {
    /// Brightness without objects, 8.8 levels.
    var background: [UInt16]
    /// Mean absolute deviation, 8.8 levels: the cell's own noise.
    var deviation: [UInt16]
    /// How often the cell flips between background and foreground lately, 8.8, 0…255: trees, water, flags.
    var flutter: [UInt16]
    /// 0 for background; otherwise 1 + half seconds as foreground, at most 253; `relearning` for the hole of something that left.
    var age: [UInt8]
    /// Brightness at the last look.
    var previous: [UInt8]

    /// The age of cells that are relearnt at once until they are background again.
    static let relearning: UInt8 = 255

    init(count: Int) {
        background = Array(repeating: 0, count: count)
        deviation = Array(repeating: 0, count: count)
        flutter = Array(repeating: 0, count: count)
        age = Array(repeating: 0, count: count)
        previous = Array(repeating: 0, count: count)
    }

    /// Starts over from one picture.
    mutating func restart(from cells: [UInt8]) {
        for i in cells.indices {
            background[i] = UInt16(cells[i]) << 8
            deviation[i] = 0
            flutter[i] = 0
            age[i] = 0
            previous[i] = cells[i]
        }
    }

    /// Takes foreground that has not changed since the last look as background, but for what belongs to something believed.
    mutating func absorbStill(_ scratch: MotionScratch, _ grid: CellGrid) {
        for y in 0..<grid.height {
            for x in 0..<grid.width where scratch.foreground[grid.padded(y) + x] != 0 {
                let cell = y * grid.width + x
                guard scratch.rates.deviation[cell] != 0, abs(Int(scratch.cells[cell]) - Int(previous[cell])) < 8 else { continue }
                background[cell] = UInt16(scratch.cells[cell]) << 8
                age[cell] = 0
            }
        }
    }

    /// Pulls the background onto the photometric line: a change of light that lasts becomes the new normal.
    mutating func rebase(_ fit: PhotometricFit, rate: Rate) {
        var b = background.mutableSpan
        let gain = fit.gainQ12
        let offset = fit.offsetQ12 &>> 4
        for i in 0..<b.count {
            let old = Int32(b[i])
            let target = min(65280, max(0, ((gain &* old) &>> 12) &+ offset))
            let delta = ((target &- old) &* rate.q15 &+ rate.dither) &>> 15
            b[i] = UInt16(truncatingIfNeeded: old &+ delta)
        }
    }
}

/// A share of the way to go at this look, in 15 bits, and the rounding offset of the look.
///
/// A constant offset of one half would round every small step to zero at high picture rates: a dead band of several levels.
/// The offset therefore walks through 0…1 in golden-ratio steps, so that what is lost at one look is gained at another.
struct Rate: Sendable, Hashable {
    var q15: Int32
    var dither: Int32

    init(share: Double, dither: Int32) {
        q15 = Int32((min(1, max(0, share)) * 32768).rounded())
        self.dither = dither
    }
}

/// The rates of one look. The background and the deviation have a rate per cell; these are what is common to all cells.
struct LearningStep: Sendable {
    /// Rise of flutter where a cell became foreground without belonging to something believed, and its decay elsewhere.
    var flutterRise: UInt16
    var flutterDecay: UInt16
    /// Half seconds that passed since the ages were last counted up.
    var ageTicks: UInt8
    /// In 16 bits.
    var dither: UInt16
}

/// A step of a running value towards its target: `⌊(target − old) · share + dither⌋`, exactly, in 16-bit arithmetic, which has twice the lanes
/// of 32 bits and a multiplication of its own.
///
/// - Parameter share: In 15 bits, less than one.
@inline(__always)
private func step(_ old: UInt16, towards target: UInt16, by share: UInt16, _ dither: UInt16) -> UInt16 {
    let rises = target > old
    let distance = rises ? target &- old : old &- target
    let doubled = share &+ share
    let low = distance &* doubled
    // Rounded down, also where the step is negative: what lies below the upper half counts when it exceeds this.
    let carry: UInt16 = low > (rises ? ~dither : dither) ? 1 : 0
    let size = high(distance, doubled) &+ carry
    return rises ? old &+ size : old &- size
}

extension CellState {
    /// Learns from one look: background, deviation, flutter, age and last brightness of every cell.
    mutating func learn(_ scratch: MotionScratch, grid: CellGrid, step: LearningStep) {
        let isOwn = scratch.rates.isOwn.span
        var y = 0
        while y < grid.height {
            let first = y
            // Calm rows below one another are one loop.
            repeat { y += 1 } while y < grid.height && isOwn[first] | isOwn[y] == 0
            if isOwn[first] == 0 {
                learnCalm(scratch, first..<y, grid, step)
            } else {
                learnOwn(scratch, grid.row(first), inner: grid.inner(first), step)
            }
        }
        copy(scratch.cells, to: &previous)
    }

    /// Rows in which nothing differs.
    private mutating func learnCalm(_ scratch: MotionScratch, _ rows: Range<Int>, _ grid: CellGrid, _ step: LearningStep) {
        let cells = rows.lowerBound * grid.width..<rows.upperBound * grid.width
        learnCalmBackground(&background, cells, scratch.cells.span.extracting(cells), scratch.rates.calmBackground, step.dither)
        learnCalmDeviation(&deviation, cells, scratch.difference.span.extracting(cells), scratch.rates.calmDeviation, step.dither)
        for y in rows { calm(&flutter, &age, grid.row(y), step) }
    }

    /// A row with rates of its own; `inner` is the same row of a padded plane.
    private mutating func learnOwn(_ scratch: MotionScratch, _ cells: Range<Int>, inner: Range<Int>, _ step: LearningStep) {
        let foreground = scratch.foreground.span.extracting(inner)
        let rates = scratch.rates.deviation.span.extracting(cells)
        learnBackground(
            &background, cells, scratch.cells.span.extracting(cells), scratch.rates.background.span.extracting(cells), step.dither)
        learnDeviation(&deviation, cells, scratch.difference.span.extracting(cells), foreground, rates, step.dither)
        learnFlutter(&flutter, &age, cells, foreground, rates, step)
    }
}

private func copy(_ cells: [UInt8], to previous: inout [UInt8]) {
    let source = cells.span
    var target = previous.mutableSpan
    let n = target.count
    precondition(source.count == n)
    for i in 0..<n { target[i] = source[i] }
}

private func learnBackground(
    _ background: inout [UInt16], _ cells: Range<Int>, _ luma: Span<UInt8>, _ rates: Span<UInt16>, _ dither: UInt16
) {
    var plane = background.mutableSpan
    var b = plane._mutatingExtracting(cells)
    let n = b.count
    precondition(luma.count == n && rates.count == n)
    for i in 0..<n { b[i] = step(b[i], towards: UInt16(luma[i]) &<< 8, by: rates[i], dither) }
}

private func learnCalmBackground(
    _ background: inout [UInt16], _ cells: Range<Int>, _ luma: Span<UInt8>, _ rate: UInt16, _ dither: UInt16
) {
    var plane = background.mutableSpan
    var b = plane._mutatingExtracting(cells)
    let n = b.count
    precondition(luma.count == n)
    for i in 0..<n { b[i] = step(b[i], towards: UInt16(luma[i]) &<< 8, by: rate, dither) }
}

/// Towards the deviation seen, capped so that one passing object does not deafen a cell.
private func learnDeviation(
    _ deviation: inout [UInt16], _ cells: Range<Int>, _ difference: Span<Int16>, _ foreground: Span<UInt8>, _ rates: Span<UInt16>,
    _ dither: UInt16
) {
    var plane = deviation.mutableSpan
    var v = plane._mutatingExtracting(cells)
    let n = v.count
    precondition(difference.count == n && foreground.count == n && rates.count == n)
    for i in 0..<n {
        let old = v[i]
        let d = difference[i]
        let seen = UInt16(bitPattern: d < 0 ? 0 &- d : d) &<< 4
        // Above 62 levels, where sixteen bits end, the cap rises no more.
        let base = old > 16_000 ? 16_000 : old
        let isForeground = 0 &- UInt16(foreground[i])
        let cap = (base &<< 2) &+ 512 &- (isForeground & (base &- 512))
        v[i] = step(old, towards: seen < cap ? seen : cap, by: rates[i], dither)
    }
}

private func learnCalmDeviation(
    _ deviation: inout [UInt16], _ cells: Range<Int>, _ difference: Span<Int16>, _ rate: UInt16, _ dither: UInt16
) {
    var plane = deviation.mutableSpan
    var v = plane._mutatingExtracting(cells)
    let n = v.count
    precondition(difference.count == n)
    for i in 0..<n {
        let old = v[i]
        let d = difference[i]
        let seen = UInt16(bitPattern: d < 0 ? 0 &- d : d) &<< 4
        let cap = ((old > 16_000 ? 16_000 : old) &<< 2) &+ 512
        v[i] = step(old, towards: seen < cap ? seen : cap, by: rate, dither)
    }
}

private func learnFlutter(
    _ flutter: inout [UInt16], _ ages: inout [UInt8], _ cells: Range<Int>, _ foreground: Span<UInt8>, _ rates: Span<UInt16>,
    _ learning: LearningStep
) {
    var flutterPlane = flutter.mutableSpan
    var agePlane = ages.mutableSpan
    var p = flutterPlane._mutatingExtracting(cells)
    var age = agePlane._mutatingExtracting(cells)
    let n = p.count
    precondition(age.count == n && foreground.count == n && rates.count == n)
    let (rise, decay, dither, ticks) = (learning.flutterRise, learning.flutterDecay, learning.dither, learning.ageTicks)
    for i in 0..<n {
        // What passes by and is believed does not make the ground restless; its cells do not learn noise either.
        let flips = (0 &- UInt16(foreground[i])) & (rates[i] == 0 ? 0 : .max) & (age[i] == 0 ? .max : 0)
        p[i] = step(p[i], towards: flips & 65280, by: decay ^ (flips & (rise ^ decay)), dither)
    }
    for i in 0..<n {
        let was = age[i]
        let older = was > 253 &- ticks ? (was < 253 ? 253 : was) : was &+ ticks
        age[i] = (0 &- foreground[i]) & (was == 0 ? 1 : older)
    }
}

/// Ground on which nothing differs forgets that it was restless, and most has nothing to forget.
private func calm(_ flutter: inout [UInt16], _ ages: inout [UInt8], _ cells: Range<Int>, _ learning: LearningStep) {
    var flutterPlane = flutter.mutableSpan
    var agePlane = ages.mutableSpan
    var p = flutterPlane._mutatingExtracting(cells)
    var age = agePlane._mutatingExtracting(cells)
    let n = p.count
    precondition(age.count == n)
    var isRestless: UInt16 = 0
    for i in 0..<n { isRestless |= p[i] }
    if isRestless != 0 {
        for i in 0..<n { p[i] = step(p[i], towards: 0, by: learning.flutterDecay, learning.dither) }
    }
    for i in 0..<n { age[i] = 0 }
}
