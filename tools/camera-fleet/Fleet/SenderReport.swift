// RTCP sender reports: which wall-clock time belongs to which RTP timestamp.
// scene ─▶ pictures ─▶ encodings ─▶ **packets** ─▶ clients

package import Domain

/// A compound RTCP packet of a sender report and the camera's name (RFC 3550 §6.4.1, §6.5), framed for a TCP connection.
package struct SenderReport: Sendable {
    package var channel: UInt8
    package var ssrc: UInt32
    package var wall: WallTime
    package var timestamp: UInt32
    package var packets: UInt32
    package var payloadBytes: UInt32
    package var name: String

    package init(
        channel: UInt8, ssrc: UInt32, wall: WallTime, timestamp: UInt32, packets: UInt32, payloadBytes: UInt32, name: String
    ) {
        self.channel = channel
        self.ssrc = ssrc
        self.wall = wall
        self.timestamp = timestamp
        self.packets = packets
        self.payloadBytes = payloadBytes
        self.name = name
    }

    /// The bytes as they are sent, `$` included.
    package var bytes: [UInt8] {
        // NTP counts from 1900.
        let milliseconds = UInt64(max(wall.millisecondsSince1970, 0))
        let seconds = UInt32(truncatingIfNeeded: milliseconds / 1000 + 2_208_988_800)
        let fraction = UInt32((milliseconds % 1000) << 32 / 1000)
        var report: [UInt8] = [0x80, 200, 0, 6]
        for word in [ssrc, seconds, fraction, timestamp, packets, payloadBytes] { report += Self.bytes(of: word) }
        var chunk = Self.bytes(of: ssrc) + [1, UInt8(min(name.utf8.count, 255))] + name.utf8.prefix(255) + [0]
        while chunk.count % 4 != 0 { chunk.append(0) }
        report += [0x81, 202] + Self.bytes(of: UInt32(chunk.count / 4)).suffix(2) + chunk
        return [0x24, channel, UInt8(report.count >> 8), UInt8(report.count & 255)] + report
    }

    private static func bytes(of word: UInt32) -> [UInt8] {
        [UInt8(word >> 24), UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
    }
}
