// What SQLite's result codes mean for us: the one place that maps them to kinds.

import Base
import GRDB

enum SQLiteFailure {
    /// Maps a thrown error; a `Failure` passes through unchanged.
    static func map(_ error: any Error, _ path: String) -> Failure {
        if let failure = error as? Failure { return failure }
        if error is CancellationError { return Failure(.cancelled, "the query was cancelled") }
        guard let problem = error as? DatabaseError else {
            return Failure(.internal, "database error", context: [("file", path)], cause: error)
        }
        let context = [("file", path), ("code", "\(problem.extendedResultCode)")]
        let text = problem.message ?? "no message"
        switch problem.resultCode {
        case .SQLITE_FULL: return Failure(.resourceExhausted, "the disk is full: \(text)", context: context)
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_INTERRUPT:
            return Failure(.unavailable, "the database is busy: \(text)", context: context)
        // After a failed fsync the page cache is undefined: never retry, end the process and recover at the next start.
        case .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return Failure(.dataLoss, "the database cannot be trusted: \(text)", context: context)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY:
            return Failure(.invalidInput, "the database cannot be opened for writing: \(text)", context: context)
        case .SQLITE_CONSTRAINT: return Failure(.conflict, text, context: context)
        default: return Failure(.internal, text, context: context)
        }
    }
}
