// What light and weather ask of a detection: rain, darkness and the infrared filter.
// frames → cells → **states** → blobs → tracks → detections

import Domain

extension MotionDetector {
    /// The settings as rain and darkness tighten them.
    func demands() -> MotionSettings {
        var demands = settings
        if isDark { demands.thresholdLevels = max(demands.thresholdLevels, settings.darkThresholdLevels) }
        guard isRaining else { return demands }
        demands.confirmSeconds *= 2
        demands.confirmHits *= 2
        demands.sparseHits += 1
        return demands
    }

    /// How large an object must be at the least.
    private func demandedCells(_ isWet: Bool) -> Double {
        let factor = isWet ? settings.precipitationAreaFactor : isDark ? settings.darkAreaFactor : 1
        return factor * Double(settings.minimumAreaCells)
    }

    /// Counts small objects, decides whether they are the weather, and takes those out that are too small for it.
    mutating func judgeWeather(_ look: Look, _ blobs: inout [Blob]) {
        let small = blobs.count { $0.verdict == .object && Double($0.area) < 3 * Double(settings.minimumAreaCells) }
        smallBlobs += (Double(small) - smallBlobs) * share(look.dt, 10)
        isRaining = smallBlobs > (isRaining ? settings.precipitationOverBlobs : settings.precipitationBlobs)
        // One look with as many is judged like rain, before it is known to last.
        let demanded = demandedCells(isRaining || Double(small) > settings.precipitationBlobs)
        for index in blobs.indices where blobs[index].verdict == .object && Double(blobs[index].area) < demanded {
            blobs[index].verdict = .small
        }
    }

    /// True when the infrared filter has moved: chroma came or went, or, without chroma, everything changed but its edges.
    mutating func noteInfrared(_ look: Look, _ scratch: MotionScratch, isGlobal: Bool) -> Bool {
        if let chroma = look.chroma {
            let sees = chroma < settings.infraredBelowChroma ? true : chroma > settings.colourAboveChroma ? false : seesInfrared
            defer { seesInfrared = sees }
            return seesInfrared != nil && sees != seesInfrared
        }
        guard isGlobal, state != .infraredSwitch else { return false }
        return tamperWatch.edgesStay(scratch.cells, look.grid)
    }
}
