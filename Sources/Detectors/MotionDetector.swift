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
//        ▲ ▲        no picture for 10 s, time      1.5 s or 1.1 looks without      │
//        │ └─────── backwards, other size, reset() ──────────────────────────────┘
//     unusable: a picture without a single cell; leaves by the next usable picture
//
// | state     | background                  | tracks   | detections        |
// |-----------|-----------------------------|----------|-------------------|
// | warmup    | mean of all looks so far    | none     | none              |
// | normal    | 10 s; objects after 60 s    | followed | confirmed tracks  |
// | lightHold | 0.25 s, everywhere          | frozen   | those alive       |

/// Finds moving objects by their difference from a running background.
///
/// Works on media time only: no clock, no I/O. About 8 bytes a cell at rest (115 kB at 160×90). After the first look nothing is
/// allocated on looks without evidence. Confined to one worker at a time.
package struct MotionDetector: Sendable {
    package let settings: MotionSettings
    package let zones: [Zone]
    package private(set) var state = DetectorState.warmup

    private var grid: CellGrid?
    private var zoneBits: [UInt8] = []
    private var cellState = CellState(count: 0)
    private var trackSet = TrackSet()
    private var episodes = SuppressionEpisodes()
    private var ownScratch: MotionScratch?

    /// Time of the first and the latest look since the last start; nil when the next look starts over.
    private var startSeconds: Double?
    private var lastSeconds = 0.0
    /// Distance of the two latest looks, kept across a restart: slow cameras are slow, not broken.
    private var spacingSeconds = 0.0
    private var looks = 0
    private var holdUntilSeconds = -Double.infinity
    /// The last look of the warm-up at which something moved, and the most cells it moved in.
    private var unquietSeconds = 0.0
    private var warmupCells = 0
    /// Foreground of the last quarter of a second, for jumps.
    private var recentRatio = 0.0
    /// Fraction of the golden-ratio walk that rounds this look's learning steps.
    private var dither: UInt32 = 0
    private var ageRemainderSeconds = 0.0

    /// - Parameter zones: What is watched; the whole picture when empty. At most `Zone.limit`.
    package init(_ settings: MotionSettings, zones: [Zone] = []) {
        precondition(zones.count <= Zone.limit, "a cell has one bit for each of at most eight zones")
        self.settings = settings
        self.zones = zones
    }

    /// Forgets the scene: the camera was away or the stream has a new shape.
    package mutating func reset() {
        startSeconds = nil
        state = .warmup
        trackSet.removeAll()
        holdUntilSeconds = -Double.infinity
    }

    /// Examines one picture with working memory of its own (300 KiB a detector); for commands and tests.
    package mutating func examine(_ luma: Span<UInt8>, _ shape: PlaneShape, atSeconds: Double, kind: LookKind) -> Examination {
        var scratch = ownScratch.take() ?? MotionScratch()
        defer { ownScratch = scratch }
        return examine(luma, shape, atSeconds: atSeconds, kind: kind, scratch: &scratch)
    }

    /// Examines one picture: pure but for its own state, about 0.1 ms at 640×360.
    ///
    /// - Parameters:
    ///   - luma: The decoder's plane, in place.
    ///   - atSeconds: Media time; a look that is not later than the one before starts over.
    ///   - kind: Key looks are judged singly from half of `sparseLookSeconds` on.
    ///   - scratch: Working memory of the worker, lent to one camera after the other.
    package mutating func examine(
        _ luma: Span<UInt8>, _ shape: PlaneShape, atSeconds: Double, kind: LookKind, scratch: inout MotionScratch
    ) -> Examination {
        let grid = CellGrid(shape)
        guard grid.count > 0, atSeconds.isFinite else {
            reset()
            state = .unusable
            return Examination(state: state)
        }
        adopt(grid)
        scratch.prepare(grid)
        grid.readMeans(luma, shape, into: &scratch.cells, columnSums: &scratch.columnSums)
        guard let dt = step(to: atSeconds) else {
            cellState.restart(from: scratch.cells)
            return Examination(state: state)
        }
        var fit = PhotometricFit.solve(scratch.cells, cellState, histogram: &scratch.histogram)
        if fit.isChange {
            // A lasting change of light becomes the new normal within seconds; in warm-up at once, while exposure settles.
            cellState.rebase(fit, rate: rate(dt, state == .warmup ? 0 : 2))
            if state == .warmup { fit = PhotometricFit() }
        }
        scratch.findForeground(cellState, grid: grid, fit: fit, ThresholdNumbers(settings))
        let extent = scratch.measureExtent(grid)
        let look = Look(grid: grid, atSeconds: atSeconds, dt: dt, sparse: isSparse(dt, kind), extent: extent)
        var examination = Examination(foreground: extent.ratio)
        switch state {
        case .warmup, .unusable: warmUp(look, &scratch, &examination)
        case .normal, .lightHold: watch(look, &scratch, &examination)
        }
        examination.state = state
        return examination
    }

    /// What all steps of one look need to know.
    private struct Look {
        var grid: CellGrid
        var atSeconds: Double
        var dt: Double
        var sparse: Bool
        var extent: ForegroundExtent
    }

    private mutating func adopt(_ grid: CellGrid) {
        guard grid != self.grid else { return }
        reset()
        self.grid = grid
        cellState = CellState(count: grid.count)
        zoneBits = Zone.rasterise(zones, grid)
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
        startSeconds = now
        looks = 1
        ageRemainderSeconds = 0
        unquietSeconds = now
        warmupCells = 0
        recentRatio = 0
        return nil
    }

    private func isSparse(_ dt: Double, _ kind: LookKind) -> Bool {
        dt > (kind == .key ? settings.sparseLookSeconds / 2 : settings.sparseLookSeconds)
    }

    /// `1 − 2^(−dt/τ)` with this look's rounding; τ = 0 is all the way.
    private func rate(_ dt: Double, _ halfLifeSeconds: Double) -> Rate {
        Rate(share: share(dt, halfLifeSeconds), dither: Int32(dither >> 17))
    }

    private func share(_ dt: Double, _ halfLifeSeconds: Double) -> Double {
        halfLifeSeconds > 0 ? 1 - exp2(-dt / halfLifeSeconds) : 1
    }
}

