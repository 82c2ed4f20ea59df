// What leaves a camera's lane for the outbox, and what comes back from it after a restart.
// looks → frames → detections → **incidents** ══▶ outbox

package import Domain

/// One revision of what a camera observes, on its way to the outbox. Carries the picture until it is stored.
package struct Observation: Sendable {
    package var key: IncidentKey
    package var phase: IncidentPhase
    package var priority: Priority
    package var place: GeoPoint
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    package var count: Int
    package var score: Int
    package var box: RelativeBox?
    package var reason: [String]
    /// JPEG of the confirming picture: with phase `open`, or with the next update when a tag opened it between two looks.
    package var jpeg: [UInt8]?
    /// The clip that is being made of it; only with phase `open`.
    package var clip: ClipTicket?
}

extension Observation {
    /// The end of an incident that nothing can continue any more.
    init(expiring incident: RunningIncident, because reason: String) {
        self.init(
            key: incident.key, phase: .expired, priority: incident.priority, place: incident.place, firstSeen: incident.firstSeen,
            lastSeen: incident.lastSeen, count: 1, score: incident.score, box: nil, reason: [reason], jpeg: nil)
    }
}

/// An incident that was running when the process ended, to be continued instead of doubled.
package struct RunningIncident: Sendable {
    package var key: IncidentKey
    package var priority: Priority
    package var place: GeoPoint
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    package var score: Int

    package init(key: IncidentKey, priority: Priority, place: GeoPoint, firstSeen: WallTime, lastSeen: WallTime, score: Int) {
        self.key = key
        self.priority = priority
        self.place = place
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.score = score
    }
}
