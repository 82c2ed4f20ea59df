// What the pushes work by at this moment, exchanged as a whole, and the bell of each destination that has a lane.
// configuration, channels file → **plan** → follower, lanes → channels

import Synchronization

/// Policy and destinations that were read together.
package struct PushPlan: Sendable {
    package var policy: PushPolicy
    package var book: DestinationBook

    package init(policy: PushPolicy, book: DestinationBook) {
        self.policy = policy
        self.book = book
    }
}

/// What an exchange of the plan changed; names of destinations are no secrets.
package struct PushPlanChange: Sendable, Hashable {
    package var added: [String]
    package var removed: [String]
    package var changesPolicy: Bool
}

/// The plan in force. Safe on any thread; nothing here waits.
///
/// A lane asks for its destination at each step, so that a new address, secret or limit counts from the next push on while the lane and
/// what waits in it stay as they are. Whether a lane runs is known under the same lock as whether its name stands in the book: a name that
/// is taken out and put back at once has exactly one lane.
final class PushPlans: Sendable {
    private struct State {
        var plan: PushPlan
        /// Of the lanes that run.
        var bells: [String: Bell] = [:]
        /// The ladder changed, and timers that were set by the old one are to be set anew.
        var needsReview = false
    }

    private let state: Mutex<State>

    init(_ plan: PushPlan) { state = Mutex(State(plan: plan)) }

    var current: PushPlan { state.withLock { $0.plan } }

    /// Exchanges the plan, and wakes every lane.
    func replace(_ plan: PushPlan) -> PushPlanChange {
        state.withLock { state in
            let (old, new) = (Set(state.plan.book.channels.keys), Set(plan.book.channels.keys))
            let change = PushPlanChange(
                added: new.subtracting(old).sorted(), removed: old.subtracting(new).sorted(),
                changesPolicy: state.plan.policy != plan.policy)
            state.plan = plan
            if change.changesPolicy { state.needsReview = true }
            for bell in state.bells.values { bell.ring() }
            return change
        }
    }

    /// The destinations without a lane, which from now on have one.
    func startLanes() -> [(name: String, bell: Bell)] {
        state.withLock { state in
            state.plan.book.outside.compactMap { destination in
                guard state.bells[destination.name] == nil else { return nil }
                let bell = Bell()
                state.bells[destination.name] = bell
                return (destination.name, bell)
            }
        }
    }

    /// Asked by a lane before each step: false when its destination is gone, and then it is counted as ended.
    func keepsLane(_ name: String) -> Bool {
        state.withLock { state in
            if state.plan.book.channels[name] != nil { return true }
            state.bells[name] = nil
            return false
        }
    }

    func ring(_ name: String) { state.withLock { $0.bells[name]?.ring() } }

    /// True once after a change of the ladder.
    func takeReview() -> Bool {
        state.withLock { state in
            defer { state.needsReview = false }
            return state.needsReview
        }
    }

    /// The review that was taken did not reach the disk.
    func giveBackReview() { state.withLock { $0.needsReview = true } }
}
