// The metadata track of one connection: RTP packets to documents, which a worker reads.
// camera → **packets** → documents → tags

import RTSP

/// Beside the pictures of one connection. Reactor thread only: it puts bytes together and looks at none of them.
final class MetadataStream {
    private let payloadType: UInt8
    private let lane: CameraLane
    private var depacketiser = MetadataDepacketiser()
    private var sequence = SequenceTracker()

    init(_ channel: MediaChannel, lane: CameraLane) {
        payloadType = channel.media.payloadType
        self.lane = lane
    }

    /// Takes one RTP packet and hands on the document it ends.
    func take(_ bytes: Span<UInt8>, _ packet: Range<Int>, now: Duration) {
        guard let header = RTPHeader(bytes, packet), header.payloadType == payloadType else { return }
        let arrival = sequence.receive(header.sequence)
        guard !arrival.isDropped, let document = depacketiser.receive(bytes, header, gap: arrival.isGap) else { return }
        lane.deliver(MetadataMail(bytes: document.bytes, form: .document, arrival: now))
    }
}
