// Who logged in, who looked at what and why: an append-only table whose lines carry the hash of the line before.
// request → **audit** → auditor

import Base
package import Domain

/// What the audit knows; what people do to cases stands in the cases' own log.
package enum AuditAction: String, Sendable, CaseIterable {
    case login
    case loginRefused = "login_refused"
    case logout
    /// A clip of an incident; `object` is the incident.
    case clipOpened = "clip_opened"
    /// The stored picture of an incident; `object` is the incident.
    case snapshotOpened = "snapshot_opened"
    /// The picture of something that was not reported; `object` is the suppression.
    case suppressionPictureOpened = "suppression_picture_opened"
    /// A person's word that it was an event; `object` is the suppression, `reason` what the person wrote.
    case suppressionRestored = "suppression_restored"
    /// A stolen two-wheeler is looked for; `object` is the number of the report, as in the next two.
    case theftReportOpened = "theft_report_opened"
    case theftReportClosed = "theft_report_closed"
    /// Nobody closed it; its time was over.
    case theftReportExpired = "theft_report_expired"
    /// What its time was over; `object` is the kind, `reason` how much and the oldest that is kept.
    case retentionDeleted = "retention_deleted"
    /// One picture of a camera as it is now, or its live pictures; `object` is the camera.
    case cameraViewed = "camera_viewed"
    /// What a person decided about a camera's grid; `object` is the camera, `reason` what the person wrote.
    case cameraBound = "camera_bound"
    /// A list of cameras was taken over; `object` is its SHA-256, `reason` what it changed.
    case camerasImported = "cameras_imported"
    /// The last list was taken back; `object` is the SHA-256 of the one that counts again.
    case camerasRolledBack = "cameras_rolled_back"
    /// A map was drawn, checked, published, withdrawn or brought back; `object` is the grid set.
    case gridSetChanged = "grid_set_changed"
    /// Notices are held back; `object` is the silence, `reason` what the person wrote.
    case silenceBegun = "silence_begun"
    case silenceEnded = "silence_ended"
    /// A gridworker is on leave, or back; `object` is the gridworker.
    case leaveNoted = "leave_noted"
}

/// One line.
package struct AuditEntry: Sendable, Hashable {
    package var at: WallTime
    /// The account; for a refused login what was typed.
    package var actor: String
    /// The role at that time; empty for nobody.
    package var role: String
    package var action: AuditAction
    package var object: String
    package var reason: String

    package init(at: WallTime, actor: String, role: String, action: AuditAction, object: String = "", reason: String = "") {
        self.at = at
        self.actor = actor
        self.role = role
        self.action = action
        self.object = object
        self.reason = reason
    }
}

/// Which lines a list shows, newest first. Nil means no limit.
package struct AuditQuery: Sendable, Hashable {
    /// At or after.
    package var from: WallTime?
    /// Before.
    package var to: WallTime?
    package var actor: String?
    package var action: AuditAction?
    /// Continues behind this line, the last of the page before.
    package var after: Int64?
    /// 1 to 1,000.
    package var limit = 200

    package init() {}
}

