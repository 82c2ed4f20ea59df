// Values into and out of prepared statements, and how much was written: the one place that calls SQLite itself and not through GRDB.
// incidents → dispatcher → **cases, outbox, accounts on disk**

import Base
import Foundation
import GRDB
import GRDBSQLite

/// The statements of one transaction, each found by its text once: finding it in GRDB costs as much as running a short one does.
struct PreparedStatements {
    /// A text that is told apart by its length first: what a transaction repeats are literals, which compare by their address.
    private struct Text: Hashable {
        let sql: String

        func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
    }

    private let database: Database
    private let orders: ParameterOrders
    private var known: [Text: PreparedStatement] = [:]

    init(_ database: Database, _ orders: ParameterOrders) {
        self.database = database
        self.orders = orders
    }

    mutating func find(_ sql: String) throws -> PreparedStatement {
        if let found = known[Text(sql: sql)] { return found }
        let made = PreparedStatement(try database.cachedStatement(sql: sql), order: orders.order(of: sql))
        known[Text(sql: sql)] = made
        return made
    }
}

/// A statement and which of our values each of its parameters is. Confined to its transaction.
struct PreparedStatement {
    /// Runs without arguments once `bind` has given it its values.
    let statement: Statement
    private let order: [Int]
    /// How many values the text speaks of.
    private let parameters: Int

    /// - Parameter order: SQLite reads `$1` as a parameter named "1" and numbers such names as they first appear; this is their order.
    fileprivate init(_ statement: Statement, order: [Int]) {
        self.statement = statement
        self.order = order
        parameters = (order.max() ?? -1) + 1
        // Has GRDB take the statement as complete from now on.
        statement.setUncheckedArguments(StatementArguments())
    }

    /// Binds `values[order[i]]` to the parameter i + 1. SQLite copies texts and blobs.
    ///
    /// Text with U+0000 is refused, because PostgreSQL refuses it as well.
    func bind(_ values: [SQLValue]) throws {
        guard parameters <= values.count else {
            throw Failure(.internal, "a statement has more parameters than values: \(statement.sql)")
        }
        // Whatever it returns is what the last run ended with, and was thrown then.
        sqlite3_reset(statement.sqliteStatement)
        for (position, index) in order.enumerated() {
            let code = try bind(values[index], at: CInt(position + 1))
            guard code == SQLITE_OK else {
                throw DatabaseError(resultCode: ResultCode(rawValue: code), message: "a value cannot be bound", sql: statement.sql)
            }
        }
    }

    private func bind(_ value: SQLValue, at parameter: CInt) throws -> CInt {
        let handle = statement.sqliteStatement
        switch value {
        case .null: return sqlite3_bind_null(handle, parameter)
        case .integer(let number): return sqlite3_bind_int64(handle, parameter, number)
        case .real(let number): return sqlite3_bind_double(handle, parameter, number)
        case .text(var text):
            return try text.withUTF8 { bytes in
                // An address must be there, else SQLite binds null.
                guard let first = bytes.baseAddress, !bytes.isEmpty else { return sqlite3_bind_text(handle, parameter, "", 0, copy) }
                guard memchr(first, 0, bytes.count) == nil else { throw Failure(.invalidInput, "text with U+0000 cannot be stored") }
                return first.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text(handle, parameter, $0, CInt(bytes.count), copy)
                }
            }
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, parameter, 0) }
            return bytes.withUnsafeBytes { sqlite3_bind_blob(handle, parameter, $0.baseAddress, CInt($0.count), copy) }
        }
    }

    /// All columns of the row that the last step led to.
    func row(of columns: Int) -> [SQLValue] { (0..<columns).map { value(at: CInt($0)) } }

    private func value(at column: CInt) -> SQLValue {
        let handle = statement.sqliteStatement
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT:
            let start = sqlite3_column_text(handle, column)
            let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
            return .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(handle, column)
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))))
        default: return .null
        }
    }
}

extension Database {
    /// Pages that this connection has written to the log since the last call with `forgetting`.
    func pagesWritten(forgetting: Bool) -> Int {
        var pages: CInt = 0
        var highest: CInt = 0
        sqlite3_db_status(sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, forgetting ? 1 : 0)
        return Int(pages)
    }
}

/// `SQLITE_TRANSIENT`, a macro that Swift does not see: SQLite makes a copy before the call returns.
private let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
