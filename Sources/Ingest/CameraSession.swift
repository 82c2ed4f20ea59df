// What one camera is doing and when it is tried again: pure, driven by the reader thread and the worker that decodes.
// **camera → packets** → looks → frames → detections → incidents

package import Base
package import Domain

/// The life of one camera's connection as a value; the reader thread performs what it says.
///
/// ```
///                 opened                 failed
///   connecting ───────────▶ connected ───────────▶ waiting ──(wait is over)──▶ connecting
///       └───────────────────── failed ────────────────▲
/// ```
///
/// | phase | event | next | effect |
/// |---|---|---|---|
/// | connecting | `opened` | connected | pictures are expected within `stallAfter` |
/// | connecting, connected | `failed` | waiting | full jitter; refused passwords wait `refusedRetry`, because cameras lock accounts |
/// | waiting | `retrying` | connecting | |
/// | any | `decoded` | same | the picture's age decides the state shown; after 60 s of pictures the backoff starts again |
///
/// The state people see has one source: the age of the last decoded picture. The phase only explains its absence.
package struct CameraSession: Sendable {
    private enum Phase {
        case connecting
        case connected(at: Duration)
        case waiting(Failure)
    }

    /// Waits and limits, with their sources in the type's initialiser.
    package struct Policy: Sendable {
        package var stallAfter: Duration
        package var refusedRetry: Duration
        package var backoffCap: Duration

        /// - Parameters:
        ///   - stallAfter: 15 s without a decoded picture is a stall (the promise to operators is 20 s).
        ///   - refusedRetry: 5 min, below the 5–7 attempts after which many cameras lock an account for half an hour.
        ///   - backoffCap: 60 s; longer waits leave a repaired camera dark.
        package init(
            stallAfter: Duration = .seconds(15), refusedRetry: Duration = .seconds(300), backoffCap: Duration = .seconds(60)
        ) {
            self.stallAfter = stallAfter
            self.refusedRetry = refusedRetry
            self.backoffCap = backoffCap
        }
    }

    private let policy: Policy
    private var phase = Phase.connecting
    private var backoff: Backoff
    private var streamingSince: Duration?
    private var lastDecoded: (at: Duration, wall: WallTime)?
    private var shown: CameraHealth

    package init(policy: Policy, wall: WallTime) {
        self.policy = policy
        backoff = Backoff(base: .seconds(1), cap: policy.backoffCap)
        shown = CameraHealth(state: .connecting, reason: "first connection", since: wall, lastPicture: nil)
    }

    /// The source is open; its first picture is awaited.
    package mutating func opened(now: Duration) { phase = .connected(at: now) }

    /// A picture of this camera was decoded without damage.
    package mutating func decoded(now: Duration, wall: WallTime) {
        if let last = lastDecoded, now - last.at > policy.stallAfter { streamingSince = nil }
        lastDecoded = (now, wall)
        let since = streamingSince ?? now
        streamingSince = since
        if now - since >= .seconds(60) { backoff.reset() }
    }

    /// The connection could not be made or ended; returns how long to wait before the next attempt.
    package mutating func failed(_ failure: Failure, using generator: inout some RandomNumberGenerator) -> Duration {
        phase = .waiting(failure)
        streamingSince = nil
        let jittered = backoff.next(using: &generator)
        // The slow lane keeps some jitter, so that an NVR with 64 refused channels is not asked 64 times in one second.
        return failure.kind == .unauthorised ? policy.refusedRetry + jittered : jittered
    }

    /// The wait is over. The reason of the last failure stays visible until a picture proves that it is gone.
    package mutating func retrying() {
        if case .waiting = phase, lastDecoded == nil, shown.state == .connecting { phase = .connecting }
    }

    /// The state shown now; `since` changes only when the state does.
    package mutating func examine(now: Duration, wall: WallTime) -> CameraHealth {
        let (state, reason) = verdict(now: now)
        if state != shown.state { shown.since = wall }
        shown.state = state
        shown.reason = reason
        shown.lastPicture = lastDecoded?.wall
        return shown
    }

    private func verdict(now: Duration) -> (CameraState, String) {
        if let last = lastDecoded, now - last.at <= policy.stallAfter { return (.streaming, "pictures arrive") }
        switch phase {
        case .connecting: return (.connecting, "first connection")
        case .connected(let at):
            if lastDecoded == nil && now - at <= policy.stallAfter { return (.connecting, "connected, no picture yet") }
            return (.stalled, "connected, but no picture for \(Int(policy.stallAfter.seconds)) s (camera)")
        case .waiting(let failure):
            switch failure.kind {
            case .unauthorised: return (.refused, failure.message)
            case .unsupported, .invalidInput: return (.unsupported, failure.message)
            case .deadlineExceeded: return (.stalled, failure.message)
            default: return (.unreachable, failure.message)
            }
        }
    }
}

/// Spaces out connection attempts over the whole fleet: at most `perSecond`, each taking the next free slot.
package struct OpenPacer: Sendable {
    private let spacing: Duration
    private var nextFree: Duration = .zero

    /// - Parameter perSecond: 50; a switch of cameras that all dial at once drops half of them.
    package init(perSecond: Int = 50) { spacing = .seconds(1) / perSecond }

    /// Takes a slot and returns how long to wait for it.
    package mutating func reserve(now: Duration) -> Duration {
        let slot = max(now, nextFree)
        nextFree = slot + spacing
        return slot - now
    }
}

/// Turns a stream's own timestamps into seconds of the process clock, so that bursts on the network do not look like motion.
package struct LookClock: Sendable {
    private var anchor: (ptsSeconds: Double, arrivalSeconds: Double)?
    private var lastSeconds: Double?

    package init() {}

    /// The time of a picture: its timestamp re-anchored to arrival; arrival itself when there is none or it runs off by 5 s.
    package mutating func seconds(ptsSeconds: Double?, arrivalSeconds: Double) -> Double {
        var seconds = arrivalSeconds
        if let ptsSeconds {
            if let anchor {
                let mapped = anchor.arrivalSeconds + ptsSeconds - anchor.ptsSeconds
                if abs(mapped - arrivalSeconds) <= 5 { seconds = mapped } else { self.anchor = (ptsSeconds, arrivalSeconds) }
            } else {
                anchor = (ptsSeconds, arrivalSeconds)
            }
        }
        // Never backwards: a detector that sees time run back starts its warm-up again.
        if let lastSeconds, seconds <= lastSeconds { seconds = lastSeconds + 0.001 }
        lastSeconds = seconds
        return seconds
    }
}
