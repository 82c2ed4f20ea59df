// A few connections of one kind, lent to one thread each; those that broke are replaced.
// SQL → **pool** → connection

import Base
import Foundation

/// At most `capacity` connections, opened when they are first needed. Blocks; own threads only.
final class PostgresPool: @unchecked Sendable {
    // Unchecked: `idle`, `opened` and `closed` are guarded by `condition`.
    /// How long a call waits for a connection, as long as one for SQLite's lock.
    private static let patience: TimeInterval = 5

    private let condition = NSCondition()
    private var idle: [PostgresConnection] = []
    private var opened = 0
    private var closed = false
    private let capacity: Int
    private let connect: @Sendable () throws -> PostgresConnection

    init(capacity: Int, connect: @escaping @Sendable () throws -> PostgresConnection) {
        self.capacity = capacity
        self.connect = connect
    }

    /// Runs `body` in a transaction that `opening` begins; commits, or takes everything back when `body` throws.
    func transaction<T>(_ opening: String, _ body: (any SQLConnection) throws -> T) throws -> T {
        let connection = try begin(opening)
        defer { giveBack(connection) }
        do {
            let result = try body(connection)
            try connection.commit()
            return result
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// A connection with an open transaction. One that the server closed while it was idle has done nothing yet: another is tried.
    private func begin(_ opening: String) throws -> PostgresConnection {
        while true {
            let (connection, isFresh) = try take()
            do {
                try connection.begin(opening)
                return connection
            } catch {
                let broken = connection.isBroken
                giveBack(connection)
                guard broken, !isFresh else { throw error }
            }
        }
    }

    private func take() throws -> (PostgresConnection, isFresh: Bool) {
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        while idle.isEmpty, opened == capacity, !closed {
            guard condition.wait(until: deadline) else {
                condition.unlock()
                throw Failure(.unavailable, "the database is busy: no connection became free")
            }
        }
        guard !closed else {
            condition.unlock()
            throw Failure(.unavailable, "the database is closed")
        }
        if let connection = idle.popLast() {
            condition.unlock()
            return (connection, false)
        }
        opened += 1
        condition.unlock()
        do { return (try connect(), true) } catch {
            forget()
            throw error
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        condition.lock()
        let keep = !closed && !connection.isBroken
        if keep {
            idle.append(connection)
            condition.signal()
        }
        condition.unlock()
        if !keep { forget() }
    }

    private func forget() {
        condition.lock()
        opened -= 1
        condition.signal()
        condition.unlock()
    }

    /// Refuses further calls and closes what is idle; what is lent is closed when it comes back.
    func close() {
        condition.lock()
        closed = true
        opened -= idle.count
        idle = []
        condition.broadcast()
        condition.unlock()
    }
}