// MARK: warm-up

extension MotionDetector {
    private mutating func warmUp(_ look: Look, _ scratch: inout MotionScratch, _ examination: inout Examination) {
        if state == .unusable { state = .warmup }
        let background = max(share(look.dt, settings.backgroundSeconds), 1 / Double(looks))
        fillRates(
            &scratch, background: background, foreground: background, deviation: share(look.dt, 2), deviationOnForeground: share(look.dt, 2)
        )
        learn(look, &scratch, flutter: true)
        if look.extent.cells >= settings.minimumAreaCells {
            unquietSeconds = look.atSeconds
            warmupCells = max(warmupCells, look.extent.cells)
        }
        guard let startSeconds, looks >= settings.warmupLooks else { return }
        let isQuiet = look.atSeconds - unquietSeconds >= max(settings.warmupQuietSeconds, 2.9 * look.dt)
        guard isQuiet || look.atSeconds - startSeconds >= settings.warmupSeconds else { return }
        state = .normal
        if warmupCells > 0 {
            let cells = warmupCells
            suppress(.warmup, Self.wholePicture, "up to \(cells) cells changed while the scene was learnt", look, &examination)
        }
    }

    private static let wholePicture = RelativeBox(x: 0, y: 0, width: 1, height: 1)
}

// MARK: normal and light hold

