// A camera's session and the fleet's pacer behind locks, for the threads that share them.
// **camera → packets** → looks → frames → detections → incidents

import Base
import Domain
import Media
import Synchronization

/// A camera's session, shared by its reader, its worker and whoever asks for health. Any thread.
final class SharedSession: Sendable {
    private let state: Mutex<CameraSession>
    private let time: any TimeSource

    init(policy: CameraSession.Policy, time: any TimeSource) {
        self.time = time
        state = Mutex(CameraSession(policy: policy, wall: time.wallNow))
    }

    func opened(now: Duration) { state.withLock { $0.opened(now: now) } }
    func retrying() { state.withLock { $0.retrying() } }
    func uses(_ transport: Transport, because reason: String) { state.withLock { $0.uses(transport, because: reason) } }
    func decoded() { state.withLock { $0.decoded(now: time.now, wall: time.wallNow) } }
    func damaged() { state.withLock { $0.damaged(now: time.now) } }
    func clockSeen(offsetSeconds: Double) { state.withLock { $0.clockSeen(offsetSeconds: offsetSeconds) } }
    func ours(_ stall: OwnStall?, now: Duration) { state.withLock { $0.ours(stall, now: now) } }
    func mustClose(now: Duration) -> Bool { state.withLock { $0.mustClose(now: now) } }
    var isDoubtful: Bool { state.withLock { $0.isDoubtful } }
    var changes: [CameraChange] { state.withLock { $0.changes } }
    func facts() -> CameraFacts { state.withLock { $0.facts(now: time.now) } }

    func packetsSeen(now: Duration, bytes: Int, isKey: Bool) {
        state.withLock { $0.packetsSeen(now: now, bytes: bytes, isKey: isKey) }
    }

    /// The connection ended; returns how long to wait before the next attempt.
    func failed(
        _ failure: Failure, now: Duration, pacer: SharedPacer, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        var drawn = SeededGenerator(seed: generator.next())
        let wasStreaming = examine().state == .streaming
        let amongMany = wasStreaming && pacer.lost(now: now)
        return state.withLock { $0.failed(failure, now: now, amongMany: amongMany, using: &drawn) }
    }

    func examine() -> CameraHealth { state.withLock { $0.examine(now: time.now, wall: time.wallNow) } }
}

/// The fleet's one pacer. Any thread.
final class SharedPacer: Sendable {
    private let state = Mutex(OpenPacer())

    func reserve(_ subnet: Subnet, now: Duration) -> Duration { state.withLock { $0.reserve(subnet, now: now) } }
    func begin(_ camera: CameraID, doubtful: Bool) -> OpenPacer.Admission { state.withLock { $0.begin(camera, doubtful: doubtful) } }
    func finish(_ camera: CameraID) { state.withLock { $0.finish(camera) } }
    func lost(now: Duration) -> Bool { state.withLock { $0.lost(now: now) } }
}
