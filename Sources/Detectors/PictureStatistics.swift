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
        for i in otherLevels.indices { otherLevels[i] = 0 }
        let step = cells.count < 1000 ? 1 : 3
        let total = countLevels(of: cells, seen.flags, step: step, &levels, &otherLevels)
        for level in 0..<256 { levels[level] &+= otherLevels[level] }
        var statistics = PictureStatistics()
        statistics.measure(levels, count: total)
        return statistics
    }
}

/// Counts cells of each brightness; neighbours are alike and a counter waits for its last increment, so two tables are filled in turn.
private func countLevels(
    of picture: [UInt8], _ flags: [UInt8], step: Int, _ even: inout [Int32], _ odd: inout [Int32]
) -> Int {
    let (cells, seen) = (picture.span, flags.span)
    let n = cells.count
    let isWhole = seen.isEmpty
    var first = even.mutableSpan
    var second = odd.mutableSpan
    precondition((isWhole || seen.count == n) && first.count == 256 && second.count == 256)
    var total = 0
    var i = 0
    while i < n {
        if isWhole || seen[i] == 1 {
            first[Int(cells[i])] &+= 1
            total &+= 1
        }
        i &+= step
        guard i < n else { break }
        if isWhole || seen[i] == 1 {
            second[Int(cells[i])] &+= 1
            total &+= 1
        }
        i &+= step
    }
    return total
}

/// How alike a picture is to a remembered one, from sums in one pass.
struct Likeness: Sendable {
    private let count: Double
    private let meanA: Double
    private let meanB: Double
    private let varianceA: Double
    private let varianceB: Double
    private let covariance: Double

    /// - Parameters:
    ///   - ownSums: Those of the remembered picture, which stay while it does.
    ///   - unseen: Cells that are zero in both and do not count.
    init(_ picture: [UInt8], _ remembered: [UInt8], ownSums: PictureSums, unseen: Int) {
        let sums = PictureSums(picture.span, times: remembered.span)
        count = Double(max(1, picture.count - unseen))
        meanA = Double(sums.values) / count
        meanB = Double(ownSums.values) / count
        varianceA = Double(sums.squares) / count - meanA * meanA
        varianceB = Double(ownSums.squares) / count - meanB * meanB
        covariance = Double(sums.products) / count - meanA * meanB
    }

    /// Pearson's correlation, −1…1; 0 when one of the two is flat.
    var correlation: Double {
        varianceA > 0.25 && varianceB > 0.25 ? covariance / (varianceA * varianceB).squareRoot() : 0
    }

    /// Standard deviation of the remembered picture, in levels.
    var referenceDeviation: Double { max(0, varianceB).squareRoot() }

    /// How much brighter the picture is, in levels.
    var meanRise: Double { meanA - meanB }
}

/// Sums over the cells of a picture, and over its products with those of another.
struct PictureSums: Sendable {
    private(set) var values: UInt32 = 0
    private(set) var squares: Int32 = 0
    private(set) var products: Int32 = 0

    init() {}

    init(_ picture: Span<UInt8>, times other: Span<UInt8>) {
        let n = picture.count
        precondition(other.count == n)
        // 19,200 cells · 255² fits in 32 bits. Factors are of 16 bits: two of their products are added in one instruction.
        for i in 0..<n {
            let (a, b) = (Int16(picture[i]), Int16(other[i]))
            values &+= UInt32(picture[i])
            squares &+= Int32(a) &* Int32(a)
            products &+= Int32(a) &* Int32(b)
        }
    }
}
