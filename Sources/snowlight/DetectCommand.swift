// `snowlight detect`: one pipeline over one file or camera on media time, as JSON Lines on standard output.
// **packets → looks → frames → detections → incidents**, without cases

import ArgumentParser
import Base
import Domain
import Foundation
import Pipelines

struct Detect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs one detection pipeline over a file or a camera and prints what it finds.",
        discussion: """
            Prints JSON Lines: `incident` when one has ended, `suppressed` for evidence that was not believed, `health` for what the \
            camera itself shows (kind `state`, `quality` or `tamper`), `frame` with --frames, at the end one `rule` for each rule with how \
            its conditions stand, and `summary` as the last line. Times are seconds of media time from the first picture; \
            boxes are x, y, width, height, relative to the picture, 0…1.

            Without --full-rate, key pictures are examined, at most one each 2 s (see --look-every). A source whose key pictures are \
            further apart is decoded whole, and pictures at that distance are examined. As in the service, what is not yet confirmed \
            promotes the source: every picture is examined from the next key picture on, until nothing unconfirmed was seen for six \
            seconds; `promoted_looks` of the summary counts them. A pipeline with `promote: false` under `looks` is left at its looks.

            Zones restrict what is reported: with at least one --zone, only what moves inside a zone becomes an incident, and the \
            incident names the zones it touched. Without a zone the whole picture is watched. A rule that names a zone needs it drawn.

            The pipeline runs whatever its `applies` says. A tag given with --tag holds all the time, so that rules over tags can be tried. \
            Rules that keep hours begin at --at, now when left out.

            Ctrl-C and SIGTERM end the run with its summary. Exit status: 0, 64 for wrong options, 65 for a file that is no video or \
            does not exist and for a pipeline with errors, 69 for a camera that cannot be reached.
            """)

    @Argument(help: "A video file, or rtsp://[user:password@]host[:port]/path.") var source: String
    @Option(help: "The pipeline file; the built-in motion pipeline when left out.") var pipeline: String?
    @Option(help: "Media time between two looks, such as 500ms, 2s or 10s; the pipeline's own (2 s) when left out.") var lookEvery: String?
    @Flag(help: "Examine every picture.") var fullRate = false
    @Option(
        name: .customLong("tag"),
        help: "A tag of the camera that holds all the time, such as scene:street or io:door/open. May be repeated.")
    var tags: [String] = []
    @Option(
        name: .customLong("zone"),
        help: "NAME=x,y;x,y;x,y… in relative coordinates from the upper left corner. May be repeated up to eight times.")
    var zones: [String] = []
    @Option(help: "When the first picture was taken, in UTC, such as 2026-11-23T14:00:00.000Z; now when left out.") var at: String?
    @Flag(help: "Print a line for every picture examined.") var frames = false

    func validate() throws {
        if fullRate && lookEvery != nil { throw ValidationError("--full-rate and --look-every exclude each other; give one of them.") }
        _ = try everySeconds()
        do { _ = try Zone.parse(zones) } catch { throw ValidationError(error.message + ".") }
        if let at, WallTime(at) == nil {
            throw ValidationError("--at must be a time in UTC such as 2026-11-23T14:00:00.000Z, not '\(at)'.")
        }
        guard !source.isEmpty else { throw ValidationError("SOURCE must be a file or an rtsp:// URL, not an empty text.") }
        for tag in tags where tag.isEmpty || tag.utf8.count > 128 || tag.unicodeScalars.contains(where: { $0.value < 0x21 }) {
            throw ValidationError("A tag has 1 to 128 bytes and no blanks, such as scene:street.")
        }
    }

    func run() throws {
        let zones = try Zone.parse(zones)  // validate() has already refused zones that cannot be read.
        let pipeline = try readPipeline(zones)
        let every = fullRate ? nil : try everySeconds() ?? pipeline.lookEverySeconds
        let target = DetectTarget(source)
        let request = MediaTimeRequest(
            source: target.shown, pipeline: pipeline, zones: zones, tags: tags, everySeconds: every, frames: frames)
        do {
            try DetectSession(target: target, request: request, firstWall: at.flatMap(WallTime.init) ?? SystemTime().wallNow).run()
        } catch let failure as Failure {
            complain("error: " + failure.description)
            throw target.exitStatus(for: failure).exitCode
        }
    }

    private func everySeconds() throws -> Double? {
        guard let lookEvery else { return nil }
        guard let every = Duration(parsing: lookEvery), (0.1...60).contains(every.seconds) else {
            throw ValidationError("--look-every must be a time from 100ms to 60s, such as 500ms or 2s, not '\(lookEvery)'.")
        }
        return every.seconds
    }

    private func readPipeline(_ zones: [Zone]) throws -> Pipeline {
        guard let path = pipeline else { return .standard }
        let (file, diagnostics) = PipelineFile.read(path: path)
        for diagnostic in diagnostics { complain(diagnostic.description) }
        guard let file else { throw ExitStatus.badData.exitCode }
        let undrawn = file.mentions.filter { mention in mention.kind == .zone && !zones.contains { $0.name == mention.text } }
        for mention in undrawn {
            complain("\(path):\(mention.line): error: the zone '\(mention.text)' is not drawn: give --zone \(mention.text)=x,y;x,y;x,y")
        }
        guard undrawn.isEmpty else { throw ExitStatus.badData.exitCode }
        return file.pipeline
    }
}
