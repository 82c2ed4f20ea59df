// Values into the parameters of a prepared statement, and how much was written: the one place that calls SQLite itself and not through GRDB.
// incidents → dispatcher → **cases, outbox, accounts on disk**

import GRDB
import GRDBSQLite

extension Statement {
    /// Binds `values[order[i]]` to the parameter i + 1; the statement is then run without arguments. SQLite copies texts and blobs.
    ///
    /// GRDB's own way through `StatementArguments` costs as much as running a short statement does.
    /// - Returns: SQLite's result code, 0 when all are bound.
    func bind(_ values: [SQLValue], order: [Int]) -> CInt {
        // Resets the statement, forgets what was bound, and has GRDB take it as complete.
        setUncheckedArguments(StatementArguments())
        for (position, index) in order.enumerated() {
            let code = bind(values[index], at: CInt(position + 1))
            guard code == SQLITE_OK else { return code }
        }
        return SQLITE_OK
    }

    private func bind(_ value: SQLValue, at parameter: CInt) -> CInt {
        switch value {
        case .null: return sqlite3_bind_null(sqliteStatement, parameter)
        case .integer(let number): return sqlite3_bind_int64(sqliteStatement, parameter, number)
        case .real(let number): return sqlite3_bind_double(sqliteStatement, parameter, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                // An address must be there, else SQLite binds null.
                guard let first = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_text(sqliteStatement, parameter, "", 0, copy)
                }
                return first.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text(sqliteStatement, parameter, $0, CInt(bytes.count), copy)
                }
            }
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(sqliteStatement, parameter, 0) }
            return bytes.withUnsafeBytes { sqlite3_bind_blob(sqliteStatement, parameter, $0.baseAddress, CInt($0.count), copy) }
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
