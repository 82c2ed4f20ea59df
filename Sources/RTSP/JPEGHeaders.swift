// The headers of a JPEG that RFC 2435 leaves in the camera.
// camera ─RTSP─▶ **packets** ─▶ looks

/// One or two quantisation tables as they were sent.
struct JPEGTables: Sendable, Equatable {
    /// Bit n: table n has 16 bits a value.
    private(set) var precision: UInt8
    private var bytes: [UInt8]
    /// Where the second table begins; 0 when one serves for both.
    private var second: Int

    /// Nil when the bytes do not hold a whole table; what follows the second is passed over.
    init?(_ source: Span<UInt8>, _ range: Range<Int>, _ precision: UInt8) {
        let first = precision & 1 != 0 ? 128 : 64
        let both = first + (precision & 2 != 0 ? 128 : 64)
        guard range.count >= first else { return nil }
        self.precision = precision & 3
        let length = range.count >= both ? both : first
        second = length == both ? first : 0
        bytes = []
        bytes.reserveCapacity(length)
        for index in range.lowerBound..<range.lowerBound + length { bytes.append(source[index]) }
    }

    /// True if these bytes would make the same tables; saves making them for each picture.
    func equals(_ source: Span<UInt8>, _ range: Range<Int>, _ precision: UInt8) -> Bool {
        guard range.count == bytes.count, precision & 3 == self.precision else { return false }
        for index in bytes.indices where bytes[index] != source[range.lowerBound &+ index] { return false }
        return true
    }

    /// Tables 0 and 1 with the precision each was sent with.
    var both: [(is16Bit: Bool, values: ArraySlice<UInt8>)] {
        let first = (precision & 1 != 0, second == 0 ? bytes[...] : bytes[..<second])
        return [first, second == 0 ? first : (precision & 2 != 0, bytes[second...])]
    }
}

/// What a JPEG's headers are written from.
struct JPEGFrame: Sendable, Equatable {
    /// 0 for 4:2:2, 1 for 4:2:0 (RFC 2435 §4.1).
    var kind: UInt8
    var width: Int
    var height: Int
    /// In units of macroblocks; 0 for none.
    var restartInterval: UInt16 = 0
    var quality: UInt8 = 0
    /// Nil for tables that follow from the quality.
    var tables: JPEGTables?

    init(kind: UInt8, width: Int, height: Int) {
        self.kind = kind
        self.width = width
        self.height = height
    }

    /// Writes everything from the start of the image to the start of the scan (RFC 2435 appendix B, ITU-T T.81 annex B).
    func write(into header: inout [UInt8]) {
        header.removeAll(keepingCapacity: true)
        // SOI; JFIF 1.1, square samples, no thumbnail.
        header += [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 0x4A, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
        var has16Bit = false
        for (number, table) in quantisers.enumerated() {
            has16Bit = has16Bit || table.is16Bit
            header += [0xFF, 0xDB, 0, UInt8(table.values.count + 3), (table.is16Bit ? 0x10 : 0) | UInt8(number)] + table.values
        }
        if restartInterval > 0 { header += [0xFF, 0xDD, 0, 4] + Self.bytes(restartInterval) }
        // Tables of 16 bits do not belong to the baseline, but to the extended process, which is else the same.
        header += [0xFF, has16Bit ? 0xC1 : 0xC0, 0, 17, 8] + Self.bytes(UInt16(clamping: height)) + Self.bytes(UInt16(clamping: width))
        header += [3, 1, kind == 0 ? 0x21 : 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]
        for table in JPEGStandard.huffmanTables {
            header += [0xFF, 0xC4] + Self.bytes(UInt16(table.counts.count + table.values.count + 3)) + [table.number]
            header += table.counts
            header += table.values
        }
        header += [0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]
    }

    private var quantisers: [(is16Bit: Bool, values: ArraySlice<UInt8>)] {
        if let tables { return tables.both }
        // RFC 2435 appendix A; numbers outside 1 to 99 are reserved and taken for the nearest.
        let factor = min(max(Int(quality), 1), 99)
        let scale = factor < 50 ? 5000 / factor : 200 - factor * 2
        return [JPEGStandard.luma, JPEGStandard.chroma].map { table in
            (false, table.map { UInt8(min(max((Int($0) * scale + 50) / 100, 1), 255)) }[...])
        }
    }

    private static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
}

/// Tables that every encoder and decoder of RFC 2435 has by heart.
enum JPEGStandard {
    /// RFC 2435 appendix A, in zigzag order.
    static let luma: [UInt8] = [
        16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
        56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101,
        103, 99,
    ]

    /// RFC 2435 appendix A, in zigzag order.
    static let chroma: [UInt8] =
        [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66] + [UInt8](repeating: 99, count: 50)

    /// ITU-T T.81 tables K.3 to K.6: class and number, how many codes there are of each length, and what they mean.
    static let huffmanTables: [(number: UInt8, counts: [UInt8], values: [UInt8])] = [
        (0x00, [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (0x01, [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (
            0x10, [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D],
            [
                0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32,
                0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16,
                0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45,
                0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
                0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94,
                0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6,
                0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8,
                0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8,
                0xF9, 0xFA,
            ]
        ),
        (
            0x11, [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
            [
                0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81,
                0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34,
                0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44,
                0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
                0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92,
                0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4,
                0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6,
                0xD7, 0xD8, 0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8,
                0xF9, 0xFA,
            ]
        ),
    ]
}
