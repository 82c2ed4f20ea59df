// What cameras make of H.264 in RTP, and what becomes of it.

import RTSP
import Testing

extension H264 {
    @Suite struct Quirks {
        @Test func noMarkersAtAll() throws {
            var reception = try Reception(.h264)
            for (index, picture) in slices.enumerated() {
                reception.send(Packer(maxBytes: 60).payloads(picture, UInt32(index) * 6000).map { Payload($0.bytes, $0.timestamp) })
            }
            #expect(reception.sink.pictures.map(\.bytes) == slices.dropLast().map(annexB))
            reception.flush()
            #expect(reception.sink.pictures.map(\.bytes) == slices.map(annexB))
            // Nothing says that the last one was whole when the connection ended.
            #expect(reception.completions == [.complete, .complete, .lost] && reception.facts.map(\.isDamaged) == [false, false, true])
        }

        @Test func markersOnEachUnitAreLearnt() throws {
            var reception = try Reception(.h264)
            for round in 0..<3 {
                for (index, picture) in slices.enumerated() {
                    let timestamp = UInt32(round * 3 + index) * 6000
                    for unit in picture {
                        var fragments = Packer(maxBytes: 60).fragments(unit).map { Payload($0, timestamp) }
                        fragments[fragments.count - 1].marker = true
                        reception.send(fragments)
                    }
                }
            }
            reception.flush()
            #expect(reception.depacketiser.ignoresMarkers && reception.depacketiser.problems[.earlyMarker] == 1)
            // The first picture ended with its first slice; then the depacketiser knew better.
            #expect(reception.sink.pictures[0].bytes == annexB(Array(slices[0].prefix(4))))
            #expect(reception.sink.pictures.dropFirst().map(\.bytes) == (1..<9).map { annexB(slices[$0 % 3]) })
            #expect(reception.facts.allSatisfy { $0.completion == .complete && !$0.isDamaged })
        }

        @Test func markersOnParameterSetsEndNothing() throws {
            var reception = try Reception(.h264)
            for unit in [sps, pps] { reception.send(Payload(unit, 0, marker: true)) }
            reception.send(Payload(idr, 0, marker: true))
            reception.send(Payload(predicted[0], 6000, marker: true))
            #expect(reception.sink.pictures.map(\.bytes) == [annexB([sps, pps, idr]), annexB([predicted[0]])])
            #expect(!reception.depacketiser.ignoresMarkers)
        }

        @Test func parameterSetsOfAnEarlierTimestampBelongToTheNextPicture() throws {
            var reception = try Reception(.h264)
            reception.send(Payload(predicted[0], 0, marker: true))
            for unit in [sps, pps] { reception.send(Payload(unit, 0)) }
            reception.send(Payload(idr, 6000, marker: true))
            #expect(reception.sink.pictures.map(\.bytes) == [annexB([predicted[0]]), annexB([sps, pps, idr])])
        }

        @Test func timestampsThatStandStill() throws {
            var reception = try Reception(.h264)
            for picture in [[sps, pps, idr], [predicted[0]], [predicted[1]], [sps, pps, idr]] {
                reception.send(Packer(maxBytes: 60).payloads(picture, 4711))
            }
            #expect(reception.facts.map(\.kind) == [.key, .predicted, .predicted, .key] && !reception.depacketiser.ignoresMarkers)
            // Without markers, parameter sets and delimiters still tell.
            for unit in [[9, 0xF0], predicted[0], [9, 0xF0], sps, pps, idr, [9, 0xF0], predicted[1]] { reception.send(Payload(unit, 4711)) }
            reception.flush()
            #expect(reception.facts.dropFirst(4).map(\.kind) == [.predicted, .key, .predicted])
        }

        @Test func endBitsThatAreNeverSet() throws {
            var reception = try Reception(.h264)
            let packer = Packer(maxBytes: 60, setsEndBit: false)
            for (index, picture) in slices.enumerated() { reception.send(packer.payloads(picture, UInt32(index) * 6000)) }
            reception.flush()
            #expect(reception.sink.pictures.map(\.bytes) == slices.map(annexB))
            #expect(reception.facts.allSatisfy { $0.completion == .complete && !$0.isDamaged })
            #expect(reception.depacketiser.problems[.unendedFragment] > 0)
        }

        /// V380 and others fragment a whole Annex B picture as if it were one unit; every split point of every start code.
        @Test func startCodesWithinAUnit() throws {
            let streams: [[UInt8]] = [
                sps + [0, 0, 0, 1] + pps + [0, 0, 0, 1] + idr, sps + [0, 0, 1] + pps + [0, 0, 1] + idr,
                [0, 0, 0, 1] + sps + [0, 0, 0, 1] + pps + [0, 0, 0, 1] + idr, [0, 0, 1] + sps + [0, 0, 1] + pps + [0, 0, 0, 0, 1] + idr,
                [9, 0xF0, 0, 0, 0, 1] + sps + [0, 0, 0, 1] + pps + [0, 0, 1] + idr,
            ]
            for stream in streams {
                var whole = try Reception(.h264)
                whole.send(Payload(stream, 0, marker: true))
                #expect(whole.sink.pictures.map(\.bytes) == [annexB([sps, pps, idr])])
                #expect(whole.facts.map(\.kind) == [.key] && whole.facts.allSatisfy { !$0.isDamaged })
                for size in 3...60 {
                    var reception = try Reception(.h264)
                    reception.send(Packer(maxBytes: size).payloads([stream], 0))
                    #expect(reception.sink.pictures.map(\.bytes) == [annexB([sps, pps, idr])], "packets of \(size)")
                }
            }
            var predictedOnly = try Reception(.h264)
            predictedOnly.send(Payload([0, 0, 0, 1] + predicted[0], 0, marker: true))
            #expect(predictedOnly.sink.pictures.map(\.bytes) == [annexB([predicted[0]])])
            #expect(predictedOnly.depacketiser.problems[.startCode] == 1)
        }

