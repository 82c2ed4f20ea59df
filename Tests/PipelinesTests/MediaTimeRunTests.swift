// What `snowlight detect` prints, driven without files: lines, rounding, looks, zones.

import Base
import Detectors
import Domain
import Foundation
import Pipelines
import TestKit
import Testing

private func objects(_ lines: [DetectLine]) throws -> [[String: Any]] {
    try lines.map { line in
        let parsed = try JSONSerialization.jsonObject(with: Data(line.text.utf8))
        return try #require(parsed as? [String: Any])
    }
}

/// A vehicle crosses from 12 s on for `crossing` seconds in a scene of 40 s; pictures every `dt`.
private func play(
    every: Double?, dt: Double, crossing: Double, zones: [Zone] = [], frames: Bool = false, promote: Bool = false
) throws -> [[String: Any]] {
    var pipeline = Pipeline.standard
    pipeline.mayPromote = promote
    var run = MediaTimeRun(
        MediaTimeRequest(
            source: "street.mp4", pipeline: pipeline, zones: zones, tags: ["scene:street"], everySeconds: every, frames: frames),
        firstWall: WallTime(millisecondsSince1970: 0))
    var rhythm = LookRhythm(everySeconds: every)
    var scene = LumaScene(width: 128, height: 72, seed: 21)
    var lines: [DetectLine] = []
    for index in 0..<Int(40 / dt) {
        let t = Double(index) * dt
        run.notePicture()
        rhythm.meetPredicted(atSeconds: t)
        guard rhythm.isDue(atSeconds: t) else { continue }
        let x = -20 + Int((t - 12) / crossing * 148)
        let picture = scene.picture(t >= 12 && t < 12 + crossing ? [.init(x: x, y: 28, width: 20, height: 14, brightness: 210)] : [])
        lines += run.examine(picture.span, scene.shape, atSeconds: t, kind: rhythm.kind)
        if run.wantsPromotion { rhythm.noteCandidate(atSeconds: t) }
    }
    lines += run.finish(ending: "end")
    return try objects(lines)
}

@Test(arguments: [(nil as Double?, 0.1, 5.0), (2.0, 0.1, 12.0), (2.0, 2.0, 12.0)])
func onePassIsOneIncidentAtFullRateAndAtLooks(every: Double?, dt: Double, crossing: Double) throws {
    let lines = try play(every: every, dt: dt, crossing: crossing)
    let incidents = lines.filter { $0["type"] as? String == "incident" }
    #expect(incidents.count == 1)
    let incident = try #require(incidents.first)
    #expect(incident["category"] as? String == "motion")
    let start = try #require(incident["start_s"] as? Double)
    let confirmed = try #require(incident["confirmed_s"] as? Double)
    let end = try #require(incident["end_s"] as? Double)
    #expect(abs(start - 12) <= (every ?? 0) + 1)
    #expect(confirmed >= start && confirmed - start <= (every ?? 0) * 2 + 1)
    #expect(abs(end - 12 - crossing) <= (every ?? 0) + 1)
    #expect((incident["box"] as? [Double])?.count == 4)
    #expect((incident["box"] as? [Double])?.allSatisfy { (0...1).contains($0) } == true)
    #expect((incident["zones"] as? [String])?.isEmpty == true)
    #expect((incident["score"] as? Int).map { (50...100).contains($0) } == true)
    #expect((incident["reason"] as? [String])?.isEmpty == false)

    let summary = try #require(lines.last)
    #expect(summary["type"] as? String == "summary")
    #expect(summary["incidents"] as? Int == 1)
    #expect(summary["ending"] as? String == "end")
    #expect(summary["source"] as? String == "street.mp4")
    #expect(summary["tags"] as? [String] == ["scene:street"])
    #expect(summary["pictures"] as? Int == Int(40 / dt))
    #expect(summary["looks"] as? Int == (every == nil ? 400 : 20))
    #expect(lines.first?["state"] as? String == "warmup")
}

