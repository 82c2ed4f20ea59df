// Is the camera itself hindered? Judged on every look against a remembered view of the same place.
// frames → cells → **tamper** → health

package import Domain

//                cause seen for its time, at ≥ 3 looks
//   ┌───────┐ ───────────────────────────────────────▶ ┌──────────┐
//   │ clear │                                          │ standing │   content detection is muted
//   └───────┘ ◀─────────────────────────────────────── └──────────┘
//                cause gone for `clearSeconds`, at ≥ 2 looks; `moved` also ends when the new view has held still for a minute
//
// One cause at a time, the most certain first: frozen, blinded, black, covered, moved, defocused. The view is renewed each minute
// while nothing is wrong, so that dusk and parked cars are not taken for a hand.

/// The beginning or the end of one tampering.
package struct TamperChange: Sendable, Hashable {
    package var tamper: Tamper
    /// True when it begins.
    package var isSet: Bool
    /// When its cause was first seen, or first gone.
    package var sinceSeconds: Double
    package var atSeconds: Double
    /// One short fact with numbers, for people.
    package var note: String
}

/// What one look tells about the camera itself.
struct TamperLook {
    var grid: CellGrid
    var cells: [UInt8]
    var previous: [UInt8]
    var background: [UInt16]
    var statistics: PictureStatistics
    var unseen: Int
    var atSeconds: Double
    /// Only key pictures are coded anew; others may repeat what stood before them without a camera at fault.
    var isKeyPicture: Bool
    /// Share of the picture that differs from the background.
    var foreground: Double
    /// False while the detector learns a scene or a light.
    var isSettled: Bool
}

/// Remembers a view of the place, one byte a cell, and how long what has been wrong.
struct TamperWatch: Sendable {
    private(set) var standing: Tamper?

    private var reference: [UInt8] = []
    private var referenceSharpness = 0.0
    private var referenceContrast = 0.0
    private var referenceSeconds = 0.0
    private var suspect: (tamper: Tamper, sinceSeconds: Double, looks: Int, note: String)?
    private var gone: (sinceSeconds: Double, looks: Int)?
    private var setSeconds = 0.0
    private var fingerprint: UInt32?
    private var repeats = 0
    private var repeatSeconds = 0.0
    /// Exposure settles for some seconds after an infrared switch, and a new light makes a new view.
    private var mutedUntilSeconds = -Double.infinity

    /// What stands, or is suspected: a change of the whole view is no thing in it.
    var muting: Tamper? {
        if let standing { return standing }
        return suspect?.tamper
    }

    /// Another picture size: nothing of the old view can be compared.
    mutating func forget() { self = TamperWatch() }

    /// Time started over: how long something lasted is no longer known; the view still is.
    mutating func restartTime() {
        suspect = nil
        gone = nil
        fingerprint = nil
        repeats = 0
        mutedUntilSeconds = -.infinity
    }

    /// The light of the scene became another one; what follows is learnt as the new view.
    mutating func expectNewLight(untilSeconds: Double) {
        mutedUntilSeconds = max(mutedUntilSeconds, untilSeconds)
        referenceSeconds = -.infinity
    }

    /// True when the edges of a picture lie where those of the view lie: whatever changed was light.
    func edgesStay(_ cells: [UInt8], _ grid: CellGrid) -> Bool {
        reference.count == cells.count && EdgeLikeness(cells, reference, grid).whole > 0.5
    }

    /// Judges one look; at most one change at a time.
    mutating func watch(_ look: borrowing TamperLook, _ settings: TamperSettings) -> TamperChange? {
        noteRepeat(look)
        guard reference.count == look.cells.count, referenceSeconds > -.infinity || look.atSeconds < mutedUntilSeconds else {
            if look.isSettled { learnView(look) }
            return nil
        }
        let judged = judge(look, settings)
        if let standing { return end(standing, judged?.tamper, look, settings) }
        guard let judged else {
            suspect = nil
            renewView(look)
            return nil
        }
        if suspect?.tamper == judged.tamper {
            suspect?.looks += 1
            suspect?.note = judged.note
        } else {
            suspect = (judged.tamper, look.atSeconds, 1, judged.note)
        }
        return begin(look, settings)
    }

    private mutating func begin(_ look: borrowing TamperLook, _ settings: TamperSettings) -> TamperChange? {
        guard let suspect else { return nil }
        let elapsed = look.atSeconds - suspect.sinceSeconds
        let isSparse = elapsed > 0.7 * Double(suspect.looks)
        let isDue = suspect.tamper == .frozen || elapsed >= settings.seconds(suspect.tamper) || isSparse
        guard isDue, suspect.looks >= 3 || suspect.tamper == .frozen else { return nil }
        standing = suspect.tamper
        setSeconds = look.atSeconds
        self.suspect = nil
        gone = nil
        return TamperChange(
            tamper: suspect.tamper, isSet: true, sinceSeconds: suspect.tamper == .frozen ? repeatSeconds : suspect.sinceSeconds,
            atSeconds: look.atSeconds, note: suspect.note)
    }

    private mutating func end(
        _ standing: Tamper, _ judged: Tamper?, _ look: borrowing TamperLook, _ settings: TamperSettings
    ) -> TamperChange? {
        if judged == standing {
            gone = nil
            guard standing == .moved, look.atSeconds - setSeconds >= settings.movedAcceptSeconds else { return nil }
            learnView(look)
            return clear(standing, sinceSeconds: look.atSeconds, look, "the new view has held still and is learnt")
        }
        gone = (gone?.sinceSeconds ?? look.atSeconds, (gone?.looks ?? 0) + 1)
        guard let gone, gone.looks >= 2, look.atSeconds - gone.sinceSeconds >= settings.clearSeconds || gone.looks >= 2 && isSparse(look)
        else { return nil }
        return clear(standing, sinceSeconds: gone.sinceSeconds, look, "no longer so")
    }

