// The push outbox: what waits, what is being tried, what became of it. A row is one notice to one destination.
// cases → decisions → **push outbox** → sender → channels

import Cases
import Domain
import Foundation
import Storage

/// What became of a push; the raw value stands in the table, in receipts and in metrics.
package enum PushState: String, Sendable, CaseIterable {
    case waiting
    /// The service has it; on the console: the page shows it.
    case accepted
    case refused
    /// Tried for as long as it was of use.
    case expired
    /// Somebody answered before it went out.
    case withdrawn
    /// It stands in a digest, because the destination had too many.
    case digested
}

/// The outbox inside one transaction. Lives no longer than it.
struct PushOutbox {
    let sql: any SQLConnection

    struct Row {
        var key: String
        var destination: String
        var channel: ChannelKind
        var notice: Notice
        var created: WallTime
        var state = PushState.waiting
    }

    /// One try at one push.
    struct Try: Sendable, Hashable {
        var key: String
        var notice: Notice
        /// 1 for the first.
        var number: Int
    }

    /// What there is to do for a destination.
    enum Claim: Sendable, Hashable {
        case send(Try)
        /// Nothing before this time; nil while nothing waits at all.
        case wait(WallTime?)
    }

    /// Tries end after this; who reads it then no longer needs it. Seconds.
    static let useful = 86_400.0
    /// A try is given up for lost after this, when its process has died; longer than any request may take. Seconds.
    static let lease = 30.0
    private static let minute: Int64 = 60_000

    func add(_ row: Row, about cases: [(CaseNumber, run: Int)]) throws {
        let created = row.created.millisecondsSince1970
        let added = try sql.run(
            """
            INSERT INTO push (push_key, destination, channel, recipient, kind, priority, notice_json, created_ms, not_before_ms, attempts,
                state, result, ended_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, $9, '', $10) ON CONFLICT (push_key) DO NOTHING
            """,
            [
                .text(row.key), .text(row.destination), .text(row.channel.rawValue), .text(row.notice.recipient),
                .text(row.notice.kind.rawValue), SQLValue(row.notice.priority),
                .text(StoredText.escape(String(decoding: pushJSON(row.notice), as: UTF8.self))), .integer(created),
                .text(row.state.rawValue), row.state == .waiting ? .null : .integer(created),
            ])
        guard added == 1 else { return }
        for (number, run) in cases {
            try sql.run(
                "INSERT INTO push_case (push_key, case_no, run) VALUES ($1, $2, $3)",
                [.text(row.key), .text(number.text), SQLValue(run)])
        }
    }

    /// Takes the most urgent push of a destination for one try, unless the destination has had its share of this minute.
    ///
    /// The log is asked once more: what was answered since is withdrawn here, however close to the moment of sending. Only what is on
    /// its way already can no longer be taken back.
    func claim(_ destination: Destination, now: WallTime) throws -> Claim {
        let at = now.millisecondsSince1970
        let tried = try sql.row(
            "SELECT COUNT(*) AS tries, MIN(tried_ms) AS first FROM push WHERE destination = $1 AND tried_ms > $2",
            [.text(destination.name), .integer(at - Self.minute)])
        let left = destination.perMinute - Int(try tried?.int("tries") ?? 0)
        if left <= 0, let first = try tried?.intOrNil("first") {
            return .wait(WallTime(millisecondsSince1970: first + Self.minute))
        }
        while let row = try nextRow(destination.name, at) {
            let key = try row.text("push_key")
            if at >= (try row.int("created_ms")) + Int64(Self.useful * 1000) {
                try end(key, .expired, "not accepted within a day", at: now)
                continue
            }
            guard try isWanted(key) else {
                try end(key, .withdrawn, DecisionReason.answered.rawValue, at: now)
                continue
            }
            if try fold(row, destination, left: left, now: now) { continue }
            let number = Int(try row.int("attempts")) + 1
            try sql.run(
                "UPDATE push SET attempts = $2, tried_ms = $3, not_before_ms = $4 WHERE push_key = $1",
                [.text(key), SQLValue(number), .integer(at), .integer(at + Int64(Self.lease * 1000))])
            return .send(Try(key: key, notice: try Self.notice(row), number: number))
        }
        let waiting = try sql.row(
            "SELECT MIN(not_before_ms) AS due FROM push WHERE destination = $1 AND state = 'waiting'", [.text(destination.name)])
        return .wait(try waiting?.intOrNil("due").map { WallTime(millisecondsSince1970: $0) })
    }

