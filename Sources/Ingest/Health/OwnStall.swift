// Telling a stall of ours from stalls of cameras: late workers, a full disk, a machine that stood still.
// camera → **packets → looks** → frames → detections → incidents

import Base

/// A stall whose cause is Snowlight or its machine, not a camera.
package struct OwnStall: Hashable, Sendable {
    /// What holds us up: log text and key of the incident at once.
    package enum Cause: String, Sendable, CaseIterable {
        /// Looks wait for a worker.
        case workers
        /// Incidents wait for the disk.
        case disk
        /// The process did not run at all: stopped, swapped out, or starved of processor time.
        case machine
    }

    package var cause: Cause
    /// On the monotonic clock.
    package var since: Duration

    package init(_ cause: Cause, since: Duration) {
        self.cause = cause
        self.since = since
    }

    /// The cause in plain words; ends by naming who must act.
    package var words: String {
        switch cause {
        case .workers: "our own workers are behind (Snowlight)"
        case .disk: "the disk is full or too slow (Snowlight)"
        case .machine: "this machine stood still (Snowlight)"
        }
    }
}

/// Decides from three readings a second whether we are the ones who stall. One per process; owned by the housekeeping thread.
///
/// It must speak before cameras look stalled (15 s): 5 s of waiting is five times what a busy pool shows.
package struct OwnStallWatch: Sendable {
    private static let behindAfter = Duration.seconds(5)
    private static let caughtUpBelow = Duration.seconds(2)
    /// After standing still every camera gets as long as it normally may be silent.
    private static let settling = Duration.seconds(15)

    private var lastTick: Duration?
    private var stall: OwnStall?
    private var settledAt: Duration = .zero

    package init() {}

    /// The stall at this moment, or nil. Call about once a second: a call that comes 5 s late is itself the finding.
    /// - Parameters:
    ///   - oldestLookAge: How long the oldest coded picture has waited for a worker; nil when none waits.
    ///   - diskWaitingSince: Since when the recorder has been retrying; nil when it writes.
    package mutating func examine(now: Duration, oldestLookAge: Duration?, diskWaitingSince: Duration?) -> OwnStall? {
        let before = lastTick ?? now
        lastTick = now
        if now - before >= Self.behindAfter {
            stall = OwnStall(.machine, since: before)
            settledAt = now + Self.settling
        }
        if let stall, stall.cause == .machine, now < settledAt { return stall }
        if let diskWaitingSince, now - diskWaitingSince >= Self.behindAfter {
            stall = OwnStall(.disk, since: diskWaitingSince)
            return stall
        }
        let age = oldestLookAge ?? .zero
        // Two limits, so that a pool at its edge does not come and go.
        let limit = stall?.cause == .workers ? Self.caughtUpBelow : Self.behindAfter
        if age >= limit {
            if stall?.cause != .workers { stall = OwnStall(.workers, since: now - age) }
        } else {
            stall = nil
        }
        return stall
    }
}
