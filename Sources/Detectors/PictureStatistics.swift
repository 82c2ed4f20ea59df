// What a picture is like as a whole: brightness, contrast, sharpness, and whether it is the very same as before.
// frames → **cells → quality, tamper** → foreground → blobs → tracks → detections

import Domain

/// Sums over one look that tamper and the states of the detector are judged by.
struct PictureStatistics: Sendable, Hashable {
    /// Brightness below which 4, 50 and 96 % of the cells lie, in levels.
    var dark = 0
    var middle = 0
    var bright = 0
    /// Largest share of the cells in three neighbouring of 64 steps of brightness.
    var concentration = 0.0
    /// Share of cells that are as bright as coded pictures get.
    var saturated = 0.0
    /// Mean difference of neighbouring samples, in levels; a picture that no sensor made has next to none.
    var grain = 0.0
    /// What a lens out of focus takes away, in levels; see `CellGrid.readFineness`.
    var sharpness = 0.0
    /// A number made of the exact sums of all cells of a key picture; equal only for equal pictures.
    var fingerprint: UInt32?

    /// Limited range ends at 235; a lamp that shines into the lens comes close to it.
    static let saturatedLevel = 232

    var contrast: Int { bright - dark }

    /// Fills everything but grain, sharpness and fingerprint from a histogram of 256 levels.
    mutating func measure(_ histogram: [Int32], count: Int) {
        let total = Int32(max(1, count))
        var seen: Int32 = 0
        var (lower, median, upper) = (0, 0, 0)
        var saturated: Int32 = 0
        for level in 0..<256 {
            // The first level at which the count passes the share.
            if seen &* 25 <= total { lower = level }
            if seen &* 2 <= total { median = level }
            if seen &* 25 <= total &* 24 { upper = level }
            seen &+= histogram[level]
            if level >= Self.saturatedLevel { saturated &+= histogram[level] }
        }
        (dark, middle, bright) = (lower, median, upper)
        self.saturated = Double(saturated) / Double(total)
        var most: Int32 = 0
        for step in 0..<62 {
            var sum: Int32 = 0
            for level in step * 4..<step * 4 + 12 { sum &+= histogram[level] }
            most = max(most, sum)
        }
        concentration = Double(most) / Double(total)
    }
}

extension MotionScratch {
    /// Fills `levels` and measures the picture; small pictures are counted whole, others by every third cell.
    mutating func measureStatistics(_ seen: SeenCells) -> PictureStatistics {
        for i in levels.indices { levels[i] = 0 }
        let step = cells.count < 1000 ? 1 : 3
        let n = cells.count
        precondition(seen.flags.isEmpty || seen.flags.count == n)
        var total = 0
        var i = 0
        while i < n {
            if seen.flags.isEmpty || seen.flags[i] == 1 {
                levels[Int(cells[i])] &+= 1
                total += 1
            }
            i &+= step
        }
        var statistics = PictureStatistics()
        statistics.measure(levels, count: total)
        return statistics
    }
}

/// How alike two pictures are, from sums in one pass.
struct Likeness: Sendable {
    private let count: Double
    private let meanA: Double
    private let meanB: Double
    private let varianceA: Double
    private let varianceB: Double
    private let covariance: Double

    /// - Parameter unseen: Cells that are zero in both and do not count.
    init(_ a: [UInt8], _ b: [UInt8], unseen: Int) {
        let sums = Self.sum(a.span, b.span)
        count = Double(max(1, a.count - unseen))
        meanA = Double(sums.a) / count
        meanB = Double(sums.b) / count
        varianceA = Double(sums.aa) / count - meanA * meanA
        varianceB = Double(sums.bb) / count - meanB * meanB
        covariance = Double(sums.ab) / count - meanA * meanB
    }

    /// Pearson's correlation, −1…1; 0 when one of the two is flat.
    var correlation: Double {
        varianceA > 0.25 && varianceB > 0.25 ? covariance / (varianceA * varianceB).squareRoot() : 0
    }

    /// Standard deviation of the second over the picture, in levels.
    var referenceDeviation: Double { max(0, varianceB).squareRoot() }

    /// How much brighter the first is, in levels.
    var meanRise: Double { meanA - meanB }

    private struct Sums {
        var a: UInt32 = 0
        var b: UInt32 = 0
        var aa: UInt32 = 0
        var bb: UInt32 = 0
        var ab: UInt32 = 0
    }

    private static func sum(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Sums {
        let n = first.count
        precondition(second.count == n)
        // 19,200 cells · 255² fits in 32 bits.
        var sums = Sums()
        for i in 0..<n {
            let a = UInt32(first[i])
            let b = UInt32(second[i])
            sums.a &+= a
            sums.b &+= b
            sums.aa &+= a &* a
            sums.bb &+= b &* b
            sums.ab &+= a &* b
        }
        return sums
    }
}
