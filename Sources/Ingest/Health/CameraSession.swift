// What one camera is doing and when it is tried again: pure, driven by the reader and the worker that decodes.
// **camera → packets** → looks → frames → detections → incidents

package import Base
package import Domain

/// The life of one camera's connection as a value; the reader performs what it says.
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
/// | any | `packetsSeen` | same | the camera is alive, whether or not we look |
/// | any | `decoded` | same | the picture's age decides the state shown; after 60 s of pictures the backoff starts again |
/// | any | `damaged` | same | twenty in a row set the camera aside: `mustClose` turns true |
/// | any | `ours` | same | while we stall, missing looks are not the camera's fault |
///
/// **Streaming** means both: a coded picture arrived within `stallAfter` (15 s), and when it came the last decoded one was not
/// older than the look window `max(15 s, 2 × floor, 2 × GOP)`. The first keeps the promise of 20 s however seldom we look; the second unmasks streams
/// that flow but cannot be decoded. A look falls on the first key picture after the floor, so two looks lie at most
/// floor + GOP apart, which twice the longer one covers; 2 s more keep a camera at exactly that distance from flickering.
///
/// The state people see has this one source. The phase only explains the absence of pictures.
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
        /// The longest time between two looks that the attention scheduler allows itself; zero looks at every key picture.
        package var lookFloor: Duration
        package var massLossSpread: Duration
        package var faults: StreamFaults.Policy

        /// - Parameters:
        ///   - stallAfter: 15 s without a coded picture is a stall (the promise to operators is 20 s).
        ///   - refusedRetry: 5 min, below the 5–7 attempts after which many cameras lock an account for half an hour.
        ///   - backoffCap: 60 s; longer waits leave a repaired camera dark.
        ///   - massLossSpread: 10 s for the first retry of cameras that fell together: their switch needs that long to forward
        ///     again, and 4,100 attempts within the first second would all be wasted and queue behind each other.
        package init(
            stallAfter: Duration = .seconds(15), refusedRetry: Duration = .seconds(300), backoffCap: Duration = .seconds(60),
            lookFloor: Duration = .zero, massLossSpread: Duration = .seconds(10), faults: StreamFaults.Policy = .init()
        ) {
            self.stallAfter = stallAfter
            self.refusedRetry = refusedRetry
            self.backoffCap = backoffCap
            self.lookFloor = lookFloor
            self.massLossSpread = massLossSpread
            self.faults = faults
        }
    }

    /// Changes kept for the health page.
    private static let changesKept = 20

    private var policy: Policy
    private var phase = Phase.connecting
    private var backoff: Backoff
    private var streamingSince: Duration?
    private var lastDecoded: (at: Duration, wall: WallTime)?
    private var lastArrival: Duration?
    private var lastKey: Duration?
    private var lastDamaged: Duration?
    /// Ages are counted from here at the earliest, after a stall of ours.
    private var forgivenLook: Duration?
    private var forgivenArrival: Duration?
    private var own: OwnStall?
    private var timedOut = false
    private var latest: Duration = .zero
    private var meter = StreamMeter()
    private var faults: StreamFaults
    private var known = CameraFacts()
    private var shown: CameraHealth

    /// The last 20 changes of state, oldest first; the latest is the state shown.
    package private(set) var changes: [CameraChange]
    /// True when, at the last `examine`, the camera delivered and nobody of ours looked: counts as evidence of a stall of ours.
    package private(set) var waitsForUs = false

    package init(policy: Policy, wall: WallTime) {
        self.policy = policy
        backoff = Backoff(base: .seconds(1), cap: policy.backoffCap)
        faults = StreamFaults(policy: policy.faults)
        shown = CameraHealth(state: .connecting, reason: "first connection", since: wall, lastPicture: nil)
        changes = [CameraChange(state: .connecting, reason: "first connection", since: wall)]
    }

    // MARK: what happens to the camera

    /// The source is open; its first picture is awaited.
    package mutating func opened(now: Duration) {
        latest = max(latest, now)
        phase = .connected(at: now)
        meter.restart()
    }

    /// Says who fetches the packets and why.
    package mutating func uses(_ transport: Transport, because reason: String) {
        known.transport = transport
        known.transportReason = reason
    }

    /// Coded pictures arrived, looked at or not. Cheap; may be called per picture or summed up once a second.
    package mutating func packetsSeen(now: Duration, bytes: Int = 0, isKey: Bool) {
        latest = max(latest, now)
        lastArrival = now
        if isKey { lastKey = now }
        meter.arrived(now: now, bytes: bytes, isKey: isKey)
    }

    /// A picture of this camera was decoded without damage.
    package mutating func decoded(now: Duration, wall: WallTime) {
        latest = max(latest, now)
        if let last = lastDecoded, now - last.at > lookWindow { streamingSince = nil }
        lastDecoded = (now, wall)
        lastArrival = max(lastArrival ?? now, now)
        let since = streamingSince ?? now
        streamingSince = since
        timedOut = false
        faults.good(now: now)
        if now - since >= .seconds(60) { backoff.reset() }
    }

    /// A look that gave no usable picture: the decoder refused it, or it came out damaged.
    package mutating func damaged(now: Duration) {
        latest = max(latest, now)
        lastDamaged = now
        known.decodeErrors += 1
        faults.damaged(now: now)
    }

    /// The camera's clock was compared with ours.
    package mutating func clockSeen(offsetSeconds: Double) { known.clockOffsetSeconds = offsetSeconds }

    /// The scheduler looks at this camera at least this often from now on.
    package mutating func looks(atLeastEvery floor: Duration) { policy.lookFloor = floor }

    /// The connection could not be made or ended; returns how long to wait before the next attempt.
    /// - Parameters:
    ///   - now: The last time this session was told when left out; at most a second old in service.
    ///   - amongMany: Many streams ended together (`OpenPacer.lost`): the first retry is spread over `massLossSpread`.
    ///   - protocolBroken: The camera broke the rules of RTSP or RTP. A refusal of the kinds `unsupported` and `invalidInput`
    ///     after pictures counts as that by itself; before them it is a camera that is not understood, and stays so.
    package mutating func failed(
        _ failure: Failure, now: Duration? = nil, amongMany: Bool = false, protocolBroken: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let now = now ?? latest
        latest = max(latest, now)
        let wasStreaming = streamingSince != nil
        if protocolBroken || wasStreaming && (failure.kind == .unsupported || failure.kind == .invalidInput) {
            faults.brokeProtocol(now: now)
        } else {
            faults.failedOtherwise(now: now)
        }
        phase = .waiting(failure)
        streamingSince = nil
        timedOut = failure.kind == .deadlineExceeded
        var wait = backoff.next(using: &generator)
        if amongMany && wasStreaming { wait = .seconds(Double.random(in: 0..<max(policy.massLossSpread.seconds, 1e-3), using: &generator)) }
        if let aside = faults.aside, now < aside.until { return aside.until - now + wait }
        // The slow lane keeps some jitter, so that an NVR with 64 refused channels is not asked 64 times in one second.
        return failure.kind == .unauthorised ? policy.refusedRetry + wait : wait
    }

    /// The wait is over. The reason of the last failure stays visible until a picture proves that it is gone.
    package mutating func retrying() {
        if case .waiting = phase, lastDecoded == nil, shown.state == .connecting { phase = .connecting }
    }

    /// A stall of ours began, goes on (may be repeated) or is over (nil).
    ///
    /// When it is over, a camera that was shown streaming has its whole window again: nobody looked at it meanwhile.
    package mutating func ours(_ stall: OwnStall?, now: Duration) {
        latest = max(latest, now)
        if let own, stall == nil, shown.state == .streaming {
            forgivenLook = now
            if own.cause == .machine { forgivenArrival = now }
        }
        own = stall
    }

    // MARK: what is asked about it

    /// True when the reader must hang up because the camera is set aside; it then calls `failed`, which says for how long.
    package func mustClose(now: Duration) -> Bool { faults.isAside(now: now) }

    /// True when the next attempt is likely to hold a connection slot until its deadline.
    package var isDoubtful: Bool { timedOut }

    /// The longest healthy age of the last decoded picture.
    package var lookWindow: Duration {
        let longer = max(policy.lookFloor, meter.group ?? .zero)
        return longer == .zero ? policy.stallAfter : max(policy.stallAfter, longer * 2 + .seconds(2))
    }

    /// The measured properties of the stream.
    package func facts(now: Duration) -> CameraFacts {
        var facts = known
        facts.groupSeconds = meter.group?.seconds
        let isArriving = lastArrival.map { now - $0 <= policy.stallAfter } ?? false
        facts.bitsPerSecond = isArriving ? meter.bitsPerSecond : meter.bitsPerSecond.map { _ in 0 }
        facts.lookAgeSeconds = lastDecoded.map { (now - $0.at).seconds }
        facts.decodeErrorsInARow = faults.damagedInARow
        return facts
    }

    /// The state shown now; `since` changes only when the state does.
    package mutating func examine(now: Duration, wall: WallTime) -> CameraHealth {
        latest = max(latest, now)
        waitsForUs = false
        let (state, reason) = verdict(now: now)
        if state != shown.state {
            shown.since = wall
            if changes.count == Self.changesKept { changes.removeFirst() }
            changes.append(CameraChange(state: state, reason: reason, since: wall))
        }
        shown.state = state
        shown.reason = reason
        shown.lastPicture = lastDecoded?.wall
        return shown
    }

    private mutating func verdict(now: Duration) -> (CameraState, String) {
        if let aside = faults.aside {
            return (.quarantined, now < aside.until ? aside.reason : "\(aside.reason); being tried again")
        }
        let arrivedAt = lastArrival.map { max($0, forgivenArrival ?? $0) }
        let arrives = arrivedAt.map { now - $0 <= policy.stallAfter } ?? false
        // Measured at the latest arrival: while nothing comes there is nothing to look at, and only the first limit counts.
        let lookAge = arrivedAt.flatMap { arrived in lastDecoded.map { arrived - $0.at } }
        if arrives, let lookAge, lookAge <= lookWindow { return (.streaming, "pictures arrive") }
        // Nothing of ours can hide that nothing arrives, except that we did not run.
        if let own, arrives || own.cause == .machine, !isWaitingUnseen { return (shown.state, "pictures are not looked at: \(own.words)") }
        if arrives, shown.state == .streaming, let arrivedAt, let forgivenLook, arrivedAt - forgivenLook <= lookWindow {
            return (.streaming, "pictures arrive; we are catching up (Snowlight)")
        }
        switch phase {
        case .connecting: return (.connecting, "first connection")
        case .connected(let at): return verdictConnected(now: now, at: max(at, forgivenLook ?? at), arrives: arrives)
        case .waiting(let failure):
            switch failure.kind {
            case .unauthorised: return (.refused, failure.message)
            case .unsupported, .invalidInput: return (.unsupported, failure.message)
            case .deadlineExceeded: return (.stalled, failure.message)
            default: return (.unreachable, failure.message)
            }
        }
    }

    /// True when the connection is gone and its state was already told: a stall of ours changes nothing about that.
    private var isWaitingUnseen: Bool {
        if case .waiting = phase { return shown.state != .streaming }
        return false
    }

    /// Connected, and no look is fresh enough: who is to blame?
    private mutating func verdictConnected(now: Duration, at: Duration, arrives: Bool) -> (CameraState, String) {
        if now - at <= (arrives ? lookWindow : policy.stallAfter) {
            if lastDecoded == nil && shown.state == .connecting { return (.connecting, "connected, no picture yet") }
            // Not "connecting" again: a camera that connects each minute and shows nothing is what it was, not news.
            return (shown.state == .streaming ? .stalled : shown.state, "connected again, no picture yet")
        }
        guard arrives else { return (.stalled, "connected, but no picture for \(Int(policy.stallAfter.seconds)) s (camera)") }
        let window = "\(Int(lookWindow.seconds)) s"
        let lastGood = max(lastDecoded?.at ?? at, at)
        // A key picture that came before the floor was over need not have been looked at.
        guard let lastKey, lastKey > lastGood, lastKey >= (lastDecoded?.at ?? at) + policy.lookFloor else {
            return (.stalled, "pictures arrive, but no key picture for \(window) (camera)")
        }
        if let lastDamaged, lastDamaged > lastGood {
            return (.stalled, "pictures arrive, but none could be decoded for \(window) (camera)")
        }
        waitsForUs = true
        return (shown.state, "pictures arrive, but our own workers have not looked for \(window) (Snowlight)")
    }
}
