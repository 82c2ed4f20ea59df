// The catalogue file: what it says, and every way to get it wrong, with its line.

import Base
import Cases
import Domain
import Foundation
import Testing

private func shipped(_ name: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "config/\(name)"), encoding: .utf8)
}

@Test func theShippedCatalogueFloodsNobody() throws {
    let (read, diagnostics) = Catalogue.read(yaml: try shipped("catalogue.yaml"), file: "catalogue.yaml")
    let catalogue = try #require(read)
    #expect(diagnostics.isEmpty)
    #expect(catalogue["motion"]?.filing == .feed)
    // What stands in a lane for minutes and what a gauge says are few and clear; everything else waits for a person.
    #expect(Set(catalogue.entries.filter { $0.value.filing == .automatic }.keys) == ["hazard.fire_lane", "emergency.flood"])
    #expect(catalogue["camera.lost"]?.objection(on: 20_780) != nil && catalogue["camera.restored"] != nil)
    #expect(catalogue.filing("anything.else") == .feed)
}

@Test func theSampleCatalogueFilesMotionAndSaysThatItIsASample() throws {
    let text = try shipped("catalogue-sample.yaml")
    let (read, diagnostics) = Catalogue.read(yaml: text, file: "catalogue-sample.yaml")
    let motion = try #require(read?["motion"])
    #expect(diagnostics.isEmpty)
    #expect(motion.filing == .automatic && motion.objection(on: 20_780) == nil)
    #expect(text.hasPrefix("# SAMPLE") && text.contains("floods"))
}

@Test(arguments: [
    ("", 1, "empty"),
    ("categories: [", 2, "not valid YAML"),
    ("other: 1", 1, "'categories' is missing"),
    ("categories:\n  motion:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3\n    colour: red", 6, "unknown key 'colour'"),
    ("categories:\n  motion:\n    name: {zh: 动, en: m}\n    filing: sometimes\n    priority: 3", 4, "none of feed, propose, automatic"),
    ("categories:\n  motion:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 5", 5, "from 1 to 4"),
    ("categories:\n  motion:\n    name: {zh: 动}\n    filing: feed\n    priority: 3", 3, "a name in zh and en"),
    ("categories:\n  motion:\n    filing: feed\n    priority: 3", 2, "'name' is missing"),
    ("categories:\n  motion:\n    name: {zh: 动, en: m}\n    priority: 3", 2, "'filing' is missing"),
    ("categories:\n  motion:\n    name: {zh: 动, en: m}\n    filing: automatic\n    priority: 3", 2, "names no duty"),
    (
        "categories:\n  m:\n    name: {zh: 动, en: m}\n    duty: special_groups\n    filing: feed\n    priority: 3", 4,
        "never served by machine"
    ),
    ("categories:\n  m:\n    name: {zh: 动, en: m}\n    duty: tea\n    filing: feed\n    priority: 3", 4, "none of hazard"),
    ("categories:\n  m:\n    name: {zh: 动, en: m}\n    professional: maybe\n    filing: feed\n    priority: 3", 4, "true or false"),
    ("categories:\n  'a/b':\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3", 2, "no category name"),
    (
        "categories:\n  m: {name: {zh: 动, en: m}, filing: feed, priority: 3}\n  m: {name: {zh: 动, en: m}, filing: feed, priority: 3}", 2,
        "twice"
    ),
    ("categories: {}", 1, "must not be empty"),
    (
        "categories:\n  m:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3\n    clocks: {handle: soon}", 6,
        "no time such as 10m"
    ),
    ("categories:\n  m:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3\n    clocks: {tea: 5m}", 6, "none of file, dispatch"),
    (
        "categories:\n  m:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3\n    admission: {department: d, approval: a, from: 2026-01-01}",
        6, "needs 'funding'"
    ),
    (
        "categories:\n  m:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3\n    admission: {department: d, approval: a, "
            + "funding: f, from: 2026-02-30}", 6, "no day such as"
    ),
    (
        "categories:\n  m:\n    name: {zh: 动, en: m}\n    filing: feed\n    priority: 3\n    admission: {department: d, approval: a, "
            + "funding: f, from: 2026-02-01, to: 2026-01-01}", 6, "ends before it begins"
    ),
]) func aWrongCatalogueIsNamedWithItsLine(yaml: String, line: Int, words: String) {
    let (catalogue, diagnostics) = Catalogue.read(yaml: yaml, file: "c.yaml")
    #expect(catalogue == nil)
    #expect(
        diagnostics.contains { $0.message.contains(words) && $0.file == "c.yaml" && $0.line == line },
        "\(diagnostics)")
}
