// What truly happens in front of the simulated cameras, one JSON line an event, for scoring and for demonstrations.
// **scene** ─▶ pictures ─▶ encodings ─▶ packets ─▶ clients

import Base
package import Domain
import Foundation

/// One line of a truth file.
package struct TruthLine: Sendable, Equatable {
    package var camera: Int
    package var scene: String
    package var event: SceneEvent
    /// Seconds since the fleet started, or of media time in a clip.
    package var startSeconds: Double
    package var endSeconds: Double
    package var start: WallTime?
    package var end: WallTime?

    /// The JSON object, in a fixed order of keys and without a line end.
    package var text: String {
        var parts = [
            "\"type\":\"truth\"", "\"camera\":\(camera)", "\"scene\":\(Self.quoted(scene))", "\"kind\":\(Self.quoted(event.kind))",
        ]
        if let start { parts.append("\"start\":\"\(start)\"") }
        if let end { parts.append("\"end\":\"\(end)\"") }
        parts += ["\"start_s\":\(Self.number(startSeconds, 3))", "\"end_s\":\(Self.number(endSeconds, 3))"]
        let box = [event.box.x, event.box.y, event.box.width, event.box.height].map { Self.number($0, 4) }
        parts.append("\"box\":[\(box.joined(separator: ","))]")
        return "{" + parts.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double, _ digits: Int) -> String {
        let scale = pow(10.0, Double(digits))
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

/// When a camera's events come round.
package struct CameraSchedule: Sendable {
    package let camera: CameraTimeline
    private let scene: String
    private let events: [SceneEvent]
    private let loopSeconds: Double

    package init(camera: CameraTimeline, loop: CodedLoop) {
        self.camera = camera
        scene = loop.name
        events = loop.events
        loopSeconds = loop.loopSeconds
    }

    /// The first event that starts at or after `seconds` since the fleet's start; nil for scenes where nothing happens.
    package func next(from seconds: Double) -> TruthLine? {
        events.compactMap { event -> TruthLine? in
            let first = camera.seconds(atPosition: event.startSeconds * camera.framesPerSecond)
            let loops = ((seconds - first) / loopSeconds).rounded(.up)
            let start = first + loops * loopSeconds
            return TruthLine(
                camera: camera.number, scene: scene, event: event, startSeconds: start,
                endSeconds: start + event.endSeconds - event.startSeconds)
        }.min { $0.startSeconds < $1.startSeconds }
    }
}

/// Writes each event's line when it starts. An event that was running when the fleet started is left out: nobody saw it begin.
final class TruthWriter: Sendable {
    private let file: FileHandle
    private let schedule: [CameraSchedule]
    private let time: any TimeSource
    private let fleetStart: Duration
    private let wallStart: WallTime
    private let stopSignal = StopSignal()
    private let thread: Box

    /// Holds the thread once it runs.
    private final class Box: @unchecked Sendable {
        // Unchecked: set once by `start()` before anybody may call `stop()`.
        var thread: OwnThread?
    }

    /// Makes the file empty, before anything that takes long.
    static func open(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
            throw Failure(.unavailable, "the truth file cannot be written", context: [("file", path)])
        }
        return file
    }

    init(_ file: FileHandle, _ schedule: [CameraSchedule], time: any TimeSource, start: Duration) {
        self.file = file
        self.schedule = schedule
        self.time = time
        fleetStart = start
        wallStart = time.wallNow.adding(seconds: -(time.now - start).seconds)
        thread = Box()
    }

    func start() { thread.thread = OwnThread(name: "truth") { [self] in run() } }

    func stop() {
        stopSignal.raise()
        thread.thread?.join()
        try? file.close()
    }

    private func run() {
        var next = schedule.compactMap { entry in entry.next(from: 0).map { (schedule: entry, line: $0) } }
        // Due lines are looked for a few times a second: with thousands of cameras that is less work than a queue.
        while !stopSignal.sleep(.milliseconds(200)) {
            let now = (time.now - fleetStart).seconds
            var text = ""
            for index in next.indices where next[index].line.startSeconds <= now {
                var line = next[index].line
                line.start = wallStart.adding(seconds: line.startSeconds)
                line.end = wallStart.adding(seconds: line.endSeconds)
                text += line.text + "\n"
                // A little later than this start, so that the same event is not found again.
                next[index].line = next[index].schedule.next(from: line.startSeconds + 1e-6) ?? line
            }
            guard !text.isEmpty else { continue }
            // A full disk costs the truth and not the fleet.
            try? file.write(contentsOf: Data(text.utf8))
        }
    }
}
