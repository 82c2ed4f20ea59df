// Coded pictures to RTP payloads: NAL units by RFC 6184 and RFC 7798, JPEG in JPEGPackets.swift.
// scene ─▶ pictures ─▶ encodings ─▶ **packets** ─▶ clients

import Base
package import Media

/// One RTP payload and whether it ends its picture.
package struct RTPPayload: Sendable, Equatable {
    package var bytes: [UInt8]
    package var isLast: Bool
}

/// Cuts coded pictures into RTP payloads of at most `maxPayloadBytes`.
package struct Packetiser: Sendable {
    package let codec: VideoCodec
    /// 1,400 leaves room for RTP, TCP and IP headers in an Ethernet frame, as cameras do it.
    package let maxPayloadBytes: Int

    package init(codec: VideoCodec, maxPayloadBytes: Int = 1400) {
        precondition(maxPayloadBytes >= 200, "a payload holds at least the tables of a JPEG and some of its data")
        self.codec = codec
        self.maxPayloadBytes = maxPayloadBytes
    }

    /// The payloads of one picture, in order; the last one is marked.
    ///
    /// - Parameter picture: Annex B, or a baseline JPEG with the standard Huffman tables.
    /// - Throws: `Failure` of kind `unsupported` for a JPEG that RFC 2435 cannot carry, or a codec without packetisation.
    package func payloads(of picture: [UInt8]) throws -> [RTPPayload] {
        let payloads: [[UInt8]]
        switch codec {
        case .h264, .h265:
            // RTP marks pictures itself; delimiters would only cost a packet each.
            payloads = nalPayloads(NALUnit.split(picture).filter { $0.first.map { !NALUnit.isDelimiter($0, codec) } ?? false })
        case .mjpeg: payloads = try JPEGPackets(picture).payloads(maxPayloadBytes)
        case .other: throw Failure(.unsupported, "RTSP cameras send h264, h265 or mjpeg")
        }
        return payloads.enumerated().map { RTPPayload(bytes: $1, isLast: $0 == payloads.count - 1) }
    }

    /// Parameter sets travel together in one aggregation packet, everything else alone or in fragments.
    private func nalPayloads(_ units: [ArraySlice<UInt8>]) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var sets: [ArraySlice<UInt8>] = []
        func flush() {
            if sets.count == 1 { payloads += fragments(of: sets[0]) }
            if sets.count > 1 { payloads.append(aggregation(of: sets)) }
            sets = []
        }
        for unit in units {
            guard let first = unit.first, NALUnit.isParameterSet(first, codec) else {
                flush()
                payloads += fragments(of: unit)
                continue
            }
            let size = headerBytes + sets.reduce(0) { $0 + 2 + $1.count } + 2 + unit.count
            if size > maxPayloadBytes { flush() }
            if headerBytes + 2 + unit.count > maxPayloadBytes { payloads += fragments(of: unit) } else { sets.append(unit) }
        }
        flush()
        return payloads
    }

    private var headerBytes: Int { codec == .h264 ? 1 : 2 }

    /// STAP-A (RFC 6184 §5.7.1) or AP (RFC 7798 §4.4.2).
    private func aggregation(of units: [ArraySlice<UInt8>]) -> [UInt8] {
        var payload: [UInt8]
        if codec == .h264 {
            // The reference bits are those of the most important unit.
            let importance = units.compactMap(\.first).map { $0 & 0x60 }.max() ?? 0x60
            payload = [importance | 24]
        } else {
            // Layer 0, temporal id 0 plus 1.
            payload = [48 << 1, 1]
        }
        for unit in units { payload += [UInt8(unit.count >> 8), UInt8(unit.count & 255)] + unit }
        return payload
    }

    /// The unit itself when it fits, else FU-A (RFC 6184 §5.8) or FU (RFC 7798 §4.4.3).
    private func fragments(of unit: ArraySlice<UInt8>) -> [[UInt8]] {
        guard unit.count > maxPayloadBytes else { return unit.count > headerBytes ? [Array(unit)] : [] }
        let header = Array(unit.prefix(headerBytes))
        let kind = codec == .h264 ? header[0] & 31 : header[0] >> 1 & 63
        let indicator = codec == .h264 ? [header[0] & 0xE0 | 28] : [header[0] & 0x81 | 49 << 1, header[1]]
        let body = unit.dropFirst(headerBytes)
        let room = maxPayloadBytes - headerBytes - 1
        var payloads: [[UInt8]] = []
        var from = body.startIndex
        while from < body.endIndex {
            let to = min(from + room, body.endIndex)
            let flags: UInt8 = (from == body.startIndex ? 0x80 : 0) | (to == body.endIndex ? 0x40 : 0)
            payloads.append(indicator + [flags | kind] + body[from..<to])
            from = to
        }
        return payloads
    }
}

/// What must be known about NAL units to pack them.
package enum NALUnit {
    /// The units of Annex B bytes without start codes, in order.
    package static func split(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var starts: [(code: Int, body: Int)] = []
        var index = 0
        while index + 2 < bytes.count {
            if bytes[index + 2] > 1 {
                index += 3
            } else if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
                starts.append((index, index + 3))
                index += 3
            } else {
                index += 1
            }
        }
        return starts.indices.compactMap { n in
            var end = n + 1 < starts.count ? starts[n + 1].code : bytes.count
            // Zero bytes before a start code belong to the byte stream and not to the unit (ITU-T H.264 annex B).
            while end > starts[n].body, bytes[end - 1] == 0 { end -= 1 }
            return end > starts[n].body ? bytes[starts[n].body..<end] : nil
        }
    }

    /// True for SPS and PPS, and the VPS of H.265; told by the unit's first byte.
    package static func isParameterSet(_ header: UInt8, _ codec: VideoCodec) -> Bool {
        switch codec {
        case .h264: header & 31 == 7 || header & 31 == 8
        case .h265: (32...34).contains(header >> 1 & 63)
        case .mjpeg, .other: false
        }
    }

    /// True for a unit that only marks where a picture begins.
    package static func isDelimiter(_ header: UInt8, _ codec: VideoCodec) -> Bool {
        codec == .h264 ? header & 31 == 9 : codec == .h265 && header >> 1 & 63 == 35
    }
}
