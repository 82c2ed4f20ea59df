// One straight line from the background's brightness to the picture's: exposure and light are explained, not alarmed.
// frames → cells → **photometric fit** → foreground → blobs → tracks → detections

/// `luma ≈ gain · background + offset`, in fixed point with 12 fractional bits.
struct PhotometricFit: Sendable, Hashable {
    var gainQ12: Int32 = 4096
    var offsetQ12: Int32 = 0

    /// True when the line says more than noise would: the light has really changed.
    var isChange: Bool { abs(gainQ12 - 4096) > 82 || abs(offsetQ12) > 2 * 4096 }

    /// Fits over the cells that were background at the last look, in two passes that leave out what is not explained.
    ///
    /// Steps of 24 and 12 levels: the first tolerates the wrong slope of the median start, the second leaves objects out.
    /// Falls back to the identity when less than 40 % agree: then the change is not one of light.
    /// - Parameters:
    ///   - age: Non-zero where the last look saw foreground.
    ///   - histogram: 511 counters, kept by the caller.
    static func solve(_ luma: [UInt8], _ state: CellState, _ grid: CellGrid, histogram: inout [Int32]) -> PhotometricFit {
        let cells = luma.span
        let background = state.background.span
        let age = state.age.span
        // Of many rows every second or third one is plenty for two numbers.
        let step = grid.count < 4000 ? 1 : grid.count < 8000 ? 2 : 3
        guard let start = start(cells, background, age, grid, step: step, &histogram) else { return PhotometricFit() }
        var fit = PhotometricFit(gainQ12: 4096, offsetQ12: start.median &* 4096)
        for limit in limits {
            var sums = Sums()
            for y in stride(from: 0, to: grid.height, by: step) {
                let row = grid.row(y)
                sums.add(
                    cells.extracting(row), background.extracting(row), age.extracting(row), useAll: start.useAll, fit: fit, limit: limit)
            }
            guard Double(sums.count) >= 0.4 * start.usable else { return PhotometricFit() }
            fit = leastSquares(sums)
        }
        return fit
    }

    /// What a fit begins with.
    private struct Start {
        /// Of the differences, in levels.
        var median: Int32 = 0
        /// Cells that could agree with the line.
        var usable: Double
        /// True when hardly any cell was background at the last look, so that all take part.
        var useAll = false
    }

    private static func start(
        _ cells: Span<UInt8>, _ background: Span<UInt16>, _ age: Span<UInt8>, _ grid: CellGrid, step: Int, _ histogram: inout [Int32]
    ) -> Start? {
        let all = (grid.height + step - 1) / step * grid.width
        // Most often the light is as it was, and of a large picture no histogram is needed to say so.
        if grid.count >= 8000 {
            var sides = Sides()
            for y in stride(from: 0, to: grid.height, by: step) {
                let row = grid.row(y)
                sides.add(cells.extracting(row), background.extracting(row), age.extracting(row))
            }
            if Int(sides.used) * 4 >= all, sides.areEven { return Start(usable: Double(sides.used)) }
        }
        var useAll = false
        var sample = sampleDifferences(cells, background, age, useAll: false, &histogram)
        if sample.used * 4 < sample.all {
            useAll = true
            sample = sampleDifferences(cells, background, age, useAll: true, &histogram)
        }
        guard sample.used > 0 else { return nil }
        return Start(
            median: medianDifference(histogram, total: sample.used), usable: Double(sample.used) / Double(sample.all) * Double(all),
            useAll: useAll)
    }

    /// Kept, because a list written in place is an allocation at each look where the optimiser does not see through it.
    private static let limits: [Int32] = [24, 12]

    private static func leastSquares(_ sums: Sums) -> PhotometricFit {
        let n = Double(sums.count)
        let meanB = Double(sums.b) / n
        let meanL = Double(sums.l) / n
        let variance = Double(sums.bb) / n - meanB * meanB
        let covariance = Double(sums.bl) / n - meanB * meanL
        // A flat scene does not determine a slope.
        let gain = variance > 64 ? min(2, max(0.5, covariance / variance)) : 1
        return PhotometricFit(gainQ12: Int32(gain * 4096), offsetQ12: Int32((meanL - gain * meanB) * 4096))
    }

