// What people ask of the pushes: who was told what and why not, what is missing, and what they want to be quiet.
// channels → **receipts** → pages

package import Base
package import Cases
package import Domain
package import Storage

/// A step that every incident of a case should reach, by the column that holds its time.
package enum ReceiptStep: String, Sendable, CaseIterable {
    case detected, published, accepted, `case`, pushed, delivered, opened, acknowledged
}

/// What became of one step of the ladder for one recipient.
package struct DecisionView: Encodable, Sendable, Hashable {
    package var at: String
    package var level: String
    /// Null when no recipient was chosen.
    @NullWhenNil package var recipient: String?
    package var kind: String
    package var reason: String
    package var detail: String
    /// When it will be looked at again; null when it is settled.
    @NullWhenNil package var until: String?
}

/// One notice to one destination.
package struct PushView: Encodable, Sendable, Hashable {
    package var destination: String
    package var channel: String
    package var recipient: String
    package var kind: String
    package var state: String
    /// Why it is not accepted.
    package var result: String
    package var created: String
    package var attempts: Int
    @NullWhenNil package var tried: String?
    @NullWhenNil package var ended: String?
}

/// Everything that was done to tell somebody of a case.
package struct ToldView: Encodable, Sendable, Hashable {
    package var decisions: [DecisionView]
    package var pushes: [PushView]

    /// Nothing was done.
    package static let nothing = ToldView(decisions: [], pushes: [])
}

/// An incident that lacks a step, and the last decision about it.
package struct MissingView: Encodable, Sendable, Hashable {
    package var incident: String
    @NullWhenNil package var `case`: String?
    package var accepted: String
    /// Null when nothing was decided.
    @NullWhenNil package var reason: String?
    package var detail: String
}

/// The incidents that lack one step, the oldest first.
package struct MissingPage: Encodable, Sendable {
    package var step: String
    /// All of them, also those that are not listed.
    package var count: Int
    package var items: [MissingView]
}

/// One notice as a page of ours shows it.
package struct NoticeView: Encodable, Sendable, Hashable {
    package var id: String
    package var at: String
    package var kind: String
    package var level: String
    package var priority: Int
    package var recipient: String
    package var title: String
    package var text: String
    package var cases: [String]
    package var count: Int
    package var drill: Bool
}

/// One silence with everything about it.
package struct SilenceView: Encodable, Sendable, Hashable {
    package var id: String
    @NullWhenNil package var camera: String?
    @NullWhenNil package var grid: String?
    @NullWhenNil package var category: String?
    package var total: Bool
    package var author: String
    package var reason: String
    package var from: String
    package var until: String
    /// Steps it holds now.
    package var held: Int
}

/// One gridworker's leave.
package struct AbsenceView: Encodable, Sendable, Hashable {
    package var worker: String
    package var from: String
    package var until: String
    /// The account that noted it.
    package var author: String
    package var reason: String
}

