// One thread per camera that waits for packets of libavformat, for what our own RTSP does not speak. It never stops reading.
// **camera → packets** → looks → frames → detections → incidents

import Base
package import Domain
import Foundation
import Logging
import Media
package import Pipelines
import Synchronization

/// A camera with what is needed to open it and what is looked for in its pictures.
package struct CameraTask: Sendable, Equatable {
    package var camera: Camera
    package var credentials: Credentials?
    package var plan: CameraPlan
    /// What applies while it stands at one of its presets.
    package var presetPlans: [String: CameraPlan]

    package init(camera: Camera, credentials: Credentials?, plan: CameraPlan, presetPlans: [String: CameraPlan] = [:]) {
        self.camera = camera
        self.credentials = credentials
        self.plan = plan
        self.presetPlans = presetPlans
    }

    /// The shortest time between two looks that any position asks for.
    var floorSeconds: Double? { ([plan] + presetPlans.values).compactMap(\.floorSeconds).min() }
    var mayPromote: Bool { plan.mayPromote || presetPlans.values.contains(where: \.mayPromote) }

    /// True when a camera that runs as `other` must be connected again for this task: it is reached in another way, or a mask must hold
    /// for everything that is kept or shown of it. All else is followed while it streams.
    func mustReconnect(from other: CameraTask) -> Bool {
        camera.url != other.camera.url || camera.transport != other.camera.transport || camera.areas != other.camera.areas
            || credentials != other.credentials
    }
}

/// The reader thread of one camera: `run()` retries a linear `runOnce()` until told to stop.
final class CameraReader: CameraFeed {
    private let task: CameraTask
    private let lane: CameraLane
    private let tape: CameraTape
    private let session: SharedSession
    private let pacer: SharedPacer
    private let slot: Int
    private let attention: SharedAttention
    /// Why it is this transport, for people; empty when the camera's row says so.
    private let why: String
    /// Asked when its connection has ended; true when somebody else takes over.
    private let onEnd: @Sendable () -> Bool
    private let time: any TimeSource
    private let metrics: IngestMetrics
    private let log: Logger
    private let network: CameraNetwork
    private let interrupt = Interrupt()
    private let stopping = StopSignal()
    private let thread = Mutex<OwnThread?>(nil)
    /// False for one attempt after the camera could not be opened with its metadata. The reader's thread only.
    private let asksForMetadata = Atomic<Bool>(true)

    /// 15 s for one picture: three times the longest group of pictures seen on cameras that are not broken.
    private static let readTimeout = Duration.seconds(15)

    init(
        task: CameraTask, lane: CameraLane, tape: CameraTape, session: SharedSession, pacer: SharedPacer, slot: Int,
        attention: SharedAttention,
        why: String, onEnd: @escaping @Sendable () -> Bool, time: any TimeSource, metrics: IngestMetrics, log: Logger
    ) {
        self.task = task
        self.lane = lane
        self.tape = tape
        self.session = session
        self.pacer = pacer
        self.slot = slot
        self.attention = attention
        self.why = why
        self.onEnd = onEnd
        network = CameraNetwork(url: task.camera.url)
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
            session.retrying()
            guard waitForTurn() else { return }
            defer { pacer.finish(task.camera.id) }
            do { try runOnce() } catch {
                pacer.finish(task.camera.id)
                attention.streamEnded(slot)
                let failure = error as? Failure ?? Failure(.internal, "reading failed", cause: error)
                if failure.kind == .cancelled || stopping.isRaised { return }
                metrics.reconnects(failure.kind).increment()
                let wait = session.failed(failure, now: time.now, pacer: pacer, using: &generator)
                if stopping.sleep(wait) || onEnd() { return }
            }
        }
    }

    /// Waits for a slot of the pacer; false when it is time to stop.
    private func waitForTurn() -> Bool {
        while true {
            if stopping.sleep(pacer.reserve(network.subnet, now: time.now)) { return false }
            switch pacer.begin(task.camera.id, doubtful: session.isDoubtful) {
            case .open: return true
            case .again(let after): if stopping.sleep(after) { return false }
            }
        }
    }

    /// libavformat gives a camera up that refuses one of its tracks, and does not say which; so after a failure with the metadata the next
    /// attempt asks for the pictures alone.
    private func open() throws -> PacketSource {
        guard asksForMetadata.exchange(true, ordering: .relaxed) else {
            return try PacketSource.openRTSP(url: task.camera.url, credentials: task.credentials, interrupt: interrupt)
        }
        do {
            return try PacketSource.openRTSP(
                url: task.camera.url, credentials: task.credentials, interrupt: interrupt,
                onMetadata: { [lane, time] in lane.deliver(MetadataMail(bytes: $0, form: .packet, arrival: time.now)) })
        } catch {
            asksForMetadata.store(false, ordering: .relaxed)
            throw error
        }
    }

    private func runOnce() throws {
        let source = try open()
        defer { source.close() }
        pacer.finish(task.camera.id)
        session.opened(now: time.now)
        session.uses(.ffmpeg, because: why)
        lane.restart()
        tape.restart(source.parameters.codec)
        var followsKey = false
        var isTaped = false
        while !stopping.isRaised {
            followsKey = followsKey && attention.wantsFullRate(slot)
            isTaped = isTaped && tape.isWanted
            switch try source.read(timeout: Self.readTimeout, keepPredicted: followsKey || isTaped) {
            case .picture(let picture):
                let now = time.now
                metrics.packets.increment()
                session.packetsSeen(now: now, bytes: picture.sizeBytes, isKey: picture.isKey)
                if picture.isKey {
                    let kind = attention.wantsKey(slot, now: now)
                    followsKey = kind == .full
                    if let kind { lane.deliver(picture, source.parameters, kind: kind) }
                    isTaped = tape.isWanted
                } else if followsKey {
                    lane.deliver(picture, source.parameters, kind: .full)
                }
                if isTaped { tape.append(picture, source.parameters) }
                attention.noticed(slot, isKey: picture.isKey, sizeBytes: picture.sizeBytes, now: now)
                guard !session.mustClose(now: now) else {
                    throw Failure(.unsupported, "set aside: the pictures of this stream cannot be decoded (camera)")
                }
            case .skipped(let size):
                if isTaped { tape.interrupt() }
                (followsKey, isTaped) = (false, false)
                metrics.packets.increment()
                let now = time.now
                session.packetsSeen(now: now, bytes: size, isKey: false)
                attention.noticed(slot, isKey: false, sizeBytes: size, now: now)
            case .end:
                throw Failure(.unavailable, "the camera ended the stream (camera)")
            }
        }
    }
}
