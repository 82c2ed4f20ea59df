// The append-only log of all cases: each line carries the hash of the line before it.
// cases → **log** → statistics, audit

import Base
import Domain
import Foundation
package import Storage

/// One line of the log as it is stored and hashed.
struct LoggedEvent: Sendable {
    var caseID: String
    var event: CaseEvent
    /// The actor's name at that time; `event.actor` is the account.
    var actorName: String
    /// Whom the case was with after this event.
    var assignee: WorkerID?
}

/// What a check of the whole log found.
package struct CaseLogVerdict: Sendable, Hashable {
    /// Lines read.
    package var events: Int
    /// What is wrong, first finding first; at most 20.
    package var problems: [String]
    package var isSound: Bool { problems.isEmpty }
}

/// Appends to the log and proves that nobody has edited, removed or reordered a line since.
///
/// The chain runs over all cases in commit order: hash = SHA-256(previous hash ‖ canonical line). Whoever can rewrite every line and
/// the head can forge it; what it shows is any change that does less.
package enum CaseLog {
    /// The end of the log: how long it is, and the hash of its last line.
    struct Head: Sendable {
        private(set) var position: Int64
        private(set) var hash: String

        /// As the transaction sees it.
        init(_ sql: any SQLConnection) throws {
            let row = try sql.row("SELECT position, hash FROM case_log_head WHERE id = 1")
            position = try row?.int("position") ?? 0
            hash = try row?.text("hash") ?? ""
        }

        fileprivate mutating func follow(hash: String) {
            position += 1
            self.hash = hash
        }

        /// To be called in the transaction in which lines were appended.
        func write(_ sql: any SQLConnection) throws {
            try sql.run("UPDATE case_log_head SET position = $1, hash = $2 WHERE id = 1", [.integer(position), .text(hash)])
        }
    }

    /// Appends one line behind `head` in the caller's transaction, which writes the head before it ends.
    static func append(_ line: LoggedEvent, after head: inout Head, to sql: any SQLConnection) throws {
        let (position, previous) = (head.position + 1, head.hash)
        let hash = self.hash(line, position: position, previous: previous)
        let event = line.event
        try sql.run(
            """
            INSERT INTO case_event (position, case_id, version, at_ms, actor, actor_name, role, action, from_state, to_state, assignee_id,
                note, detail_json, prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
                .integer(position), .text(line.caseID), SQLValue(event.version), .integer(event.at.millisecondsSince1970),
                .text(StoredText.escape(event.actor)), .text(StoredText.escape(line.actorName)), .text(event.role.rawValue),
                .text(event.action.rawValue), SQLValue(event.from?.rawValue), .text(event.to.rawValue), SQLValue(line.assignee?.text),
                .text(StoredText.escape(event.note)), SQLValue(event.detail.json.map(StoredText.escape)), .text(previous), .text(hash),
            ])
        head.follow(hash: hash)
    }

    /// The events of one case in order, with the actors' names.
    static func events(of caseID: String, in sql: any SQLConnection) throws -> [LoggedEvent] {
        try sql.rows("SELECT * FROM case_event WHERE case_id = $1 ORDER BY version", [.text(caseID)]).map(read)
    }

    /// The events of several cases, each in order.
    static func events(of cases: Query, in sql: any SQLConnection) throws -> [String: [LoggedEvent]] {
        let rows = try sql.rows("SELECT * FROM case_event WHERE case_id IN \(cases.text) ORDER BY case_id, version", cases.values)
        return Dictionary(grouping: try rows.map(read), by: \.caseID)
    }

    /// Reads the whole log and checks every link, then every case against its last line. Blocks; own threads only.
    package static func verify(_ file: any SQLDatabase) throws -> CaseLogVerdict {
        var verdict = CaseLogVerdict(events: 0, problems: [])
        var position: Int64 = 0
        var previous = ""
        // Pages, so that no read transaction holds back SQLite's checkpoints. Lines only ever follow those already read.
        while true {
            let (rows, head) = try file.read { sql in
                (
                    try sql.rows("SELECT * FROM case_event WHERE position > $1 ORDER BY position LIMIT 1000", [.integer(position)]),
                    try sql.row("SELECT position, hash FROM case_log_head WHERE id = 1")
                )
            }
            for row in rows {
                let found = try row.int("position")
                if found != position + 1 { verdict.note("line \(position + 1) is missing") }
                if try row.text("prev_hash") != previous, found == position + 1 {
                    verdict.note("line \(found) does not follow line \(position)")
                }
                do {
                    let expected = try hash(read(row), position: found, previous: row.text("prev_hash"))
                    if try row.text("hash") != expected { verdict.note("line \(found) was changed") }
                } catch { verdict.note("line \(found) cannot be read: \(error)") }
                verdict.events += 1
                position = found
                previous = try row.text("hash")
            }
            guard rows.count < 1000 else { continue }
            if try head?.int("position") != position || head?.text("hash") != previous { verdict.note("the end of the log is missing") }
            break
        }
        for row in try file.read({ try $0.rows(Self.disagreeing) }) {
            verdict.note("case \(try row.textOrNil("case_no") ?? row.text("case_id")) differs from its last line")
        }
        return verdict
    }

    private static let disagreeing = """
        SELECT c.case_id, c.case_no FROM "case" c LEFT JOIN case_event e ON e.case_id = c.case_id AND e.version = c.version
        WHERE e.position IS NULL OR e.to_state <> c.state OR COALESCE(e.assignee_id, '') <> COALESCE(c.assignee_id, '')
            OR EXISTS (SELECT 1 FROM case_event later WHERE later.case_id = c.case_id AND later.version > c.version)
        ORDER BY c.case_id LIMIT 20
        """

    private static func read(_ row: SQLRow) throws -> LoggedEvent {
        let role = try row.text("role")
        let action = try row.text("action")
        let to = try row.text("to_state")
        guard let role = Role(rawValue: role), let action = CaseAction(rawValue: action), let to = CaseState(rawValue: to) else {
            throw Failure(.dataLoss, "a case event holds a word nobody knows")
        }
        return LoggedEvent(
            caseID: try row.text("case_id"),
            event: CaseEvent(
                version: Int(try row.int("version")), at: WallTime(millisecondsSince1970: try row.int("at_ms")),
                actor: StoredText.unescape(try row.text("actor")), role: role, action: action,
                from: try row.textOrNil("from_state").flatMap(CaseState.init(rawValue:)), to: to,
                note: StoredText.unescape(try row.text("note")),
                detail: try row.textOrNil("detail_json").map { try CaseEventDetail(json: StoredText.unescape($0)) } ?? CaseEventDetail()),
            actorName: StoredText.unescape(try row.text("actor_name")), assignee: try row.textOrNil("assignee_id").flatMap { WorkerID($0) })
    }

    /// Every field with its length before it, so that no two lines share one spelling.
    private static func hash(_ line: LoggedEvent, position: Int64, previous: String) -> String {
        let event = line.event
        let fields = [
            "\(position)", line.caseID, "\(event.version)", "\(event.at.millisecondsSince1970)", event.actor, line.actorName,
            event.role.rawValue, event.action.rawValue, event.from?.rawValue ?? "", event.to.rawValue, line.assignee?.text ?? "",
            event.note, event.detail.json ?? "",
        ]
        var bytes = Array(previous.utf8)
        for field in fields {
            bytes += "\(field.utf8.count):".utf8
            bytes += field.utf8
        }
        return SHA256Hex.of(bytes)
    }
}

extension CaseEventDetail {
    /// One spelling for one content, because it is hashed; nil when there is none.
    fileprivate var json: String? {
        guard !isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts and numbers only: encoding them cannot fail.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }

    fileprivate init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }
}

extension CaseLogVerdict {
    fileprivate mutating func note(_ problem: String) {
        if problems.count < 20 { problems.append(problem) }
    }
}
