// The little that must be known about units of H.264 and H.265: what they are for, and how a slice begins.
// camera ─RTSP─▶ **packets** ─▶ looks

/// What a NAL unit is for.
enum UnitRole: Equatable {
    /// Part of a picture's slices.
    case coded
    /// SPS, PPS and, for H.265, VPS.
    case parameterSet
    /// SEI in front of a picture.
    case information
    /// It only marks where a picture begins.
    case delimiter
    /// Filler, ends of sequences, information behind a picture, reserved types: no decoder of ours misses them.
    case passedOver
    /// Another layer or view.
    case foreign
    /// No type of a unit; `00` may be the first byte of a start code.
    case none
}

/// A unit's header: its bytes and what they say.
struct UnitHeader: Equatable {
    let isH265: Bool
    let first: UInt8
    /// 0 for H.264, whose header is one byte.
    let second: UInt8

    var bytes: Int { isH265 ? 2 : 1 }
    var type: UInt8 { isH265 ? first >> 1 & 63 : first & 31 }

    /// ITU-T H.264 table 7-1, ITU-T H.265 table 7-1.
    var role: UnitRole {
        if isH265 {
            // Layers above 0 belong to scalable or stereo streams.
            if first & 1 != 0 || second >> 3 != 0 { return .foreign }
            switch type {
            case 0: return second == 0 ? .none : .coded
            case 1...9, 16...21: return .coded
            case 32...34: return .parameterSet
            case 35: return .delimiter
            case 39: return .information
            case 48...63: return .none
            default: return .passedOver
            }
        }
        switch type {
        case 1...5: return .coded
        case 6: return .information
        case 7, 8: return .parameterSet
        case 9: return .delimiter
        case 14, 15, 20, 21: return .foreign
        case 0, 24...31: return .none
        default: return .passedOver
        }
    }

    /// A picture that begins with this unit can be decoded by itself: IDR, or IRAP.
    var isRandomAccess: Bool { isH265 ? (16...21).contains(type) : type == 5 }

    /// A unit that, behind a coded unit, can only belong to the next picture (H.264 §7.4.1.2.3, H.265 §7.4.2.4.4).
    var beginsPicture: Bool { isH265 ? type == 32 || type == 33 || type == 35 : type == 7 || type == 9 }
}

/// How a slice begins.
struct SliceStart: Equatable {
    /// It is the first of its picture; nil when the bytes at hand do not tell.
    var isFirst: Bool?
    /// H.264 only.
    var type: SliceType?

    /// Reads the start of a slice from the bytes behind its unit's header.
    init(_ header: UnitHeader, _ bytes: Span<UInt8>, _ body: Range<Int>) {
        guard !body.isEmpty else { return }
        if header.isH265 {
            isFirst = bytes[body.lowerBound] & 0x80 != 0
            return
        }
        // The second and third partition of a slice do not begin with a macroblock's address.
        guard header.type != 3, header.type != 4 else {
            isFirst = false
            return
        }
        var bits = LeadingBits(bytes, body)
        guard let address = bits.exponential() else { return }
        isFirst = address == 0
        guard let type = bits.exponential(), type < 10 else { return }
        self.type = SliceType(rawValue: UInt8(type % 5))
    }
}

/// Up to 64 bits from the start of a unit, the bytes that prevent start codes left out.
struct LeadingBits {
    private var word: UInt64 = 0
    private var left = 0

    init(_ bytes: Span<UInt8>, _ body: Range<Int>) {
        var zeros = 0
        for index in body.lowerBound..<min(body.upperBound, body.lowerBound + 12) {
            let byte = bytes[index]
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            word |= UInt64(byte) << UInt64(56 - left)
            left += 8
            if left == 64 { break }
        }
    }

    /// The next Exp-Golomb code; nil when the bits do not reach.
    mutating func exponential() -> UInt32? {
        let zeros = word.leadingZeroBitCount
        guard zeros < 32, 2 * zeros + 1 <= left else { return nil }
        let value = (word << UInt64(zeros)) >> UInt64(63 - zeros)
        word <<= UInt64(2 * zeros + 1)
        left -= 2 * zeros + 1
        return UInt32(truncatingIfNeeded: value &- 1)
    }
}

/// Bits of a whole unit; for parameter sets and information only, which are small and rare.
struct UnitBits {
    private var bytes: [UInt8] = []
    private var position = 0

    /// - Parameter body: Bytes behind the unit's header.
    init(_ body: ArraySlice<UInt8>) {
        bytes.reserveCapacity(body.count)
        var zeros = 0
        for byte in body {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            bytes.append(byte)
        }
    }

    /// The next bits as a number; nil behind the end.
    mutating func take(_ count: Int) -> UInt32? {
        guard count <= 32, position + count <= bytes.count * 8 else { return nil }
        var value: UInt32 = 0
        for _ in 0..<count {
            value = value << 1 | UInt32(bytes[position >> 3] >> UInt8(7 - position & 7) & 1)
            position += 1
        }
        return value
    }

    /// Passes over bits; false behind the end.
    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, position + count <= bytes.count * 8 else { return false }
        position += count
        return true
    }

    /// The next unsigned Exp-Golomb code.
    mutating func exponential() -> UInt32? {
        var zeros = 0
        while let bit = take(1) {
            if bit == 1 { return take(zeros).map { (1 << UInt32(zeros) &- 1) &+ $0 } }
            zeros += 1
            if zeros > 31 { return nil }
        }
        return nil
    }

    /// The next signed Exp-Golomb code.
    mutating func signedExponential() -> Int32? {
        exponential().map { $0 & 1 == 1 ? Int32(truncatingIfNeeded: ($0 &+ 1) / 2) : -Int32(truncatingIfNeeded: $0 / 2) }
    }
}
