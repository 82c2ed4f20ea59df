// Everything that can be proven about the dispatcher's tables without knowing their history.
// cases on disk → **verification** → findings

import Base
package import Storage

/// What a check of the dispatcher's whole database found.
package struct StoreVerdict: Sendable, Hashable {
    /// Lines of the case log that were read.
    package var events: Int
    /// One sentence for each finding, at most 20 of each kind.
    package var problems: [String]
}

/// Checks the case log's chain and how the tables hang together. Blocks; own threads only.
package enum StoreVerification {
    /// Reads the whole database, in pieces of one moment each, so that others may go on writing to it.
    package static func verify(_ database: any SQLDatabase) throws -> StoreVerdict {
        let log = try CaseLog.verify(database)
        var problems = log.problems.map { "case log: \($0)" }
        for (sentence, query) in checks {
            let rows = try database.read { try $0.rows(query + " LIMIT 20") }
            problems += try rows.map { "\(sentence): \(try $0.text("what"))" }
        }
        return StoreVerdict(events: log.events, problems: problems)
    }

    /// Each query names what breaks the rule.
    private static let checks = [
        (
            "an incident belongs to a case that is not there",
            """
            SELECT ci.incident_id AS what FROM case_incident ci LEFT JOIN "case" c ON c.case_id = ci.case_id WHERE c.case_id IS NULL
            ORDER BY ci.incident_id
            """
        ),
        (
            "a case holds an incident that is not there",
            """
            SELECT ci.incident_id AS what FROM case_incident ci LEFT JOIN incident i ON i.incident_id = ci.incident_id
            WHERE i.incident_id IS NULL ORDER BY ci.incident_id
            """
        ),
        (
            "an accepted message has no incident",
            """
            SELECT b.incident_id AS what FROM inbox b LEFT JOIN incident i ON i.incident_id = b.incident_id
            WHERE i.incident_id IS NULL ORDER BY b.incident_id
            """
        ),
        (
            "an incident that was filed has no case",
            """
            SELECT i.incident_id AS what FROM incident i LEFT JOIN case_incident ci ON ci.incident_id = i.incident_id
            WHERE i.case_ms IS NOT NULL AND ci.incident_id IS NULL ORDER BY i.incident_id
            """
        ),
        (
            "messages of a node are committed but its cursor is behind them",
            """
            SELECT a.node AS what FROM node_ahead a LEFT JOIN node_cursor c ON c.node = a.node AND c.epoch = a.epoch
            GROUP BY a.node, a.epoch, c.seq HAVING MIN(a.seq) <= COALESCE(c.seq, 0) + 1 ORDER BY a.node
            """
        ),
        (
            "the feed goes further than its head",
            "SELECT CAST(f.seq AS TEXT) AS what FROM feed f JOIN feed_head h ON h.id = 1 WHERE f.seq > h.seq ORDER BY f.seq"
        ),
    ]
}
