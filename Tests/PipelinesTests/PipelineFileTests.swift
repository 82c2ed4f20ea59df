// Pipelines as people write them: the shipped files, the schema, and every way to get one wrong.

import Base
import Detectors
import Domain
import Foundation
import Pipelines
import Testing

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("pipelines")

private func shipped(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
}

@Test func theShippedFileIsTheStandardPipeline() throws {
    let (file, diagnostics) = PipelineFile.read(yaml: try shipped("motion.yaml"), file: "motion.yaml")
    #expect(diagnostics.isEmpty)
    #expect(file?.pipeline == .standard)
}

@Test func theShippedFileNamesEveryNumberThatCanBeSet() throws {
    let text = try shipped("motion.yaml")
    for section in ["motion", "incident", "looks"] {
        for key in try knownKeys("\(section): { x: 1 }\n") {
            #expect(text.contains("  \(key):") || text.contains("# \(key):"), "\(section).\(key)")
        }
    }
    for key in try knownKeys("motion: { tamper: { x: 1 } }\n") {
        #expect(text.contains("    \(key):"), "motion.tamper.\(key)")
    }
}

@Test func whatIsLeftOutKeepsItsStandardValue() {
    let (file, diagnostics) = PipelineFile.read(
        yaml: """
            pipeline: lane
            motion:
              minimum_area_cells: 12
            rules:
              - name: lane blocked
                when: { detection: motion }
                emit: { category: hazard.fire_lane, priority: 2 }
            """, file: "p.yaml")
    #expect(diagnostics.isEmpty)
    var expected = Pipeline(
        name: "lane",
        rules: [
            Rule(
                name: "lane blocked", when: .detection(DetectionMatch(.motion)),
                emit: Emission(category: "hazard.fire_lane", priority: .two))
        ])
    expected.motion = .standard
    expected.motion?.minimumAreaCells = 12
    #expect(file?.pipeline == expected)
}

@Test func everythingThatCanBeWrittenIsRead() throws {
    let (read, diagnostics) = PipelineFile.read(
        yaml: """
            pipeline: all
            applies:
              tags: [scene:a, "scene:b*"]
              not: { any: [{ cameras: ["51101100001320000001"] }, { zones: [x, y] }] }
            looks: { every: 1s, floor: 5s, promote: false }
            rules:
              - name: everything
                when:
                  all:
                    - { detection: changed_static, zone: lane, score: 40, for: 3m }
                    - { not: { tag: "onvif:Device/*", within: 1m } }
                    - any: [{ detection: motion, within: 1h, count: 3, for: 2s }, { during: { days: [sat, sun] } }]
                unless: [ptz:moving, { detection: motion, zone: sky }]
                during: [{ days: working, from: "22:00", to: "06:00" }, { days: free }]
                emit:
                  category: hazard.fire_lane
                  priority: 1
                  case: propose
                  snapshot: false
                  clip: { before: 5s, after: 10s }
            """, file: "p.yaml")
    #expect(diagnostics.isEmpty)
    let file = try #require(read)
    let device = try #require(TagPattern("onvif:Device/*"))
    let moving = try #require(TagPattern("ptz:moving"))
    let (a, b) = (try #require(TagPattern("scene:a")), try #require(TagPattern("scene:b*")))
    let camera = try #require(CameraID("51101100001320000001"))
    #expect(file.pipeline.applies == .all([.tags([a, b]), .not(.any([.cameras([camera]), .zones(["x", "y"])]))]))
    #expect(file.pipeline.floorSeconds == 5 && !file.pipeline.mayPromote && file.pipeline.lookEverySeconds == 1)
    let rule = try #require(file.pipeline.rules.first)
    #expect(
        rule.when
            == .all([
                .timed(.detection(DetectionMatch(.changedStatic, zone: "lane", minimumScore: 40)), Timing(forSeconds: 180)),
                .not(.timed(.tag(device), Timing(withinSeconds: 60))),
                .any([
                    .timed(.detection(DetectionMatch(.motion)), Timing(forSeconds: 2, withinSeconds: 3600, count: 3)),
                    .during(Schedule(days: .weekdays([5, 6]))),
                ]),
            ]))
    #expect(rule.unless == [.tag(moving), .detection(DetectionMatch(.motion, zone: "sky"))])
    #expect(rule.hours == [Schedule(days: .working, fromMinute: 1320, toMinute: 360), Schedule(days: .free)])
    #expect(rule.zone == "lane", "the zone of its incidents; what mutes it lies elsewhere")
    #expect(
        rule.emit
            == Emission(
                category: "hazard.fire_lane", priority: .one, filing: .propose, snapshot: false,
                clip: ClipWish(before: .seconds(5), after: .seconds(10))))
    #expect(
        file.mentions.map { "\($0.kind) \($0.text) \($0.line)" } == [
            "category hazard.fire_lane 16", "filing propose 18", "zone lane 10", "zone sky 13",
        ])
}

