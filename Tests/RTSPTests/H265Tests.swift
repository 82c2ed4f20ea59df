// H.265 packets become the pictures they were cut from.

import Base
import RTSP
import Testing

private let key = units(Coded.h265[0])
private let vps = key[0]
private let sps = key[1]
private let pps = key[2]
private let idr = units(Coded.h265[4])[3]
private let predicted = (1...3).map { units(Coded.h265[$0])[0] }

@Suite struct H265 {
    @Test(arguments: [20, 37, 60, 238, 1400], [true, false])
    func picturesComeOutAsTheyWentIn(maxBytes: Int, aggregates: Bool) throws {
        var reception = try Reception(.h265)
        let packer = Packer(isH265: true, maxBytes: maxBytes, aggregatesSets: aggregates)
        let pictures = Coded.h265.map(units)
        for (index, picture) in pictures.enumerated() { reception.send(packer.payloads(picture, 0xFFFF_F000 &+ UInt32(index) &* 6000)) }
        #expect(reception.sink.pictures.map(\.bytes) == pictures.map(annexB))
        #expect(reception.facts.map(\.kind) == [.key, .predicted, .predicted, .predicted, .key])
        #expect(reception.facts.map(\.nalCount) == [4, 1, 1, 1, 4])
        #expect(reception.facts.map(\.sizeBytes) == pictures.map { $0.reduce(0) { $0 + $1.count } })
        #expect(reception.sink.violations == [] && reception.depacketiser.problems.total == 0)
        #expect(reception.depacketiser.pictureSize == PictureSize(width: 64, height: 48))
    }

    @Test func goldenBytes() throws {
        var reception = try Reception(.h265)
        reception.send(Payload([0x60, 1, 0, 3, 0x40, 1, 0x0C, 0, 3, 0x42, 1, 0x01, 0, 3, 0x44, 1, 0xC1], 900))
        reception.send(Payload([0x62, 1, 0x93, 0xAF, 0x01], 900))
        reception.send(Payload([0x62, 1, 0x13, 0x02], 900))
        reception.send(Payload([0x62, 1, 0x53, 0x03], 900, marker: true))
        #expect(
            reception.sink.pictures.first?.bytes == [
                0, 0, 0, 1, 0x40, 1, 0x0C, 0, 0, 0, 1, 0x42, 1, 0x01, 0, 0, 0, 1, 0x44, 1, 0xC1, 0, 0, 0, 1, 0x26, 1, 0xAF, 1, 2, 3,
            ])
        #expect(reception.facts.map(\.kind) == [.key])
    }

    @Test func everyLostPacketIsNoticed() throws {
        let pictures = Coded.h265.map(units)
        let all = pictures.enumerated().flatMap { Packer(isH265: true, maxBytes: 40).payloads($1, UInt32($0) * 6000) }
        for missing in all.indices {
            var reception = try Reception(.h265, parameterSets: [vps, sps, pps])
            for (index, payload) in all.enumerated() {
                if index == missing { reception.lose() } else { reception.send(payload) }
            }
            reception.flush()
            let isSets = all[missing].bytes[0] == 96
            let whole = reception.sink.pictures.filter { $0.facts.completion == .complete && !$0.facts.isDamaged }
            #expect(whole.count == pictures.count - (isSets ? 0 : 1), "packet \(missing)")
            for picture in whole {
                #expect((picture.bytes == annexB(pictures[Int(picture.facts.timestamp / 6000)])) == true, "packet \(missing)")
            }
            #expect(reception.sink.violations == [])
        }
    }

    /// IRAP is key (BLA, IDR, CRA), all other slices are predicted.
    @Test func kinds() throws {
        for type in UInt8(0)...47 {
            var reception = try Reception(.h265)
            reception.send(Payload([type << 1, 1, 0x80, 0x55, 0x55], 0, marker: true))
            let expected: [PictureKind] = (16...21).contains(type) ? [.key] : type < 10 ? [.predicted] : []
            #expect(reception.facts.map(\.kind) == expected, "type \(type)")
            #expect(reception.facts.allSatisfy { $0.sliceType == nil })
        }
    }

    @Test func slicesAndMarkers() throws {
        let first: [UInt8] = [0x02, 1, 0x80, 1, 2, 3]
        let second: [UInt8] = [0x02, 1, 0x40, 4, 5, 6]
        var reception = try Reception(.h265)
        for timestamp in UInt32(0)..<4 {
            reception.send(Payload(first, timestamp, marker: true))
            reception.send(Payload(second, timestamp, marker: true))
        }
        reception.flush()
        #expect(reception.depacketiser.ignoresMarkers)
        #expect(reception.sink.pictures.map(\.bytes) == [annexB([first])] + Array(repeating: annexB([first, second]), count: 3))
    }

    @Test func startCodesWithinAUnit() throws {
        for stream in [
            vps + [0, 0, 0, 1] + sps + [0, 0, 1] + pps + [0, 0, 0, 1] + idr,
            [0, 0, 0, 1] + vps + [0, 0, 0, 1] + sps + [0, 0, 0, 1] + pps + [0, 0, 0, 1] + idr,
            [0, 0, 1] + vps + [0, 0, 1] + sps + [0, 0, 1] + pps + [0, 0, 1] + idr,
        ] {
            var reception = try Reception(.h265)
            reception.send(Payload(stream, 0, marker: true))
            #expect(reception.sink.pictures.map(\.bytes) == [annexB([vps, sps, pps, idr])])
            for size in 4...60 {
                var split = try Reception(.h265)
                split.send(Packer(isH265: true, maxBytes: size).payloads([stream], 0))
                split.flush()
                #expect(split.sink.pictures.map(\.bytes) == [annexB([vps, sps, pps, idr])], "packets of \(size)")
            }
        }
    }

    @Test func whatIsRefusedIsCounted() throws {
        var reception = try Reception(.h265)
        for type in UInt8(50)...63 { reception.send(Payload([type << 1, 1, 1, 2, 3], 0)) }
        #expect(reception.depacketiser.problems[.refusedPacking] == 14)
        reception.send(Payload([0x02], 0))
        reception.send(Payload([0x62, 1], 0))
        #expect(reception.depacketiser.problems[.shortPacket] == 2)
        reception.send(Payload([0x02, 0x09, 0x80, 1], 0))
        reception.send(Payload([0x03, 0x01, 0x80, 1], 0))
        #expect(reception.depacketiser.problems[.foreignLayer] == 2)
        reception.send(Payload([0x82, 1, 0x80, 1], 0))
        #expect(reception.depacketiser.problems[.forbiddenBit] == 1 && reception.sink.begun == 0)
        #expect(throws: Failure.self) { try Depacketiser(encoding: .h265, sendsOutOfOrder: true) }
    }

    @Test func parameterSetsThatChange() throws {
        var reception = try Reception(.h265, parameterSets: [pps, sps, vps])
        #expect(reception.depacketiser.parameterSets == annexB([vps, sps, pps]) && reception.depacketiser.parameterSetChanges == 3)
        reception.send(Payload(idr, 0, marker: true))
        #expect(reception.sink.pictures.last?.bytes == annexB([vps, sps, pps, idr]))
        var other = pps
        other[other.count - 1] ^= 0x40
        reception.send(Packer(isH265: true).payloads([other], 6000))
        reception.send(Payload(idr, 12_000, marker: true))
        #expect(reception.depacketiser.parameterSetChanges == 4)
        // The sets that came with the picture follow those that were known.
        #expect(reception.sink.pictures.last?.bytes == annexB([vps, sps, other, other, idr]))
    }
}
