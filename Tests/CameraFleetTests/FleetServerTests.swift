// A fleet in this process, real sockets: what clients see, and that nothing is left afterwards.

import Base
import CameraFleet
import Domain
import Foundation
import Media
import RTSP
import TestKit
import Testing

/// One second of a moving bar, coded by the real encoders.
private func barLoop(_ codec: VideoCodec) throws -> CodedLoop {
    let (width, height, rate) = (128, 96, 25)
    let encoder = try VideoEncoder(
        EncoderSettings(
            codec: codec, width: width, height: height, framesPerSecond: rate, gopPictures: codec == .mjpeg ? 1 : 5,
            bitrateBitsPerSecond: 400_000, preset: .ultrafast))
    let chroma = [UInt8](repeating: 128, count: width * height / 4)
    var coded: [EncodedPicture] = []
    for number in 0..<rate {
        let luma = (0..<width * height).map { index in UInt8(index % width / 8 == number % 16 ? 220 : 60 + index / width / 4) }
        coded += try encoder.encode(y: luma, u: chroma, v: chroma)
    }
    coded += try encoder.finish()
    return CodedLoop(
        name: "empty", codec: codec, width: width, height: height, framesPerSecond: Double(rate),
        pictures: coded.map { LoopPicture(bytes: $0.bytes, isKey: $0.isKey, ticks: $0.index * 3600) }, events: [])
}

/// A running fleet of cameras that show a bar; stopped by the caller.
private func fleet(
    cameras: Int, codecs: [VideoCodec] = [.h264], _ change: (inout FleetOptions) throws -> Void = { _ in }
) throws -> FleetServer {
    var options = FleetOptions()
    options.cameras = cameras
    options.sources = [.scene(.empty)]
    options.codecs = codecs
    try change(&options)
    let server = FleetServer(options)
    var loops: [Encoding.Order: CodedLoop] = [:]
    for number in 1...codecs.count { loops[options.order(ofCamera: number)] = try barLoop(codecs[number - 1]) }
    _ = try server.start(encoded: loops)
    return server
}

/// Reads so many pictures of a camera; each must decode.
private func watch(_ url: String, pictures wanted: Int, credentials: Credentials? = nil) throws -> (
    parameters: StreamParameters, decoded: Int
) {
    let source = try PacketSource.openRTSP(url: url, credentials: credentials, interrupt: Interrupt(), openTimeout: .seconds(5))
    defer { source.close() }
    var decoder: Decoder?
    var (decoded, last) = (0, -1.0)
    for _ in 0..<wanted {
        guard case .picture(let picture) = try source.read(timeout: .seconds(5), keepPredicted: true) else { continue }
        if decoder == nil, picture.isKey { decoder = try Decoder(source.parameters, skipLoopFilter: false) }
        let outcome = try decoder?.decode(picture) { frame in #expect(!frame.isDamaged && frame.width == 128 && frame.height == 96) }
        if case .frames(let count) = outcome { decoded += count }
        if let time = picture.ptsSeconds {
            #expect(time > last)
            last = time
        }
    }
    return (source.parameters, decoded)
}

@Test(.timeLimit(.minutes(1)), arguments: [(VideoCodec.h264, 1), (.h265, 2), (.mjpeg, 3)])
func aStrangersReaderUnderstandsTheStream(_ codec: VideoCodec, _ number: Int) async throws {
    try await onOwnThread("watch") {
        let server = try fleet(cameras: 3, codecs: [.h264, .h265, .mjpeg])
        defer { server.stop() }
        // More than two loops of a second, so the seam is crossed.
        let (parameters, decoded) = try watch(server.url(ofCamera: number), pictures: 60)
        #expect(parameters.codec == codec && parameters.width == 128 && parameters.height == 96)
        #expect(decoded >= 50)
    }
}

@Test(.timeLimit(.minutes(1)), arguments: [Gate.Scheme.basic, .digest])
func aStrangersReaderIsLetInWithThePasswordOnly(_ scheme: Gate.Scheme) async throws {
    try await onOwnThread("watch") {
        let server = try fleet(cameras: 1) { $0.gate = Gate(scheme: scheme, user: "admin", password: "p@ss:1") }
        defer { server.stop() }
        let url = server.url(ofCamera: 1)
        let refused = #expect(throws: Failure.self) { try watch(url, pictures: 1, credentials: Credentials(user: "admin", password: "no")) }
        #expect(refused?.kind == .unauthorised)
        #expect(try watch(url, pictures: 20, credentials: Credentials(user: "admin", password: "p@ss:1")).decoded > 5)
        let missing = #expect(throws: Failure.self) {
            try watch(url + "9", pictures: 1, credentials: Credentials(user: "admin", password: "p@ss:1"))
        }
        #expect(missing?.kind == .notFound)
    }
}

@Test(.timeLimit(.minutes(1))) func faultyCamerasAreFaultyForAWhileAndDoNotDisturbOthers() async throws {
    try await onOwnThread("watch") {
        let server = try fleet(cameras: 9) {
            $0.faults = try Faults(
                parsing: "silent=1@..4s;drip=2@..4s;refuse=3@..4s;drop=4@..4s;missing=5@..4s;garble=7@..4s;swell=8@..4s;endless=9@..4s",
                cameras: 9)
        }
        defer { server.stop() }
        func kind(_ number: Int) -> Failure.Kind? {
            do {
                let source = try PacketSource.openRTSP(
                    url: server.url(ofCamera: number), credentials: nil, interrupt: Interrupt(), openTimeout: .milliseconds(300))
                source.close()
                return nil
            } catch { return (error as? Failure)?.kind }
        }
        #expect([1, 2, 3, 5].map(kind) == [.deadlineExceeded, .deadlineExceeded, .unauthorised, .notFound])
        for number in [4, 7, 8, 9] { #expect(kind(number) != nil, "camera \(number)") }
        #expect(try watch(server.url(ofCamera: 6), pictures: 10).decoded > 3)
        // Once the window is over all of them are as they should be.
        for number in [1, 2, 3, 4, 5, 7, 8, 9] {
            let deadline = ContinuousClock.now + .seconds(10)
            while kind(number) != nil, ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.1) }
            #expect(try watch(server.url(ofCamera: number), pictures: 10).decoded > 3, "camera \(number)")
        }
    }
}

