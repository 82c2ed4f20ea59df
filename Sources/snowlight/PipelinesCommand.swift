// `snowlight pipelines explain`: which rules apply to one camera, and why or why not.
// pipelines × camera → **explanation**

import ArgumentParser
import Base
import Cases
import Domain
import Foundation
import Grids
import Pipelines

struct PipelinesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipelines", abstract: "Says what the pipelines do.", subcommands: [Explain.self])

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says which rules apply to a camera and why, condition by condition.",
            discussion: """
                Reads the same files as `snowlight check`. `yes` and `no` are decided by the camera's row, its zones and the calendar at this \
                moment; `live` is what looks and tags decide while the service runs. Exit status: 0, 64 for wrong options, 65 for a camera \
                that is not in the district and for files with errors.
                """)

        @Argument(help: "The camera's 20 digits.") var camera: String
        @Option(help: "The configuration file.") var config: String
        @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?
        @Option(help: "The token of a preset at which the camera stands, of those in views.yaml.") var preset: String?
        @Flag(help: "One JSON object instead of text.") var json = false

        func validate() throws {
            guard CameraID(camera) != nil else { throw ValidationError("CAMERA must be 20 digits, not '\(camera)'.") }
        }

        func run() throws {
            let (preparation, diagnostics) = Preparation.read(configPath: config, data: data)
            for diagnostic in diagnostics { complain("\(diagnostic)") }
            guard let preparation else { throw ExitStatus.badData.exitCode }
            guard let found = preparation.district.cameras.first(where: { $0.id.digits == camera }) else {
                complain("error: the camera \(camera) is not in the district")
                throw ExitStatus.badData.exitCode
            }
            if let preset, found.presets[preset] == nil {
                let known = found.presets.keys.sorted().joined(separator: ", ")
                let others = known.isEmpty ? "it has none" : "there are \(known)"
                complain("error: views.yaml describes no preset \(preset) of this camera; \(others)")
                throw ExitStatus.badData.exitCode
            }
            let standing = preset.map { found.standing(at: $0) } ?? found
            let explanation = CameraExplanation(standing, preparation, wall: SystemTime().wallNow)
            print(json ? try explanation.json() : explanation.text)
        }
    }
}

/// What the pipelines say about one camera, as text and as JSON.
struct CameraExplanation {
    private struct Entry {
        var pipeline: Pipeline
        var because: [ConditionStanding]
        var rules: [(rule: Rule, standing: RuleStanding, filing: FilingPolicy)]
    }

    private let camera: Camera
    private let plan: CameraPlan
    private let motionFrom: String
    private let entries: [Entry]

    init(_ camera: Camera, _ preparation: Preparation, wall: WallTime) {
        self.camera = camera
        let applicable = preparation.pipelines.applicable(to: camera)
        let plan = CameraPlan(
            applicable, tags: camera.tags, zones: camera.areas.zones.map(\.name), calendar: preparation.calendar)
        self.plan = plan
        motionFrom = PipelineSet.motion(of: applicable)?.name ?? "the standard"
        var watch = CameraWatch(plan)
        _ = watch.note(look: nil, tags: [], atSeconds: 0, wall: wall)
        let standings = watch.standings
        entries = preparation.pipelines.files.map { file in
            let ours = zip(plan.program.rules, standings).filter { $0.1.pipeline == file.pipeline.name }
            return Entry(
                pipeline: file.pipeline, because: file.pipeline.applies.standings(for: camera),
                rules: ours.map { ($0.0.rule, $0.1, preparation.catalogue.filing($0.0.rule.emit.category)) })
        }
    }

    private func applies(_ entry: Entry) -> Bool { plan.pipelines.contains(entry.pipeline.name) }

    private static func word(_ standing: ConditionStanding) -> String { standing.isDecided ? "\(standing.truth)" : "live" }

    /// For people: one line a condition, indented by depth.
    var text: String {
        var lines = ["camera \(camera.id) \(camera.name)"]
        lines.append("  static tags: \(camera.tags.isEmpty ? "none" : camera.tags.joined(separator: ", "))")
        let zones = camera.areas.zones.map(\.name)
        lines.append("  drawn zones: \(zones.isEmpty ? "none; the whole picture is watched" : zones.joined(separator: ", "))")
        if !camera.presets.isEmpty { lines.append("  presets: \(camera.presets.keys.sorted().joined(separator: ", ")); see --preset") }
        let floor = plan.floorSeconds.map { "at least every \(Int($0)) s" } ?? "as often as its priority \(camera.priority.rawValue) says"
        lines.append("  looked at \(floor); a candidate \(plan.mayPromote ? "may" : "may not") ask for every picture")
        lines.append("  the detector has the numbers of \(motionFrom)")
        for entry in entries {
            lines.append("\(entry.pipeline.name) \(applies(entry) ? "applies" : "does not apply")")
            lines += entry.because.map { indented($0, by: 1) }
            for (rule, standing, filing) in entry.rules {
                let zone = standing.zone.isEmpty ? "" : " in zone \(standing.zone)"
                lines.append(
                    "  rule '\(rule.name)' says \(rule.emit.category)\(zone), priority \(rule.emit.priority.rawValue); the catalogue: \(filing.rawValue)"
                )
                lines += standing.conditions.map { indented($0, by: 2) }
            }
        }
        return lines.joined(separator: "\n")
    }

    private func indented(_ standing: ConditionStanding, by depth: Int) -> String {
        let mark = Self.word(standing).padding(toLength: 5, withPad: " ", startingAt: 0)
        return String(repeating: "  ", count: depth + standing.depth) + mark + standing.text
            + (standing.note.isEmpty || !standing.isDecided ? "" : " (\(standing.note))")
    }

    /// For programs; the members are those of the text.
    func json() throws -> String {
        func conditions(_ standings: [ConditionStanding]) -> [[String: Any]] {
            standings.map { ["depth": $0.depth, "text": $0.text, "state": Self.word($0), "note": $0.isDecided ? $0.note : ""] }
        }
        let pipelines = entries.map { entry in
            [
                "name": entry.pipeline.name, "applies": applies(entry), "because": conditions(entry.because),
                "rules": entry.rules.map { rule, standing, filing in
                    var members: [String: Any] = [
                        "name": rule.name, "zone": standing.zone, "category": rule.emit.category, "priority": rule.emit.priority.rawValue,
                        "filing": filing.rawValue, "snapshot": rule.emit.snapshot, "conditions": conditions(standing.conditions),
                    ]
                    if let clip = rule.emit.clip { members["clip"] = ["before_s": clip.before.seconds, "after_s": clip.after.seconds] }
                    return members
                },
            ] as [String: Any]
        }
        var members: [String: Any] = [
            "camera": camera.id.digits, "name": camera.name, "tags": camera.tags, "zones": camera.areas.zones.map(\.name),
            "promote": plan.mayPromote, "presets": camera.presets.keys.sorted(), "motion_from": motionFrom, "pipelines": pipelines,
        ]
        if let floor = plan.floorSeconds { members["floor_s"] = floor }
        let data = try JSONSerialization.data(withJSONObject: members, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }
}