        @Test func whatIsRefusedIsCounted() throws {
            var reception = try Reception(.h264)
            for type: UInt8 in [25, 26, 27, 29, 30, 31] { reception.send(Payload([0x60 | type, 0, 0, 1, 2, 3], 0)) }
            #expect(reception.depacketiser.problems[.refusedPacking] == 6)
            reception.send(Payload([], 0))
            reception.send(Payload([0x7C], 0))
            #expect(reception.depacketiser.problems[.shortPacket] == 2)
            reception.send(Payload([0xE5, 0x88, 0x84], 0, marker: true))
            reception.send(Payload([0xFC, 0x85, 0x88, 0x84], 0, marker: true))
            #expect(reception.depacketiser.problems[.forbiddenBit] == 2)
            reception.send(Payload([0x6E, 1, 2, 3], 0))
            reception.send(Payload([0x74, 1, 2, 3], 0))
            #expect(reception.depacketiser.problems[.foreignLayer] == 2)
            reception.send(Payload([0x60, 1, 2, 3], 0))
            #expect(reception.depacketiser.problems.total == 13 && reception.depacketiser.problems.last == .refusedPacking)
            #expect(reception.sink.begun == 0)
            reception.send(Payload([12] + [UInt8](repeating: 255, count: 20_000), 0))
            #expect(reception.depacketiser.problems.total == 13, "filler is nothing wrong")
        }

        @Test func damagedAggregations() throws {
            let cases: [([UInt8], MediaProblem)] = [
                ([0x78, 0, 0, 0, 2, 0x68, 0xCE], .emptyUnit), ([0x78, 0, 2, 0x68, 0xCE, 0, 9, 0x65, 0x88], .overlongUnit),
                ([0x78, 0, 2, 0x68, 0xCE, 0, 2, 0x78, 1], .refusedPacking), ([0x78, 0, 2, 0xE8, 0xCE], .forbiddenBit),
            ]
            for (bytes, problem) in cases {
                var reception = try Reception(.h264)
                reception.send(Payload(bytes, 0))
                reception.send(Payload(idr, 0, marker: true))
                #expect(reception.depacketiser.problems[problem] == 1 && reception.depacketiser.problems.total == 1)
                #expect(reception.completions == [.complete])
            }
            var reception = try Reception(.h264)
            reception.send(Payload(Packer().aggregation([sps, pps, idr]) + [0, 200, 0x65], 0, marker: true))
            #expect(reception.facts.map(\.isDamaged) == [true])
        }

        @Test func severalPicturesInOneAggregationWithoutMarkers() throws {
            var reception = try Reception(.h264)
            reception.send(
                Payload(Packer().aggregation([[9, 0x10], idr, [9, 0x30], predicted[0], [9, 0x30], predicted[1]]), 0, marker: true))
            #expect(reception.sink.pictures.map(\.bytes) == [annexB([idr]), annexB([predicted[0]]), annexB([predicted[1]])])
        }

        /// GStreamer with `config-interval=-1` repeats the sets in front of every slice of a key picture, all with one timestamp.
        @Test(arguments: [true, false]) func parameterSetsBetweenTheSlicesOfAPictureEndNothing(aggregates: Bool) throws {
            let pictures = Coded.h264Slices.map(units)
            let sets = pictures[0].filter { $0[0] & 31 == 7 || $0[0] & 31 == 8 }
            let slices = pictures[0].filter { $0[0] & 31 == 5 }
            #expect(sets.count == 2 && slices.count > 1)
            let packer = Packer(maxBytes: 100, aggregatesSets: aggregates)
            var reception = try Reception(.h264)
            reception.send(packer.payloads(slices.flatMap { sets + [$0] }, 0))
            reception.send(packer.payloads(pictures[1], 6000))
            reception.flush()
            #expect(reception.facts.map(\.kind) == [.key, .predicted])
            #expect(reception.facts.allSatisfy { $0.completion == .complete && !$0.isDamaged })
            #expect(reception.sink.pictures.map(\.bytes) == [annexB(sets + slices), annexB(pictures[1])])
        }

        @Test func packetsOfAnotherPayloadTypeArePassedOver() throws {
            var depacketiser = try Depacketiser(encoding: .h264, payloadType: 96)
            var sink = RecordingSink()
            for (number, type) in [UInt8(96), 50, 96].enumerated() {
                let packet = rtp(idr, sequence: UInt16(number), timestamp: UInt32(number), marker: true, payloadType: type)
                depacketiser.receive(packet.span, RTPHeader(packet.span, 0..<packet.count)!, gap: false, into: &sink)
            }
            #expect(sink.begun == 2 && depacketiser.problems[.foreignPayload] == 1)
        }
    }
}
