// Identities minted by Snowlight itself: sortable by time, unique without coordination.

/// A UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits.
package struct UUID7: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The first and last eight bytes, big-endian.
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Mints an identity for `at` from 74 bits of `generator`.
    package init(at: WallTime, using generator: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(clamping: at.millisecondsSince1970) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | (generator.next() & 0x0FFF)
        low = 0x8000_0000_0000_0000 | (generator.next() >> 2)
    }

    /// Parses `8-4-4-4-12` hexadecimal digits; nil for any other text. The version is not checked.
    package init?(_ text: some StringProtocol) {
        var value: (UInt64, UInt64) = (0, 0)
        var digits = 0
        guard text.utf8.count == 36 else { return nil }
        for (index, byte) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == 0x2D else { return nil }
                continue
            }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            if digits < 16 { value.0 = value.0 << 4 | UInt64(digit) } else { value.1 = value.1 << 4 | UInt64(digit) }
            digits += 1
        }
        self.init(high: value.0, low: value.1)
    }

    package var description: String {
        func hex(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: digits - text.count) + text
        }
        return hex(high >> 32, 8) + "-" + hex(high >> 16 & 0xFFFF, 4) + "-" + hex(high & 0xFFFF, 4) + "-"
            + hex(low >> 48, 4) + "-" + hex(low & 0xFFFF_FFFF_FFFF, 12)
    }

    package static func < (a: Self, b: Self) -> Bool { (a.high, a.low) < (b.high, b.low) }
}

/// The identity of an incident, minted in the transaction that writes its first outbox row.
package typealias IncidentID = UUID7
