// Packets that were bent, cut, doubled, swapped and mixed up. Nothing may trap, no cap may be broken, nothing hurt may be called whole.
// SNOWLIGHT_FUZZ_INPUTS=1000000 makes the run long: with ConversationFuzzTests it takes 7 minutes in a release build on a busy machine of two
// cores, and nothing was found.

import Base
import Foundation
import RTSP
import Testing

private let inputs = ProcessInfo.processInfo.environment["SNOWLIGHT_FUZZ_INPUTS"].flatMap { Int($0) } ?? 20_000

/// Packets of one stream as its camera sends them.
private struct Corpus: Sendable {
    var kind: DepacketiserKind
    var packets: [[UInt8]]
    /// The bytes of each picture by its timestamp, without what may be missing or doubled: parameter sets and headers.
    var pictures: [UInt32: [[UInt8]]]

    init(_ kind: DepacketiserKind, _ payloads: [[Payload]], pictures: [[[UInt8]]], firstSequence: UInt16 = 65_500) {
        self.kind = kind
        packets = payloads.joined().enumerated().map {
            rtp($1.bytes, sequence: firstSequence &+ UInt16($0), timestamp: $1.timestamp, marker: $1.marker)
        }
        self.pictures = Dictionary(
            uniqueKeysWithValues: zip(payloads, pictures).map { ($0.first?.timestamp ?? 0, essence($1, kind)) })
    }

    static func jpeg(_ maxBytes: Int) -> Corpus {
        let scan = Array(Coded.jpeg420[0].dropLast(2).suffix(400))
        let payloads = (UInt32(0)..<4).map { time in
            stride(from: 0, to: scan.count, by: maxBytes).map { offset in
                let head: [UInt8] = [0, 0, UInt8(offset >> 8), UInt8(offset & 255), time % 2 == 0 ? 1 : 65, time < 2 ? 255 : 40, 6, 4]
                let restart: [UInt8] = time % 2 == 0 ? [] : [0, 4, 0xFF, 0xFF]
                let tables: [UInt8] = offset == 0 && time < 2 ? [0, 0, 0, 128] + [UInt8](repeating: 9, count: 128) : []
                return Payload(
                    head + restart + tables + scan[offset..<min(offset + maxBytes, scan.count)], time,
                    marker: offset + maxBytes >= scan.count)
            }
        }
        return Corpus(.jpeg, payloads, pictures: Array(repeating: [scan], count: 4))
    }
}

/// The slices of a picture, or the scan of a JPEG.
private func essence(_ units: [[UInt8]], _ kind: DepacketiserKind) -> [[UInt8]] {
    switch kind {
    case .h264: units.filter { $0[0] & 31 < 6 }
    case .h265: units.filter { $0[0] >> 1 < 32 }
    case .jpeg: units
    }
}

private let corpora: [Corpus] = {
    var result: [Corpus] = []
    for maxBytes in [20, 64, 1400] {
        for pictures in [Coded.h264.map(units), Coded.h264Slices.map(units)] {
            let packer = Packer(maxBytes: maxBytes, aggregatesSets: maxBytes != 64)
            result.append(
                Corpus(.h264, pictures.enumerated().map { packer.payloads($1, UInt32($0) &* 6000 &- 6000) }, pictures: pictures))
        }
        let h265 = Coded.h265.map(units)
        let packer = Packer(isH265: true, maxBytes: maxBytes)
        result.append(Corpus(.h265, h265.enumerated().map { packer.payloads($1, UInt32($0) &* 6000 &- 6000) }, pictures: h265))
        result.append(.jpeg(maxBytes))
    }
    let sets = units(Coded.h264[4])
    let whole = [sets[0] + [0, 0, 0, 1] + sets[1] + [0, 0, 1] + sets[2]]
    result.append(Corpus(.h264, [Packer(maxBytes: 50).payloads(whole, 0)], pictures: [sets]))
    return result
}()

/// What is done to the packets of a stream.
private enum Harm: CaseIterable { case flip, cut, grow, length, drop, double, swap, splice }

