// Who may dial when: the whole fleet shares one budget of connection attempts, and so does every subnet.
// **camera** → packets → looks → frames → detections → incidents

package import Domain

/// Spaces out connection attempts: 50 a second over all, 10 a second into one subnet, 64 at the same time, one per camera.
///
/// The way of one attempt: `reserve` → sleep as long as it says → `begin` → `.open`: connect, then `finish`; `.again(after)`:
/// sleep, then `reserve` anew. Each camera holds at most one reservation, so the longest wait is fleet ÷ 50/s (82 s for 4,100)
/// or cameras of the subnet ÷ 10/s (25 s for a full /24), whichever is longer. Who reserves first goes first.
///
/// Budgets hold for the times given out, in every window of one second, not on average: a burst after silence is what drops
/// switches. Reserving is O(1) amortised; memory is bounded whatever the callers do.
package struct OpenPacer: Sendable {
    /// What `begin` answers.
    package enum Admission: Hashable, Sendable {
        /// Connect now; call `finish` when the camera plays or the attempt failed.
        case open
        /// Every connection slot is taken: wait, then reserve again.
        case again(after: Duration)
    }

    /// How many may dial, with sources in the initialiser.
    package struct Budget: Sendable, Hashable {
        package var perSecond: Int
        package var perSubnetSecond: Int
        package var concurrent: Int
        /// Of those, how many are kept for cameras whose last attempt did not time out.
        package var keptForLikely: Int

        /// - Parameters:
        ///   - perSecond: 50; a switch of cameras that all dial at once drops half of them.
        ///   - perSubnetSecond: 10; an access switch and an NVR of 64 channels bear that.
        ///   - concurrent: 64 attempts in flight, each at most 10 s.
        ///   - keptForLikely: 16; at 50 ms an attempt they alone carry 320/s, so dead cameras never hold up living ones.
        package init(perSecond: Int = 50, perSubnetSecond: Int = 10, concurrent: Int = 64, keptForLikely: Int = 16) {
            self.perSecond = perSecond
            self.perSubnetSecond = perSubnetSecond
            self.concurrent = concurrent
            self.keptForLikely = keptForLikely
        }
    }

    /// More cameras than one machine reads; each has at most one reservation.
    private static let capacity = 16_384
    /// Half of an attempt's deadline: on average the next slot is free by then.
    private static let doubtfulPause = Duration.seconds(5)
    /// As many losses within `lossWindow` are a mass loss; one NVR of 16 channels that restarts is not.
    private static let massLosses = 20
    private static let lossWindow = Duration.seconds(10)

    private let budget: Budget
    private let subnetSpacing: Duration
    private var calendar: SlotCalendar
    private var subnets: [Subnet: Duration] = [:]
    /// The shared budget of subnets the table has no room for: stricter than their own, never looser.
    private var overflowFree: Duration = .zero
    private var flying: Set<CameraID> = []
    private var losses: [Duration] = []
    private var nextLoss = 0

    package init(budget: Budget = .init()) {
        precondition(budget.concurrent > budget.keptForLikely, "cameras that time out would never be tried")
        precondition(budget.perSubnetSecond > 0, "nobody could dial")
        self.budget = budget
        subnetSpacing = .nanoseconds((1_000_000_000 + Int64(budget.perSubnetSecond) - 1) / Int64(budget.perSubnetSecond))
        calendar = SlotCalendar(perSecond: budget.perSecond, capacity: Self.capacity)
    }

    /// A pacer with another overall rate.
    /// - Parameter perSecond: Attempts a second over the whole fleet.
    package init(perSecond: Int) { self.init(budget: Budget(perSecond: perSecond)) }

    /// Takes a slot of the fleet's budget alone and returns how long to wait for it.
    package mutating func reserve(now: Duration) -> Duration { calendar.take(earliest: now, now: now) - now }

    /// Takes the first slot that both the fleet's and the subnet's budget have free and returns how long to wait for it.
    package mutating func reserve(_ subnet: Subnet, now: Duration) -> Duration {
        if subnets[subnet] == nil && subnets.count >= Self.capacity { subnets = subnets.filter { $0.value > now } }
        // Only when every entry still counts: they share one budget then.
        let isShared = subnets[subnet] == nil && subnets.count >= Self.capacity
        let free = isShared ? overflowFree : subnets[subnet] ?? .zero
        let slot = calendar.take(earliest: max(now, free), now: now)
        if isShared { overflowFree = slot + subnetSpacing } else { subnets[subnet] = slot + subnetSpacing }
        return slot - now
    }

    /// The reserved time has come: may this camera dial?
    /// - Parameter doubtful: Its last attempt ran into its deadline (`CameraSession.isDoubtful`).
    package mutating func begin(_ camera: CameraID, doubtful: Bool) -> Admission {
        // Single flight: a second session would take the camera's only free viewer, and cameras lock accounts that log in twice.
        guard !flying.contains(camera) else { return .again(after: .seconds(1)) }
        if doubtful && flying.count >= budget.concurrent - budget.keptForLikely { return .again(after: Self.doubtfulPause) }
        if flying.count >= budget.concurrent { return .again(after: .zero) }
        flying.insert(camera)
        return .open
    }

    /// The attempt is over, well or badly. Harmless when none was in flight.
    package mutating func finish(_ camera: CameraID) { flying.remove(camera) }

    /// Attempts in flight.
    package var inFlight: Int { flying.count }

    /// A stream that had been showing pictures ended; true when it is one of many (20 within 10 s).
    ///
    /// Its first retry is then drawn from `rand(0, 10 s)` instead of `rand(0, 1 s)`: what fell together is a switch, a
    /// line or a power supply, which will not be back within the second, and 4,100 early attempts would only fill the queue.
    package mutating func lost(now: Duration) -> Bool {
        if losses.count < Self.massLosses {
            losses.append(now)
        } else {
            losses[nextLoss] = now
            nextLoss = (nextLoss + 1) % Self.massLosses
        }
        return losses.count == Self.massLosses && now - losses[nextLoss] <= Self.lossWindow
    }
}
