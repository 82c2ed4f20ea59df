// PostgreSQL behind the shared SQL: writers one after the other as on SQLite, readers on snapshots, on threads of their own.
// cases, accounts → **SQL** → pool → connection

import Base
import Foundation

/// One schema of one PostgreSQL database, shared by any number of processes.
///
/// Writers take a lock before their first statement and keep it until they have committed, so that each sees what the one before it left,
/// commit order is lock order, and nothing ever has to be run again: READ COMMITTED is then as strong as SERIALIZABLE. They would wait
/// for each other anyway, since every one of them counts in the same row. Readers get REPEATABLE READ; each statement is cut after 2 s.
package final class PostgresDatabase: SQLDatabase {
    private static let readerCount = 4
    /// Calls that may wait for a thread; beyond it they are refused.
    private static let waitingCalls = 1024

    private let settings: PostgresSettings
    private let schema: String
    private let readers: PostgresPool
    private let writer: PostgresPool
    private let readThreads: CallThreads
    private let writeThread: CallThreads

    private init(_ settings: PostgresSettings, schema: String) {
        self.settings = settings
        self.schema = schema
        readers = PostgresPool(capacity: Self.readerCount) { try PostgresConnection(settings, schema: schema) }
        writer = PostgresPool(capacity: 1) { try PostgresConnection(settings, schema: schema) }
        readThreads = CallThreads(name: "pg-read", count: Self.readerCount, waiting: Self.waitingCalls)
        writeThread = CallThreads(name: "pg-write", count: 1, waiting: Self.waitingCalls)
    }

    /// Connects, brings the schema up to date, and checks that commits are durable. Blocks.
    ///
    /// - Parameter schema: Lower-case letters and underscores; created when it is not there.
    /// - Throws: `.unavailable` when the server cannot be reached, `.dataLoss` when it does not sync, `.unsupported` when it is too old,
    ///   not UTF-8, sorts by language or was written by a newer Snowlight.
    package static func open(_ settings: PostgresSettings, schema: String, migrations: [Migration]) throws -> PostgresDatabase {
        precondition(schema.wholeMatch(of: /[a-z_]{1,40}/) != nil, "a schema is named by lower-case letters")
        let database = PostgresDatabase(settings, schema: schema)
        do {
            try database.writer.transaction(database.writing(secondsPerStatement: 0)) { connection in
                // Asked first, because creating needs a right on the whole database.
                if try connection.row("SELECT 1 AS one FROM pg_namespace WHERE nspname = $1", [.text(schema)]) == nil {
                    try connection.run("CREATE SCHEMA \(schema)")
                }
                try Migration.apply(migrations, to: connection, context: [("database", settings.place), ("schema", schema)])
            }
        } catch {
            try? database.close()  // The failure to open is the one worth reporting.
            throw error
        }
        return database
    }

    private static let reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '2s'"

    /// The lock waits as long as SQLite's busy time-out. Its key is ours and the schema's; 1397640023 spells SNOW.
    private func writing(secondsPerStatement seconds: Int) -> String {
        """
        BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '\(seconds)s'; SET LOCAL lock_timeout = '5s';
        SELECT pg_advisory_xact_lock(1397640023, hashtext('\(schema)'))
        """
    }

    /// One writing transaction, behind every other one of this schema. Blocks.
    package func write<T>(_ body: (any SQLConnection) throws -> T) throws -> T {
        try writer.transaction(writing(secondsPerStatement: 30), body)
    }

    /// One consistent snapshot. Blocks.
    package func read<T>(_ body: (any SQLConnection) throws -> T) throws -> T { try readers.transaction(Self.reading, body) }

    /// The same on a thread of ours.
    package func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await writeThread.run { [self] in try write(body) }
    }

    /// The same on a thread of ours.
    package func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await readThreads.run { [self] in try read(body) }
    }

    /// Ends the threads and closes the connections.
    package func close() throws {
        writer.close()
        readers.close()
        writeThread.end()
        readThreads.end()
    }
}

/// A few threads that run blocking calls for tasks, in the order they come.
private final class CallThreads: Sendable {
    private let calls: BoundedQueue<@Sendable () -> Void>
    private let threads: [OwnThread]
    private let ending = StopSignal()

    init(name: String, count: Int, waiting: Int) {
        let (calls, ending) = (BoundedQueue<@Sendable () -> Void>(capacity: waiting), self.ending)
        self.calls = calls
        threads = (0..<count).map { number in
            OwnThread(name: "\(name)-\(number)") {
                while !ending.isRaised { calls.take(timeout: .seconds(3600))?() }
                // Whoever still waits hears that the database is closed.
                while let call = calls.take(timeout: .zero) { call() }
            }
        }
    }

    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let accepted = calls.offer { continuation.resume(with: Result { try body() }) }
            if !accepted { continuation.resume(throwing: Failure(.unavailable, "the database is closed, or too many calls wait for it")) }
        }
    }

    func end() {
        ending.raise()
        calls.close()
        for thread in threads { thread.join() }
    }
}
