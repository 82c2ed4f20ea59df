// Joins the ingest side to the bus: pictures first, then one outbox commit, then a word to the publisher.
// detections → **incidents ══ZeroMQ══▶** dispatcher

import Base
import Domain
import IncidentBus
import Ingest
import Storage

/// Writes observations where nothing can take them away again. Blocks; called on the recorder's thread.
struct OutboxSink: IncidentSink {
    let snapshots: SnapshotStore
    let outbox: Outbox
    let publisher: IncidentPublisher
    let deliveries: Deliveries

    func record(_ observations: [Observation]) throws {
        let drafts = try observations.map { observation in
            // A picture that finds no room must not hold up the incident it belongs to.
            let snapshot: SnapshotReference?
            do { snapshot = try observation.jpeg.map(snapshots.store) } catch let failure as Failure
                where failure.kind == .resourceExhausted
            {
                snapshot = nil
            }
            return IncidentDraft(
                key: observation.key, phase: observation.phase, priority: observation.priority, place: observation.place,
                firstSeen: observation.firstSeen, lastSeen: observation.lastSeen, count: observation.count, score: observation.score,
                box: observation.box, reason: observation.reason, snapshot: snapshot)
        }
        let incidents = try outbox.append(drafts)
        // The number may be too high when somebody else appends as well; then the delivery is heard of a moment later.
        deliveries.recorded(incidents, last: outbox.range.highest)
        publisher.notify()
    }
}

extension RunningIncident {
    /// An incident that the outbox still holds open, for the detector to continue.
    init(_ open: OpenIncident) {
        let incident = open.incident
        self.init(
            key: incident.key, priority: incident.priority, place: incident.place, firstSeen: incident.firstSeen,
            lastSeen: incident.lastSeen, score: incident.score)
    }
}
