// A set of takes as a folder of files with one `labels.json`, which `tools/bench detect` reads.
// take ─▶ pictures ─▶ **file with its truth**

package import Base
import Domain
import Foundation
import Media
import Synchronization

/// Writes endurance sets: recordings in which little or nothing happens, with exact truth.
package enum TakeSet {
    /// Files of another recipe lie in another folder and are never mixed; raised whenever a take of the same seed looks different.
    package static let recipe = 1

    /// One take with what the labels say about it.
    package struct Labelled: Sendable {
        package var take: Take
        package var events: [SceneEvent]

        package init(_ take: Take, events: [SceneEvent]) { (self.take, self.events) = (take, events) }
    }

    /// Renders and encodes the takes on as many threads as there are processors, then writes the labels. Files that are there already are
    /// whole and are kept: an interrupted set goes on where it stopped.
    ///
    /// - Throws: The first `Failure`; `cancelled` when `stop` was raised meanwhile.
    package static func write(
        _ takes: [Take], folder: String, stop: StopSignal, progress: @escaping Encoding.Progress = { _, _ in }
    ) throws {
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        let missing = takes.filter { !FileManager.default.fileExists(atPath: path(of: $0, in: root)) }
        for take in missing { try makeFolder(of: take, in: root) }
        struct State {
            var waiting: [Take]
            var failure: (any Error)?
            var done = 0
        }
        let total = missing.reduce(0) { $0 + Int($1.seconds) * $1.framesPerSecond }
        let state = Mutex(State(waiting: missing.reversed()))
        let threads = (0..<min(missing.count, ProcessInfo.processInfo.activeProcessorCount)).map { number in
            OwnThread(name: "take \(number)", stackBytes: 2 << 20) {
                while let take = state.withLock({ $0.failure == nil ? $0.waiting.popLast() : nil }) {
                    do {
                        try encode(take, to: path(of: take, in: root)) {
                            let done = state.withLock {
                                $0.done += 1
                                return $0.done
                            }
                            progress(done, total)
                            return !stop.isRaised && state.withLock { $0.failure == nil }
                        }
                    } catch {
                        state.withLock { $0.failure = $0.failure ?? error }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        try save(Data(labels(takes.map(labelled)).utf8), to: root.appendingPathComponent("labels.json"))
    }

    private static func path(of take: Take, in root: URL) -> String { root.appendingPathComponent(take.name + ".mp4").path }

    private static func makeFolder(of take: Take, in root: URL) throws {
        let folder = root.appendingPathComponent(take.name).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw Failure(.unavailable, "the folder cannot be made", context: [("folder", folder.path)], cause: error)
        }
    }

    /// Under another name until it is whole.
    private static func encode(_ take: Take, to path: String, goOn: () -> Bool) throws {
        let renderer = TakeRenderer(take)
        let (rate, coding) = (take.framesPerSecond, take.coding)
        let settings = EncoderSettings(
            codec: .h264, width: renderer.width, height: renderer.height, framesPerSecond: rate,
            gopPictures: Int(coding.gopSeconds * Double(rate)), bitrateBitsPerSecond: coding.bitsPerSecond)
        let encoder = try VideoEncoder(settings)
        let unfinished = path.replacing(".mp4", with: ".part.mp4")
        let writer = try ClipWriter(path: unfinished, settings: settings)
        for number in 0..<renderer.pictureCount {
            let picture = renderer.picture(number)
            for coded in try encoder.encode(y: picture.y, u: picture.u, v: picture.v) { try writer.append(coded) }
            guard goOn() else { throw Failure(.cancelled, "stopped while encoding \(take.name)") }
        }
        for coded in try encoder.finish() { try writer.append(coded) }
        try writer.finish()
        do {
            try FileManager.default.moveItem(atPath: unfinished, toPath: path)
        } catch {
            throw Failure(.unavailable, "the finished file cannot be named", context: [("file", path)], cause: error)
        }
    }

    private static func labelled(_ take: Take) -> Labelled {
        let lens = Stage.lens(seed: take.seed, aspect: 16.0 / 9, turnedDegrees: 0)
        return Labelled(take, events: TakeActors(take, lens: lens).events)
    }

    /// The labels as JSON, one clip a line.
    package static func labels(_ takes: [Labelled]) -> String {
        func number(_ value: Double) -> String { String((value * 100).rounded() / 100) }
        func list(_ parts: [String]) -> String { "[" + parts.joined(separator: ", ") + "]" }
        let lines = takes.map { entry in
            let take = entry.take
            var parts = [
                "\"file\": \"\(take.name).mp4\"", "\"fps\": \(take.framesPerSecond)", "\"duration_s\": \(number(take.seconds))",
                "\"light\": \"\(take.light.rawValue)\"",
                "\"events\": " + list(entry.events.map { list([number($0.startSeconds), number($0.endSeconds)]) }),
            ]
            if let disturbance = take.disturbance { parts.append("\"disturbance\": \"\(disturbance.rawValue)\"") }
            if !entry.events.isEmpty { parts.append("\"kinds\": " + list(entry.events.map { "\"\($0.kind)\"" })) }
            if let tamper = take.tamper {
                let span = list([number(tamper.times.lowerBound), number(tamper.times.upperBound)])
                parts.append("\"tamper\": [{\"kind\": \"\(tamper.kind.rawValue)\", \"span\": \(span)}]")
            }
            return "    {" + parts.joined(separator: ", ") + "}"
        }
        return "{\n  \"tolerance\": {\"before_s\": 0.5, \"after_s\": 1.0, \"strict_s\": 10},\n  \"clips\": [\n"
            + lines.joined(separator: ",\n") + "\n  ]\n}\n"
    }

    private static func save(_ data: Data, to url: URL) throws {
        do { try data.write(to: url, options: .atomic) } catch {
            throw Failure(.unavailable, "the labels cannot be written", context: [("file", url.path)], cause: error)
        }
    }
}