extension MotionDetector {
    private mutating func watch(_ look: Look, _ scratch: inout MotionScratch, _ examination: inout Examination) {
        let isEverywhere = look.extent.ratio > settings.globalForeground && look.extent.spread >= settings.globalSpread
        // From one picture to the next no object covers a third of the view; a lamp or the infrared filter does.
        let isJump = look.dt <= 0.25 && look.extent.ratio - recentRatio > settings.globalForeground
        recentRatio += (look.extent.ratio - recentRatio) * share(look.dt, 0.25)
        if isEverywhere || isJump {
            holdUntilSeconds = look.atSeconds + max(settings.globalHoldSeconds, 1.1 * look.dt)
            suppress(.global, Self.wholePicture, "\(Words.percent(look.extent.ratio)) of the picture changed at once", look, &examination)
        }
        if look.atSeconds < holdUntilSeconds {
            state = .lightHold
            trackSet.freeze(untilSeconds: holdUntilSeconds)
            // Six half-lives within the hold at full rate: of 100 levels less than two are left over.
            let fast = share(look.dt, 0.25)
            fillRates(&scratch, background: fast, foreground: fast, deviation: 0, deviationOnForeground: 0)
            learn(look, &scratch, flutter: false)
        } else {
            state = .normal
            follow(look, &scratch, &examination)
            learn(look, &scratch, flutter: true)
        }
        report(look, &examination)
    }

    private mutating func follow(_ look: Look, _ scratch: inout MotionScratch, _ examination: inout Examination) {
        let slow = share(look.dt, settings.backgroundSeconds)
        fillRates(
            &scratch, background: slow, foreground: 0, deviation: share(look.dt, settings.deviationSeconds),
            deviationOnForeground: share(look.dt, 2 * settings.deviationSeconds))
        absorbOldForeground(&scratch, look.grid, share: slow)
        scratch.blobs.removeAll(keepingCapacity: true)
        if look.extent.cells >= settings.minimumAreaCells {
            scratch.growForeground(look.grid)
            scratch.findBlobs(cellState, grid: look.grid, zones: zoneBits, settings)
        }
        var died: [Track] = []
        trackSet.advance(scratch.blobs, grid: look.grid, atSeconds: look.atSeconds, dt: look.dt, sparse: look.sparse) { died.append($0) }
        for track in died where track.publishedReason == nil { suppressDead(track, look, &examination) }
        for index in trackSet.tracks.indices where trackSet.tracks[index].lastSeconds == look.atSeconds { confirm(index, look) }
        for blob in scratch.blobs where blob.verdict != .object { suppressBlob(blob, look, &examination) }
        adjustRates(look, &scratch)
    }

    private mutating func confirm(_ index: Int, _ look: Look) {
        var track = trackSet.tracks[index]
        if track.confirmedSeconds == nil && track.isConvincing(settings, sparse: look.sparse) { track.confirmedSeconds = look.atSeconds }
        if track.confirmedSeconds != nil && track.publishedReason == nil && track.score(settings) >= settings.publishScore {
            track.publishedReason = track.reasons(look.grid)
        }
        trackSet.tracks[index] = track
    }

    /// Blobs that are light or holes are learnt at once; tracks that are believed do not teach the cells that they are noise.
    private mutating func adjustRates(_ look: Look, _ scratch: inout MotionScratch) {
        guard !scratch.blobs.isEmpty else { return }
        let lighting = UInt16(rate(look.dt, 2).q15)
        let ghost = UInt16(rate(look.dt, 0.5).q15)
        for index in scratch.runs.indices {
            guard let blob = scratch.blobIndex(ofRun: index) else { continue }
            let run = scratch.runs[index]
            let row = run.y * look.grid.width
            switch scratch.blobs[blob].verdict {
            case .lighting: for x in run.start..<run.end { scratch.backgroundRates[row + x] = lighting }
            case .ghost:
                for x in run.start..<run.end {
                    scratch.backgroundRates[row + x] = ghost
                    cellState.age[row + x] = CellState.relearning
                }
            case .object:
                let owner = trackSet.ownerOfBlob[blob]
                guard owner >= 0 else { continue }
                let track = trackSet.tracks[owner]
                guard track.confirmedSeconds != nil || track.displacement >= settings.displacementCells else { continue }
                for x in run.start..<run.end { scratch.deviationRates[row + x] = 0 }
            }
        }
    }

