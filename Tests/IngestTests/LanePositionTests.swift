// A camera that can be turned: where it stands by its own word, and that each place has rules and incidents of its own.

import Base
import Detectors
import Domain
import Pipelines
import Synchronization
import Tagging
import Testing

@testable import Ingest

private func tag(_ name: String, _ state: LiveTag.State, since: Double = 0) -> LiveTag {
    LiveTag(name: name, state: state, sinceSeconds: since)
}

@Suite struct LanePositionTests {
    @Test func aCameraStandsWhereItSays() {
        var position = LanePosition()
        func said(_ tags: LiveTag..., at now: Double = 0) -> LanePosition.Change { position.note(tags, now: now) }
        // One that never speaks of presets never moves.
        #expect(said() == .none && said(tag("onvif:VideoSource/MotionAlarm", .on)) == .none && position.preset == "")
        #expect(said(tag("ptz:moving", .on)) == .turning && said(tag("ptz:moving", .on)) == .none && position.isTurning)
        #expect(said(tag("ptz:moving", .off), tag("ptz:preset=3", .on)) == .moved && position.preset == "3" && !position.isTurning)
        #expect(said(tag("ptz:moving", .off), tag("ptz:preset=3", .on)) == .none)
        #expect(said(tag("ptz:moving", .on), tag("ptz:preset=3", .off)) == .turning && position.preset == "3")
        #expect(said(tag("ptz:moving", .off), tag("ptz:preset=3", .on)) == .returned)
        // From preset to preset without a word about moving.
        #expect(said(tag("ptz:preset=3", .off), tag("ptz:preset=4", .on)) == .moved && position.preset == "4")
        // A turn that was broken off ends nowhere in particular.
        #expect(said(tag("ptz:moving", .on), tag("ptz:preset=4", .off)) == .turning)
        #expect(said(tag("ptz:moving", .off), tag("ptz:preset=4", .off)) == .moved && position.preset == "")
        // "Moving" that is not repeated is not believed for ever: the lease makes it unknown.
        #expect(said(tag("ptz:moving", .on)) == .turning && said(tag("ptz:moving", .unknown)) == .returned)
    }

    @Test func withoutAConnectionItStandsWhereItStoodForTenSeconds() {
        var position = LanePosition()
        #expect(position.note([tag("ptz:preset=3", .on)], now: 100) == .moved)
        for now in [105.0, 110, 115] { #expect(position.note([tag("ptz:preset=3", .unknown, since: 105)], now: now) == .none) }
        #expect(position.note([tag("ptz:preset=3", .unknown, since: 105)], now: 115.5) == .moved && position.preset == "")
        // What is unknown makes it stand nowhere else.
        #expect(position.note([tag("ptz:preset=5", .unknown, since: 116)], now: 116) == .none)
    }

    @Test func whatWasToldAtAPlaceCoolsDownThereAndNowhereElse() throws {
        let plan = CameraPlan(try pipeline("motion", coolDown: "10m"))
        var place = LanePlace(CameraTask(camera: camera(presets: ["3": PresetView()]), credentials: nil, plan: plan))
        let wall = WallTime(millisecondsSince1970: 1_800_000_000_000)
        func opened(at seconds: Double) -> Int {
            let seen = Detection(
                kind: .motion, startSeconds: seconds, confirmedSeconds: seconds, lastSeconds: seconds,
                box: RelativeBox(x: 0.4, y: 0.4, width: 0.2, height: 0.2), score: 80, reason: [], zones: [])
            return place.watch.note(look: [seen], tags: [], atSeconds: seconds, wall: wall).events.filter { $0.kind == .opened }.count
        }
        func turn(to preset: String, at now: Double) -> [LedgerEvent.Kind] {
            #expect(place.note([tag("ptz:preset=\(preset)", .on)], now: now) == .moved)
            let ended = place.watch.finish().map(\.kind)
            place.move()
            return ended
        }
        #expect(opened(at: 10) == 1)
        place.delivered(IncidentKey(camera: place.camera.id, category: "motion"), priority: .four, atSeconds: 11)
        #expect(turn(to: "3", at: 12) == [.ended] && place.preset == "3")
        #expect(opened(at: 13) == 1, "another place, another matter")
        #expect(turn(to: "", at: 20) == [.ended] || place.preset == "")
        #expect(opened(at: 21) == 0, "it was told ten seconds ago")
        #expect(opened(at: 700) == 1)
        // Of what is delivered while the camera looks elsewhere the place hears all the same.
        _ = turn(to: "3", at: 710)
        #expect(opened(at: 711) == 1)
        _ = turn(to: "4", at: 720)
        place.delivered(IncidentKey(camera: place.camera.id, preset: "3", category: "motion"), priority: .four, atSeconds: 721)
        _ = turn(to: "3", at: 730)
        #expect(opened(at: 731) == 0)
    }

    @Test func aPresetHasItsOwnTagsAndZonesAndTheCamerasPrivacyMasks() {
        var one = camera(presets: ["3": PresetView(tags: ["scene:river_bank"], zones: [zone("mark")], masks: [zone("tree")])])
        one.areas = PictureAreas(zones: [zone("lane")], masks: [zone("flag")], privacyMasks: [zone("window")])
        let there = one.standing(at: "3")
        #expect(there.tags == ["scene:dam", "scene:river_bank"])
        #expect(there.areas.zones == [zone("mark")] && there.areas.masks == [zone("tree")])
        #expect(there.areas.privacyMasks == [zone("window")])
        #expect(one.standing(at: "4") == one && one.standing(at: "") == one)
    }
}

private func zone(_ name: String) -> Zone { Zone(name: name, corners: [.init(x: 0, y: 0), .init(x: 1, y: 0), .init(x: 0, y: 1)]) }

private func camera(presets: [String: PresetView]) -> Camera {
    var camera = Camera(
        id: CameraID("51101100001320000001")!, name: "", programme: "", url: "rtsp://127.0.0.1:1/", position: GeoPoint(lonE7: 0, latE7: 0),
        villageCode: nil, boundGrid: nil, tags: ["scene:dam"], priority: .four, transport: .auto)  // 20 digits.
    camera.presets = presets
    return camera
}

private func pipeline(_ category: String, coolDown: String) throws -> Pipeline {
    let text = """
        pipeline: p
        incident: { cool_down: \(coolDown) }
        rules: [{ name: r, when: { detection: motion }, emit: { category: \(category), priority: 4 } }]
        """
    return try #require(PipelineFile.read(yaml: text, file: "p.yaml").0?.pipeline)
}
