// What housekeeping remembers from second to second: states told, outages, and stalls of ours.
// camera → packets → looks → frames → **detections → incidents**

import Base
import Domain

/// Turns the states of all cameras into log lines and incidents. Belongs to the housekeeping thread.
struct HealthLedger {
    private var logged: [CameraID: CameraState] = [:]
    private var places: [CameraID: GeoPoint] = [:]
    private var outages = OutageLedger()
    private var watch = OwnStallWatch()
    /// What the recorder had no room for, in order; bounded by the outages that can be open.
    private var unsent: [Observation] = []

    /// The stall of ours at this moment, or nil.
    mutating func examineOwnStall(now: Duration, oldestLookAge: Duration?, diskWaitingSince: Duration?) -> OwnStall? {
        let stall = watch.examine(now: now, oldestLookAge: oldestLookAge, diskWaitingSince: diskWaitingSince)
        outages.ours(stall, now: now)
        return stall
    }

    /// Notes a camera's state; true when it has changed.
    mutating func note(_ camera: Camera, _ network: CameraNetwork, _ health: CameraHealth, now: Duration) -> Bool {
        outages.state(camera.id, network, health.state, reason: health.reason, now: now)
        places[camera.id] = camera.position
        return logged.updateValue(health.state, forKey: camera.id) != health.state
    }

    /// Forgets cameras that are no longer read.
    mutating func forget(except cameras: some Collection<CameraID>) {
        guard logged.count != cameras.count else { return }
        let kept = Set(cameras)
        for camera in logged.keys where !kept.contains(camera) {
            logged[camera] = nil
            outages.remove(camera)
        }
    }

    /// Takes over an outage that was open when the process ended; false when the key is none of an outage.
    mutating func adopt(_ incident: RunningIncident, place: GeoPoint, now: Duration, wall: WallTime) -> Bool {
        places[incident.key.camera] = place
        return outages.adopt(incident.key, since: now - .seconds(wall.seconds(since: incident.firstSeen)), now: now)
    }

    /// What is to be told now; it is also kept for `send`.
    mutating func tick(now: Duration, wall: WallTime) -> [Observation] {
        let new = outages.tick(now: now).compactMap { action -> Observation? in
            let report = OutageReport(action, now: now, wall: wall)
            guard let place = places[report.key.camera] else { return nil }
            return Observation(
                key: report.key, phase: report.phase, priority: report.priority, place: place, firstSeen: report.firstSeen,
                lastSeen: report.lastSeen, count: report.count, score: 0, box: nil, reason: report.reason, jpeg: nil)
        }
        unsent += new
        return new.filter { $0.phase == .open }
    }

    /// Hands over what waits, as far as there is room.
    mutating func send(_ offer: (Observation) -> Bool) {
        while let first = unsent.first, offer(first) { unsent.removeFirst() }
    }
}
