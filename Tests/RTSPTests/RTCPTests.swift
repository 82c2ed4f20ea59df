// Sender reports, goodbyes, our own reports, and what they say about clocks.

import Base
import Domain
import RTSP
import Testing

/// A report of 2026-11-23T02:24:57.628Z and the camera's name, as our fleet sends it.
private let golden: [UInt8] = [
    0x80, 200, 0, 6, 0x11, 0x22, 0x33, 0x44, 0xEE, 0xAE, 0x22, 0x79, 0xA0, 0xC4, 0x9B, 0xA6, 0, 1, 0x51, 0x80, 0, 0, 0, 9, 0, 0, 0x10, 0,
    0x81, 202, 0, 3, 0x11, 0x22, 0x33, 0x44, 1, 4, 0x63, 0x61, 0x6D, 0x31, 0, 0,
]

private func contents(_ bytes: [UInt8]) -> RTCPContents { RTCPContents(bytes.span, 0..<bytes.count) }

private func report(wall: Int64) -> SenderReport {
    SenderReport(
        ssrc: 1, ntp: UInt64(wall / 1000 + 2_208_988_800) << 32 | UInt64(wall % 1000) << 32 / 1000, timestamp: 0, packets: 0,
        payloadBytes: 0)
}

@Suite struct RTCP {
    @Test func readsASenderReport() throws {
        let found = contents(golden)
        let report = try #require(found.senderReport)
        #expect(report.ssrc == 0x1122_3344 && report.timestamp == 86_400 && report.packets == 9 && report.payloadBytes == 4096)
        #expect(report.wall?.description == "2026-11-23T02:24:57.628Z")
        #expect(!found.saysGoodbye && !found.isMalformed)
    }

    @Test func everyTruncationIsSafe() {
        for length in 0..<golden.count {
            let found = contents(Array(golden.prefix(length)))
            #expect(found.isMalformed == (length != 0 && length != 28), "\(length)")
            #expect((found.senderReport != nil) == (length >= 28), "\(length)")
        }
        #expect(contents(golden + [0]).isMalformed)
    }

