// H.264 packets become the pictures they were cut from, whatever the camera makes of RFC 6184.

import RTSP
import Testing

private let sps = units(Coded.h264[0])[0]
private let pps = units(Coded.h264[0])[1]
private let idr = units(Coded.h264[4])[2]
private let predicted = (1...3).map { units(Coded.h264[$0])[0] }
private let slices = Coded.h264Slices.map(units)

@Suite struct H264RoundTrips {
    /// Every size of packet, with and without aggregation, from a sequence number and a timestamp that wrap on the way.
    @Test(arguments: [20, 21, 37, 60, 150, 263, 264, 2000], [true, false])
    func picturesComeOutAsTheyWentIn(maxBytes: Int, aggregates: Bool) throws {
        var reception = try Reception(.h264)
        let packer = Packer(maxBytes: maxBytes, aggregatesSets: aggregates)
        let pictures = Coded.h264.map(units) + Coded.h264Slices.map(units)
        var timestamp: UInt32 = 0xFFFF_FFFF - 9000
        for picture in pictures {
            reception.send(packer.payloads(picture, timestamp))
            timestamp &+= 6000
        }
        #expect(reception.sink.pictures.map(\.bytes) == pictures.map(annexB))
        #expect(reception.facts.map(\.kind) == [.key, .predicted, .predicted, .predicted, .key, .key, .predicted, .predicted])
        #expect(reception.facts.allSatisfy { !$0.isDamaged && !$0.followsGap && $0.completion == .complete })
        #expect(reception.facts.map(\.nalCount) == pictures.map(\.count))
        #expect(reception.facts.map(\.sizeBytes) == pictures.map { $0.reduce(0) { $0 + $1.count } })
        #expect(reception.facts.map(\.sliceType) == [.i, .p, .p, .p, .i, .i, .p, .p])
        #expect(reception.facts[2].timestamp == UInt32(0xFFFF_FFFF - 9000) &+ 12_000)
        #expect(reception.sink.violations == [] && reception.depacketiser.problems.total == 0)
    }

    @Test func goldenBytes() throws {
        var reception = try Reception(.h264)
        reception.send(Payload([0x78, 0, 4, 0x67, 0x42, 0xC0, 0x0A, 0, 2, 0x68, 0xCE], 900))
        reception.send(Payload([0x7C, 0x85, 0x88, 0x84, 0x01], 900))
        reception.send(Payload([0x7C, 0x05, 0x02, 0x03], 900))
        reception.send(Payload([0x7C, 0x45, 0x04], 900, marker: true))
        #expect(
            reception.sink.pictures.first?.bytes == [
                0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x0A, 0, 0, 0, 1, 0x68, 0xCE, 0, 0, 0, 1, 0x65, 0x88, 0x84, 1, 2, 3, 4,
            ])
    }

    @Test func unwantedPicturesAreCountedAlike() throws {
        var wanted = try Reception(.h264)
        var unwanted = try Reception(.h264, sink: RecordingSink(wantsKey: true, wantsPredicted: false))
        for (index, picture) in Coded.h264.enumerated() {
            let payloads = Packer(maxBytes: 30).payloads(units(picture), UInt32(index) * 6000)
            wanted.send(payloads)
            unwanted.send(payloads)
        }
        #expect(wanted.facts == unwanted.facts)
        #expect(unwanted.sink.pictures[1].bytes.isEmpty && unwanted.sink.pictures[4].bytes == wanted.sink.pictures[4].bytes)
        #expect(unwanted.sink.violations == [])
    }
}

@Suite struct H264Losses {
    /// Each single packet of two pictures is lost in turn: what is called complete and undamaged is exactly what was sent.
    @Test(arguments: [25, 60, 120]) func everyLostPacketIsNoticed(maxBytes: Int) throws {
        for coded in [Coded.h264.map(units), slices] {
            // Without makers' information, whose loss does no harm.
            let pictures = coded.map { $0.filter { $0[0] != 6 } }
            let packets = pictures.enumerated().map { Packer(maxBytes: maxBytes).payloads($1, UInt32($0) * 6000) }
            let all = Array(packets.joined())
            for missing in all.indices {
                var reception = try Reception(.h264, parameterSets: [sps, pps])
                for (index, payload) in all.enumerated() {
                    if index == missing { reception.lose() } else { reception.send(payload) }
                }
                reception.flush()
                #expect(reception.sink.violations == [], "packet \(missing)")
                let hurt = Int(all[missing].timestamp / 6000)
                let isSets = all[missing].bytes[0] == 0x78
                let isWhole = reception.facts.filter { $0.completion == .complete && !$0.isDamaged }
                // A lost packet of parameter sets costs nothing, as they are known.
                #expect(isWhole.count == pictures.count - (isSets ? 0 : 1), "packet \(missing)")
                for picture in reception.sink.pictures where picture.facts.completion == .complete && !picture.facts.isDamaged {
                    let index = Int(picture.facts.timestamp / 6000)
                    #expect(index != hurt || isSets, "packet \(missing)")
                    let sent =
                        isSets && index == hurt
                        ? annexB([sps, pps]) + annexB(Array(pictures[index].dropFirst(2))) : annexB(pictures[index])
                    #expect((picture.bytes == sent) == true, "packet \(missing)")
                }
                if hurt + 1 < pictures.count, missing > 0, !isSets {
                    #expect(reception.facts.first { $0.timestamp == UInt32(hurt + 1) * 6000 }?.followsGap == true, "packet \(missing)")
                }
            }
        }
    }

