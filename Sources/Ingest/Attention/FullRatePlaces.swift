// Who is read at full rate: a bounded number of places, the hottest first, none for ever while others wait.
// camera → packets → **looks** → frames → detections → incidents

/// Places at full rate and the cameras that wait for one.
///
/// ```
///           candidate            hottest, budget allows          next key picture
///   none ───────────▶ waiting ────────────────────▶ placed ───────────────▶ active ─▶ every picture is decoded
///     ▲                  │ candidate grew old          │                      │
///     └──────────────────┴─────────────────────────────┴──────────────────────┘ quiet · stayed longest while others
///                                                                wait · much cooler than one that waits · budget shrank
/// ```
///
/// All loops run over places and waiting cameras, never over the fleet.
struct FullRatePlaces: Sendable {
    private(set) var placed: [Int32] = []
    private(set) var waiting: [Int32] = []
    private let capacity: Int
    /// Demoted because they had stayed longest, since the start.
    private(set) var rotations: UInt64 = 0

    /// Mean CPU of one picture over the fleet, for cameras that never were at full rate.
    private var pictureSeconds: Float

    init(capacity: Int, pictureSeconds: Double) {
        self.pictureSeconds = Float(pictureSeconds)
        self.capacity = max(0, capacity)
        placed.reserveCapacity(self.capacity)
        waiting.reserveCapacity(self.capacity)
    }

    typealias Cameras = [CameraAttention?]

    mutating func measured(_ seconds: Float) { pictureSeconds += (seconds - pictureSeconds) * 0.1 }

    /// A candidate was seen; a full list keeps the hottest.
    mutating func wait(_ slot: Int, _ cameras: inout Cameras, _ policy: AttentionScheduler.Policy, nowSeconds: Double) {
        guard cameras[slot]!.mayPromote, cameras[slot]!.placement == .none, capacity > 0 else { return }
        if waiting.count >= capacity {
            let heat = cameras[slot]!.fullRateHeat(policy, nowSeconds: nowSeconds)
            guard let coolest = coolest(of: waiting, cameras, policy, nowSeconds), coolest.heat < heat else { return }
            leave(Int(coolest.slot), &cameras)
        }
        waiting.append(Int32(slot))
        cameras[slot]!.placement = .waiting
        cameras[slot]!.waitsSinceSeconds = nowSeconds
    }

    /// Gives up whatever place the camera has.
    mutating func leave(_ slot: Int, _ cameras: inout Cameras) {
        switch cameras[slot]!.placement {
        case .none: return
        case .waiting: if let index = waiting.firstIndex(of: Int32(slot)) { waiting.swapAt(index, waiting.count - 1); waiting.removeLast() }
        case .placed, .active:
            if let index = placed.firstIndex(of: Int32(slot)) { placed.swapAt(index, placed.count - 1); placed.removeLast() }
        }
        cameras[slot]!.placement = .none
        cameras[slot]!.activeSeconds = nil
    }

    /// True when this key picture begins or continues a stay at full rate. Workers far behind interrupt it until the next one.
    func keyPictureBegins(_ slot: Int, _ cameras: inout Cameras, isBacklogged: Bool, nowSeconds: Double) -> Bool {
        guard cameras[slot]!.placement == .placed || cameras[slot]!.placement == .active else { return false }
        cameras[slot]!.placement = isBacklogged ? .placed : .active
        if !isBacklogged, cameras[slot]!.activeSeconds == nil {
            cameras[slot]!.activeSeconds = nowSeconds
            cameras[slot]!.fullRateSpentSeconds = 0
        }
        return !isBacklogged
    }

    /// What all places cost together, in CPU seconds a second: measured where they have been there for a while.
    func costPerSecond(_ cameras: Cameras, nowSeconds: Double) -> Double {
        var sum = 0.0
        for slot in placed { sum += cameras[Int(slot)]!.placeCost(pictureSeconds, nowSeconds) }
        return sum
    }

    /// Takes places from those who have had their time, gives them to the hottest that wait.
    mutating func serve(_ cameras: inout Cameras, allowance: Double, _ policy: AttentionScheduler.Policy, nowSeconds: Double) {
        if placed.isEmpty && waiting.isEmpty { return }
        for slot in waiting.reversed() where cameras[Int(slot)]!.hasWaitedForNothing(policy, nowSeconds: nowSeconds) {
            leave(Int(slot), &cameras)
        }
        for slot in placed.reversed() where cameras[Int(slot)]!.hasStayedForNothing(policy, nowSeconds: nowSeconds) {
            leave(Int(slot), &cameras)
        }
        var cost = costPerSecond(cameras, nowSeconds: nowSeconds)
        // A quarter more than allowed is tolerated: the allowance moves with each measured look.
        while cost > allowance * 1.25, let coolest = coolest(of: placed, cameras, policy, nowSeconds) {
            cost -= cameras[Int(coolest.slot)]!.placeCost(pictureSeconds, nowSeconds)
            leave(Int(coolest.slot), &cameras)
        }
        rotate(&cameras, allowance: allowance, policy, nowSeconds)
        cost = costPerSecond(cameras, nowSeconds: nowSeconds)
        while placed.count < capacity, let next = hottest(within: allowance - cost, cameras, policy, nowSeconds) {
            cost += cameras[Int(next)]!.fullRatePerSecond(pictureSeconds)
            leave(Int(next), &cameras)
            placed.append(next)
            cameras[Int(next)]!.placement = .placed
            cameras[Int(next)]!.placedSeconds = nowSeconds
        }
    }

