// When a camera's own stream is so broken that reading it is a waste: set aside, told, and tried again later.
// **camera → packets → looks** → frames → detections → incidents
import Base

/// Counts the faults of one camera's stream and decides when it is set aside.
///
/// ```
///   counting ──(20 damaged in a row, or 5 broken conversations in 10 min)──▶ aside ──(10 min)──▶ on trial
///      ▲                                                                       ▲                   │  │
///      └──────────────────── a good picture, or any other failure ─────────────┼───────────────────┘  │
///                                                                              └──(5 damaged, or 1 broken)
/// ```
package struct StreamFaults: Sendable {
    /// How much is borne before a camera is set aside.
    package struct Policy: Sendable {
        package var damagedInARow: Int
        package var brokenConversations: Int
        package var brokenWithin: Duration
        package var asideFor: Duration

        /// - Parameters:
        ///   - damagedInARow: 20 looks; at a look each 2 s that is 40 s without one good picture.
        ///   - brokenConversations: 5 within `brokenWithin`; a camera that is merely restarted breaks one or two.
        ///   - asideFor: 10 min; short enough that a repaired camera is seen again before the technician has left.
        package init(
            damagedInARow: Int = 20, brokenConversations: Int = 5, brokenWithin: Duration = .seconds(600),
            asideFor: Duration = .seconds(600)
        ) {
            self.damagedInARow = damagedInARow
            self.brokenConversations = brokenConversations
            self.brokenWithin = brokenWithin
            self.asideFor = asideFor
        }
    }

    /// Why a camera is set aside, and until when.
    package struct Aside: Sendable, Hashable {
        package var until: Duration
        package var reason: String
    }

    private let policy: Policy
    private var broken: [Duration] = []
    private(set) var damagedInARow = 0
    /// Set from the moment the camera is set aside until a good picture or another kind of failure; past `until` it is on trial.
    private(set) var aside: Aside?

    package init(policy: Policy) { self.policy = policy }

    /// True while the camera must not be read.
    package func isAside(now: Duration) -> Bool { aside.map { now < $0.until } ?? false }

    /// A look that gave no usable picture.
    package mutating func damaged(now: Duration) {
        damagedInARow += 1
        guard !isAside(now: now) else { return }
        // On trial it has to prove itself: a quarter is enough to go back.
        let limit = aside == nil ? policy.damagedInARow : max(1, policy.damagedInARow / 4)
        if damagedInARow >= limit { setAside(now: now, "\(damagedInARow) pictures in a row could not be decoded") }
    }

    /// The camera broke the rules of the conversation.
    package mutating func brokeProtocol(now: Duration) {
        guard !isAside(now: now) else { return }
        broken.removeAll { now - $0 > policy.brokenWithin }
        broken.append(now)
        if broken.count >= policy.brokenConversations || aside != nil {
            let times = broken.count == 1 ? "once more" : "\(broken.count) times in \(Int(policy.brokenWithin.seconds / 60)) min"
            setAside(now: now, "the camera broke the protocol \(times)")
        }
    }

    /// A picture without damage; ends a trial.
    package mutating func good(now: Duration) {
        damagedInARow = 0
        if !isAside(now: now) { aside = nil }
    }

    /// Another kind of failure after the time aside is over: that one is the news now.
    package mutating func failedOtherwise(now: Duration) {
        if !isAside(now: now) { aside = nil }
    }

    private mutating func setAside(now: Duration, _ what: String) {
        aside = Aside(until: now + policy.asideFor, reason: "\(what): set aside for \(Int(policy.asideFor.seconds / 60)) min (camera)")
        damagedInARow = 0
        broken.removeAll()
    }
}
