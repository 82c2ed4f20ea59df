// The whole ingest side over our own RTSP against a real fleet on loopback.

import Base
import CameraFleet
import Domain
import Foundation
import Ingest
import Logging
import Media
import Pipelines
import RTSP
import Synchronization
import Testing

/// Keeps what was recorded.
private final class Records: IncidentSink {
    private let kept = Mutex<[Observation]>([])
    func record(_ observations: [Observation]) { kept.withLock { $0 += observations } }
    var all: [Observation] { kept.withLock { $0 } }
}

/// Keeps what was suppressed.
private final class Doubts: SuppressionSink {
    private let kept = Mutex<[SuppressedEvidence]>([])
    func keep(_ batch: [SuppressedEvidence]) -> (rows: Int, pictures: Int) {
        kept.withLock { $0 += batch }
        return (0, 0)
    }
    var all: [SuppressedEvidence] { kept.withLock { $0 } }
}

/// A running ingest side with its fleet; ended by `stop`.
private struct Bench {
    let fleet: FleetServer
    let service: IngestService
    let records = Records()
    let doubts = Doubts()
    let metrics = MetricsRegistry()
    let tasks: [CameraTask]

    init(
        _ options: FleetOptions, credentials: Credentials? = nil, transport: Transport = .native,
        attention: AttentionScheduler.Policy? = nil
    ) async throws {
        let fleet = FleetServer(options)
        self.fleet = fleet
        _ = try await onOwnThread("fleet start") { try fleet.start() }
        tasks = (1...options.cameras).map { number in
            CameraTask(
                camera: Self.camera(number, fleet.url(ofCamera: number), transport), credentials: credentials, plan: CameraPlan(.standard))
        }
        var policy = attention ?? AttentionScheduler.Policy()
        policy.usesSpare = attention == nil
        service = IngestService(
            settings: IngestSettings(workers: 2, attention: policy), sink: records, suppressions: doubts, time: SystemTime(),
            metrics: metrics, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onFatal: { _ in })
    }

    static func camera(_ number: Int, _ url: String, _ transport: Transport) -> Camera {
        let digits = String(51_101_100_001_320_000)  // 17 of the 20 digits.
        return Camera(
            id: CameraID(digits + String(format: "%03d", number))!, name: "camera \(number)", programme: "test", url: url,  // 20 digits.
            position: GeoPoint(lon: 106.1, lat: 30.5)!, villageCode: nil, boundGrid: nil, tags: [], priority: .two,  // Within range.
            transport: transport)
    }

    func begin() async throws {
        let (service, tasks) = (service, tasks)
        try await onOwnThread("apply") { service.apply(tasks) }
    }

    func stop() async throws {
        let (service, fleet) = (service, fleet)
        try await onOwnThread("stop") {
            service.stop()
            fleet.stop()
        }
    }

