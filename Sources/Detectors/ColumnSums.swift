// The sums of one row of cells: down the columns of samples first, which is a plain loop, then across.
// looks → **frames → cells** → foreground → blobs → tracks → detections

/// Sums of samples for one row of cells; sized once for a grid and used again for every row.
package struct ColumnSums: Sendable {
    /// The sum of each column of samples; at most 64 rows of 255.
    private var sums: [UInt16] = []
    /// The sum of each column and the three to its right. At every column, though only those where a cell begins are read: loads at a
    /// distance are slower than additions that nobody needs.
    private var fours: [UInt16] = []

    init() {}

    package init(_ grid: CellGrid) {
        sums = Array(repeating: 0, count: grid.width * grid.side)
        fours = sums
    }

    var count: Int { sums.count }

    /// A number made of the sums and their places.
    var number: UInt32 { weigh(sums.span) }

    /// Takes the rows of samples of one row of cells.
    mutating func read(_ luma: Span<UInt8>, from start: Int, rows: Int, pitch: Int) {
        sumDown(luma, from: start, rows: rows, pitch: pitch)
        sumAcross(sums, &fours)
    }

    private mutating func sumDown(_ luma: Span<UInt8>, from start: Int, rows: Int, pitch: Int) {
        var columns = sums.mutableSpan
        let n = columns.count
        var at = start
        var left = rows
        if rows >= 4 {
            // Most cells have no more than four.
            setFourRows(
                luma.extracting(at..<at + n), luma.extracting(at + pitch..<at + pitch + n),
                luma.extracting(at + 2 * pitch..<at + 2 * pitch + n), luma.extracting(at + 3 * pitch..<at + 3 * pitch + n), &columns)
            at += 4 * pitch
            left -= 4
        } else {
            for i in 0..<n { columns[i] = 0 }
        }
        for _ in 0..<left {
            addRow(luma.extracting(at..<at + n), &columns)
            at += pitch
        }
    }

    /// Writes the means of one row of cells.
    @inline(__always)
    func average(side: Int, _ reciprocal: UInt32, _ means: inout MutableSpan<UInt8>) {
        let (columns, across) = (sums.span, fours.span)
        let n = means.count
        precondition(columns.count == n * side && across.count == n * side)
        var i = 0
        // Eight at a time, so that one check serves them all.
        while i &+ 8 <= n {
            let samples = i &* side..<i &* side &+ 8 &* side
            var eight = means._mutatingExtracting(i..<i &+ 8)
            averageCells(8, columns.extracting(samples), across.extracting(samples), side: side, reciprocal, &eight)
            i &+= 8
        }
        let samples = i * side..<n * side
        var rest = means._mutatingExtracting(i..<n)
        averageCells(n - i, columns.extracting(samples), across.extracting(samples), side: side, reciprocal, &rest)
    }
}

@inline(__always)
private func averageCells(
    _ count: Int, _ columns: Span<UInt16>, _ across: Span<UInt16>, side: Int, _ reciprocal: UInt32, _ means: inout MutableSpan<UInt8>
) {
    for cell in 0..<count {
        var sum: UInt32 = 0
        var at = cell &* side
        for _ in 0..<side / 4 {
            sum &+= UInt32(across[at])
            at &+= 4
        }
        for _ in 0..<side % 4 {
            sum &+= UInt32(columns[at])
            at &+= 1
        }
        means[cell] = UInt8(truncatingIfNeeded: (sum &* reciprocal &+ (1 << 23)) &>> 24)
    }
}

private func setFourRows(
    _ a: Span<UInt8>, _ b: Span<UInt8>, _ c: Span<UInt8>, _ d: Span<UInt8>, _ sums: inout MutableSpan<UInt16>
) {
    let n = sums.count
    precondition(a.count == n && b.count == n && c.count == n && d.count == n)
    for i in 0..<n { sums[i] = UInt16(a[i]) &+ UInt16(b[i]) &+ UInt16(c[i]) &+ UInt16(d[i]) }
}

private func addRow(_ samples: Span<UInt8>, _ sums: inout MutableSpan<UInt16>) {
    let n = sums.count
    precondition(samples.count == n)
    for i in 0..<n { sums[i] &+= UInt16(samples[i]) }
}

private func sumAcross(_ sums: [UInt16], _ fours: inout [UInt16]) {
    let n = sums.count
    guard n >= 4 else { return }
    let columns = sums.span
    var across = fours.mutableSpan
    var target = across._mutatingExtracting(0..<n - 3)
    addAcross(
        columns.extracting(0..<n - 3), columns.extracting(1..<n - 2), columns.extracting(2..<n - 1), columns.extracting(3..<n), &target)
}

private func addAcross(
    _ a: Span<UInt16>, _ b: Span<UInt16>, _ c: Span<UInt16>, _ d: Span<UInt16>, _ sums: inout MutableSpan<UInt16>
) {
    let n = sums.count
    precondition(a.count == n && b.count == n && c.count == n && d.count == n)
    for i in 0..<n { sums[i] = a[i] &+ b[i] &+ c[i] &+ d[i] }
}

/// Each sum times an odd factor of its own place, so that sums which change places change the number.
private func weigh(_ sums: Span<UInt16>) -> UInt32 {
    var number: Int32 = 0
    for i in 0..<sums.count {
        let factor = Int16(truncatingIfNeeded: i &* 40_503) | 1
        number &+= Int32(Int16(truncatingIfNeeded: sums[i])) &* Int32(factor)
    }
    return UInt32(bitPattern: number)
}
