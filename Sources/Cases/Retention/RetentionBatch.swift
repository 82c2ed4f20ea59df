// One transaction of retention: it asks again whether the time is over, deletes, and counts what it deleted.
// candidates → **rows** → files

import Domain
import Storage

/// The deletions of one transaction, each bounded by what it is given.
struct RetentionBatch {
    let sql: any SQLConnection
    let cuts: RetentionCuts

    /// Rows of one transaction: short enough that no incident waits for it.
    static let rows = 200

    /// A file that a row named until now.
    struct Freed: Sendable, Hashable {
        var sha256: String
        var kind: EvidenceKind
    }

    /// Where a walk over the incidents has come to.
    struct Place: Sendable, Hashable {
        var firstSeen: Int64 = .min
        var incident = ""
    }

    /// True for incidents `i` with pictures whose time is over: no case has them and they are old, or all their case needs is over.
    ///
    /// `case_ms` is asked besides the case, because a row that waited for another transaction is judged by its own columns anew.
    static func isOver(_ query: inout Query, _ cuts: RetentionCuts) -> String {
        let ended = finalStates.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let (old, caseOld) = (query.bind(cuts.evidence.value), query.bind(cuts.caseEvidence.value))
        return """
            \(hasEvidence) AND i.first_seen_ms < \(old) AND i.last_seen_ms < \(old)
            AND (i.case_ms IS NULL AND NOT EXISTS (SELECT 1 FROM case_incident ci WHERE ci.incident_id = i.incident_id)
                OR EXISTS (SELECT 1 FROM case_incident ci JOIN "case" c ON c.case_id = ci.case_id
                    WHERE ci.incident_id = i.incident_id AND c.state IN (\(ended)) AND c.updated_ms < \(caseOld)))
            """
    }

    /// States from which nothing leads back to work. A closed case may be opened again; time archives it.
    static let finalStates: [CaseState] = [.archived, .declined, .void]

    static let hasEvidence = "(i.snapshot_sha256 IS NOT NULL OR i.clip_sha256 IS NOT NULL)"

    /// The next incidents whose pictures may go, in the order of their age.
    func evidenceCandidates(after place: Place) throws -> [Place] {
        var query = Query()
        let isOver = Self.isOver(&query, cuts)
        let (time, id) = (query.bind(.integer(place.firstSeen)), query.bind(.text(place.incident)))
        query.text = """
            SELECT i.first_seen_ms, i.incident_id FROM incident i WHERE \(isOver)
            AND (i.first_seen_ms > \(time) OR i.first_seen_ms = \(time) AND i.incident_id > \(id))
            ORDER BY i.first_seen_ms, i.incident_id LIMIT \(Self.rows)
            """
        return try sql.rows(query.text, query.values).map {
            Place(firstSeen: try $0.int("first_seen_ms"), incident: try $0.text("incident_id"))
        }
    }

    /// Takes the pictures off those of `candidates` whose time is still over, and says so in their rows.
    func takeEvidence(off candidates: [Place]) throws -> [Freed] {
        try lockTally(.evidence)
        var query = Query()
        let isOver = Self.isOver(&query, cuts)
        let now = query.bind(cuts.now.value)
        query.text = """
            UPDATE incident AS i SET evidence_deleted_ms = \(now)
            WHERE i.incident_id IN \(query.list(candidates.map { .text($0.incident) })) AND \(isOver)
            RETURNING incident_id, snapshot_sha256, snapshot_bytes, clip_sha256, clip_bytes
            """
        var (freed, bytes): ([Freed], Int64) = ([], 0)
        let rows = try sql.rows(query.text, query.values)
        for row in rows {
            for (kind, name) in [(EvidenceKind.snapshot, "snapshot"), (.clip, "clip")] {
                guard let sha256 = try row.textOrNil(name + "_sha256") else { continue }
                freed.append(Freed(sha256: sha256, kind: kind))
                bytes += try row.intOrNil(name + "_bytes") ?? 0
            }
        }
        var done = Query()
        done.text = """
            UPDATE incident SET snapshot_sha256 = NULL, snapshot_bytes = NULL, clip_sha256 = NULL, clip_bytes = NULL
            WHERE incident_id IN \(done.list(try rows.map { .text(try $0.text("incident_id")) }))
            """
        if !rows.isEmpty { try sql.run(done.text, done.values) }
        try count(.evidence, freed.count, bytes: bytes)
        return freed
    }

