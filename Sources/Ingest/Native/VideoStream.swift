// The playing side of one connection: RTP packets to pictures, sender reports to the camera's clock.
// camera → **packets → looks** → frames → detections → incidents

import Base
import Domain
import Media
import RTSP

/// One video stream of one connection, from PLAY to its end. Reactor thread only.
final class VideoStream {
    private let channels: Playing
    private var depacketiser: Depacketiser
    private var sequence = SequenceTracker()
    private var intake: PictureIntake
    private var reports: ReceiverReports
    private var cameraSSRC: UInt32 = 0
    private var clock = ClockOffset()
    private let metadata: MetadataStream?
    private let lane: CameraLane
    private(set) var saidGoodbye = false

    init(_ channels: Playing, depacketiser: Depacketiser, intake: PictureIntake, lane: CameraLane, ssrc: UInt32) {
        self.channels = channels
        self.lane = lane
        metadata = channels.metadata.map { MetadataStream($0, lane: lane) }
        self.depacketiser = depacketiser
        self.intake = intake
        reports = ReceiverReports(ssrc: ssrc)
        adoptParameterSets()
    }

    /// When the bytes at hand were read.
    var now: Duration {
        get { intake.now }
        set { intake.now = newValue }
    }

    var lastPicture: Duration? { intake.lastPicture }
    var counts: PictureIntake.Counts { intake.counts }
    /// The camera's clock minus ours; nil while it has told no time.
    var clockOffsetSeconds: Double? { clock.milliseconds.map { Double($0) / 1000 } }

    /// Takes one RTP packet of the video.
    func take(_ bytes: Span<UInt8>, _ payload: Range<Int>) {
        guard let header = RTPHeader(bytes, payload), header.payloadType == channels.video.media.payloadType else { return }
        cameraSSRC = header.ssrc
        let arrival = sequence.receive(header.sequence)
        guard !arrival.isDropped else { return }
        depacketiser.receive(bytes, header, gap: arrival.isGap, into: &intake)
        if depacketiser.takeParameterSetChange() { adoptParameterSets() }
        for bytes in depacketiser.takeUserData() { lane.deliver(MetadataMail(bytes: bytes, form: .userData, arrival: now)) }
    }

    /// Takes one compound RTCP packet of the video.
    func takeControl(_ bytes: Span<UInt8>, _ payload: Range<Int>, wall: WallTime) {
        let contents = RTCPContents(bytes, payload)
        if let report = contents.senderReport {
            clock.record(report, arrivalWall: wall)
            reports.record(report, now: now)
        }
        if contents.saysGoodbye { saidGoodbye = true }
    }

    /// Takes one RTP packet of the metadata.
    func takeMetadata(_ bytes: Span<UInt8>, _ payload: Range<Int>) { metadata?.take(bytes, payload, now: now) }

    /// A receiver report when one is due: some cameras end streams that nobody reports on.
    func dueReport() -> [UInt8]? {
        reports.next(now: now, tracker: sequence, cameraSSRC: cameraSSRC, channel: channels.video.rtcpChannel)
    }

    /// Pictures from here on may belong to another decoder.
    private func adoptParameterSets() {
        intake.adopt(parameterSets: depacketiser.parameterSets, size: depacketiser.pictureSize)
    }

    /// The connection is over: nothing of an unfinished picture is kept.
    func end() {
        depacketiser.flush(into: &intake)
    }
}
