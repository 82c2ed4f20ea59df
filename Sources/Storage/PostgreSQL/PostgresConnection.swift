// One connection to PostgreSQL: the only place where libpq is called. Memory is touched by address here and nowhere else in Storage.
// SQL → **libpq** → rows

import Base
import CPostgres

/// A connection and the transaction that is open on it. Blocks on the network; one thread at a time, which the pool sees to.
///
/// Statements are prepared once for each connection, their parameters and results travel in binary.
final class PostgresConnection: SQLConnection, @unchecked Sendable {
    // Unchecked: the pool lends a connection to one thread at a time and takes it back before it lends it again.
    private struct Statement: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// Statements that one connection keeps prepared; beyond it all are forgotten and prepared anew.
    private static let statementLimit = 512

    private let handle: OpaquePointer
    private let place: String
    private var statements: [Statement: String] = [:]
    /// The first statement that failed in the open transaction: behind it PostgreSQL ignores everything until the end.
    private var failed: Failure?

    /// A statement was cut, or its plan overtaken by a newer schema: a fresh connection knows better than this one.
    private var isSpent = false

    /// True when the connection is of no use any more.
    var isBroken: Bool { isSpent || PQstatus(handle) != CONNECTION_OK }

    /// Connects and checks that commits are durable and text is what both databases mean by it. Blocks up to 5 s for each host.
    ///
    /// - Throws: `.unavailable` when the server cannot be reached or refuses the login, `.dataLoss` when it does not sync, `.unsupported`
    ///   when it is too old, not UTF-8 or sorts by language.
    init(_ settings: PostgresSettings, schema: String) throws {
        place = settings.place
        let keywords = try settings.keywords(schema: schema)
        let opened = Self.withCStrings(keywords.map(\.0)) { names in
            Self.withCStrings(keywords.map(\.1)) { values in PQconnectdbParams(names, values, 0) }
        }
        guard let opened else { throw Failure(.resourceExhausted, "no memory for a connection", context: [("database", place)]) }
        handle = opened
        guard PQstatus(handle) == CONNECTION_OK else {
            throw PostgresFailure.connection(String(cString: PQerrorMessage(handle)), place: place)
        }
        // Notices would go to standard error.
        _ = PQsetNoticeProcessor(handle, { _, _ in }, nil)
        try checkServer()
    }

    deinit { PQfinish(handle) }

    private func checkServer() throws {
        let context = [("database", place)]
        guard PQserverVersion(handle) >= 130_000 else {
            throw Failure(.unsupported, "PostgreSQL 13 is the oldest that is supported", context: context)
        }
        // A stronger setting than ours stays; the answer is what is really in force.
        let row = try row(
            """
            SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
                current_setting('full_page_writes') AS pages,
                'a' < 'B' OR 'é' < 'z' AS by_language,
                set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply'
                    ELSE 'on' END, false) AS commits
            """)
        guard let row, try ["on", "remote_apply"].contains(row.text("commits")), try row.text("fsync") == "on",
            try row.text("pages") == "on"
        else { throw Failure(.dataLoss, "PostgreSQL does not sync every commit here: fsync or full_page_writes is off", context: context) }
        guard try row.text("encoding") == "UTF8" else {
            throw Failure(.unsupported, "the database is not UTF-8: create it with ENCODING 'UTF8' TEMPLATE template0", context: context)
        }
        // By bytes, as SQLite sorts; and an index cannot be upset by a new C library.
        guard try row.int("by_language") == 0 else {
            throw Failure(
                .unsupported, "the database sorts by language: create it with LOCALE 'C' TEMPLATE template0", context: context)
        }
    }

    // MARK: one transaction

    /// Opens a transaction: several statements in one exchange with the server.
    func begin(_ statements: String) throws {
        failed = nil
        do { try PostgresResult(PQexec(handle, statements)).check(handle, place) } catch {
            rollBack()
            throw error
        }
    }

    /// Commits and returns once the server has synced; throws the first failure of the transaction when there was one.
    func commit() throws {
        if let failed {
            rollBack()
            throw failed
        }
        let result = PostgresResult(PQexec(handle, "COMMIT"))
        do { try result.check(handle, place) } catch {
            rollBack()
            guard PQstatus(handle) != CONNECTION_OK else { throw error }
            throw Failure(
                .unavailable, "the connection broke during COMMIT: it may be stored or not", context: [("database", place)], cause: error)
        }
    }

