// One look at a known scene: hold while the light changes, else follow what moves and say what is believed.
// foreground → **blobs → tracks → detections**

import Domain

extension MotionDetector {
    mutating func watch(_ look: Look, _ scratch: inout MotionScratch, _ examination: inout Examination) {
        // From one picture to the next no object covers a third of the view; a lamp or the infrared filter does.
        let isJump = look.dt <= 0.25 && look.extent.ratio - recentRatio > settings.globalForeground
        let isGlobal = isEverywhere(look) || isJump
        recentRatio += (look.extent.ratio - recentRatio) * share(look.dt, 0.25)
        if noteInfrared(look, scratch, isGlobal: isGlobal) {
            hold(for: settings.infraredHoldSeconds, look)
            holdIsInfrared = true
            tamperWatch.expectNewLight(atSeconds: look.atSeconds)
            let note = "colour or brightness of the whole picture changed and its edges stayed"
            suppress(.infraredSwitch, .wholePicture, note, look, &examination)
        } else if isGlobal {
            if look.atSeconds >= holdUntilSeconds { holdIsInfrared = false }
            hold(for: settings.globalHoldSeconds, look)
            suppress(.global, .wholePicture, "\(Words.percent(look.extent.ratio)) of the picture changed at once", look, &examination)
        }
        if look.atSeconds < holdUntilSeconds {
            state = holdIsInfrared ? .infraredSwitch : .lightHold
            trackSet.freeze(untilSeconds: holdUntilSeconds)
            // Six half-lives within the hold at full rate: of 100 levels less than two are left over.
            let fast = share(look.dt, 0.25)
            fillRates(&scratch, background: fast, foreground: fast, deviation: 0, deviationOnForeground: 0)
            learn(look, &scratch, flutter: false)
        } else {
            follow(look, &scratch, &examination)
            state = isRaining ? .precipitation : isDark ? .dark : .normal
            learn(look, &scratch, flutter: true)
        }
        report(look, &examination)
    }

    func isEverywhere(_ look: Look) -> Bool {
        look.extent.ratio > settings.globalForeground && look.extent.spread >= settings.globalSpread
    }

    private mutating func hold(for seconds: Double, _ look: Look) {
        holdUntilSeconds = max(holdUntilSeconds, look.atSeconds + max(seconds, 1.1 * look.dt))
    }

    private mutating func follow(_ look: Look, _ scratch: inout MotionScratch, _ examination: inout Examination) {
        let slow = share(look.dt, settings.backgroundSeconds)
        fillRates(
            &scratch, background: slow, foreground: 0, deviation: share(look.dt, settings.deviationSeconds),
            deviationOnForeground: share(look.dt, 2 * settings.deviationSeconds))
        absorbOldForeground(&scratch, look.grid, share: slow)
        findBlobs(look, &scratch)
        judgeWeather(look, &scratch.blobs)
        var died: [Track] = []
        trackSet.advance(scratch.blobs, grid: look.grid, atSeconds: look.atSeconds, dt: look.dt, sparse: look.sparse) { died.append($0) }
        for track in died where track.publishedReason == nil { suppressDead(track, look, &examination) }
        confirmSeen(look, scratch.blobs)
        if look.sparse { trackSet.leave(scratch, grid: look.grid, atSeconds: look.atSeconds) }
        noteCalm(look, scratch.blobs)
        for blob in scratch.blobs where blob.verdict != .object { suppressBlob(blob, look, &examination) }
        adjustRates(look, &scratch)
    }

    mutating func findBlobs(_ look: Look, _ scratch: inout MotionScratch) {
        scratch.blobs.removeAll(keepingCapacity: true)
        guard look.extent.cells >= settings.minimumAreaCells else { return }
        scratch.growForeground(look.grid)
        scratch.findBlobs(cellState, grid: look.grid, zones: zoneBits, settings)
    }

    /// Learns that the scene can be quiet, and when wind or a trembling camera end that.
    private mutating func noteCalm(_ look: Look, _ blobs: [Blob]) {
        guard look.extent.cells < settings.minimumAreaCells else {
            unquietSeconds = look.atSeconds
            let small = blobs.count { $0.verdict == .object && $0.area < 3 * settings.minimumAreaCells }
            if small >= 5 || blobs.count(where: { $0.strength < 2 }) >= 10 { isCalm = false }
            return
        }
        if look.atSeconds - unquietSeconds >= max(settings.warmupQuietSeconds, 1.9 * look.dt) { isCalm = true }
    }

    /// Confirms what was seen at this look and has shown enough.
    mutating func confirmSeen(_ look: Look, _ blobs: [Blob]) {
        let isClean = isClean(blobs)
        for index in trackSet.tracks.indices where trackSet.tracks[index].lastSeconds == look.atSeconds {
            confirm(index, look, isClean: isClean)
        }
    }

