// What a look says about the camera itself: which cause it shows, against the remembered view.
// frames → cells → **tamper** → health

import Domain

/// A view of the place, one byte a cell, and what it is like as a whole.
struct RememberedView: Sendable {
    private(set) var cells: [UInt8] = []
    private(set) var sharpness = 0.0
    private(set) var contrast = 0.0
    private(set) var seconds = 0.0
    /// Of the cells and of their squares.
    private(set) var sums = PictureSums()

    /// Takes the background, which has no passers-by in it, as the view.
    mutating func learn(_ look: borrowing TamperLook) {
        if cells.count != look.cells.count { cells = Array(repeating: 0, count: look.cells.count) }
        for i in cells.indices { cells[i] = UInt8(min(255, (UInt32(look.background[i]) + 128) >> 8)) }
        sums = PictureSums(cells.span, times: cells.span)
        sharpness = look.statistics.sharpness
        contrast = Double(look.statistics.contrast)
        seconds = look.atSeconds
    }

    /// True when a picture shows a place at all, by whatever light: it has contrast, and edges as a place has them.
    func isShown(in look: borrowing TamperLook, _ settings: TamperSettings) -> Bool {
        guard look.statistics.saturated <= settings.blindedShare, Double(look.statistics.bright) >= settings.blackLevels,
            !look.statistics.isBlank(settings)
        else { return false }
        let edges = EdgeLikeness(look.cells, cells, look.grid)
        return edges.whole > 0.5 || edges.strengthA > 0.3 * edges.strengthB
    }
}

extension PictureStatistics {
    /// Hardly any contrast, or nearly everything of one brightness.
    fileprivate func isBlank(_ settings: TamperSettings) -> Bool {
        Double(contrast) < settings.coveredLevels || concentration > settings.coveredShare
    }
}

extension TamperWatch {
    /// A correlation with the view that noise may have as well.
    private static let nothingLeft = 0.3

    /// The most certain cause that this look shows.
    func judge(_ look: borrowing TamperLook, _ settings: TamperSettings) -> (tamper: Tamper, note: String)? {
        let hasContrast = Double(look.statistics.contrast) >= settings.flatLevels
        if repeats >= settings.frozenPictures, hasContrast, look.atSeconds - repeatSeconds >= 3 {
            return (.frozen, "\(repeats) key pictures are the same to the last bit")
        }
        let likeness = Likeness(look.cells, view.cells, ownSums: view.sums, unseen: look.unseen)
        let statistics = look.statistics
        if statistics.saturated > settings.blindedShare, likeness.meanRise > 30 {
            return (.blinded, "\(Words.percent(statistics.saturated)) of the picture is white")
        }
        if let dark = judgeDark(look, likeness, settings) { return dark }
        guard look.atSeconds >= mutedUntilSeconds, !isViewStale else { return nil }
        // A lamp that goes out takes contrast and sharpness together; sharpness is a square.
        let dimming = min(1, Double(statistics.contrast) / max(1, view.contrast))
        let isSoft = view.sharpness >= 4 && statistics.sharpness < settings.defocusedRatio * dimming * dimming * view.sharpness
        if isSoft, likeness.correlation >= 0.85, look.foreground < 0.3 {
            let left = Words.percent(statistics.sharpness / view.sharpness)
            return (.defocused, "\(left) of the usual sharpness in the same view")
        }
        // Edges are compared only when brightness gives a reason to: they cost as much as all the rest.
        guard !isSoft, likeness.correlation < 0.97 else { return nil }
        let edges = EdgeLikeness(look.cells, view.cells, look.grid)
        guard edges.whole < settings.movedCorrelation, edges.best < settings.movedCorrelation + 0.15 else { return nil }
        // Noise has edges too, elsewhere at every look; only a view that holds still can be compared with another.
        guard EdgeLikeness(look.cells, look.previous, look.grid).whole > 0.7 else { return nil }
        return (.moved, "edges agree with the learnt view by \(Words.percent(max(0, edges.whole)))")
    }

    private func judgeDark(
        _ look: borrowing TamperLook, _ likeness: Likeness, _ settings: TamperSettings
    ) -> (tamper: Tamper, note: String)? {
        let statistics = look.statistics
        // A dim scene is still the scene; what is black or covered has nothing of it but by chance: a cloth may be brighter at one side.
        guard likeness.correlation < settings.coveredCorrelation else { return nil }
        let isDark = Double(statistics.bright) < settings.blackLevels
        // A missing signal is filled with one colour, without the noise of a sensor.
        let isFilled = Double(statistics.contrast) < settings.flatLevels && statistics.grain < 0.25
        // The view is at most a minute old: at dusk it has gone dark itself.
        if isDark || isFilled, likeness.correlation < Self.nothingLeft, likeness.referenceDeviation >= 5 {
            return (.black, "brightness \(statistics.middle) of 255, contrast \(statistics.contrast)")
        }
        guard look.atSeconds >= mutedUntilSeconds, !isViewStale, !isDark, statistics.isBlank(settings) else { return nil }
        guard EdgeLikeness(look.cells, view.cells, look.grid).whole < Self.nothingLeft else { return nil }
        return (.covered, "contrast \(statistics.contrast), nothing of the learnt view is left")
    }
}
