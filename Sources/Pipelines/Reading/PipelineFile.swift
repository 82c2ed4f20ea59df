// pipelines/*.yaml: read strictly, so that what is wrong is named by file and line and never ignored.
// **YAML** → pipelines → rules

package import Base
import Detectors
import Domain
import Foundation

/// A pipeline with where it stands, for findings that need the whole district.
package struct PipelineFile: Sendable {
    /// A word of the file that only the district can judge.
    package struct Mention: Hashable, Sendable {
        /// What the word names.
        package enum Kind: Hashable, Sendable { case zone, category, filing }

        package var kind: Kind
        package var text: String
        /// Index of the rule it stands in.
        package var rule: Int
        package var line: Int
    }

    package var pipeline: Pipeline
    package var path: String
    package var mentions: [Mention]
    /// Where its `motion` section begins, if it has one.
    package var motionLine: Int?

    /// A pipeline that stands in no file.
    package init(_ pipeline: Pipeline) {
        self.pipeline = pipeline
        path = pipeline.name
        mentions = []
    }

    /// Reads one file's text. Absent keys keep their standard value; any error means no pipeline.
    package static func read(yaml: String, file: String) -> (PipelineFile?, [Diagnostic]) {
        let (root, findings) = StrictYAML.parse(yaml, file: file)
        guard let root else { return (nil, findings.diagnostics) }
        var read = PipelineFile(Pipeline(name: "", rules: []))
        read.path = file
        read.read(root)
        return (findings.diagnostics.hasErrors ? nil : read, findings.diagnostics)
    }

    /// Reads one file from disk.
    package static func read(path: String) -> (PipelineFile?, [Diagnostic]) {
        guard let bytes = FileManager.default.contents(atPath: path), let text = String(validating: bytes, as: UTF8.self) else {
            return (nil, [Diagnostic(file: path, line: nil, message: "the pipeline file cannot be read as UTF-8 text: does it exist?")])
        }
        return read(yaml: text, file: path)
    }

    private mutating func read(_ root: StrictYAML) {
        if let node = root.child("pipeline") {
            if let name = node.string(), Self.isName(name) {
                pipeline.name = name
            } else {
                node.report("pipeline must have a name of 1 to 64 of a…z, 0…9, '-' and '_'")
            }
        } else {
            root.report("the key 'pipeline' with the pipeline's name is missing")
        }
        if let applies = root.child("applies") { pipeline.applies = Applicability.read(applies) }
        if let looks = root.child("looks") {
            looks.seconds("every", 0.1...60, &pipeline.lookEverySeconds)
            if let floor = looks.child("floor")?.duration(in: .seconds(1) ... .seconds(600)) { pipeline.floorSeconds = floor.seconds }
            if let promote = looks.child("promote")?.bool() { pipeline.mayPromote = promote }
            looks.finish()
        }
        if let motion = root.child("motion") {
            motionLine = motion.line
            var settings = MotionSettings.standard
            settings.read(motion)
            pipeline.motion = settings
        }
        if let incident = root.child("incident") { pipeline.ledger.read(incident) }
        if let rules = root.child("rules") {
            readRules(rules)
        } else {
            root.report("'rules' is missing: a list of what makes incidents, each with name, when and emit")
        }
        root.finish()
    }

    private mutating func readRules(_ list: StrictYAML) {
        let elements = list.elements
        if elements.isEmpty, list.isList { list.report("rules must not be empty") }
        if elements.count > 32 { list.report("a pipeline has at most 32 rules, not \(elements.count)") }
        for node in elements {
            guard let rule = readRule(node, index: pipeline.rules.count) else { continue }
            if pipeline.rules.contains(where: { $0.name == rule.name }) { node.report("two rules are called '\(rule.name)'") }
            pipeline.rules.append(rule)
        }
    }

    private mutating func readRule(_ node: StrictYAML, index: Int) -> Rule? {
        let name = node.child("name")?.string() ?? ""
        if name.isEmpty || name.utf8.count > 128 { node.report("a rule needs a name of at most 128 bytes") }
        var reader = ConditionReader()
        let when = node.child("when").flatMap { reader.read($0) }
        if node.child("when") == nil { node.report("'when' is missing in the rule '\(name)': what makes it an incident") }
        let unless = node.child("unless").map { reader.readUnless($0) } ?? []
        let hours = node.child("during").map { Schedule.readList($0) } ?? []
        let emission = node.child("emit").flatMap { readEmission($0, index: index) }
        if node.child("emit") == nil { node.report("'emit' is missing in the rule '\(name)': what it says") }
        node.finish()
        mentions += reader.zones.map { Mention(kind: .zone, text: $0.name, rule: index, line: $0.line) }
        guard let when, let emission else { return nil }
        return Rule(name: name, when: when, unless: unless, hours: hours, emit: emission)
    }

    private mutating func readEmission(_ node: StrictYAML, index: Int) -> Emission? {
        var emission = Emission(category: "", priority: .four)
        if let child = node.child("category") {
            if let text = child.string(), Self.isCategory(text) {
                emission.category = text
                mentions.append(Mention(kind: .category, text: text, rule: index, line: child.line))
            } else {
                child.report("category must be 1 to 64 of a…z, 0…9, '_' and '.', such as hazard.fire_lane")
            }
        } else {
            node.report("'category' is missing in emit: a key of the catalogue")
        }
        if let child = node.child("priority") {
            emission.priority = child.int(in: 1...4).flatMap(Priority.init(rawValue:)) ?? .four
        } else {
            node.report("'priority' is missing in emit: 1 to 4, 1 is highest")
        }
        if let child = node.child("case"), let text = child.string() {
            emission.filing = FilingPolicy(rawValue: text)
            if emission.filing == nil {
                child.report("case must be \(FilingPolicy.allCases.map(\.rawValue).joined(separator: ", ")), not '\(text)'")
            }
            mentions.append(Mention(kind: .filing, text: text, rule: index, line: child.line))
        }
        if let snapshot = node.child("snapshot")?.bool() { emission.snapshot = snapshot }
        if let clip = node.child("clip") {
            var (before, after) = (0.0, 0.0)
            // What is before the incident must have been kept for every camera, whatever happens.
            clip.seconds("before", 0...30, &before)
            clip.seconds("after", 0...120, &after)
            clip.finish()
            if before + after == 0 { clip.report("a clip of no length is none: leave it out") }
            emission.clip = ClipWish(before: .seconds(before), after: .seconds(after))
        }
        node.finish()
        return emission
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    private static func isCategory(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") }
    }

    private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