/// Appends to the audit, reads it, and proves that nobody has edited, removed or reordered a line since.
package enum AuditLog {
    /// The step that makes its two tables, for the database that holds the accounts.
    package static let migration = Migration(
        10, "audit",
        [
            """
            CREATE TABLE audit (position BIGINT NOT NULL PRIMARY KEY, at_ms BIGINT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL,
                action TEXT NOT NULL, object TEXT NOT NULL, reason TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL)
            """,
            "CREATE INDEX audit_by_actor ON audit (actor, position)", "CREATE INDEX audit_by_time ON audit (at_ms)",
            // One row: how long it is and the hash of its last line, so that a missing tail shows too.
            "CREATE TABLE audit_head (id BIGINT NOT NULL PRIMARY KEY, position BIGINT NOT NULL, hash TEXT NOT NULL)",
            "INSERT INTO audit_head (id, position, hash) VALUES (1, 0, '')",
        ])

    /// Makes every other change that gets a line here wait for the end of the caller's transaction.
    package static func holdBackOthers(_ sql: any SQLConnection) throws {
        try sql.run("UPDATE audit_head SET position = position WHERE id = 1")
    }

    /// Appends one line in the caller's transaction. Texts must not hold U+0000.
    package static func append(_ entry: AuditEntry, to sql: any SQLConnection) throws {
        let head = try sql.row("UPDATE audit_head SET position = position + 1 WHERE id = 1 RETURNING position, hash")
        let position = try head?.int("position") ?? 1
        let previous = try head?.text("hash") ?? ""
        let hash = hash(fields(entry, entry.action.rawValue), position: position, previous: previous)
        try sql.run(
            """
            INSERT INTO audit (position, at_ms, actor, role, action, object, reason, prev_hash, hash)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                .integer(position), .integer(entry.at.millisecondsSince1970), .text(entry.actor), .text(entry.role),
                .text(entry.action.rawValue), .text(entry.object), .text(entry.reason), .text(previous), .text(hash),
            ])
        try sql.run("UPDATE audit_head SET hash = $1 WHERE id = 1", [.text(hash)])
    }

    /// One page with the position of each line, newest first. Lines whose action only a newer Snowlight knows are left out.
    package static func page(_ query: AuditQuery, in sql: any SQLConnection) throws -> [(position: Int64, entry: AuditEntry)] {
        var (conditions, values): ([String], [SQLValue]) = ([], [])
        func add(_ condition: String, _ value: SQLValue?) {
            guard let value else { return }
            values.append(value)
            conditions.append("\(condition) $\(values.count)")
        }
        add("at_ms >=", query.from.map { .integer($0.millisecondsSince1970) })
        add("at_ms <", query.to.map { .integer($0.millisecondsSince1970) })
        add("actor =", query.actor.map { .text($0) })
        add("action =", query.action.map { .text($0.rawValue) })
        add("position <", query.after.map { .integer($0) })
        values.append(SQLValue(min(max(query.limit, 1), 1000)))
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let rows = try sql.rows("SELECT * FROM audit \(condition) ORDER BY position DESC LIMIT $\(values.count)", values)
        return try rows.compactMap { row in
            guard let action = AuditAction(rawValue: try row.text("action")) else { return nil }
            return (try row.int("position"), try entry(row, action))
        }
    }

    /// Reads all of it and checks every link; at most 20 findings. Blocks; own threads only.
    package static func problems(_ database: any SQLDatabase) throws -> [String] {
        var problems: [String] = []
        var (position, previous): (Int64, String) = (0, "")
        while true {
            // Pages, so that no read holds back SQLite's checkpoints.
            let (rows, head) = try database.read { sql in
                (
                    try sql.rows("SELECT * FROM audit WHERE position > $1 ORDER BY position LIMIT 1000", [.integer(position)]),
                    try sql.row("SELECT position, hash FROM audit_head WHERE id = 1")
                )
            }
            for row in rows {
                let found = try row.int("position")
                if found != position + 1 {
                    problems.append("line \(position + 1) is missing")
                } else if try row.text("prev_hash") != previous {
                    problems.append("line \(found) does not follow line \(position)")
                }
                let action = try row.text("action")
                let expected = hash(fields(try entry(row, .login), action), position: found, previous: try row.text("prev_hash"))
                if try row.text("hash") != expected { problems.append("line \(found) was changed") }
                (position, previous) = (found, try row.text("hash"))
            }
            guard rows.count < 1000 else { continue }
            if try head?.int("position") != position || head?.text("hash") != previous { problems.append("the end is missing") }
            return Array(problems.prefix(20))
        }
    }

    private static func entry(_ row: SQLRow, _ action: AuditAction) throws -> AuditEntry {
        AuditEntry(
            at: WallTime(millisecondsSince1970: try row.int("at_ms")), actor: try row.text("actor"), role: try row.text("role"),
            action: action, object: try row.text("object"), reason: try row.text("reason"))
    }

    private static func fields(_ entry: AuditEntry, _ action: String) -> [String] {
        ["\(entry.at.millisecondsSince1970)", entry.actor, entry.role, action, entry.object, entry.reason]
    }

    /// Every field with its length before it, so that no two lines share one spelling.
    private static func hash(_ fields: [String], position: Int64, previous: String) -> String {
        var bytes = Array(previous.utf8)
        for field in ["\(position)"] + fields {
            bytes += "\(field.utf8.count):".utf8
            bytes += field.utf8
        }
        return SHA256Hex.of(bytes)
    }
}
