// Stored looks under other rules: the same incidents as then, and what a change would have told or not.

import Base
import Detectors
import Domain
import Pipelines
import TestKit
import Testing

private let origin = WallTime("2026-11-23T02:00:00.000Z")!  // A literal in the form it parses.

private func told(_ from: Double, _ to: Double, _ category: String = "motion", zone: String = "", isOver: Bool = true) -> ToldIncident {
    ToldIncident(
        category: category, zone: zone, rule: "r", firstSeen: origin.adding(seconds: from), lastSeen: origin.adding(seconds: to),
        isOver: isOver)
}

/// A vehicle crosses from 60 s on, or one is parked there from then on; looks 2 s apart for three minutes.
private func replay(
    _ plan: CameraPlan, tags: [(at: Double, [LiveTag])] = [], away: Range<Double>? = nil, parks: Bool = false
) -> [ToldIncident] {
    var run = ReplayRun(plan, areas: PictureAreas(), origin: origin)
    var scene = LumaScene(width: 128, height: 72, seed: 21)
    var left = tags
    for index in 0..<90 {
        let t = Double(index) * 2
        if let away, away.contains(t) { continue }
        while let next = left.first, next.at <= t {
            run.note(tags: next.1, at: origin.adding(seconds: next.at))
            left.removeFirst()
        }
        let x = parks ? 50 : -20 + Int((t - 60) / 12 * 148)
        let picture = scene.picture(t >= 60 && (parks || t < 72) ? [.init(x: x, y: 28, width: 20, height: 14, brightness: 210)] : [])
        run.look(picture.span, scene.shape, chroma: nil, at: origin.adding(seconds: t))
    }
    return run.finish()
}

@Test func aPassIsToldAgain() throws {
    let found = replay(CameraPlan(.standard))
    let (first, last) = (try #require(found.first), try #require(found.last))
    #expect(found.allSatisfy { $0.category == "motion" && $0.isOver })
    #expect(abs(first.firstSeen.seconds(since: origin) - 60) <= 4)
    #expect(abs(last.lastSeen.seconds(since: origin) - 71) <= 4)
}

@Test func aCameraThatWasAwayWarmsUpAgain() {
    // What was parked meanwhile is part of the street that is learnt anew.
    #expect(replay(CameraPlan(.standard), away: 40..<110, parks: true).isEmpty)
}

@Test func storedTagsCountFromWhenTheyWereSaid() throws {
    let yaml = """
        pipeline: door
        rules:
          - name: open door
            when: { tag: "io:door/open", for: 20s }
            emit: { category: motion, priority: 4 }
        """
    let (file, findings) = PipelineFile.read(yaml: yaml, file: "door.yaml")
    let plan = CameraPlan(try #require(file, "\(findings)").pipeline)
    let since = Double(origin.millisecondsSince1970) / 1000 + 30
    let open = LiveTag(name: "io:door/open", state: .on, sinceSeconds: since)
    let shut = LiveTag(name: "io:door/open", state: .off, sinceSeconds: since + 60)
    let found = replay(plan, tags: [(30, [open]), (90, [shut])])
    #expect(found.count == 1)
    // 20 s after it opened, on the second: rules are asked between looks as well.
    #expect(abs(try #require(found.first).firstSeen.seconds(since: origin) - 50) <= 21)
    #expect(replay(plan, tags: [(30, [open]), (45, [shut])]).isEmpty)
}

@Test(
    "then and replayed are paired by category, zone and time",
    arguments: [
        ([told(0, 10)], [told(2, 12)], 1, 0, 0),
        ([told(0, 10)], [told(39, 50)], 1, 0, 0),
        ([told(0, 10)], [told(41, 50)], 0, 1, 1),
        ([told(0, 10)], [told(0, 10, "smoke")], 0, 1, 1),
        ([told(0, 10)], [told(0, 10, zone: "gate")], 0, 1, 1),
        ([told(0, 10), told(15, 20)], [told(0, 20)], 1, 1, 0),
        ([told(0, 10)], [told(0, 4), told(6, 10)], 1, 0, 1),
        ([], [told(0, 1)], 0, 0, 1),
        ([told(0, 1)], [], 0, 1, 0),
    ] as [([ToldIncident], [ToldIncident], Int, Int, Int)])
func differences(then: [ToldIncident], replayed: [ToldIncident], same: Int, gone: Int, new: Int) {
    let difference = ReplayDifference(then: then, replayed: replayed)
    #expect(difference.same.count == same)
    #expect(difference.gone.count == gone)
    #expect(difference.new.count == new)
}

@Test func openingsAreJoinedWithTheirEnds() {
    let records = [
        told(-50, -40), told(0, 0, isOver: false), told(5, 5, "smoke", isOver: false), told(0, 20), told(30, 30, isOver: false),
    ]
    #expect(
        ReplayDifference.join(records) == [
            told(-50, -40), told(0, 20), told(5, 5, "smoke", isOver: false), told(30, 30, isOver: false),
        ])
}
