// The loops over cells. Plain rows of integers with wrapping arithmetic, sliced once, so that the compiler vectorises them.
// frames → **cells → foreground** → blobs → tracks → detections

/// Loops of the detector over whole grids, without branches in the inner loop; a few microseconds each at 160×90.
///
/// Padded planes have a border of one cell; see `MotionScratch`. Brightness is in sixteenths of a level.
enum CellKernels {
    /// Cells to sixteenths in a padded plane with replicated border.
    static func brightness(_ cells: [UInt8], _ grid: CellGrid, _ out: inout [Int16]) {
        let source = cells.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.paddedRow(y))
            brightnessRow(source.extracting(grid.row(y)), &row)
        }
        replicateRows(&out, grid)
    }

    /// What background and light explain, in sixteenths, in a padded plane with replicated border.
    static func explained(_ background: [UInt16], _ fit: PhotometricFit, _ grid: CellGrid, _ out: inout [Int16]) {
        let source = background.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.paddedRow(y))
            explainedRow(source.extracting(grid.row(y)), fit, &row)
        }
        replicateRows(&out, grid)
    }

    /// Brightness minus what is explained.
    static func subtract(_ luma: [Int16], _ explained: [Int16], _ grid: CellGrid, _ out: inout [Int16]) {
        let a = luma.span
        let b = explained.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.row(y))
            subtractRow(a.extracting(grid.inner(y)), b.extracting(grid.inner(y)), &row)
        }
    }

    /// `max(minimum, factor · V) + κ(|gx| + |gy|) + flutter` of every cell.
    static func thresholds(
        _ explained: [Int16], _ deviation: [UInt16], _ flutter: [UInt16], _ grid: CellGrid, _ numbers: ThresholdNumbers,
        _ out: inout [Int16]
    ) {
        let e = explained.span
        let v = deviation.span
        let p = flutter.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.row(y))
            thresholdRow(
                above: e.extracting(grid.inner(y - 1)), below: e.extracting(grid.inner(y + 1)),
                left: e.extracting(grid.inner(y, shifted: -1)),
                right: e.extracting(grid.inner(y, shifted: 1)), v.extracting(grid.row(y)), p.extracting(grid.row(y)), numbers, &row)
        }
    }

    /// Marks cells beyond their threshold as strong, and beyond five eighths of it as weak.
    static func classify(
        _ difference: [Int16], _ threshold: [Int16], _ grid: CellGrid, strong: inout [UInt8], weak: inout [UInt8]
    ) {
        let d = difference.span
        let t = threshold.span
        var strongPlane = strong.mutableSpan
        var weakPlane = weak.mutableSpan
        for y in 0..<grid.height {
            var strongRow = strongPlane._mutatingExtracting(grid.inner(y))
            var weakRow = weakPlane._mutatingExtracting(grid.row(y))
            classifyRow(d.extracting(grid.row(y)), t.extracting(grid.row(y)), strong: &strongRow, weak: &weakRow)
        }
    }

    /// Clears the marks of cells that are not looked at.
    static func keepSeen(_ flags: [UInt8], _ grid: CellGrid, strong: inout [UInt8], weak: inout [UInt8]) {
        let seen = flags.span
        var strongPlane = strong.mutableSpan
        var weakPlane = weak.mutableSpan
        for y in 0..<grid.height {
            var strongRow = strongPlane._mutatingExtracting(grid.inner(y))
            var weakRow = weakPlane._mutatingExtracting(grid.row(y))
            keepRow(seen.extracting(grid.row(y)), &strongRow)
            keepRow(seen.extracting(grid.row(y)), &weakRow)
        }
    }

    /// Sum of each cell and its two neighbours in the row; padded to padded.
    static func sumThreeColumns(_ values: [UInt8], _ grid: CellGrid, _ out: inout [UInt8]) {
        let v = values.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.inner(y))
            addThree(v.extracting(grid.inner(y, shifted: -1)), v.extracting(grid.inner(y)), v.extracting(grid.inner(y, shifted: 1)), &row)
        }
    }

    /// Sum of each cell and its two neighbours in the column; padded to plain.
    static func sumThreeRows(_ values: [UInt8], _ grid: CellGrid, _ out: inout [UInt8]) {
        let v = values.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.row(y))
            addThree(v.extracting(grid.inner(y - 1)), v.extracting(grid.inner(y)), v.extracting(grid.inner(y + 1)), &row)
        }
    }

    /// Keeps weak cells with at least four strong ones among nine.
    static func vote(_ rowSums: [UInt8], _ weak: [UInt8], _ grid: CellGrid, _ out: inout [UInt8]) {
        let sums = rowSums.span
        let w = weak.span
        var plane = out.mutableSpan
        for y in 0..<grid.height {
            var row = plane._mutatingExtracting(grid.inner(y))
            voteRow(
                sums.extracting(grid.inner(y - 1)), sums.extracting(grid.inner(y)), sums.extracting(grid.inner(y + 1)),
                w.extracting(grid.row(y)), &row)
        }
    }

    /// How many of at most 255 flags, 0 or 1 each, are set.
    static func count(_ flags: Span<UInt8>) -> Int {
        let n = flags.count
        precondition(n <= 255)
        // In bytes: sixteen are added at once.
        var sum: UInt8 = 0
        for i in 0..<n { sum &+= flags[i] }
        return Int(sum)
    }

    /// True when a stretch has a value other than zero.
    static func hasAny(_ values: Span<UInt8>) -> Bool {
        var any: UInt8 = 0
        for i in 0..<values.count { any |= values[i] }
        return any != 0
    }
}

