// One camera in the outage ledger: since when it is down, and what was told about it.
// camera → packets → looks → frames → **detections → incidents**

import Domain

/// What the ledger remembers of one camera.
struct OutageTrack: Sendable {
    /// What was told.
    enum Standing: Hashable, Sendable {
        case untold
        /// It has an incident of its own.
        case reported
        /// It is part of a common failure.
        case member(OutageScope)
    }

    let camera: CameraID
    var network: CameraNetwork
    var state = CameraState.connecting
    var reason = ""
    var standing = Standing.untold
    /// False until it has streamed or failed once: a fleet that is still being dialled is not an outage.
    private(set) var isKnown = false
    private(set) var isStreaming = false
    private var turnedAt: Duration = .zero
    /// Down from here until it has streamed long enough in one piece; a flapping camera is down all the time.
    private(set) var downSince: Duration?
    /// The beginning of its latest time down, kept when it is up again: who fell together is decided by this.
    var droppedAt: Duration?
    private(set) var drops = 0
    var quietUntil: Duration = .zero

    init(camera: CameraID, network: CameraNetwork) {
        self.camera = camera
        self.network = network
    }

    var outage: CameraOutage { CameraOutage(camera: camera, since: downSince ?? turnedAt, state: state, reason: reason, drops: drops) }

    mutating func turn(_ state: CameraState, _ reason: String, now: Duration) {
        switch state {
        case .connecting:
            // A new session of a camera we know: what was so stays so, until there is a picture or a failure.
            return
        case .streaming:
            if !isStreaming { turnedAt = now }
            isStreaming = true
        default:
            self.state = state
            self.reason = reason
            if isStreaming || !isKnown {
                turnedAt = now
                drops = downSince == nil ? 1 : drops + 1
                if downSince == nil {
                    downSince = now
                    droppedAt = now
                }
            }
            isStreaming = false
        }
        isKnown = true
    }

    /// Takes over an outage that was running when the process ended.
    mutating func adopt(since: Duration, now: Duration, _ standing: Standing) {
        downSince = since
        droppedAt = nil
        if !isKnown { turnedAt = now }
        isKnown = true
        self.standing = standing
    }

    /// True when it has streamed for so long that the outage is over.
    func isBack(now: Duration, after: Duration) -> Bool { downSince != nil && isStreaming && now - turnedAt >= after }

    mutating func settle() {
        downSince = nil
        drops = 0
        standing = .untold
    }

    /// True when it may count as part of a common failure of `scope`: nothing as large was told about it.
    func canFall(into scope: OutageScope) -> Bool {
        switch standing {
        case .untold: true
        case .reported: false
        case .member(let other): other.rank < scope.rank
        }
    }

    /// True when it must be told now, alone or with others.
    func isDue(now: Duration, after: Duration) -> Bool {
        guard let downSince, !isStreaming, standing == .untold else { return false }
        return now >= max(downSince + after, quietUntil)
    }
}