/// A rule around a condition, so that the condition stands in line 4.
private func when(_ condition: String) -> String {
    "pipeline: p\nrules:\n  - name: r\n    when: \(condition)\n    emit: { category: motion, priority: 4 }\n"
}

/// A rule with one more line, the sixth.
private func rule(_ line: String) -> String {
    "pipeline: p\nrules:\n  - name: r\n    when: { detection: motion }\n    emit: { category: motion, priority: 4 }\n    \(line)\n"
}

private let emit = "pipeline: p\nrules:\n  - name: r\n    when: { detection: motion }\n    emit: "

@Test(arguments: [
    ("pipeline: p\nmotoin: {}\n", 2, "unknown key 'motoin'"),
    ("pipeline: p\nmotion:\n  warmup: 10s\n  warm_up: 3s\n", 4, "unknown key 'warm_up' in motion"),
    ("pipeline: p\nmotion:\n  warmup: ten\n", 3, "motion.warmup must be a time"),
    ("pipeline: p\nmotion:\n  minimum_area_cells: 0\n", 3, "whole number from 1 to 1000"),
    ("pipeline: p\nmotion:\n  global_spread: 7\n", 3, "number from 0.05 to 1"),
    ("pipeline: p\nmotion:\n  absorb_after: 5m\n", 3, "motion.absorb_after must be a time"),
    ("pipeline: p\nmotion:\n  colour_above_chroma: 1\n", 3, "colour_above_chroma must not be less"),
    ("pipeline: p\nmotion:\n  precipitation_blobs: 3\n", 3, "precipitation_over_blobs must not be more"),
    ("pipeline: p\nmotion:\n  tamper:\n    covered_share: 2\n", 4, "number from 0.05 to 1"),
    ("pipeline: p\nincident:\n  quiet_gap: 20s\n", 3, "reopen_within must not be shorter"),
    ("pipeline: p\nincident: { roll_over: 5s }\n", 2, "incident.roll_over must be a time"),
    ("pipeline: p\nlooks: { floor: 1h }\n", 2, "looks.floor must be a time"),
    ("pipeline: Fire Lane\n", 1, "pipeline must have a name"),
    ("pipeline: p\npipeline: q\n", 1, "stands twice"),
    ("motion: {}\n", 1, "'pipeline' with the pipeline's name is missing"),
    ("pipeline: [a\n", 2, "not valid YAML"),
    ("- a\n", 1, "the file must be a mapping"),
    ("", 1, "the file is empty"),
    ("pipeline: p\n", 1, "'rules' is missing"),
    ("pipeline: p\nrules: []\n", 2, "rules must not be empty"),
    ("pipeline: p\nrules: {}\n", 2, "rules must be a list"),
    ("pipeline: p\napplies: {}\n", 2, "says nothing"),
    ("pipeline: p\napplies: { tag: [scene:a] }\n", 2, "unknown key 'tag' in applies"),
    ("pipeline: p\napplies: { tags: [fire_lane] }\n", 2, "'fire_lane' is no tag"),
    ("pipeline: p\napplies: { tags: [] }\n", 2, "the list must not be empty"),
    ("pipeline: p\napplies: { cameras: [5.1101E+19] }\n", 2, "is no camera: 20 digits"),
    (when("{ detection: smoke }"), 4, "'smoke' is no detection; known are motion, changed_static"),
    (when("{ detection: motion, tag: \"a:b\" }"), 4, "exactly one of detection, tag, during, all, any, not, not detection and tag"),
    (when("{ zone: lane }"), 4, "a condition has exactly one of"),
    (when("{ tag: \"a:b\", zone: lane }"), 4, "unknown key 'zone'"),
    (when("{ tag: \"a:*b*\" }"), 4, "'a:*b*' is no tag"),
    (when("{ tag: \"a: b\" }"), 4, "is no tag"),
    (when("{ detection: motion, for: 0s }"), 4, "for must be a time"),
    (when("{ detection: motion, for: 2d }"), 4, "for must be a time"),
    (when("{ detection: motion, for: 2m, within: 1m }"), 4, "can never be: for must not exceed within"),
    (when("{ detection: motion, for: 20s, within: 1m, count: 4 }"), 4, "4 times 'for' do not fit into 'within'"),
    (when("{ detection: motion, count: 2 }"), 4, "count needs within"),
    (when("{ detection: motion, count: 1, within: 1m }"), 4, "whole number from 2 to 100"),
    (when("{ detection: motion, score: 101 }"), 4, "whole number from 0 to 100"),
    (when("{ all: [] }"), 4, "a list of conditions must not be empty"),
    (when("{ any: { tag: \"a:b\" } }"), 4, "must be a list"),
    (when("{ not: { not: { not: { not: { not: { not: { tag: \"a:b\" } } } } } } }"), 4, "at most 6 deep"),
    (when("motion"), 4, "when must be a mapping"),
    (when("{ during: { days: someday } }"), 4, "days must be all, working, free"),
    (when("{ during: { from: \"08:00\" } }"), 4, "from and to belong together"),
    (when("{ during: { from: \"25:00\", to: \"06:00\" } }"), 4, "'25:00' is no time of day"),
    (when("{ during: { from: \"06:00\", to: \"06:00\" } }"), 4, "from and to are the same"),
    (rule("unless: [moving]"), 6, "'moving' is no tag"),
    (rule("until: 5s"), 6, "unknown key 'until'"),
    ("pipeline: p\nrules:\n  - when: { detection: motion }\n    emit: { category: motion, priority: 4 }\n", 3, "a rule needs a name"),
    ("pipeline: p\nrules:\n  - name: r\n    emit: { category: motion, priority: 4 }\n", 3, "'when' is missing in the rule 'r'"),
    ("pipeline: p\nrules:\n  - name: r\n    when: { detection: motion }\n", 3, "'emit' is missing in the rule 'r'"),
    (emit + "{ category: Fire Lane, priority: 4 }\n", 5, "category must be 1 to 64 of"),
    (emit + "{ priority: 4 }\n", 5, "'category' is missing"),
    (emit + "{ category: motion }\n", 5, "'priority' is missing"),
    (emit + "{ category: motion, priority: 5 }\n", 5, "whole number from 1 to 4"),
    (emit + "{ category: motion, priority: 4, case: perhaps }\n", 5, "case must be feed, propose, automatic, not 'perhaps'"),
    (emit + "{ category: motion, priority: 4, snapshot: 3 }\n", 5, "snapshot must be true or false"),
    (emit + "{ category: motion, priority: 4, clip: { before: 5m } }\n", 5, "clip.before must be a time"),
    (emit + "{ category: motion, priority: 4, clip: { before: 0s } }\n", 5, "a clip of no length is none"),
])
func everyMistakeIsNamedWithFileAndLine(yaml: String, line: Int, message: String) throws {
    let (file, diagnostics) = PipelineFile.read(yaml: yaml, file: "pipelines/p.yaml")
    #expect(file == nil)
    let finding = try #require(diagnostics.first)
    #expect(finding.file == "pipelines/p.yaml")
    #expect(diagnostics.contains { $0.description.contains(message) && $0.line == line }, "\(diagnostics)")
    #expect(diagnostics.allSatisfy { $0.line != nil })
}

