// What PostgreSQL's SQLSTATEs mean for us: the one place that maps them to kinds.

import Base

enum PostgresFailure {
    /// A failed statement. `message` is the server's primary message: the details, which quote rows, are left with the server's log.
    static func statement(_ state: String, _ message: String, constraint: String?, place: String) -> Failure {
        let context = [("database", place), ("sqlstate", state)] + (constraint.map { [("constraint", $0)] } ?? [])
        return Failure(kind(state), "\(prefix(state))\(message)", context: context)
    }

    /// The server is not there, went away or refused the login. libpq's text names host and user, never the password.
    static func connection(_ text: String, place: String) -> Failure {
        let line = text.split(separator: "\n").joined(separator: "; ")
        return Failure(.unavailable, "PostgreSQL cannot be reached: \(line)", context: [("database", place)])
    }

    static func kind(_ state: String) -> Failure.Kind {
        switch state {
        case "53100": return .resourceExhausted
        // Damaged pages and failed reads or syncs: what is stored cannot be trusted.
        case "58030", "XX001", "XX002": return .dataLoss
        // Lock not available in time, statement cut, cached plan of a schema that a newer Snowlight has just changed.
        case "55P03", "57014", "0A000": return .unavailable
        case "42501": return .unauthorised
        default: break
        }
        switch state.prefix(2) {
        // Lost connections, shutdown, too many clients, deadlock with somebody who is not Snowlight, read-only after a failover.
        case "08", "57", "53", "40", "25": return .unavailable
        case "23": return .conflict
        case "22", "54": return .invalidInput
        case "28": return .unauthorised
        case "3D": return .notFound
        default: return .internal
        }
    }

    private static func prefix(_ state: String) -> String {
        switch kind(state) {
        case .resourceExhausted: "the server's disk is full: "
        case .dataLoss: "the database cannot be trusted: "
        case .unavailable: "the database is busy: "
        default: ""
        }
    }
}
