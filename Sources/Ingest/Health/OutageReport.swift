// From outage actions to incidents: key, category, and sentences for people.
// camera → packets → looks → frames → **detections → incidents**

import Base
package import Domain

/// What one outage action says as an incident; the shell adds the place of the key's camera and hands it to the outbox.
///
/// Keys: a lost camera `camera|||camera.lost`; a common failure `anchor||scope|camera.common_failure`; a stall of ours
/// `anchor||cause|service.stall`. The anchor is chosen when the incident opens and stays, so that the end finds it.
package struct OutageReport: Hashable, Sendable {
    package static let cameraLost = "camera.lost"
    package static let commonFailure = "camera.common_failure"
    package static let ownStall = "service.stall"
    static let categories: Set = [cameraLost, commonFailure, ownStall]

    package var key: IncidentKey
    package var phase: IncidentPhase
    package var priority: Priority
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    /// Cameras concerned.
    package var count: Int
    /// A sentence first, then facts; English, translated by category on the screen.
    package var reason: [String]

    /// The incident for an action that is told at `now`, which is `wall` for people.
    package init(_ action: OutageAction, now: Duration, wall: WallTime) {
        switch action {
        case .lost(let one): self.init(one, .open, Self.words(lost: one), now, wall)
        case .restored(let one):
            self.init(one, .ended, ["The camera shows pictures again after \(Self.length(now - one.since))."], now, wall)
        case .withdrawn(let one): self.init(one, .expired, ["The camera is no longer part of the configuration."], now, wall)
        case .commonLost(let one): self.init(one, .open, Self.words(lost: one), now, wall)
        case .commonChanged(let one):
            self.init(
                one, .updated,
                ["\(one.stillLost) of \(one.cameras) cameras are missing: \(Self.place(one.scope)).", Self.advice(one.scope)], now, wall)
        case .commonRestored(let one, let ending):
            var words = ["\(Self.place(one.scope)) is back after \(Self.length(now - one.since))."]
            if case .merged(let larger) = ending { words = ["This is part of a larger failure: \(Self.place(larger))."] }
            if ending == .narrowed {
                words = ["This is no longer a failure of \(Self.place(one.scope)); what is missing is told by itself."]
            }
            if one.stillLost > 0 { words.append("\(one.stillLost) of \(one.cameras) cameras are still missing.") }
            self.init(one, .ended, words, now, wall)
        case .ownStall(let stall, let anchor):
            let words = "Cameras are not looked at: \(stall.words). While this lasts no camera is reported as lost."
            self.init(stall, anchor, .open, [words], now, wall)
        case .ownRecovered(let stall, let anchor):
            self.init(stall, anchor, .ended, ["Cameras are looked at again after \(Self.length(now - stall.since))."], now, wall)
        }
    }

    private init(_ one: CameraOutage, _ phase: IncidentPhase, _ words: [String], _ now: Duration, _ wall: WallTime) {
        key = IncidentKey(camera: one.camera, category: Self.cameraLost)
        self.phase = phase
        priority = .three
        firstSeen = wall.adding(seconds: -max(0, (now - one.since).seconds))
        lastSeen = wall
        count = 1
        reason = words
    }

    private init(_ one: CommonOutage, _ phase: IncidentPhase, _ words: [String], _ now: Duration, _ wall: WallTime) {
        key = IncidentKey(camera: one.anchor, zone: one.scope.description, category: Self.commonFailure)
        self.phase = phase
        priority = one.scope == .fleet ? .one : .two
        firstSeen = wall.adding(seconds: -max(0, (now - one.since).seconds))
        lastSeen = wall
        count = max(1, one.cameras)
        reason = words
    }

    private init(_ stall: OwnStall, _ anchor: CameraID, _ phase: IncidentPhase, _ words: [String], _ now: Duration, _ wall: WallTime) {
        key = IncidentKey(camera: anchor, zone: stall.cause.rawValue, category: Self.ownStall)
        self.phase = phase
        priority = .one
        firstSeen = wall.adding(seconds: -max(0, (now - stall.since).seconds))
        lastSeen = wall
        count = 1
        reason = words
    }

    private static func words(lost one: CameraOutage) -> [String] {
        let what = one.drops > 1 ? "The camera comes and goes: it was lost \(one.drops) times." : "The camera shows no pictures."
        return [what, one.reason, "state \(one.state.rawValue)"]
    }

    private static func words(lost one: CommonOutage) -> [String] {
        [
            "\(one.cameras) of \(one.total) cameras went dark together: \(place(one.scope)).", advice(one.scope),
            "for example \(one.examples.map(\.digits).joined(separator: ", "))",
        ]
    }

    private static func place(_ scope: OutageScope) -> String {
        switch scope {
        case .host(let host): "the recorder or encoder at \(host)"
        case .subnet(let subnet): "the network \(subnet)"
        case .fleet: "the camera network as a whole"
        }
    }

    private static func advice(_ scope: OutageScope) -> String {
        switch scope {
        case .host: "Look at the recorder first: power, network cable, number of viewers."
        case .subnet: "Look at its switch, uplink and power supply first."
        case .fleet: "Look at this machine's network and the core switch first."
        }
    }

    /// Rounded for reading: `45 s`, `12 min`, `3 h 5 min`.
    private static func length(_ duration: Duration) -> String {
        let seconds = Int(max(0, duration.seconds).rounded())
        if seconds < 120 { return "\(seconds) s" }
        let minutes = seconds / 60
        return minutes < 120 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }
}
