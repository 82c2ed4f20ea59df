// All pipelines of a district: read from a folder, checked against the district, and dealt out to its cameras.
// **pipelines × cameras** → plans → rules → incidents

package import Base
package import Domain
import Foundation

/// The pipelines of a district, in the order of their names.
package struct PipelineSet: Sendable {
    package let files: [PipelineFile]

    package init(_ files: [PipelineFile]) { self.files = files.sorted { $0.pipeline.name < $1.pipeline.name } }

    /// Reads every `*.yaml` of a folder; nil when a finding is an error.
    package static func read(folder: String) -> (PipelineSet?, [Diagnostic]) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return (nil, [Diagnostic(file: folder, line: nil, message: "the folder with the pipelines cannot be read: does it exist?")])
        }
        let paths = names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
        guard !paths.isEmpty else {
            return (nil, [Diagnostic(file: folder, line: nil, message: "the folder holds no pipeline: a file named *.yaml")])
        }
        var (files, diagnostics): ([PipelineFile], [Diagnostic]) = ([], [])
        for path in paths {
            let (file, findings) = PipelineFile.read(path: path)
            diagnostics += findings
            guard let file else { continue }
            if let other = files.first(where: { $0.pipeline.name == file.pipeline.name }) {
                diagnostics.append(
                    Diagnostic(file: path, line: 1, message: "the pipeline '\(file.pipeline.name)' stands in \(other.path) as well"))
            }
            files.append(file)
        }
        return (diagnostics.hasErrors ? nil : PipelineSet(files), diagnostics)
    }

    /// The pipelines that apply to a camera, in the order of their names.
    package func applicable(to camera: Camera) -> [Pipeline] { files.map(\.pipeline).filter { $0.applies.holds(for: camera) } }

    /// The plan of every camera; cameras for which the same is true share one.
    package func plans(for cameras: [Camera], calendar: WorkingCalendar) -> [CameraID: CameraPlan] {
        struct Facts: Hashable {
            var pipelines: [String]
            var tags: [String]
            var zones: [String]
        }
        var known: [Facts: CameraPlan] = [:]
        var plans: [CameraID: CameraPlan] = [:]
        for camera in cameras {
            let pipelines = applicable(to: camera)
            let zones = camera.areas.zones.map(\.name)
            let facts = Facts(pipelines: pipelines.map(\.name), tags: camera.tags, zones: zones)
            let plan = known[facts] ?? CameraPlan(pipelines, tags: camera.tags, zones: zones, calendar: calendar)
            known[facts] = plan
            plans[camera.id] = plan
        }
        return plans
    }

    /// Whose `motion` section a camera's one detector has: of the pipelines with one, the first that says where it applies; if none
    /// does, the first of those that apply everywhere; nil leaves the standard values.
    package static func motion(of pipelines: [Pipeline]) -> Pipeline? {
        let stated = pipelines.filter { $0.motion != nil }
        return stated.first { $0.applies != .everywhere } ?? stated.first
    }
}

// MARK: what only the district can judge

extension PipelineSet {
    /// Findings of all pipelines against the district.
    ///
    /// A category must be in the catalogue. A zone that no camera of its rule has is an error, and one that some of them lack is a
    /// warning, unless `applies.zones` names it: then the rule is only for cameras that have it. Two `motion` sections for one camera
    /// are a warning.
    /// - Parameter filing: What the catalogue says of a category; nil when it is not in it.
    package func findings(_ cameras: [Camera], filing: (String) -> FilingPolicy?) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for file in files {
            let concerned = cameras.filter { file.pipeline.applies.holds(for: $0) }
            for mention in file.mentions {
                if let finding = finding(mention, file, concerned, filing) { diagnostics.append(finding) }
            }
        }
        return diagnostics + doubleMotion(cameras)
    }

    private func finding(
        _ mention: PipelineFile.Mention, _ file: PipelineFile, _ concerned: [Camera], _ filing: (String) -> FilingPolicy?
    ) -> Diagnostic? {
        func say(_ message: String, _ severity: Diagnostic.Severity = .error) -> Diagnostic {
            Diagnostic(file: file.path, line: mention.line, severity: severity, message: message)
        }
        switch mention.kind {
        case .category: return filing(mention.text) == nil ? say("the category '\(mention.text)' is not in the catalogue") : nil
        case .filing:
            let emit = file.pipeline.rules[mention.rule].emit
            guard let decided = filing(emit.category), let expected = emit.filing, decided != expected else { return nil }
            return say(
                "case: \(expected.rawValue) is expected here, but the catalogue decides and says \(decided.rawValue) for '\(emit.category)'",
                .warning)
        case .zone:
            if concerned.isEmpty || file.pipeline.applies.certainZones.contains(mention.text) { return nil }
            let without = concerned.filter { camera in !camera.areas.zones.contains { $0.name == mention.text } }
            guard let first = without.first else { return nil }
            if without.count == concerned.count {
                return say("the zone '\(mention.text)' is drawn on none of the \(concerned.count) cameras that this applies to")
            }
            return say(
                "the zone '\(mention.text)' is not drawn on \(without.count) of the \(concerned.count) cameras that this applies to, such as "
                    + "\(first.id); name it under applies.zones to mean only those that have it", .warning)
        }
    }

    private func doubleMotion(_ cameras: [Camera]) -> [Diagnostic] {
        var said: Set<[String]> = []
        var diagnostics: [Diagnostic] = []
        for camera in cameras {
            let stated = files.filter { $0.pipeline.motion != nil && $0.pipeline.applies.holds(for: camera) }
            guard let chosen = Self.motion(of: stated.map(\.pipeline)) else { continue }
            for file in stated where file.pipeline.applies != .everywhere && file.pipeline.motion != chosen.motion {
                guard said.insert([chosen.name, file.pipeline.name]).inserted else { continue }
                diagnostics.append(
                    Diagnostic(
                        file: file.path, line: file.motionLine, severity: .warning,
                        message:
                            "a camera has one detector: on \(camera.id) the motion section of '\(chosen.name)' is in force, not this one"))
            }
        }
        return diagnostics
    }
}
