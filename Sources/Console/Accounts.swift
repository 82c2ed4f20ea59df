// Who may log in, and which sessions live: accounts and sessions on disk, sessions also in memory.
// **login → session** → request → answer

package import Base
package import Cases
import Crypto
package import Domain
import NIOPosix
package import Storage
import Synchronization

/// A person's account as the rest of the console sees it.
package struct Account: Sendable, Hashable {
    /// The login name; a gridworker's is the worker id.
    package let user: String
    package let name: String
    package let role: Role
    /// The grids of a gridworker; empty for roles that see the whole district.
    package let grids: [GridCode]
    /// `zh` or `en`.
    package let language: String

    package init(user: String, name: String, role: Role, grids: [GridCode], language: String) {
        self.user = user
        self.name = name
        self.role = role
        self.grids = grids
        self.language = language
    }

    /// The same person as the dispatcher judges rights.
    package var reader: Reader { Reader(role: role, id: user, name: name, grids: Set(grids)) }
}

/// What came of an attempt to log in.
enum LoginOutcome: Sendable {
    /// The token goes into the cookie and is kept nowhere else.
    case welcome(token: String, Account)
    /// Unknown name or wrong password; which of the two is not told.
    case refused
    case wait(Duration)
}

/// Accounts and sessions. Safe on any thread; hashing runs on two threads of its own, the database on its own queues.
///
/// A token has 256 random bits and is stored only as its SHA-256. A session ends 12 hours after login, whatever happens in it.
package final class Accounts: Sendable {
    /// Numbered apart from the dispatcher's; the audit lies beside the accounts, so that a login and its line are one transaction.
    package static let migrations = [
        Migration(
            101, "accounts",
            [
                """
                CREATE TABLE user_account (user_name TEXT NOT NULL PRIMARY KEY, display_name TEXT NOT NULL, role TEXT NOT NULL,
                    language TEXT NOT NULL, password_hash TEXT NOT NULL, created_ms BIGINT NOT NULL)
                """,
                """
                CREATE TABLE user_grid (user_name TEXT NOT NULL REFERENCES user_account (user_name) ON DELETE CASCADE,
                    grid_code TEXT NOT NULL, PRIMARY KEY (user_name, grid_code))
                """,
                """
                CREATE TABLE session (token_sha256 TEXT NOT NULL PRIMARY KEY,
                    user_name TEXT NOT NULL REFERENCES user_account (user_name) ON DELETE CASCADE,
                    created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL)
                """,
                "CREATE INDEX session_by_user ON session (user_name)",
            ]),
        AuditLog.migration, TheftReports.migration,
    ]

    static let sessionSeconds = 12 * 3600
    /// One person on many screens; the oldest session makes room.
    static let sessionsPerUser = 20
    /// Logins that may wait for a hashing thread; more are asked to come again.
    static let waitingLogins = 16

    private struct Session {
        var account: Account
        var created: WallTime
        var expires: WallTime
    }

    private struct State {
        var sessions: [String: Session] = [:]
        var throttle = LoginThrottle()
        var hashing = 0
    }

    private let file: any SQLDatabase
    private let time: any TimeSource
    private let cost: PasswordCost
    private let hashers = NIOThreadPool(numberOfThreads: 2)
    private let decoy: PasswordHash
    private let state = Mutex(State())

    private init(file: any SQLDatabase, time: any TimeSource, cost: PasswordCost) {
        self.file = file
        self.time = time
        self.cost = cost
        decoy = .decoy(cost: cost)
        hashers.start()
    }

    /// Reads the sessions that still live from a file that was opened with `migrations` among its steps. End it with `close()`.
    package static func open(
        file: any SQLDatabase, time: any TimeSource = SystemTime(), cost: PasswordCost = .standard
    ) async throws -> Accounts {
        let now = time.wallNow
        let sessions = try await file.write { connection in
            try connection.run("DELETE FROM session WHERE expires_ms <= $1", [.integer(now.millisecondsSince1970)])
            var sessions: [String: Session] = [:]
            for row in try connection.rows("SELECT token_sha256, user_name, created_ms, expires_ms FROM session") {
                guard let (account, _) = try account(row.text("user_name"), connection) else { continue }
                sessions[try row.text("token_sha256")] = Session(
                    account: account, created: WallTime(millisecondsSince1970: try row.int("created_ms")),
                    expires: WallTime(millisecondsSince1970: try row.int("expires_ms")))
            }
            return sessions
        }
        let accounts = Accounts(file: file, time: time, cost: cost)
        accounts.state.withLock { $0.sessions = sessions }
        return accounts
    }

    /// Ends the hashing threads. Call it once nobody logs in any more.
    package func close() async { try? await hashers.shutdownGracefully() }  // Fails only when it is already shut down.

    /// The account behind a cookie's token, or nil when the session is unknown or over. One lock and one SHA-256.
    package func account(token: String) -> Account? {
        let key = Self.digest(token)
        let now = time.wallNow
        return state.withLock { state in
            guard let session = state.sessions[key] else { return nil }
            guard session.expires > now else {
                state.sessions[key] = nil
                return nil
            }
            return session.account
        }
    }

    /// Checks a password and opens a session; `replacing` is the token the browser held before.
    func login(user: String, password: String, address: String, replacing old: String?) async throws -> LoginOutcome {
        // SQLite ends a text at U+0000: such a name would be another account here than in the throttle.
        let possible = (1...64).contains(user.utf8.count) && user.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        let counted = possible ? user : ""
        let wait = state.withLock { state -> Duration? in
            guard state.hashing < Self.waitingLogins else { return .seconds(1) }
            if let wait = state.throttle.begin(account: counted, address: address, now: time.now) { return wait }
            state.hashing += 1
            return nil
        }
        if let wait { return .wait(wait) }
        defer { state.withLock { $0.hashing -= 1 } }

        let found = possible ? try await file.read { try Self.account(user, $0) } : nil
        let stored = found.flatMap { PasswordHash($0.1) } ?? decoy
        let right = try await hashers.runIfActive { try stored.matches(password) }
        guard right, let account = found?.0 else {
            try await write(AuditEntry(at: time.wallNow, actor: counted, role: "", action: .loginRefused, object: address))
            return .refused
        }
        state.withLock { $0.throttle.succeeded(account: counted, address: address) }
        if let old { try await logout(token: old) }
        return .welcome(token: try await openSession(account, from: address), account)
    }

    /// Ends a session at once, on every stream that uses it within 5 s. Harmless when there is none.
    func logout(token: String) async throws {
        let key = Self.digest(token)
        guard let account = state.withLock({ $0.sessions.removeValue(forKey: key) })?.account else { return }
        let entry = AuditEntry(at: time.wallNow, actor: account.user, role: account.role.rawValue, action: .logout)
        try await file.write { sql in
            try sql.run("DELETE FROM session WHERE token_sha256 = $1", [.text(key)])
            try AuditLog.append(entry, to: sql)
        }
    }

    /// Writes down what an account is about to see or do; only then may it.
    func record(_ action: AuditAction, _ object: String, reason: String = "", by account: Account) async throws {
        try await write(
            AuditEntry(
                at: time.wallNow, actor: account.user, role: account.role.rawValue, action: action, object: object, reason: reason))
    }

    /// Lines of the audit, newest first, each with its position.
    func audit(_ query: AuditQuery) async throws -> [(position: Int64, entry: AuditEntry)] {
        try await file.read { try AuditLog.page(query, in: $0) }
    }

    private func write(_ entry: AuditEntry) async throws {
        try await file.write { try AuditLog.append(entry, to: $0) }
    }

    /// Ends all sessions of an account, after its password or rights changed.
    package func endSessions(user: String) async throws {
        state.withLock { state in state.sessions = state.sessions.filter { $0.value.account.user != user } }
        _ = try await file.write { try $0.run("DELETE FROM session WHERE user_name = $1", [.text(user)]) }
    }

    /// Creates an account, or brings name, role and grids of an existing one up to date; its password stays. True when it is new.
    package func put(_ account: Account, password: String) async throws -> Bool {
        let exists = try await file.read {
            try $0.row("SELECT 1 AS one FROM user_account WHERE user_name = $1", [.text(account.user)]) != nil
        }
        let cost = cost
        let hash = exists ? nil : try await hashers.runIfActive { try PasswordHash.make(password, cost: cost).text }
        let now = time.wallNow.millisecondsSince1970
        try await file.write { connection in
            if let hash {
                try connection.run(
                    """
                    INSERT INTO user_account (user_name, display_name, role, language, password_hash, created_ms)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    """,
                    [
                        .text(account.user), .text(account.name), .text(account.role.rawValue), .text(account.language), .text(hash),
                        .integer(now),
                    ])
            } else {
                try connection.run(
                    "UPDATE user_account SET display_name = $2, role = $3 WHERE user_name = $1",
                    [.text(account.user), .text(account.name), .text(account.role.rawValue)])
            }
            try connection.run("DELETE FROM user_grid WHERE user_name = $1", [.text(account.user)])
            for grid in account.grids {
                try connection.run(
                    "INSERT INTO user_grid (user_name, grid_code) VALUES ($1, $2)", [.text(account.user), .text(grid.digits)])
            }
        }
        // Sessions that live see the new rights with their next request.
        state.withLock { state in
            for (key, session) in state.sessions where session.account.user == account.user {
                state.sessions[key]?.account = Account(
                    user: account.user, name: account.name, role: account.role, grids: account.grids, language: session.account.language)
            }
        }
        return !exists
    }

    /// Sets the password of an account that exists, and ends its sessions.
    package func setPassword(_ password: String, of user: String) async throws {
        let cost = cost
        let hash = try await hashers.runIfActive { try PasswordHash.make(password, cost: cost).text }
        try await file.write {
            _ = try $0.run("UPDATE user_account SET password_hash = $2 WHERE user_name = $1", [.text(user), .text(hash)])
        }
        try await endSessions(user: user)
    }

    /// All accounts by name; for commands.
    package func all() async throws -> [Account] {
        try await file.read { connection in
            try connection.rows("SELECT user_name FROM user_account ORDER BY user_name").compactMap {
                try Self.account($0.text("user_name"), connection)?.0
            }
        }
    }

    private func openSession(_ account: Account, from address: String) async throws -> String {
        let token = Self.randomToken()
        let key = Self.digest(token)
        let now = time.wallNow
        let entry = AuditEntry(at: now, actor: account.user, role: account.role.rawValue, action: .login, object: address)
        let session = Session(account: account, created: now, expires: now.adding(seconds: Double(Self.sessionSeconds)))
        let surplus = state.withLock { state -> [String] in
            let mine = state.sessions.filter { $0.value.account.user == account.user }.sorted { $0.value.created < $1.value.created }
            return mine.prefix(max(0, mine.count + 1 - Self.sessionsPerUser)).map(\.key)
        }
        try await file.write { connection in
            try connection.run("DELETE FROM session WHERE expires_ms <= $1", [.integer(now.millisecondsSince1970)])
            for old in surplus { try connection.run("DELETE FROM session WHERE token_sha256 = $1", [.text(old)]) }
            try connection.run(
                "INSERT INTO session (token_sha256, user_name, created_ms, expires_ms) VALUES ($1, $2, $3, $4)",
                [
                    .text(key), .text(account.user), .integer(now.millisecondsSince1970),
                    .integer(session.expires.millisecondsSince1970),
                ])
            try AuditLog.append(entry, to: connection)
        }
        state.withLock { state in
            state.sessions = state.sessions.filter { $0.value.expires > now }
            for old in surplus { state.sessions[old] = nil }
            state.sessions[key] = session
        }
        return token
    }

    /// The account of this name, or nil; for commands, which have no session.
    package func account(user: String) async throws -> Account? {
        try await file.read { try Self.account(user, $0)?.0 }
    }

    private static func account(_ user: String, _ connection: any SQLConnection) throws -> (Account, String)? {
        let sql = "SELECT user_name, display_name, role, language, password_hash FROM user_account WHERE user_name = $1"
        guard let row = try connection.row(sql, [.text(user)]), let role = Role(rawValue: try row.text("role")) else { return nil }
        let grids = try connection.rows("SELECT grid_code FROM user_grid WHERE user_name = $1 ORDER BY grid_code", [.text(user)])
        let account = Account(
            user: try row.text("user_name"), name: try row.text("display_name"), role: role,
            grids: try grids.compactMap { GridCode(try $0.text("grid_code")) }, language: try row.text("language"))
        return (account, try row.text("password_hash"))
    }

    private static func digest(_ token: String) -> String { SHA256Hex.of(Array(token.utf8)) }

    /// 256 bits of the system's generator in 64 hexadecimal digits.
    private static func randomToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let hex = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - hex.count) + hex
        }.joined()
    }
}
