// What one look at a camera says: how much changed, what is confirmed, and what was not believed and why.
// camera → packets → looks → frames → **detections** → incidents

package import Domain

/// What the detector is able to say at the moment; the table stands in MotionDetector.swift.
package enum DetectorState: String, Sendable, CaseIterable {
    case warmup, normal
    /// The whole picture changed: lamp or exposure. The background is relearnt, tracks wait.
    case lightHold = "light_hold"
    /// The same for longer: colour became infrared or the other way round, and exposure settles.
    case infraredSwitch = "ir_switch"
    /// Rain, snow or a swarm of insects: only larger things count, and later.
    case precipitation = "precip"
    /// Hardly any light: only larger and stronger changes count.
    case dark
    /// The picture is too narrow or too flat to hold a single cell.
    case unusable
}

/// Evidence that did not become a detection, with its reason.
package struct Suppression: Sendable, Hashable {
    package var reason: SuppressionReason
    package var box: RelativeBox
    /// One short fact with numbers, for people.
    package var note: String
    package var atSeconds: Double

    package init(reason: SuppressionReason, box: RelativeBox, note: String, atSeconds: Double) {
        self.reason = reason
        self.box = box
        self.note = note
        self.atSeconds = atSeconds
    }
}

/// The outcome of one look.
package struct Examination: Sendable {
    /// Share of cells that differ from the background, 0…1.
    package var foreground = 0.0
    package var state = DetectorState.warmup
    /// Confirmed tracks that are alive now, oldest first.
    package var detections: [Detection] = []
    /// Evidence dropped at this look; a lasting cause is named once per episode.
    package var suppressions: [Suppression] = []
    /// True while something unconfirmed is followed: a look at full rate would settle it.
    package var hasCandidate = false
    /// What is good enough is examined; anything else leaves background and tracks as they were.
    package var quality = PictureQuality.good
    /// What hinders the camera since an earlier look or this one; detections are withheld meanwhile.
    package var tamper: Tamper?
    /// Tampering that began or ended with this look.
    package var tamperChanges: [TamperChange] = []

    package init(state: DetectorState = .warmup, foreground: Double = 0) {
        self.state = state
        self.foreground = foreground
    }
}
