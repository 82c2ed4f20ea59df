// Decides which key pictures are looked at, before their bytes are kept: floors first, the rest of the budget by attention.
// camera → **packets → looks** → frames → detections → incidents

package import Domain

/// The attention of one reactor: floors, budget, scores, tier 0 and full-rate places of its cameras.
///
/// ```
/// key picture ─▶ full-rate place? ──▶ look(promoted)
///                │ no
///                ▼ last look still with the workers? ──▶ skip
///                ▼ next key picture too late for the floor? ─ urgency ≥ floor price ─▶ look(first | floor)
///                ▼ score ≥ price? ──▶ look(requested | wakeUp | attention), otherwise skip
/// ```
///
/// Why nobody starves: debt and so the price of a floor are bounded, stretched floors are finite, and the urgency of a camera grows with
/// its age without bound; so every camera is granted a look in a time that depends on the overload only.
///
/// A value for one thread; no clock, no I/O. Slots are small integers given by the caller and may be reused after `remove`. Each event
/// costs O(1) and allocates nothing; four times a second one of them also balances floors and places. Reports for slots that are free or
/// looks that are forgotten are ignored, because workers answer late.
package struct AttentionScheduler: Sendable {
    package let policy: Policy
    var cameras: [CameraAttention?] = []
    var sizes: [CodedSizeBaseline] = []
    var budget: DecodeBudget
    var places: FullRatePlaces
    /// One counter for each case of the two enums.
    var grantedByReason = InlineArray<7, UInt64>(repeating: 0)
    var refusedByReason = InlineArray<6, UInt64>(repeating: 0)
    var fullRatePictures: UInt64 = 0
    var spentSeconds = 0.0
    /// Cameras added and not removed.
    package private(set) var cameraCount = 0
    private var nextBalanceSeconds = -Double.infinity

    /// Four times a second: fast against floors of seconds, rare against 2,000 key pictures.
    private static let balanceSeconds = 0.25

    package init(policy: Policy) {
        precondition(policy.floorSecondsByPriority.count == 4 && policy.weightByPriority.count == 4, "there are four priorities")
        precondition(policy.floorSecondsByPriority.allSatisfy { $0 > 0 }, "a floor of no seconds can never be met")
        self.policy = policy
        budget = DecodeBudget(policy)
        places = FullRatePlaces(capacity: policy.fullRatePlaces, pictureSeconds: policy.fullRatePicturePriorSeconds)
    }

    // MARK: cameras

    /// Begins to schedule a camera; the slot must be free.
    ///
    /// - Parameters:
    ///   - floorSeconds: Instead of the policy's floor of this priority, as a pipeline's `looks.floor` says.
    ///   - mayPromote: Whether it may ever have a full-rate place, as a pipeline's `looks.promote` says.
    package mutating func add(_ slot: Int, priority: Priority, floorSeconds: Double? = nil, mayPromote: Bool = true, nowSeconds: Double) {
        precondition(slot >= 0, "slots are dense small integers")
        while cameras.count <= slot {
            cameras.append(nil)
            sizes.append(CodedSizeBaseline())
        }
        precondition(cameras[slot] == nil, "the slot is taken; remove its camera first")
        sizes[slot] = CodedSizeBaseline()
        cameras[slot] = CameraAttention(
            priority: priority, floorSeconds: floor(floorSeconds, priority), mayPromote: mayPromote, nowSeconds: nowSeconds,
            cost: budget.meanLookSeconds)
        cameraCount += 1
    }

    /// Other terms for a camera that is scheduled, as in `add`; what was learned of it stays.
    package mutating func change(_ slot: Int, priority: Priority, floorSeconds: Double? = nil, mayPromote: Bool = true) {
        guard isTaken(slot) else { return }
        budget.changeDemand(cameras[slot]!.priority, by: -cameras[slot]!.demandNanoseconds)
        cameras[slot]!.demandNanoseconds = 0
        cameras[slot]!.priority = priority
        cameras[slot]!.floorSeconds = floor(floorSeconds, priority)
        cameras[slot]!.mayPromote = mayPromote
        if !mayPromote { places.leave(slot, &cameras) }
        updateDemand(slot)
    }

    /// Forgets a camera and frees its slot; a free slot stays free.
    package mutating func remove(_ slot: Int) {
        guard isTaken(slot), let camera = cameras[slot] else { return }
        budget.changeDemand(camera.priority, by: -camera.demandNanoseconds)
        places.leave(slot, &cameras)
        cameras[slot] = nil
        cameraCount -= 1
    }

    /// The camera's connection ended: it owes no looks and holds no place until a key picture comes; what was learned stays.
    package mutating func streamEnded(_ slot: Int) {
        guard isTaken(slot) else { return }
        places.leave(slot, &cameras)
        cameras[slot]!.group.streamEnded()
        cameras[slot]!.isSilent = true
        cameras[slot]!.pendingSeconds = nil
        sizes[slot].streamEnded()
        updateDemand(slot)
    }

    // MARK: pictures

    /// Says whether the key picture that begins now shall be kept and looked at.
    ///
    /// Asked exactly once for every key picture, before its bytes are kept: this is where the distance of key pictures is learned. About
    /// 150 ns.
    package mutating func keyPictureBegins(_ slot: Int, nowSeconds: Double) -> KeyDecision {
        advance(nowSeconds: nowSeconds)
        guard isTaken(slot) else { return .skip }
        let deviation = sizes[slot].deviation
        cameras[slot]!.keyPictureBegins(nowSeconds: nowSeconds)
        if cameras[slot]!.demandNanoseconds == 0 { updateDemand(slot) }
        let isBacklogged = budget.backlogRatio(nowSeconds: nowSeconds) >= 1
        if places.keyPictureBegins(slot, &cameras, isBacklogged: isBacklogged, nowSeconds: nowSeconds) {
            return grant(slot, .promoted, deviation, nowSeconds)
        }
        let camera = cameras[slot]!
        if let pending = camera.pendingSeconds, nowSeconds - pending < policy.lookTimeoutSeconds { return refuse(.inFlight) }
        let urgency = camera.urgency(policy, stretch: budget.stretch(camera.priority), nowSeconds: nowSeconds)
        if urgency > budget.floorPrice(camera.priority, nowSeconds: nowSeconds), !budget.isFull(nowSeconds: nowSeconds) {
            return grant(slot, camera.lastLookSeconds == nil ? .first : .floor, deviation, nowSeconds)
        }
        if urgency > 1 { return refuse(budget.backlogRatio(nowSeconds: nowSeconds) > 0.75 ? .backlog : .overload) }
        let (score, reason) = camera.score(policy, deviation: deviation, nowSeconds: nowSeconds)
        if score < policy.minimumPrice {
            // Twice the lowest price is reached when about half of the savings above the floors' reserve is gone.
            if policy.usesSpare, !isBacklogged, camera.ageSeconds(nowSeconds: nowSeconds) >= policy.pacedSeconds,
                budget.price(nowSeconds: nowSeconds) < 2 * policy.minimumPrice
            {
                return grant(slot, .spare, deviation, nowSeconds)
            }
            let isStretched = budget.isOverloaded && camera.urgency(policy, stretch: 1, nowSeconds: nowSeconds) > 1
            return refuse(isStretched ? .overload : .quiet)
        }
        if camera.ageSeconds(nowSeconds: nowSeconds) < policy.pacedSeconds { return refuse(.paced) }
        if isBacklogged { return refuse(.backlog) }
        // A camera whose pictures cost more pays more, except when the budget is idle.
        let size = min(8, max(0.5, Double(camera.costSeconds) / max(1e-6, budget.meanLookSeconds)))
        let price = policy.minimumPrice + (budget.price(nowSeconds: nowSeconds) - policy.minimumPrice) * size
        if score >= price { return grant(slot, reason, deviation, nowSeconds) }
        return refuse(budget.isOverloaded ? .overload : budget.backlogRatio(nowSeconds: nowSeconds) > 0.25 ? .backlog : .price)
    }

    /// A key picture has come whole: the group before it is over for tier 0. Called for every key picture, looked at or not.
    ///
    /// Its size is not used yet: it tells of the scene and not of what moves in it.
    package mutating func keyPicture(_ slot: Int, sizeBytes: Int, nowSeconds: Double) {
        guard isTaken(slot) else { return }
        let predicted = sizes[slot].phase
        if predicted > 0, let gap = cameras[slot]!.group.medianSeconds, gap > 0.01 {
            cameras[slot]!.picturesPerSecond = Float(min(120, Double(predicted) / gap))
        }
        sizes[slot].keyPicture()
    }

    /// A predicted picture has come; the hot event, 100,000 times a second over a district. About 25 ns, touches 86 bytes.
    ///
    /// Called for every picture that is no key picture, kept or not, in the order of the stream; a free slot is harmless.
    package mutating func predictedPicture(_ slot: Int, sizeBytes: Int) {
        guard slot >= 0, slot < sizes.count else { return }
        sizes[slot].predictedPicture(sizeBytes: sizeBytes)
    }

    // MARK: reports

    /// A key picture that was granted has been decoded and examined.
    ///
    /// - Parameters:
    ///   - change: Share of foreground cells, 0 … 1.
    ///   - hasCandidate: Something there is worth full rate: a candidate track, or an incident that is being confirmed.
    package mutating func lookFinished(_ slot: Int, cpuSeconds: Double, change: Double, hasCandidate: Bool, nowSeconds: Double) {
        advance(nowSeconds: nowSeconds)
        let cost = cpuSeconds.isFinite ? max(0, cpuSeconds) : 0
        spentSeconds += cost
        budget.measured(cost)
        guard isTaken(slot), let pending = cameras[slot]!.pendingSeconds else { return }
        budget.charge(cost - Double(cameras[slot]!.pendingCost))
        cameras[slot]!.finished(
            pending: pending, cpuSeconds: cost, change: change.isFinite ? max(0, change) : 0, hasCandidate: hasCandidate,
            nowSeconds: nowSeconds, policy)
        updateDemand(slot)
        if hasCandidate { places.wait(slot, &cameras, policy, nowSeconds: nowSeconds) }
    }

    /// A key picture that was granted was thrown away before it was decoded; its cost is given back, the look is still owed.
    package mutating func lookDropped(_ slot: Int, nowSeconds: Double) {
        advance(nowSeconds: nowSeconds)
        guard isTaken(slot), cameras[slot]!.pendingSeconds != nil else { return }
        budget.charge(-Double(cameras[slot]!.pendingCost))
        cameras[slot]!.pendingSeconds = nil
    }

    /// A key picture that was granted could not be decoded; its cost stays spent, and from the third time the camera is tried at its floor.
    package mutating func lookFailed(_ slot: Int, nowSeconds: Double) {
        advance(nowSeconds: nowSeconds)
        guard isTaken(slot), let pending = cameras[slot]!.pendingSeconds else { return }
        cameras[slot]!.pendingSeconds = nil
        cameras[slot]!.failedSeconds = pending
        if cameras[slot]!.failuresInRow < 100 { cameras[slot]!.failuresInRow += 1 }
    }

    /// Someone watches, or a live or priority tag applies, until the given time; a later time wins.
    package mutating func request(_ slot: Int, untilSeconds: Double) {
        guard isTaken(slot) else { return }
        cameras[slot]!.requestedUntilSeconds = max(untilSeconds, cameras[slot]!.requestedUntilSeconds)
    }

    /// What predicted pictures of a promoted camera cost; reported at least once a second while there are any.
    package mutating func fullRateCost(
        _ slot: Int, cpuSeconds: Double, pictures: Int, hasCandidate: Bool = false, nowSeconds: Double
    ) {
        advance(nowSeconds: nowSeconds)
        guard cpuSeconds.isFinite, cpuSeconds >= 0, pictures > 0 else { return }
        spentSeconds += cpuSeconds
        fullRatePictures &+= UInt64(pictures)
        budget.charge(cpuSeconds)
        guard isTaken(slot) else { return }
        cameras[slot]!.fullRateSpentSeconds += Float(cpuSeconds)
        let each = Float(cpuSeconds / Double(pictures))
        let known = cameras[slot]!.fullRatePictureSeconds ?? each
        cameras[slot]!.fullRatePictureSeconds = known + (each - known) * 0.25
        places.measured(each)
        if hasCandidate { cameras[slot]!.lastCandidateSeconds = nowSeconds }
    }

    /// How many seconds of work wait for the workers; reported each sweep.
    package mutating func backlog(seconds: Double, nowSeconds: Double) {
        advance(nowSeconds: nowSeconds)
        budget.report(backlogSeconds: seconds, nowSeconds: nowSeconds)
    }

    /// True while recent looks or a request make the camera worth more than its floor.
    package func isHot(_ slot: Int, nowSeconds: Double) -> Bool {
        guard isTaken(slot), let camera = cameras[slot] else { return false }
        return camera.score(policy, deviation: 0, nowSeconds: nowSeconds).value >= policy.minimumPrice
    }

    /// True from the key picture that was granted as `promoted` until the place is lost; then predicted pictures are kept.
    package func wantsFullRate(_ slot: Int) -> Bool { isTaken(slot) && cameras[slot]!.placement == .active }

    /// Lets time pass; every other event does so too, so that only an idle reactor has to call it.
    package mutating func advance(nowSeconds: Double) {
        budget.refill(nowSeconds: nowSeconds)
        guard nowSeconds >= nextBalanceSeconds else { return }
        nextBalanceSeconds = nowSeconds + Self.balanceSeconds
        budget.balance(fullRatePerSecond: places.costPerSecond(cameras, nowSeconds: nowSeconds), nowSeconds: nowSeconds)
        // In debt beyond a burst something costs more than it is known to; places are the part that can be given up.
        // The same when workers fall behind, whatever the budget says: another process may have the cores.
        let pace = max(0, 1 - 2 * budget.backlogRatio(nowSeconds: nowSeconds))
        let left = budget.isOverloaded ? 0 : max(0, budget.usableRate - budget.demandPerSecond) * (budget.isInDebt ? 0.5 : 1) * pace
        places.serve(&cameras, allowance: left * policy.fullRateShare, policy, nowSeconds: nowSeconds)
    }
}

