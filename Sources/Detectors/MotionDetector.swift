// The frame-difference detector: one value per camera, one call per look.
// camera → packets → looks → frames → **detections** → incidents

package import Domain
import Glibc

// What the detector can say, and what moves it on:
//
//                 10 s, or quiet                > 30 %, spread out or at once
//     ┌────────┐ ────────────────▶ ┌────────┐ ────────────────────────────▶ ┌───────────┐
//     │ warmup │                   │ normal │                               │ lightHold │──┐ still global:
//     └────────┘                   └────────┘ ◀──────────────────────────── └───────────┘◀─┘ hold again
//      ▲ ▲  ▲ other whole picture   ▲│   ▲│     1.5 s or 1.1 looks without
//      │ │  └── learn anew          ││   ││
//      │ │     > 12 small changes   ││   ││   96 % darker        chroma crosses 2…4, or the whole
//      │ │     a look │ < 6 again   │▼   │▼   than 24 │ lighter  picture changes and its edges stay
//      │ │                ┌───────────────┐ ┌──────┐       ┌────────────────┐
//      │ │                │ precipitation │ │ dark │       │ infraredSwitch │ like lightHold, for 3 s
//      │ │                └───────────────┘ └──────┘       └────────────────┘
//      │ └── no picture for 10 s, time backwards, other size, reset(); for 2 s nothing is learnt
//     unusable: a picture without a single cell; leaves by the next usable picture
//
// | state          | background                  | tracks   | detections                                               |
// |----------------|-----------------------------|----------|----------------------------------------------------------|
// | warmup         | mean of all looks so far    | followed | what left the place where it was first seen              |
// | normal         | 10 s; objects after 60 s    | followed | confirmed tracks                                         |
// | precipitation  | as normal                   | followed | the same, of three times the area, in twice the time     |
// | dark           | as normal                   | followed | the same, of twice the area and twice the difference     |
// | lightHold      | 0.25 s, everywhere          | frozen   | those alive                                              |
// | infraredSwitch | as lightHold                | frozen   | those alive                                              |
//
// Beside the states: a picture of bad quality changes nothing, for at most ten seconds; while tampering stands, detections are
// withheld.

