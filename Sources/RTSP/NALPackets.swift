// Payloads of H.264 (RFC 6184) and H.265 (RFC 7798) taken apart into units.
// camera ─RTSP─▶ **packets** ─▶ looks

/// Single units, aggregations and fragments; what needs reordering (STAP-B, MTAP, FU-B, DONL, PACI) is refused.
struct NALDepacketiser: Sendable {
    let isH265: Bool
    var assembly: NALAssembly
    /// Header of the unit whose fragments are coming.
    private var fragmented: UnitHeader?
    /// Its type as a fragment without start and end bit shows it, 0xFF without one: what the short way compares.
    private var fragmentMark: UInt8 = 0xFF

    init(isH265: Bool, parameterSets: [[UInt8]], userDataIDs: [[UInt8]] = []) {
        self.isH265 = isH265
        assembly = NALAssembly(isH265: isH265, userDataIDs: userDataIDs)
        for unit in parameterSets {
            // Some cameras describe their sets with start codes in front.
            let zeros = unit.prefix { $0 == 0 }.count
            assembly.sets.record(zeros >= 2 && zeros < unit.count && unit[zeros] == 1 ? unit[(zeros + 1)...] : unit[...])
        }
    }

    mutating func receive(
        _ bytes: Span<UInt8>, _ header: RTPHeader, gap: Bool, into sink: inout (some PictureSink & ~Copyable)
    ) {
        if !gap, !header.marker, countMiddle(bytes, header) { return }
        assembly.beginPacket(header, gap: gap, isFragmenting: fragmented != nil, into: &sink)
        if gap || assembly.unit == .none { endFragments() }
        let range = header.payload
        let headerBytes = isH265 ? 2 : 1
        if range.count < headerBytes {
            assembly.problems.note(.shortPacket)
        } else {
            let first = bytes[range.lowerBound]
            let type = isH265 ? first >> 1 & 63 : first & 31
            switch (isH265, type) {
            case (_, _) where first & 0x80 != 0: assembly.noteDamage(.forbiddenBit)
            case (false, 28), (true, 49): fragment(bytes, range, into: &sink)
            case (false, 24), (true, 48):
                endUnendedUnit()
                aggregation(bytes, range, into: &sink)
            case (false, 25...31), (true, 50...63): assembly.noteDamage(.refusedPacking)
            default:
                endUnendedUnit()
                assembly.whole(bytes, range, into: &sink)
            }
        }
        assembly.endPacket(marker: header.marker, isFragmenting: fragmented != nil, into: &sink)
    }

    mutating func flush(into sink: inout (some PictureSink & ~Copyable)) {
        assembly.flush(into: &sink)
        endFragments()
    }

    /// The short way of nearly all packets: the middle of a fragmented unit of a picture that is only counted.
    @inline(__always)
    private mutating func countMiddle(_ bytes: Span<UInt8>, _ header: RTPHeader) -> Bool {
        let at = header.payload.lowerBound
        if isH265 {
            guard header.payload.count > 3, bytes[at] >> 1 == 49, bytes[at &+ 2] == fragmentMark else { return false }
            return assembly.countUnwanted(header.payload.count &- 3, timestamp: header.timestamp)
        }
        // The reserved bit stands for nothing.
        guard header.payload.count > 2, bytes[at] & 0x9F == 28, bytes[at &+ 1] & 0xDF == fragmentMark else { return false }
        return assembly.countUnwanted(header.payload.count &- 2, timestamp: header.timestamp)
    }

    /// FU-A of RFC 6184 §5.8, FU of RFC 7798 §4.4.3.
    private mutating func fragment(_ bytes: Span<UInt8>, _ range: Range<Int>, into sink: inout (some PictureSink & ~Copyable)) {
        let markAt = range.lowerBound &+ (isH265 ? 2 : 1)
        guard markAt < range.upperBound else {
            assembly.noteDamage(.shortPacket)
            return
        }
        let mark = bytes[markAt]
        let (isStart, isEnd) = (mark & 0x80 != 0, mark & 0x40 != 0)
        let body = markAt &+ 1..<range.upperBound
        let first = bytes[range.lowerBound]
        let header =
            isH265
            ? UnitHeader(isH265: true, first: first & 0x81 | (mark & 63) << 1, second: bytes[range.lowerBound &+ 1])
            : UnitHeader(isH265: false, first: first & 0xE0 | mark & 31, second: 0)
        if isStart {
            endUnendedUnit()
            fragmented = header
            fragmentMark = header.type
            assembly.open(header, bytes, body, into: &sink)
        } else if let fragmented, fragmented.type == header.type {
            assembly.append(bytes, body, into: &sink)
        } else {
            endUnendedUnit()
            assembly.noteOrphan(header)
            return
        }
        if isEnd {
            assembly.close()
            endFragments()
        }
    }

    /// STAP-A of RFC 6184 §5.7.1, AP of RFC 7798 §4.4.2.
    private mutating func aggregation(_ bytes: Span<UInt8>, _ range: Range<Int>, into sink: inout (some PictureSink & ~Copyable)) {
        var at = range.lowerBound &+ (isH265 ? 2 : 1)
        while at &+ 2 <= range.upperBound {
            let length = Int(bytes.uint16(at: at))
            at &+= 2
            guard at &+ length <= range.upperBound else {
                assembly.noteDamage(.overlongUnit)
                return
            }
            if length == 0 {
                assembly.problems.note(.emptyUnit)
                continue
            }
            let type = isH265 ? bytes[at] >> 1 & 63 : bytes[at] & 31
            if type >= (isH265 ? 48 : 24) {
                assembly.noteDamage(.refusedPacking)
            } else {
                assembly.whole(bytes, at..<at &+ length, into: &sink)
            }
            at &+= length
        }
    }

    /// Another unit begins although the last fragment of this one did not come. Nothing is missing, so its camera never sets the end bit.
    private mutating func endUnendedUnit() {
        guard fragmented != nil else { return }
        assembly.problems.note(.unendedFragment)
        assembly.close()
        endFragments()
    }

    private mutating func endFragments() {
        fragmented = nil
        fragmentMark = 0xFF
    }
}
