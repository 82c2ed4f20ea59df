// Sequence numbers and timestamps run on over the seam of a loop, on simulated time.

import Base
import CameraFleet
import Domain
import Media
import Testing

/// A loop of made-up pictures; every fifth is a key picture and some need several packets.
func madeUpLoop(pictures: Int, framesPerSecond: Double = 25, name: String = "made-up", seed: UInt64 = 7) -> CodedLoop {
    var generator = SeededGenerator(seed: seed)
    let sets: [UInt8] = [0, 0, 0, 1, 0x67, 0x4D, 0x40, 0x1E, 9, 0, 0, 0, 1, 0x68, 0xEE, 0x3C, 0x80]
    let list = (0..<pictures).map { index in
        let size = Int.random(in: 1...4000, using: &generator)
        let slice = [0, 0, 0, 1, index % 5 == 0 ? 0x65 : 0x41] + (0..<size).map { _ in UInt8.random(in: 1...255, using: &generator) }
        return LoopPicture(
            bytes: (index % 5 == 0 ? sets : []) + slice, isKey: index % 5 == 0,
            ticks: Int((Double(index) * 90_000 / framesPerSecond).rounded()))
    }
    return CodedLoop(name: name, codec: .h264, width: 64, height: 64, framesPerSecond: framesPerSecond, pictures: list, events: [])
}

/// One interleaved RTP packet as a client reads it.
struct WirePacket: Equatable {
    var channel: UInt8
    var isLast: Bool
    var payloadType: UInt8
    var sequence: UInt16
    var timestamp: UInt32
    var ssrc: UInt32
    var payload: [UInt8]

    /// Cuts bytes into packets; every byte must belong to one.
    static func all(_ bytes: ArraySlice<UInt8>) throws -> [WirePacket] {
        var packets: [WirePacket] = []
        var rest = bytes
        while !rest.isEmpty {
            try #require(rest.count >= 16 && rest.first == 0x24)
            let b = Array(rest.prefix(16))
            let length = Int(b[2]) << 8 | Int(b[3])
            #expect(b[4] == 0x80)
            let word = { (at: Int) in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(b[at + $1]) } }
            packets.append(
                WirePacket(
                    channel: b[1], isLast: b[5] & 0x80 != 0, payloadType: b[5] & 127, sequence: UInt16(b[6]) << 8 | UInt16(b[7]),
                    timestamp: word(8), ssrc: word(12), payload: Array(rest.dropFirst(16).prefix(length - 12))))
            rest = rest.dropFirst(4 + length)
        }
        return packets
    }
}

@Test(arguments: [25.0, 30, 29.97]) func marksRunOnOverTheSeamForThreeLoops(_ rate: Double) throws {
    let loop = madeUpLoop(pictures: 50, framesPerSecond: rate)
    var packets = try PacketLoop(loop)
    let timeline = CameraTimeline(number: 9, loop: 0, framesPerSecond: rate, pictureCount: 50, isAligned: false)
    // Starts that wrap both counters within the test.
    let identity = StreamIdentity(ssrc: 0xDEAD_BEEF, firstSequence: 65_500, firstTimestamp: .max - 100_000)
    var last: (sequence: UInt16, timestamp: UInt32)?
    var next = timeline.due(atSeconds: 0)
    let first = next
    // Batches of 100 ms as the server makes them.
    for tick in 0..<80 {
        let due = timeline.due(atSeconds: Double(tick) * 0.1)
        while next < due {
            let count = min(due - next, 50 - next % 50)
            let expectedStart = packets.sequence(ofPicture: next, identity)
            let range = packets.stamp(from: next, count: count, identity, channel: 4)
            let wire = try WirePacket.all(packets.bytes[range])
            #expect(wire.first?.sequence == expectedStart)
            #expect(wire.filter(\.isLast).count == count && wire.count == packets.packetCount(next % 50..<next % 50 + count))
            for packet in wire {
                #expect(packet.channel == 4 && packet.ssrc == 0xDEAD_BEEF && packet.payloadType == 96)
                if let last {
                    #expect(packet.sequence == last.sequence &+ 1)
                    let step = packet.timestamp &- last.timestamp
                    #expect(step == 0 || abs(Double(step) - 90_000 / rate) <= 1)
                }
                last = (packet.sequence, packet.timestamp)
            }
            next += count
        }
    }
    #expect(next - first > 150, "three loops")
    #expect(packets.timestamp(ofPicture: 50, identity) &- packets.timestamp(ofPicture: 0, identity) == UInt32(loop.loopTicks))
}