    private func isSparse(_ look: borrowing TamperLook) -> Bool {
        guard let gone else { return false }
        return look.atSeconds - gone.sinceSeconds > 0.7 * Double(gone.looks - 1)
    }

    private mutating func clear(_ tamper: Tamper, sinceSeconds: Double, _ look: borrowing TamperLook, _ note: String) -> TamperChange {
        standing = nil
        suspect = nil
        gone = nil
        return TamperChange(tamper: tamper, isSet: false, sinceSeconds: sinceSeconds, atSeconds: look.atSeconds, note: note)
    }
}

// MARK: causes

extension TamperWatch {
    private func judge(_ look: borrowing TamperLook, _ settings: TamperSettings) -> (tamper: Tamper, note: String)? {
        let hasContrast = Double(look.statistics.contrast) >= settings.flatLevels
        if repeats >= settings.frozenPictures, hasContrast, look.atSeconds - repeatSeconds >= 3 {
            return (.frozen, "\(repeats) key pictures are the same to the last bit")
        }
        let view = Likeness(look.cells, reference, unseen: look.unseen)
        let statistics = look.statistics
        if statistics.saturated > settings.blindedShare, view.meanRise > 30 {
            return (.blinded, "\(Words.percent(statistics.saturated)) of the picture is white")
        }
        if let dark = judgeDark(look, view, settings) { return dark }
        guard look.atSeconds >= mutedUntilSeconds else { return nil }
        // Edges are compared only when brightness or sharpness gives a reason to: they cost as much as all the rest.
        // A lamp that goes out takes contrast and sharpness together.
        let dimming = min(1, Double(statistics.contrast) / max(1, referenceContrast))
        let isSoft = referenceSharpness >= 1 && statistics.sharpness < settings.defocusedRatio * dimming * referenceSharpness
        guard isSoft || view.correlation < 0.97 else { return nil }
        let edges = EdgeLikeness(look.cells, reference, look.grid)
        if isSoft, view.correlation >= 0.85, look.foreground < 0.3, edges.strengthA < 0.9 * dimming * edges.strengthB {
            let left = Words.percent(statistics.sharpness / referenceSharpness)
            return (.defocused, "\(left) of the usual sharpness in the same view")
        }
        guard !isSoft, edges.whole < settings.movedCorrelation, edges.best < settings.movedCorrelation + 0.15, view.correlation < 0.97
        else {
            return nil
        }
        // Noise has edges too, elsewhere at every look; only a view that holds still can be compared with another.
        guard EdgeLikeness(look.cells, look.previous, look.grid).whole > 0.7 else { return nil }
        return (.moved, "edges agree with the learnt view by \(Words.percent(max(0, edges.whole)))")
    }

    private func judgeDark(
        _ look: borrowing TamperLook, _ view: Likeness, _ settings: TamperSettings
    ) -> (tamper: Tamper, note: String)? {
        let statistics = look.statistics
        let contrast = Double(statistics.contrast)
        // A dim scene is still the scene; what is black or covered has nothing of it.
        guard view.correlation < settings.coveredCorrelation else { return nil }
        let isDark = Double(statistics.bright) < settings.blackLevels
        // A missing signal is filled with one colour, without the noise of a sensor.
        let isFilled = contrast < settings.flatLevels && statistics.sharpness < 0.25
        // The view is at most a minute old: at dusk it has gone dark itself.
        if isDark || isFilled, view.referenceDeviation >= 5 {
            return (.black, "brightness \(statistics.middle) of 255, contrast \(statistics.contrast)")
        }
        guard look.atSeconds >= mutedUntilSeconds, !isDark,
            contrast < settings.coveredLevels || statistics.concentration > settings.coveredShare
        else { return nil }
        guard EdgeLikeness(look.cells, reference, look.grid).whole < settings.movedCorrelation else { return nil }
        return (.covered, "contrast \(statistics.contrast), nothing of the learnt view is left")
    }

    private mutating func noteRepeat(_ look: borrowing TamperLook) {
        if look.statistics.fingerprint != fingerprint {
            fingerprint = look.statistics.fingerprint
            repeats = look.isKeyPicture ? 1 : 0
            repeatSeconds = look.atSeconds
        } else if look.isKeyPicture {
            repeats += 1
        }
    }
}

// MARK: the view

extension TamperWatch {
    /// How long a view is kept before it is compared no more but learnt again.
    private static let renewSeconds = 60.0

    private mutating func renewView(_ look: borrowing TamperLook) {
        guard look.isSettled, look.atSeconds >= mutedUntilSeconds, look.foreground < 0.2,
            look.atSeconds - referenceSeconds >= Self.renewSeconds || look.atSeconds < referenceSeconds
        else { return }
        learnView(look)
    }

    /// Takes the background, which has no passers-by in it, as the view.
    private mutating func learnView(_ look: borrowing TamperLook) {
        if reference.count != look.cells.count { reference = Array(repeating: 0, count: look.cells.count) }
        for i in reference.indices { reference[i] = UInt8(min(255, (UInt32(look.background[i]) + 128) >> 8)) }
        referenceSharpness = look.statistics.sharpness
        referenceContrast = Double(look.statistics.contrast)
        referenceSeconds = look.atSeconds
    }
}

extension TamperSettings {
    fileprivate func seconds(_ tamper: Tamper) -> Double {
        switch tamper {
        case .black: blackSeconds
        case .blinded: blindedSeconds
        case .covered: coveredSeconds
        case .defocused: defocusedSeconds
        case .moved: movedSeconds
        case .frozen: 0
        }
    }
}