    /// Takes everything back; harmless on a broken connection.
    func rollBack() {
        failed = nil
        if PQtransactionStatus(handle) != PQTRANS_IDLE { _ = PostgresResult(PQexec(handle, "ROLLBACK")) }
    }

    func run(_ sql: String, _ values: [SQLValue]) throws -> Int { try execute(sql, values).changed }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] { try execute(sql, values).rows() }

    private func execute(_ sql: String, _ values: [SQLValue]) throws -> PostgresResult {
        if let failed { throw failed }
        do {
            let parameters = try PostgresParameters(values)
            let name = try prepare(Statement(sql: parameters.text(sql), types: parameters.types))
            let result = send(name, parameters)
            try result.check(handle, place)
            return result
        } catch let failure as Failure {
            failed = failure
            isSpent = failure.kind == .unavailable
            throw failure
        }
    }

    private func prepare(_ statement: Statement) throws -> String {
        if let name = statements[statement] { return name }
        if statements.count == Self.statementLimit {
            try PostgresResult(PQexec(handle, "DEALLOCATE ALL")).check(handle, place)
            statements = [:]
        }
        let name = "s\(statements.count)"
        try PostgresResult(PQprepare(handle, name, statement.sql, Int32(statement.types.count), statement.types)).check(handle, place)
        statements[statement] = name
        return name
    }

    private func send(_ name: String, _ parameters: PostgresParameters) -> PostgresResult {
        let lengths = parameters.places.map { Int32($0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: lengths.count)
        let result = parameters.bytes.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            let values = parameters.places.map { place -> UnsafePointer<CChar>? in
                guard let place, let base = bytes.baseAddress else { return nil }
                return UnsafeRawPointer(base + place.lowerBound).assumingMemoryBound(to: CChar.self)
            }
            return PQexecPrepared(handle, name, Int32(values.count), values, lengths, formats, 1)
        }
        return PostgresResult(result)
    }

    /// Lends C strings with a null pointer behind the last.
    private static func withCStrings<T>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> T) -> T {
        var bytes: [CChar] = []
        let starts = strings.map { text in
            defer { bytes += text.utf8CString }
            return bytes.count
        }
        return bytes.withUnsafeBufferPointer { buffer in
            body(starts.map { start in buffer.baseAddress.map { $0 + start } } + [nil])
        }
    }
}

/// An answer of the server, freed with this value.
private struct PostgresResult: ~Copyable {
    private let result: OpaquePointer?

    init(_ result: OpaquePointer?) { self.result = result }

    deinit { PQclear(result) }

    /// Throws unless the statement did what it says.
    func check(_ handle: OpaquePointer, _ place: String) throws {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        default: break
        }
        guard let state = field(SNOWLIGHT_SQLSTATE) else {
            // Without a state the message is libpq's own: the connection broke, or memory ran out.
            throw PostgresFailure.connection(String(cString: PQerrorMessage(handle)), place: place)
        }
        throw PostgresFailure.statement(
            state, field(SNOWLIGHT_MESSAGE) ?? "no message", constraint: field(SNOWLIGHT_CONSTRAINT), place: place)
    }

    /// How many rows an INSERT, UPDATE or DELETE changed.
    var changed: Int { result.flatMap { PQcmdTuples($0) }.flatMap { Int(String(cString: $0)) } ?? 0 }

    func rows() throws -> [SQLRow] {
        let names = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        let types = (0..<PQnfields(result)).map { PQftype(result, $0) }
        return try (0..<PQntuples(result)).map { row in
            SQLRow(names, try names.indices.map { try value(row, Int32($0), type: types[$0], column: names[$0]) })
        }
    }

    private func value(_ row: Int32, _ index: Int32, type: UInt32, column: String) throws -> SQLValue {
        guard PQgetisnull(result, row, index) == 0, let start = PQgetvalue(result, row, index) else { return .null }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, index)))
        return try SQLValue(Array(bytes), type: type, column: column)
    }

    private func field(_ code: Int) -> String? { PQresultErrorField(result, Int32(code)).map { String(cString: $0) } }
}