@Test func aCandidateIsFollowedAtEveryPictureAndNotForEver() throws {
    // In view for three seconds, it is seen at one or two looks.
    let lines = try play(every: 2, dt: 0.1, crossing: 3, promote: true)
    let incident = try #require(lines.first { $0["type"] as? String == "incident" })
    #expect((incident["confirmed_s"] as? Double).map { $0 < 15 } == true)
    let summary = try #require(lines.last)
    let promoted = try #require(summary["promoted_looks"] as? Int)
    #expect((10...100).contains(promoted), "six seconds after the last candidate it is over")
}

@Test func aPromotionBeginsAndEndsAtAKeyPicture() {
    var rhythm = LookRhythm(everySeconds: 2)
    for key in [0.0, 2, 4, 6, 8] { rhythm.noteKey(atSeconds: key) }
    rhythm.meetKey(atSeconds: 2)
    rhythm.noteCandidate(atSeconds: 2)
    #expect(!rhythm.needsPredicted && rhythm.kind == .key, "nothing can be decoded before the next key picture")
    rhythm.meetKey(atSeconds: 4)
    #expect(rhythm.needsPredicted && rhythm.kind == .full && rhythm.wouldBeDue(atSeconds: 4.04))
    rhythm.meetKey(atSeconds: 8.1)
    #expect(!rhythm.needsPredicted && !rhythm.isPromoted)
    var whole = LookRhythm(everySeconds: nil)
    whole.noteCandidate(atSeconds: 1)
    whole.meetKey(atSeconds: 2)
    #expect(!whole.isPromoted, "every picture is due anyway")
}

@Test func framesAreSaidOnlyWhenAsked() throws {
    #expect(try play(every: 2, dt: 2, crossing: 12).allSatisfy { $0["type"] as? String != "frame" })
    let frames = try play(every: 2, dt: 2, crossing: 12, frames: true).filter { $0["type"] as? String == "frame" }
    #expect(frames.count == 20)
    #expect(frames.allSatisfy { $0["t_s"] is Double && $0["foreground"] is Double })
}

@Test func zonesAreNamedAndRestrict() throws {
    let zones = try Zone.parse(["lane=0,0.3;1,0.3;1,0.7;0,0.7", "sky=0,0;1,0;1,0.2;0,0.2"])
    let incidents = try play(every: nil, dt: 0.1, crossing: 5, zones: zones).filter { $0["type"] as? String == "incident" }
    #expect(incidents.count == 1)
    #expect(incidents.first?["zones"] as? [String] == ["lane"])
    #expect(try play(every: nil, dt: 0.1, crossing: 5, zones: [zones[1]]).allSatisfy { $0["type"] as? String != "incident" })
}

@Test func whatStillRunsAtTheEndIsSaidBeforeTheSummary() throws {
    var run = MediaTimeRun(
        MediaTimeRequest(source: "s", pipeline: .standard, zones: [], tags: [], everySeconds: nil, frames: false),
        firstWall: WallTime(millisecondsSince1970: 0))
    var scene = LumaScene(width: 128, height: 72, seed: 22)
    var lines: [DetectLine] = []
    for index in 0..<140 {
        let t = Double(index) / 10
        let picture = scene.picture(t >= 12 ? [.init(x: Int((t - 12) * 24), y: 28, width: 20, height: 14, brightness: 210)] : [])
        lines += run.examine(picture.span, scene.shape, atSeconds: t)
    }
    lines += run.finish(ending: "interrupted")
    let said = try objects(lines)
    #expect(said.map { $0["type"] as? String }.suffix(3) == ["incident", "rule", "summary"])
    #expect(said.last?["ending"] as? String == "interrupted")
}

