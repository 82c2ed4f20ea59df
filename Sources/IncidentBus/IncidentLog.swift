// The one transaction that mints ids: drafts in, numbered revisions out.
// detections → **incidents** → outbox ══ZeroMQ══▶ dispatcher

import Base
import Domain
import Storage

/// Writes drafts as revisions inside one transaction of the outbox; never leaves it.
///
/// | draft | nothing running | an incident running under the key |
/// |---|---|---|
/// | open | new id, rev 1, `open` | rev + 1, `updated` |
/// | updated | new id, rev 1, `open` | rev + 1, `updated` |
/// | ended, expired | new id, rev 1, `open`; then rev 2, as drafted | rev + 1, as drafted; no longer running |
struct IncidentLog {
    private struct Running {
        var incident: Incident
        var baseCount: Int
        var draftCount: Int
        var mediaStartSeconds: Double
    }

    private let connection: any SQLConnection
    private var sequence: UInt64
    private let now: WallTime

    /// - Parameter sequence: The highest number given so far; one writer, so the next is one more.
    init(connection: any SQLConnection, sequence: UInt64, now: WallTime) {
        self.connection = connection
        self.sequence = sequence
        self.now = now
    }

    /// Writes one fitted draft; returns its revision, or two when an ending had to start its incident first.
    mutating func write(_ draft: IncidentDraft) throws -> [Incident] {
        let ends = draft.phase == .ended || draft.phase == .expired
        let revisions: [Running]
        if let before = try running(under: draft.key) {
            revisions = [continuing(before, draft)]
        } else {
            let opened = opening(draft)
            revisions = ends ? [opened, continuing(opened, draft)] : [opened]
        }
        var payload: [UInt8] = []
        for revision in revisions { payload = try insert(revision.incident) }
        if ends {
            try connection.run("DELETE FROM open_incident WHERE incident_key = $1", [.text(draft.key.description)])
        } else {
            try remember(revisions[0], payload, draft)
        }
        return revisions.map(\.incident)
    }

    /// Writes one more revision of an incident, running or over, that shows its clip; nil when the incident is not in this file.
    mutating func attach(_ clip: SnapshotReference, to id: IncidentID) throws -> Incident? {
        // A running incident's row holds its latest revision as well; one that is over has only these.
        let row = try connection.row(
            "SELECT payload FROM outbox WHERE incident_id = $1 ORDER BY rev DESC LIMIT 1", [.text(id.description)])
        guard let row else { return nil }
        var incident = try Self.stored(try row.blob("payload"))
        incident.revision += 1
        if incident.phase == .open { incident.phase = .updated }
        incident.clip = clip
        let payload = try insert(incident)
        try connection.run(
            "UPDATE open_incident SET rev = $2, payload = $3 WHERE incident_id = $1",
            [.text(id.description), .integer(Int64(incident.revision)), .blob(payload)])
        return incident
    }

    /// Writes a fitted draft as the only revision of an incident that is over; false when its identity is here already.
    mutating func write(_ draft: IncidentDraft, restoredAs id: IncidentID, _ restoration: Restoration) throws -> Bool {
        let known = try connection.row("SELECT seq FROM outbox WHERE incident_id = $1", [.text(id.description)])
        guard known == nil else { return false }
        var incident = opening(draft).incident
        incident.id = id
        incident.phase = .ended
        incident.restoration = restoration
        try insert(incident)
        return true
    }

    /// Reads a payload that this outbox wrote itself.
    static func stored(_ payload: [UInt8]) throws -> Incident {
        do { return try IncidentJSON.decode(payload) } catch {
            throw Failure(.dataLoss, "the outbox holds an incident that it cannot read", cause: error)
        }
    }

    private func running(under key: IncidentKey) throws -> Running? {
        let row = try connection.row(
            "SELECT payload, base_count, draft_count, media_start_s FROM open_incident WHERE incident_key = $1", [.text(key.description)])
        return try row.map {
            Running(
                incident: try Self.stored(try $0.blob("payload")), baseCount: Int(try $0.int("base_count")),
                draftCount: Int(try $0.int("draft_count")), mediaStartSeconds: try $0.real("media_start_s"))
        }
    }

    private func opening(_ draft: IncidentDraft) -> Running {
        var generator = SystemRandomNumberGenerator()
        let incident = Incident(
            id: UUID7(at: now, using: &generator), revision: 1, phase: .open, key: draft.key, priority: draft.priority,
            place: draft.place, firstSeen: draft.firstSeen, lastSeen: max(draft.firstSeen, draft.lastSeen), count: draft.count,
            score: draft.score, box: draft.box, reason: draft.reason, snapshot: draft.snapshot, drill: draft.drill)
        return Running(incident: incident, baseCount: 0, draftCount: draft.count, mediaStartSeconds: draft.mediaStartSeconds)
    }

    private func continuing(_ before: Running, _ draft: IncidentDraft) -> Running {
        var after = before
        // A count that falls back, or a second opening, means that the detector started again.
        if draft.phase == .open || draft.count < before.draftCount { after.baseCount += before.draftCount }
        after.draftCount = draft.count
        after.incident.revision += 1
        after.incident.phase = draft.phase == .open ? .updated : draft.phase
        after.incident.priority = draft.priority
        after.incident.place = draft.place
        after.incident.lastSeen = max(before.incident.lastSeen, draft.lastSeen)
        after.incident.count = min(after.baseCount + draft.count, IncidentJSON.Limits.number)
        after.incident.score = draft.score
        after.incident.box = draft.box ?? before.incident.box
        after.incident.reason = draft.reason.isEmpty ? before.incident.reason : draft.reason
        after.incident.snapshot = draft.snapshot ?? before.incident.snapshot
        after.incident.drill = draft.drill
        return after
    }

    /// Returns the bytes of the revision as they go on the wire.
    @discardableResult
    private mutating func insert(_ incident: Incident) throws -> [UInt8] {
        sequence += 1
        let payload = IncidentJSON.encode(incident, sequence: sequence)
        try connection.run(
            "INSERT INTO outbox (seq, incident_id, rev, payload, created_ms) VALUES ($1, $2, $3, $4, $5)",
            [
                .integer(Int64(sequence)), .text(incident.id.description), .integer(Int64(incident.revision)),
                .blob(payload), .integer(now.millisecondsSince1970),
            ])
        return payload
    }

    private func remember(_ running: Running, _ payload: [UInt8], _ draft: IncidentDraft) throws {
        let incident = running.incident
        try connection.run(
            """
            INSERT INTO open_incident (incident_key, incident_id, rev, first_seen_ms, last_seen_ms, base_count, draft_count,
                media_start_s, media_last_s, payload)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (incident_key) DO UPDATE SET incident_id = excluded.incident_id, rev = excluded.rev,
                last_seen_ms = excluded.last_seen_ms, base_count = excluded.base_count, draft_count = excluded.draft_count,
                media_last_s = excluded.media_last_s, payload = excluded.payload
            """,
            [
                .text(incident.key.description), .text(incident.id.description), .integer(Int64(incident.revision)),
                .integer(incident.firstSeen.millisecondsSince1970), .integer(incident.lastSeen.millisecondsSince1970),
                .integer(Int64(running.baseCount)), .integer(Int64(running.draftCount)), .real(running.mediaStartSeconds),
                .real(draft.mediaLastSeconds), .blob(payload),
            ])
    }
}
