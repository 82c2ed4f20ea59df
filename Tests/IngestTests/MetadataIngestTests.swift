// What cameras say beside their pictures, from a real fleet on loopback to live tags and the looks they ask for.

import Base
import CameraFleet
import Domain
import Foundation
import Ingest
import Logging
import Media
import Pipelines
import Synchronization
import Tagging
import Testing

private struct Nothing: IncidentSink {
    func record(_ observations: [Observation]) {}
}

/// Keeps what is logged.
private final class Lines: Sendable {
    let text = Mutex("")
    func add(_ line: String) { text.withLock { $0 += line + "\n" } }
}

private struct LineLog: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { lines.add("\(event.message) \(event.metadata ?? [:]) \(metadata)") }
}

/// Ten seconds of a grey picture in which somebody is said to walk from 2 s to 5 s.
private func greyLoop() throws -> CodedLoop {
    let (width, height, rate) = (128, 96, 10)
    let encoder = try VideoEncoder(
        EncoderSettings(
            codec: .h264, width: width, height: height, framesPerSecond: rate, gopPictures: 10, bitrateBitsPerSecond: 200_000,
            preset: .ultrafast))
    let chroma = [UInt8](repeating: 128, count: width * height / 4)
    let luma = (0..<width * height).map { UInt8(60 + $0 % width) }
    var coded: [EncodedPicture] = []
    for _ in 0..<rate * 10 { coded += try encoder.encode(y: luma, u: chroma, v: chroma) }
    coded += try encoder.finish()
    return CodedLoop(
        name: "empty", codec: .h264, width: width, height: height, framesPerSecond: Double(rate),
        pictures: coded.map { LoopPicture(bytes: $0.bytes, isKey: $0.isKey, ticks: $0.index * 9000) },
        events: [SceneEvent(kind: "walker", startSeconds: 2, endSeconds: 5, box: RelativeBox(x: 0, y: 0, width: 0.1, height: 0.1))])
}

@Suite(.serialized) struct MetadataIngestTests {
    @Test(.timeLimit(.minutes(2)), arguments: [Transport.native, .ffmpeg])
    func aLiveTagArrivesOverRTSPAndAsksForALook(transport: Transport) async throws {
        var options = FleetOptions()
        options.sources = [.scene(.empty)]
        options.encoding.framesPerSecond = 10
        options.metadata = .onvif
        options.startsAligned = true
        let fleet = FleetServer(options)
        let (metrics, lines) = (MetricsRegistry(), Lines())
        let order = options.order(ofCamera: 1)
        let loop = try greyLoop()
        let port = try await onOwnThread("fleet") { try fleet.start(encoded: [order: loop]) }
        #expect(port > 0)
        var policy = AttentionScheduler.Policy(floorSeconds: 120, cores: 2)
        policy.usesSpare = false
        let service = IngestService(
            settings: IngestSettings(workers: 2, attention: policy), sink: Nothing(), suppressions: NoSuppressions(), time: SystemTime(),
            metrics: metrics, log: Logger(label: "test") { _ in LineLog(lines: lines) }, onFatal: { _ in })
        let id = CameraID("51101100001320000001")!  // 20 digits.
        let place = GeoPoint(lon: 106.1, lat: 30.5)!  // Within range.
        let camera = Camera(
            id: id, name: "gate", programme: "test", url: fleet.url(ofCamera: 1), position: place, villageCode: nil, boundGrid: nil,
            tags: [], priority: .two, transport: transport)
        let task = CameraTask(camera: camera, credentials: nil, plan: CameraPlan(.standard))
        try await onOwnThread("apply") { service.apply([task]) }
        func number(_ metric: String) -> Double {
            metrics.render().split(separator: "\n").filter { $0.hasPrefix(metric) }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
        }
        func tag(_ name: String) -> LiveTag? { service.liveTags(of: id).first { $0.name == "onvif:RuleEngine/" + name } }
        // All properties are told at the start, the walker within a loop, the end of it three seconds later.
        #expect(try await eventually(20) { tag("ObjectAbandoned")?.state == .off })
        #expect(try await eventually(20) { tag("CellMotionDetector/Motion")?.state == .on })
        #expect(tag("CellMotionDetector/Motion")?.source == "MotionInDefinedCells")
        #expect(try await eventually(20) { tag("LineDetector/Crossed")?.isPulse == true })
        #expect(try await eventually(20) { tag("CellMotionDetector/Motion")?.state == .off })
        // Nothing else asks: the floor is two minutes and the picture stands still.
        #expect(try await eventually(20) { number("snowlight_key_pictures_granted{reason=\"requested\"}") > 0 })
        #expect(number("snowlight_metadata_documents_total") >= 3 && number("snowlight_metadata_refused_total") == 0)
        #expect(number("snowlight_metadata_messages_total{verdict=\"used\"}") >= 8)
        #expect(!lines.text.withLock { $0 }.contains("Motion"), "the log tells of connections and not of what is seen")
        try await onOwnThread("stop") {
            service.stop()
            fleet.stop()
        }
    }
}

/// Polls until true; false after `seconds`.
private func eventually(_ seconds: Double, _ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !condition() {
        if ContinuousClock.now > deadline { return false }
        try await Task.sleep(for: .milliseconds(20))
    }
    return true
}
