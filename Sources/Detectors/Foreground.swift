// Which cells differ from what background and light explain: prediction, threshold, neighbourhood vote.
// frames → cells → photometric fit → **foreground** → blobs → tracks → detections

/// How the foreground of one look is spread.
struct ForegroundExtent: Sendable {
    var cells = 0
    /// Share of all cells.
    var ratio = 0.0
    /// Share of the 8×6 raster in which more than a quarter of the cells are foreground.
    var spread = 0.0
}

extension MotionScratch {
    /// Fills `luma`, `predicted`, `difference`, `threshold` and `foreground` from the cells of this look.
    mutating func findForeground(
        _ state: CellState, grid: CellGrid, fit: PhotometricFit, _ numbers: ThresholdNumbers, _ seen: SeenCells
    ) {
        CellKernels.brightness(cells, grid, &luma)
        CellKernels.explained(state.background, fit, grid, &predicted)
        CellKernels.subtract(luma, predicted, grid, &difference)
        CellKernels.thresholds(predicted, state.deviation, state.flutter, grid, numbers, &threshold)
        CellKernels.classify(difference, threshold, grid, strong: &strong, weak: &weak)
        if !seen.flags.isEmpty { CellKernels.keepSeen(seen.flags, grid, strong: &strong, weak: &weak) }
        // A cell is foreground when it deviates and at least four of the nine cells around it, itself included, deviate strongly.
        CellKernels.sumThreeColumns(strong, grid, &rowSums)
        CellKernels.vote(rowSums, weak, grid, &foreground)
    }

    /// Grows the foreground by one cell, so that what nearly touches counts as one thing.
    mutating func growForeground(_ grid: CellGrid) {
        CellKernels.sumThreeColumns(foreground, grid, &rowSums)
        CellKernels.sumThreeRows(rowSums, grid, &grown)
    }

    /// Foreground cells in a box.
    func foregroundCells(in box: CellBox, _ grid: CellGrid) -> Int {
        guard !box.isEmpty else { return 0 }
        let cells = foreground.span
        return (box.minY...box.maxY).reduce(0) {
            $0 + CellKernels.count(cells.extracting(grid.padded($1) + box.minX..<grid.padded($1) + box.maxX + 1))
        }
    }

    /// Counts the foreground of the whole picture and of each field of the 8×6 raster.
    func measureExtent(_ grid: CellGrid) -> ForegroundExtent {
        var extent = ForegroundExtent()
        var touched = 0
        let cells = foreground.span
        for blockY in 0..<6 {
            let rows = grid.height * blockY / 6..<grid.height * (blockY + 1) / 6
            var counts = SIMD8<Int>.zero
            // Nearly all rows of nearly all pictures are empty.
            for y in rows where CellKernels.hasAny(cells.extracting(grid.inner(y))) {
                for blockX in 0..<8 {
                    let columns = grid.width * blockX / 8..<grid.width * (blockX + 1) / 8
                    counts[blockX] += CellKernels.count(
                        cells.extracting(grid.padded(y) + columns.lowerBound..<grid.padded(y) + columns.upperBound))
                }
            }
            for blockX in 0..<8 {
                let columns = grid.width * blockX / 8..<grid.width * (blockX + 1) / 8
                extent.cells += counts[blockX]
                if counts[blockX] * 4 > rows.count * columns.count { touched += 1 }
            }
        }
        extent.ratio = Double(extent.cells) / Double(grid.count)
        extent.spread = Double(touched) / 48
        return extent
    }
}

/// The threshold's parts as the kernels want them.
struct ThresholdNumbers: Sendable {
    /// In sixteenths of a level.
    var minimum: UInt16
    /// Sixteenths per 8.8 level of deviation, 16 fractional bits.
    var noiseQ16: UInt16
    /// Threshold per difference of the two neighbours, 16 fractional bits; they are two cells apart.
    var edgeQ16: UInt16
    /// The deviation that counts at the most, 8.8: its threshold is a thousand levels.
    var loudest: UInt16

    init(_ settings: MotionSettings) {
        minimum = UInt16(min(15_900, max(0, settings.thresholdLevels * 16)))
        noiseQ16 = UInt16(clamping: Int(settings.noiseFactor * 4096))
        edgeQ16 = UInt16(clamping: Int(settings.edgeFactor * 65536) / 2)
        loudest = UInt16(clamping: (15_900 << 16) / max(1, Int(noiseQ16)))
    }
}
