// Pipelines as people write them: the shipped file, and every way to get one wrong.

import Base
import Detectors
import Domain
import Foundation
import Pipelines
import Testing

private let shipped = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("pipelines/motion.yaml")

@Test func theShippedFileIsTheStandardPipeline() throws {
    let text = try String(contentsOf: shipped, encoding: .utf8)
    let (pipeline, diagnostics) = Pipeline.read(yaml: text, file: "motion.yaml")
    #expect(diagnostics.isEmpty)
    #expect(pipeline == .standard)
}

@Test func theShippedFileNamesEveryKeyThatCanBeSet() throws {
    let text = try String(contentsOf: shipped, encoding: .utf8)
    // An unknown key is answered with the known ones; each must stand in the file.
    for (section, line) in [
        ("motion", "motion: { x: 1 }"), ("incident", "incident: { x: 1 }"), ("emit", "emit: { x: 1 }"), ("looks", "looks: { x: 1 }"),
    ] {
        let (_, diagnostics) = Pipeline.read(yaml: "pipeline: p\n\(line)\n", file: "p.yaml")
        let known = try #require(diagnostics.first?.message.split(separator: "known are ").last)
        for key in known.split(separator: ", ") { #expect(text.contains("  \(key):"), "\(section).\(key)") }
    }
}

@Test func whatIsLeftOutKeepsItsStandardValue() {
    let (pipeline, diagnostics) = Pipeline.read(
        yaml: "pipeline: lane\nmotion:\n  minimum_area_cells: 12\nemit: { category: hazard.fire_lane, priority: 2 }\n", file: "p.yaml")
    #expect(diagnostics.isEmpty)
    var expected = Pipeline.standard
    expected.name = "lane"
    expected.motion.minimumAreaCells = 12
    expected.category = "hazard.fire_lane"
    expected.priority = .two
    #expect(pipeline == expected)
}

@Test(arguments: [
    ("pipeline: p\nmotoin: {}\n", 2, "unknown key 'motoin'"),
    ("pipeline: p\nmotion:\n  warmup: 10s\n  warm_up: 3s\n", 4, "unknown key 'warm_up' in motion"),
    ("pipeline: p\nmotion:\n  warmup: ten\n", 3, "motion.warmup must be a time"),
    ("pipeline: p\nmotion:\n  minimum_area_cells: 0\n", 3, "whole number from 1 to 1000"),
    ("pipeline: p\nmotion:\n  global_spread: 7\n", 3, "number from 0.05 to 1"),
    ("pipeline: p\nmotion:\n  absorb_after: 5m\n", 3, "motion.absorb_after must be a time"),
    ("pipeline: p\nincident:\n  quiet_gap: 20s\n", 3, "reopen_within must not be shorter"),
    ("pipeline: p\nemit:\n  category: Fire Lane\n", 3, "category must be of"),
    ("pipeline: p\nemit: { priority: 5 }\n", 2, "whole number from 1 to 4"),
    ("pipeline: p\npipeline: q\n", 1, "stands twice"),
    ("motion: {}\n", 1, "'pipeline' with the pipeline's name is missing"),
    ("pipeline: [a\n", 2, "not valid YAML"),
    ("- a\n", 1, "the file must be a mapping"),
    ("", 1, "the file is empty"),
])
func everyMistakeIsNamedWithFileAndLine(yaml: String, line: Int, message: String) throws {
    let (pipeline, diagnostics) = Pipeline.read(yaml: yaml, file: "pipelines/p.yaml")
    #expect(pipeline == nil)
    let finding = try #require(diagnostics.first)
    #expect(finding.file == "pipelines/p.yaml")
    #expect(finding.description.contains(message), "\(finding)")
    #expect(finding.line == line, "\(finding)")
}
