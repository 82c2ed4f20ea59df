// Which pipelines apply to which camera, whose numbers the detector has, and what only the district can judge.

import Base
import Detectors
import Domain
import Foundation
import Pipelines
import TestKit
import Testing

private func camera(_ number: Int, tags: [String] = [], zones: [String] = []) throws -> Camera {
    var camera = Camera(
        id: try #require(CameraID("51101100001320000" + String(100 + number))), name: "c\(number)", programme: "",
        url: "rtsp://127.0.0.1/1",
        position: GeoPoint(lonE7: 0, latE7: 0), villageCode: nil, boundGrid: nil, tags: tags, priority: .three, transport: .auto)
    camera.areas.zones = zones.map { Zone(name: $0, corners: []) }
    return camera
}

private func file(_ name: String, _ body: String = "", zone: String? = nil, category: String = "motion", filing: String? = nil) throws
    -> PipelineFile
{
    let text = """
        pipeline: \(name)
        rules:
          - name: r
            when: { detection: motion\(zone.map { ", zone: \($0)" } ?? "") }
            emit: { category: \(category), priority: 4\(filing.map { ", case: \($0)" } ?? "") }
        \(body)
        """
    let (file, diagnostics) = PipelineFile.read(yaml: text, file: "pipelines/\(name).yaml")
    return try #require(file, "\(diagnostics)")
}

@Test func appliesAsksForTagsCamerasAndZones() throws {
    let lane = try camera(1, tags: ["scene:fire_lane", "scene:street"], zones: ["lane"])
    let plain = try camera(2)
    for (text, first, second) in [
        ("", true, true), ("applies: { tags: [scene:fire_lane] }", true, false), ("applies: { tags: [\"scene:*\", other:x] }", true, false),
        ("applies: { tags: [other:x] }", false, false), ("applies: { cameras: [\"\(plain.id)\"] }", false, true),
        ("applies: { zones: [lane] }", true, false), ("applies: { zones: [lane, sky] }", false, false),
        ("applies: { not: { tags: [scene:street] } }", false, true),
        ("applies: { any: [{ cameras: [\"\(plain.id)\"] }, { zones: [lane] }] }", true, true),
        ("applies: { all: [{ tags: [scene:street] }, { tags: [scene:fire_lane] }], cameras: [\"\(lane.id)\"] }", true, false),
    ] {
        let applies = try file("p", text).pipeline.applies
        #expect(applies.holds(for: lane) == first, "\(text)")
        #expect(applies.holds(for: plain) == second, "\(text)")
        #expect(applies.standings(for: lane).first?.truth == (first ? .yes : .no), "\(text)")
    }
}

@Test func aCameraHasTheNumbersOfThePipelineThatMeansIt() throws {
    let set = PipelineSet([
        try file(
            "b-lane", "applies: { tags: [scene:fire_lane] }\nmotion: { minimum_area_cells: 20 }\nlooks: { floor: 3s, promote: false }"),
        try file("a-general", "motion: { minimum_area_cells: 9 }\nlooks: { floor: 8s }"),
        try file("c-lane", "applies: { tags: [scene:fire_lane] }\nmotion: { minimum_area_cells: 30 }"),
    ])
    let (lane, plain) = (try camera(1, tags: ["scene:fire_lane"]), try camera(2))
    let plans = set.plans(for: [lane, plain], calendar: WorkingCalendar())
    #expect(plans[lane.id]?.motion.minimumAreaCells == 20)
    #expect(plans[plain.id]?.motion.minimumAreaCells == 9)
    #expect(plans[lane.id]?.floorSeconds == 3 && plans[plain.id]?.floorSeconds == 8)
    #expect(plans[lane.id]?.mayPromote == true, "one that lets it suffices")
    #expect(plans[lane.id]?.pipelines == ["a-general", "b-lane", "c-lane"])
    let findings = set.findings([lane, plain], filing: { _ in .feed })
    #expect(findings.map(\.file) == ["pipelines/c-lane.yaml"])
    #expect(findings.first?.severity == .warning && findings.first?.line == 7, "\(findings)")
}

@Test func aPlanChangesOnlyWhereItsPipelinesDo() throws {
    let cameras = [try camera(1, tags: ["scene:fire_lane"]), try camera(2), try camera(3)]
    let before = PipelineSet([try file("a"), try file("lane", "applies: { tags: [scene:fire_lane] }")])
    let after = PipelineSet([try file("a"), try file("lane", "applies: { tags: [scene:fire_lane] }\nlooks: { floor: 5s }")])
    let (old, new) = (before.plans(for: cameras, calendar: WorkingCalendar()), after.plans(for: cameras, calendar: WorkingCalendar()))
    #expect(cameras.map { old[$0.id] == new[$0.id] } == [false, true, true])
}

@Test(arguments: [
    // Zones of two cameras; with applies.zones; the finding.
    (["lane"], ["lane"], false, nil as Diagnostic.Severity?, ""),
    (["lane"], [], false, .warning, "not drawn on 1 of the 2 cameras that this applies to, such as 51101100001320000102"),
    ([], ["sky"], false, .error, "drawn on none of the 2 cameras"), ([], [], true, nil, ""), (["lane"], [], true, nil, ""),
])
func aZoneMustBeDrawnSomewhere(first: [String], second: [String], names: Bool, severity: Diagnostic.Severity?, message: String) throws {
    let set = PipelineSet([try file("p", names ? "applies: { zones: [lane] }" : "", zone: "lane")])
    let findings = set.findings([try camera(1, zones: first), try camera(2, zones: second)], filing: { _ in .feed })
    #expect(findings.first?.severity == severity, "\(findings)")
    #expect(findings.allSatisfy { $0.line == 4 && $0.message.contains(message) }, "\(findings)")
}

@Test func categoriesMustBeInTheCatalogueAndItDecidesAboutCases() throws {
    let set = PipelineSet([try file("p", category: "hazard.x", filing: "automatic")])
    let unknown = set.findings([], filing: { _ in nil })
    #expect(unknown.map(\.description) == ["pipelines/p.yaml:5: error: the category 'hazard.x' is not in the catalogue"])
    let weaker = set.findings([], filing: { _ in .propose })
    #expect(weaker.map(\.severity) == [.warning])
    #expect(weaker.first?.message.contains("the catalogue decides and says propose") == true)
    #expect(set.findings([], filing: { _ in .automatic }).isEmpty)
}

@Test func aFolderIsReadWholeOrNotAtAll() throws {
    let folder = try URL(fileURLWithPath: temporaryFolder())
    func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
    let rules = "rules: [{ name: r, when: { detection: motion }, emit: { category: motion, priority: 4 } }]\n"
    #expect(PipelineSet.read(folder: folder.path).1.first?.message.contains("holds no pipeline") == true)
    try write("a.yaml", "pipeline: a\n" + rules)
    try write("README.md", "not a pipeline")
    #expect(PipelineSet.read(folder: folder.path).0?.files.map(\.pipeline.name) == ["a"])
    try write("b.yaml", "pipeline: a\n" + rules)
    let (twice, findings) = PipelineSet.read(folder: folder.path)
    #expect(twice == nil && findings.first?.message.contains("'a' stands in") == true, "\(findings)")
    try write("b.yaml", "pipeline: b\n")
    #expect(PipelineSet.read(folder: folder.path).0 == nil)
    #expect(PipelineSet.read(folder: folder.path + "/nowhere").1.first?.message.contains("does it exist?") == true)
}
