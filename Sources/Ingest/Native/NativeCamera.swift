// One camera over our own RTSP: when it is dialled, what connection it has, and what is told about it.
// **camera → packets** → looks → frames → detections → incidents

import Base
import Domain
import Logging
import Media
import RTSP
import Synchronization
import Tagging

/// The life of one camera in the reactor. Everything but `requestStop` and `join` belongs to the reactor's thread.
///
/// ```
///   waiting(until) ──▶ queued(slot of the pacer) ──▶ resolving ──▶ open ──▶ waiting(until)
///        every state ──(requestStop)──▶ ended
/// ```
final class NativeCamera: CameraFeed, @unchecked Sendable {
    // Unchecked: the properties below `phase` are touched by the reactor's thread alone; the others are safe by themselves.

    private enum Phase {
        case waiting(until: Duration)
        case queued(until: Duration)
        case resolving
        case open(NativeConnection)
        case ended
    }

    private let task: CameraTask
    private let lane: CameraLane
    private let tape: CameraTape
    private let session: SharedSession
    private let slot: Int
    private let attention: SharedAttention
    private let pacer: SharedPacer
    private let metrics: IngestMetrics
    private let time: any TimeSource
    private let log: Logger
    private let reactor: Reactor
    /// Asked once, when this transport cannot read the camera; true when somebody else takes over.
    private let onUnsupported: @Sendable (Failure) -> Bool
    private let stopping = Atomic<Bool>(false)
    private let ended = StopSignal()

    private var phase = Phase.waiting(until: .zero)
    private var address: RTSPAddress?
    private let network: CameraNetwork
    private var generator = SystemRandomNumberGenerator()
    private var nextReport = Duration.zero
    private var reported = PictureIntake.Counts()
    private var reportedBytes = 0

    init(
        task: CameraTask, lane: CameraLane, tape: CameraTape, session: SharedSession, slot: Int, attention: SharedAttention,
        pacer: SharedPacer,
        metrics: IngestMetrics, time: any TimeSource, log: Logger, reactor: Reactor, onUnsupported: @escaping @Sendable (Failure) -> Bool
    ) {
        self.task = task
        self.lane = lane
        self.tape = tape
        self.session = session
        self.slot = slot
        self.attention = attention
        self.pacer = pacer
        self.metrics = metrics
        self.time = time
        self.log = log
        self.reactor = reactor
        self.onUnsupported = onUnsupported
        network = CameraNetwork(url: task.camera.url)
    }

    // MARK: any thread

    func start() { reactor.add(self) }

    func requestStop() { stopping.store(true, ordering: .releasing) }

    func join(timeout: Duration) -> Bool { ended.sleep(timeout) }

    // MARK: reactor thread

    var connection: NativeConnection? { if case .open(let connection) = phase { connection } else { nil } }
    var isTalking: Bool { connection.map { $0.stream == nil } ?? false }
    var hasEnded: Bool { if case .ended = phase { true } else { false } }

    /// Moves on as far as it can without waiting.
    func takeTurn(_ buffer: inout ReceiveBuffer, now: Duration) {
        if stopping.load(ordering: .relaxed) { return end(now: now) }
        switch phase {
        case .open(let connection):
            attempt(now) {
                try connection.sweep(&buffer, now: now, using: &generator)
                try report(connection, now: now)
            }
        case .waiting(let until):
            guard now >= until else { return }
            session.retrying()
            phase = .queued(until: now + pacer.reserve(network.subnet, now: now))
        case .queued(let until):
            guard now >= until else { return }
            switch pacer.begin(task.camera.id, doubtful: session.isDoubtful) {
            case .again(let after):
                phase = .queued(until: now + after + pacer.reserve(network.subnet, now: now + after))
            case .open: attempt(now) { try dial(now: now) }
            }
        case .resolving, .ended: return
        }
    }

    /// Its socket is ready while it is being talked into playing.
    func hear(_ buffer: inout ReceiveBuffer, isWritable: Bool, now: Duration) {
        guard let connection else { return }
        attempt(now) {
            if isWritable { try connection.advance(now: now, isWritable: true, using: &generator) }
            try connection.sweep(&buffer, now: now, using: &generator)
        }
    }

    /// The answer of the name server.
    func resolved(_ result: Result<SocketAddress, any Error>, now: Duration) {
        guard case .resolving = phase else { return }
        attempt(now) { try connect(result.get(), now: now) }
    }

