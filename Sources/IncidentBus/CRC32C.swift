// The checksum of a frame. TCP's own 16 bits let about one damaged segment in 65,536 pass.

/// CRC-32C (Castagnoli, RFC 3720 §12.1) over bytes that arrive in pieces. A pure value.
///
/// Eight tables take eight bytes a step ("slicing by 8", Kounavis and Berry 2005).
package struct CRC32C: Sendable {
    private var register: UInt32 = 0xFFFF_FFFF

    package init() {}

    /// The checksum of everything absorbed so far.
    package var value: UInt32 { ~register }

    /// The checksum of `bytes`.
    package static func of(_ bytes: [UInt8]) -> UInt32 {
        var sum = CRC32C()
        sum.absorb(bytes.span)
        return sum.value
    }

    /// Continues over `bytes`.
    package mutating func absorb(_ bytes: Span<UInt8>) {
        let tables = Self.tables
        var crc = register
        var index = 0
        while bytes.count &- index >= 8 {
            let low = crc ^ word(bytes, index)
            let high = word(bytes, index &+ 4)
            crc =
                tables[1792 &+ Int(low & 255)] ^ tables[1536 &+ Int(low >> 8 & 255)] ^ tables[1280 &+ Int(low >> 16 & 255)]
                ^ tables[1024 &+ Int(low >> 24)] ^ tables[768 &+ Int(high & 255)] ^ tables[512 &+ Int(high >> 8 & 255)]
                ^ tables[256 &+ Int(high >> 16 & 255)] ^ tables[Int(high >> 24)]
            index &+= 8
        }
        while index < bytes.count {
            crc = tables[Int((crc ^ UInt32(bytes[index])) & 255)] ^ crc >> 8
            index &+= 1
        }
        register = crc
    }

    private func word(_ bytes: Span<UInt8>, _ at: Int) -> UInt32 {
        UInt32(bytes[at]) | UInt32(bytes[at &+ 1]) << 8 | UInt32(bytes[at &+ 2]) << 16 | UInt32(bytes[at &+ 3]) << 24
    }

    /// Eight tables of 256, one behind the other; 0x82F63B78 is the polynomial with its bits reversed.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 2048)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables[byte] = crc
        }
        for slot in 256..<2048 { tables[slot] = tables[slot - 256] >> 8 ^ tables[Int(tables[slot - 256] & 255)] }
        return tables
    }()
}
