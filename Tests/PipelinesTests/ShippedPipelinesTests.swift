// Every shipped pipeline on a small timeline: what it must say, and what it must not.

import Base
import Detectors
import Domain
import Foundation
import Pipelines
import Testing

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// A camera with its plan from the shipped folder, driven by looks 5 s apart on a simulated day.
private struct Place {
    var watch: CameraWatch
    var tags: [LiveTag] = []
    var things: [Detection.Kind: Double] = [:]
    let zones: [String]
    var wall: WallTime
    var seconds = 0.0
    var opened: [LedgerEvent] = []
    var suppressions: [RuleSuppression] = []

    init(_ tags: [String], zones: [String] = [], beijing: String = "2026-11-23T12:00:00.000Z") throws {
        let (set, diagnostics) = PipelineSet.read(folder: root.appendingPathComponent("pipelines").path)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        var camera = Camera(
            id: try #require(CameraID("51101100001320000001")), name: "c", programme: "", url: "rtsp://127.0.0.1/1",
            position: GeoPoint(lonE7: 0, latE7: 0), villageCode: nil, boundGrid: nil, tags: tags, priority: .three, transport: .auto)
        camera.areas.zones = zones.map { Zone(name: $0, corners: []) }
        let plans = try #require(set).plans(for: [camera], calendar: WorkingCalendar())
        watch = CameraWatch(try #require(plans[camera.id]))
        self.zones = zones
        wall = try #require(WallTime(beijing)).adding(seconds: -8 * 3600)
    }

    /// Lets time pass, with a look each 5 s.
    mutating func pass(_ duration: Double) {
        for _ in 0..<Int(duration / 5) {
            seconds += 5
            wall = wall.adding(seconds: 5)
            let look = things.map { kind, since in
                Detection(
                    kind: kind, startSeconds: since, confirmedSeconds: since, lastSeconds: seconds,
                    box: RelativeBox(x: 0.4, y: 0.4, width: 0.2, height: 0.2), score: 80, reason: ["seen"], zones: zones)
            }
            let watched = watch.note(look: look, tags: tags, atSeconds: seconds, wall: wall)
            opened += watched.events.filter { $0.kind == .opened }
            suppressions += watched.suppressions
        }
    }

    mutating func set(_ tag: String, _ state: LiveTag.State, pulse: Bool = false) {
        tags.removeAll { $0.name == tag }
        tags.append(LiveTag(name: tag, state: state, sinceSeconds: seconds, isPulse: pulse))
    }

    mutating func put(_ kind: Detection.Kind) { things[kind] = seconds }
    mutating func take(_ kind: Detection.Kind) { things[kind] = nil }

    func opened(_ category: String) -> [LedgerEvent] { opened.filter { $0.key.category == category } }
}

@Test func motionIsToldAtEveryCamera() throws {
    var place = try Place([])
    place.pass(30)
    place.put(.motion)
    place.pass(10)
    #expect(place.opened.map(\.key.category) == ["motion"])
    #expect(place.watch.plan.motion == .standard)
}

@Test func aFireLaneIsBlockedAfterThreeMinutes() throws {
    var place = try Place(["scene:fire_lane"], zones: ["lane"])
    #expect(place.watch.plan.floorSeconds == 5)
    place.put(.changedStatic)
    place.pass(175)
    #expect(place.opened("hazard.fire_lane").isEmpty)
    place.pass(10)
    let incident = try #require(place.opened("hazard.fire_lane").first)
    #expect(incident.key.zone == "lane" && incident.priority == .three && incident.startSeconds == 0)
    #expect(place.watch.rule(of: incident)?.emit.clip == ClipWish(before: .seconds(5), after: .seconds(10)))
    place.pass(3600)
    #expect(place.opened("hazard.fire_lane").count == 1, "one incident for one obstacle")

    var asserted = try Place(["scene:fire_lane"], zones: ["lane"])
    asserted.set("onvif:RuleEngine/ObjectAbandoned", .on)
    asserted.pass(65)
    #expect(asserted.opened("hazard.fire_lane").count == 1, "the camera's own word counts as much")

    var turning = try Place(["scene:fire_lane"], zones: ["lane"])
    turning.put(.changedStatic)
    turning.set("ptz:moving", .on)
    turning.pass(300)
    #expect(turning.opened("hazard.fire_lane").isEmpty)
    #expect(turning.suppressions.map(\.reason) == [.tagMuted])
    #expect(turning.suppressions.first?.rule == "fire lane blocked")
}

@Test func withoutTheZoneAFireLaneHasNoRule() throws {
    #expect(try Place(["scene:fire_lane"]).watch.plan.pipelines.contains("fire-lane") == false)
}

@Test func highWaterIsAnEmergencyAndAWarningNeedsThePicture() throws {
    var high = try Place(["scene:reservoir"])
    high.set("io:gauge-4/water_level_high", .on)
    high.pass(40)
    #expect(high.opened("emergency.flood").map(\.priority) == [.one])

    var warning = try Place(["scene:river_bank"])
    warning.set("io:gauge-4/water_level_warning", .on)
    warning.pass(600)
    #expect(warning.opened.isEmpty, "a gauge's warning alone sends nobody")
    warning.put(.motion)
    warning.pass(10)
    let incident = try #require(warning.opened("hazard.river_bank").first)
    #expect(incident.priority == .two)
    #expect(incident.reason.contains("seen") && incident.reason.contains { $0.hasPrefix("io:gauge-4/water_level_warning on for") })

    var left = try Place(["scene:river_bank"])
    left.put(.changedStatic)
    left.pass(310)
    #expect(left.opened("hazard.river_bank").map(\.priority) == [.four])
}

@Test func wasteIsToldWhenWhoeverBroughtItHasGone() throws {
    var place = try Place(["scene:waste_point"], zones: ["spot"])
    place.put(.motion)
    place.put(.changedStatic)
    place.pass(200)
    #expect(place.opened("facility.dumping").isEmpty, "somebody is still there")
    place.take(.motion)
    place.pass(40)
    #expect(place.opened("facility.dumping").count == 1)
}

@Test func aSchoolGateIsWatchedInItsHoursAndNeverForWhoPasses() throws {
    var morning = try Place(["scene:school_gate"], zones: ["gate"], beijing: "2026-11-23T07:10:00.000Z")
    morning.put(.motion)
    morning.pass(300)
    #expect(morning.opened("facility.school_gate").isEmpty)
    morning.put(.changedStatic)
    morning.pass(190)
    #expect(morning.opened("facility.school_gate").count == 1)
    #expect(!morning.watch.plan.pipelines.isEmpty)

    var night = try Place(["scene:school_gate"], zones: ["gate"], beijing: "2026-11-23T23:00:00.000Z")
    night.put(.changedStatic)
    night.pass(600)
    #expect(night.opened("facility.school_gate").isEmpty)
    #expect(night.suppressions.contains { $0.reason == .schedule && $0.rule == "school gate blocked" && $0.zone == "gate" })
}

@Test func aSiteAtNightTakesSeveralMovements() throws {
    var site = try Place(["scene:construction"], beijing: "2026-11-23T22:30:00.000Z")
    for round in 1...4 {
        #expect(site.opened("hazard.construction_after_hours").isEmpty, "before round \(round)")
        site.put(.motion)
        site.pass(20)
        site.take(.motion)
        site.pass(40)
    }
    #expect(site.opened("hazard.construction_after_hours").count == 1)

    var day = try Place(["scene:construction"], beijing: "2026-11-23T10:30:00.000Z")
    for _ in 1...6 {
        day.put(.motion)
        day.pass(20)
        day.take(.motion)
        day.pass(40)
    }
    #expect(day.opened("hazard.construction_after_hours").isEmpty)
    #expect(day.suppressions.contains { $0.reason == .schedule })
}

@Test func aSmokeHintNeedsThePictureAndHeatDoesNot() throws {
    var hint = try Place(["scene:forest_edge"])
    hint.set("onvif:RuleEngine/SmokeDetector/Smoke", .on)
    hint.pass(120)
    #expect(hint.opened("emergency.forest_smoke").isEmpty)
    hint.put(.motion)
    hint.pass(10)
    #expect(hint.opened("emergency.forest_smoke").map(\.priority) == [.two])
    hint.set("onvif:RuleEngine/Radiometry/TemperatureAlarm", .on)
    hint.pass(15)
    #expect(hint.opened("emergency.forest_smoke").count == 1, "one fire, one incident, now the most urgent")
    #expect(hint.watch.finish().map(\.priority).contains(.one))
}

@Test func aCoveredCameraAsksForMaintenance() throws {
    var place = try Place([])
    place.set("camera:tampered", .on)
    place.pass(15)
    #expect(place.opened("maintenance.camera").count == 1)
    place.set("camera:tampered", .unknown)
    place.pass(60)
    place.set("camera:tampered", .on)
    place.pass(30)
    #expect(place.opened("maintenance.camera").count == 1, "not knowing for a minute neither ends it nor opens another")
}

@Test func whatTheDetectorCallsTamperingIsATagUntilItClears() throws {
    var place = try Place([])
    func look(_ tamper: Tamper?, _ place: inout Place) {
        place.seconds += 5
        place.wall = place.wall.adding(seconds: 5)
        var examination = Examination(state: .normal)
        examination.tamper = tamper
        let watched = place.watch.note(examination, tags: [], atSeconds: place.seconds, wall: place.wall)
        place.opened += watched.events.filter { $0.kind == .opened }
    }
    for _ in 0..<3 { look(nil, &place) }
    #expect(place.opened.isEmpty)
    for _ in 0..<3 { look(.covered, &place) }
    #expect(place.opened("maintenance.camera").count == 1)
    for _ in 0..<3 { look(nil, &place) }
    #expect(place.watch.finish().map(\.lastSeconds) == [30], "seen no longer than the detector said so")
}

@Test func aReportedTwoWheelerIsToldOnceATag() throws {
    var place = try Place([])
    place.pass(10)
    place.set("rfid:reported/gate-3", .on, pulse: true)
    place.pass(60)
    #expect(place.opened("theft.tagged_vehicle_seen").map(\.priority) == [.two])
}

@Test func everyCategoryOfAShippedPipelineIsInBothCatalogues() throws {
    let (read, _) = PipelineSet.read(folder: root.appendingPathComponent("pipelines").path)
    let set = try #require(read)
    #expect(set.files.count >= 9)
    for name in ["catalogue.yaml", "catalogue-sample.yaml"] {
        let text = try String(contentsOf: root.appendingPathComponent("config/\(name)"), encoding: .utf8)
        let categories = try #require(StrictYAML.parse(text, file: name).root?.child("categories"))
        let filing = Dictionary(
            uniqueKeysWithValues: categories.entries.map {
                ($0.key, $0.value.child("filing")?.string().flatMap(FilingPolicy.init(rawValue:)))
            })
        #expect(set.findings([], filing: { filing[$0] ?? nil }).isEmpty, "\(name)")
    }
}
