// Is the camera itself hindered? Judged on every look against a remembered view of the same place.
// frames → cells → **tamper** → health

package import Domain

//                cause seen for its time, at ≥ 3 looks
//   ┌───────┐ ───────────────────────────────────────▶ ┌──────────┐
//   │ clear │                                          │ standing │   content detection is muted
//   └───────┘ ◀─────────────────────────────────────── └──────────┘
//                cause gone for `clearSeconds`, at ≥ 2 looks; `moved` also ends when the new view has held still for a minute, `frozen`
//                with the first picture in which something moves
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
    /// Time since the look before, where looks are so far apart that each is judged singly.
    var sparseSeconds: Double?
    /// Share of the picture that differs from the background.
    var foreground: Double
    /// False while the detector learns a scene or a light.
    var isSettled: Bool

    /// True when something has moved since the look before; coding and noise change cells by less.
    var hasMotion: Bool {
        let changed = cells.indices.count { abs(Int(cells[$0]) - Int(previous[$0])) > 16 }
        return changed >= 6
    }
}

/// Remembers a view of the place, one byte a cell, and how long what has been wrong.
struct TamperWatch: Sendable {
    private(set) var standing: Tamper?

    var view = RememberedView()
    private var suspect: Suspect?
    private var gone: (sinceSeconds: Double, looks: Int)?
    private var setSeconds = 0.0
    /// Key pictures in a row that are the same, and since when.
    private(set) var repeats = 0
    private(set) var repeatSeconds = 0.0
    private var fingerprint: UInt32?
    /// When colour came or went, until a picture shows that it was the infrared filter.
    private var newLightSeconds: Double?
    /// Exposure settles for some seconds after an infrared switch, and the new light makes a new view.
    private(set) var mutedUntilSeconds = -Double.infinity
    private(set) var isViewStale = false

    /// A cause that has been seen, not yet for long enough.
    private struct Suspect {
        var tamper: Tamper
        var sinceSeconds: Double
        var looks = 0
        /// Of looks that are far apart three are enough, also when others come between them meanwhile.
        var sparseSeconds: Double
        /// Looks since then that did not show it: noise and key pictures hide it at times.
        var missed = 0
        var note: String
    }

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
        newLightSeconds = nil
        mutedUntilSeconds = -.infinity
    }

    /// Colour came or went. It was the infrared filter if a picture shows the place within ten seconds; a cloth or a lamp before the lens
    /// takes the colour as well.
    mutating func expectNewLight(atSeconds: Double) { newLightSeconds = atSeconds }

    /// True when the edges of a picture lie where those of the view lie: whatever changed was light.
    func edgesStay(_ cells: [UInt8], _ grid: CellGrid) -> Bool {
        view.cells.count == cells.count && EdgeLikeness(cells, view.cells, grid).whole > 0.5
    }

    /// Judges one look; at most one change at a time.
    mutating func watch(_ look: borrowing TamperLook, _ settings: TamperSettings) -> TamperChange? {
        noteRepeat(look)
        guard view.cells.count == look.cells.count else {
            if look.isSettled { view.learn(look) }
            return nil
        }
        meetNewLight(look, settings)
        let judged = judge(look, settings)
        if let standing { return end(standing, judged?.tamper, look, settings) }
        guard let judged else {
            doubt()
            if suspect == nil { renewView(look) }
            return nil
        }
        if suspect?.tamper != judged.tamper { doubt() }
        if suspect == nil {
            suspect = Suspect(
                tamper: judged.tamper, sinceSeconds: look.atSeconds, sparseSeconds: look.sparseSeconds ?? .infinity, note: judged.note)
        }
        guard suspect?.tamper == judged.tamper else { return nil }
        suspect?.looks += 1
        suspect?.note = judged.note
        return begin(look, settings)
    }

    /// A look did not show what is suspected; more than one in six clears it.
    private mutating func doubt() {
        guard var doubted = suspect else { return }
        doubted.missed += 1
        suspect = doubted.missed * 5 > doubted.looks ? nil : doubted
    }

    private mutating func begin(_ look: borrowing TamperLook, _ settings: TamperSettings) -> TamperChange? {
        guard let suspect else { return nil }
        let elapsed = look.atSeconds - suspect.sinceSeconds
        let isDue = elapsed >= min(settings.seconds(suspect.tamper), 1.9 * suspect.sparseSeconds)
        guard isDue && suspect.looks >= 3 || suspect.tamper == .frozen else { return nil }
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
        // What moves is not frozen, whatever its key pictures were like: a camera may have nothing to show for a while, not even noise.
        if standing == .frozen, repeats < settings.frozenPictures || look.hasMotion {
            fingerprint = nil
            repeats = 0
            return clear(standing, sinceSeconds: look.atSeconds, look, "the picture changes again")
        }
        if judged == standing {
            gone = nil
            guard standing == .moved, look.atSeconds - setSeconds >= settings.movedAcceptSeconds else { return nil }
            view.learn(look)
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

// MARK: what is remembered

extension TamperWatch {
    /// Only key pictures are compared: what lies between them is predicted and refined.
    private mutating func noteRepeat(_ look: borrowing TamperLook) {
        guard let seen = look.statistics.fingerprint else { return }
        if seen == fingerprint {
            repeats += 1
        } else {
            fingerprint = seen
            repeats = 1
            repeatSeconds = look.atSeconds
        }
    }

    private mutating func meetNewLight(_ look: borrowing TamperLook, _ settings: TamperSettings) {
        guard let since = newLightSeconds else { return }
        if look.atSeconds - since > 10 {
            newLightSeconds = nil
        } else if view.isShown(in: look, settings) {
            newLightSeconds = nil
            mutedUntilSeconds = look.atSeconds + 10
            isViewStale = true
        }
    }

    /// How long a view is kept before it is compared no more but learnt again.
    private static let renewSeconds = 60.0

    private mutating func renewView(_ look: borrowing TamperLook) {
        guard look.isSettled, look.atSeconds >= mutedUntilSeconds else { return }
        let isOld = look.atSeconds - view.seconds >= Self.renewSeconds || look.atSeconds < view.seconds
        guard isViewStale || look.foreground < 0.2 && isOld else { return }
        view.learn(look)
        isViewStale = false
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
