// The two frames of every message on the incident channel: 48 bytes of header, then JSON.
// incidents → outbox ══**frame**══▶ dispatcher → cases

/// What a message is; the raw value stands in byte 5 of the header.
package enum FrameType: UInt8, Sendable, CaseIterable {
    case hello = 1
    case welcome, incident, ack, nack, assign, health, ping, pong, bye
}

/// Limits of one message, from WIRE.md.
package enum FrameLimits {
    /// F1 is at most 64 KiB; what would be longer is shortened before it reaches the outbox.
    package static let payloadBytes = 65_536
    /// This code's version of the format; a receiver that reads a higher one asks the sender to hold.
    package static let major: UInt8 = 1
}

/// Why two frames are no message: a value, counted by its label and dropped.
package enum FrameDefect: Error, Hashable, Sendable {
    /// F0 is not 48 bytes, or there are not exactly two frames.
    case shape(String)
    case magic
    /// Length field and F1 disagree, or F1 is over the limit.
    case length(declared: UInt32, actual: Int)
    case checksum
    /// An intact frame of another major version. Node and epoch stand where they always stand, so it can be answered.
    case version(UInt8, node: NodeID, epoch: UInt64)
    case unknownType(UInt8)

    /// The metric label.
    package var label: String {
        switch self {
        case .shape: "shape"
        case .magic: "magic"
        case .length: "length"
        case .checksum: "checksum"
        case .version: "version"
        case .unknownType: "type"
        }
    }
}

/// The header F0: 48 bytes, big-endian.
///
/// ```
/// 0 magic "SNW1" · 4 major · 5 type · 6 flags u16 · 8 node 16 bytes · 24 epoch u64 · 32 seq u64 · 40 length u32 ·
/// 44 crc32c u32 over F0[0..<44] and F1
/// ```
/// Magic, major, node, epoch, length and checksum keep their places in every later major version.
package struct FrameHeader: Hashable, Sendable {
    package static let sizeBytes = 48
    private static let magic: [UInt8] = [0x53, 0x4E, 0x57, 0x31]

    package var type: FrameType
    /// None are defined yet; a receiver ignores those it does not know.
    package var flags: UInt16
    package var node: NodeID
    /// Drawn when the outbox file is created; (node, epoch) names one sequence of numbers.
    package var epoch: UInt64
    /// INCIDENT: its number. HELLO: the highest number. WELCOME, ACK, NACK, PONG: committed through here. PING: 0.
    package var sequence: UInt64

    package init(type: FrameType, flags: UInt16 = 0, node: NodeID, epoch: UInt64, sequence: UInt64) {
        self.type = type
        self.flags = flags
        self.node = node
        self.epoch = epoch
        self.sequence = sequence
    }

    /// F0 for this header and F1 = `payload`.
    package func encode(payload: [UInt8]) -> [UInt8] {
        precondition(payload.count <= FrameLimits.payloadBytes, "a payload is at most 64 KiB")
        var bytes = Self.magic + [FrameLimits.major, type.rawValue]
        bytes.reserveCapacity(Self.sizeBytes)
        bytes += flags.bigEndianBytes + node.bytes + epoch.bigEndianBytes + sequence.bigEndianBytes
        bytes += UInt32(payload.count).bigEndianBytes
        return bytes + Self.checksum(bytes, payload).bigEndianBytes
    }

    /// Reads F0 and holds it against F1. Never traps, whatever the bytes are.
    ///
    /// The checksum is judged before version and type, so that a flipped bit is damage and never an answerable message.
    package static func decode(_ header: [UInt8], payload: [UInt8]) -> Result<FrameHeader, FrameDefect> {
        guard header.count == sizeBytes else { return .failure(.shape("F0 has \(header.count) bytes")) }
        guard Array(header[0..<4]) == magic else { return .failure(.magic) }
        let declared = UInt32(truncatingIfNeeded: number(header, 40..<44))
        guard Int(declared) == payload.count, payload.count <= FrameLimits.payloadBytes else {
            return .failure(.length(declared: declared, actual: payload.count))
        }
        guard number(header, 44..<48) == UInt64(checksum(header, payload)) else { return .failure(.checksum) }
        let node = NodeID(high: number(header, 8..<16), low: number(header, 16..<24))
        let epoch = number(header, 24..<32)
        guard header[4] == FrameLimits.major else { return .failure(.version(header[4], node: node, epoch: epoch)) }
        guard let type = FrameType(rawValue: header[5]) else { return .failure(.unknownType(header[5])) }
        return .success(
            FrameHeader(
                type: type, flags: UInt16(truncatingIfNeeded: number(header, 6..<8)), node: node, epoch: epoch,
                sequence: number(header, 32..<40)))
    }

    private static func checksum(_ header: [UInt8], _ payload: [UInt8]) -> UInt32 {
        var sum = CRC32C()
        sum.absorb(header.span.extracting(0..<44))
        sum.absorb(payload.span)
        return sum.value
    }

    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64 {
        bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A message: header and payload, without ZeroMQ's routing prefix.
package struct BusFrame: Hashable, Sendable {
    package var header: FrameHeader
    package var payload: [UInt8]

    package init(_ header: FrameHeader, payload: [UInt8] = []) {
        self.header = header
        self.payload = payload
    }

    /// F0 and F1 as they are sent.
    package var parts: [[UInt8]] { [header.encode(payload: payload), payload] }

    /// Reads exactly two application frames.
    package static func decode(_ parts: some Collection<[UInt8]>) -> Result<BusFrame, FrameDefect> {
        guard parts.count == 2, let header = parts.first, let payload = parts.dropFirst().first else {
            return .failure(.shape("\(parts.count) frames"))
        }
        return FrameHeader.decode(header, payload: payload).map { BusFrame($0, payload: payload) }
    }
}
