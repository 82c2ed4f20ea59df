// Do the edges of two pictures lie in the same places? Light changes brightness; edges stay where things are.
// frames → cells → **tamper** → health

/// How alike the edges of two pictures are: sums over the strength of edges in each quarter, three to four passes' worth of work.
struct EdgeLikeness: Sendable {
    /// Pearson's correlation of edge strength, −1…1: over the picture, and over the quarter that agrees best.
    private(set) var whole = 0.0
    private(set) var best = 0.0
    /// Mean edge strength of each, in levels over two cells.
    private(set) var strengthA = 0.0
    private(set) var strengthB = 0.0

    init(_ a: [UInt8], _ b: [UInt8], _ grid: CellGrid) {
        guard grid.width >= 8, grid.height >= 8 else { return }
        let (first, second) = (a.span, b.span)
        var all = EdgeSums()
        for quarter in 0..<4 {
            let columns = quarter % 2 == 0 ? 1..<grid.width / 2 : grid.width / 2..<grid.width - 1
            let rows = quarter < 2 ? 1..<grid.height / 2 : grid.height / 2..<grid.height - 1
            var sums = EdgeSums()
            // Of many rows every second one is plenty.
            for y in stride(from: rows.lowerBound, to: rows.upperBound, by: grid.count < 8000 ? 1 : 2) {
                let cells = y * grid.width + columns.lowerBound..<y * grid.width + columns.upperBound
                sums.add(first, second, cells, pitch: grid.width)
            }
            best = max(best, sums.correlation)
            all.add(sums)
        }
        whole = all.correlation
        strengthA = Double(all.a) / Double(max(1, all.count))
        strengthB = Double(all.b) / Double(max(1, all.count))
    }
}

/// Sums over the strength of edges in two pictures.
private struct EdgeSums {
    var count = 0
    var a = 0
    var b = 0
    var aa = 0
    var bb = 0
    var ab = 0

    var correlation: Double {
        let n = Double(max(1, count))
        let varianceA = Double(aa) / n - (Double(a) / n) * (Double(a) / n)
        let varianceB = Double(bb) / n - (Double(b) / n) * (Double(b) / n)
        guard varianceA > 0.25, varianceB > 0.25 else { return 0 }
        return (Double(ab) / n - Double(a) / n * (Double(b) / n)) / (varianceA * varianceB).squareRoot()
    }

    mutating func add(_ other: EdgeSums) {
        count += other.count
        a += other.a
        b += other.b
        aa += other.aa
        bb += other.bb
        ab += other.ab
    }

    /// Adds a stretch of cells of one row, whose neighbours on all sides exist.
    mutating func add(_ first: Span<UInt8>, _ second: Span<UInt8>, _ cells: Range<Int>, pitch: Int) {
        let n = cells.count
        let (from, to) = (cells.lowerBound, cells.upperBound)
        let (leftA, leftB) = (first.extracting(from - 1..<to - 1), second.extracting(from - 1..<to - 1))
        let (rightA, rightB) = (first.extracting(from + 1..<to + 1), second.extracting(from + 1..<to + 1))
        let (aboveA, aboveB) = (first.extracting(from - pitch..<to - pitch), second.extracting(from - pitch..<to - pitch))
        let (belowA, belowB) = (first.extracting(from + pitch..<to + pitch), second.extracting(from + pitch..<to + pitch))
        var (a, b, aa, bb, ab): (Int32, Int32, Int32, Int32, Int32) = (0, 0, 0, 0, 0)
        for i in 0..<n {
            let xA = Int32(rightA[i]) &- Int32(leftA[i])
            let yA = Int32(belowA[i]) &- Int32(aboveA[i])
            let xB = Int32(rightB[i]) &- Int32(leftB[i])
            let yB = Int32(belowB[i]) &- Int32(aboveB[i])
            let edgeA = (xA < 0 ? 0 &- xA : xA) &+ (yA < 0 ? 0 &- yA : yA)
            let edgeB = (xB < 0 ? 0 &- xB : xB) &+ (yB < 0 ? 0 &- yB : yB)
            a &+= edgeA
            b &+= edgeB
            // 160 cells · 510² fits in 32 bits.
            aa &+= edgeA &* edgeA
            bb &+= edgeB &* edgeB
            ab &+= edgeA &* edgeB
        }
        add(EdgeSums(count: n, a: Int(a), b: Int(b), aa: Int(aa), bb: Int(bb), ab: Int(ab)))
    }
}
