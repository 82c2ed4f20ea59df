// Plays what a camera sent against the client's side, in pieces of any size, and writes down what came of it.

import Base
import Domain
import RTSP

/// Everything one replay brought about, in order.
enum Happening: Equatable {
    case sent(String)
    case playing(Playing)
    case data(ChannelKind?, channel: UInt8, [UInt8])
    case closed(Failure.Kind, String)
    case broken(String)
}

/// Framer and session of one camera and the bytes carried over between two deliveries.
struct Replay {
    private(set) var framer = InterleavedFramer()
    private(set) var session: RTSPSession
    private(set) var happenings: [Happening] = []
    private var generator = SeededGenerator(seed: 7)
    private var buffer: [UInt8] = []
    private(set) var consumed = 0
    /// Bytes of frames (with their four bytes of head) and of messages.
    private(set) var understood = 0
    var now = Duration.zero

    init(_ url: String, _ credentials: Credentials? = nil, _ policy: RTSPSession.Policy = .init()) throws {
        session = RTSPSession(address: try RTSPAddress(url), credentials: credentials, policy: policy)
        perform(session.start(now: .zero, using: &generator))
    }

    var isOver: Bool {
        switch happenings.last {
        case .closed, .broken: true
        default: session.isClosed
        }
    }

    mutating func deliver(_ bytes: some Sequence<UInt8>) {
        let buffer = self.buffer + bytes
        var position = 0
        loop: while !isOver {
            let before = position
            let skipped = framer.skippedBytes
            let item = framer.next(buffer.span, position: &position)
            precondition(position >= before && position <= buffer.count, "the position moves forward inside the bytes")
            switch item {
            case .data(let channel, let payload):
                precondition(payload.lowerBound == before + 4 && payload.upperBound == position, "a frame is four bytes and its payload")
                understood += position - before
                let kind = session.channelKind(channel)
                if kind == .video, framer.expectedChannels?.contains(channel) != true {
                    framer.expectedChannels = session.expectedChannels
                }
                happenings.append(.data(kind, channel: channel, Array(buffer[payload])))
            case .message(let message):
                precondition(position > before, "a message has a length")
                understood += position - before
                perform(session.receive(message, now: now, using: &generator))
            case .skipped(let bytes):
                precondition(bytes == position - before && bytes == framer.skippedBytes - skipped && bytes > 0, "skipped bytes are counted")
            case .needsMore:
                precondition(position == before, "an unfinished item is carried over whole")
                break loop
            case .broken(let why):
                happenings.append(.broken(why))
                break loop
            }
        }
        consumed += position
        self.buffer = Array(buffer[position...])
        precondition(isOver || self.buffer.count <= InterleavedFramer.longestItem, "what is carried over has a limit")
    }

    mutating func tick(_ now: Duration) {
        self.now = now
        perform(session.tick(now: now))
    }

    mutating func stop() { perform(session.stop(now: now)) }

    private mutating func perform(_ actions: [RTSPSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): happenings.append(.sent(String(decoding: bytes, as: UTF8.self)))
            case .playing(let playing): happenings.append(.playing(playing))
            case .closed(let failure): happenings.append(.closed(failure.kind, failure.message))
            }
        }
    }

    // MARK: What came of it

    /// `METHOD path` of every request; the origin is checked and left out.
    var requests: [String] {
        sent.compactMap { text in
            let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
            return words.count == 3 && words[2] == "RTSP/1.0" ? "\(words[0]) \(words[1].replacing(origin, with: ""))" : nil
        }
    }

    var origin: String { "rtsp://" + session.address.place }
    var sent: [String] { happenings.compactMap { if case .sent(let text) = $0 { text } else { nil } } }
    var playing: Playing? { happenings.lazy.compactMap { if case .playing(let playing) = $0 { playing } else { nil } }.first }
    var failure: (kind: Failure.Kind, message: String)? {
        happenings.lazy.compactMap { if case .closed(let kind, let message) = $0 { (kind, message) } else { nil } }.first
    }
    /// The bytes of all data that is video, joined.
    var video: [UInt8] {
        happenings.flatMap { happening -> [UInt8] in if case .data(.video, _, let bytes) = happening { bytes } else { [] } }
    }

    /// The value of a header of the last request.
    func lastHeader(_ name: String) -> String? {
        sent.last?.split(separator: "\r\n").first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.utf8.count + 2)) }
    }
}

/// `$`-framed data.
func interleavedFrame(_ channel: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0x24, channel, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
}

/// A packet of RTP with a payload that tells it from others.
func numberedPacket(_ number: UInt8, payloadType: UInt8 = 96) -> [UInt8] {
    [0x80, payloadType, 0, number, 0, 0, 0, number, 0x12, 0x34, 0x56, 0x78, 0x65, 0x24, number]
}

/// What a camera writes: line ends become CRLF (or stay LF), `{length}` the number of bytes behind the first empty line.
func wire(_ text: String, lineEnd: String = "\r\n") -> [UInt8] {
    let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    let body = parts.count > 1 ? parts[1].replacing("\n", with: lineEnd) : ""
    let head = parts[0].replacing("\n", with: lineEnd).replacing("{length}", with: String(body.utf8.count))
    return Array((head + lineEnd + lineEnd + body).utf8)
}
