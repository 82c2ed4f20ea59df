// One SQL text for every database: values, rows, and the connection both drivers offer.
// incidents → dispatcher → **cases, outbox, accounts on disk**

import Base

/// A value as it is bound to `$1`, `$2`, … or read from a column.
package enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .real(value) }
    package init(nilLiteral: ()) { self = .null }

    /// The text, or null for nil.
    package init(_ text: String?) { self = text.map(SQLValue.text) ?? .null }
    /// The number, or null for nil.
    package init(_ number: Int64?) { self = number.map(SQLValue.integer) ?? .null }
    /// The number, or null for nil.
    package init(_ number: Int?) { self = number.map { .integer(Int64($0)) } ?? .null }
    /// The number, or null for nil.
    package init(_ number: Double?) { self = number.map(SQLValue.real) ?? .null }
}

/// One row of a result, its columns found by name.
package struct SQLRow: Sendable {
    /// The columns of the result, one array for all its rows. Few enough that going through them is quicker than hashing a name.
    private let names: [String]
    private let values: [SQLValue]

    /// - Parameter names: One for each value.
    init(_ names: [String], _ values: [SQLValue]) {
        self.names = names
        self.values = values
    }

    /// The value of a column, the last of that name; throws `.internal` when the query has no such column.
    package func value(_ name: String) throws -> SQLValue {
        guard let index = names.lastIndex(of: name) else { throw Failure(.internal, "the query has no column '\(name)'") }
        return values[index]
    }

    /// The whole number in a column; throws when it is null or of another type.
    package func int(_ name: String) throws -> Int64 { try required(intOrNil(name), name) }
    /// The number in a column; throws when it is null or of another type.
    package func real(_ name: String) throws -> Double { try required(realOrNil(name), name) }
    /// The text in a column; throws when it is null or of another type.
    package func text(_ name: String) throws -> String { try required(textOrNil(name), name) }
    /// The bytes in a column; throws when it is null or of another type.
    package func blob(_ name: String) throws -> [UInt8] { try required(blobOrNil(name), name) }

    /// The whole number in a column, or nil for null and other types.
    package func intOrNil(_ name: String) throws -> Int64? {
        if case .integer(let value) = try value(name) { return value }
        return nil
    }

    /// The number in a column, or nil. A whole number counts, because SQLite stores 2.0 as it likes.
    package func realOrNil(_ name: String) throws -> Double? {
        switch try value(name) {
        case .real(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The text in a column, or nil for null and other types.
    package func textOrNil(_ name: String) throws -> String? {
        if case .text(let value) = try value(name) { return value }
        return nil
    }

    /// The bytes in a column, or nil for null and other types.
    package func blobOrNil(_ name: String) throws -> [UInt8]? {
        if case .blob(let value) = try value(name) { return value }
        return nil
    }

    private func required<T>(_ value: T?, _ name: String) throws -> T {
        guard let value else { throw Failure(.internal, "column '\(name)' is null or of another type") }
        return value
    }
}

/// What can be asked inside a transaction. Parameters are `$1`, `$2`, … as SQLite and PostgreSQL both read them.
package protocol SQLConnection {
    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [SQLValue]) throws -> Int
    /// Runs one query, or a statement with RETURNING, and returns all its rows.
    func rows(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow]
}

extension SQLConnection {
    /// Runs one statement without parameters.
    @discardableResult
    package func run(_ sql: String) throws -> Int { try run(sql, []) }
    /// Runs one query without parameters.
    package func rows(_ sql: String) throws -> [SQLRow] { try rows(sql, []) }
    /// The first row of a query, or nil.
    package func row(_ sql: String, _ values: [SQLValue] = []) throws -> SQLRow? { try rows(sql, values).first }
}

/// A database as those who store things in it see it; SQLite and PostgreSQL stand behind it and obey one contract.
///
/// Every `write` runs as if it were alone: what it reads is what the last one committed, and their order is commit order. A `body` runs once,
/// and no `write` belongs inside another. Blocking calls are for own threads; the async ones suspend and run on threads of the database.
///
/// Text is sorted by bytes. Write what both understand: `COALESCE` where a null would sort first or last, every column of a SELECT with
/// GROUP BY grouped or aggregated, and `LIKE` only for digits.
package protocol SQLDatabase: Sendable {
    /// Runs `body` in one transaction and returns once it is durable; nothing of it stays when `body` or a statement in it fails. Blocks.
    ///
    /// - Throws: `.resourceExhausted` (disk full) and `.unavailable` (busy, not there): nothing was stored as far as can be known, send again.
    ///   `.dataLoss`: what is stored cannot be trusted, end the process. `.conflict`: a constraint refused it.
    func write<T>(_ body: (any SQLConnection) throws -> T) throws -> T
    /// Runs `body` on a consistent snapshot. Blocks.
    func read<T>(_ body: (any SQLConnection) throws -> T) throws -> T
    /// As the blocking `write`, without blocking the caller's thread.
    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T
    /// As the blocking `read`, without blocking the caller's thread.
    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T
    /// Closes all connections; harmless when repeated. Using the database afterwards throws. Blocks.
    func close() throws
}
