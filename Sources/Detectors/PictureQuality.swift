// Is there a picture at all? What decoding made up must not be taken for the street.
// frames → cells → **quality** → photometric fit → foreground → blobs → tracks → detections

/// Whether a picture shows what the camera saw: log text, metric label and screen text at once.
package enum PictureQuality: String, Sendable, CaseIterable {
    case good
    /// The first seconds after a reconnection or with another picture size.
    case settling
    /// Large parts are of one grey: a picture was predicted from one that never came.
    case greyFlood = "grey_flood"
    /// Rows repeat the row above: the rest of the picture was lost and made up.
    case smear
}

extension MotionScratch {
    /// Judges the cells of a look against the background; needs `findForeground` first.
    ///
    /// Only looks in which much has changed can be bad, so that quiet ones pay nothing.
    func quality(_ state: CellState, grid: CellGrid, extent: ForegroundExtent) -> PictureQuality {
        guard extent.ratio > 0.05 else { return .good }
        if isFlooded(state, grid) { return .greyFlood }
        return isSmeared(state, grid) ? .smear : .good
    }

    /// Decoders fill what they cannot predict with 128, give or take what a predicted difference adds.
    private func isFlooded(_ state: CellState, _ grid: CellGrid) -> Bool {
        guard let level = (112...144).max(by: { levels[$0] < levels[$1] }) else { return false }
        // Large pictures are counted by every third cell.
        guard Int(levels[level]) * 3 * 12 >= grid.count else { return false }
        var flooded = 0
        for i in cells.indices where Int(cells[i]) == level && abs(Int(state.background[i] >> 8) - level) > 4 { flooded += 1 }
        // A picture of one colour all over is no signal, which is for the tamper watch to say.
        return flooded * 10 >= grid.count && flooded * 20 <= grid.count * 19
    }

    /// At least a tenth of the rows in a row equal the row above though they have contrast and the background does not.
    private func isSmeared(_ state: CellState, _ grid: CellGrid) -> Bool {
        let needed = max(4, grid.height / 10)
        var inARow = 0
        for y in 1..<max(2, grid.height) where y < grid.height {
            var (same, sameBefore) = (0, 0)
            var (darkest, brightest) = (UInt8.max, UInt8.min)
            for i in grid.row(y) {
                if cells[i] == cells[i - grid.width] { same += 1 }
                if state.background[i] >> 8 == state.background[i - grid.width] >> 8 { sameBefore += 1 }
                darkest = min(darkest, cells[i])
                brightest = max(brightest, cells[i])
            }
            let isRepeat = same * 10 >= grid.width * 9 && sameBefore * 2 < grid.width && Int(brightest) > Int(darkest) + 16
            inARow = isRepeat ? inARow + 1 : 0
            if inARow >= needed { return true }
        }
        return false
    }
}
