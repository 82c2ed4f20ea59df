// Points in time that can be given away once: the fleet's budget of connection attempts.
// **camera** → packets → looks → frames → detections → incidents

/// A grid of slots at equal distances; the next free one at or after any time costs O(1) amortised.
///
/// A plain "next free time" is not enough: the camera that must wait half a minute for its own subnet would push everybody
/// else behind it. So slots in between stay free. `next` is a union–find forest (Gabow and Tarjan 1985) over taken slots,
/// with path halving.
struct SlotCalendar: Sendable {
    private let spacingNanoseconds: Int64
    private let capacity: Int
    private var next: [Int64: Int64] = [:]
    /// No slot below this is given away any more.
    private var floor: Int64 = 0
    private var horizon: Int64 = 0

    /// - Parameters:
    ///   - perSecond: Slots a second; no window of one second ever holds more.
    ///   - capacity: Taken slots kept; beyond it the gaps so far are given up, which is late but never above the budget.
    init(perSecond: Int, capacity: Int) {
        precondition(perSecond > 0 && capacity > 0, "a calendar without slots lets nobody through")
        // Rounded up: spacing that is a nanosecond short would put one more slot into a second.
        spacingNanoseconds = (1_000_000_000 + Int64(perSecond) - 1) / Int64(perSecond)
        self.capacity = capacity
    }

    /// Slots remembered as taken.
    var count: Int { next.count }

    /// Takes the first free slot at or after `earliest`.
    mutating func take(earliest: Duration, now: Duration) -> Duration {
        if next.count >= capacity { forget(before: ceilingSlot(now)) }
        var slot = max(ceilingSlot(earliest), floor)
        while let after = next[slot] {
            if let beyond = next[after] { next[slot] = beyond }
            slot = after
        }
        next[slot] = slot + 1
        horizon = max(horizon, slot + 1)
        return .nanoseconds(slot * spacingNanoseconds)
    }

    private func ceilingSlot(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        let nanoseconds = seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000
        return (nanoseconds + spacingNanoseconds - 1) / spacingNanoseconds
    }

    private mutating func forget(before slot: Int64) {
        floor = max(floor, slot)
        next = next.filter { $0.key >= slot }
        // Half free, so that this walk is paid for by as many reservations.
        guard next.count > capacity / 2 else { return }
        floor = max(floor, horizon)
        next.removeAll(keepingCapacity: true)
    }
}