extension AttentionScheduler {
    func isTaken(_ slot: Int) -> Bool { slot >= 0 && slot < cameras.count && cameras[slot] != nil }

    private mutating func grant(_ slot: Int, _ reason: LookReason, _ deviation: Double, _ nowSeconds: Double) -> KeyDecision {
        let cost = Double(cameras[slot]!.costSeconds)
        budget.charge(cost)
        // Fibonacci hashing of the slot: neighbours get far apart, a slot always the same.
        let stagger = Double(UInt32(truncatingIfNeeded: slot) &* 0x9E37_79B1) / 4_294_967_296
        cameras[slot]!.granted(cost: cost, deviated: deviation > 0, stagger: stagger, nowSeconds: nowSeconds)
        grantedByReason[reason.rawValue] &+= 1
        return .look(reason)
    }

    private mutating func refuse(_ reason: RefusalReason) -> KeyDecision {
        refusedByReason[reason.rawValue] &+= 1
        return .skip
    }

    private func floor(_ seconds: Double?, _ priority: Priority) -> Double { max(0.1, seconds ?? policy.floorSeconds(priority)) }

    private mutating func updateDemand(_ slot: Int) {
        let demand = cameras[slot]!.demand(policy)
        budget.changeDemand(cameras[slot]!.priority, by: demand - cameras[slot]!.demandNanoseconds)
        cameras[slot]!.demandNanoseconds = demand
    }
}