private func harm(_ packets: inout [[UInt8]], _ kinds: [Harm], _ generator: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...6, using: &generator) where packets.count > 1 {
        let at = Int.random(in: 0..<packets.count, using: &generator)
        let count = packets[at].count
        switch kinds.randomElement(using: &generator)! {
        case .flip:
            guard count > 0 else { continue }
            packets[at][Int.random(in: 0..<count, using: &generator)] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case .cut: packets[at].removeLast(Int.random(in: 0...count, using: &generator))
        case .grow:
            packets[at] += (0..<Int.random(in: 1...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        case .length:
            // The first bytes hold every length, type and offset there is.
            guard count > 0 else { continue }
            packets[at][Int.random(in: 0..<min(count, 24), using: &generator)] = [0, 1, 127, 128, 255].randomElement(using: &generator)!
        case .drop: packets.remove(at: at)
        case .double: packets.insert(packets[at], at: Int.random(in: at..<min(at + 4, packets.count), using: &generator))
        case .swap: packets.swapAt(at, Int.random(in: max(0, at - 3)...at, using: &generator))
        case .splice:
            let other = corpora.randomElement(using: &generator)!.packets.randomElement(using: &generator)!
            let keep = Int.random(in: 0...count, using: &generator)
            packets[at] = Array(packets[at].prefix(keep) + other.dropFirst(min(keep, other.count)))
        }
    }
}

@Suite struct MediaFuzz {
    /// Any harm: no trap, the sink's contract, the caps.
    @Test func anythingGoesAndNothingBreaks() throws {
        for input in 0..<inputs {
            let seed = 0x5EED_0000 &+ UInt64(input)
            var generator = SeededGenerator(seed: seed)
            let corpus = corpora.randomElement(using: &generator)!
            var packets = corpus.packets
            harm(&packets, Harm.allCases, &generator)
            var sink = RecordingSink(wantsKey: Bool.random(using: &generator), wantsPredicted: Bool.random(using: &generator))
            sink.keepsPictures = false
            // Now and then the packets go to a depacketiser of another codec.
            let kind =
                Int.random(in: 0..<10, using: &generator) == 0 ? DepacketiserKind.allCases.randomElement(using: &generator)! : corpus.kind
            var reception = try Reception(kind, width: Int.random(in: 0...4000, using: &generator), height: 600, sink: sink)
            var metadata = MetadataDepacketiser()
            for packet in packets {
                reception.take(packet)
                let bytes = packet.span
                _ = RTCPContents(bytes, 0..<bytes.count)
                if let header = RTPHeader(bytes, 0..<bytes.count) {
                    let isInside = 12 <= header.payload.lowerBound && header.payload.upperBound <= bytes.count
                    #expect(isInside, "seed \(seed)")
                    let document = metadata.receive(bytes, header, gap: Bool.random(using: &generator))
                    #expect(document.map { $0.bytes.count <= MetadataDepacketiser.mostDocumentBytes } ?? true, "seed \(seed)")
                }
            }
            reception.flush()
            let isSound =
                reception.sink.violations.isEmpty && !reception.sink.isOpen && reception.sink.begun == reception.sink.ended
                && reception.sink.mostBytes <= 8 * 1024 * 1024 + 32 * 1024 && reception.depacketiser.parameterSets.count <= 8192
            #expect(isSound, "seed \(seed): \(reception.sink.violations)")
            _ = reception.depacketiser.pictureSize
            if !isSound { return }
        }
    }

    /// Packets that are only lost, doubled or swapped: what is called complete and undamaged is what the camera sent.
    @Test func whatIsCalledWholeIsWhole() throws {
        for input in 0..<inputs / 4 {
            let seed = 0xFACE_0000 &+ UInt64(input)
            var generator = SeededGenerator(seed: seed)
            let corpus = corpora.randomElement(using: &generator)!
            var packets = corpus.packets
            harm(&packets, [.drop, .drop, .double, .swap], &generator)
            var reception = try Reception(corpus.kind)
            for packet in packets { reception.take(packet) }
            reception.flush()
            for picture in reception.sink.pictures where picture.facts.completion == .complete && !picture.facts.isDamaged {
                let came: [[UInt8]]
                if corpus.kind == .jpeg {
                    // Behind the scan header, without the end marker.
                    came = [Array(picture.bytes.dropLast(2).suffix(picture.facts.sizeBytes))]
                } else {
                    came = essence(units(picture.bytes), corpus.kind)
                }
                let isWhole = came == corpus.pictures[picture.facts.timestamp]
                #expect(isWhole, "seed \(seed)")
                if !isWhole { return }
            }
        }
    }

    /// Bytes without any sense, in packets with a sound header, so that each parser's depths are reached.
    @Test func noise() throws {
        for input in 0..<inputs / 10 {
            let seed = 0xB0B_0000 &+ UInt64(input)
            var generator = SeededGenerator(seed: seed)
            var reception = try Reception(DepacketiserKind.allCases.randomElement(using: &generator)!)
            reception.sink.keepsPictures = false
            // Few values, so that start codes and small lengths come up often.
            let alphabet: [UInt8] = [0, 0, 0, 1, 1, 3, 0x1C, 0x41, 0x65, 0x67, 0x68, 0x78, 0x7C, 0x85, 0x45, 0x62, 0x60, 0xFF, 0x42, 0x26]
            for _ in 0..<Int.random(in: 1...20, using: &generator) {
                let length = Int.random(in: 0...80, using: &generator)
                let payload = (0..<length).map { _ in alphabet.randomElement(using: &generator)! }
                reception.send(Payload(payload, UInt32.random(in: 0...3, using: &generator), marker: Bool.random(using: &generator)))
                if Int.random(in: 0..<8, using: &generator) == 0 { reception.lose() }
            }
            reception.flush()
            let isSound = reception.sink.violations.isEmpty && reception.sink.begun == reception.sink.ended
            #expect(isSound, "seed \(seed): \(reception.sink.violations)")
            if !isSound { return }
        }
    }

    /// Parameter sets of every length and with every bit turned: sizes are read or refused.
    @Test func parameterSetsOfAnyShape() {
        let sets =
            (units(Coded.h264[0]) + units(Coded.h264High[0])).prefix { $0[0] != 6 }.map { ($0, false) }
            + units(Coded.h265[0]).map { ($0, true) }
        for (set, isH265) in sets {
            for length in 0...set.count { _ = PictureSize(parameterSet: Array(set.prefix(length)), isH265: isH265) }
            for bit in 0..<set.count * 8 {
                var bent = set
                bent[bit / 8] ^= 0x80 >> UInt8(bit % 8)
                let size = PictureSize(parameterSet: bent, isH265: isH265)
                #expect(size.map { (1...65_535).contains($0.width) && (1...65_535).contains($0.height) } ?? true)
            }
        }
    }
}
