// The fixed part of an RTP packet: whose it is, which one it is, and where its payload lies.
// camera ─RTSP─▶ **packets** ─▶ looks

/// The header of one RTP packet (RFC 3550 §5.1) and the place of its payload.
package struct RTPHeader: Sendable, Equatable {
    package var payloadType: UInt8
    /// What it means depends on the payload: as a rule the last packet of a picture.
    package var marker: Bool
    package var sequence: UInt16
    package var timestamp: UInt32
    package var ssrc: UInt32
    /// Within the bytes given to `init`; may be empty.
    package var payload: Range<Int>

    package init(payloadType: UInt8, marker: Bool, sequence: UInt16, timestamp: UInt32, ssrc: UInt32, payload: Range<Int>) {
        self.payloadType = payloadType
        self.marker = marker
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        self.payload = payload
    }

    /// Reads the packet that lies at `range`; contributing sources, any extension and padding are passed over.
    ///
    /// Nil when it is not RTP of version 2 or one of its lengths leaves the packet.
    package init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard range.upperBound <= bytes.count, range.count >= Self.fixedBytes else { return nil }
        let at = range.lowerBound
        let flags = bytes[at]
        guard flags >> 6 == 2 else { return nil }
        var start = at &+ Self.fixedBytes &+ 4 &* Int(flags & 15)
        var end = range.upperBound
        if flags & 0x10 != 0 {
            // Profile and length in words of 4 bytes; the profile does not matter, as the extension is passed over.
            guard start &+ 4 <= end else { return nil }
            start &+= 4 &+ 4 &* (Int(bytes[start &+ 2]) << 8 | Int(bytes[start &+ 3]))
        }
        guard start <= end else { return nil }
        if flags & 0x20 != 0 {
            // The last byte counts the padding and itself; some cameras set the flag and pad nothing, which a count of 0 gives away.
            let padding = start < end ? Int(bytes[end &- 1]) : 0
            guard start &+ padding <= end else { return nil }
            end &-= padding
        }
        payloadType = bytes[at &+ 1] & 0x7F
        marker = bytes[at &+ 1] & 0x80 != 0
        sequence = UInt16(bytes[at &+ 2]) << 8 | UInt16(bytes[at &+ 3])
        timestamp = bytes.uint32(at: at &+ 4)
        ssrc = bytes.uint32(at: at &+ 8)
        payload = start..<end
    }

    /// Bytes of a header without contributing sources and extension.
    package static let fixedBytes = 12
}

extension Span<UInt8> {
    /// A number in network order; the caller has checked the length.
    @inline(__always)
    func uint16(at index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index &+ 1]) }

    /// A number in network order; the caller has checked the length.
    @inline(__always)
    func uint32(at index: Int) -> UInt32 { UInt32(uint16(at: index)) << 16 | UInt32(uint16(at: index &+ 2)) }
}
