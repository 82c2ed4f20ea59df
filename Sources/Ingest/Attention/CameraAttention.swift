// What the scheduler remembers of one camera: when it was looked at, what that cost, what was seen, and what that is worth now.
// camera → packets → **looks** → frames → detections → incidents

import Domain
import Foundation

/// One camera of the scheduler. A plain value; events change it, `urgency` and `score` only read it.
struct CameraAttention: Sendable {
    /// Where a camera stands on its way to full rate.
    enum Placement: UInt8, Sendable { case none, waiting, placed, active }

    var priority: Priority
    var floorSeconds: Double
    var mayPromote: Bool
    // Key pictures
    var group = GroupRhythm()
    var trust = SizeTrust()
    var isSilent = true
    // Looks
    /// Since when looks are owed: added, or the first key picture of the connection.
    var startedSeconds: Double
    var lastLookSeconds: Double?
    var lastBrokenSeconds = -Double.infinity
    var pendingSeconds: Double?
    var pendingCost: Float = 0
    var pendingDeviated = false
    var failedSeconds = -Double.infinity
    var failuresInRow: UInt8 = 0
    var costSeconds: Float
    var demandNanoseconds: Int64 = 0
    /// Makes the second look earlier by a part of the floor, so that cameras that start together do not stay together.
    var staggerSeconds: Float = 0
    // Attention
    var heat: Float = 0
    var heatSeconds = 0.0
    var usualChange: Float = 0
    var lastCandidateSeconds = -Double.infinity
    var requestedUntilSeconds = -Double.infinity
    // Full rate
    var placement = Placement.none
    var waitsSinceSeconds = 0.0
    var placedSeconds = -Double.infinity
    var activeSeconds: Double?
    /// Reported since then.
    var fullRateSpentSeconds: Float = 0
    var restsUntilSeconds = -Double.infinity
    /// CPU of one picture; nil until measured, then the fleet's mean is taken.
    var fullRatePictureSeconds: Float?
    /// Predicted pictures only.
    var picturesPerSecond: Float = 25

    init(priority: Priority, floorSeconds: Double, mayPromote: Bool, nowSeconds: Double, cost: Double) {
        self.priority = priority
        self.floorSeconds = floorSeconds
        self.mayPromote = mayPromote
        startedSeconds = nowSeconds
        costSeconds = Float(cost)
    }

    // MARK: floor

    func ageSeconds(nowSeconds: Double) -> Double { max(0, nowSeconds - (lastLookSeconds ?? startedSeconds)) }

    /// True when key pictures come too rarely for the floor; then every one of them is due.
    func isLongGroup(_ policy: AttentionScheduler.Policy, nowSeconds: Double) -> Bool {
        let limit = floorSeconds * (1 + policy.floorTolerance)
        if group.isLearned, let usual = group.medianSeconds, usual > limit { return true }
        return !group.isLearned && group.openSeconds(nowSeconds: nowSeconds) > limit
    }

    /// What a gap between two looks may be without breaking the floor.
    func allowedSeconds(_ policy: AttentionScheduler.Policy) -> Double {
        max(floorSeconds, group.expectedSeconds ?? 0) * (1 + policy.floorTolerance)
    }

    /// Age at the next key picture in floors: above 1 this key picture is due. Grows without bound.
    func urgency(_ policy: AttentionScheduler.Policy, stretch: Double, nowSeconds: Double) -> Double {
        let floor = floorSeconds * stretch * (1 + policy.floorTolerance / 2)
        // A camera whose pictures cannot be decoded is tried at its floor, not at each key picture.
        let failed = failuresInRow >= 3 ? failedSeconds : -.infinity
        let reference = max(lastLookSeconds ?? -.infinity, failed)
        guard reference > -.infinity else { return 1.02 + max(0, nowSeconds - startedSeconds) / floor }
        let age = max(0, nowSeconds - reference) + Double(staggerSeconds)
        return (age + (group.expectedSeconds ?? policy.groupPriorSeconds)) / floor
    }

