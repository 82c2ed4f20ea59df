// One thread per camera that waits for packets, until the native reader takes over. It never stops reading.
// **camera → packets** → looks → frames → detections → incidents

import Base
package import Domain
import Foundation
import Logging
package import Media
import Synchronization

/// A camera with what is needed to open it.
package struct CameraTask: Sendable {
    package var camera: Camera
    package var credentials: Credentials?

    package init(camera: Camera, credentials: Credentials?) {
        self.camera = camera
        self.credentials = credentials
    }

    /// True when a running connection to `other` serves this task too.
    func opensLike(_ other: CameraTask) -> Bool {
        camera.url == other.camera.url && camera.transport == other.camera.transport && credentials == other.credentials
    }
}

/// The reader thread of one camera: `run()` retries a linear `runOnce()` until told to stop.
final class CameraReader: Sendable {
    private let task: CameraTask
    private let lane: CameraLane
    private let session: SharedSession
    private let pacer: SharedPacer
    private let look: LookKind
    private let time: any TimeSource
    private let metrics: IngestMetrics
    private let log: Logger
    private let interrupt = Interrupt()
    private let stopping = StopSignal()
    private let thread = Mutex<OwnThread?>(nil)

    /// 15 s for one picture: three times the longest group of pictures seen on cameras that are not broken.
    private static let readTimeout = Duration.seconds(15)

    init(
        task: CameraTask, lane: CameraLane, session: SharedSession, pacer: SharedPacer, look: LookKind, time: any TimeSource,
        metrics: IngestMetrics, log: Logger
    ) {
        self.task = task
        self.lane = lane
        self.session = session
        self.pacer = pacer
        self.look = look
        self.time = time
        self.metrics = metrics
        self.log = log
    }

    func start() {
        thread.withLock { $0 = OwnThread(name: "cam \(task.camera.id.digits.suffix(10))") { self.run() } }
    }

    /// Ends blocked calls and the thread soon; does not wait.
    func requestStop() {
        stopping.raise()
        interrupt.stop()
    }

    /// Waits for the thread; true when it ended in time. Blocks.
    func join(timeout: Duration) -> Bool { thread.withLock { $0 }?.join(timeout: timeout) ?? true }

    private func run() {
        var generator = SystemRandomNumberGenerator()
        while !stopping.isRaised {
            if stopping.sleep(pacer.reserve(now: time.now)) { return }
            session.retrying()
            do { try runOnce() } catch {
                let failure = error as? Failure ?? Failure(.internal, "reading failed", cause: error)
                if failure.kind == .cancelled || stopping.isRaised { return }
                metrics.reconnects(failure.kind).increment()
                let wait = session.failed(failure, using: &generator)
                if stopping.sleep(wait) { return }
            }
        }
    }

    private func runOnce() throws {
        let source = try PacketSource.openRTSP(url: task.camera.url, credentials: task.credentials, interrupt: interrupt)
        defer { source.close() }
        session.opened(now: time.now)
        lane.restart()
        while !stopping.isRaised {
            switch try source.read(timeout: Self.readTimeout, keepPredicted: look == .full) {
            case .picture(let picture):
                metrics.packets.increment()
                lane.deliver(picture, source.parameters, arrivalSeconds: time.now.seconds)
            case .skipped:
                metrics.packets.increment()
            case .end:
                throw Failure(.unavailable, "the camera ended the stream (camera)")
            }
        }
    }
}

/// A camera's session, shared by its reader, its worker and whoever asks for health.
final class SharedSession: Sendable {
    private let state: Mutex<CameraSession>
    private let time: any TimeSource
    init(policy: CameraSession.Policy, time: any TimeSource) {
        self.time = time
        state = Mutex(CameraSession(policy: policy, wall: time.wallNow))
    }
    func opened(now: Duration) { state.withLock { $0.opened(now: now) } }
    func retrying() { state.withLock { $0.retrying() } }
    func decoded() { state.withLock { $0.decoded(now: time.now, wall: time.wallNow) } }
    func failed(_ failure: Failure, using generator: inout some RandomNumberGenerator) -> Duration {
        var drawn = SeededGenerator(seed: generator.next())
        return state.withLock { $0.failed(failure, using: &drawn) }
    }
    func examine() -> CameraHealth { state.withLock { $0.examine(now: time.now, wall: time.wallNow) } }
}

/// The fleet's one pacer.
final class SharedPacer: Sendable {
    private let state = Mutex(OpenPacer())
    func reserve(now: Duration) -> Duration { state.withLock { $0.reserve(now: now) } }
}