    private mutating func report(_ look: Look, _ examination: inout Examination) {
        let patience = max(1, 2.2 * look.dt)
        for index in trackSet.tracks.indices {
            let track = trackSet.tracks[index]
            guard let confirmed = track.confirmedSeconds, let reason = track.publishedReason else {
                examination.hasCandidate = true
                continue
            }
            guard let since = track.watchedSince else { continue }
            guard look.atSeconds - track.watchedLast <= patience || state == .lightHold else {
                trackSet.tracks[index].endVisit()
                continue
            }
            examination.detections.append(
                Detection(
                    kind: .motion, startSeconds: since, confirmedSeconds: max(confirmed, since), lastSeconds: track.watchedLast,
                    box: look.grid.relativeBox(track.watchedUnion), score: track.score(settings), reason: reason,
                    lastBox: look.grid.relativeBox(track.watchedBox), isAtEdge: track.touchesEdge, zones: zoneNames(track.zones)))
        }
    }

    private func zoneNames(_ bits: UInt8) -> [String] {
        zones.indices.filter { bits & (1 << UInt8($0)) != 0 }.map { zones[$0].name }
    }
}

// MARK: learning

extension MotionDetector {
    private func fillRates(
        _ scratch: inout MotionScratch, background: Double, foreground: Double, deviation: Double, deviationOnForeground: Double
    ) {
        guard let grid else { return }
        CellKernels.chooseRates(
            scratch.foreground, grid, calm: shareQ15(background), busy: shareQ15(foreground), &scratch.backgroundRates)
        CellKernels.chooseRates(
            scratch.foreground, grid, calm: shareQ15(deviation), busy: shareQ15(deviationOnForeground), &scratch.deviationRates)
    }

    private func shareQ15(_ share: Double) -> UInt16 { UInt16((min(1, max(0, share)) * 32768).rounded()) }

    /// Foreground that has not moved for a minute is a parked car: it becomes background at the usual pace.
    private func absorbOldForeground(_ scratch: inout MotionScratch, _ grid: CellGrid, share: Double) {
        let limit = UInt8(min(252, 1 + settings.absorbAfterSeconds * 2))
        CellKernels.overrideRates(cellState.age, olderThan: limit, rate: shareQ15(share), &scratch.backgroundRates)
    }

    private mutating func learn(_ look: Look, _ scratch: inout MotionScratch, flutter: Bool) {
        ageRemainderSeconds += look.dt
        let ticks = min(120, (ageRemainderSeconds * 2).rounded(.down))
        ageRemainderSeconds = min(0.5, ageRemainderSeconds - ticks / 2)
        let step = LearningStep(
            flutterRise: flutter ? rate(min(look.dt, 0.5), 8).q15 : 0,
            flutterDecay: flutter ? rate(look.dt, settings.flutterSeconds).q15 : 0,
            ageTicks: UInt8(ticks), dither: Int32(dither >> 17))
        cellState.learn(scratch, grid: look.grid, step: step)
    }
}

// MARK: evidence that was not believed

extension MotionDetector {
    private mutating func suppress(
        _ reason: SuppressionReason, _ box: RelativeBox, _ note: @autoclosure () -> String, _ look: Look, _ examination: inout Examination
    ) {
        guard episodes.isNews(reason, box, atSeconds: look.atSeconds) else { return }
        examination.suppressions.append(Suppression(reason: reason, box: box, note: note(), atSeconds: look.atSeconds))
    }

    private mutating func suppressBlob(_ blob: Blob, _ look: Look, _ examination: inout Examination) {
        guard blob.watchedArea > 0 else { return }
        suppress(blob.verdict == .ghost ? .ghost : .lighting, look.grid.relativeBox(blob.box), blob.note, look, &examination)
    }

    private mutating func suppressDead(_ track: Track, _ look: Look, _ examination: inout Examination) {
        // At full rate a single hit is sensor noise; between sparse looks it is all that can be seen of something quick.
        guard track.hits >= 2 || look.sparse, track.watchedSince != nil else { return }
        let reason: SuppressionReason = track.confirmedSeconds != nil ? .lowScore : (track.restlessShare > 0.6 ? .flutter : .unconfirmed)
        let note = track.way + ", score \(track.score(settings))"
        suppress(reason, look.grid.relativeBox(track.watchedUnion), note, look, &examination)
    }
}