@Test func damageIsCountedAndSaidAtMostOnceASecond() throws {
    var run = MediaTimeRun(
        MediaTimeRequest(source: "s", pipeline: .standard, zones: [], tags: [], everySeconds: nil, frames: false),
        firstWall: WallTime(millisecondsSince1970: 0))
    var lines: [DetectLine] = []
    for index in 0..<50 { lines += run.noteDamage("a \"quoted\"\nnote \u{1} 雪亮", atSeconds: Double(index) / 25) }
    let said = try objects(lines)
    #expect(said.count == 2)
    #expect(said.first?["note"] as? String == "a \"quoted\"\nnote \u{1} 雪亮")
    #expect(try objects(run.finish(ending: "failed")).last?["damaged"] as? Int == 50)
}

@Test func numbersAreRoundedToWhatTheyMean() {
    var line = DetectLine(type: "x")
    line.add("a", 5.600_000_001, digits: 2)
    line.add("b", -0.004, digits: 2)
    line.add("c", 0.05, digits: 3)
    line.add("d", .nan, digits: 2)
    line.add("e", -12.345, digits: 1)
    line.add("f", RelativeBox(x: -0.1, y: 0.5, width: 2, height: 0.123_45))
    line.add("g", nil as RelativeBox?)
    #expect(line.text == #"{"type":"x","a":5.6,"b":0,"c":0.05,"d":null,"e":-12.3,"f":[0,0.5,1,0.123],"g":null}"#)
}

@Test func keyPicturesSufficeOnlyWhenTheyComeOftenEnough() {
    func rhythm(_ keys: [Double], end: Double, every: Double? = 2) -> LookRhythm {
        var rhythm = LookRhythm(everySeconds: every)
        for key in keys { rhythm.noteKey(atSeconds: key) }
        rhythm.noteEnd(atSeconds: end)
        return rhythm
    }
    #expect(rhythm([0, 2, 4, 6], end: 7).keyPicturesSuffice)
    #expect(rhythm([0, 0.96, 1.92, 2.88], end: 3).keyPicturesSuffice)
    #expect(!rhythm([0, 2, 4, 9], end: 10).keyPicturesSuffice)
    #expect(!rhythm([0, 1, 2], end: 30).keyPicturesSuffice, "a long end without a key picture")
    #expect(!rhythm([0], end: 1).keyPicturesSuffice)
    #expect(!rhythm([], end: 10).keyPicturesSuffice)
    #expect(!rhythm([0, 1, 2, 3], end: 4, every: nil).keyPicturesSuffice, "full rate decodes all")
}

@Test func looksAreAtLeastTheirDistanceApart() {
    var rhythm = LookRhythm(everySeconds: 2)
    let looks = (0..<250).map { Double($0) / 25 }.filter { rhythm.isDue(atSeconds: $0) }
    #expect(looks == [0, 2, 4, 6, 8])
    let isDueAgain = rhythm.isDue(atSeconds: 1)
    #expect(isDueAgain, "time went backwards: a new start")
    var every = LookRhythm(everySeconds: nil)
    let due = (0..<10).filter { every.isDue(atSeconds: Double($0) / 25) }
    #expect(due.count == 10)
}

@Test(arguments: [
    "lane", "=0,0;1,0;1,1", "a b=0,0;1,0;1,1", "a=0,0;1,0", "a=0,0;1,0;2,1", "a=0,0;1,0;1", "a=0,0;1,0;x,1", "a=0,0;0.5,0.5;1,1",
    "a=0,0;1,nan;1,1", "a=",
])
func zonesThatCannotBeAreRefused(text: String) {
    #expect(throws: Failure.self) { try Zone(parsing: text) }
}

@Test func zonesAreRead() throws {
    let zone = try Zone(parsing: "门口=0.1,0.1;0.9,0.1;0.9,0.9;0.1,0.9;")
    #expect(zone.name == "门口")
    #expect(zone.corners.count == 4)
    #expect(zone.contains(x: 0.5, y: 0.5))
    #expect(!zone.contains(x: 0.05, y: 0.5))
    #expect(throws: Failure.self) { try Zone.parse(["a=0,0;1,0;1,1", "a=0,0;1,0;1,1"]) }
    #expect(throws: Failure.self) { try Zone.parse((0...8).map { "z\($0)=0,0;1,0;1,1" }) }
}
