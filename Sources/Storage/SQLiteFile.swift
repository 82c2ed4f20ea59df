// SQLite behind the shared SQL: WAL, full sync, one process and one writer connection per file.

import Base
import Foundation
import GRDB

/// One SQLite database file, open for this process alone.
///
/// A commit returns after fsync: `synchronous` is FULL, set after GRDB has opened the file (GRDB sets NORMAL itself) and read
/// back. Checkpoints are made here, behind a commit, because SQLite's automatic ones say nothing of a sync that failed. A second process is refused by a lock file, because SQLite 3.40 can corrupt a WAL that two processes reset.
/// Blocking calls are for own threads; the async ones suspend and run on GRDB's own queues.
package final class SQLiteFile: SQLDatabase {
    private let pool: DatabasePool
    private let orders = ParameterOrders()
    private let lock: FileLock
    package let path: String

    private init(pool: DatabasePool, lock: FileLock, path: String) {
        self.pool = pool
        self.lock = lock
        self.path = path
    }

    /// Opens or creates the file, brings its schema up to date, and checks that commits are durable. Blocks.
    ///
    /// - Throws: `.conflict` when another process has it open, `.dataLoss` when it is damaged or sync is not full,
    ///   `.unsupported` when a newer Snowlight wrote it.
    package static func open(path: String, migrations: [Migration]) throws -> SQLiteFile {
        let lock = try FileLock(path: path + ".lock")
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.qos = .default  // GRDB's default asks for a negative nice value, which needs a privilege.
            configuration.maximumReaderCount = 4
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
                try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
                let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
                let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode")
                guard synchronous == 2, journal == "wal" else {
                    throw Failure(.dataLoss, "SQLite does not sync every commit here", context: [("file", path)])
                }
            }
            let file = SQLiteFile(pool: pool, lock: lock, path: path)
            try file.write { try Migration.apply(migrations, to: $0, context: [("file", path)]) }
            return file
        } catch {
            lock.release()
            throw SQLiteFailure.map(error, path)
        }
    }

    /// Runs `body` in one immediate transaction and returns after fsync. Blocks; own threads only.
    package func write<T>(_ body: (any SQLConnection) throws -> T) throws -> T {
        do { return try pool.writeWithoutTransaction { try Self.commit(body, $0, orders) } } catch {
            throw SQLiteFailure.map(error, path)
        }
    }

    /// As SQLite's own default.
    private static let pagesBetweenCheckpoints = 1000

    private static func commit<T>(_ body: (any SQLConnection) throws -> T, _ database: Database, _ orders: ParameterOrders) throws -> T {
        var result: T?
        try database.inTransaction(.immediate) {
            result = try SQLiteConnection(database: database, orders: orders).transaction(body)
            return .commit
        }
        guard let result else { throw Failure(.internal, "a transaction ended without its result") }
        if database.pagesWritten(forgetting: false) >= pagesBetweenCheckpoints {
            _ = database.pagesWritten(forgetting: true)
            // When the disk is full or somebody reads, the log grows until a later checkpoint succeeds.
            do { try database.checkpoint(.passive) } catch let error as DatabaseError
                where [.SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
            {}
        }
        return result
    }

    /// Runs `body` on a consistent snapshot. Blocks; own threads only.
    package func read<T>(_ body: (any SQLConnection) throws -> T) throws -> T {
        do { return try pool.read { try SQLiteConnection(database: $0, orders: orders).transaction(body) } } catch {
            throw SQLiteFailure.map(error, path)
        }
    }

    /// Runs `body` in one immediate transaction and returns after fsync, without blocking the caller's thread.
    package func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        do { return try await pool.writeWithoutTransaction { [orders] in try Self.commit(body, $0, orders) } } catch {
            throw SQLiteFailure.map(error, path)
        }
    }

    /// Runs `body` on a consistent snapshot, without blocking the caller's thread.
    package func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        do { return try await pool.read { try SQLiteConnection(database: $0, orders: orders).transaction(body) } } catch {
            throw SQLiteFailure.map(error, path)
        }
    }

    /// Runs SQLite's own integrity check; an empty array means sound. Blocks and reads the whole file.
    package func integrityProblems() throws -> [String] {
        let lines = try read { try $0.rows("PRAGMA integrity_check").map { try $0.text("integrity_check") } }
        return lines == ["ok"] ? [] : lines
    }

    /// Copies the database as it is at one moment into a new file, while others go on reading and writing; returns after fsync. Blocks.
    ///
    /// - Throws: `.conflict` when there is a file at `target` already, `.resourceExhausted` when its disk is full; then nothing is left there.
    package func copy(to target: String) throws {
        guard !FileManager.default.fileExists(atPath: target) else {
            throw Failure(.conflict, "there is a file already", context: [("file", target)])
        }
        do {
            var configuration = Configuration()
            configuration.qos = .default  // As in `open`.
            let copy = try DatabaseQueue(path: target, configuration: configuration)
            try pool.backup(to: copy)
            try copy.close()
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target)
            try DiskSync.sync(target)
            try DiskSync.sync((target as NSString).deletingLastPathComponent)
        } catch {
            for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: target + suffix) }
            throw SQLiteFailure.map(error, target)
        }
    }

    /// Closes all connections and lets another process open the file. Using the file afterwards throws.
    package func close() throws {
        do { try pool.close() } catch { throw SQLiteFailure.map(error, path) }
        lock.release()
    }
}

/// The connection of one transaction; never leaves it.
private final class SQLiteConnection: SQLConnection {
    private let database: Database
    private var statements: PreparedStatements
    /// The first statement that failed. SQLite would go on behind it, PostgreSQL does not: one contract for both.
    private var failed: (any Error)?

    init(database: Database, orders: ParameterOrders) {
        self.database = database
        statements = PreparedStatements(database, orders)
    }

    func transaction<T>(_ body: (any SQLConnection) throws -> T) throws -> T {
        let result = try body(self)
        if let failed { throw failed }
        return result
    }

    func run(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try execute(sql, values) { prepared in
            try prepared.statement.execute()
            return database.changesCount
        }
    }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] {
        try execute(sql, values) { prepared in
            let cursor = try Row.fetchCursor(prepared.statement)
            let names = prepared.statement.columnNames
            var result: [SQLRow] = []
            while try cursor.next() != nil { result.append(SQLRow(names, prepared.row(of: names.count))) }
            return result
        }
    }

    private func execute<T>(_ sql: String, _ values: [SQLValue], _ body: (PreparedStatement) throws -> T) throws -> T {
        if let failed { throw failed }
        do {
            let prepared = try statements.find(sql)
            try prepared.bind(values)
            return try body(prepared)
        } catch {
            failed = error
            throw error
        }
    }
}