    /// Makers' information in front of a picture is lost in part: the picture is whole all the same, and no half unit is handed on.
    @Test func lostInformationDoesNoHarm() throws {
        let information = units(Coded.h264[0])[2]
        let packets = Packer(maxBytes: 60).payloads([sps, pps, information, idr], 0)
        for missing in packets.indices where packets[missing].bytes[1] & 31 == 6 {
            var reception = try Reception(.h264)
            for (index, payload) in packets.enumerated() {
                if index == missing { reception.lose() } else { reception.send(payload) }
            }
            #expect((reception.sink.pictures.map(\.bytes) == [annexB([sps, pps, idr])]) == true, "packet \(missing)")
            #expect(reception.facts.map(\.followsGap) == [true])
        }
    }

    @Test func aTruncatedPacketNeverTraps() throws {
        let packets = Packer(maxBytes: 60).payloads(units(Coded.h264[0]), 1)
        for (index, packet) in packets.enumerated() {
            for length in 0..<packet.bytes.count {
                var reception = try Reception(.h264)
                for (other, payload) in packets.enumerated() {
                    reception.send(
                        other == index ? Payload(Array(payload.bytes.prefix(length)), payload.timestamp, marker: payload.marker) : payload)
                }
                reception.flush()
                #expect(reception.sink.violations == [] && !reception.sink.isOpen && reception.sink.begun == reception.sink.ended)
            }
        }
    }

    @Test func joiningInTheMiddleIsNoLoss() throws {
        var reception = try Reception(.h264)
        let packets = Packer(maxBytes: 40).payloads([idr], 0)
        reception.send(Array(packets.dropFirst(2)))
        reception.send(Packer(maxBytes: 40).payloads([predicted[0]], 6000))
        #expect(reception.facts.map(\.kind) == [.predicted])
        #expect(reception.depacketiser.problems[.headlessPicture] == 0)
    }

    @Test func flushEndsWhatIsOpen() throws {
        var reception = try Reception(.h264)
        let packets = Packer(maxBytes: 40).payloads([idr], 0)
        reception.send(Array(packets.dropLast()))
        #expect(reception.sink.isOpen)
        reception.flush()
        #expect(reception.completions == [.lost] && !reception.sink.isOpen)
        reception.flush()
        #expect(reception.completions == [.lost])
        reception.send(packets)
        #expect(reception.completions == [.lost, .complete])
    }

    @Test func restartOfTheCameraGivesUpThePicture() throws {
        var reception = try Reception(.h264)
        let packets = Packer(maxBytes: 40).payloads([idr], 0)
        reception.send(Array(packets.prefix(3)))
        reception.lose(20_000)
        reception.send(Packer(maxBytes: 40).payloads([predicted[0]], 77))
        reception.send(Packer(maxBytes: 40).payloads([idr], 6077))
        #expect(reception.completions == [.lost, .complete])
        #expect(reception.tracker.restarts == 1 && reception.facts[1].followsGap && reception.facts[1].kind == .key)
    }
}

@Suite struct H264Quirks {
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

@Suite struct H264KeyPictures {
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

/// An Exp-Golomb code, filled up with zero bits.
func exponential(_ value: UInt32) -> [UInt8] {
    let code = String(value + 1, radix: 2)
    var bits = String(repeating: "0", count: code.count - 1) + code
    while bits.count % 8 != 0 { bits += "0" }
    return stride(from: 0, to: bits.count, by: 8).map { UInt8(bits.dropFirst($0).prefix(8), radix: 2)! }
}

@Suite struct H264Caps {
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