    /// True when nothing but a few clear things differs.
    func isClean(_ blobs: [Blob]) -> Bool {
        blobs.count { $0.verdict == .object } <= 3 && blobs.allSatisfy { $0.verdict != .object || $0.strength >= 2 }
    }

    private mutating func confirm(_ index: Int, _ look: Look, isClean: Bool) {
        var track = trackSet.tracks[index]
        let isKnown = isCalm || track.isPlain(settings, sparse: look.sparse, isClean: isClean, isWarmup: state == .warmup)
        if track.confirmedSeconds == nil && isKnown && track.isConvincing(look.settings, sparse: look.sparse) {
            track.confirmedSeconds = look.atSeconds
        }
        let isWorthTelling = track.score(settings) >= settings.publishScore && !track.isAimless
        if track.confirmedSeconds != nil && track.publishedReason == nil && isWorthTelling {
            track.publishedReason = track.reasons(look.grid)
        }
        trackSet.tracks[index] = track
    }

    mutating func report(_ look: Look, _ examination: inout Examination) {
        let patience = max(1, 2.2 * look.dt)
        for index in trackSet.tracks.indices {
            let track = trackSet.tracks[index]
            guard let confirmed = track.confirmedSeconds, let reason = track.publishedReason else {
                examination.hasCandidate = true
                continue
            }
            guard let since = track.watchedSince else { continue }
            guard look.atSeconds - track.watchedLast <= patience || look.atSeconds < holdUntilSeconds else {
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
        areas.zones.indices.filter { bits & (1 << UInt8($0)) != 0 }.map { areas.zones[$0].name }
    }
}

// MARK: tampering

extension MotionDetector {
    mutating func watchTamper(_ look: Look, _ scratch: MotionScratch, _ examination: inout Examination) {
        let isKnown = state != .warmup && state != .unusable && look.atSeconds >= holdUntilSeconds
        let change = tamperWatch.watch(
            TamperLook(
                grid: look.grid, cells: scratch.cells, previous: cellState.previous, background: cellState.background,
                statistics: look.statistics, unseen: look.grid.count - seen.count, atSeconds: look.atSeconds,
                sparseSeconds: look.sparse ? look.dt : nil, foreground: look.extent.ratio, isSettled: isKnown), settings.tamper)
        guard let change else { return }
        examination.tamperChanges.append(change)
        // What was learnt meanwhile is a cloth or a blurred street: to it everything that is back would be a thing.
        trackSet.removeAll()
        // A frozen picture was one of the scene: what differs from it now may be what moves.
        if !change.isSet, change.tamper != .frozen { hold(for: settings.globalHoldSeconds, look) }
    }

    /// A hand before the lens moves, and is not what the place is watched for; nor is what a turning camera sweeps over.
    mutating func withholdWhileTampered(_ look: Look, _ examination: inout Examination) {
        guard let tamper = tamperWatch.muting, !examination.detections.isEmpty else { return }
        for detection in examination.detections {
            suppress(.tampered, detection.lastBox, "the camera is \(tamper.rawValue)", look, &examination)
        }
        examination.detections.removeAll()
        examination.hasCandidate = false
    }
}

// MARK: evidence that was not believed

extension MotionDetector {
    mutating func suppress(
        _ reason: SuppressionReason, _ box: RelativeBox, _ note: @autoclosure () -> String, _ look: Look, _ examination: inout Examination
    ) {
        guard episodes.isNews(reason, box, atSeconds: look.atSeconds) else { return }
        examination.suppressions.append(Suppression(reason: reason, box: box, note: note(), atSeconds: look.atSeconds))
    }

    private mutating func suppressBlob(_ blob: Blob, _ look: Look, _ examination: inout Examination) {
        guard blob.watchedArea > 0 else { return }
        let box = look.grid.relativeBox(blob.box)
        switch blob.verdict {
        case .object: return
        case .ghost: suppress(.ghost, box, blob.note, look, &examination)
        case .lighting: suppress(.lighting, box, blob.note, look, &examination)
        case .small:
            // In the dark a small change is noise; in the rain it is one of many, which are told once.
            guard isRaining else { return }
            let count = Words.tenths(smallBlobs)
            suppress(.precipitation, .wholePicture, "\(count) small changes a look: rain, snow or insects", look, &examination)
        }
    }

    private mutating func suppressDead(_ track: Track, _ look: Look, _ examination: inout Examination) {
        // At full rate a single hit is sensor noise; between sparse looks it is all that can be seen of something quick.
        guard track.hits >= 2 || look.sparse, track.watchedSince != nil else { return }
        let reason: SuppressionReason = track.confirmedSeconds != nil ? .lowScore : (track.restlessShare > 0.6 ? .flutter : .unconfirmed)
        let note = track.way + ", score \(track.score(settings))"
        suppress(reason, look.grid.relativeBox(track.watchedUnion), note, look, &examination)
    }
}
