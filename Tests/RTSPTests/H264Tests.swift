// H.264 packets become the pictures they were cut from, whatever the camera makes of RFC 6184.

import RTSP
import Testing

/// The units that these tests are made of.
enum H264 {
    static let sps = units(Coded.h264[0])[0]
    static let pps = units(Coded.h264[0])[1]
    static let idr = units(Coded.h264[4])[2]
    static let predicted = (1...3).map { units(Coded.h264[$0])[0] }
    static let slices = Coded.h264Slices.map(units)

    @Suite struct RoundTrips {
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

    @Suite struct Losses {
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
                            other == index
                                ? Payload(Array(payload.bytes.prefix(length)), payload.timestamp, marker: payload.marker) : payload)
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
}