@Test func picturesAreDueEvenlyWhateverTheBatch() {
    let timeline = CameraTimeline(number: 1, loop: 0, framesPerSecond: 25, pictureCount: 100, isAligned: true)
    // One picture at a time: slots of 5 ms, each camera's slot once in 40 ms.
    for residue in 0..<8 {
        let counts = (0..<500).map { tick in
            let now = Double(tick * 8 + residue) * 0.005
            return timeline.due(atSeconds: now + 0.04) - timeline.due(atSeconds: now)
        }
        #expect(counts.allSatisfy { $0 == 1 })
    }
    #expect(timeline.due(atSeconds: 1000) == 25_000)
    #expect(abs(timeline.seconds(atPosition: timeline.position(atSeconds: 12.5)) - 12.5) < 1e-9)
}

@Test func camerasDifferInPhaseAndMarks() {
    let cameras = (1...200).map { CameraTimeline(number: $0, loop: 0, framesPerSecond: 25, pictureCount: 1000, isAligned: false) }
    #expect(Set(cameras.map(\.identity.ssrc)).count == 200)
    #expect(Set(cameras.map(\.phase)).count > 150 && cameras.allSatisfy { (0..<1000).contains($0.phase) })
    let again = CameraTimeline(number: 17, loop: 0, framesPerSecond: 25, pictureCount: 1000, isAligned: false)
    #expect(again.phase == cameras[16].phase && again.identity == cameras[16].identity)
}

@Test func aSenderReportIsAsRFC3550Says() {
    let report = SenderReport(
        channel: 1, ssrc: 0x0102_0304, wall: WallTime(millisecondsSince1970: 500), timestamp: 9, packets: 2, payloadBytes: 3, name: "ab")
    #expect(
        report.bytes == [
            0x24, 1, 0, 44, 0x80, 200, 0, 6, 1, 2, 3, 4, 0x83, 0xAA, 0x7E, 0x80, 0x80, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 3,
            0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2, 0x61, 0x62, 0, 0, 0, 0,
        ])
}

@Test func truthComesRoundWithEachLoop() throws {
    var loop = madeUpLoop(pictures: 1000, name: "walker")
    loop.events = [SceneEvent(kind: "walker", startSeconds: 10, endSeconds: 22, box: RelativeBox(x: 0, y: 0.5, width: 1, height: 0.25))]
    let camera = CameraTimeline(number: 3, loop: 0, framesPerSecond: 25, pictureCount: 1000, isAligned: true)
    let schedule = CameraSchedule(camera: camera, loop: loop)
    var line = try #require(schedule.next(from: 0))
    #expect(abs(line.startSeconds - 10) < 0.05 && abs(line.endSeconds - line.startSeconds - 12) < 1e-6)
    line = try #require(schedule.next(from: line.startSeconds + 1e-6))
    #expect(abs(line.startSeconds - 50) < 0.05)
    line.startSeconds = 50
    line.endSeconds = 62
    line.start = WallTime(millisecondsSince1970: 0)
    line.end = WallTime(millisecondsSince1970: 12_000)
    #expect(
        line.text
            == #"{"type":"truth","camera":3,"scene":"walker","kind":"walker","start":"1970-01-01T00:00:00.000Z","#
            + #""end":"1970-01-01T00:00:12.000Z","start_s":50,"end_s":62,"box":[0,0.5,1,0.25]}"#
    )
}
