// Who speaks on the bus: one identity per outbox file, drawn when the file is created.
// incidents → **outbox ══ZeroMQ══▶ dispatcher** → cases

/// An ingest node: 16 random bytes that live and die with its outbox file.
package struct NodeID: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Accepts exactly 16 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// Draws a new identity.
    package init(using generator: inout some RandomNumberGenerator) {
        self.init(high: generator.next(), low: generator.next())
    }

    /// The 16 bytes as they stand in a frame.
    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }

    /// 32 hexadecimal digits.
    package var description: String { high.hexDigits + low.hexDigits }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// Most significant byte first.
    var bigEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (Self.bitWidth - 8 - $0 * 8)) }
    }
}

extension UInt64 {
    /// 16 hexadecimal digits, zeros included.
    var hexDigits: String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