    @Test func hearsGoodbyesBehindOtherParts() {
        let bye: [UInt8] = [0x81, 203, 0, 1, 0x11, 0x22, 0x33, 0x44]
        #expect(contents(bye).saysGoodbye && contents(golden + bye).saysGoodbye && contents(golden + bye).senderReport != nil)
        #expect(!contents([0x01, 203, 0, 1, 0, 0, 0, 0]).saysGoodbye, "version 0")
        // A sender report too short for its numbers.
        #expect(
            contents([0x80, 200, 0, 1, 1, 2, 3, 4])
                == {
                    var all = contents([]); all.isMalformed = true; return all
                }())
    }

    @Test func partsAreCapped() {
        let part: [UInt8] = [0x80, 204, 0, 0]
        #expect(!contents(Array(repeatElement(part, count: 31).joined())).isMalformed)
        #expect(contents(Array(repeatElement(part, count: 33).joined())).isMalformed)
    }

    @Test(arguments: [
        (UInt64(0), nil as Int64?), (5 << 32, nil), (2_208_988_800 << 32, nil), ((2_208_988_800 + 978_307_200) << 32, 978_307_200_000),
    ])
    func camerasWithoutClockTellNoTime(ntp: UInt64, milliseconds: Int64?) {
        let report = SenderReport(ssrc: 0, ntp: ntp, timestamp: 0, packets: 0, payloadBytes: 0)
        #expect(report.wall?.millisecondsSince1970 == milliseconds)
    }

    @Test func wallTimesSurvive() {
        for wall: Int64 in [1_795_000_000_000, 1_795_000_000_001, 1_795_000_000_999] {
            let told = report(wall: wall).wall?.millisecondsSince1970 ?? 0
            #expect((wall - 1...wall).contains(told))
        }
    }

    @Test func writesAReceiverReport() {
        let report = ReceiverReport(
            ssrc: 0xA1A2_A3A4, cameraSSRC: 0xB1B2_B3B4, fractionLost: 64, lost: 0x1234, extendedHighest: 0x0001_0002,
            lastReport: 0xC1C2_C3C4,
            delay: 0x0001_8000)
        #expect(
            report.interleaved(channel: 1) == [
                0x24, 1, 0, 44, 0x81, 201, 0, 7, 0xA1, 0xA2, 0xA3, 0xA4, 0xB1, 0xB2, 0xB3, 0xB4, 64, 0, 0x12, 0x34, 0, 1, 0, 2, 0, 0, 0, 0,
                0xC1, 0xC2, 0xC3, 0xC4, 0, 1, 0x80, 0, 0x81, 202, 0, 2, 0xA1, 0xA2, 0xA3, 0xA4, 1, 0, 0, 0,
            ])
        var huge = report
        huge.lost = .max
        #expect(Array(huge.interleaved(channel: 1)[17..<20]) == [0x7F, 0xFF, 0xFF])
        // What we send, we can read.
        let bytes = report.interleaved(channel: 1)
        #expect(!RTCPContents(bytes.span, 4..<bytes.count).isMalformed)
    }

    @Test func reportsWhenDue() throws {
        var reports = ReceiverReports(ssrc: 7)
        var tracker = SequenceTracker()
        func next(_ seconds: Int) -> [UInt8]? { reports.next(now: .seconds(seconds), tracker: tracker, cameraSSRC: 9, channel: 3) }
        #expect(next(0) == nil && next(7) == nil, "nothing received")
        for number: UInt16 in [10, 11, 14, 15] { _ = tracker.receive(number) }
        reports.record(report(wall: 1_795_000_000_000), now: .milliseconds(6500))
        let first = try #require(next(8))
        #expect(first[16] == UInt8(2 * 256 / 6) && first[19] == 2 && Array(first[20..<24]) == [0, 0, 0, 15])
        #expect(Array(first[32..<36]) == [0, 1, 0x80, 0], "one and a half seconds since the camera's report")
        #expect(next(14) == nil)
        for number: UInt16 in 16..<30 { _ = tracker.receive(number) }
        let second = try #require(next(15))
        #expect(second[16] == 0 && second[19] == 2)
    }
}

@Suite struct CameraClocks {
    private func feed(_ samples: [(camera: Int64, ours: Int64)]) -> Int64? {
        var offset = ClockOffset()
        for sample in samples {
            offset.record(report(wall: sample.camera), arrivalWall: WallTime(millisecondsSince1970: sample.ours))
        }
        return offset.milliseconds
    }
    private let base: Int64 = 1_795_000_000_000

    @Test func theLeastLateReportTells() {
        #expect(feed([]) == nil)
        let delays: [Int64] = [400, 30, 900, 250, 31]
        let samples = delays.enumerated().map { (camera: base + Int64($0) * 5000 + 60_000, ours: base + Int64($0) * 5000 + $1) }
        let found = feed(samples) ?? 0
        #expect((59_969...59_970).contains(found))
    }

    @Test func oneStrayReportChangesNothingTwoDo() {
        let normal = (0..<5).map { (camera: base + Int64($0) * 5000, ours: base + Int64($0) * 5000) }
        let stray = (camera: base + 7_200_000, ours: base + 25_000)
        #expect((-1...0).contains(feed(normal + [stray]) ?? 9))
        #expect((-1...0).contains(feed(normal + [stray, normal[4], stray]) ?? 9))
        let later = (camera: base + 7_205_000, ours: base + 30_010)
        #expect((7_174_989...7_175_000).contains(feed(normal + [stray, later]) ?? 0))
    }

    @Test func oldReportsAreForgotten() {
        // The camera's clock loses 100 ms from report to report; only the last 16 count.
        let samples = (0..<100).map { (camera: base + Int64($0) * 4900, ours: base + Int64($0) * 5000) }
        #expect((-8_401 ... -8_400).contains(feed(samples) ?? 0))
    }
}
