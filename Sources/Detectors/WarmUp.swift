// The first seconds of a scene: learn it, and believe only what leaves the place where it was first seen.
// frames → cells → foreground → blobs → tracks → detections; **warm-up** comes before

import Domain

extension MotionDetector {
    mutating func warmUp(_ look: Look, _ scratch: inout MotionScratch, _ examination: inout Examination) {
        if state == .unusable { state = .warmup }
        _ = noteInfrared(look, scratch, isGlobal: false)
        if isEverywhere(look) {
            // Exposure found its level, or the first picture was not one of this scene.
            let first = startSeconds
            let cells = max(warmupCells, look.extent.cells)
            beginScene(scratch, atSeconds: look.atSeconds)
            startSeconds = first
            warmupCells = cells
            return
        }
        let background = max(share(look.dt, settings.backgroundSeconds), 1 / Double(looks))
        let deviation = share(look.dt, 2)
        // A passer-by at the second picture must not be half of the background.
        fillRates(
            &scratch, background: background, foreground: look.sparse ? 0 : min(background, 0.2), deviation: deviation,
            deviationOnForeground: deviation)
        findBlobs(look, &scratch)
        judgeWeather(look, &scratch.blobs)
        trackSet.advance(scratch.blobs, grid: look.grid, atSeconds: look.atSeconds, dt: look.dt, sparse: look.sparse) { _ in }
        confirmSeen(look, scratch.blobs)
        if look.sparse { trackSet.leave(scratch, grid: look.grid, atSeconds: look.atSeconds) }
        adjustRates(look, &scratch)
        // What was there at the first picture has left a hole that no later picture differs from: what holds still is the scene.
        if !look.sparse { relearnStill(look, &scratch) }
        if look.extent.cells >= settings.minimumAreaCells {
            unquietSeconds = look.atSeconds
            warmupCells = max(warmupCells, look.extent.cells)
        }
        let isOver = isWarm(look)
        // What stands there unexplained, as it did a look ago, is the scene; what was believed is followed on.
        if isOver { cellState.absorbStill(scratch, look.grid) }
        learn(look, &scratch, flutter: true)
        report(look, &examination)
        examination.hasCandidate = hasClearCandidate(look, scratch.blobs)
        if isOver { endWarmUp(look, &examination) }
    }

    /// Much of what is followed now is the scene itself and not worth a look at full rate; something large and clear by itself is.
    private func hasClearCandidate(_ look: Look, _ blobs: [Blob]) -> Bool {
        isClean(blobs)
            && trackSet.tracks.contains {
                $0.lastSeconds == look.atSeconds && $0.confirmedSeconds == nil && $0.watchedSince != nil && !$0.isStill
                    && $0.strongest >= 2.5 && $0.largestArea >= 4 * settings.minimumAreaCells
            }
    }

    private func isQuiet(_ look: Look) -> Bool { look.atSeconds - unquietSeconds >= max(settings.warmupQuietSeconds, 1.9 * look.dt) }

    private func isWarm(_ look: Look) -> Bool {
        guard let startSeconds, looks >= settings.warmupLooks else { return false }
        return isQuiet(look) || look.atSeconds - startSeconds >= settings.warmupSeconds
    }

    private mutating func endWarmUp(_ look: Look, _ examination: inout Examination) {
        state = .normal
        trackSet.keepConfirmed()
        isCalm = isQuiet(look)
        if warmupCells > 0 {
            let cells = warmupCells
            suppress(.warmup, .wholePicture, "up to \(cells) cells changed while the scene was learnt", look, &examination)
        }
    }
}

extension RelativeBox {
    static let wholePicture = RelativeBox(x: 0, y: 0, width: 1, height: 1)
}