    /// CPU nanoseconds a second that keeping the floor costs, key pictures coming when they do.
    func demand(_ policy: AttentionScheduler.Policy) -> Int64 {
        guard !isSilent else { return 0 }
        let gap = max(0.01, group.expectedSeconds ?? policy.groupPriorSeconds)
        let every = max(1, (floorSeconds * (1 + policy.floorTolerance / 2) / gap).rounded(.down)) * gap
        return Int64(min(1e12, Double(costSeconds) / every * 1e9))
    }

    // MARK: attention

    func heat(_ policy: AttentionScheduler.Policy, nowSeconds: Double) -> Double {
        heat == 0 ? 0 : Double(heat) * exp2(-max(0, nowSeconds - heatSeconds) / policy.heatHalfLifeSeconds)
    }

    /// What a look now is worth beyond the floor, and why; 0 when nothing asks for one.
    func score(_ policy: AttentionScheduler.Policy, deviation: Double, nowSeconds: Double) -> (value: Double, reason: LookReason) {
        let seen = heat(policy, nowSeconds: nowSeconds)
        let asked = requestedUntilSeconds > nowSeconds ? policy.requestScore : 0
        var woken = 0.0
        if policy.usesCodedSize, deviation > 0 {
            let trust = trust.value(policy)
            if trust >= policy.trustThreshold { woken = policy.wakeUpScore * trust * deviation / Double(1 + self.trust.falseInRow) }
        }
        let sum = seen + asked + woken
        guard sum > 0 else { return (0, .attention) }
        // Among equals the one not seen for longer goes first, so that a few cannot share the budget between them.
        let freshness = 0.5 + 0.5 * min(1, ageSeconds(nowSeconds: nowSeconds) / floorSeconds)
        let reason: LookReason = asked >= max(seen, woken) ? .requested : woken >= seen ? .wakeUp : .attention
        return (sum * policy.weight(priority) * freshness, reason)
    }

    // MARK: events

    mutating func keyPictureBegins(nowSeconds: Double) {
        group.keyPicture(nowSeconds: nowSeconds)
        guard isSilent else { return }
        isSilent = false
        startedSeconds = nowSeconds
        lastLookSeconds = nil
    }

    mutating func granted(cost: Double, deviated: Bool, stagger: Double, nowSeconds: Double) {
        staggerSeconds = lastLookSeconds == nil ? Float(stagger * max(0, floorSeconds - (group.expectedSeconds ?? floorSeconds))) : 0
        pendingSeconds = nowSeconds
        pendingCost = Float(cost)
        pendingDeviated = deviated
    }

    /// A look of `pending` came back; judges the gap before it and learns what it saw.
    mutating func finished(
        pending: Double, cpuSeconds: Double, change: Double, hasCandidate: Bool, nowSeconds: Double, _ policy: AttentionScheduler.Policy
    ) {
        if pending - (lastLookSeconds ?? startedSeconds) > allowedSeconds(policy) { lastBrokenSeconds = nowSeconds }
        lastLookSeconds = max(pending, lastLookSeconds ?? pending)
        pendingSeconds = nil
        failuresInRow = 0
        costSeconds += (Float(cpuSeconds) - costSeconds) * 0.25
        let changed = hasCandidate || change >= policy.changeThreshold
        trust.learn(deviated: pendingDeviated, changed: changed, nowSeconds: nowSeconds, policy)
        // What always moves (a tree, water) is usual and raises nothing; four times the usual is worth the whole score.
        let usual = max(Double(usualChange), policy.changeThreshold)
        let surprise = changed ? min(1, max(0, (change / usual - 1) / 3)) * policy.changeScore : 0
        let cooled = heat(policy, nowSeconds: nowSeconds) * (changed ? 1 : 0.5)
        heat = Float(max(cooled, surprise, hasCandidate ? policy.candidateScore : 0))
        heatSeconds = nowSeconds
        usualChange += (Float(change) - usualChange) * 0.1
        if hasCandidate { lastCandidateSeconds = nowSeconds }
    }
}
