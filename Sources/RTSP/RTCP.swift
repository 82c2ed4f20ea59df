// RTCP: what time the camera believes it is, whether it said goodbye, and our own reports.
// camera ─RTSP─▶ **packets** ─▶ looks

package import Domain

/// A camera's statement which wall-clock time belongs to which RTP timestamp (RFC 3550 §6.4.1).
package struct SenderReport: Sendable, Equatable {
    package var ssrc: UInt32
    /// Seconds since 1900 above, their fraction below.
    package var ntp: UInt64
    package var timestamp: UInt32
    package var packets: UInt32
    package var payloadBytes: UInt32

    package init(ssrc: UInt32, ntp: UInt64, timestamp: UInt32, packets: UInt32, payloadBytes: UInt32) {
        self.ssrc = ssrc
        self.ntp = ntp
        self.timestamp = timestamp
        self.packets = packets
        self.payloadBytes = payloadBytes
    }

    /// The camera's wall clock, a label; nil when the camera has no clock: 0, or a time before 2001 as after a flat battery.
    package var wall: WallTime? {
        // Good until 2036, when NTP begins to count from 0 again.
        let seconds = Int64(ntp >> 32)
        guard seconds >= Self.secondsTo2001 else { return nil }
        return WallTime(millisecondsSince1970: (seconds - Self.secondsTo1970) * 1000 + Int64(((ntp & 0xFFFF_FFFF) * 1000) >> 32))
    }

    private static let secondsTo1970: Int64 = 2_208_988_800
    private static let secondsTo2001: Int64 = 2_208_988_800 + 978_307_200
}

/// What one RTCP packet says that matters here.
package struct RTCPContents: Sendable, Equatable {
    /// The last one, if several were sent together.
    package var senderReport: SenderReport?
    /// The source leaves: it will send no more packets under this SSRC.
    package var saysGoodbye = false
    /// It ended in the middle of a part, or a part was no RTCP; what came before counts.
    package var isMalformed = false

    /// Parts looked at in one compound packet; cameras send two or three.
    package static let mostParts = 32

    /// Reads the compound packet at `range`. Never fails; see `isMalformed`.
    package init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var at = range.lowerBound
        let end = min(range.upperBound, bytes.count)
        for _ in 0..<Self.mostParts {
            guard at < end else { return }
            guard at + 4 <= end, bytes[at] >> 6 == 2 else { break }
            let next = at + 4 + 4 * Int(bytes.uint16(at: at + 2))
            guard next <= end else { break }
            switch bytes[at + 1] {
            case 200 where next - at >= 28:
                senderReport = SenderReport(
                    ssrc: bytes.uint32(at: at + 4), ntp: UInt64(bytes.uint32(at: at + 8)) << 32 | UInt64(bytes.uint32(at: at + 12)),
                    timestamp: bytes.uint32(at: at + 16), packets: bytes.uint32(at: at + 20), payloadBytes: bytes.uint32(at: at + 24))
            case 200: isMalformed = true
            case 203: saysGoodbye = true
            default: break
            }
            at = next
        }
        isMalformed = true
    }
}

/// Our report to a camera, for those that end a session whose client reports nothing (RFC 3550 §6.4.2).
package struct ReceiverReport: Sendable, Equatable {
    /// Ours; any number that is not the camera's.
    package var ssrc: UInt32
    package var cameraSSRC: UInt32
    /// Share of packets lost since the report before, in 1/256.
    package var fractionLost: UInt8
    /// Since the beginning; the field holds 24 bits and stays at their limit.
    package var lost: Int
    package var extendedHighest: UInt32
    /// Middle 32 bits of the NTP time of the last sender report, 0 without one.
    package var lastReport: UInt32
    /// 1/65,536 s from that report to this one, 0 without one.
    package var delay: UInt32

    package init(
        ssrc: UInt32, cameraSSRC: UInt32, fractionLost: UInt8, lost: Int, extendedHighest: UInt32, lastReport: UInt32, delay: UInt32
    ) {
        self.ssrc = ssrc
        self.cameraSSRC = cameraSSRC
        self.fractionLost = fractionLost
        self.lost = lost
        self.extendedHighest = extendedHighest
        self.lastReport = lastReport
        self.delay = delay
    }

    /// The report and an empty name, framed for the TCP connection. Jitter is 0: over TCP it would only tell of our own reading.
    package func interleaved(channel: UInt8) -> [UInt8] {
        var bytes: [UInt8] = [0x24, channel, 0, 44, 0x81, 201, 0, 7]
        let cumulative = UInt32(min(max(lost, 0), 0x7F_FFFF))
        for word in [ssrc, cameraSSRC, UInt32(fractionLost) << 24 | cumulative, extendedHighest, 0, lastReport, delay] {
            bytes += [UInt8(word >> 24), UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
        }
        // SDES with an empty CNAME and its end; a compound packet must have one (§6.1).
        bytes += [0x81, 202, 0, 2, UInt8(ssrc >> 24), UInt8(ssrc >> 16 & 255), UInt8(ssrc >> 8 & 255), UInt8(ssrc & 255), 1, 0, 0, 0]
        return bytes
    }
}

/// Makes a receiver report when one is due.
package struct ReceiverReports: Sendable {
    /// RFC 3550 §6.2 asks for at least 5 s between reports and that they are spread; cameras wait 30 s or more for one.
    package static let interval: Duration = .seconds(7)

    private let ssrc: UInt32
    private var due: Duration?
    private var expected: UInt32 = 0
    private var lost = 0
    private var last: (report: UInt32, arrival: Duration)?

    /// - Parameter ssrc: Ours, drawn at random by the caller.
    package init(ssrc: UInt32) { self.ssrc = ssrc }

    /// Remembers a report of the camera, which ours will refer to.
    package mutating func record(_ report: SenderReport, now: Duration) {
        last = (UInt32(truncatingIfNeeded: report.ntp >> 16), now)
    }

    /// The bytes to send, or nil when it is not time yet or nothing was received. The first report is due one interval after the first call.
    package mutating func next(now: Duration, tracker: SequenceTracker, cameraSSRC: UInt32, channel: UInt8) -> [UInt8]? {
        guard let due, now >= due else {
            if due == nil { due = now + Self.interval }
            return nil
        }
        guard tracker.received > 0 else { return nil }
        self.due = now + Self.interval
        // After a restart the camera counts from elsewhere; that share is then unknown and said to be 0.
        let span = tracker.expected >= expected ? tracker.expected - expected : 0
        let missing = max(tracker.lost - lost, 0)
        expected = tracker.expected
        lost = tracker.lost
        var delay: UInt32 = 0
        if let last {
            let parts = (now - last.arrival).components
            delay = UInt32(clamping: parts.seconds * 65536 + parts.attoseconds / 1_000_000_000_000 * 65536 / 1_000_000)
        }
        return ReceiverReport(
            ssrc: ssrc, cameraSSRC: cameraSSRC, fractionLost: span == 0 ? 0 : UInt8(min(missing * 256 / Int(span), 255)),
            lost: tracker.lost, extendedHighest: tracker.extendedHighest, lastReport: last?.report ?? 0, delay: delay
        ).interleaved(channel: channel)
    }
}
