// How fast each cell learns from one look.
// foreground → blobs → tracks → detections; **learning** closes the loop

import Domain
import Glibc

extension MotionDetector {
    /// `1 − 2^(−dt/τ)` with this look's rounding; τ = 0 is all the way.
    func rate(_ dt: Double, _ halfLifeSeconds: Double) -> Rate {
        Rate(share: share(dt, halfLifeSeconds), dither: Int32(dither >> 17))
    }

    func share(_ dt: Double, _ halfLifeSeconds: Double) -> Double {
        halfLifeSeconds > 0 ? 1 - exp2(-dt / halfLifeSeconds) : 1
    }

    func fillRates(
        _ scratch: inout MotionScratch, background: Double, foreground: Double, deviation: Double, deviationOnForeground: Double
    ) {
        guard let grid else { return }
        scratch.rates.choose(
            scratch.foreground, grid, background: (shareQ15(background), shareQ15(foreground)),
            deviation: (shareQ15(deviation), shareQ15(deviationOnForeground)))
    }

    /// In 15 bits, and less than all of the way, so that twice as much fits in 16.
    private func shareQ15(_ share: Double) -> UInt16 { UInt16(min(32767, (max(0, share) * 32768).rounded())) }

    /// Foreground that has not moved for a minute is a parked car: it becomes background at the usual pace.
    func absorbOldForeground(_ scratch: inout MotionScratch, _ grid: CellGrid, share: Double) {
        let limit = UInt8(min(252, 1 + settings.absorbAfterSeconds * 2))
        scratch.rates.absorb(cellState.age, olderThan: limit, grid, rate: shareQ15(share))
    }

    /// In warm-up, cells that differ from the background but not from the look before are learnt within half a second. What passes
    /// meanwhile and is smooth is learnt a little as well, and forgotten as fast.
    func relearnStill(_ look: Look, _ scratch: inout MotionScratch) {
        scratch.rates.relearnStill(
            scratch.foreground, scratch.cells, cellState.previous, look.grid, within: 4, rate: shareQ15(share(look.dt, 0.15)))
    }

    /// Blobs that are light or holes are learnt at once; tracks that are believed do not teach the cells that they are noise.
    mutating func adjustRates(_ look: Look, _ scratch: inout MotionScratch) {
        guard !scratch.blobs.isEmpty else { return }
        let lighting = shareQ15(share(look.dt, 2))
        let ghost = shareQ15(share(look.dt, 0.5))
        for index in scratch.runs.indices {
            guard let blob = scratch.blobIndex(ofRun: index) else { continue }
            let run = scratch.runs[index]
            let row = run.y * look.grid.width
            let cells = row + run.start..<row + run.end
            switch scratch.blobs[blob].verdict {
            case .lighting: scratch.rates.setBackground(cells, row: run.y, look.grid, lighting)
            case .ghost:
                scratch.rates.setBackground(cells, row: run.y, look.grid, ghost)
                for cell in cells { cellState.age[cell] = CellState.relearning }
            case .object:
                let owner = trackSet.ownerOfBlob[blob]
                guard owner >= 0 else { continue }
                let track = trackSet.tracks[owner]
                guard track.confirmedSeconds != nil || track.displacement >= settings.displacementCells else { continue }
                scratch.rates.setDeviation(cells, row: run.y, look.grid, 0)
                // While the background is a mean of few looks, a thing that moves would leave its trace in it.
                if state == .warmup { scratch.rates.setBackground(cells, row: run.y, look.grid, 0) }
            case .small: continue
            }
        }
    }

    mutating func learn(_ look: Look, _ scratch: inout MotionScratch, flutter: Bool) {
        ageRemainderSeconds += look.dt
        let ticks = min(120, (ageRemainderSeconds * 2).rounded(.down))
        ageRemainderSeconds = min(0.5, ageRemainderSeconds - ticks / 2)
        let step = LearningStep(
            flutterRise: flutter ? shareQ15(share(min(2 * look.dt, 1), 8)) : 0,
            flutterDecay: flutter ? shareQ15(share(look.dt, settings.flutterSeconds)) : 0,
            ageTicks: UInt8(ticks), dither: UInt16(truncatingIfNeeded: dither >> 17) << 1)
        cellState.learn(scratch, grid: look.grid, step: step)
    }
}
