// What the two ends say to each other besides incidents: greeting, credit, refusal.
// incidents → outbox ══**HELLO, WELCOME, ACK, NACK, PING, PONG**══▶ dispatcher → cases

import Base
import Foundation

/// How much may be on its way without an acknowledgement.
package struct Credit: Hashable, Sendable, Codable {
    package var messages: Int
    package var bytes: Int

    package init(messages: Int, bytes: Int) {
        self.messages = messages
        self.bytes = bytes
    }

    /// 256 messages and 1 MiB, from WIRE.md; below SNDHWM 512, so that credit and not the socket is the window.
    package static let standard = Credit(messages: 256, bytes: 1 << 20)
}

/// What HELLO says about the sender's outbox: the numbers it still holds.
package struct Hello: Hashable, Sendable, Codable {
    /// The lowest sequence still on disk; `highest + 1` when nothing is.
    package var lowest: UInt64
    /// The highest sequence ever given; 0 when none was.
    package var highest: UInt64
    /// Where the numbers of this epoch begin, when that is not at 1: lower ones were given under another and are not missing.
    package var first: UInt64?

    package init(lowest: UInt64, highest: UInt64, first: UInt64? = nil) {
        self.lowest = lowest
        self.highest = highest
        self.first = first
    }
}

/// Why the dispatcher refuses; only `retry` is about this moment, the others hold until a person or an update helps.
package enum NackCode: String, Sendable, CaseIterable {
    case retry, version, unauthorised, conflict
}

/// What the dispatcher says to one node.
package enum DispatcherMessage: Hashable, Sendable {
    /// Committed through `last`; go on behind it.
    ///
    /// - proof: SHA-256 of F1 of number `last`: a file that has something else under this number had another past.
    case welcome(last: UInt64, credit: Credit, proof: String? = nil)
    /// Committed through `through`; those in `quarantined` were set aside for a person.
    case ack(through: UInt64, quarantined: [UInt64])
    /// Nothing behind `last` was taken; ask again after `after`.
    case nack(NackCode, last: UInt64, after: Duration)
    /// Alive, and committed through `last`.
    case pong(last: UInt64)

    private struct Body: Codable {
        var credit: Credit?
        var proof: String?
        var quarantined: [UInt64]?
        /// Text, because a later dispatcher may know codes that we do not.
        var code: String?
        var afterMilliseconds: Int?
        enum CodingKeys: String, CodingKey {
            case credit, quarantined, code
            case proof = "sha256"
            case afterMilliseconds = "after_ms"
        }
    }

    /// The frame that says this to (node, epoch).
    package func frame(node: NodeID, epoch: UInt64) -> BusFrame {
        switch self {
        case .welcome(let last, let credit, let proof):
            BusFrame(
                FrameHeader(type: .welcome, node: node, epoch: epoch, sequence: last),
                payload: WireJSON.encode(Body(credit: credit, proof: proof)))
        case .ack(let through, let quarantined):
            BusFrame(
                FrameHeader(type: .ack, node: node, epoch: epoch, sequence: through),
                payload: quarantined.isEmpty ? [] : WireJSON.encode(Body(quarantined: quarantined)))
        case .nack(let code, let last, let after):
            BusFrame(
                FrameHeader(type: .nack, node: node, epoch: epoch, sequence: last),
                payload: WireJSON.encode(Body(code: code.rawValue, afterMilliseconds: Int(after.seconds * 1000))))
        case .pong(let last): BusFrame(FrameHeader(type: .pong, node: node, epoch: epoch, sequence: last))
        }
    }

    /// Reads a frame from the dispatcher; nil for a type that is not one of these, or a body that does not fit.
    ///
    /// An unknown refusal counts as `conflict`: hold rather than press on.
    package init?(_ frame: BusFrame) {
        let sequence = frame.header.sequence
        let body = WireJSON.decode(Body.self, from: frame.payload)
        switch frame.header.type {
        case .welcome:
            guard let credit = body?.credit else { return nil }
            self = .welcome(last: sequence, credit: credit, proof: body?.proof)
        case .ack: self = .ack(through: sequence, quarantined: body?.quarantined ?? [])
        case .nack:
            let milliseconds = min(max(body?.afterMilliseconds ?? 1000, 0), 3_600_000)
            self = .nack(body?.code.flatMap(NackCode.init) ?? .conflict, last: sequence, after: .milliseconds(milliseconds))
        case .pong: self = .pong(last: sequence)
        default: return nil
        }
    }
}

extension Hello {
    /// The frame that greets the dispatcher.
    package func frame(node: NodeID, epoch: UInt64) -> BusFrame {
        BusFrame(FrameHeader(type: .hello, node: node, epoch: epoch, sequence: highest), payload: WireJSON.encode(self))
    }

    /// Reads a HELLO; nil when its body does not fit or claims that numbers below 1 exist.
    package init?(_ frame: BusFrame) {
        guard frame.header.type == .hello, let hello = WireJSON.decode(Hello.self, from: frame.payload), hello.lowest >= 1,
            hello.highest < .max, hello.lowest <= hello.highest + 1, hello.first.map({ 1...hello.lowest ~= $0 }) ?? true
        else { return nil }
        self = hello
    }
}

/// JSON for small control bodies: keys sorted, so that bytes are reproducible.
enum WireJSON {
    static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do { return [UInt8](try encoder.encode(value)) } catch {
            preconditionFailure("numbers, texts and arrays of them always have a JSON form: \(error)")
        }
    }

    static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) -> T? {
        guard JSONShape.problem(bytes) == nil else { return nil }
        return try? JSONDecoder().decode(type, from: Data(bytes))  // What does not fit is no message; the caller counts it.
    }
}
