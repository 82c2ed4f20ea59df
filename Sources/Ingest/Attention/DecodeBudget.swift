// The decode budget: what looks cost, what one more costs now, and how far floors stretch when all of them cost too much.
// camera → packets → **looks** → frames → detections → incidents

import Domain

/// CPU seconds as a bucket of tokens with a short horizon, a price that follows its level, and the floors' total demand.
struct DecodeBudget: Sendable {
    /// CPU seconds per second.
    let rate: Double
    private let capacity: Double
    private let floorReserve: Double
    private let minimumPrice: Double
    private let backlogLimit: Double
    private let stage: Double
    private(set) var saved: Double
    private var refilledSeconds = -Double.infinity
    private var backlogSeconds = 0.0
    private var backlogAtSeconds = 0.0
    /// Share of the budget that the machine really gives: other processes may have the cores. 1 while workers keep up.
    private(set) var given = 1.0
    private var fullAtSeconds = -Double.infinity
    /// Mean cost of a look over the fleet; the first guess for a new camera.
    private(set) var meanLookSeconds: Double
    /// What unstretched floors cost by priority, in nanoseconds a second: integers, so that a sum of changes never drifts.
    private var demand = InlineArray<4, Int64>(repeating: 0)
    private(set) var stretch = InlineArray<4, Double>(repeating: 1)
    /// What experience adds to the estimate of demand; 1 when all is well.
    private var correction = 1.0

    /// Workers this far behind are at the end of what the machine gives them. Well below where floors are hurt.
    private static let fullRatio = 0.25
    /// Floors may fill the workers' queue so many times further than anything else.
    private static let floorRatio = 2.0
    /// Each tick: down by 4 % a second, faster than a backlog grows; up by 0.1 % a second, so that a full machine is probed gently, and by
    /// 1 % once workers have kept up for so long.
    private static let (givenStepDown, givenStepUp) = (0.01, 0.0025)
    private static let boldSeconds = 15.0

    init(_ policy: AttentionScheduler.Policy) {
        rate = max(policy.budget, 1e-6)
        capacity = rate * max(policy.horizonSeconds, 1e-3)
        floorReserve = policy.floorReserve
        minimumPrice = policy.minimumPrice
        backlogLimit = max(policy.backlogLimitSeconds, 1e-3)
        stage = max(policy.stretchStage, 1)
        meanLookSeconds = policy.lookPriorSeconds
        saved = capacity
    }

    /// Time passes.
    mutating func refill(nowSeconds: Double) {
        if refilledSeconds == -.infinity { refilledSeconds = nowSeconds }
        guard nowSeconds > refilledSeconds else { return }
        saved = min(capacity, saved + (nowSeconds - refilledSeconds) * usableRate)
        refilledSeconds = nowSeconds
    }

    /// Debt is forgiven beyond three horizons: the price of a floor stays finite, its urgency does not, so nobody starves.
    mutating func charge(_ seconds: Double) { saved = min(capacity, max(-3 * capacity, saved - seconds)) }

    mutating func measured(_ seconds: Double) { meanLookSeconds += (seconds - meanLookSeconds) * 0.01 }

    mutating func report(backlogSeconds: Double, nowSeconds: Double) {
        self.backlogSeconds = backlogSeconds.isFinite ? min(60, max(0, backlogSeconds)) : 0
        backlogAtSeconds = nowSeconds
    }

    /// What is left of the last report, workers being alive: a report that never comes again must not stop looking.
    func backlog(nowSeconds: Double) -> Double { max(0, backlogSeconds - max(0, nowSeconds - backlogAtSeconds)) }

    /// How full the workers' queue is, 0 … 1 and more; at 1 only floors are added.
    func backlogRatio(nowSeconds: Double) -> Double { backlog(nowSeconds: nowSeconds) / backlogLimit }

    /// True when not even floors are added. A burst of a second must not cost hundreds of them: a look is as old as its picture, and a floor
    /// that waits for a whole group of pictures is still kept.
    func isFull(nowSeconds: Double) -> Bool { backlogRatio(nowSeconds: nowSeconds) >= Self.floorRatio }