    /// Fills the histogram of differences from every third cell: plenty for a median, and a third of the only pass that is not
    /// vectorised. Three divides none of the usual widths evenly, so all columns take part.
    private static func sampleDifferences(
        _ cells: Span<UInt8>, _ background: Span<UInt16>, _ age: Span<UInt8>, useAll: Bool, _ histogram: inout [Int32]
    ) -> (used: Int32, all: Int32) {
        var counts = histogram.mutableSpan
        for i in 0..<counts.count { counts[i] = 0 }
        let n = cells.count
        precondition(background.count == n && age.count == n && counts.count == 511)
        var used: Int32 = 0
        var all: Int32 = 0
        var i = 0
        while i < n {
            all &+= 1
            if (useAll || age[i] == 0) && cells[i] > 8 && cells[i] < 247 {
                counts[Int(cells[i]) &- Int((UInt32(background[i]) &+ 128) &>> 8) &+ 255] &+= 1
                used &+= 1
            }
            i &+= 3
        }
        return (used, all)
    }

    private static func medianDifference(_ histogram: [Int32], total: Int32) -> Int32 {
        var seen: Int32 = 0
        for (index, count) in histogram.enumerated() {
            seen += count
            if seen * 2 >= total { return Int32(index) - 255 }
        }
        return 0
    }
}

/// How many cells that were background are darker than it is, and how many are brighter.
private struct Sides {
    var used: Int32 = 0
    private var darker: Int32 = 0
    private var brighter: Int32 = 0

    /// True when the median of the differences is zero.
    var areEven: Bool { darker * 2 < used && brighter * 2 <= used }

    /// Adds a row of at most 160 cells.
    mutating func add(_ cells: Span<UInt8>, _ background: Span<UInt16>, _ age: Span<UInt8>) {
        let n = cells.count
        precondition(background.count == n && age.count == n)
        var (usedHere, darkerHere, brighterHere): (Int16, Int16, Int16) = (0, 0, 0)
        for i in 0..<n {
            let k = Int16(truncatingIfNeeded: (background[i] &+ 128) &>> 8)
            let v = Int16(cells[i])
            let foreground = Int16(age[i])
            let isUsed: Int16 = v > 8 && v < 247 && foreground == 0 ? -1 : 0
            usedHere &-= isUsed
            darkerHere &-= isUsed & (v < k ? -1 : 0)
            brighterHere &-= isUsed & (v > k ? -1 : 0)
        }
        used &+= Int32(usedHere)
        darker &+= Int32(darkerHere)
        brighter &+= Int32(brighterHere)
    }
}

/// Sums over the cells that a line explains.
private struct Sums {
    var count: Int32 = 0
    var b: Int32 = 0
    var l: Int32 = 0
    var bb: Int32 = 0
    var bl: Int32 = 0

    /// Adds a row of cells that the line explains within a limit.
    mutating func add(
        _ cells: Span<UInt8>, _ background: Span<UInt16>, _ age: Span<UInt8>, useAll: Bool, fit: PhotometricFit, limit: Int32
    ) {
        let n = cells.count
        precondition(background.count == n && age.count == n)
        // 19,200 cells · 255² fits in 32 bits, so one accumulator per sum serves the whole picture. Factors are of 16 bits: two of their
        // products are added in one instruction, and those of 32 bits take seven.
        let mask: UInt8 = useAll ? 0 : 255
        let gain = Int16(fit.gainQ12)
        let lower = (0 &- limit) &* 4096 &- fit.offsetQ12
        let upper = (limit &+ 1) &* 4096 &- fit.offsetQ12
        var kept: Int32 = 0
        var sumB: Int32 = 0
        var sumL: Int32 = 0
        var sumBB: Int32 = 0
        var sumBL: Int32 = 0
        for i in 0..<n {
            let k = Int16(truncatingIfNeeded: (background[i] &+ 128) &>> 8)
            let v = Int16(cells[i])
            // Read before the condition: a load behind a short circuit keeps the loop from being vectorised.
            let foreground = age[i] & mask
            // In 12 fractional bits; within the bounds the luma is within the limit of the line, rounded down.
            let e = Int32(gain) &* Int32(k) &- (Int32(v) &<< 12)
            let near = e >= lower && e < upper && v > 8 && v < 247 && foreground == 0
            let keep: Int16 = near ? -1 : 0
            let keptB = k & keep
            kept &-= Int32(keep)
            sumB &+= Int32(keptB)
            sumL &+= Int32(v & keep)
            sumBB &+= Int32(keptB) &* Int32(keptB)
            sumBL &+= Int32(keptB) &* Int32(v)
        }
        count &+= kept
        b &+= sumB
        l &+= sumL
        bb &+= sumBB
        bl &+= sumBL
    }
}
