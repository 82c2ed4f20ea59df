// A camera for one viewer: RTSP with H.264 or H.265 interleaved, optional Basic authentication.

import Base
import Media

/// Answers one RTSP session on `connection` and sends `pictures` once, then stays silent until TEARDOWN or the end.
///
/// - Parameter withParameterSets: Whether the description carries `sprop-parameter-sets` (H.264 only).
func serveCamera(
    _ connection: TinyServer.Connection, _ pictures: [EncodedPicture], codec: VideoCodec, seen: Seen, withParameterSets: Bool = true,
    basic: String? = nil, hangUp: Bool = false
) {
    while let request = connection.request() {
        let lines = request.split(separator: "\r\n").map(String.init)
        let method = lines[0].split(separator: " ").first.map(String.init) ?? ""
        seen.add(lines[0])
        let sequence = lines.first { $0.hasPrefix("CSeq:") } ?? "CSeq: 0"
        func answer(_ head: String, _ body: String = "") {
            var text = "RTSP/1.0 200 OK\r\n\(sequence)\r\n\(head)"
            if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
            connection.send(text + "\r\n" + body)
        }
        if let basic, method != "OPTIONS" {
            guard let sent = lines.first(where: { $0.hasPrefix("Authorization:") }) else {
                connection.send("RTSP/1.0 401 Unauthorized\r\n\(sequence)\r\nWWW-Authenticate: Basic realm=\"c\"\r\n\r\n")
                continue
            }
            if sent != "Authorization: Basic " + basic {
                seen.add("wrong: " + sent)
                connection.send("RTSP/1.0 401 Unauthorized\r\n\(sequence)\r\nWWW-Authenticate: Basic realm=\"c\"\r\n\r\n")
                continue
            }
        }
        switch method {
        case "OPTIONS": answer("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n")
        case "DESCRIBE": answer("Content-Type: application/sdp\r\n", description(pictures, codec, withParameterSets))
        case "SETUP": answer("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 4711;timeout=60\r\n")
        case "PLAY":
            answer("Session: 4711\r\n")
            var sequenceNumber: UInt16 = 65_530
            for picture in pictures {
                for packet in packets(picture, codec, &sequenceNumber) where !connection.send(packet) { return }
            }
            if hangUp { return }
        case "TEARDOWN":
            answer("Session: 4711\r\n")
            return
        default: answer("")
        }
    }
}

private func description(_ pictures: [EncodedPicture], _ codec: VideoCodec, _ withParameterSets: Bool) -> String {
    var text = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\na=control:*\r\n"
    // An audio stream comes first, as cameras like to have it; it must not be set up.
    text += "m=audio 0 RTP/AVP 8\r\na=control:audio\r\nm=video 0 RTP/AVP 96\r\n"
    text += codec == .h264 ? "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1" : "a=rtpmap:96 H265/90000\r\n"
    if codec == .h264 {
        if withParameterSets {
            let sets = units(pictures[0].bytes).filter { $0[0] & 31 == 7 || $0[0] & 31 == 8 }
            text += ";sprop-parameter-sets=" + sets.map(base64).joined(separator: ",")
        }
        text += "\r\n"
    }
    return text + "a=control:video\r\n"
}

/// RFC 6184 and RFC 7798: single NAL unit packets and fragments, interleaved on channel 0.
private func packets(_ picture: EncodedPicture, _ codec: VideoCodec, _ sequenceNumber: inout UInt16) -> [[UInt8]] {
    let units = units(picture.bytes)
    let timestamp = UInt32(truncatingIfNeeded: 4_294_960_000 + picture.index * 3600)
    let headerBytes = codec == .h264 ? 1 : 2
    var result: [[UInt8]] = []
    func add(_ payload: [UInt8], marker: Bool) {
        var packet: [UInt8] = [0x80, marker ? 0xE0 : 0x60, UInt8(sequenceNumber >> 8), UInt8(sequenceNumber & 255)]
        for shift in [24, 16, 8, 0] { packet.append(UInt8(timestamp >> UInt32(shift) & 255)) }
        packet += [1, 2, 3, 4] + payload
        sequenceNumber &+= 1
        result.append([0x24, 0, UInt8(packet.count >> 8), UInt8(packet.count & 255)] + packet)
    }
    for (index, unit) in units.enumerated() {
        let isLast = index == units.count - 1
        guard unit.count > 1200 else {
            add(unit, marker: isLast)
            continue
        }
        let kind = codec == .h264 ? unit[0] & 31 : unit[0] >> 1 & 63
        var rest = unit[headerBytes...]
        var first = true
        while !rest.isEmpty {
            let piece = rest.prefix(1200)
            rest = rest.dropFirst(1200)
            let flags: UInt8 = (first ? 0x80 : 0) | (rest.isEmpty ? 0x40 : 0) | kind
            let header: [UInt8] = codec == .h264 ? [unit[0] & 0xE0 | 28, flags] : [unit[0] & 0x81 | 49 << 1, unit[1], flags]
            add(header + piece, marker: isLast && rest.isEmpty)
            first = false
        }
    }
    return result
}

/// RFC 4648, by hand: the test must not share code with what it tests.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0..<4 { text.append(place <= group.count ? alphabet[value >> (18 - 6 * place) & 63] : "=") }
    }
    return text
}