    private func attempt(_ now: Duration, _ body: () throws -> Void) {
        do { try body() } catch { fail(error as? Failure ?? Failure(.internal, "reading failed", cause: error), now: now) }
    }

    private func dial(now: Duration) throws {
        let address = try RTSPAddress(task.camera.url)
        guard !address.isTLS else { throw Failure(.unsupported, "rtsps is read through FFmpeg only: set transport to auto or ffmpeg") }
        self.address = address
        if let literal = SocketAddress(literal: address.host, port: address.port) { return try connect(literal, now: now) }
        phase = .resolving
        reactor.resolve(host: address.host, port: address.port, for: self)
    }

    private func connect(_ target: SocketAddress, now: Duration) throws {
        guard let address else { return }
        let (socket, outcome) = try Socket.connect(to: target)
        if case .failed(let error) = outcome { throw NativeConnection.failure(connecting: error, place: address.place) }
        phase = .open(
            NativeConnection(
                socket: socket, place: address.place,
                session: RTSPSession(address: address, credentials: task.credentials, policy: .init(wantsMetadata: true)), time: time,
                now: now
            ) { [unowned self] playing in try makeStream(playing, now: time.now) })
    }

    private func makeStream(_ playing: Playing, now: Duration) throws -> VideoStream {
        let media = playing.video.media
        guard let kind = DepacketiserKind(encodingName: media.encodingName), let codec = VideoCodec(rawValue: kind.codecName) else {
            throw Failure(
                .unsupported, "the camera sends \(media.encodingName); H.264, H.265 or MJPEG is needed: change it at the camera",
                context: [("camera", address?.place ?? "")])
        }
        let depacketiser = try Depacketiser(
            encoding: kind, clockRate: media.clockRate, parameterSets: media.parameterSets, width: media.width ?? 0,
            height: media.height ?? 0,
            sendsOutOfOrder: media.fmtp["packetization-mode"] == "2" || (Int(media.fmtp["sprop-max-don-diff"] ?? "0") ?? 0) > 0,
            userDataIDs: UserDataTags.identifiers)
        let intake = PictureIntake(
            slot: slot, lane: lane, tape: tape, attention: attention, metrics: metrics, pool: reactor.pictures, codec: codec,
            clockRate: media.clockRate)
        pacer.finish(task.camera.id)
        session.opened(now: now)
        session.uses(.native, because: "")
        lane.restart()
        tape.restart(codec)
        nextReport = now
        reported = PictureIntake.Counts()
        reportedBytes = 0
        return VideoStream(
            playing, depacketiser: depacketiser, intake: intake, lane: lane, ssrc: UInt32.random(in: 1 ... .max, using: &generator))
    }

    /// Once a second the session hears what has arrived.
    private func report(_ connection: NativeConnection, now: Duration) throws {
        guard let stream = connection.stream, now >= nextReport || stream.counts.keys != reported.keys else { return }
        let counts = stream.counts
        guard counts.pictures != reported.pictures else { return }
        // A key picture is told at once, so that the distance of two is right; others once a second.
        nextReport = now + .seconds(1)
        session.packetsSeen(now: now, bytes: connection.receivedBytes - reportedBytes, isKey: counts.keys != reported.keys)
        if let offset = stream.clockOffsetSeconds { session.clockSeen(offsetSeconds: offset) }
        reported = counts
        reportedBytes = connection.receivedBytes
        if session.mustClose(now: now) {
            throw Failure(.unsupported, "set aside: the pictures of this stream cannot be decoded (camera)")
        }
    }

    private func fail(_ failure: Failure, now: Duration) {
        hangUp(now: now)
        if failure.kind == .unsupported, onUnsupported(failure) {
            log.notice("read through FFmpeg from here on", metadata: ["reason": "\(failure.message)"])
            return finish()
        }
        metrics.reconnects(failure.kind).increment()
        phase = .waiting(until: now + session.failed(failure, now: now, pacer: pacer, using: &generator))
    }

    private func hangUp(now: Duration) {
        pacer.finish(task.camera.id)
        guard let connection else { return }
        connection.close(now: now)
        attention.streamEnded(slot)
    }

    private func end(now: Duration) {
        guard !hasEnded else { return }
        hangUp(now: now)
        finish()
    }

    private func finish() {
        phase = .ended
        ended.raise()
    }
}

extension DepacketiserKind {
    fileprivate var codecName: String { self == .jpeg ? "mjpeg" : rawValue }
}
