// Clips, live pictures and snapshots of a real fleet on loopback, over both transports, with and without privacy masks.

import Base
import CameraFleet
import Domain
import Foundation
import Logging
import Media
import Pipelines
import Synchronization
import TestKit
import Testing

@testable import Ingest

/// Keeps what was recorded and the clips that belong to it.
private final class Sink: IncidentSink, ClipSink {
    private let state = Mutex((observations: [Observation](), clips: [ClipTicket: [UInt8]](), forgotten: 0))

    func record(_ observations: [Observation]) { state.withLock { $0.observations += observations } }

    func attach(_ mp4: [UInt8], to ticket: ClipTicket) -> Bool {
        state.withLock { state in
            guard state.observations.contains(where: { $0.clip == ticket }) else { return false }
            state.clips[ticket] = mp4
            return true
        }
    }

    func forget(_ ticket: ClipTicket) { state.withLock { $0.forgotten += 1 } }

    var opened: [Observation] { state.withLock { $0.observations.filter { $0.phase == .open } } }
    var clips: [ClipTicket: [UInt8]] { state.withLock { $0.clips } }
}

private let window = try! Zone(parsing: "window=0,0;0.4,0;0.4,0.5;0,0.5")  // Four corners of the picture's upper left.

/// Something bright that crosses a still picture for 5 of 16 s; the scenes of the fleet take a minute to draw without optimisation.
private enum Crossing {
    static let loops = Mutex<[VideoCodec: CodedLoop]>([:])

    static func loop(_ codec: VideoCodec) throws -> CodedLoop {
        try loops.withLock { loops in
            if let loop = loops[codec] { return loop }
            let loop = try make(codec)
            loops[codec] = loop
            return loop
        }
    }

    private static func make(_ codec: VideoCodec) throws -> CodedLoop {
        let (width, height, rate) = (320, 192, 25)
        let encoder = try VideoEncoder(
            EncoderSettings(
                codec: codec, width: width, height: height, framesPerSecond: rate, gopPictures: codec == .mjpeg ? 1 : 50,
                bitrateBitsPerSecond: 500_000, preset: .ultrafast))
        let still = (0..<width * height).map { UInt8(60 + $0 % width / 4 + $0 / width / 8 + ($0 % width / 16 + $0 / width / 16) % 2 * 12) }
        let chroma = [UInt8](repeating: 128, count: width * height / 4)
        var coded: [EncodedPicture] = []
        for number in 0..<16 * rate {
            var luma = still
            // A clock in the corner: key pictures that are equal to the last bit are a frozen camera's.
            for row in 176..<184 {
                luma.replaceSubrange(row * width + 300..<row * width + 308, with: repeatElement(UInt8(90 + number / rate * 9), count: 8))
            }
            let left = (number - 11 * rate) * 2
            if left >= 0, left + 40 <= width {
                for row in 60..<130 {
                    luma.replaceSubrange(row * width + left..<row * width + left + 40, with: repeatElement(225, count: 40))
                }
            }
            coded += try encoder.encode(y: luma, u: chroma, v: chroma)
        }
        coded += try encoder.finish()
        return CodedLoop(
            name: "crossing", codec: codec, width: width, height: height, framesPerSecond: Double(rate),
            pictures: coded.map { LoopPicture(bytes: $0.bytes, isKey: $0.isKey, ticks: $0.index * 3600) }, events: [])
    }
}

/// A running ingest side with its fleet.
private struct Bench {
    let fleet: FleetServer
    let service: IngestService
    let sink = Sink()
    let metrics = MetricsRegistry()
    let camera: Camera

    init(
        codec: VideoCodec = .h264, transport: Transport = .native, privacy: [Zone] = [],
        recording: RecordingSettings = .init()
    ) async throws {
        var options = FleetOptions()
        options.cameras = 1
        options.sources = [.scene(.walker)]
        options.codecs = [codec]
        options.startsAligned = true
        let fleet = FleetServer(options)
        self.fleet = fleet
        let order = options.order(ofCamera: 1)
        _ = try await onOwnThread("fleet start") { try fleet.start(encoded: [order: Crossing.loop(codec)]) }
        var camera = Camera(
            id: CameraID("51101100001320000001")!, name: "camera", programme: "test", url: fleet.url(ofCamera: 1),  // 20 digits.
            position: GeoPoint(lon: 106.1, lat: 30.5)!, villageCode: nil, boundGrid: nil, tags: [], priority: .two,  // Within range.
            transport: transport)
        camera.areas.privacyMasks = privacy
        self.camera = camera
        service = IngestService(
            settings: IngestSettings(workers: 2, recording: recording), sink: sink, suppressions: NoSuppressions(), clips: sink,
            time: SystemTime(), metrics: metrics, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, onFatal: { _ in })
        let (service, task) = (service, CameraTask(camera: camera, credentials: nil, plan: CameraPlan(.standard)))
        try await onOwnThread("apply") { service.apply([task]) }
        #expect(try await eventually(20) { service.health().values.allSatisfy { $0.state == .streaming } })
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

    /// Watches until that many pieces have come.
    func watch(pieces count: Int) async throws -> [UInt8] {
        let view = try service.watch(camera.id)
        defer { view.close() }
        var bytes: [UInt8] = []
        var pieces = 0
        for await piece in view.pieces {
            bytes += piece
            view.taken(piece.count)
            pieces += 1
            if pieces == count { break }
        }
        #expect(pieces == count, "the view ended by itself")
        return bytes
    }
}

private func eventually(_ seconds: Double, _ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !condition() {
        if ContinuousClock.now > deadline { return false }
        try await Task.sleep(for: .milliseconds(20))
    }
    return true
}

/// What a player finds in these bytes.
private struct Shown {
    var codec = VideoCodec.other
    var pictures = 0
    var damaged = 0
    var seconds = 0.0
    /// The brightest sample of the masked corner, over all pictures.
    var brightestInWindow = 0

