// Where a camera that can be turned looks, by its own word: each of its presets is a picture of its own.
// camera → packets → documents → tags → **position** → detections → incidents

import Domain
import Pipelines

//            ptz:moving                ptz:preset=B, or none
//   ┌──────┐ ─────────▶ ┌─────────┐ ─────────────────────────▶ ┌──────┐
//   │ at A │            │ turning │                            │ at B │
//   └──────┘ ◀───────── └─────────┘                            └──────┘
//              ptz:preset=A: returned
//
// | state   | promises                                                                                        |
// |---------|-------------------------------------------------------------------------------------------------|
// | at A    | pictures are compared with a background that was learnt at A since the camera came to stand there |
// | turning | no picture is compared with any                                                                 |
//
// A camera that has never spoken of presets stands at "" for ever. When nobody knows any more where it stands, for instance because its
// connection ended, it stands where it stood for ten seconds, and then at "".

/// The position of one camera. A plain value, fed with the live tags.
struct LanePosition: Sendable {
    /// What has become of it.
    enum Change: Hashable, Sendable {
        case none
        case turning
        /// It has turned, and back again.
        case returned
        /// It stands at another preset than before.
        case moved
    }

    private static let prefix = "ptz:preset="
    /// How long an old position is better than none.
    private static let memorySeconds = 10.0

    /// The token of the preset; empty for none.
    private(set) var preset = ""
    private(set) var isTurning = false

    /// Takes the tags as they are now.
    mutating func note(_ live: [LiveTag], now: Double) -> Change {
        let wasTurning = isTurning
        isTurning = live.contains { $0.name == "ptz:moving" && $0.state == .on }
        guard !isTurning else { return wasTurning ? .none : .turning }
        let stands = live.first { $0.name.hasPrefix(Self.prefix) && isBelieved($0, now) }?.name.dropFirst(Self.prefix.count) ?? ""
        guard stands == preset else {
            preset = String(stands)
            return .moved
        }
        return wasTurning ? .returned : .none
    }

    private func isBelieved(_ tag: LiveTag, _ now: Double) -> Bool {
        switch tag.state {
        case .on: true
        case .off: false
        case .unknown: tag.name.dropFirst(Self.prefix.count) == preset && now - tag.sinceSeconds <= Self.memorySeconds
        }
    }
}

/// The rules of a camera at the place where it stands, and those of the places where it stood. A plain value.
struct LanePlace: Sendable {
    /// Tours that are longer look nowhere long enough; what was told at the places of the others does not cool down.
    private static let mostPlaces = 32

    private var task: CameraTask
    private var position = LanePosition()
    private var away: [String: CameraWatch] = [:]
    /// The token of the preset whose rules are in force; empty for none.
    private(set) var preset = ""
    /// The rules in force.
    var watch: CameraWatch

    init(_ task: CameraTask) {
        self.task = task
        watch = CameraWatch(task.plan)
    }

    var isTurning: Bool { position.isTurning }

    /// The camera with the zones and tags of the place.
    var camera: Camera { task.camera.standing(at: preset) }

    /// The rules that a task has for this place.
    func plan(by task: CameraTask) -> CameraPlan { task.presetPlans[preset] ?? task.plan }

    /// Goes on by another row and other rules; returns what no rule makes any more.
    mutating func follow(_ next: CameraTask) -> [LedgerEvent] {
        task = next
        for (place, plan) in away.keys.map({ ($0, next.presetPlans[$0] ?? next.plan) }) where away[place]?.plan != plan {
            _ = away[place]?.follow(plan)  // Nothing runs where the camera does not look.
        }
        let plan = plan(by: next)
        return plan == watch.plan ? [] : watch.follow(plan)
    }

    /// Takes the tags as they are now; `move` follows a change of place once what ran there was ended.
    mutating func note(_ live: [LiveTag], now: Double) -> LanePosition.Change { position.note(live, now: now) }

    /// Puts the rules of the new place in force, as they were left when the camera stood there last.
    mutating func move() {
        if away.count < Self.mostPlaces { away[preset] = watch }
        preset = position.preset
        watch = away.removeValue(forKey: preset) ?? CameraWatch(plan(by: task))
        watch.forgetLooks()
    }

    /// Hears that an incident has reached those it is for, wherever the camera looks by now.
    mutating func delivered(_ key: IncidentKey, priority: Priority, atSeconds: Double) {
        if key.preset == preset {
            watch.delivered(LedgerKey(key), priority: priority, atSeconds: atSeconds)
        } else {
            away[key.preset]?.delivered(LedgerKey(key), priority: priority, atSeconds: atSeconds)
        }
    }
}
