// Packets must give back the coded pictures byte by byte, at every size around the limit.

import Base
import CameraFleet
import Media
import Testing

/// NAL units as RFC 6184 and RFC 7798 receivers put them together again; written from the receivers' side of those documents.
private func depacketise(_ payloads: [RTPPayload], _ codec: VideoCodec) throws -> [[UInt8]] {
    var units: [[UInt8]] = []
    var open: [UInt8]?
    for payload in payloads.map(\.bytes) {
        let header = codec == .h264 ? 1 : 2
        let kind = codec == .h264 ? Int(payload[0] & 31) : Int(payload[0] >> 1 & 63)
        switch (codec, kind) {
        case (.h264, 24), (.h265, 48):
            var at = header
            while at < payload.count {
                let length = Int(payload[at]) << 8 | Int(payload[at + 1])
                units.append(Array(payload[at + 2..<at + 2 + length]))
                at += 2 + length
            }
        case (.h264, 28), (.h265, 49):
            let fragment = payload[header]
            let mask: UInt8 = codec == .h264 ? 31 : 63
            if fragment & 0x80 != 0 {
                #expect(open == nil)
                open =
                    codec == .h264
                    ? [payload[0] & 0xE0 | fragment & mask] : [payload[0] & 0x81 | (fragment & mask) << 1, payload[1]]
            }
            open = try #require(open) + payload[(header + 1)...]
            // Start and end in one fragment are forbidden.
            #expect(fragment & 0xC0 != 0xC0)
            if fragment & 0x40 != 0 {
                units.append(try #require(open))
                open = nil
            }
        default: units.append(payload)
        }
    }
    #expect(open == nil)
    return units
}

/// A unit of a type and a size whose bytes hold no start code.
private func unit(_ codec: VideoCodec, _ kind: UInt8, _ size: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    let header: [UInt8] = codec == .h264 ? [0x60 | kind] : [kind << 1, 1]
    return header + (0..<size - header.count).map { _ in UInt8.random(in: 1...255, using: &generator) }
}

@Test(arguments: [VideoCodec.h264, .h265]) func unitsOfEverySizeAroundTheLimitComeBack(_ codec: VideoCodec) throws {
    var generator = SeededGenerator(seed: 264)
    let packetiser = Packetiser(codec: codec, maxPayloadBytes: 400)
    for size in Array(3...20) + Array(380...420) + Array(770...830) + [1190, 1200, 1210, 5000] {
        let sets = (codec == .h264 ? [7, 8] : [32, 33, 34]).map { unit(codec, $0, 21, &generator) }
        let slice = unit(codec, codec == .h264 ? 5 : 19, size, &generator)
        let picture = (sets + [slice]).reduce(into: [UInt8]()) { $0 += [0, 0, 0, 1] + $1 }
        let payloads = try packetiser.payloads(of: picture)
        #expect(payloads.allSatisfy { $0.bytes.count <= 400 && !$0.bytes.isEmpty })
        #expect(payloads.map(\.isLast) == Array(repeating: false, count: payloads.count - 1) + [true])
        #expect(try depacketise(payloads, codec) == sets + [slice], "size \(size)")
        // The parameter sets share one packet.
        let header = codec == .h264 ? 1 : 2
        let room = 400 - header - 1
        #expect(payloads.count == 1 + (size <= 400 ? 1 : (size - header + room - 1) / room))
    }
}

@Test(arguments: [VideoCodec.h264, .h265]) func largeParameterSetsAndSeveralSlicesComeBack(_ codec: VideoCodec) throws {
    var generator = SeededGenerator(seed: 265)
    let set: UInt8 = codec == .h264 ? 7 : 33
    let slice: UInt8 = codec == .h264 ? 1 : 1
    for sizes in [[390, 20, 300], [200, 199, 50], [500, 10, 900], [396, 397, 398], [399, 400, 401]] {
        let units = [
            unit(codec, set, sizes[0], &generator), unit(codec, set, sizes[1], &generator), unit(codec, slice, sizes[2], &generator),
        ]
        let picture = units.reduce(into: [UInt8]()) { $0 += [0, 0, 1] + $1 }
        #expect(try depacketise(Packetiser(codec: codec, maxPayloadBytes: 400).payloads(of: picture), codec) == units)
    }
}

@Test func delimitersAndPaddingBetweenUnitsStayAtHome() throws {
    let picture: [UInt8] = [0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x65, 1, 2, 3, 0, 0, 0, 0, 1, 0x41, 4]
    let payloads = try Packetiser(codec: .h264).payloads(of: picture)
    #expect(payloads.map(\.bytes) == [[0x65, 1, 2, 3], [0x41, 4]])
    #expect(try Packetiser(codec: .h264).payloads(of: []).isEmpty)
}

private func smallJPEG(scan: Int, sampling: UInt8 = 0x22, restart: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 132, 0] + (1...64).map { UInt8($0) } + [1] + (101...164).map { UInt8($0) }
    bytes += [0xFF, 0xC0, 0, 17, 8, 0, 90, 0, 160, 3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1]
    if restart > 0 { bytes += [0xFF, 0xDD, 0, 4, UInt8(restart >> 8), UInt8(restart & 255)] }
    bytes += [0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]
    return bytes + (0..<scan).map { UInt8($0 % 251) } + [0xFF, 0xD9]
}

@Test func aJPEGTravelsAsRFC2435Says() throws {
    for scan in [1, 250, 251, 260, 1000] {
        let payloads = try Packetiser(codec: .mjpeg, maxPayloadBytes: 400).payloads(of: smallJPEG(scan: scan))
        var data: [UInt8] = []
        for (index, payload) in payloads.enumerated() {
            let bytes = payload.bytes
            #expect(Int(bytes[1]) << 16 | Int(bytes[2]) << 8 | Int(bytes[3]) == data.count, "the offset counts the data before")
            #expect(Array(bytes[4..<8]) == [1, 255, 20, 12])
            if index == 0 {
                #expect(Array(bytes[8..<12]) == [0, 0, 0, 128])
                #expect(Array(bytes[12..<76]) == (1...64).map { UInt8($0) } && Array(bytes[76..<140]) == (101...164).map { UInt8($0) })
                data += bytes[140...]
            } else {
                data += bytes[8...]
            }
            #expect(bytes.count <= 400 && payload.isLast == (index == payloads.count - 1))
        }
        #expect(data == (0..<scan).map { UInt8($0 % 251) })
    }
    let restarting = try Packetiser(codec: .mjpeg).payloads(of: smallJPEG(scan: 10, sampling: 0x21, restart: 300))
    #expect(Array(restarting[0].bytes[4..<12]) == [64, 255, 20, 12, 1, 44, 0xFF, 0xFF])
}

@Test func whatRTPCannotCarryIsRefused() {
    let good = smallJPEG(scan: 10)
    var progressive = good
    progressive[137] = 0xC2
    #expect(good[136] == 0xFF && good[137] == 0xC0)
    for bad in [progressive, smallJPEG(scan: 10, sampling: 0x11), [], [0xFF, 0xD8], Array("no picture".utf8), smallJPEG(scan: 0)] {
        #expect(throws: Failure.self) { try Packetiser(codec: .mjpeg).payloads(of: bad) }
    }
    // Every truncation ends in an answer or a failure.
    for length in good.indices { _ = try? Packetiser(codec: .mjpeg).payloads(of: Array(good.prefix(length))) }
}