    init(_ mp4: [UInt8]) throws {
        let path = try temporaryFolder() + "/recording.mp4"
        try Data(mp4).write(to: URL(fileURLWithPath: path))
        let source = try PacketSource.openFile(path: path, interrupt: Interrupt())
        codec = source.parameters.codec
        let decoder = try Decoder(source.parameters, skipLoopFilter: false)
        var (count, bad, last, brightest) = (0, 0, 0.0, 0)
        let examine: (borrowing Frame) throws -> Void = { frame in
            count += 1
            if frame.isDamaged { bad += 1 }
            last = frame.ptsSeconds ?? 0
            brightest = max(brightest, brightestSample(frame))
        }
        while case .picture(let picture) = try source.read(timeout: .seconds(5), keepPredicted: true) {
            if case .damaged = try decoder.decode(picture, examine) { bad += 1 }
        }
        try decoder.drain(examine)
        (pictures, damaged, seconds, brightestInWindow) = (count, bad, last, brightest)
    }
}

private func brightestSample(_ frame: borrowing Frame) -> Int {
    frame.withLuma { plane, shape in
        var brightest = 0
        for y in 0..<shape.height / 2 - 1 {
            for x in 0..<shape.width * 2 / 5 { brightest = max(brightest, Int(plane[y * shape.stride + x])) }
        }
        return brightest
    }
}

@Suite(.serialized) struct RecordingTests {
    @Test(arguments: [Transport.native, .ffmpeg]) func liveViewsShowEveryPicture(transport: Transport) async throws {
        let bench = try await Bench(transport: transport)
        let shown = try Shown(await bench.watch(pieces: 80))
        // The head and a piece a picture; the last picture waits for the next one.
        #expect(shown.codec == .h264 && shown.pictures == 79 && shown.damaged == 0)
        #expect(abs(shown.seconds - 78.0 / 25) < 0.1, "\(shown.seconds) s: a picture is missing or late")
        #expect(shown.brightestInWindow > 40)
        #expect(try await eventually(5) { bench.number(of: "snowlight_live_views") == 0 })
        #expect(bench.number(of: "snowlight_looks_total{kind=\"key\"}") > 0)
        try await bench.stop()
    }

    @Test func aPreRollStartsAViewAtOnceAndNeverExceedsItsBudget() async throws {
        let bench = try await Bench(recording: RecordingSettings(preRoll: .seconds(4), preRollBytes: 4 << 20))
        #expect(try await eventually(20) { bench.number(of: "snowlight_pre_roll_bytes") > 40_000 })
        let before = ContinuousClock.now
        let bytes = try await bench.watch(pieces: 2)
        #expect(ContinuousClock.now - before < .milliseconds(500))
        #expect(!bytes.isEmpty)
        #expect(bench.number(of: "snowlight_pre_roll_bytes") <= Double(4 << 20))
        try await bench.stop()
    }

