// The two-wheelers that are being looked for: entered, closed and over here, each change in one transaction with its line in the audit.
// **theft reports** ══▶ sightings → tags → incidents

package import Base
package import Crypto
package import Domain
package import Storage
import Tagging

/// The open theft reports. Safe on any thread.
///
/// Of a tag only its tokens are kept, and these go with the report. Nothing here knows where a tag was ever seen.
package final class TheftReports: Sendable {
    /// The step that makes its table, for the database that holds the accounts and the audit.
    package static let migration = Migration(
        80, "theft reports",
        [
            """
            CREATE TABLE theft_report (number TEXT NOT NULL PRIMARY KEY, tokens TEXT NOT NULL, opened_by TEXT NOT NULL,
                opened_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL)
            """
        ])

    /// A report as the list shows it.
    struct Item: Sendable, Hashable {
        var number: String
        var openedBy: String
        /// The account when there is no name any more.
        var openedByName: String
        var opened: WallTime
        var expires: WallTime
    }

    private let file: any SQLDatabase
    private let keys: [SymmetricKey]
    private let time: any TimeSource
    private let publish: @Sendable ([TheftReport]) -> Void

    /// - Parameters:
    ///   - file: The accounts' database, opened with `migration` among its steps.
    ///   - keys: Those that readers may have, the newest first.
    ///   - publish: Hears of every list that is in force; called while the database is held, must not block.
    package init(
        file: any SQLDatabase, keys: [SymmetricKey], time: any TimeSource, publish: @escaping @Sendable ([TheftReport]) -> Void
    ) {
        self.file = file
        self.keys = keys
        self.time = time
        self.publish = publish
    }

    /// The open reports by number. Blocks nobody.
    func list() async throws -> [Item] {
        let now = time.wallNow.millisecondsSince1970
        return try await file.read { sql in
            try sql.rows(
                """
                SELECT r.*, COALESCE(u.display_name, r.opened_by) AS opened_by_name FROM theft_report r
                LEFT JOIN user_account u ON u.user_name = r.opened_by WHERE r.expires_ms > $1 ORDER BY r.number
                """, [.integer(now)]
            ).map { row in
                Item(
                    number: try row.text("number"), openedBy: try row.text("opened_by"),
                    openedByName: try row.text("opened_by_name"), opened: WallTime(millisecondsSince1970: try row.int("opened_ms")),
                    expires: WallTime(millisecondsSince1970: try row.int("expires_ms")))
            }
        }
    }

    /// Enters a report; the tag's number is forgotten with the call.
    ///
    /// - Throws: `TheftListRefusal` when it cannot be on the list.
    func open(tag: [UInt8], number: String, expires: WallTime, reason: String, by account: Account) async throws {
        let (now, tokens) = (time.wallNow, keys.map { TheftToken(tag: tag, key: $0) })
        let refusal = try await file.write { sql -> TheftListRefusal? in
            try AuditLog.holdBackOthers(sql)
            try Self.endWhatIsOver(sql, now)
            var list = TheftList(try Self.reports(sql))
            do throws(TheftListRefusal) {
                _ = try list.open(tokens, report: number, by: account.user, expires: expires, now: now)
            } catch { return error }
            try AuditLog.append(Self.line(.theftReportOpened, number, reason, account, now), to: sql)
            try sql.run(
                "INSERT INTO theft_report (number, tokens, opened_by, opened_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)",
                [
                    .text(number), .text(tokens.map(\.hex).joined(separator: " ")), .text(account.user),
                    .integer(now.millisecondsSince1970), .integer(expires.millisecondsSince1970),
                ])
            return nil
        }
        if let refusal { throw refusal }
        try await tidy()
    }

    /// Takes a report off the list; false when it is not on it.
    func close(number: String, reason: String, by account: Account) async throws -> Bool {
        let now = time.wallNow
        let isClosed = try await file.write { sql in
            guard try sql.run("DELETE FROM theft_report WHERE number = $1", [.text(number)]) > 0 else { return false }
            try AuditLog.append(Self.line(.theftReportClosed, number, reason, account, now), to: sql)
            return true
        }
        try await tidy()
        return isClosed
    }

    /// Ends what is over and says what is in force; to be called at the start and every half minute, because other dispatchers change the
    /// list as well.
    package func tidy() async throws {
        let (now, publish) = (time.wallNow, publish)
        // Read and handed over in one turn of the writers, so that an older list never follows a newer one.
        try await file.write { sql in
            try Self.endWhatIsOver(sql, now)
            publish(try Self.reports(sql))
        }
    }

    private static func endWhatIsOver(_ sql: any SQLConnection, _ now: WallTime) throws {
        let moment: [SQLValue] = [.integer(now.millisecondsSince1970)]
        for row in try sql.rows("SELECT number FROM theft_report WHERE expires_ms <= $1 ORDER BY number", moment) {
            let line = AuditEntry(at: now, actor: "", role: "", action: .theftReportExpired, object: try row.text("number"))
            try AuditLog.append(line, to: sql)
        }
        try sql.run("DELETE FROM theft_report WHERE expires_ms <= $1", moment)
    }

    private static func reports(_ sql: any SQLConnection) throws -> [TheftReport] {
        try sql.rows("SELECT number, tokens, expires_ms FROM theft_report ORDER BY number").map { row in
            TheftReport(
                number: try row.text("number"), tokens: try row.text("tokens").split(separator: " ").map(String.init),
                expires: WallTime(millisecondsSince1970: try row.int("expires_ms")))
        }
    }

    private static func line(_ action: AuditAction, _ number: String, _ reason: String, _ account: Account, _ now: WallTime) -> AuditEntry {
        AuditEntry(at: now, actor: account.user, role: account.role.rawValue, action: action, object: number, reason: reason)
    }
}