/// Finds moving objects by their difference from a running background, and says when the camera itself is hindered.
///
/// Works on media time only: no clock, no I/O. About 9 bytes a cell at rest (130 kB at 160×90). After the first look nothing is
/// allocated on looks without evidence. Confined to one worker at a time.
package struct MotionDetector: Sendable {
    package let settings: MotionSettings
    package let areas: PictureAreas
    package internal(set) var state = DetectorState.warmup

    var grid: CellGrid?
    var seen = SeenCells(PictureAreas(), CellGrid(PlaneShape(width: 1, height: 1, stride: 1)))
    var zoneBits: [UInt8] = []
    var cellState = CellState(count: 0)
    var trackSet = TrackSet()
    var episodes = SuppressionEpisodes()
    var tamperWatch = TamperWatch()
    private var ownScratch: MotionScratch?

    /// Time of the first and the latest look since the last start; nil when the next look starts over.
    var startSeconds: Double?
    private var lastSeconds = 0.0
    /// Distance of the two latest looks, kept across a restart: slow cameras are slow, not broken.
    private var spacingSeconds = 0.0
    /// Nothing is believed before this time: the camera has just come back.
    private var settledSeconds = -Double.infinity
    private var hasSeenPictures = false
    private var badSinceSeconds: Double?
    var looks = 0
    var holdUntilSeconds = -Double.infinity
    /// True when the hold is one of the infrared filter.
    var holdIsInfrared = false
    /// What chroma said last; nil while it has not said anything.
    var seesInfrared: Bool?
    /// Small changes a look in the mean of ten seconds, and whether they are the weather.
    var smallBlobs = 0.0
    var isRaining = false
    var isDark = false
    /// The last look of the warm-up at which something moved, and the most cells it moved in.
    var unquietSeconds = 0.0
    var warmupCells = 0
    /// True once the scene has been quiet; until then only what leaves its place is believed.
    var isCalm = false
    /// Foreground of the last quarter of a second, for jumps.
    var recentRatio = 0.0
    /// Fraction of the golden-ratio walk that rounds this look's learning steps.
    var dither: UInt32 = 0
    var ageRemainderSeconds = 0.0

    /// - Parameter areas: What is watched (at most `Zone.limit` zones; the whole picture without one), and what is not looked at.
    package init(_ settings: MotionSettings, areas: PictureAreas = PictureAreas()) {
        precondition(areas.zones.count <= Zone.limit, "a cell has one bit for each of at most eight zones")
        self.settings = settings
        self.areas = areas
    }

    /// What hinders the camera at the moment.
    package var tamper: Tamper? { tamperWatch.standing }

    /// Forgets the scene: the camera was away or the stream has a new shape. The view that tampering is judged by stays.
    package mutating func reset() {
        startSeconds = nil
        state = .warmup
        trackSet.removeAll()
        holdUntilSeconds = -.infinity
        badSinceSeconds = nil
    }

    /// Examines one picture with working memory of its own (300 KiB a detector); for commands and tests.
    package mutating func examine(
        _ luma: Span<UInt8>, _ shape: PlaneShape, atSeconds: Double, kind: LookKind, isKeyPicture: Bool? = nil, chroma: Double? = nil
    ) -> Examination {
        var scratch = ownScratch.take() ?? MotionScratch()
        defer { ownScratch = scratch }
        return examine(
            luma, shape, atSeconds: atSeconds, kind: kind, isKeyPicture: isKeyPicture, chroma: chroma, scratch: &scratch)
    }

    /// Examines one picture: pure but for its own state, about 0.1 ms at 640×360.
    ///
    /// - Parameters:
    ///   - luma: The decoder's plane, in place. Pictures that decoding had to guess do not come here: the caller counts them.
    ///   - atSeconds: Media time; a look that is not later than the one before starts over.
    ///   - kind: Key looks are judged singly from half of `sparseLookSeconds` on.
    ///   - isKeyPicture: Whether this very picture was coded anew; as `kind` says when left out.
    ///   - chroma: Mean deviation of the colour planes from grey, in levels; nil when the frame has none.
    ///   - scratch: Working memory of the worker, lent to one camera after the other.
    package mutating func examine(
        _ luma: Span<UInt8>, _ shape: PlaneShape, atSeconds: Double, kind: LookKind, isKeyPicture: Bool? = nil, chroma: Double? = nil,
        scratch: inout MotionScratch
    ) -> Examination {
        let grid = CellGrid(shape)
        guard grid.count > 0, atSeconds.isFinite else { return refuse() }
        adopt(grid)
        guard seen.count > 0 else { return refuse() }
        scratch.prepare(grid)
        let isKeyPicture = isKeyPicture ?? (kind == .key)
        var fingerprint: UInt32? = isKeyPicture ? 0 : nil
        grid.readMeans(luma, shape, into: &scratch.cells, &scratch.columnSums, fingerprint: &fingerprint)
        seen.blank(&scratch.cells)
        guard let dt = step(to: atSeconds), atSeconds >= settledSeconds else { return begin(scratch, atSeconds: atSeconds) }
        var statistics = scratch.measureStatistics(seen)
        statistics.fingerprint = fingerprint
        (statistics.grain, statistics.sharpness) = grid.readFineness(luma, shape, seen)
        isDark = Double(statistics.bright) < settings.darkLevels
        var look = Look(grid: grid, atSeconds: atSeconds, dt: dt, sparse: isSparse(dt, kind), settings: demands(), statistics: statistics)
        look.chroma = chroma
        findForeground(&look, &scratch)
        var examination = Examination(foreground: look.extent.ratio)
        examination.quality = quality(look, scratch)
        guard examination.quality == .good else {
            trackSet.freeze(untilSeconds: atSeconds)
            report(look, &examination)
            return finish(&examination)
        }
        // Before this look is learnt: what tampering does to the picture must not have become the background yet.
        watchTamper(look, scratch, &examination)
        switch state {
        case .warmup, .unusable: warmUp(look, &scratch, &examination)
        case .normal, .lightHold, .infraredSwitch, .precipitation, .dark: watch(look, &scratch, &examination)
        }
        withholdWhileTampered(look, &examination)
        return finish(&examination)
    }

    private mutating func refuse() -> Examination {
        reset()
        state = .unusable
        return Examination(state: state)
    }

    private func finish(_ examination: inout Examination) -> Examination {
        examination.state = state
        examination.tamper = tamperWatch.standing
        return examination
    }

    /// What all steps of one look need to know.
    struct Look {
        var grid: CellGrid
        var atSeconds: Double
        var dt: Double
        var sparse: Bool
        /// The settings as rain and darkness tighten them.
        var settings: MotionSettings
        var statistics: PictureStatistics
        var extent = ForegroundExtent()
        var chroma: Double?
    }

    private mutating func adopt(_ grid: CellGrid) {
        guard grid != self.grid else { return }
        reset()
        self.grid = grid
        cellState = CellState(count: grid.count)
        zoneBits = Zone.rasterise(areas.zones, grid)
        seen = SeenCells(areas, grid)
        tamperWatch.forget()
    }

    /// Advances media time; nil when this look is the first of a new start.
    private mutating func step(to now: Double) -> Double? {
        let dt = now - lastSeconds
        let limit = max(settings.maximumGapSeconds, 3 * spacingSeconds)
        if startSeconds != nil, dt > 0 { spacingSeconds = dt }
        lastSeconds = now
        if startSeconds != nil, dt > 0, dt <= limit {
            looks += 1
            dither &+= 2_654_435_769
            return dt
        }
        reset()
        settledSeconds = hasSeenPictures ? now + settings.settleSeconds : -.infinity
        tamperWatch.restartTime()
        return nil
    }

    /// Takes the picture as the scene, as often as there is nothing to compare it with.
    private mutating func begin(_ scratch: MotionScratch, atSeconds: Double) -> Examination {
        beginScene(scratch, atSeconds: atSeconds)
        var examination = Examination(state: state)
        if atSeconds < settledSeconds { examination.quality = .settling }
        hasSeenPictures = true
        return finish(&examination)
    }

    mutating func beginScene(_ scratch: MotionScratch, atSeconds: Double) {
        cellState.restart(from: scratch.cells)
        trackSet.removeAll()
        startSeconds = atSeconds
        looks = 1
        ageRemainderSeconds = 0
        unquietSeconds = atSeconds
        warmupCells = 0
        recentRatio = 0
        smallBlobs = 0
        isRaining = false
        isCalm = false
    }

    private mutating func findForeground(_ look: inout Look, _ scratch: inout MotionScratch) {
        var fit = PhotometricFit.solve(scratch.cells, cellState, look.grid, histogram: &scratch.histogram)
        if fit.isChange {
            // A lasting change of light becomes the new normal within seconds; in warm-up at once, while exposure settles.
            cellState.rebase(fit, rate: rate(look.dt, state == .warmup ? 0 : 2))
            if state == .warmup { fit = PhotometricFit() }
        }
        scratch.findForeground(cellState, grid: look.grid, fit: fit, ThresholdNumbers(look.settings), seen)
        look.extent = scratch.measureExtent(look.grid)
    }

    /// Bad pictures are left out, but not for ever: what stays is what the camera sees.
    private mutating func quality(_ look: Look, _ scratch: MotionScratch) -> PictureQuality {
        let quality = scratch.quality(cellState, grid: look.grid, extent: look.extent)
        guard quality != .good else {
            badSinceSeconds = nil
            return quality
        }
        let since = badSinceSeconds ?? look.atSeconds
        badSinceSeconds = since
        return look.atSeconds - since > 10 ? .good : quality
    }

    private func isSparse(_ dt: Double, _ kind: LookKind) -> Bool {
        dt > (kind == .key ? settings.sparseLookSeconds / 2 : settings.sparseLookSeconds)
    }
}