    func number(of metric: String) -> Double {
        metrics.render().split(separator: "\n").filter { $0.hasPrefix(metric) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
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

private func fleet(_ cameras: Int, _ scenes: [SceneName], codecs: [VideoCodec] = [.h264]) -> FleetOptions {
    var options = FleetOptions()
    options.cameras = cameras
    options.sources = scenes.map { .scene($0) }
    options.codecs = codecs
    options.encoding.width = 320
    options.encoding.height = 192
    options.startsAligned = true
    return options
}

@Suite(.serialized) struct NativeReaderTests {
    @Test func everyCodecStreamsOverOneThread() async throws {
        let bench = try await Bench(fleet(6, [.empty], codecs: [.h264, .h265, .mjpeg]))
        try await bench.begin()
        #expect(try await eventually(20) { bench.service.health().values.allSatisfy { $0.state == .streaming } })
        // Three key pictures make two distances.
        #expect(
            try await eventually(20) {
                bench.tasks.allSatisfy { (bench.service.detail(of: $0.camera.id)?.facts.groupSeconds ?? 0) > 0 }
            })
        for (index, task) in bench.tasks.enumerated() {
            let detail = bench.service.detail(of: task.camera.id)
            #expect(detail?.facts.transport == .native)
            #expect(detail?.facts.decodeErrors == 0)
            // Every picture of MJPEG is a key picture.
            if index % 3 != 2 { #expect(abs((detail?.facts.groupSeconds ?? 0) - 2) < 0.5) }
            #expect(detail?.changes.map(\.state) == [.connecting, .streaming])
        }
        #expect(
            try await eventually(10) { bench.tasks.allSatisfy { bench.service.detail(of: $0.camera.id)?.facts.clockOffsetSeconds != nil } })
        for task in bench.tasks { #expect(abs(bench.service.detail(of: task.camera.id)?.facts.clockOffsetSeconds ?? 9) < 1) }
        #expect(bench.number(of: "snowlight_decode_errors_total") == 0)
        try await bench.stop()
        #expect(bench.fleet.figures.clients == 0)
    }

    @Test(arguments: [Gate.Scheme.basic, .digest])
    func passwordsWithOddCharactersAreAccepted(scheme: Gate.Scheme) async throws {
        var options = fleet(1, [.empty])
        options.gate = Gate(scheme: scheme, user: "op er", password: "a:b@c/d%e?中#\"\\")
        let right = try await Bench(options, credentials: Credentials(user: "op er", password: "a:b@c/d%e?中#\"\\"))
        try await right.begin()
        #expect(try await eventually(15) { right.service.health().values.allSatisfy { $0.state == .streaming } })
        try await right.stop()
        let wrong = try await Bench(options, credentials: Credentials(user: "op er", password: "secret"))
        try await wrong.begin()
        #expect(try await eventually(15) { wrong.service.health().values.allSatisfy { $0.state == .refused } })
        for health in wrong.service.health().values { #expect(health.reason.contains("password") && !health.reason.contains("secret")) }
        // One attempt, then the slow lane: cameras lock accounts.
        #expect(try await eventually(5) { wrong.fleet.figures.accepted > 0 })
        #expect(wrong.fleet.figures.accepted == 1)
        try await wrong.stop()
    }

    @Test func aWalkerIsNoticedAndConfirmedAtFullRate() async throws {
        let bench = try await Bench(fleet(2, [.walker, .empty]))
        try await bench.begin()
        #expect(try await eventually(60) { bench.records.all.contains { $0.phase == .open } })
        let opened = bench.records.all.filter { $0.phase == .open }
        #expect(opened.allSatisfy { $0.key.camera == bench.tasks[0].camera.id && $0.key.category == "motion" && $0.jpeg != nil })
        #expect(bench.number(of: "snowlight_looks_total{kind=\"full\"}") > 0, "a candidate was promoted")
        try await bench.stop()
    }

    @Test func whatIsNotBelievedIsKeptWithAPicture() async throws {
        let bench = try await Bench(fleet(2, [.cloud, .empty]))
        try await bench.begin()
        #expect(try await eventually(60) { bench.doubts.all.contains { $0.jpeg != nil } })
        try await bench.stop()
        let all = bench.doubts.all
        #expect(Double(all.count) == bench.number(of: "snowlight_suppressed_total"), "each is counted once and none was dropped")
        #expect(bench.number(of: "snowlight_suppressions_dropped_total") == 0)
        for evidence in all {
            let record = evidence.record
            #expect(record.category == "motion" && record.priority == .four && !record.rule.isEmpty && record.zone.isEmpty)
            #expect(record.facts.count == 1 && record.facts[0].isEmpty == false && record.box != nil)
            #expect(abs(record.at.seconds(since: SystemTime().wallNow)) < 120)
            #expect((record.picture == .kept) == (evidence.jpeg != nil))
            // A JPEG, and a small one.
            if let jpeg = evidence.jpeg { #expect(jpeg.starts(with: [0xFF, 0xD8, 0xFF]) && jpeg.count < 60_000) }
        }
        // One a minute of each camera.
        let pictures = Dictionary(grouping: all.filter { $0.jpeg != nil }, by: \.record.camera)
        #expect(pictures.values.allSatisfy { $0.count <= 2 })
    }

    @Test func quietCamerasAreLookedAtOnceInTheirFloor() async throws {
        let bench = try await Bench(fleet(8, [.empty]), attention: AttentionScheduler.Policy(floorSeconds: 6, cores: 2))
        try await bench.begin()
        #expect(try await eventually(20) { bench.service.health().values.allSatisfy { $0.state == .streaming } })
        let before = bench.number(of: "snowlight_looks_total")
        let pictures = bench.number(of: "snowlight_packets_total")
        #expect(try await eventually(30) { bench.number(of: "snowlight_packets_total") - pictures >= 8 * 25 * 12 })
        let looks = bench.number(of: "snowlight_looks_total") - before
        // 12 s hold two or three looks of each camera, and six key pictures.
        #expect((8...32).contains(looks), "\(looks) looks of 8 cameras in 12 s")
        #expect(bench.number(of: "snowlight_floor_reached_ratio") == 1)
        try await bench.stop()
    }

    @Test func removedCamerasLeaveNothingAndOthersAreNotTouched() async throws {
        let bench = try await Bench(fleet(4, [.empty]))
        try await bench.begin()
        #expect(try await eventually(20) { bench.service.health().values.allSatisfy { $0.state == .streaming } })
        let (service, tasks) = (bench.service, bench.tasks)
        let kept = service.health()[tasks[0].camera.id]?.since
        try await onOwnThread("apply") { service.apply([tasks[0]]) }
        #expect(try await eventually(10) { bench.fleet.figures.clients == 1 })
        #expect(service.health().count == 1 && service.health()[tasks[0].camera.id]?.since == kept)
        #expect(bench.fleet.figures.accepted == 4)
        try await bench.stop()
    }

    @Test func anotherNamePriorityOrRuleIsFollowedWithoutConnectingAgain() async throws {
        let bench = try await Bench(fleet(1, [.walker]))
        try await bench.begin()
        #expect(try await eventually(60) { bench.records.all.contains { $0.phase == .open } })
        let service = bench.service
        var task = bench.tasks[0]
        task.camera.name = "renamed"
        task.camera.position = GeoPoint(lon: 106.2, lat: 30.6)!  // Within range.
        task.camera.priority = .one
        try await onOwnThread("apply") { [task] in service.apply([task]) }
        #expect(try await eventually(60) { bench.records.all.contains { $0.place == task.camera.position } })
        var pipeline = Pipeline.standard
        for index in pipeline.rules.indices { pipeline.rules[index].emit.category = "walker" }
        task.plan = CameraPlan(pipeline)
        try await onOwnThread("apply") { [task] in service.apply([task]) }
        #expect(try await eventually(60) { bench.records.all.contains { $0.key.category == "walker" && $0.phase == .open } })
        // What the old rule had running is over, once; a walker seen while rules change is not lost.
        let old = bench.records.all.filter { $0.key.category == "motion" }
        #expect(old.count { $0.phase == .open } == old.count { $0.phase == .ended || $0.phase == .expired })
        #expect(bench.fleet.figures.accepted == 1 && service.detail(of: task.camera.id)?.changes.map(\.state) == [.connecting, .streaming])
        try await bench.stop()
    }

    @Test func faultyCamerasHaveTheirStateAndRecover() async throws {
        var options = fleet(6, [.empty])
        options.faults = try Faults(parsing: "drop=1@..6s;missing=2@..6s;silent=3", cameras: 6)
        let bench = try await Bench(options)
        try await bench.begin()
        func state(_ number: Int) -> CameraState? { bench.service.health()[bench.tasks[number - 1].camera.id]?.state }
        #expect(try await eventually(10) { (4...6).allSatisfy { state($0) == .streaming } }, "the good ones are not delayed")
        #expect(try await eventually(20) { state(3) == .stalled })
        #expect(try await eventually(60) { state(1) == .streaming && state(2) == .streaming })
        try await bench.stop()
    }

    @Test func whatOurOwnReaderDoesNotSpeakGoesToFFmpegWithAReason() async throws {
        let bench = try await Bench(fleet(1, [.empty]), transport: .auto)
        let (service, fleet) = (bench.service, bench.fleet)
        // TLS is not spoken by the native reader; FFmpeg then finds no TLS either, which shows that it was asked.
        let task = CameraTask(
            camera: Bench.camera(1, fleet.url(ofCamera: 1).replacing("rtsp://", with: "rtsps://"), .auto), credentials: nil,
            plan: CameraPlan(.standard))
        try await onOwnThread("apply") { service.apply([task]) }
        #expect(try await eventually(20) { service.health().values.contains { $0.state != .connecting } })
        #expect(service.health().values.allSatisfy { !$0.reason.contains("through FFmpeg only") })
        try await bench.stop()
    }
}
