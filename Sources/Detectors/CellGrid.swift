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
    ///   - columns: Room for one row of cells, kept by the caller so that nothing is allocated here.
    ///   - fingerprint: Becomes a number made of the exact sums, equal only for equal pictures but for one chance in four thousand
    ///     million; left alone when nil.
    package func readMeans(
        _ luma: Span<UInt8>, _ shape: PlaneShape, into cells: inout [UInt8], _ columns: inout ColumnSums, fingerprint: inout UInt32?
    ) {
        // Every third row gives 48 samples at 12×12; more than 64 rows of one cell would overflow nothing but add nothing either.
        let step = side < 6 ? 1 : max(3, side / 64)
        let first = side < 6 ? 0 : step / 2
        let rows = (side - first + step - 1) / step
        let reciprocal = UInt32((1 << 24) / (side * rows))
        var means = cells.mutableSpan
        for cellRow in 0..<height {
            let start = (cellRow * side + first) * shape.stride
            columns.read(luma, from: start, rows: rows, pitch: step * shape.stride)
            if let above = fingerprint { fingerprint = (above ^ columns.number) &* 16_777_619 }
            var row = means._mutatingExtracting(cellRow * width..<(cellRow + 1) * width)
            // The usual sides as constants: only then is the sum of a cell a line of additions.
            switch side {
            case 1: columns.average(side: 1, reciprocal, &row)
            case 2: columns.average(side: 2, reciprocal, &row)
            case 4: columns.average(side: 4, 1 << 20, &row)  // `reciprocal`, here a constant as well: a shift.
            case 5: columns.average(side: 5, reciprocal, &row)
            case 8: columns.average(side: 8, reciprocal, &row)
            case 12: columns.average(side: 12, reciprocal, &row)
            default: columns.average(side: side, reciprocal, &row)
            }
        }
    }

    /// Measures how fine the picture's structure is, on one row of samples of each row of cells; of many, every fourth.
    ///
    /// - Returns: `grain`, the mean difference of neighbouring samples in levels. And `sharpness`, by how much the mean square of that
    ///   difference grows from neighbours to next neighbours: an edge in focus doubles it, a blurred one hardly has any, and a sensor's
    ///   noise, which is as large at any distance and by night most of the grain, drops out.
    func readFineness(_ luma: Span<UInt8>, _ shape: PlaneShape, _ seen: SeenCells) -> (grain: Double, sharpness: Double) {
        var steps = 0
        var growth = 0
        var count = 0
        let step = height < 80 ? 1 : 4
        for cellRow in stride(from: step / 2, to: height, by: step) {
            let start = (cellRow * side + side / 2) * shape.stride
            for cells in seen.stretches(row: cellRow, of: self) where cells.count * side > 2 {
                let row = luma.extracting(start + cells.lowerBound * side..<start + cells.upperBound * side)
                let n = row.count - 2
                let (left, middle, right) = (row.extracting(0..<n), row.extracting(1..<n + 1), row.extracting(2..<n + 2))
                steps += Int(sumOfSteps(left, middle))
                growth += Int(sumOfGrowth(left, middle, right))
                count += n
            }
        }
        let samples = Double(max(1, count))
        return (Double(steps) / samples, Double(max(0, growth)) / samples)
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

private func sumOfSteps(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int32 {
    let n = left.count
    precondition(right.count == n)
    var sum: Int32 = 0
    for i in 0..<n {
        let step = Int32(left[i]) &- Int32(right[i])
        sum &+= step < 0 ? 0 &- step : step
    }
    return sum
}

/// Σ (left − right)² − (left − middle)², as a product of two small factors.
private func sumOfGrowth(_ left: Span<UInt8>, _ middle: Span<UInt8>, _ right: Span<UInt8>) -> Int32 {
    let n = left.count
    precondition(middle.count == n && right.count == n)
    var sum: Int32 = 0
    for i in 0..<n {
        let (a, b, c) = (Int16(left[i]), Int16(middle[i]), Int16(right[i]))
        // 16,000 samples of at most 255 · 510 fit in 32 bits.
        sum &+= Int32(b &- c) &* Int32(a &+ a &- b &- c)
    }
    return sum
}
