// From a sensor's message to an incident of the camera beside it, and how little is left of a tag that nobody looks for.

import Base
import Domain
import Foundation
import Logging
import Pipelines
import Synchronization
import Tagging
import Testing

@testable import Ingest

/// Keeps what comes.
private final class Kept: IncidentSink {
    let observations = Mutex<[Observation]>([])
    func record(_ batch: [Observation]) { observations.withLock { $0 += batch } }
    var said: [String] {
        observations.withLock { $0 }.map { one in
            "\(one.phase.rawValue) \(one.key.preset)|\(one.key.zone)|\(one.key.category) \(one.reason.joined(separator: "; "))"
        }
    }
}

/// Keeps what is logged.
private struct Lines: LogHandler {
    let text: Shared
    final class Shared: Sendable { let lines = Mutex<[String]>([]) }
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { text.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
}

private let rules = """
    pipeline: p
    incident: { quiet_gap: 1s, reopen_within: 1s }
    rules:
      - { name: high, when: { tag: "io:*/high" }, emit: { category: emergency.flood, priority: 1 } }
      - { name: theft, when: { tag: "rfid:reported/*" }, emit: { category: theft.tagged_vehicle_seen, priority: 2 } }
    """

private func task(_ digits: String = "51101100001320000001", tags: [String], presets: [String: PresetView] = [:]) throws -> CameraTask {
    var camera = Camera(
        id: try #require(CameraID(digits)), name: "", programme: "", url: "rtsp://127.0.0.1:1/", position: GeoPoint(lonE7: 0, latE7: 0),
        villageCode: nil, boundGrid: nil, tags: tags, priority: .four, transport: .native)
    camera.presets = presets
    let pipeline = try #require(PipelineFile.read(yaml: rules, file: "p.yaml").0?.pipeline)
    return CameraTask(camera: camera, credentials: nil, plan: CameraPlan(pipeline))
}

/// Polls until true; false after ten seconds.
private func eventually(_ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        if ContinuousClock.now > deadline { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
    return true
}

@Suite(.serialized) struct SensorRoomTests {
    /// The camera is away all the time: its sensor is not.
    @Test(.timeLimit(.minutes(1))) func aMessageBecomesAnIncidentOfTheCameraBesideIt() async throws {
        let (kept, lines, metrics) = (Kept(), Lines.Shared(), MetricsRegistry())
        let service = IngestService(
            settings: IngestSettings(workers: 1), sink: kept, suppressions: NoSuppressions(), time: SystemTime(), metrics: metrics,
            log: Logger(label: "test") { _ in Lines(text: lines) }, onFatal: { _ in })
        let (dam, gate) = (
            try task(tags: ["scene:dam", "sensor:gauge-1"]), try task("51101100001320000002", tags: ["sensor:reader-1"])
        )
        try await onOwnThread("apply") { service.apply([dam, gate]) }
        func hear(_ text: String, _ speaker: SensorSpeaker = .local) -> String { service.hear(Array(text.utf8), from: speaker) }
        let taken = #"{"v":1,"result":"taken"}"#

        #expect(hear(#"{"v":1,"kind":"io","sensor":"gauge-1","tag":"high","state":"on"}"#, .key("gauge-1")) == taken)
        #expect(try await eventually { kept.said.count == 1 })
        #expect(kept.said[0].hasPrefix("open ||emergency.flood io:gauge-1/high on for"))
        #expect(service.liveTags(of: dam.camera.id).map(\.name) == ["io:gauge-1/high"] && service.liveTags(of: gate.camera.id).isEmpty)

        let key = SymmetricTag("EPC-1")
        service.compare(with: [TheftReport(number: "R-17", tokens: [key.hex], expires: SystemTime().wallNow.adding(seconds: 60))])
        let (stranger, before) = (SymmetricTag("EPC-STRANGER"), kept.said.count)
        for _ in 0..<3 { #expect(hear(#"{"v":1,"kind":"rfid","reader":"reader-1","token":"\#(stranger.hex)"}"#) == taken) }
        #expect(hear(#"{"v":1,"kind":"rfid","reader":"reader-1","token":"\#(key.hex)"}"#) == taken)
        #expect(try await eventually { kept.said.contains { $0.hasPrefix("open ||theft") } })
        let told = kept.said.dropFirst(before).filter { $0.contains("theft") }
        #expect(told.first == "open ||theft.tagged_vehicle_seen rfid:reported/reader-1 (R-17) happened")

        for (text, speaker, reason) in [
            ("{", SensorSpeaker.local, "malformed"), (#"{"v":1,"kind":"io","sensor":"gauge-9","tag":"a","state":"on"}"#, .local, "unbound"),
            (#"{"v":1,"kind":"io","sensor":"gauge-1","tag":"SECRET","state":"on"}"#, .key("gauge-2"), "unauthorised"),
            (#"{"v":2,"kind":"io"}"#, .local, "version"),
        ] { #expect(hear(text, speaker).hasPrefix(#"{"v":1,"result":"refused","reason":"\#(reason)""#)) }

        let page = metrics.render()
        #expect(page.contains(#"snowlight_sensor_messages_total{result="taken"} 5"#))
        for reason in SensorRefusal.allCases { #expect(page.contains(#"snowlight_sensor_messages_total{result="\#(reason.rawValue)"} 1"#)) }
        #expect(page.contains(#"snowlight_reader_sightings{reader="reader-1"} 4"#))
        // One line for all refusals of a moment, and nothing of what was said: no tag, no token, no name of a tag's state.
        let logged = lines.lines.withLock { $0 }
        #expect(logged.count { $0.contains("messages of sensors are refused") } == 1)
        for text in logged + kept.said + [page] {
            #expect(!text.contains(stranger.hex) && !text.contains(key.hex) && !text.contains("SECRET") && !text.contains("EPC"))
        }

        // Another district: the sensor stands elsewhere.
        let moved = try task("51101100001320000003", tags: ["sensor:gauge-1"])
        try await onOwnThread("apply") { service.apply([moved]) }
        #expect(hear(#"{"v":1,"kind":"io","sensor":"gauge-1","tag":"high","state":"on"}"#) == taken)
        #expect(try await eventually { kept.observations.withLock { $0 }.contains { $0.key.camera == moved.camera.id } })
        #expect(hear(#"{"v":1,"kind":"rfid","reader":"reader-1","token":"\#(key.hex)"}"#).contains("unbound"))
        try await onOwnThread("stop") { service.stop() }
    }

    @Test(.timeLimit(.minutes(1))) func anIncidentBelongsToThePresetAtWhichTheCameraStands() async throws {
        let (kept, time, log) = (Kept(), SystemTime(), Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let metrics = IngestMetrics(MetricsRegistry())
        let attention = SharedAttention(mode: .key, policy: AttentionScheduler.Policy(), time: time)
        let recorder = IncidentRecorder(sink: kept, time: time, log: log, onFatal: { _ in })
        let suppressions = SuppressionRecorder(sink: NoSuppressions(), metrics: metrics, log: log)
        let recording = Recording(
            RecordingSettings(), sink: nil, attention: attention, time: time, metrics: metrics, log: log, onFatal: { _ in })
        let slot = attention.add(.four, floorSeconds: nil, mayPromote: false)
        let lane = CameraLane(
            task: try task(tags: [], presets: ["3": PresetView()]), slot: slot, attention: attention, running: [], time: time,
            pool: WorkerPool(width: 1, time: time), recorder: recorder, suppressions: suppressions, metrics: metrics,
            session: SharedSession(policy: CameraSession.Policy(), time: time), recording: recording, tape: recording.makeTape(slot: slot),
            archiver: nil)
        func turn(_ topic: String, token: String) {
            let text =
                "<MetadataStream><Event><NotificationMessage><Topic>tns1:PTZController/PTZPresets/\(topic)</Topic><Message><Message>"
                + "<Data><SimpleItem Name=\"PresetToken\" Value=\"\(token)\"/></Data></Message></Message></NotificationMessage></Event>"
                + "</MetadataStream>"
            lane.deliver(MetadataMail(bytes: Array(text.utf8), form: .document, arrival: time.now))
        }
        func io(_ claim: TagAssertion.Claim) {
            lane.deliver(TagAssertion(name: "io:gauge/high", claim: claim, atSeconds: time.now.seconds))
        }

        io(.on)
        #expect(try await eventually { kept.said.contains { $0.hasPrefix("open ||") } })
        // It turns away: what runs at the place it has left ends there, and goes on at the next under that one's key.
        turn("Invoked", token: "3")
        turn("Reached", token: "3")
        #expect(try await eventually { kept.said.contains { $0.hasPrefix("ended ||") } && kept.said.contains { $0.hasPrefix("open 3||") } })
        turn("Left", token: "3")
        #expect(try await eventually { kept.said.contains { $0.hasPrefix("ended 3||") } })
        #expect(try await eventually { kept.said.count { $0.hasPrefix("open ||") } == 2 })
        io(.off)
        lane.close(expiring: true)
        #expect(try await eventually { kept.said.count { $0.hasPrefix("ended") } == 3 })
        #expect(kept.said.count { $0.hasPrefix("open") } == 3)
        try await onOwnThread("stop") {
            recorder.stop()
            suppressions.stop()
            recording.stop()
        }
    }
}

/// A tag's token under some key.
private struct SymmetricTag {
    let hex: String
    init(_ number: String) {
        let seed = number.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let digits = String(seed, radix: 16)
        hex = String((String(repeating: digits, count: 8)).prefix(64)).padding(toLength: 64, withPad: "0", startingAt: 0)
    }
}
