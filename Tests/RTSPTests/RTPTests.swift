// Headers, sequence numbers and timestamps of RTP.

import Base
import RTSP
import Testing

private func header(_ bytes: [UInt8], from: Int = 0) -> RTPHeader? { RTPHeader(bytes.span, from..<bytes.count) }

@Test func readsAPlainHeader() throws {
    let bytes: [UInt8] = [0x80, 0xE0, 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF, 0x01, 0x02, 0x03, 0x04, 0x65, 0x88]
    let expected = RTPHeader(
        payloadType: 96, marker: true, sequence: 0x1234, timestamp: 0xDEAD_BEEF, ssrc: 0x0102_0304, payload: 12..<14)
    #expect(header(bytes) == expected)
    // Within a larger buffer, as the framer finds it.
    let framed = header([0x24, 0, 0, 14] + bytes, from: 4)
    #expect(framed?.payload == 16..<18 && framed?.sequence == 0x1234)
}

/// Flags, bytes behind the fixed header, where the payload lies.
private let wellFormed: [(UInt8, [UInt8], Range<Int>)] = [
    (0x80, [], 12..<12),
    (0x82, [1, 2, 3, 4, 5, 6, 7, 8, 9], 20..<21),
    (0x90, [0xBE, 0xDE, 0, 1, 9, 9, 9, 9, 7], 20..<21),
    (0x90, [0xAB, 0xAC, 0, 3, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 7], 28..<29),
    (0x91, [1, 2, 3, 4, 0xBE, 0xDE, 0, 0, 7, 8], 20..<22),
    (0xA0, [7, 8, 0, 0, 3], 12..<14),
    (0xA0, [7, 8, 0], 12..<15),
    (0xA0, [4, 4, 4, 4], 12..<12),
]

@Test(arguments: wellFormed)
func passesOverWhatIsNotPayload(flags: UInt8, rest: [UInt8], payload: Range<Int>) {
    #expect(header([flags, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] + rest)?.payload == payload)
}

/// Flags and bytes behind the fixed header.
private let malformed: [(UInt8, [UInt8])] = [
    (0x00, []), (0x40, []), (0xC0, [1]), (0x81, [1, 2, 3]), (0x8F, [UInt8](repeating: 0, count: 59)),
    (0x90, [0xBE, 0xDE, 0]), (0x90, [0xBE, 0xDE, 0, 1, 1, 2, 3]), (0x90, [0xBE, 0xDE, 0xFF, 0xFF, 1, 2, 3]), (0xA0, [1, 2, 4]),
    (0xA0, [255]), (0xBF, [1]),
]

@Test(arguments: malformed)
func refusesHeadersWhoseLengthsLeaveThePacket(flags: UInt8, rest: [UInt8]) {
    #expect(header([flags, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] + rest) == nil)
}

@Test func everyTruncationOfAPacketIsSafe() {
    let bytes: [UInt8] = [0xB2, 0xE0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1, 1, 2, 2, 2, 2, 0xBE, 0xDE, 0, 1, 9, 9, 9, 9, 7, 7, 2, 2]
    for length in 0...bytes.count {
        guard let found = header(Array(bytes.prefix(length))) else { continue }
        #expect(found.payload.lowerBound == 28 && found.payload.upperBound <= length)
    }
    #expect(header(bytes)?.payload == 28..<30)
    #expect(RTPHeader(bytes.span, 0..<bytes.count + 1) == nil, "a range beyond the buffer")
}

@Suite struct SequenceNumbers {
    private static let table: [([UInt16], [SequenceTracker.Arrival])] = [
        ([5, 6, 7], [.inOrder, .inOrder, .inOrder]),
        ([65534, 65535, 0, 1], [.inOrder, .inOrder, .inOrder, .inOrder]),
        ([65535, 2], [.inOrder, .gap(2)]),
        ([5, 5, 6, 6], [.inOrder, .duplicate, .inOrder, .duplicate]),
        ([5, 8, 6, 7, 6, 9], [.inOrder, .gap(2), .late, .late, .duplicate, .inOrder]),
        ([5, 3005], [.inOrder, .gap(2999)]),
        ([5, 3006, 6], [.inOrder, .late, .inOrder]),
        ([5, 3006, 3007, 3008], [.inOrder, .late, .restarted, .inOrder]),
        ([5, 3006, 3008, 3009], [.inOrder, .late, .late, .restarted]),
        ([200, 100], [.inOrder, .late]),
        ([200, 99, 100, 101], [.inOrder, .late, .restarted, .inOrder]),
        ([5, 20000, 6, 20001, 7], [.inOrder, .late, .inOrder, .late, .inOrder]),
    ]

