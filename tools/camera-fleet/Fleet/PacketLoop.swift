// One encoding as the bytes that go down the wire, made once and stamped for each camera on its way out.
// scene ─▶ pictures ─▶ encodings ─▶ **packets** ─▶ clients

import Media

/// What makes one camera's packets its own.
package struct StreamIdentity: Sendable, Equatable {
    package var ssrc: UInt32
    package var firstSequence: UInt16
    package var firstTimestamp: UInt32

    package init(ssrc: UInt32, firstSequence: UInt16, firstTimestamp: UInt32) {
        self.ssrc = ssrc
        self.firstSequence = firstSequence
        self.firstTimestamp = firstTimestamp
    }
}

/// The interleaved RTP packets of one loop, one behind the other, so that any run of pictures is one piece of memory.
///
/// Sequence number, timestamp, SSRC and channel are stamped in place just before a run is sent: no copy is made for a camera.
package struct PacketLoop: Sendable {
    /// `$`, channel, length (RFC 2326 §10.12) and the RTP header.
    package static let headerBytes = 16
    package private(set) var bytes: [UInt8] = []
    /// Where each packet begins, and the end.
    private var packetStarts: [Int] = []
    /// The number of each picture's first packet, and the number of packets.
    private var firstPackets: [Int] = []
    /// Each picture's time in 1/90,000 s since the loop began.
    private let ticks: [Int]
    /// Length of the loop in 1/90,000 s.
    package let loopTicks: Int
    package let payloadType: UInt8

    package init(_ loop: CodedLoop, maxPayloadBytes: Int = 1400) throws {
        let packetiser = Packetiser(codec: loop.codec, maxPayloadBytes: maxPayloadBytes)
        payloadType = loop.codec == .mjpeg ? 26 : 96
        ticks = loop.pictures.map(\.ticks)
        loopTicks = loop.loopTicks
        for picture in loop.pictures {
            firstPackets.append(packetStarts.count)
            for payload in try packetiser.payloads(of: picture.bytes) {
                packetStarts.append(bytes.count)
                let length = payload.bytes.count + 12
                bytes += [0x24, 0, UInt8(length >> 8), UInt8(length & 255), 0x80, payloadType | (payload.isLast ? 0x80 : 0)]
                bytes += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
                bytes += payload.bytes
            }
        }
        firstPackets.append(packetStarts.count)
        packetStarts.append(bytes.count)
    }

    package var pictureCount: Int { ticks.count }
    package var packetCount: Int { firstPackets[ticks.count] }

    /// The wire bytes of a run of pictures within one loop.
    package func byteRange(_ pictures: Range<Int>) -> Range<Int> {
        packetStarts[firstPackets[pictures.lowerBound]]..<packetStarts[firstPackets[pictures.upperBound]]
    }

    /// How many packets a run of pictures has.
    package func packetCount(_ pictures: Range<Int>) -> Int { firstPackets[pictures.upperBound] - firstPackets[pictures.lowerBound] }

    /// The sequence number of a picture's first packet; pictures are counted on over all loops.
    package func sequence(ofPicture number: Int, _ identity: StreamIdentity) -> UInt16 {
        let (loops, index) = number.quotientAndRemainder(dividingBy: pictureCount)
        return identity.firstSequence &+ UInt16(truncatingIfNeeded: loops &* packetCount &+ firstPackets[index])
    }

    /// The RTP timestamp of a picture; pictures are counted on over all loops.
    package func timestamp(ofPicture number: Int, _ identity: StreamIdentity) -> UInt32 {
        let (loops, index) = number.quotientAndRemainder(dividingBy: pictureCount)
        return identity.firstTimestamp &+ UInt32(truncatingIfNeeded: loops &* loopTicks &+ ticks[index])
    }

    /// The RTP timestamp that belongs to a moment between pictures, for sender reports.
    package func timestamp(atPicture position: Double, _ identity: StreamIdentity) -> UInt32 {
        let exact = position / Double(pictureCount) * Double(loopTicks)
        return identity.firstTimestamp &+ UInt32(truncatingIfNeeded: Int(exact.rounded(.down)))
    }

    /// Writes a camera's marks into a run of pictures of one loop and returns where its bytes are. The hottest loop of the fleet.
    ///
    /// - Parameters:
    ///   - number: The run's first picture, counted on over all loops.
    ///   - count: Pictures in the run; it may not cross the end of the loop.
    package mutating func stamp(from number: Int, count: Int, _ identity: StreamIdentity, channel: UInt8) -> Range<Int> {
        let index = number % pictureCount
        precondition(index + count <= pictureCount, "a run of pictures ends with its loop")
        var sequence = sequence(ofPicture: number, identity)
        var timestamp = identity.firstTimestamp &+ UInt32(truncatingIfNeeded: number / pictureCount &* loopTicks)
        let loopTimestamp = timestamp
        let ssrc = identity.ssrc
        // Held beside the bytes, which are open for writing.
        let (ticks, firstPackets, packetStarts) = (ticks, firstPackets, packetStarts)
        var wire = bytes.mutableSpan
        for picture in index..<index &+ count {
            timestamp = loopTimestamp &+ UInt32(truncatingIfNeeded: ticks[picture])
            for packet in firstPackets[picture]..<firstPackets[picture &+ 1] {
                let at = packetStarts[packet]
                wire[at &+ 1] = channel
                wire[at &+ 6] = UInt8(truncatingIfNeeded: sequence >> 8)
                wire[at &+ 7] = UInt8(truncatingIfNeeded: sequence)
                wire[at &+ 8] = UInt8(truncatingIfNeeded: timestamp >> 24)
                wire[at &+ 9] = UInt8(truncatingIfNeeded: timestamp >> 16)
                wire[at &+ 10] = UInt8(truncatingIfNeeded: timestamp >> 8)
                wire[at &+ 11] = UInt8(truncatingIfNeeded: timestamp)
                wire[at &+ 12] = UInt8(truncatingIfNeeded: ssrc >> 24)
                wire[at &+ 13] = UInt8(truncatingIfNeeded: ssrc >> 16)
                wire[at &+ 14] = UInt8(truncatingIfNeeded: ssrc >> 8)
                wire[at &+ 15] = UInt8(truncatingIfNeeded: ssrc)
                sequence &+= 1
            }
        }
        return packetStarts[firstPackets[index]]..<packetStarts[firstPackets[index + count]]
    }
}