    @Test(arguments: [
        (VideoCodec.h265, [] as [Zone], VideoCodec.h265), (.mjpeg, [], .h264), (.h264, [window], .h264), (.h265, [window], .h264),
    ])
    func otherCodecsAndMaskedCamerasAreShownAsTheyMayBe(codec: VideoCodec, privacy: [Zone], shownAs: VideoCodec) async throws {
        let bench = try await Bench(codec: codec, privacy: privacy)
        let shown = try Shown(await bench.watch(pieces: 30))
        #expect(shown.codec == shownAs && shown.pictures == 29 && shown.damaged == 0)
        if privacy.isEmpty { #expect(shown.brightestInWindow > 40) } else { #expect(shown.brightestInWindow <= 18) }
        try await bench.stop()
    }

    @Test(arguments: [[], [window]]) func anIncidentGetsItsClip(privacy: [Zone]) async throws {
        let bench = try await Bench(
            privacy: privacy,
            recording: RecordingSettings(preRoll: .seconds(5), clip: ClipWish(before: .seconds(3), after: .seconds(4))))
        #expect(try await eventually(60) { !bench.sink.clips.isEmpty })
        let (ticket, mp4) = try #require(bench.sink.clips.first)
        #expect(bench.sink.opened.contains { $0.clip == ticket })
        let shown = try Shown(mp4)
        #expect(shown.codec == .h264 && shown.damaged == 0)
        // Three seconds before it was seen, the confirmation, four seconds after it; a group more at the front at most.
        #expect(shown.seconds > 6.5 && shown.seconds < 14, "\(shown.seconds) s")
        #expect(abs(Double(shown.pictures) / shown.seconds - 25) < 2, "\(shown.pictures) pictures in \(shown.seconds) s")
        if !privacy.isEmpty { #expect(shown.brightestInWindow <= 18) }
        #expect(bench.number(of: "snowlight_clips_total{result=\"stored\"}") >= 1)
        try await bench.stop()
    }

    @Test func aStopKeepsWhatThereIsOfAClip() async throws {
        let bench = try await Bench(recording: RecordingSettings(clip: ClipWish(before: .zero, after: .seconds(60))))
        #expect(try await eventually(60) { !bench.sink.opened.isEmpty })
        // Without a pre-roll it begins with the next key picture.
        try await Task.sleep(for: .seconds(3))
        try await bench.stop()
        let mp4 = try #require(bench.sink.clips.values.first)
        #expect(try Shown(mp4).pictures > 10)
    }

    @Test(arguments: [[], [window]]) func aSnapshotShowsNow(privacy: [Zone]) async throws {
        let bench = try await Bench(privacy: privacy)
        let (service, camera) = (bench.service, bench.camera.id)
        let jpeg = try await onOwnThread("snapshot") { try service.snapshot(of: camera) }
        let parameters = StreamParameters(codec: .mjpeg, width: 0, height: 0, extradata: [])
        let picture = try CodedPicture(bytes: jpeg, isKey: true, ptsSeconds: nil, parameters: parameters)
        var (width, brightest) = (0, 0)
        _ = try DecoderPool(capacity: 1).decodeKey(picture, parameters) { (width, brightest) = ($0.width, brightestSample($0)) }
        #expect(width == 320)
        #expect(privacy.isEmpty ? brightest > 40 : brightest == 0, "\(brightest)")
        let stranger = CameraID("51101100001320000099")!  // 20 digits.
        await #expect(throws: Failure.self) { try await onOwnThread("snapshot") { try service.snapshot(of: stranger) } }
        #expect(throws: Failure.self) { try service.watch(stranger) }
        try await bench.stop()
    }

    @Test func viewsAreFewAndEndWithTheirCamera() async throws {
        let bench = try await Bench()
        var views = try (0..<4).map { _ in try bench.service.watch(bench.camera.id) }
        #expect(throws: Failure.self) { try bench.service.watch(bench.camera.id) }
        views[0].close()
        views[0].close()
        views.append(try bench.service.watch(bench.camera.id))
        let service = bench.service
        try await onOwnThread("apply") { service.apply([]) }
        for view in views { for await piece in view.pieces { view.taken(piece.count) } }
        #expect(try await eventually(5) { bench.number(of: "snowlight_live_views") == 0 })
        try await bench.stop()
    }

    /// No sockets: pictures of a megabyte that nobody takes.
    @Test func aSlowViewerIsCutAndOthersAreNot() async throws {
        let tape = CameraTape(slot: 0, preRoll: nil)
        let views = LiveViews()
        let camera = Camera(
            id: CameraID("51101100001320000001")!, name: "", programme: "", url: "", position: GeoPoint(lon: 106, lat: 30)!,  // In range.
            villageCode: nil, boundGrid: nil, tags: [], priority: .two, transport: .native)
        let (slow, fast) = (try views.open(camera, tape: tape), try views.open(camera, tape: tape))
        let encoder = try VideoEncoder(
            EncoderSettings(codec: .h264, width: 64, height: 64, framesPerSecond: 25, gopPictures: 1, bitrateBitsPerSecond: 100_000))
        let grey = try #require(
            try encoder.encode(
                y: [UInt8](repeating: 90, count: 4096), u: [UInt8](repeating: 128, count: 1024), v: [UInt8](repeating: 128, count: 1024)
            )
            .first)
        // A filler unit behind the picture (ITU-T H.264 §7.3.2.7).
        let bytes = grey.bytes + [0, 0, 0, 1, 12] + [UInt8](repeating: 255, count: 1 << 20) + [0x80]
        let parameters = StreamParameters(codec: .h264, width: 64, height: 64, extradata: [])
        let reader = Task {
            var taken = 0
            for await piece in fast.pieces {
                fast.taken(piece.count)
                taken += piece.count
                if taken > 25 << 20 { return true }
            }
            return false
        }
        for index in 0..<30 {
            let picture = try CodedPicture(
                bytes: bytes, isKey: true, ptsSeconds: Double(index) / 25, parameters: parameters, arrival: .seconds(Double(index) / 25))
            tape.append(picture, parameters)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(await reader.value, "the fast one sees everything")
        #expect(views.count == 1, "the slow one is gone")
        fast.close()
        var left = 0
        for await piece in slow.pieces { left += piece.count }
        #expect(left <= 9 << 20, "what waited for it is bounded")
        #expect(!tape.isWanted)
        try await onOwnThread("stop") { views.stop() }
        #expect(throws: Failure.self) { try views.open(camera, tape: tape) }
    }
}
