// Working memory of one look. A worker keeps one and lends it to every camera, so that a camera at rest costs eight bytes a cell.
// frames → **cells → foreground → blobs** → tracks → detections

/// Buffers that hold nothing between looks; sized once for a grid and reused.
///
/// About 20 bytes a cell, 300 KiB for 160×90. Not for sharing between threads at the same time.
package struct MotionScratch: Sendable {
    var cells: [UInt8] = []
    var columnSums = ColumnSums()
    var histogram = [Int32](repeating: 0, count: 511)
    /// Cells of each brightness, of every third cell.
    var levels = [Int32](repeating: 0, count: 256)
    /// Half of the count while it is made.
    var otherLevels = [Int32](repeating: 0, count: 256)

    // Padded arrays have a border of one cell all around, so that neighbour loops need no special edges.
    /// Brightness in sixteenths of a level, border replicated.
    var luma: [Int16] = []
    /// What the background and the light explain, in sixteenths, border replicated.
    var predicted: [Int16] = []
    /// 1 where the deviation is strong, zero border.
    var strong: [UInt8] = []
    var rowSums: [UInt8] = []
    /// 1 where the cell is foreground, zero border.
    var foreground: [UInt8] = []

    // Plain arrays, one value a cell.
    /// Brightness minus what was explained, in sixteenths.
    var difference: [Int16] = []
    var threshold: [Int16] = []
    var weak: [UInt8] = []
    /// How many of the nine cells around are foreground: above 0 is foreground grown by one cell, 9 is its inside.
    var grown: [UInt8] = []
    var rates = LearningRates()

    /// Horizontal stretches of grown foreground, and the blobs they form.
    var runs: [Run] = []
    var blobs: [Blob] = []

    package init() {}

    /// Makes room for a grid; does nothing when it already fits.
    mutating func prepare(_ grid: CellGrid) {
        let count = grid.count
        let padded = (grid.width + 2) * (grid.height + 2)
        if columnSums.count != grid.width * grid.side { columnSums = ColumnSums(grid) }
        guard cells.count != count || luma.count != padded else { return }
        cells = Array(repeating: 0, count: count)
        luma = Array(repeating: 0, count: padded)
        predicted = Array(repeating: 0, count: padded)
        strong = Array(repeating: 0, count: padded)
        rowSums = Array(repeating: 0, count: padded)
        foreground = Array(repeating: 0, count: padded)
        difference = Array(repeating: 0, count: count)
        threshold = Array(repeating: 0, count: count)
        weak = Array(repeating: 0, count: count)
        grown = Array(repeating: 0, count: count)
        rates = LearningRates(grid)
        runs.reserveCapacity(Run.limit)
        blobs.reserveCapacity(Blob.limit)
    }
}
