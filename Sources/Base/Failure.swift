// The one shape of an operational failure, and of a finding in a file.

/// An operational failure: what kind, what happened, where, and the failure below it.
///
/// `kind` alone decides whether a retry makes sense. Secrets never enter `message` or `context`.
package struct Failure: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; decides whether a retry makes sense.
    package enum Kind: String, Sendable, CaseIterable {
        /// The other side is not there or went away; retry with backoff.
        case unavailable
        case deadlineExceeded
        /// Credentials were refused; retry only in the slow lane.
        case unauthorised
        /// The input can never be accepted as it is.
        case invalidInput
        case unsupported, notFound, conflict, resourceExhausted
        /// Disk full or failed fsync; the process must not go on writing.
        case dataLoss
        case cancelled, `internal`
    }

    package let kind: Kind
    package let message: String
    /// Name and value pairs that let an operator find the thing, in order.
    package let context: [(name: String, value: String)]
    package let cause: (any Error)?

    package init(_ kind: Kind, _ message: String, context: [(name: String, value: String)] = [], cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.context = context
        self.cause = cause
    }

    package var description: String {
        var text = message
        if !context.isEmpty { text += " (" + context.map { "\($0.name)=\($0.value)" }.joined(separator: " ") + ")" }
        if let cause { text += ": \(cause)" }
        return text
    }
}

/// One finding about a file a person wrote, printed as `file:line: error: message`; as JSON an object with these four members.
package struct Diagnostic: Sendable, Hashable, Encodable, CustomStringConvertible {
    /// An error stops a start; a warning does not.
    package enum Severity: String, Sendable, Encodable { case error, warning }

    package var file: String
    /// 1-based; nil when the finding is about the whole file.
    package var line: Int?
    package var severity: Severity
    package var message: String

    package init(file: String, line: Int?, severity: Severity = .error, message: String) {
        self.file = file
        self.line = line
        self.severity = severity
        self.message = message
    }

    package var description: String { "\(file):\(line.map { "\($0):" } ?? "") \(severity.rawValue): \(message)" }
}

extension Sequence<Diagnostic> {
    /// True when at least one finding is an error.
    package var hasErrors: Bool { contains { $0.severity == .error } }
}

/// Exit codes of every command, from sysexits(3).
package enum ExitStatus: Int32, Sendable {
    case ok = 0
    case usage = 64
    case badData = 65
    case unavailable = 69
    case internalError = 70
    case inputOutput = 74
}