    /// The score that buys a look: `minimumPrice` with full savings and idle workers, infinite when only the floors' reserve is left or
    /// the workers are at the end of what the machine gives them.
    func price(nowSeconds: Double) -> Double {
        let backlog = backlogRatio(nowSeconds: nowSeconds)
        let level = saved / capacity - backlog - floorReserve
        return level <= 0 || isOverloaded || backlog > Self.fullRatio
            ? .infinity : max(minimumPrice, minimumPrice * (1 - floorReserve) / level)
    }

    /// The urgency that buys a floor look: 1 as long as floors stay within what a burst may borrow, above it little for priority 1
    /// (6 % at most while workers keep up), some for 2, all of it for 3 and 4. Where floors take most of the budget and some of it is
    /// about to be lost, floors are kept early, which spreads bursts.
    func floorPrice(_ priority: Priority, nowSeconds: Double) -> Double {
        let backlog = backlogRatio(nowSeconds: nowSeconds)
        let excess = max(0, -saved / capacity - 1) + 4 * max(0, backlog - (Self.floorRatio - 0.25))
        if excess > 0 { return 1 + excess * (priority == .one ? 0.02 : priority == .two ? 0.2 : 1) }
        let mayBeLost = saved > 0.8 * capacity || given < 1 && saved > 0
        return mayBeLost && backlog < 0.1 && demandPerSecond > 0.6 * rate ? 0.8 : 1
    }

    /// The budget as far as the machine gives it. Floors keep theirs and a little: they are promised, the rest is not.
    var usableRate: Double { max(rate * given, min(rate, 1.05 * demandPerSecond)) }

    /// Floors cost more than there is; nothing else is paid.
    var isOverloaded: Bool { stretch[3] > 1 }

    /// More is owed than a burst of floors may borrow.
    var isInDebt: Bool { saved < -capacity }

    var demandPerSecond: Double {
        var sum: Int64 = 0
        for i in 0..<4 { sum += demand[i] }
        return Double(sum) * 1e-9
    }

    mutating func changeDemand(_ priority: Priority, by nanoseconds: Int64) { demand[priority.rawValue - 1] += nanoseconds }

    func stretch(_ priority: Priority) -> Double { stretch[priority.rawValue - 1] }

    /// Stretches floors until they cost what there is: lowest priority first, each by one stage, then all alike.
    mutating func balance(fullRatePerSecond: Double, nowSeconds: Double) {
        let isFull = backlogRatio(nowSeconds: nowSeconds) > Self.fullRatio
        if isFull {
            given = max(0.2, given - Self.givenStepDown)
            fullAtSeconds = nowSeconds
        } else {
            given = min(1, given + Self.givenStepUp * min(1, 0.1 + (nowSeconds - fullAtSeconds) / Self.boldSeconds))
        }
        if isOverloaded || isInDebt {
            // Towards savings of nothing: 2 % a tick are 8 % a second, slower than a floor and faster than the weather.
            correction = max(0.5, min(4, correction * (1 - 0.02 * max(-1, saved / capacity))))
        } else {
            correction += (1 - correction) * 0.05
        }
        let available = max(rate - fullRatePerSecond, rate * 0.2)
        var excess = demandPerSecond * correction - available
        var remaining = 0.0
        for i in (0..<4).reversed() {
            let cost = Double(demand[i]) * 1e-9 * correction
            let saving = min(max(0, excess), cost * (1 - 1 / stage))
            // A priority without cameras is stretched as far as it may be before the next higher one is.
            stretch[i] = cost > 0 ? cost / (cost - saving) : excess > 0 ? stage : 1
            excess -= saving
            remaining += cost - saving
        }
        guard excess > remaining * 1e-9, remaining > excess else { return }
        for i in 0..<4 { stretch[i] *= remaining / (remaining - excess) }
    }
}
