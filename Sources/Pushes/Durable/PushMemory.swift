// What earlier decisions left behind, read from the rows they wrote: a restart remembers everything.
// cases → **decisions** → push outbox → channels

import Cases
import Domain
import Storage

/// The recollection of one transaction.
struct PushMemory: Recollection {
    let sql: any SQLConnection
    let now: WallTime

    func silences() throws -> [Silence] {
        try sql.rows(
            "SELECT * FROM push_silence WHERE from_ms <= $1 AND until_ms > $1 ORDER BY silence_id", [.integer(now.millisecondsSince1970)]
        ).map(Silence.init)
    }

    func fault(of camera: CameraID) throws -> String? { try CaseFollowing(sql).fault(of: camera, among: InhibitStage.faults) }

    func raised(_ trouble: String, besides number: CaseNumber, since: WallTime) throws -> (runs: Int, flapping: Int) {
        let row = try sql.row(
            """
            SELECT COUNT(DISTINCT case_no) AS runs, COALESCE(SUM(CASE WHEN reason = 'flapping' OR kind = 'flapping' THEN 1 ELSE 0 END), 0)
                AS flapping
            FROM push_decision WHERE trouble = $1 AND at_ms > $2 AND case_no <> $3 AND kind IN ('task', 'unassigned', 'flapping')
            """, [.text(StoredText.escape(trouble)), .integer(since.millisecondsSince1970), .text(number.text)])
        return (Int(try row?.int("runs") ?? 0), Int(try row?.int("flapping") ?? 0))
    }

    func isTold(_ recipient: Recipient, of number: CaseNumber, run: Int) throws -> Bool {
        try sql.row(
            """
            SELECT 1 AS told FROM push_decision WHERE case_no = $1 AND run = $2 AND recipient = $3
                AND reason IN ('sent', 'grouped', 'budget', 'flapping') LIMIT 1
            """, [.text(number.text), SQLValue(run), .text(recipient.id)]) != nil
    }

    func held(_ key: String) throws -> Held? {
        let row = try sql.row(
            "SELECT MIN(at_ms) AS first, MAX(flush_ms) AS until, COUNT(*) AS held FROM push_held WHERE hold_key = $1",
            [.text(StoredText.escape(key))])
        guard let row, let first = try row.intOrNil("first"), let until = try row.intOrNil("until") else { return nil }
        return Held(
            first: WallTime(millisecondsSince1970: first), until: WallTime(millisecondsSince1970: until), count: Int(try row.int("held")))
    }

    func lastGroup(_ office: Recipient) throws -> WallTime? {
        try sql.row("SELECT MAX(created_ms) AS latest FROM push WHERE recipient = $1 AND kind = 'group'", [.text(office.id)])?
            .intOrNil("latest").map { WallTime(millisecondsSince1970: $0) }
    }

    func sent(to recipient: Recipient, since: WallTime) throws -> Int {
        let row = try sql.row(
            """
            SELECT COUNT(*) AS sent FROM push WHERE recipient = $1 AND created_ms > $2 AND priority > 1 AND channel = 'console'
                AND state = 'accepted'
            """, [.text(recipient.id), .integer(since.millisecondsSince1970)])
        return Int(try row?.int("sent") ?? 0)
    }

    func isAbsent(_ worker: WorkerID) throws -> Bool {
        try sql.row(
            "SELECT 1 AS absent FROM push_absence WHERE worker_id = $1 AND from_ms <= $2 AND until_ms > $2 LIMIT 1",
            [.text(worker.text), .integer(now.millisecondsSince1970)]) != nil
    }
}

extension Silence {
    init(_ row: SQLRow) throws {
        self.init(
            id: try row.text("silence_id"), camera: try row.textOrNil("camera_id").flatMap { CameraID($0) },
            grid: try row.textOrNil("grid_code").flatMap { GridCode($0) }, category: try row.textOrNil("category"),
            total: try row.int("total") != 0, author: StoredText.unescape(try row.text("author_name")),
            reason: StoredText.unescape(try row.text("reason")), from: WallTime(millisecondsSince1970: try row.int("from_ms")),
            until: WallTime(millisecondsSince1970: try row.int("until_ms")))
    }
}
