// One connection to one camera over our own RTSP, from the TCP handshake to the last byte.
// **camera → packets → looks** → frames → detections → incidents

import Base
import Domain
import Glibc
import Media
import RTSP

/// A camera's socket with everything that makes sense of its bytes. Belongs to the reactor's thread.
///
/// The bytes of all connections pass through one shared buffer. What stays here between two sweeps is at most an unfinished
/// interleaved frame and the picture that is being put together.
final class NativeConnection {
    /// Makes the reading side for what the camera offers; throws `unsupported` for what cannot be read here.
    typealias StreamMaker = (Playing) throws -> VideoStream

    /// 15 s for one whole picture: three times the longest group of pictures seen on cameras that are not broken.
    private static let silenceLimit = Duration.seconds(15)
    /// Longer ones let dead cameras fill the 64 places of the pacer: with a third of a district dark the living waited 209 s instead of 80.
    private static let connectTimeout = Duration.seconds(3)
    /// A camera that does not even take our few bytes is gone.
    private static let largestUnsentBytes = 64 << 10
    /// Reads of one sweep: four times the buffer is more than a camera sends in a second; the rest waits for the next sweep.
    private static let readsPerSweep = 4

    let socket: Socket
    private let place: String
    private let makeStream: StreamMaker
    private let time: any TimeSource
    private var session: RTSPSession
    private var connectDeadline: Duration?
    private var playingSince: Duration?
    private(set) var stream: VideoStream?
    private var framer = InterleavedFramer()
    /// What a read has left over: an unfinished frame or message.
    private var carried: [UInt8] = []
    private var unsent: [UInt8] = []
    private(set) var receivedBytes = 0

    init(
        socket: Socket, place: String, session: RTSPSession, time: any TimeSource, now: Duration, makeStream: @escaping StreamMaker
    ) {
        self.time = time
        self.socket = socket
        self.place = place
        self.session = session
        self.makeStream = makeStream
        connectDeadline = now + Self.connectTimeout
    }

    var isConnecting: Bool { connectDeadline != nil }
    var wantsToWrite: Bool { isConnecting || !unsent.isEmpty }

    // MARK: what the reactor does with it

    /// The socket has become writable, or time has passed; throws when the connection is over.
    func advance(now: Duration, isWritable: Bool, using generator: inout some RandomNumberGenerator) throws {
        guard let connectDeadline else {
            if isWritable { try flush() }
            return
        }
        guard isWritable else {
            guard now < connectDeadline else { throw failure(.deadlineExceeded, "the camera does not answer: look at camera and network") }
            return
        }
        switch socket.finishConnecting() {
        case .inProgress: return
        case .failed(let error): throw Self.failure(connecting: error, place: place)
        case .connected:
            self.connectDeadline = nil
            try perform(session.start(now: now, using: &generator), now: now)
        }
    }

    /// Reads what is there, gives it its meaning, and lets time pass for the session; throws when the connection is over.
    func sweep(_ buffer: inout ReceiveBuffer, now: Duration, using generator: inout some RandomNumberGenerator) throws {
        if isConnecting { return try advance(now: now, isWritable: false, using: &generator) }
        stream?.now = now
        buffer.restore(carried)
        var isOver = false
        for _ in 0..<Self.readsPerSweep {
            switch buffer.receive(from: socket) {
            case .received(let count): receivedBytes &+= count
            case .nothingYet: break
            case .gone: isOver = true
            }
            let mayHoldMore = buffer.isFull && !isOver
            try consume(&buffer, now: now, using: &generator)
            if !mayHoldMore { break }
        }
        buffer.save(into: &carried)
        if isOver { throw failure(.unavailable, "the camera closed the connection") }
        if let since = playingSince, now - (stream?.lastPicture ?? since) > Self.silenceLimit {
            throw failure(.deadlineExceeded, "the camera has gone silent: look at camera and network")
        }
        if stream?.saidGoodbye == true { throw failure(.unavailable, "the camera ended the stream") }
        try perform(session.tick(now: now), now: now)
        if let report = stream?.dueReport() { unsent += report }
        if !unsent.isEmpty { try flush() }
    }

    /// Says goodbye as far as that is possible without waiting: a camera without TEARDOWN keeps the session for a minute and may have
    /// no other to give.
    func close(now: Duration) {
        try? perform(session.stop(now: now), now: now)  // Its own end is what is asked for.
        stream?.end()
    }

    // MARK: bytes

    private func consume(_ buffer: inout ReceiveBuffer, now: Duration, using generator: inout some RandomNumberGenerator) throws {
        var position = 0
        try buffer.withBytes { bytes in
            while true {
                switch framer.next(bytes, position: &position) {
                case .data(let channel, let payload): take(bytes, channel: channel, payload)
                case .message(let message): try perform(session.receive(message, now: now, using: &generator), now: now)
                case .skipped: continue
                case .needsMore: return
                case .broken(let why): throw failure(.invalidInput, "the answer is not RTSP (\(why)): is this a camera?")
                }
            }
        }
        buffer.drop(position)
    }

    /// Takes one interleaved frame; what belongs to no stream of ours is passed over.
    private func take(_ bytes: Span<UInt8>, channel: UInt8, _ payload: Range<Int>) {
        guard let stream else { return }
        switch session.channelKind(channel) {
        case .video:
            // From here on it is certain which channels are ours.
            if framer.expectedChannels == nil { framer.expectedChannels = session.expectedChannels }
            stream.take(bytes, payload)
        case .videoControl: stream.takeControl(bytes, payload, wall: time.wallNow)
        case .metadata: stream.takeMetadata(bytes, payload)
        case .metadataControl, nil: return
        }
    }

    private func perform(_ actions: [RTSPSession.Action], now: Duration) throws {
        for action in actions {
            switch action {
            case .send(let bytes):
                unsent += bytes
                try flush()
            case .playing(let playing):
                let made = try makeStream(playing)
                made.now = now
                stream = made
                playingSince = now
            case .closed(let failure): throw failure
            }
        }
    }

    private func flush() throws {
        guard !unsent.isEmpty else { return }
        switch socket.send(unsent, 0..<unsent.count) {
        case .sent(let count): unsent.removeFirst(count)
        case .gone: throw failure(.unavailable, "the camera closed the connection")
        }
        if unsent.count > Self.largestUnsentBytes { throw failure(.unavailable, "the camera takes no more requests: look at the camera") }
    }

    /// Why no connection came about, from a socket's error number.
    static func failure(connecting error: Int32, place: String) -> Failure {
        let context = [(name: "camera", value: place)]
        if error == ETIMEDOUT {
            return Failure(.deadlineExceeded, "the camera does not answer: look at camera and network", context: context)
        }
        return Failure.connection(error, context: context)
            ?? Failure(.unavailable, "the camera cannot be reached: \(systemWords(error))", context: context)
    }

    private func failure(_ kind: Failure.Kind, _ message: String) -> Failure {
        Failure(kind, message, context: [(name: "camera", value: place)])
    }
}