    /// Writes down what became of a try. Returns the cases it spoke of when the service has it now.
    func settle(_ one: Try, _ verdict: PushVerdict, retryAfter seconds: Double, now: WallTime) throws -> [CaseNumber] {
        switch verdict {
        case .accepted:
            try end(one.key, .accepted, "", at: now)
            return try sql.rows("SELECT case_no FROM push_case WHERE push_key = $1 ORDER BY case_no", [.text(one.key)])
                .compactMap { CaseNumber(try $0.text("case_no")) }
        case .refused(let why): try end(one.key, .refused, why, at: now)
        case .retry(_, let why):
            try sql.run(
                "UPDATE push SET not_before_ms = $2, result = $3 WHERE push_key = $1 AND state = 'waiting'",
                [
                    .text(one.key), .integer(now.adding(seconds: seconds).millisecondsSince1970), .text(StoredText.escape(why)),
                ])
        }
        return []
    }

    private func nextRow(_ destination: String, _ at: Int64) throws -> SQLRow? {
        try sql.row(
            """
            SELECT * FROM push WHERE destination = $1 AND state = 'waiting' AND not_before_ms <= $2
            ORDER BY priority, created_ms, push_key LIMIT 1
            """, [.text(destination), .integer(at)])
    }

    /// The notice of a row.
    static func notice(_ row: SQLRow) throws -> Notice {
        try JSONDecoder().decode(Notice.self, from: Data(StoredText.unescape(row.text("notice_json")).utf8))
    }

    /// True while one of its cases is still in the run it was written for.
    private func isWanted(_ key: String) throws -> Bool {
        let following = CaseFollowing(sql)
        for row in try sql.rows("SELECT case_no, run FROM push_case WHERE push_key = $1 ORDER BY case_no", [.text(key)]) {
            guard let number = CaseNumber(try row.text("case_no")) else { continue }
            let run = Int(try row.int("run"))
            if try following.logs(of: number).contains(where: { Ladder.run($0) == run }) { return true }
        }
        return false
    }

    /// Makes one digest of what waits, when the destination cannot take it one by one this minute. Emergencies stay as they are.
    private func fold(_ row: SQLRow, _ destination: Destination, left: Int, now: WallTime) throws -> Bool {
        guard try row.int("priority") > 1, try row.int("attempts") == 0, try row.text("kind") != NoticeKind.digest.rawValue else {
            return false
        }
        // A topic belongs to one reader, a group chat to all.
        let reader = destination.channel == .ntfy ? try row.text("recipient") : nil
        let rows = try sql.rows(
            """
            SELECT * FROM push WHERE destination = $1 AND state = 'waiting' AND not_before_ms <= $2 AND priority > 1 AND attempts = 0
                AND kind <> 'digest' AND ($3 IS NULL OR recipient = $3) ORDER BY priority, created_ms, push_key LIMIT 1000
            """, [.text(destination.name), .integer(now.millisecondsSince1970), SQLValue(reader)])
        guard rows.count > max(left, 1) else { return false }
        let notices = try rows.map(Self.notice)
        let recipient = reader ?? "destination:\(destination.name)"
        let key = "digest|\(recipient)|\(now.millisecondsSince1970)|\(destination.name)"
        var cases: [CaseNumber: Int] = [:]
        for one in rows {
            let key = try one.text("push_key")
            for member in try sql.rows("SELECT case_no, run FROM push_case WHERE push_key = $1", [.text(key)]) {
                if let number = CaseNumber(try member.text("case_no")) { cases[number] = Int(try member.int("run")) }
            }
        }
        try add(
            Row(
                key: key, destination: destination.name, channel: destination.channel,
                notice: Notice(
                    kind: .digest, cases: notices.flatMap(\.cases), count: cases.count, level: notices[0].level, link: notices[0].link,
                    recipient: recipient, at: now), created: now), about: cases.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        for one in rows { try end(one.text("push_key"), .digested, key, at: now) }
        return true
    }

    private func end(_ key: String, _ state: PushState, _ result: String, at now: WallTime) throws {
        try sql.run(
            "UPDATE push SET state = $2, result = $3, ended_ms = $4 WHERE push_key = $1 AND state = 'waiting'",
            [.text(key), .text(state.rawValue), .text(StoredText.escape(result)), .integer(now.millisecondsSince1970)])
    }
}