@Test func twoRulesOfOneNameAreRefused() {
    let one = "  - { name: r, when: { detection: motion }, emit: { category: motion, priority: 4 } }\n"
    let (file, diagnostics) = PipelineFile.read(yaml: "pipeline: p\nrules:\n\(one)\(one)", file: "p.yaml")
    #expect(file == nil)
    #expect(diagnostics.map(\.line) == [4])
}

// MARK: the published schema

/// The keys that the reader knows in one mapping: it names them when it meets one it does not know.
private func knownKeys(_ yaml: String) throws -> Set<String> {
    let (_, diagnostics) = PipelineFile.read(yaml: "pipeline: p\n" + yaml, file: "p.yaml")
    let message = try #require(diagnostics.lazy.map(\.message).first { $0.contains("unknown key 'x'") }, "\(diagnostics)")
    let list = try #require(message.split(separator: "known are ").last)
    return Set(list.split(separator: ", ").map(String.init))
}

@Test func theSchemaHasTheKeysOfTheReader() throws {
    let data = try Data(contentsOf: folder.appendingPathComponent("schema.json"))
    let schema = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    func properties(_ path: String...) throws -> Set<String> {
        var node = schema
        for step in path { node = try #require(node[step] as? [String: Any], "\(path)") }
        #expect(node["additionalProperties"] as? Bool == false, "\(path)")
        return Set(try #require(node["properties"] as? [String: Any]).keys)
    }
    #expect(try properties() == (try knownKeys("x: 1\n")))
    for section in ["looks", "motion", "incident"] {
        #expect(try properties("properties", section) == (try knownKeys("\(section): { x: 1 }\n")), "\(section)")
    }
    #expect(try properties("properties", "motion", "properties", "tamper") == (try knownKeys("motion: { tamper: { x: 1 } }\n")))
    #expect(try properties("$defs", "applies") == (try knownKeys("applies: { x: 1 }\n")))
    #expect(try properties("$defs", "rule") == (try knownKeys("rules: [{ x: 1 }]\n")))
    #expect(try properties("$defs", "schedule") == (try knownKeys("rules: [{ during: { x: 1 } }]\n")))
    #expect(try properties("$defs", "emit") == (try knownKeys("rules: [{ emit: { x: 1 } }]\n")))
    #expect(try properties("$defs", "emit", "properties", "clip") == (try knownKeys("rules: [{ emit: { clip: { x: 1 } } }]\n")))
    #expect(try properties("$defs", "condition") == (try knownKeys("rules: [{ when: { detection: motion, x: 1 } }]\n")))
    let kinds = ((schema["$defs"] as? [String: Any])?["condition"] as? [String: Any])?["properties"] as? [String: Any]
    #expect((kinds?["detection"] as? [String: [String]])?["enum"] == Detection.Kind.allCases.map(\.rawValue))
}
