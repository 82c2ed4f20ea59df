// What the attention scheduler shows of itself: the floor really reached, the ages of looks, and why pictures were looked at or not.
// camera → packets → **looks** → frames → detections → incidents

import Domain

/// A snapshot of one scheduler; made at scrape time, one pass over its cameras and one sort.
package struct AttentionFigures: Sendable {
    /// A camera whose key pictures come too rarely for its floor.
    package struct LongGroup: Sendable, Equatable {
        package var slot: Int
        package var groupSeconds: Double
        package var floorSeconds: Double
    }

    /// Cameras that are scheduled and send pictures.
    package var cameras = 0
    /// Share of them whose looks came within their floor during the window; 1 when there are none.
    package var floorReachedRatio = 1.0
    /// The same for priority 1, 2, 3, 4.
    package var floorReachedRatioByPriority = [1.0, 1.0, 1.0, 1.0]
    package var lookAgeP50Seconds = 0.0
    package var lookAgeP99Seconds = 0.0
    package var lookAgeLargestSeconds = 0.0
    package var lookAgeSumSeconds = 0.0
    /// Cameras by age of the last look, one count per bound of `lookAgeBounds` and one above.
    package var lookAgeCounts: [Int]
    /// Since the start, by `LookReason.rawValue`.
    package var granted: [UInt64] = []
    /// Since the start, by `RefusalReason.rawValue`.
    package var refused: [UInt64] = []
    /// Cameras at full rate now, or from their next key picture on.
    package var promoted = 0
    package var waitingForFullRate = 0
    package var fullRatePictures: UInt64 = 0
    package var longGroups: [LongGroup] = []
    /// How far the floors of priority 1, 2, 3, 4 are stretched; 1 is not at all.
    package var stretchByPriority: [Double] = []
    /// The score that buys a look now; infinite when only floors are paid.
    package var price = 0.0
    /// CPU seconds that looks and full-rate pictures have cost since the start.
    package var spentSeconds = 0.0
    /// What all floors would cost unstretched, and what there is, in CPU seconds a second.
    package var floorDemand = 0.0
    package var budget = 0.0

    /// Upper bounds of the histogram in seconds: the floors, their halves and multiples.
    package static let lookAgeBounds = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 60, 120, 300]
}

extension AttentionScheduler {
    /// How the scheduler is doing. O(cameras), allocates; for scrapes, not for events.
    package func figures(nowSeconds: Double) -> AttentionFigures {
        var figures = AttentionFigures(lookAgeCounts: Array(repeating: 0, count: AttentionFigures.lookAgeBounds.count + 1))
        var ages: [Double] = []
        var (kept, all) = ([0, 0, 0, 0], [0, 0, 0, 0])
        for (slot, camera) in cameras.enumerated() {
            guard let camera, !camera.isSilent else { continue }
            let age = camera.ageSeconds(nowSeconds: nowSeconds)
            ages.append(age)
            figures.lookAgeCounts[AttentionFigures.lookAgeBounds.firstIndex { age <= $0 } ?? AttentionFigures.lookAgeBounds.count] += 1
            all[camera.priority.rawValue - 1] += 1
            if age <= camera.allowedSeconds(policy), nowSeconds - camera.lastBrokenSeconds > policy.windowSeconds {
                kept[camera.priority.rawValue - 1] += 1
            }
            if camera.isLongGroup(policy, nowSeconds: nowSeconds) {
                let group = max(
                    camera.group.medianSeconds ?? 0, camera.group.isLearned ? 0 : camera.group.openSeconds(nowSeconds: nowSeconds))
                figures.longGroups.append(.init(slot: slot, groupSeconds: group, floorSeconds: camera.floorSeconds))
            }
        }
        figures.cameras = ages.count
        if !ages.isEmpty {
            ages.sort()
            figures.floorReachedRatio = Double(kept.reduce(0, +)) / Double(ages.count)
            figures.floorReachedRatioByPriority = zip(kept, all).map { $1 == 0 ? 1 : Double($0) / Double($1) }
            figures.lookAgeP50Seconds = ages[ages.count / 2]
            figures.lookAgeP99Seconds = ages[min(ages.count - 1, ages.count * 99 / 100)]
            figures.lookAgeLargestSeconds = ages[ages.count - 1]
            figures.lookAgeSumSeconds = ages.reduce(0, +)
        }
        figures.granted = LookReason.allCases.map { grantedByReason[$0.rawValue] }
        figures.refused = RefusalReason.allCases.map { refusedByReason[$0.rawValue] }
        figures.promoted = places.placed.count
        figures.waitingForFullRate = places.waiting.count
        figures.fullRatePictures = fullRatePictures
        figures.stretchByPriority = (0..<4).map { budget.stretch[$0] }
        figures.price = budget.price(nowSeconds: nowSeconds)
        figures.spentSeconds = spentSeconds
        figures.floorDemand = budget.demandPerSecond
        figures.budget = budget.rate
        return figures
    }

    /// Trust in the camera's coded sizes, 0 … 1; the prior for a free slot.
    package func trust(_ slot: Int) -> Double { isTaken(slot) ? cameras[slot]!.trust.value(policy) : policy.trustPrior }

    /// Seconds since the camera was last looked at, or since it began; nil for a free slot.
    package func lookAgeSeconds(_ slot: Int, nowSeconds: Double) -> Double? {
        isTaken(slot) ? cameras[slot]!.ageSeconds(nowSeconds: nowSeconds) : nil
    }

    /// The usual distance of the camera's key pictures; nil until it is known.
    package func groupSeconds(_ slot: Int) -> Double? { isTaken(slot) ? cameras[slot]!.group.medianSeconds : nil }
}