    /// Deletes incidents that are old, over, without pictures and without a case, and the receipts of their messages. Returns how many.
    func deleteIncidents() throws -> Int {
        try lockTally(.incident)
        let gone = try sql.rows(
            """
            DELETE FROM incident WHERE incident_id IN (
                SELECT i.incident_id FROM incident i WHERE i.first_seen_ms < $1 AND i.last_seen_ms < $1
                AND i.phase IN ('ended', 'expired') AND i.snapshot_sha256 IS NULL AND i.clip_sha256 IS NULL AND i.case_ms IS NULL
                AND NOT EXISTS (SELECT 1 FROM case_incident ci WHERE ci.incident_id = i.incident_id)
                ORDER BY i.first_seen_ms LIMIT \(Self.rows)) AND case_ms IS NULL
            RETURNING incident_id
            """, [cuts.incidents.value])
        var query = Query()
        query.text = "DELETE FROM inbox WHERE incident_id IN \(query.list(try gone.map { .text(try $0.text("incident_id")) }))"
        if !gone.isEmpty { try sql.run(query.text, query.values) }
        try count(.incident, gone.count)
        return gone.count
    }

    /// Deletes messages that could not be accepted. Returns how many.
    func deleteRejected() throws -> Int {
        try lockTally(.rejected)
        let gone = try sql.run(
            """
            DELETE FROM dead_letter WHERE (node, epoch, seq, sha256) IN (
                SELECT node, epoch, seq, sha256 FROM dead_letter WHERE at_ms < $1 ORDER BY at_ms LIMIT \(Self.rows))
            """, [cuts.incidents.value])
        try count(.rejected, gone)
        return gone
    }

    /// Counts files that are about to be deleted: their names are all that is known of them.
    func countOrphans(_ files: [StoredEvidence]) throws {
        try lockTally(.orphan)
        try count(.orphan, files.count, bytes: files.reduce(0) { $0 + Int64($1.sizeBytes) })
    }

    /// What was deleted and is not yet in the audit, with the oldest that is kept.
    func tallies() throws -> [RetentionReport.Line] {
        try sql.rows("SELECT kind, deleted, bytes FROM retention_tally WHERE deleted > 0 ORDER BY kind").compactMap { row in
            guard let kind = RetentionKind(rawValue: try row.text("kind")) else { return nil }
            let oldest =
                switch kind {
                case .evidence: try sql.row("SELECT MIN(i.first_seen_ms) AS oldest FROM incident i WHERE \(Self.hasEvidence)")
                case .incident: try sql.row("SELECT MIN(first_seen_ms) AS oldest FROM incident")
                case .rejected: try sql.row("SELECT MIN(at_ms) AS oldest FROM dead_letter")
                case .orphan: SQLRow?.none
                }
            return RetentionReport.Line(
                kind: kind, deleted: Int(try row.int("deleted")), bytes: Int(try row.int("bytes")),
                oldestKept: try oldest?.intOrNil("oldest").map { WallTime(millisecondsSince1970: $0) })
        }
    }

    /// Takes off the tally what the audit has.
    func told(_ line: RetentionReport.Line) throws {
        try sql.run(
            "UPDATE retention_tally SET deleted = deleted - $2, bytes = bytes - $3 WHERE kind = $1",
            [.text(line.kind.rawValue), SQLValue(line.deleted), SQLValue(line.bytes)])
    }

    /// Files that incidents from before `cut` still name.
    func named(before cut: WallTime, after place: Place) throws -> (place: Place?, files: [Freed]) {
        let rows = try sql.rows(
            """
            SELECT i.first_seen_ms, i.incident_id, i.snapshot_sha256, i.clip_sha256 FROM incident i WHERE \(Self.hasEvidence)
            AND i.first_seen_ms < $1 AND (i.first_seen_ms > $2 OR i.first_seen_ms = $2 AND i.incident_id > $3)
            ORDER BY i.first_seen_ms, i.incident_id LIMIT 1000
            """, [cut.value, .integer(place.firstSeen), .text(place.incident)])
        let files = try rows.flatMap { row in
            [
                try row.textOrNil("snapshot_sha256").map { Freed(sha256: $0, kind: .snapshot) },
                try row.textOrNil("clip_sha256").map { Freed(sha256: $0, kind: .clip) },
            ].compactMap { $0 }
        }
        let last = try rows.last.map { Place(firstSeen: try $0.int("first_seen_ms"), incident: try $0.text("incident_id")) }
        return (rows.count == 1000 ? last : nil, files)
    }

    /// Two dispatchers on one database delete one after the other.
    private func lockTally(_ kind: RetentionKind) throws {
        try sql.run("UPDATE retention_tally SET deleted = deleted WHERE kind = $1", [.text(kind.rawValue)])
    }

    private func count(_ kind: RetentionKind, _ deleted: Int, bytes: Int64 = 0) throws {
        guard deleted > 0 else { return }
        try sql.run(
            "UPDATE retention_tally SET deleted = deleted + $2, bytes = bytes + $3 WHERE kind = $1",
            [.text(kind.rawValue), SQLValue(deleted), .integer(bytes)])
    }
}

extension WallTime {
    fileprivate var value: SQLValue { .integer(millisecondsSince1970) }
}
