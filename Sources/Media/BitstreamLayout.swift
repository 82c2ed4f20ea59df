// How NAL units lie in coded bytes, and the little that must be known about their kinds.
// camera ─RTSP─▶ **packets** ─▶ looks ─▶ frames

/// How a stream packs its NAL units, and its parameter sets in Annex B.
struct BitstreamLayout: Sendable {
    let codec: VideoCodec
    /// Bytes of the length in front of each NAL unit; 0 for Annex B with start codes.
    let lengthBytes: Int
    /// SPS, PPS and, for H.265, VPS with start codes; empty when they only come in-band.
    let parameterSets: [UInt8]

    /// Reads avcC (ISO/IEC 14496-15 §5.3.3.1) and hvcC (§8.3.3.1); anything else counts as Annex B. Damaged boxes end early.
    init(codec: VideoCodec, extradata: [UInt8]) {
        self.codec = codec
        guard let first = extradata.first, first == 1, codec == .h264 || codec == .h265 else {
            lengthBytes = 0
            parameterSets = codec == .h264 || codec == .h265 ? extradata : []
            return
        }
        var reader = ByteReader(extradata)
        var sets: [UInt8] = []
        func take(_ count: Int) {
            for _ in 0..<count {
                guard let length = reader.uint16(), let unit = reader.bytes(length) else { return }
                sets += [0, 0, 0, 1] + unit
            }
        }
        if codec == .h264, extradata.count >= 7 {
            lengthBytes = Int(extradata[4] & 3) + 1
            reader.position = 5
            take(Int((reader.uint8() ?? 0) & 31))
            take(Int(reader.uint8() ?? 0))
        } else if codec == .h265, extradata.count >= 23 {
            lengthBytes = Int(extradata[21] & 3) + 1
            reader.position = 22
            for _ in 0..<(reader.uint8() ?? 0) {
                guard reader.uint8() != nil, let units = reader.uint16() else { break }
                take(units)
            }
        } else {
            lengthBytes = 0
        }
        parameterSets = sets
    }

    /// Rewrites one picture with start codes; see `CodedPicture.bytesAnnexB()`.
    func annexB(_ bytes: Span<UInt8>, isKey: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + parameterSets.count + 16)
        if lengthBytes == 0 {
            bytes.withUnsafeBufferPointer { result += $0 }
        } else {
            var position = 0
            while position + lengthBytes <= bytes.count {
                var length = 0
                for index in position..<position + lengthBytes { length = length << 8 | Int(bytes[index]) }
                position += lengthBytes
                // A length that runs over the end belongs to a damaged picture; what is there is passed on.
                let end = min(position + length, bytes.count)
                result += [0, 0, 0, 1]
                bytes.withUnsafeBufferPointer { result += $0[position..<end] }
                position = end
            }
        }
        guard isKey, !parameterSets.isEmpty, !NALUnits(result).contains(where: { isParameterSet(result[$0.lowerBound]) }) else {
            return result
        }
        return parameterSets + result
    }

    /// True when the first slice of these bytes is one of an IDR picture of H.264, before which the standard itself forgets everything.
    ///
    /// Looks at the first kilobyte only; whatever cannot be told is false.
    func beginsWithIDR(_ bytes: Span<UInt8>) -> Bool {
        guard codec == .h264, lengthBytes == 0 else { return false }
        var index = 0
        while index &+ 3 < min(bytes.count, 1024) {
            guard bytes[index] == 0, bytes[index &+ 1] == 0, bytes[index &+ 2] == 1 else {
                index &+= 1
                continue
            }
            let kind = bytes[index &+ 3] & 31
            if (1...5).contains(kind) { return kind == 5 }
            index &+= 3
        }
        return false
    }

    /// True for SPS and PPS, and for the VPS of H.265, told by the first byte of a NAL unit.
    func isParameterSet(_ header: UInt8) -> Bool {
        switch codec {
        case .h264: header & 31 == 7 || header & 31 == 8
        case .h265: (32...34).contains(header >> 1 & 63)
        case .mjpeg, .other: false
        }
    }
}

/// The NAL units of Annex B bytes, as ranges without their start codes, in order.
struct NALUnits: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var upcoming: Int?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        upcoming = Self.unitStart(bytes, from: 0)
    }

    mutating func next() -> Range<Int>? {
        guard let start = upcoming else { return nil }
        upcoming = Self.unitStart(bytes, from: start)
        var end = upcoming.map { $0 - 3 } ?? bytes.count
        // A four-byte start code and trailing zero bytes belong to no unit.
        while end > start, bytes[end - 1] == 0 { end -= 1 }
        return end > start ? start..<end : next()
    }

    /// The index behind the next `00 00 01`, if a byte stands there.
    private static func unitStart(_ bytes: [UInt8], from: Int) -> Int? {
        var index = from
        while index + 3 < bytes.count {
            if bytes[index + 2] > 1 {
                index += 3
            } else if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
                return index + 3
            } else {
                index += 1
            }
        }
        return nil
    }
}

/// Width and height from the frame header of a JPEG, or nil.
func sizeOfJPEG(_ bytes: Span<UInt8>) -> (width: Int, height: Int)? {
    var index = 2
    while index + 8 < bytes.count, bytes[index] == 0xFF {
        let marker = bytes[index + 1]
        // SOF0…SOF15 without DHT (C4), JPG (C8) and DAC (CC).
        if (0xC0...0xCF).contains(marker), marker != 0xC4, marker != 0xC8, marker != 0xCC {
            let height = Int(bytes[index + 5]) << 8 | Int(bytes[index + 6])
            return (Int(bytes[index + 7]) << 8 | Int(bytes[index + 8]), height)
        }
        index += 2 + (Int(bytes[index + 2]) << 8 | Int(bytes[index + 3]))
    }
    return nil
}

private struct ByteReader {
    private let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func uint8() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint16() -> Int? {
        guard let high = uint8(), let low = uint8() else { return nil }
        return Int(high) << 8 | Int(low)
    }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard position + count <= bytes.count else { return nil }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
