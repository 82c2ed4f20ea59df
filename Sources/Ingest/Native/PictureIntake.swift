// Where the pictures of one native connection go: counted, or put together once and handed to the camera's lane.
// camera → **packets → looks** → frames → detections → incidents

import Base
import Domain
import Media
import RTSP

/// Decides picture by picture whether its bytes are wanted, before one of them is kept. Reactor thread only.
final class PictureIntake: PictureSink {
    /// What has come so far.
    struct Counts {
        var pictures = 0
        var keys = 0
    }

    private let slot: Int
    private let lane: CameraLane
    private let tape: CameraTape
    private let attention: SharedAttention
    private let metrics: IngestMetrics
    private let codec: VideoCodec
    private var assembly: PictureAssembly
    private var parameters: StreamParameters
    private var timestamps: TimestampUnwrapper
    private var wanted: LookKind?
    /// Predicted pictures make sense only behind a key picture that was kept whole.
    private var followsKey = false
    /// The same for those who want every picture; true from a key picture on for as long as none is missing.
    private var isTaped = false
    private var lastKeyBytes = 24 << 10
    private var lastPredictedBytes = 4 << 10
    /// When the bytes at hand were read; set by the connection before each sweep.
    var now = Duration.zero
    private(set) var counts = Counts()
    private(set) var lastPicture: Duration?

    init(
        slot: Int, lane: CameraLane, tape: CameraTape, attention: SharedAttention, metrics: IngestMetrics, pool: PicturePool,
        codec: VideoCodec,
        clockRate: Int
    ) {
        self.slot = slot
        self.lane = lane
        self.tape = tape
        self.attention = attention
        self.metrics = metrics
        self.codec = codec
        assembly = PictureAssembly(pool: pool)
        parameters = StreamParameters(codec: codec, width: 0, height: 0, extradata: [])
        timestamps = TimestampUnwrapper(clockRate: clockRate)
    }

    /// Pictures from here on have these parameter sets and this size.
    func adopt(parameterSets: [UInt8], size: PictureSize?) {
        parameters = StreamParameters(codec: codec, width: size?.width ?? 0, height: size?.height ?? 0, extradata: parameterSets)
    }

    func begin(_ kind: PictureKind) -> Bool {
        switch kind {
        case .key:
            wanted = attention.wantsKey(slot, now: now)
            followsKey = wanted == .full
            isTaped = tape.isWanted
        case .predicted:
            followsKey = followsKey && attention.wantsFullRate(slot)
            wanted = followsKey ? .full : nil
            isTaped = isTaped && tape.isWanted
        }
        guard wanted != nil || isTaped else { return false }
        assembly.begin(expectedBytes: kind == .key ? lastKeyBytes : lastPredictedBytes, isKept: isTaped)
        return true
    }

    func append(_ bytes: Span<UInt8>) { assembly.append(bytes) }

    func append(byte: UInt8) { assembly.append(byte) }

    func end(_ picture: CodedPictureFacts) {
        let isKey = picture.kind == .key
        let seconds = timestamps.seconds(picture.timestamp)
        let kind = wanted.take()
        if picture.completion == .complete {
            attention.noticed(slot, isKey: isKey, sizeBytes: picture.sizeBytes, now: now)
            metrics.packets.increment()
            counts.pictures &+= 1
            if isKey { counts.keys &+= 1 }
            lastPicture = now
            if isKey { lastKeyBytes = picture.sizeBytes } else { lastPredictedBytes = picture.sizeBytes }
        }
        // What is predicted from a hole cannot be trusted; the next key picture begins anew.
        let isWhole = picture.completion == .complete && (isKey || !picture.followsGap)
        let wasTaped = isTaped
        if !isWhole {
            followsKey = false
            isTaped = false
        }
        guard kind != nil || wasTaped else { return }
        // No memory for one packet, or one too large: the look is lost, the connection is not.
        guard isWhole,
            let coded = try? assembly.finish(
                isKey: isKey, isCorrupt: picture.isDamaged, ptsSeconds: seconds, codec: codec, arrival: now)
        else { return miss(isKey: isKey, wasWanted: kind != nil, wasTaped: wasTaped) }
        if wasTaped { tape.append(coded, parameters) }
        if let kind { lane.deliver(coded, parameters, kind: kind) }
    }

    private func miss(isKey: Bool, wasWanted: Bool, wasTaped: Bool) {
        assembly.discard()
        followsKey = false
        isTaped = false
        if wasTaped { tape.interrupt() }
        if wasWanted { lane.missed(isKey: isKey) }
    }
}
