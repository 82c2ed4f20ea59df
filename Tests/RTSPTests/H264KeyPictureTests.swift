// Which pictures of H.264 are key pictures, what stands in front of them, and how large a picture may be.

import RTSP
import Testing

extension H264 {
    @Suite struct KeyPictures {
        /// An I slice under the type of a slice that is no IDR; its header is all that is looked at.
        private let intra: [UInt8] = [0x41, 0x88, 0x84, 0x21, 0xA0, 0x55]
        /// Recovery point with recovery_frame_cnt 0, behind a message of another type.
        private let recovery: [UInt8] = [0x06, 5, 3, 1, 2, 3, 6, 1, 0xC4, 0x80]

        @Test func intraPicturesBehindAnSPSOrARecoveryPoint() throws {
            let cases: [([[UInt8]], PictureKind)] = [
                ([sps, pps], .key), ([recovery], .key), ([pps], .predicted), ([], .predicted), ([[0x06, 5, 3, 1, 2, 3, 0x80]], .predicted),
                ([[0x06, 6, 1, 0x24, 0x80]], .predicted),
            ]
            for (leading, kind) in cases {
                var reception = try Reception(.h264)
                reception.send(Packer(maxBytes: 500).payloads(leading + [intra], 0))
                #expect(reception.facts.map(\.kind) == [kind])
                #expect(reception.facts.map(\.sliceType) == [.i])
                var other = try Reception(.h264)
                other.send(Packer(maxBytes: 500).payloads(leading + [predicted[0]], 0))
                #expect(other.facts.map(\.kind) == [.predicted], "slices of type P")
            }
        }

        @Test func descriptionsParameterSetsPrecedeKeyPicturesWithoutTheirOwn() throws {
            for described in [[sps, pps], [[0, 0, 0, 1] + sps, [0, 0, 1] + pps], [pps, sps]] {
                var reception = try Reception(.h264, parameterSets: described)
                #expect(reception.depacketiser.parameterSets == annexB([sps, pps]))
                reception.send(Payload(idr, 0, marker: true))
                reception.send(Payload(predicted[0], 6000, marker: true))
                #expect(reception.sink.pictures.map(\.bytes) == [annexB([sps, pps, idr]), annexB([predicted[0]])])
                #expect(reception.facts.map(\.sizeBytes) == [idr.count, predicted[0].count])
            }
        }

        @Test func parameterSetsThatChangeInMidStream() throws {
            let other = units(Coded.h264High[0])
            var reception = try Reception(.h264, parameterSets: [sps, pps])
            #expect(reception.depacketiser.parameterSetChanges == 2)
            #expect(reception.depacketiser.pictureSize == PictureSize(width: 64, height: 48))
            reception.send(Packer(maxBytes: 60).payloads([sps, pps, idr], 0))
            #expect(reception.depacketiser.parameterSetChanges == 2)
            reception.send(Packer(maxBytes: 60).payloads([other[0], other[1], idr], 6000))
            #expect(reception.depacketiser.parameterSetChanges == 4)
            #expect(reception.depacketiser.parameterSets == annexB(other))
            #expect(reception.depacketiser.pictureSize == PictureSize(width: 98, height: 50))
            reception.send(Payload(idr, 12_000, marker: true))
            #expect(reception.sink.pictures.last?.bytes == annexB(other + [idr]))
            // Unwanted pictures change them as well.
            reception.sink.wantsKey = false
            reception.send(Packer(maxBytes: 60).payloads([sps, pps, idr], 18_000))
            #expect(reception.depacketiser.parameterSets == annexB([sps, pps]))
        }

        @Test func parameterSetsAreCapped() throws {
            var reception = try Reception(.h264)
            for number in 0..<2000 {
                reception.send(Payload([0x68] + exponential(UInt32(number)) + [UInt8](repeating: 0x55, count: 300), 0, marker: true))
            }
            #expect(reception.depacketiser.parameterSets.count <= 8192)
            #expect(reception.depacketiser.parameterSetChanges < 40)
        }

        @Test func longPrefixesLoseInformationBeforeParameterSets() throws {
            let long: [UInt8] = [6, 5] + [UInt8](repeating: 0x55, count: 5000)
            var reception = try Reception(.h264)
            reception.send(Packer(maxBytes: 1400).payloads([long, long, sps, pps, idr], 0))
            #expect(reception.sink.pictures.map(\.bytes) == [annexB([long, sps, pps, idr])])
            #expect(reception.depacketiser.problems[.overlongPrefix] == 1)
            let longer: [UInt8] = [6, 5] + [UInt8](repeating: 0x55, count: 8180)
            reception.send(Packer(maxBytes: 1400).payloads([longer, sps, pps, idr], 6000))
            #expect(reception.sink.pictures.last?.bytes == annexB([sps, pps, idr]))
            #expect(reception.depacketiser.problems[.overlongPrefix] == 2)
        }
    }

    @Suite struct Caps {
        @Test(arguments: [true, false]) func picturesOfMoreThan8MiBAreGivenUp(isWanted: Bool) throws {
            var reception = try Reception(.h264, sink: RecordingSink(wantsKey: isWanted))
            let body = [UInt8](repeating: 0xAB, count: 60_000)
            reception.send(Payload([0x7C, 0x85] + body, 0))
            for _ in 0..<200 { reception.send(Payload([0x7C, 0x05] + body, 0)) }
            #expect(reception.completions == [.tooLarge])
            #expect(reception.sink.mostBytes <= 8 * 1024 * 1024 + 5)
            reception.send(Payload([0x7C, 0x45] + body, 0, marker: true))
            reception.send(Payload(predicted[0], 6000, marker: true))
            #expect(reception.completions == [.tooLarge, .complete] && reception.facts[1].followsGap)
        }

        @Test func picturesOfMoreThan1024UnitsAreGivenUp() throws {
            var reception = try Reception(.h264)
            for _ in 0..<2000 { reception.send(Payload([0x41, 0x9A, 0x21], 0)) }
            #expect(reception.completions == [.tooLarge] && reception.facts[0].nalCount == 1025)
        }
    }
}

/// An Exp-Golomb code, filled up with zero bits.
private func exponential(_ value: UInt32) -> [UInt8] {
    let code = String(value + 1, radix: 2)
    var bits = String(repeating: "0", count: code.count - 1) + code
    while bits.count % 8 != 0 { bits += "0" }
    return stride(from: 0, to: bits.count, by: 8).map { UInt8(bits.dropFirst($0).prefix(8), radix: 2)! }
}