extension CellGrid {
    /// Row distance of padded planes.
    var pitch: Int { width + 2 }
    /// Index of the first cell of row `y` in a padded plane; `y` may be −1 and `height`.
    func padded(_ y: Int) -> Int { (y + 1) * pitch + 1 }
    /// Row `y` of a plain plane.
    func row(_ y: Int) -> Range<Int> { y * width..<(y + 1) * width }
    /// Row `y` of a padded plane without its border, optionally moved by one cell.
    func inner(_ y: Int, shifted: Int = 0) -> Range<Int> { padded(y) + shifted..<padded(y) + shifted + width }
    /// Row `y` of a padded plane with its border.
    func paddedRow(_ y: Int) -> Range<Int> { padded(y) - 1..<padded(y) + width + 1 }
}

/// The upper half of a product: one instruction for eight of them.
@inline(__always)
func high(_ a: UInt16, _ b: UInt16) -> UInt16 { UInt16(truncatingIfNeeded: (UInt32(a) &* UInt32(b)) &>> 16) }

private func replicateRows(_ plane: inout [Int16], _ grid: CellGrid) {
    let pitch = grid.pitch
    let last = (grid.height + 1) * pitch
    for x in 0..<pitch {
        plane[x] = plane[x + pitch]
        plane[last + x] = plane[last - pitch + x]
    }
}

private func brightnessRow(_ cells: Span<UInt8>, _ out: inout MutableSpan<Int16>) {
    let n = cells.count
    precondition(out.count == n + 2)
    for i in 0..<n { out[i &+ 1] = Int16(cells[i]) &<< 4 }
    out[0] = out[1]
    out[n + 1] = out[n]
}

private func explainedRow(_ background: Span<UInt16>, _ fit: PhotometricFit, _ out: inout MutableSpan<Int16>) {
    let n = background.count
    precondition(out.count == n + 2)
    let gain = UInt16(fit.gainQ12)
    let offset = Int16(clamping: fit.offsetQ12 &>> 8)
    for i in 0..<n {
        let value = Int16(truncatingIfNeeded: high(gain, background[i])) &+ offset
        out[i &+ 1] = value < 0 ? 0 : (value > 4080 ? 4080 : value)
    }
    out[0] = out[1]
    out[n + 1] = out[n]
}

private func subtractRow(_ luma: Span<Int16>, _ explained: Span<Int16>, _ out: inout MutableSpan<Int16>) {
    let n = out.count
    precondition(luma.count == n && explained.count == n)
    for i in 0..<n { out[i] = luma[i] &- explained[i] }
}

private func thresholdRow(
    above: Span<Int16>, below: Span<Int16>, left: Span<Int16>, right: Span<Int16>, _ deviation: Span<UInt16>,
    _ flutter: Span<UInt16>, _ numbers: ThresholdNumbers, _ out: inout MutableSpan<Int16>
) {
    let n = out.count
    precondition(above.count == n && below.count == n && left.count == n && right.count == n)
    precondition(deviation.count == n && flutter.count == n)
    let (minimum, noiseFactor, edgeFactor) = (Int16(numbers.minimum), numbers.noiseQ16, numbers.edgeQ16)
    let loudest = numbers.loudest
    for i in 0..<n {
        let gx = right[i] &- left[i]
        let gy = below[i] &- above[i]
        let gradient = UInt16(bitPattern: (gx < 0 ? 0 &- gx : gx) &+ (gy < 0 ? 0 &- gy : gy))
        // Each part has its bound, so that the sum stays in 15 bits: two gradients have less than 16,321 sixteenths. Bounds are compared
        // with before the product, because what comes of one is compared in 32 bits.
        let v = deviation[i]
        let noise = Int16(truncatingIfNeeded: high(v < loudest ? v : loudest, noiseFactor))
        let edge = Int16(truncatingIfNeeded: high(gradient, edgeFactor))
        let p = flutter[i]
        // Fluttering ground, above 40 of 255, needs up to 32 levels more.
        let restless = Int16(truncatingIfNeeded: p > 40 &* 256 ? p &>> 7 : 0)
        out[i] = (noise < minimum ? minimum : noise) &+ edge &+ restless
    }
}

private func classifyRow(
    _ difference: Span<Int16>, _ threshold: Span<Int16>, strong: inout MutableSpan<UInt8>, weak: inout MutableSpan<UInt8>
) {
    let n = difference.count
    precondition(threshold.count == n && strong.count == n && weak.count == n)
    for i in 0..<n {
        let d = difference[i]
        let size = d < 0 ? 0 &- d : d
        let t = threshold[i]
        strong[i] = size > t ? 1 : 0
        weak[i] = size > t &- (t &>> 2) &- (t &>> 3) ? 1 : 0
    }
}

private func keepRow(_ seen: Span<UInt8>, _ marks: inout MutableSpan<UInt8>) {
    let n = marks.count
    precondition(seen.count == n)
    for i in 0..<n { marks[i] = marks[i] & seen[i] }
}

private func addThree(_ a: Span<UInt8>, _ b: Span<UInt8>, _ c: Span<UInt8>, _ out: inout MutableSpan<UInt8>) {
    let n = out.count
    precondition(a.count == n && b.count == n && c.count == n)
    for i in 0..<n { out[i] = a[i] &+ b[i] &+ c[i] }
}

private func voteRow(
    _ above: Span<UInt8>, _ middle: Span<UInt8>, _ below: Span<UInt8>, _ weak: Span<UInt8>, _ out: inout MutableSpan<UInt8>
) {
    let n = out.count
    precondition(above.count == n && middle.count == n && below.count == n && weak.count == n)
    for i in 0..<n {
        // Read before the condition: a load behind one keeps the loop from being vectorised.
        let w = weak[i]
        out[i] = above[i] &+ middle[i] &+ below[i] >= 4 ? w : 0
    }
}
