// The command line of the simulated fleet: options, progress, signals, exit codes.
// **options** ─▶ scenes ─▶ pictures ─▶ encodings ─▶ packets ─▶ clients

import ArgumentParser
import Base
import CameraFleet
import Foundation
import Media

@main
struct CameraFleetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "camera-fleet",
        abstract: "Simulated RTSP cameras with known truth, at rtsp://127.0.0.1:PORT/cam/1…N.",
        discussion: """
            Scenes: \(SceneName.allCases.map(\.rawValue).joined(separator: ", ")).
            Faults: KIND=CAMERAS[@FROM..TO], joined by ';', e.g. 'silent=3@..30s;drip=4;refuse=5,6@10s..1m'. Kinds: silent (says nothing),
            drip (answers one byte every 4 s), refuse (401 to every password), drop (hangs up), missing (404), corrupt (wrong bits in its
            pictures), garble (no session description), swell (a huge header), endless (a description without end). Times count from the
            start.
            """)

    @Option(help: "Port to listen at; 0 takes any free one and prints it.")
    var port = 0
    @Option(help: "Address to listen at.")
    var bind = "127.0.0.1"
    @Option(help: "Number of cameras.")
    var cameras = 1
    @Option(name: .customLong("scene"), help: "A scene to show; may be given several times, cameras take them in turn. Default: a mix.")
    var scenes: [String] = []
    @Option(name: .customLong("clip"), help: "A video file to show; may be given several times, before or beside scenes.")
    var clips: [String] = []
    @Option(help: "Size of the pictures.")
    var size = "640x360"
    @Option(help: "Pictures a second.")
    var fps = 25
    @Option(help: "Time from one key picture to the next, e.g. 2s.")
    var gop = "2s"
    @Option(help: "Bit rate of each camera, e.g. 512k or 2m.")
    var bitrate = "512k"
    @Option(help: "Quality of H.264 and H.265, 18 (fine) to 40: the rate varies with the scene, up to --bitrate. Default: constant rate.")
    var quality: Int?
    @Option(name: .customLong("codec"), help: "h264, h265 or mjpeg; may be given several times, cameras take them in turn. Default: h264.")
    var codecs: [String] = []
    @Option(help: "What one write holds, e.g. 100ms. Default: one picture up to 64 cameras, 100ms above.")
    var batch: String?
    @Option(help: "onvif: a metadata track with events that agree with the scene's truth: motion, lines, objects left, tampering.")
    var metadata: String?
    @Option(help: "none, basic or digest.")
    var auth = "none"
    @Option(help: "User name the cameras ask for.")
    var user = "admin"
    @Option(help: "Password the cameras ask for.")
    var password: String?
    @Option(help: "Cameras that misbehave; see below.")
    var faults = ""
    @Option(help: "File to which each true event is written as one JSON line when it starts.")
    var truth: String?
    @Option(name: .customLong("write-clip"), help: "Write the first scene to this file (.mp4, .mkv) with its truth on media time, and end.")
    var writeClip: String?
    @Option(help: "Rounds of the scene for --write-clip.")
    var loops = 1
    @Option(
        name: .customLong("write-takes"),
        help: "Write an endurance set into this folder, disturbed scenes with labels.json for tools/bench detect, and end.")
    var writeTakes: String?
    @Option(help: "Camera-hours of empty scenes for --write-takes; scenes with events and tampering come on top.")
    var hours = 2.0
    @Option(help: "Number from which --write-takes makes its streets, weather and actors.")
    var seed = 1
    @Flag(help: "Start every camera at the beginning of its scene instead of somewhere in it.")
    var aligned = false

    func validate() throws {
        do {
            try options().check()
            guard (1...1000).contains(loops) else { throw Failure(.invalidInput, "the number of loops is 1 to 1000") }
            guard (0.1...240).contains(hours) else { throw Failure(.invalidInput, "--hours is a number from 0.1 to 240") }
            guard (0...1_000_000).contains(seed) else { throw Failure(.invalidInput, "--seed is a number from 0 to 1000000") }
        } catch let failure as Failure {
            throw ValidationError(failure.message)
        }
    }

    func run() throws {
        let signals = try SignalWatch()
        do {
            if let writeTakes {
                try record(to: writeTakes, signals.stop)
            } else if let writeClip {
                try export(to: writeClip, signals.stop)
            } else {
                try serve(signals.stop)
            }
        } catch let failure as Failure {
            if failure.kind == .cancelled, signals.stop.isRaised { return }
            FileHandle.standardError.write(Data("camera-fleet: \(failure)\n".utf8))
            throw ExitCode(failure.exitStatus.rawValue)
        }
    }

    private func export(to path: String, _ stop: StopSignal) throws {
        let options = try options()
        guard case .scene(let scene) = options.sources[0] else {
            throw Failure(.invalidInput, "--write-clip writes a scene: name one with --scene")
        }
        let progress = ProgressLine("encoding")
        try ClipExport.write(scene, loops: loops, path: path, truthPath: truth, options: options, stop: stop) { progress.show($0, of: $1) }
        print("camera-fleet: wrote \(path)")
    }

    private func record(to folder: String, _ stop: StopSignal) throws {
        let progress = ProgressLine("recording")
        // Takes of another recipe never stand beside these.
        let folder = folder + "/recipe-\(TakeSet.recipe)"
        try TakeSet.write(Take.set(hours: hours, seed: seed), folder: folder, stop: stop) { progress.show($0, of: $1) }
        print("camera-fleet: wrote \(folder)/labels.json")
    }

    private func serve(_ stop: StopSignal) throws {
        let options = try options()
        let server = FleetServer(options)
        // A signal while encoding ends the encoding.
        let watch = OwnThread(name: "stop") {
            while !stop.sleep(.seconds(3600)) {}
            server.stop()
        }
        let progress = ProgressLine("encoding")
        let port = try server.start { progress.show($0, of: $1) }
        print("camera-fleet: serving \(cameras) cameras at rtsp://\(bind):\(port)/cam/1…\(cameras)")
        // Readers of a pipe wait for this line.
        fflush(nil)
        var last = server.figures
        while !stop.sleep(.seconds(10)) {
            let now = server.figures
            let megabits = Double(now.bytesSent - last.bytesSent) * 8 / 10 / 1e6
            last = now
            let rate = String(format: "%.1f", megabits)
            let line = "\(now.playing) of \(now.clients) clients playing, \(rate) Mbit/s, \(now.closedSlow) closed for being slow"
            FileHandle.standardError.write(Data("camera-fleet: \(line)\n".utf8))
        }
        watch.join()
    }

    /// The options as the fleet takes them.
    private func options() throws -> FleetOptions {
        func refuse(_ sentence: String) -> Failure { Failure(.invalidInput, sentence) }
        var options = FleetOptions()
        (options.address, options.port, options.cameras) = (bind, port, cameras)
        let named = try scenes.map { text -> LoopSource in
            guard let scene = SceneName(rawValue: text) else {
                throw refuse("'\(text)' is no scene; there are \(SceneName.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return .scene(scene)
        }
        let sources = clips.map { LoopSource.clip($0) } + named
        if !sources.isEmpty { options.sources = sources }
        options.codecs = try (codecs.isEmpty ? ["h264"] : codecs).map { text in
            guard let codec = VideoCodec(rawValue: text), codec != .other else {
                throw refuse("the codec is h264, h265 or mjpeg, not '\(text)'")
            }
            return codec
        }
        let sides = size.split(separator: "x").compactMap { Int($0) }
        guard sides.count == 2 else { throw refuse("the size is written like 640x360, not '\(size)'") }
        (options.encoding.width, options.encoding.height) = (sides[0], sides[1])
        options.encoding.framesPerSecond = fps
        options.encoding.gopSeconds = try seconds(gop, "gop")
        options.encoding.bitrateBitsPerSecond = try bitsPerSecond()
        if let quality { options.encoding.rateControl = .quality(quality) }
        options.batch = try batch.map { .seconds(try seconds($0, "batch")) }
        guard let scheme = Gate.Scheme(rawValue: auth) else { throw refuse("--auth is none, basic or digest, not '\(auth)'") }
        guard scheme == .none || password != nil else { throw refuse("--auth \(auth) needs a --password") }
        options.gate = Gate(scheme: scheme, user: user, password: password ?? "")
        options.faults = try Faults(parsing: faults, cameras: cameras)
        options.metadata = try metadata.map { text in
            guard let kind = MetadataKind(rawValue: text) else { throw refuse("--metadata is onvif, not '\(text)'") }
            return kind
        }
        options.truthPath = truth
        options.startsAligned = aligned
        return options
    }

    private func seconds(_ text: String, _ name: String) throws -> Double {
        guard let duration = Duration(parsing: text) else {
            throw Failure(.invalidInput, "--\(name) is a time such as 2s or 100ms, not '\(text)'")
        }
        return duration.seconds
    }

    private func bitsPerSecond() throws -> Int {
        let scale: [Character: Double] = ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6]
        let factor = bitrate.last.flatMap { scale[$0] }
        guard let number = Double(factor == nil ? bitrate : String(bitrate.dropLast())), number > 0, number < 1e9 else {
            throw Failure(.invalidInput, "the bit rate is written like 512k or 2m, not '\(bitrate)'")
        }
        return Int(number * (factor ?? 1))
    }
}

extension Failure {
    /// The exit code of this command for a failure (sysexits).
    var exitStatus: ExitStatus {
        switch kind {
        case .invalidInput, .unsupported, .notFound: .badData
        case .unavailable, .unauthorised, .deadlineExceeded, .resourceExhausted, .conflict: .unavailable
        case .dataLoss: .inputOutput
        case .cancelled, .internal: .internalError
        }
    }
}
