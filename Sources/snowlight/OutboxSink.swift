// Joins the ingest side to the bus: pictures and clips first, then one outbox commit, then a word to the publisher.
// detections → **incidents ══ZeroMQ══▶** dispatcher

import Base
import Domain
import IncidentBus
import Ingest
import Storage
import Synchronization

/// Writes observations where nothing can take them away again. Blocks; called on the recorder's and the clip recorder's threads.
final class OutboxSink: IncidentSink, ClipSink {
    private let snapshots: SnapshotStore
    private let outbox: Outbox
    private let publisher: IncidentPublisher
    private let deliveries: Deliveries
    /// Which incident each clip in the making belongs to: as many as clips at once, since each is used or forgotten.
    private let tickets = Mutex<[ClipTicket: IncidentID]>([:])

    init(snapshots: SnapshotStore, outbox: Outbox, publisher: IncidentPublisher, deliveries: Deliveries) {
        self.snapshots = snapshots
        self.outbox = outbox
        self.publisher = publisher
        self.deliveries = deliveries
    }

    func record(_ observations: [Observation]) throws {
        let drafts = try observations.map { observation in
            // A picture that finds no room must not hold up the incident it belongs to.
            let snapshot: SnapshotReference?
            do { snapshot = try observation.jpeg.map { try snapshots.store($0) } } catch let failure as Failure
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
        note(observations, incidents)
    }

    /// An ending that had to start its incident first has two revisions, every other observation one.
    private func note(_ observations: [Observation], _ incidents: [Incident]) {
        var rest = incidents[...]
        for observation in observations {
            guard let incident = rest.popFirst() else { return }
            if observation.phase == .ended || observation.phase == .expired, incident.phase == .open { _ = rest.popFirst() }
            if let ticket = observation.clip { tickets.withLock { $0[ticket] = incident.id } }
        }
    }

    func attach(_ mp4: [UInt8], to ticket: ClipTicket) throws -> Bool {
        guard let id = tickets.withLock({ $0[ticket] }) else { return false }
        let clip = try snapshots.store(mp4, as: .clip)
        guard try outbox.attach(clip, to: id) else { throw Failure(.notFound, "the incident of this clip has left the outbox") }
        publisher.notify()
        forget(ticket)
        return true
    }

    func forget(_ ticket: ClipTicket) { tickets.withLock { $0[ticket] = nil } }
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
