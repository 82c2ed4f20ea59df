// What DESCRIBE answers: the stream's codec, parameter sets and rate as SDP (RFC 4566, RFC 6184 §8, RFC 7798 §7, RFC 2435 §4).
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Foundation
import Media

/// Builds the description of one camera.
package enum SessionDescription {
    /// The name of the video's track, relative to the camera's URL.
    package static let track = "track1"
    /// The same of the metadata, where there is any.
    package static let metadataTrack = "track2"

    /// The text of the description, with CRLF line ends.
    ///
    /// - Parameter host: The address under which the client reached the fleet.
    package static func text(_ loop: CodedLoop, camera: Int, host: String, metadata: MetadataKind? = nil) -> String {
        let rate = loop.framesPerSecond
        let rateText = rate == rate.rounded() ? String(Int(rate)) : String((rate * 1000).rounded() / 1000)
        var lines = [
            "v=0", "o=- \(camera) 1 IN IP4 \(host)", "s=Simulated camera \(camera)", "i=\(loop.name)", "c=IN IP4 0.0.0.0", "t=0 0",
            "a=tool:camera-fleet", "a=type:broadcast", "a=control:*", "a=range:npt=now-",
        ]
        switch loop.codec {
        case .h264:
            let profile = loop.parameterSets.first { $0.count > 3 && $0[0] & 31 == 7 }
            let id = profile.map { $0[1...3].map { String(format: "%02X", $0) }.joined() } ?? "42001F"
            lines += [
                "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
                "a=fmtp:96 packetization-mode=1;profile-level-id=\(id);sprop-parameter-sets=\(base64(loop.parameterSets))",
            ]
        case .h265:
            func sets(_ kind: UInt8) -> String { base64(loop.parameterSets.filter { ($0.first ?? 0) >> 1 & 63 == kind }) }
            lines += [
                "m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000",
                "a=fmtp:96 sprop-vps=\(sets(32));sprop-sps=\(sets(33));sprop-pps=\(sets(34))",
            ]
        case .mjpeg, .other:
            lines += ["m=video 0 RTP/AVP 26", "a=rtpmap:26 JPEG/90000"]
        }
        if loop.codec != .mjpeg { lines.append("a=framesize:96 \(loop.width)-\(loop.height)") }
        lines += ["a=framerate:\(rateText)", "a=control:\(track)"]
        if metadata == .onvif {
            let type = MetadataPacketiser.payloadType
            lines += ["m=application 0 RTP/AVP \(type)", "a=rtpmap:\(type) vnd.onvif.metadata/90000", "a=control:\(metadataTrack)"]
        }
        return lines.map { $0 + "\r\n" }.joined()
    }

    private static func base64(_ sets: [[UInt8]]) -> String { sets.map { Data($0).base64EncodedString() }.joined(separator: ",") }
}
