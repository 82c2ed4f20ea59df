// One whole look, from the camera's bytes to what the scheduler is told, allocates one object: the picture that changes threads.
// camera → **packets → looks → frames → detections** → incidents

import Base
import CameraFleet
import Detectors
import Dispatch
import Domain
import Logging
import Media
import Pipelines
import TestKit
import Testing

@testable import Ingest

/// Holds a pool's worker, so that lanes stay in the queue and a test can work on them.
private final class Blocker: Lane {
    private let gate = DispatchSemaphore(value: 0)
    func work(on worker: Worker) { gate.wait() }
    func release() { gate.signal() }
}

private struct NoRecords: IncidentSink, SuppressionSink {
    func record(_ observations: [Observation]) {}
    func keep(_ batch: [SuppressedEvidence]) -> (rows: Int, pictures: Int) { (0, 0) }
}

/// A camera's lane with a reactor before it and a worker behind it, both this thread.
private final class LookRig {
    private let time = SimulatedTime()
    private let blocker = Blocker()
    private let recorder: IncidentRecorder
    private let suppressions: SuppressionRecorder
    private let recording: Recording
    private let attention: SharedAttention
    private let slot: Int
    private let lane: CameraLane
    private let worker = Worker(decoders: DecoderPool(capacity: 2))
    private let loop: CodedLoop
    private let parameters: StreamParameters
    private var assembly = PictureAssembly(pool: PicturePool())
    private var looks = 0
    private let metrics = MetricsRegistry()

    init(_ codec: VideoCodec) throws {
        let pool = WorkerPool(width: 1)
        pool.submit(blocker)
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let counters = IngestMetrics(metrics)
        recorder = IncidentRecorder(sink: NoRecords(), time: time, log: log) { _ in }
        suppressions = SuppressionRecorder(sink: NoRecords(), metrics: counters, log: log)
        attention = SharedAttention(mode: .key, policy: AttentionScheduler.Policy(floorSeconds: 2, cores: 1), time: time)
        recording = Recording(RecordingSettings(), sink: nil, attention: attention, time: time, metrics: counters, log: log) { _ in }
        slot = attention.add(.two, floorSeconds: nil, mayPromote: true)
        let camera = Camera(
            id: CameraID("51101100001320000001")!, name: "camera", programme: "test", url: "rtsp://127.0.0.1/",  // 20 digits.
            position: GeoPoint(lon: 106.1, lat: 30.5)!, villageCode: nil, boundGrid: nil, tags: [], priority: .two,  // Within range.
            transport: .native)
        lane = CameraLane(
            task: CameraTask(camera: camera, credentials: nil, plan: CameraPlan(.standard)), slot: slot, attention: attention, running: [],
            time: time,
            pool: pool, recorder: recorder, suppressions: suppressions, metrics: counters,
            session: SharedSession(policy: .init(), time: time), recording: recording, tape: recording.makeTape(slot: slot), archiver: nil)
        loop = try Self.quietLoop(codec)
        parameters = StreamParameters(
            codec: codec, width: loop.width, height: loop.height, extradata: loop.parameterSets.flatMap { [0, 0, 0, 1] + $0 })
    }

    deinit {
        blocker.release()
        recording.stop()
        suppressions.stop()
        recorder.stop()
    }

    /// Eight key pictures of a street in which nothing but the sensor moves.
    private static func quietLoop(_ codec: VideoCodec) throws -> CodedLoop {
        var scene = LumaScene(width: 320, height: 192, seed: 3)
        let encoder = try VideoEncoder(
            EncoderSettings(codec: codec, width: 320, height: 192, framesPerSecond: 25, gopPictures: 1, bitrateBitsPerSecond: 4_000_000))
        let grey = [UInt8](repeating: 128, count: 320 * 192 / 4)
        var coded: [EncodedPicture] = []
        for _ in 0..<8 { coded += try encoder.encode(y: scene.picture(), u: grey, v: grey) }
        coded += try encoder.finish()
        return CodedLoop(
            name: "quiet", codec: codec, width: 320, height: 192, framesPerSecond: 25,
            pictures: coded.map { LoopPicture(bytes: $0.bytes, isKey: $0.isKey, ticks: $0.index * 3600) }, events: [])
    }

    /// What the reactor does with a key picture, in pieces as packets bring them.
    func receive() throws {
        time.advance(by: .seconds(2))
        looks += 1
        let now = time.now
        guard attention.wantsKey(slot, now: now) == .key else { return }
        let coded = loop.pictures[looks % loop.pictures.count].bytes
        assembly.begin(expectedBytes: coded.count)
        let bytes = coded.span
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + 1400, bytes.count)
            assembly.append(bytes.extracting(offset..<end))
            offset = end
        }
        attention.noticed(slot, isKey: true, sizeBytes: bytes.count, now: now)
        if let picture = try assembly.finish(
            isKey: true, isCorrupt: false, ptsSeconds: now.seconds, codec: loop.codec, arrival: now)
        {
            lane.deliver(picture, parameters, kind: .key)
        }
    }

    func work() { lane.work(on: worker) }

    /// True when every look so far gave a picture without damage.
    var areAllSound: Bool { metrics.render().split(separator: "\n").contains("snowlight_frames_total \(looks)") }
}

@Suite struct LookAllocationTests {
    @Test(arguments: [VideoCodec.h264, .h265, .mjpeg])
    func aLookAllocatesNothingButThePictureThatChangesThreads(codec: VideoCodec) throws {
        let rig = try LookRig(codec)
        // Past the detector's warm-up. The pool's queue, which nobody empties here, has then room for 32.
        for _ in 0..<20 {
            try rig.receive()
            rig.work()
        }
        for _ in 0..<10 {
            let received = try countSwiftAllocations { try rig.receive() }
            #expect(received.count == 1, "\(received.origins)")
            let worked = countSwiftAllocations { rig.work() }
            #expect(worked.count == 0, "\(worked.origins)")
        }
        #expect(rig.areAllSound)
    }
}