@Test(.timeLimit(.minutes(1))) func clientsThatLeaveOrVanishAreForgottenAndStopClosesAll() async throws {
    try await onOwnThread("watch") {
        let server = try fleet(cameras: 4)
        func waitFor(_ condition: (FleetFigures) -> Bool) -> Bool {
            let deadline = ContinuousClock.now + .seconds(5)
            while !condition(server.figures), ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.02) }
            return condition(server.figures)
        }
        var sources = try (1...4).map {
            try PacketSource.openRTSP(url: server.url(ofCamera: $0), credentials: nil, interrupt: Interrupt(), openTimeout: .seconds(5))
        }
        #expect(waitFor { $0.clients == 4 && $0.playing == 4 })
        sources.removeLast(3)
        #expect(waitFor { $0.clients == 1 && $0.playing == 1 })
        server.stop()
        #expect(server.figures.clients == 0)
        #expect(throws: Failure.self) { while true { _ = try sources[0].read(timeout: .seconds(2), keepPredicted: true) } }
        // The port is free again.
        var options = FleetOptions()
        options.sources = [.scene(.empty)]
        options.port = server.port
        let next = FleetServer(options)
        #expect(try next.start(encoded: [options.order(ofCamera: 1): barLoop(.h264)]) == server.port)
        next.stop()
    }
}

@Test(.timeLimit(.minutes(1))) func aPortInUseIsToldBeforeAnythingIsEncoded() async throws {
    try await onOwnThread("watch") {
        let server = try fleet(cameras: 1)
        defer { server.stop() }
        var options = FleetOptions()
        options.port = server.port
        let failure = #expect(throws: Failure.self) { try FleetServer(options).start() }
        #expect(failure?.kind == .unavailable)
        options.cameras = 0
        #expect(throws: Failure.self) { try FleetServer(options).start() }
        options.cameras = 1
        options.address = "nowhere"
        let wrong = #expect(throws: Failure.self) { try FleetServer(options).start() }
        #expect(wrong?.kind == .invalidInput)
    }
}

@Test(.timeLimit(.minutes(1))) func truthIsWrittenWhileItHappens() async throws {
    try await onOwnThread("truth") {
        let path = try temporaryFolder() + "/truth.jsonl"
        var options = FleetOptions()
        options.sources = [.scene(.walker)]
        options.startsAligned = true
        options.truthPath = path
        var loop = try barLoop(.h264)
        loop.name = "walker"
        loop.events = [.init(kind: "walker", startSeconds: 0.5, endSeconds: 0.75, box: .init(x: 0.1, y: 0.2, width: 0.3, height: 0.4))]
        let server = FleetServer(options)
        _ = try server.start(encoded: [options.order(ofCamera: 1): loop])
        defer { server.stop() }
        func lines() -> [String] { ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init) }
        let deadline = ContinuousClock.now + .seconds(10)
        while lines().count < 3, ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.05) }
        // Once a loop, a loop being a second.
        let starts = try lines().prefix(3).map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["kind"] as? String == "walker" && object["camera"] as? Int == 1)
            return try #require(object["start_s"] as? Double)
        }
        #expect(zip(starts, starts.dropFirst()).allSatisfy { abs($1 - $0 - 1) < 0.01 })
    }
}

@Test(.timeLimit(.minutes(1))) func scenesAndFilesBecomeLoops() async throws {
    try await onOwnThread("encode") {
        var options = FleetOptions()
        options.sources = [.scene(.walker)]
        (options.encoding.width, options.encoding.height) = (96, 64)
        options.encoding.framesPerSecond = 2
        let folder = try temporaryFolder()
        let path = folder + "/walker.mp4"
        try ClipExport.write(.walker, loops: 2, path: path, truthPath: folder + "/truth.jsonl", options: options, stop: StopSignal())
        let truth = try String(contentsOfFile: folder + "/truth.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(truth.count == 2 && truth.allSatisfy { $0.contains("\"kind\":\"walker\"") })
        let scene = Encoding.Order(source: .scene(.walker), codec: .h264)
        let clip = Encoding.Order(source: .clip(path), codec: .h264)
        let loops = try Encoding.run([scene, clip, scene], options.encoding, stop: StopSignal())
        #expect(loops[scene]?.pictures.count == 80 && loops[scene]?.events.count == 1)
        #expect(loops[clip]?.pictures.count == 160 && loops[clip]?.framesPerSecond == 2 && loops[clip]?.width == 96)
        // Every group begins with the parameter sets: a client may join at any of them.
        for picture in loops[clip]?.pictures ?? [] where picture.isKey {
            #expect(NALUnit.split(picture.bytes).prefix(2).allSatisfy { NALUnit.isParameterSet($0.first ?? 0, .h264) })
        }
        let stopped = StopSignal()
        stopped.raise()
        let failure = #expect(throws: Failure.self) { try Encoding.run([scene], options.encoding, stop: stopped) }
        #expect(failure?.kind == .cancelled)
    }
}
