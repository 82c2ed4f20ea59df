// `snowlight replay`: stored looks under a changed pipeline, and what it would have told that was not told, or the other way round.
// **archive** ─▶ looks → detections → incidents

import ArgumentParser
import Base
import Cases
import Domain
import Foundation
import Grids
import Pipelines

struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries a pipeline on the looks that were kept, and prints the difference in incidents.",
        discussion: """
            Needs looks: `ingest.archive` in the configuration keeps the key pictures that were looked at. FILE takes the place of the \
            pipeline with the same name, or is added to those of the configuration; without it the pipelines of the configuration run \
            alone, which shows what a replay loses. `told` is what really happened, `same` of it would be told again, `gone` would not, \
            `new` would be told in addition. Cameras at full rate were seen better than a replay sees them: only their key pictures are kept.

            May run beside `snowlight serve`. Cameras with privacy masks keep no looks. Exit status: 0, 64 for wrong options, 65 for files \
            with errors and for an archive without looks in the time asked for.
            """)

    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?
    @Option(help: "The changed pipeline.") var pipeline: String?
    @Option(help: "From when, in UTC, such as 2026-11-23T14:00:00.000Z, or how long ago, such as 24h; the beginning when left out.")
    var from: String?
    @Option(help: "Until when, in the same way; now when left out.") var to: String?
    @Option(name: .customLong("camera"), help: "Only this camera; 20 digits. May be repeated.") var cameras: [String] = []
    @Flag(help: "One JSON object instead of text.") var json = false

    func validate() throws {
        for camera in cameras where CameraID(camera) == nil { throw ValidationError("--camera must be 20 digits, not '\(camera)'.") }
        let (from, to) = (try from.map { try Self.time($0, "--from") }, try to.map { try Self.time($0, "--to") })
        if let from, let to, from >= to { throw ValidationError("--from must be before --to.") }
    }

    func run() throws {
        let (preparation, diagnostics) = Preparation.read(configPath: config, data: data)
        for diagnostic in diagnostics where diagnostic.severity == .error { complain("\(diagnostic)") }
        guard let preparation else { throw ExitStatus.badData.exitCode }
        let now = SystemTime().wallNow
        let session = ReplaySession(
            directory: preparation.configuration.lookDirectory, pipelines: try pipelines(preparation),
            calendar: preparation.calendar,
            from: try from.map { try Self.time($0, "--from") } ?? WallTime(millisecondsSince1970: 0),
            to: try to.map { try Self.time($0, "--to") } ?? now)
        let wanted = Set(cameras.compactMap(CameraID.init))
        let known = preparation.district.cameras.filter { wanted.isEmpty || wanted.contains($0.id) }
        for id in wanted where !known.contains(where: { $0.id == id }) {
            complain("error: the camera \(id) is not in the district")
            throw ExitStatus.badData.exitCode
        }
        let report = try session.run(known) { ReplayReport.Place($0, preparation.district.grids) }
        guard report.looks > 0 else {
            complain(
                "error: no looks are kept in \(preparation.configuration.lookDirectory) for that time: "
                    + "set ingest.archive in the configuration, or ask for another time")
            throw ExitStatus.badData.exitCode
        }
        print(json ? try report.json() : report.text)
    }

    /// The pipelines with the changed one in its place.
    private func pipelines(_ preparation: Preparation) throws -> PipelineSet {
        guard let path = pipeline else { return preparation.pipelines }
        let (file, findings) = PipelineFile.read(path: path)
        for finding in findings { complain("\(finding)") }
        guard let file else { throw ExitStatus.badData.exitCode }
        let set = PipelineSet(preparation.pipelines.files.filter { $0.pipeline.name != file.pipeline.name } + [file])
        let misfits = set.findings(preparation.district.cameras, filing: { preparation.catalogue[$0]?.filing }).filter { $0.file == path }
        for finding in misfits { complain("\(finding)") }
        guard !misfits.hasErrors else { throw ExitStatus.badData.exitCode }
        return set
    }

    private static func time(_ text: String, _ option: String) throws -> WallTime {
        if let time = WallTime(text) { return time }
        if let ago = Duration(parsing: text) { return SystemTime().wallNow.adding(seconds: -ago.seconds) }
        throw ValidationError(
            "\(option) must be a time in UTC such as 2026-11-23T14:00:00.000Z or a time ago such as 24h, not '\(text)'.")
    }
}