    @Test(arguments: table)
    func follow(numbers: [UInt16], arrivals: [SequenceTracker.Arrival]) {
        var tracker = SequenceTracker()
        #expect(numbers.map { tracker.receive($0) } == arrivals)
    }

    @Test func countEverythingOnce() {
        var tracker = SequenceTracker()
        #expect(tracker.expected == 0)
        for number: UInt16 in [65530, 65531, 65534, 65532, 65534, 0, 40000, 40001, 40003] { _ = tracker.receive(number) }
        #expect(tracker.received == 6 && tracker.lost == 4 && tracker.late == 2 && tracker.duplicated == 1 && tracker.restarts == 1)
        #expect(tracker.extendedHighest == 40003 && tracker.expected == 3)
    }

    @Test func extendOverCycles() {
        var tracker = SequenceTracker()
        for number in 0..<200_000 { #expect(tracker.receive(UInt16(truncatingIfNeeded: number)) == .inOrder) }
        #expect(tracker.extendedHighest == 199_999 && tracker.expected == 200_000 && tracker.lost == 0)
    }

    /// Random loss, doubling and delay: what is delivered is in order, without doubles, and the counters add up.
    @Test(arguments: 1...20) func deliverInOrderWithoutDoubles(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tracker = SequenceTracker()
        var packets: [Int] = []
        for number in 0..<3000 where Int.random(in: 0..<10, using: &generator) > 0 {
            packets.append(number)
            if Int.random(in: 0..<20, using: &generator) == 0 {
                packets.insert(number, at: max(0, packets.count - Int.random(in: 1...5, using: &generator)))
            }
            if Int.random(in: 0..<20, using: &generator) == 0, packets.count > 5 {
                packets.swapAt(packets.count - 1, packets.count - Int.random(in: 2...5, using: &generator))
            }
        }
        var delivered: [Int] = []
        for packet in packets where !tracker.receive(UInt16(truncatingIfNeeded: packet &+ 64_000)).isDropped { delivered.append(packet) }
        #expect(zip(delivered, delivered.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed)")
        #expect(tracker.received == delivered.count, "seed \(seed)")
        #expect(tracker.received + tracker.late + tracker.duplicated == packets.count, "seed \(seed)")
        #expect(Int(tracker.expected) == tracker.received + tracker.lost, "seed \(seed)")
    }
}

@Suite struct Timestamps {
    @Test func unwrapOverTheEndOf32Bits() {
        var unwrapper = TimestampUnwrapper(clockRate: 90_000)
        var stamp: UInt32 = 0xFFFF_F000
        for step in 0..<10_000 {
            #expect(unwrapper.unwrap(stamp) == Int64(step) * 6000)
            stamp &+= 6000
        }
        #expect(unwrapper.jumps == 0)
    }

    @Test func goOnOverThirteenHours() {
        var unwrapper = TimestampUnwrapper(clockRate: 90_000)
        var stamp: UInt32 = 1
        _ = unwrapper.unwrap(stamp)
        for _ in 0..<40_000 {
            stamp &+= 90_000 * 4
            _ = unwrapper.unwrap(stamp)
        }
        #expect(unwrapper.ticks == 40_000 * 360_000 && unwrapper.jumps == 0)
        #expect(unwrapper.seconds(stamp) == 160_000)
    }

    @Test func keepSmallStepsBackAndBridgeJumps() {
        var unwrapper = TimestampUnwrapper(clockRate: 90_000)
        let stamps: [UInt32] = [1_000_000, 1_006_000, 1_003_000, 1_012_000, 3_000_000_000, 3_000_006_000, 2_990_000_000]
        #expect(stamps.map { unwrapper.unwrap($0) } == [0, 6000, 3000, 12_000, 21_000, 27_000, 33_000])
        #expect(unwrapper.jumps == 2)
    }

    @Test(arguments: [0, -5, Int.max, Int.min]) func takeNonsenseRatesForVideo(rate: Int) {
        #expect(TimestampUnwrapper(clockRate: rate).clockRate == 90_000)
    }
}