    /// One place a time changes hands: from the one that has been there too long, or from one much cooler than one that waits.
    private mutating func rotate(
        _ cameras: inout Cameras, allowance: Double, _ policy: AttentionScheduler.Policy, _ nowSeconds: Double
    ) {
        guard let next = hottest(within: allowance, cameras, policy, nowSeconds) else { return }
        if cameras[Int(next)]!.restsUntilSeconds > nowSeconds { return }
        let heat = cameras[Int(next)]!.fullRateHeat(policy, nowSeconds: nowSeconds)
        let longest = placed.min { cameras[Int($0)]!.placedSeconds < cameras[Int($1)]!.placedSeconds }
        if let longest, cameras[Int(longest)]!.stayedSeconds(nowSeconds) > policy.maximumStaySeconds {
            leave(Int(longest), &cameras)
            cameras[Int(longest)]!.restsUntilSeconds = nowSeconds + policy.maximumStaySeconds
            rotations &+= 1
        } else if let coolest = coolest(of: placed, cameras, policy, nowSeconds), heat > coolest.heat * policy.displacement,
            cameras[Int(coolest.slot)]!.stayedSeconds(nowSeconds) > policy.minimumStaySeconds
        {
            leave(Int(coolest.slot), &cameras)
        }
    }

    /// The hottest that waits and costs no more than `within`; one that rests after a long stay only when nobody else does.
    /// Waiting counts: after the longest stay of another a camera is twice as hot.
    private func hottest(
        within: Double, _ cameras: Cameras, _ policy: AttentionScheduler.Policy, _ nowSeconds: Double
    ) -> Int32? {
        var best: (slot: Int32, heat: Double, rests: Bool)?
        for slot in waiting where cameras[Int(slot)]!.fullRatePerSecond(pictureSeconds) <= within {
            let waited = max(0, nowSeconds - cameras[Int(slot)]!.waitsSinceSeconds) / max(1, policy.maximumStaySeconds)
            let heat = cameras[Int(slot)]!.fullRateHeat(policy, nowSeconds: nowSeconds) * (1 + waited)
            let rests = cameras[Int(slot)]!.restsUntilSeconds > nowSeconds
            if let known = best, known.rests == rests ? known.heat >= heat : rests { continue }
            best = (slot, heat, rests)
        }
        return best?.slot
    }

    private func coolest(
        of slots: [Int32], _ cameras: Cameras, _ policy: AttentionScheduler.Policy, _ nowSeconds: Double
    ) -> (slot: Int32, heat: Double)? {
        var best: (slot: Int32, heat: Double)?
        for slot in slots {
            let heat = cameras[Int(slot)]!.fullRateHeat(policy, nowSeconds: nowSeconds)
            if let known = best, known.heat <= heat { continue }
            best = (slot, heat)
        }
        return best
    }
}

extension CameraAttention {
    /// CPU seconds a second at full rate: predicted pictures and, which is all of it on an all-intra camera, key pictures.
    func fullRatePerSecond(_ mean: Float) -> Double {
        Double((fullRatePictureSeconds ?? mean) * picturesPerSecond) + Double(costSeconds) / max(0.01, group.medianSeconds ?? 2)
    }

    /// The larger of estimate and measurement, so that a wrong estimate cannot take what belongs to floors.
    func placeCost(_ mean: Float, _ nowSeconds: Double) -> Double {
        let stayed = stayedSeconds(nowSeconds)
        return max(fullRatePerSecond(mean), stayed < 2 ? 0 : Double(fullRateSpentSeconds) / stayed)
    }

    func fullRateHeat(_ policy: AttentionScheduler.Policy, nowSeconds: Double) -> Double {
        heat(policy, nowSeconds: nowSeconds) * policy.weight(priority)
    }

    func stayedSeconds(_ nowSeconds: Double) -> Double { activeSeconds.map { nowSeconds - $0 } ?? 0 }

    /// No candidate for a while; on long groups "a while" is two and a half of them.
    func isQuiet(_ policy: AttentionScheduler.Policy, nowSeconds: Double) -> Bool {
        nowSeconds - lastCandidateSeconds > max(policy.quietStaySeconds, 2.5 * (group.expectedSeconds ?? 0))
    }

    /// Quiet for longer than two looks at the floor: what is not looked at cannot show that it has become quiet.
    func hasWaitedForNothing(_ policy: AttentionScheduler.Policy, nowSeconds: Double) -> Bool {
        isQuiet(policy, nowSeconds: nowSeconds) && nowSeconds - lastCandidateSeconds > 2.2 * floorSeconds
    }

    /// Quiet after the shortest stay, or no key picture came to begin one.
    func hasStayedForNothing(_ policy: AttentionScheduler.Policy, nowSeconds: Double) -> Bool {
        guard let activeSeconds else {
            return nowSeconds - placedSeconds > max(policy.maximumStaySeconds, 2.5 * (group.expectedSeconds ?? 0))
        }
        return nowSeconds - activeSeconds > policy.minimumStaySeconds && isQuiet(policy, nowSeconds: nowSeconds)
    }
}