/// Reads receipts and writes silences and absences. Suspends instead of blocking; safe from any task. Roles are the caller's business.
package struct PushRecords: Sendable {
    let file: any SQLDatabase
    let time: any TimeSource
    /// Called when something may be due at once.
    let changed: @Sendable () -> Void

    package init(file: any SQLDatabase, time: any TimeSource, changed: @escaping @Sendable () -> Void = {}) {
        self.file = file
        self.time = time
        self.changed = changed
    }

    /// Who was told of a case, by which channel, and why not.
    package func told(of number: CaseNumber) async throws -> ToldView {
        try await file.read { sql in
            ToldView(
                decisions: try sql.rows(
                    "SELECT * FROM push_decision WHERE case_no = $1 ORDER BY at_ms, run, level, recipient", [.text(number.text)]
                ).map { row in
                    let recipient = try row.text("recipient")
                    return DecisionView(
                        at: try row.moment("at_ms"), level: try row.text("level"), recipient: recipient.isEmpty ? nil : recipient,
                        kind: try row.text("kind"), reason: try row.text("reason"), detail: StoredText.unescape(try row.text("detail")),
                        until: try row.momentOrNil("until_ms"))
                },
                pushes: try sql.rows(
                    """
                    SELECT p.* FROM push p JOIN push_case c ON c.push_key = p.push_key WHERE c.case_no = $1
                    ORDER BY p.created_ms, p.push_key
                    """, [.text(number.text)]
                ).map { row in
                    PushView(
                        destination: try row.text("destination"), channel: try row.text("channel"), recipient: try row.text("recipient"),
                        kind: try row.text("kind"), state: try row.text("state"), result: StoredText.unescape(try row.text("result")),
                        created: try row.moment("created_ms"), attempts: Int(try row.int("attempts")),
                        tried: try row.momentOrNil("tried_ms"),
                        ended: try row.momentOrNil("ended_ms"))
                })
        }
    }

    /// The incidents that lack a step. Steps from `case` on are expected only of incidents that have a case which still counts.
    package func missing(_ step: ReceiptStep, limit: Int) async throws -> MissingPage {
        let column = "i.\(step == .case ? "case" : step.rawValue)_ms"
        let isOfCase = ReceiptStep.allCases.firstIndex(of: step)! >= ReceiptStep.allCases.firstIndex(of: .case)!  // Both stand in the list.
        let joined = """
            FROM incident i LEFT JOIN case_incident ci ON ci.incident_id = i.incident_id
            LEFT JOIN "case" c ON c.case_id = ci.case_id
            WHERE \(column) IS NULL\(isOfCase ? " AND c.case_id IS NOT NULL AND c.state NOT IN ('declined', 'merged', 'void')" : "")
            """
        return try await file.read { sql in
            let rows = try sql.rows(
                """
                SELECT i.incident_id AS incident_id, i.accepted_ms AS accepted_ms, c.case_no AS case_no \(joined)
                ORDER BY i.accepted_ms, i.incident_id LIMIT $1
                """, [SQLValue(min(max(limit, 1), 1000))])
            return MissingPage(
                step: step.rawValue, count: Int(try sql.row("SELECT COUNT(*) AS n \(joined)")?.int("n") ?? 0),
                items: try rows.map { row in
                    let number = try row.textOrNil("case_no")
                    let last = try number.flatMap {
                        try sql.row(
                            "SELECT reason, detail FROM push_decision WHERE case_no = $1 ORDER BY at_ms DESC, run DESC LIMIT 1", [.text($0)]
                        )
                    }
                    return MissingView(
                        incident: try row.text("incident_id"), case: number, accepted: try row.moment("accepted_ms"),
                        reason: try last?.text("reason"), detail: try last.map { StoredText.unescape(try $0.text("detail")) } ?? "")
                })
        }
    }

    /// The newest notices of this recipient on our own pages; nil means all offices.
    package func notices(to recipient: Recipient?, limit: Int) async throws -> [NoticeView] {
        try await file.read { sql in
            let whose = recipient == nil ? "recipient LIKE 'office:%'" : "recipient = $2"
            var values = [SQLValue(min(max(limit, 1), 200))]
            if let recipient { values.append(.text(recipient.id)) }
            return try sql.rows(
                """
                SELECT push_key, notice_json FROM push WHERE channel = 'console' AND \(whose) ORDER BY created_ms DESC, push_key LIMIT $1
                """, values
            ).map { row in
                let notice = try PushOutbox.notice(row)
                let words = NoticeText(notice, limit: 4096)
                return NoticeView(
                    id: try row.text("push_key"), at: notice.at.description, kind: notice.kind.rawValue, level: notice.level,
                    priority: notice.priority, recipient: notice.recipient, title: words.title, text: words.text,
                    cases: notice.cases.map(\.number), count: notice.count, drill: notice.drill)
            }
        }
    }

    // MARK: silences

    /// Silences that have not ended, the next to end first.
    package func silences() async throws -> [SilenceView] {
        let now = time.wallNow.millisecondsSince1970
        return try await file.read { sql in
            let rows = try sql.rows("SELECT * FROM push_silence WHERE until_ms > $1 ORDER BY until_ms, silence_id", [.integer(now)])
            return try rows.map { row in
                let silence = try Silence(row)
                // A step is held until the last of its silences ends, so that the time names the silence.
                let held = try sql.row(
                    "SELECT COUNT(*) AS n FROM push_decision WHERE reason = 'silenced' AND until_ms = $1",
                    [.integer(silence.until.millisecondsSince1970)])
                return SilenceView(silence, held: Int(try held?.int("n") ?? 0))
            }
        }
    }

    /// Adds a silence.
    ///
    /// - Throws: `.invalidInput` when it ends in the past, lasts more than 30 days, or gives no reason.
    package func add(_ silence: Silence, account: String) async throws -> SilenceView {
        let now = time.wallNow
        guard silence.until > now else { throw Failure(.invalidInput, "until must lie ahead", context: [("field", "until")]) }
        guard silence.until.seconds(since: now) <= Silence.longest else {
            throw Failure(.invalidInput, "a silence lasts 30 days at most", context: [("field", "until")])
        }
        guard !silence.reason.allSatisfy(\.isWhitespace), silence.reason.count <= 500 else {
            throw Failure(.invalidInput, "give a reason of at most 500 characters", context: [("field", "reason")])
        }
        try await file.write { sql in
            _ = try sql.run(
                """
                INSERT INTO push_silence (silence_id, camera_id, grid_code, category, total, author, author_name, reason, from_ms, until_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """,
                [
                    .text(silence.id), SQLValue(silence.camera?.digits), SQLValue(silence.grid?.digits), SQLValue(silence.category),
                    silence.total ? 1 : 0, .text(StoredText.escape(account)), .text(StoredText.escape(silence.author)),
                    .text(StoredText.escape(silence.reason)), .integer(silence.from.millisecondsSince1970),
                    .integer(silence.until.millisecondsSince1970),
                ])
        }
        return SilenceView(silence, held: 0)
    }

    /// Ends a silence now; what it held and is still open is told. False when there is none of that id in force.
    package func endSilence(_ id: String) async throws -> Bool {
        let now = SQLValue.integer(time.wallNow.millisecondsSince1970)
        let ended = try await file.write { sql in
            guard try sql.run("UPDATE push_silence SET until_ms = $2 WHERE silence_id = $1 AND until_ms > $2", [.text(id), now]) == 1 else {
                return false
            }
            // All that any silence holds is looked at again; what another one covers is held once more.
            try sql.run(
                """
                UPDATE push_timer SET due_ms = $1 WHERE case_no IN (
                    SELECT case_no FROM push_decision WHERE reason = 'silenced' AND until_ms > $1)
                """, [now])
            try sql.run("UPDATE push_decision SET until_ms = $1 WHERE reason = 'silenced' AND until_ms > $1", [now])
            return true
        }
        if ended { changed() }
        return ended
    }

    // MARK: absences

    /// Notes that a gridworker is on leave until a time; the substitutes are told instead. A later word replaces an earlier one.
    ///
    /// - Throws: `.invalidInput` when it ends in the past or lasts more than a year.
    package func setAbsence(_ worker: WorkerID, until: WallTime, reason: String, by author: String) async throws {
        let now = time.wallNow
        guard until.seconds(since: now) <= 366 * 86_400 else {
            throw Failure(.invalidInput, "a leave lasts a year at most", context: [("field", "until")])
        }
        try await file.write { sql in
            // Whoever comes back early has been away until now.
            try sql.run(
                "UPDATE push_absence SET until_ms = $2 WHERE worker_id = $1 AND until_ms > $2",
                [.text(worker.text), .integer(now.millisecondsSince1970)])
            guard until > now else { return }
            try sql.run(
                """
                INSERT INTO push_absence (worker_id, from_ms, until_ms, author, reason) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (worker_id, from_ms) DO UPDATE SET until_ms = excluded.until_ms
                """,
                [
                    .text(worker.text), .integer(now.millisecondsSince1970), .integer(until.millisecondsSince1970),
                    .text(StoredText.escape(author)), .text(StoredText.escape(reason)),
                ])
        }
    }

    /// Who is on leave now, the next to come back first.
    package func absences() async throws -> [AbsenceView] {
        let now = time.wallNow.millisecondsSince1970
        return try await file.read { sql in
            // A later word ends the earlier one, so that each gridworker has one row that counts.
            let rows = try sql.rows(
                "SELECT * FROM push_absence WHERE from_ms <= $1 AND until_ms > $1 ORDER BY until_ms, worker_id", [.integer(now)])
            return try rows.map { row in
                AbsenceView(
                    worker: try row.text("worker_id"), from: try row.moment("from_ms"), until: try row.moment("until_ms"),
                    author: StoredText.unescape(try row.text("author")), reason: StoredText.unescape(try row.text("reason")))
            }
        }
    }
}

extension SilenceView {
    fileprivate init(_ silence: Silence, held: Int) {
        self.init(
            id: silence.id, camera: silence.camera?.digits, grid: silence.grid?.digits, category: silence.category, total: silence.total,
            author: silence.author, reason: silence.reason, from: silence.from.description, until: silence.until.description, held: held)
    }
}

extension SQLRow {
    fileprivate func moment(_ name: String) throws -> String { WallTime(millisecondsSince1970: try int(name)).description }
    fileprivate func momentOrNil(_ name: String) throws -> String? {
        try intOrNil(name).map { WallTime(millisecondsSince1970: $0).description }
    }
}
