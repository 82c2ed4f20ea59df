// Luma to cells: block means of the decoder's plane, read in place, the only step that touches every sample.
// looks → **frames → cells** → foreground → blobs → tracks → detections

package import Domain

/// How a picture is divided into square cells of `side` samples; partial cells at the right and lower edge are dropped.
package struct CellGrid: Sendable, Hashable {
    package let width: Int
    package let height: Int
    package let side: Int
    package let pictureWidth: Int
    package let pictureHeight: Int

    /// At most 160×120 cells whatever the picture, so that every camera costs the same after this step.
    package init(_ shape: PlaneShape) {
        side = max(1, (shape.width + 159) / 160, (shape.height + 119) / 120)
        width = shape.width / side
        height = shape.height / side
        pictureWidth = shape.width
        pictureHeight = shape.height
    }

    package var count: Int { width * height }

    /// The relative box of the cells `x...` by `y...`, both ends included.
    func relativeBox(_ box: CellBox) -> RelativeBox {
        let w = Double(pictureWidth)
        let h = Double(pictureHeight)
        return RelativeBox(
            x: Double(box.minX * side) / w, y: Double(box.minY * side) / h,
            width: Double((box.maxX - box.minX + 1) * side) / w, height: Double((box.maxY - box.minY + 1) * side) / h)
    }

    /// Writes the mean of every cell. One pass over a third of the rows when cells are large, over all rows otherwise.
    ///
    /// - Parameters:
    ///   - luma: The decoder's plane; at least `(height − 1) · stride + width` samples.
    ///   - cells: `count` values, row by row.
    ///   - columnSums: Room for one row of samples, kept by the caller so that nothing is allocated here.
    /// - Returns: A number made of the exact sums, equal only for equal pictures but for one chance in four thousand million.
    @discardableResult
    package func readMeans(_ luma: Span<UInt8>, _ shape: PlaneShape, into cells: inout [UInt8], columnSums: inout [UInt16]) -> UInt32 {
        let columns = width * side
        // Every third row gives 48 samples at 12×12; more than 64 rows of one cell would overflow nothing but add nothing either.
        let step = side < 6 ? 1 : max(3, side / 64)
        let first = side < 6 ? 0 : step / 2
        let rows = (side - first + step - 1) / step
        let reciprocal = UInt32((1 << 24) / (side * rows))
        var means = cells.mutableSpan
        var sums = columnSums.mutableSpan
        var fingerprint: UInt32 = 0
        for cellRow in 0..<height {
            for x in 0..<columns { sums[x] = 0 }
            var y = cellRow * side + first
            for _ in 0..<rows {
                let start = y * shape.stride
                var target = sums._mutatingExtracting(0..<columns)
                addRow(luma.extracting(start..<start + columns), to: &target)
                y += step
            }
            var row = means._mutatingExtracting(cellRow * width..<(cellRow + 1) * width)
            let all = sums.span.extracting(0..<columns)
            // The usual sides as constants: only then are the strided reads vectorised.
            let exact: UInt32
            switch side {
            case 1: exact = averageColumns(all, side: 1, reciprocal, &row)
            case 2: exact = averageColumns(all, side: 2, reciprocal, &row)
            case 4: exact = averageColumns(all, side: 4, reciprocal, &row)
            case 5: exact = averageColumns(all, side: 5, reciprocal, &row)
            case 8: exact = averageColumns(all, side: 8, reciprocal, &row)
            case 12: exact = averageColumns(all, side: 12, reciprocal, &row)
            default: exact = averageColumns(all, side: side, reciprocal, &row)
            }
            fingerprint = (fingerprint ^ exact) &* 16_777_619
        }
        return fingerprint
    }

    /// Mean difference of neighbouring samples in levels, on one row of samples of every row of cells.
    func readSharpness(_ luma: Span<UInt8>, _ shape: PlaneShape, _ seen: SeenCells) -> Double {
        var sum = 0
        var count = 0
        for cellRow in 0..<height {
            let start = (cellRow * side + side / 2) * shape.stride
            for cells in seen.stretches(row: cellRow, of: self) {
                sum += Int(sumOfSteps(luma.extracting(start + cells.lowerBound * side..<start + cells.upperBound * side)))
                count += cells.count * side - 1
            }
        }
        return Double(sum) / Double(max(1, count))
    }
}

/// Inclusive bounds in cells.
struct CellBox: Sendable, Hashable {
    var minX = Int.max
    var minY = Int.max
    var maxX = Int.min
    var maxY = Int.min

    var isEmpty: Bool { maxX < minX }

    mutating func extend(x: Int, y: Int) {
        minX = min(minX, x)
        maxX = max(maxX, x)
        minY = min(minY, y)
        maxY = max(maxY, y)
    }

    func union(_ other: CellBox) -> CellBox {
        CellBox(
            minX: min(minX, other.minX), minY: min(minY, other.minY), maxX: max(maxX, other.maxX), maxY: max(maxY, other.maxY))
    }

    /// Cells between the two along the longer of the two axes; 0 when they touch or overlap.
    func gap(to other: CellBox) -> Int {
        max(0, other.minX - maxX - 1, minX - other.maxX - 1, other.minY - maxY - 1, minY - other.maxY - 1)
    }

    /// The longer side.
    var length: Int { isEmpty ? 0 : max(maxX - minX, maxY - minY) + 1 }

    /// True when the two share no more than a quarter of the smaller one.
    func isClear(of other: CellBox) -> Bool { overlap(other) * 4 <= min(cells, other.cells) }

    var cells: Int { isEmpty ? 0 : (maxX - minX + 1) * (maxY - minY + 1) }

    /// Cells that both hold.
    func overlap(_ other: CellBox) -> Int {
        max(0, min(maxX, other.maxX) - max(minX, other.minX) + 1) * max(0, min(maxY, other.maxY) - max(minY, other.minY) + 1)
    }

    func overlaps(_ other: CellBox) -> Bool {
        minX <= other.maxX && other.minX <= maxX && minY <= other.maxY && other.minY <= maxY
    }
}

private func addRow(_ samples: Span<UInt8>, to sums: inout MutableSpan<UInt16>) {
    let n = sums.count
    precondition(samples.count == n)
    for i in 0..<n { sums[i] &+= UInt16(samples[i]) }
}

@inline(__always)
private func averageColumns(_ sums: Span<UInt16>, side: Int, _ reciprocal: UInt32, _ means: inout MutableSpan<UInt8>) -> UInt32 {
    let n = means.count
    precondition(sums.count == n * side)
    var exact: UInt32 = 0
    for i in 0..<n {
        var sum: UInt32 = 0
        let start = i &* side
        for k in 0..<side { sum &+= UInt32(sums[start &+ k]) }
        means[i] = UInt8(truncatingIfNeeded: (sum &* reciprocal &+ (1 << 23)) &>> 24)
        // An odd factor of its own for each place, so that sums which change places change the number.
        exact &+= sum &* (UInt32(truncatingIfNeeded: i) &* 2_654_435_770 | 1)
    }
    return exact
}

private func sumOfSteps(_ samples: Span<UInt8>) -> UInt32 {
    let n = samples.count - 1
    guard n > 0 else { return 0 }
    let left = samples.extracting(0..<n)
    let right = samples.extracting(1..<n + 1)
    var sum: UInt32 = 0
    for i in 0..<n {
        let a = left[i]
        let b = right[i]
        sum &+= UInt32((a > b ? a : b) &- (a > b ? b : a))
    }
    return sum
}
