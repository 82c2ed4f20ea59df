// At which rate each cell learns from this look: one for all where nothing differs, one a cell where something does.
// foreground → blobs → tracks → detections; **learning** closes the loop

/// Shares of the way to go, in 15 bits. Nearly all rows of nearly all pictures are calm: their cells learn at common rates, and no rates are
/// written for them.
struct LearningRates: Sendable {
    /// What cells learn at in which nothing differs.
    private(set) var calmBackground: UInt16 = 0
    private(set) var calmDeviation: UInt16 = 0
    /// 1 for a row of cells with rates of its own.
    private(set) var isOwn: [UInt8] = []
    /// One rate a cell; those of calm rows are of earlier looks.
    private(set) var background: [UInt16] = []
    private(set) var deviation: [UInt16] = []

    init() {}

    init(_ grid: CellGrid) {
        isOwn = Array(repeating: 0, count: grid.height)
        background = Array(repeating: 0, count: grid.count)
        deviation = background
    }

    /// Chooses by foreground, a padded plane.
    mutating func choose(
        _ foreground: [UInt8], _ grid: CellGrid, background: (calm: UInt16, busy: UInt16), deviation: (calm: UInt16, busy: UInt16)
    ) {
        (calmBackground, calmDeviation) = (background.calm, deviation.calm)
        let cells = foreground.span
        for y in 0..<grid.height {
            let row = cells.extracting(grid.inner(y))
            guard CellKernels.hasAny(row) else {
                isOwn[y] = 0
                continue
            }
            isOwn[y] = 1
            chooseRow(row, calm: background.calm, busy: background.busy, &self.background, grid.row(y))
            chooseRow(row, calm: deviation.calm, busy: deviation.busy, &self.deviation, grid.row(y))
        }
    }

    /// Sets the rate of the background for cells of one row.
    mutating func setBackground(_ cells: Range<Int>, row: Int, _ grid: CellGrid, _ rate: UInt16) {
        own(row, grid)
        for cell in cells { background[cell] = rate }
    }

    /// Sets the rate of the deviation for cells of one row.
    mutating func setDeviation(_ cells: Range<Int>, row: Int, _ grid: CellGrid, _ rate: UInt16) {
        own(row, grid)
        for cell in cells { deviation[cell] = rate }
    }

    private mutating func own(_ y: Int, _ grid: CellGrid) {
        guard isOwn[y] == 0 else { return }
        isOwn[y] = 1
        for cell in grid.row(y) {
            background[cell] = calmBackground
            deviation[cell] = calmDeviation
        }
    }

    /// Lets foreground whose age is beyond a limit become background at a rate.
    mutating func absorb(_ age: [UInt8], olderThan limit: UInt8, _ grid: CellGrid, rate: UInt16) {
        let ages = age.span
        for y in 0..<grid.height where isOwn[y] == 1 {
            absorbRow(ages.extracting(grid.row(y)), limit, rate, &background, grid.row(y))
        }
    }

    /// Raises the rate of foreground cells that are as they were at the look before.
    mutating func relearnStill(
        _ foreground: [UInt8], _ cells: [UInt8], _ previous: [UInt8], _ grid: CellGrid, within levels: UInt8, rate: UInt16
    ) {
        let (f, now, before) = (foreground.span, cells.span, previous.span)
        for y in 0..<grid.height where isOwn[y] == 1 {
            let row = grid.row(y)
            raiseStillRow(f.extracting(grid.inner(y)), now.extracting(row), before.extracting(row), levels, rate, &background, row)
        }
    }
}

private func chooseRow(_ foreground: Span<UInt8>, calm: UInt16, busy: UInt16, _ plane: inout [UInt16], _ cells: Range<Int>) {
    var rates = plane.mutableSpan
    var out = rates._mutatingExtracting(cells)
    let n = foreground.count
    precondition(out.count == n)
    let difference = calm ^ busy
    // All bits where there is foreground: a choice by a byte between words is not vectorised.
    for i in 0..<n { out[i] = calm ^ ((0 &- UInt16(foreground[i])) & difference) }
}

private func absorbRow(_ age: Span<UInt8>, _ limit: UInt8, _ rate: UInt16, _ plane: inout [UInt16], _ cells: Range<Int>) {
    var all = plane.mutableSpan
    var rates = all._mutatingExtracting(cells)
    let n = rates.count
    precondition(age.count == n)
    for i in 0..<n {
        let isOld: UInt16 = UInt16(age[i]) > UInt16(limit) ? .max : 0
        rates[i] = rates[i] ^ (isOld & (rates[i] ^ rate))
    }
}

private func raiseStillRow(
    _ foreground: Span<UInt8>, _ now: Span<UInt8>, _ before: Span<UInt8>, _ levels: UInt8, _ rate: UInt16, _ plane: inout [UInt16],
    _ cells: Range<Int>
) {
    var rates = plane.mutableSpan
    var out = rates._mutatingExtracting(cells)
    let n = out.count
    precondition(foreground.count == n && now.count == n && before.count == n)
    for i in 0..<n {
        let (a, b, f, old) = (now[i], before[i], foreground[i], out[i])
        let step = (a > b ? a : b) &- (a > b ? b : a)
        let raised = old > rate ? old : rate
        out[i] = f != 0 && step < levels ? raised : old
    }
}
