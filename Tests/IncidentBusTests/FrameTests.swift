// The frame: golden bytes, every truncation, every flipped bit.

import Base
import IncidentBus
import Testing

private let payload = Array(#"{"v":1}"#.utf8)
private let header = FrameHeader(
    type: .incident, node: NodeID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10), epoch: 0xFEDC_BA98_7654_3210, sequence: 88121)

private func hex(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

@Test func crc32cOfPublishedVectors() {
    // RFC 3720 B.4, and the check value of the CRC catalogue.
    #expect(CRC32C.of(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 255, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.of((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.of((0..<32).reversed().map { UInt8($0) }) == 0x113F_DB5C)
    #expect(CRC32C.of([]) == 0)
}

@Test func crc32cDoesNotDependOnHowBytesArrive() {
    var generator = SeededGenerator(seed: 7)
    let bytes = (0..<301).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let whole = CRC32C.of(bytes)
    for split in 0...bytes.count {
        var sum = CRC32C()
        sum.absorb(bytes.span.extracting(0..<split))
        sum.absorb(bytes.span.extracting(split..<bytes.count))
        #expect(sum.value == whole, "split at \(split)")
    }
}

@Test func headerIsTheseBytes() {
    // Computed by an independent program from WIRE.md.
    #expect(
        hex(header.encode(payload: payload))
            == "534e5731010300000102030405060708090a0b0c0d0e0f10fedcba9876543210000000000001583900000007586af66c")
}

@Test func everyTypeComesBack() throws {
    for type in FrameType.allCases {
        for flags: UInt16 in [0, 1, .max] {
            let frame = BusFrame(
                FrameHeader(type: type, flags: flags, node: NodeID(high: .max, low: 0), epoch: .max, sequence: .max), payload: payload)
            #expect(try BusFrame.decode(frame.parts).get() == frame)
        }
    }
    let largest = BusFrame(header, payload: [UInt8](repeating: 0x20, count: FrameLimits.payloadBytes))
    #expect(try BusFrame.decode(largest.parts).get() == largest)
}

@Test func everyTruncationIsADefect() {
    let bytes = header.encode(payload: payload)
    for length in 0..<bytes.count {
        #expect(isDefect(FrameHeader.decode(Array(bytes.prefix(length)), payload: payload)), "F0 of \(length)")
    }
    for length in 0..<payload.count {
        #expect(isDefect(FrameHeader.decode(bytes, payload: Array(payload.prefix(length)))), "F1 of \(length)")
    }
    #expect(isDefect(FrameHeader.decode(bytes + [0], payload: payload)))
    #expect(isDefect(FrameHeader.decode(bytes, payload: payload + [0])))
    #expect(isDefect(BusFrame.decode([[UInt8]]())))
    #expect(isDefect(BusFrame.decode([bytes])))
    #expect(isDefect(BusFrame.decode([bytes, payload, []])))
}

@Test func everyFlippedBitIsADefect() {
    let bytes = header.encode(payload: payload)
    for bit in 0..<(bytes.count + payload.count) * 8 {
        var damaged = (bytes, payload)
        let index = bit / 8
        if index < bytes.count { damaged.0[index] ^= 1 << (bit % 8) } else { damaged.1[index - bytes.count] ^= 1 << (bit % 8) }
        let result = FrameHeader.decode(damaged.0, payload: damaged.1)
        #expect(isDefect(result), "bit \(bit)")
        // Damage must never look like a newer version, which would be answered.
        if case .failure(.version) = result { Issue.record("bit \(bit) passes for another version") }
    }
}

@Test func anotherVersionCanBeAnswered() {
    var bytes = header.encode(payload: payload)
    bytes[4] = 2
    let sum = CRC32C.of(Array(bytes[0..<44]) + payload)
    for index in 0..<4 { bytes[44 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(index))) }
    #expect(FrameHeader.decode(bytes, payload: payload) == .failure(.version(2, node: header.node, epoch: header.epoch)))
}

@Test func randomBytesNeverTrap() {
    var generator = SeededGenerator(seed: 20_261_123)
    for _ in 0..<2000 {
        var first = (0..<Int.random(in: 0...64, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let second = (0..<Int.random(in: 0...64, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        if Bool.random(using: &generator) {
            first.replaceSubrange(0..<min(4, first.count), with: Array("SNW1".utf8).prefix(min(4, first.count)))
        }
        #expect(isDefect(BusFrame.decode([first, second])))
    }
}

@Test func dispatcherMessagesComeBack() {
    let node = NodeID(high: 1, low: 2)
    let messages: [DispatcherMessage] = [
        .welcome(last: 0, credit: .standard), .welcome(last: 8, credit: .standard, proof: String(repeating: "0f", count: 32)),
        .ack(through: 7, quarantined: []), .ack(through: .max, quarantined: [3, 5]),
        .nack(.retry, last: 4, after: .milliseconds(1500)), .nack(.version, last: 0, after: .seconds(30)), .pong(last: 9),
    ]
    for message in messages {
        let frame = message.frame(node: node, epoch: 5)
        #expect(DispatcherMessage(frame) == message)
        #expect(frame.header.node == node && frame.header.epoch == 5)
    }
    let unknown = BusFrame(
        FrameHeader(type: .nack, node: node, epoch: 5, sequence: 4), payload: Array(#"{"code":"tired","after_ms":-5}"#.utf8))
    #expect(DispatcherMessage(unknown) == .nack(.conflict, last: 4, after: .zero))
    #expect(DispatcherMessage(BusFrame(FrameHeader(type: .welcome, node: node, epoch: 5, sequence: 4))) == nil)
    #expect(DispatcherMessage(BusFrame(FrameHeader(type: .hello, node: node, epoch: 5, sequence: 4))) == nil)
}

@Test func helloComesBackAndNonsenseDoesNot() {
    let node = NodeID(high: 1, low: 2)
    for hello in [
        Hello(lowest: 1, highest: 0), Hello(lowest: 5, highest: 4), Hello(lowest: 1, highest: 1 << 62),
        Hello(lowest: 8, highest: 9, first: 5),
    ] {
        #expect(Hello(hello.frame(node: node, epoch: 3)) == hello)
    }
    let header = FrameHeader(type: .hello, node: node, epoch: 3, sequence: 0)
    for body in [
        "", "{}", #"{"lowest":0,"highest":0}"#, #"{"lowest":9,"highest":1}"#, #"{"lowest":1,"highest":18446744073709551615}"#, "[1]",
        #"{"lowest":3,"highest":9,"first":4}"#, #"{"lowest":3,"highest":9,"first":0}"#,
    ] {
        #expect(Hello(BusFrame(header, payload: Array(body.utf8))) == nil, "\(body)")
    }
}

@Test func nodeIDsComeBack() {
    var generator = SeededGenerator(seed: 1)
    let node = NodeID(using: &generator)
    #expect(NodeID(node.bytes) == node)
    #expect(node.description.count == 32)
    #expect(NodeID([UInt8](repeating: 0, count: 15)) == nil)
}

private func isDefect<T>(_ result: Result<T, FrameDefect>) -> Bool {
    if case .failure = result { true } else { false }
}
