// What people do to cases through the console: one write transaction each, announced after its commit.
// pages → **acts** → cases → feed

import Base
package import Domain
import Storage

extension CaseStore {
    /// Actions of `POST /api/cases/{no}/actions`; reporting has a door of its own, and the rest is done by the machine or follows from the
    /// act on another case.
    package static let offered = Set(CaseAction.allCases).subtracting([.report, .archive, .rehome, .attach, .absorb, .release])

    /// Does something to a case, or says why not. The wish's `expectedVersion` is what the reader saw.
    package func act(_ number: CaseNumber, _ wish: CaseWish, by reader: Reader) async throws -> ActOutcome {
        try await write { transaction in
            let reading = CaseReading(sql: transaction.sql, registry: transaction.registry, now: transaction.now)
            guard let row = try reading.caseRow(number.text, for: reader) else { return .notFound }
            guard Self.offered.contains(wish.action) else { return .refused(.roleMayNot(reader.role, wish.action)) }
            var machine = try row.machine(CaseLog.events(of: row.id, in: transaction.sql), transaction.registry)
            if let why = try transaction.carryOut(wish, on: &machine, row, reading, by: reader) { return .refused(why) }
            if wish.action == .acknowledge { try transaction.stamp(.acknowledged, caseID: row.id) }
            try transaction.publishCase(row.id, number: number.text, grid: row.row.textOrNil("grid_code"))
            // Read without the scope: the answer to the reader's own act, even when the case has just left the reader's view.
            return .done(try reading.detail(reading.caseRow(id: row.id), for: reader))
        }
    }

    /// An action that needs no more than a note.
    package func act(
        _ number: CaseNumber, _ action: CaseAction, expectedVersion: Int, note: String, by reader: Reader
    ) async throws -> ActOutcome { try await act(number, CaseWish(action, expectedVersion: expectedVersion, note: note), by: reader) }

    /// Files an incident that the machine left in the feed; for the duty officer. Filing twice gives the same case.
    package func file(_ id: IncidentID, by reader: Reader) async throws -> ActOutcome {
        try await write { transaction in
            let reading = self.reading(transaction.sql)
            guard let incident = try reading.incident(id, for: reader) else { return .notFound }
            guard reader.role == .dutyOfficer else { return .forbidden("only a duty officer files incidents") }
            var filed = try FiledIncident(incident.row)
            try filed.follow(transaction.registry, incident.row)
            let former = try transaction.predecessor(of: filed)
            if let open = former.open {
                _ = try transaction.attach(filed, to: open, role: .dutyOfficer, actor: reader.id, actorName: reader.name)
            } else {
                switch try transaction.open(
                    filed, recurrenceOf: former.recurrence, role: .dutyOfficer, actor: reader.id, actorName: reader.name)
                {
                case .opened: try transaction.noteFiling(of: filed.id)
                case .existing: break
                case .numbersUsedUp: return .numbersUsedUp
                }
            }
            guard let number = try reading.incident(id, for: reader)?.caseNumber, let row = try reading.caseRow(number, for: reader) else {
                return .notFound
            }
            return .done(try reading.detail(row, for: reader))
        }
    }

    /// Notes that the assignee's page has received these cases; the first time counts. Others' readings leave no mark.
    package func markDelivered(_ numbers: [CaseNumber], to reader: Reader) async throws { try await mark(.delivered, numbers, reader) }

    /// Notes that the assignee has opened a case; the first time counts.
    package func markOpened(_ number: CaseNumber, by reader: Reader) async throws { try await mark(.opened, [number], reader) }

    private func mark(_ receipt: Receipt, _ numbers: [CaseNumber], _ reader: Reader) async throws {
        guard reader.role == .gridworker, !numbers.isEmpty else { return }
        // Most readings are repeats; they must not queue behind the writer.
        let fresh = try await file.read { sql in try self.reading(sql).unmarked(receipt, numbers, assignee: reader.id) }
        guard !fresh.isEmpty else { return }
        try await write { transaction in
            for row in try self.reading(transaction.sql).unmarked(receipt, numbers, assignee: reader.id) {
                try transaction.stamp(receipt, caseID: row.id)
                try transaction.publishCase(row.id, number: row.row.text("case_no"), grid: row.row.textOrNil("grid_code"))
            }
        }
    }

    /// Runs one act as a transaction of its own, by the registry as it is on disk, and tells what it led to once that is durable.
    func write<T: Sendable>(_ body: @escaping @Sendable (inout CaseTransaction) throws -> T) async throws -> T {
        let (registry, now) = (registry, time.wallNow)
        let (result, effects) = try await file.write { sql in
            try CaseTransaction.run(sql, registry.current(in: sql), now: now, body)
        }
        counters.count(effects.entered)
        if let newest = effects.newestFeed { signal.announce(newest) }
        return result
    }
}

/// Receipts that come from people, by the column that holds them.
enum Receipt: String, Sendable {
    case delivered = "delivered_ms"
    case opened = "opened_ms"
    case acknowledged = "acknowledged_ms"
}

extension CaseTransaction {
    /// An incident that waited in the feed has its case.
    func noteFiling(of incident: String) throws {
        try sql.run(
            "UPDATE incident SET case_ms = $2, proposed = 0 WHERE incident_id = $1",
            [.text(incident), .integer(now.millisecondsSince1970)])
    }

    /// Sets a receipt of all incidents of a case, unless it is set.
    func stamp(_ receipt: Receipt, caseID: String) throws {
        try sql.run(
            """
            UPDATE incident SET \(receipt.rawValue) = $2 WHERE \(receipt.rawValue) IS NULL
                AND incident_id IN (SELECT incident_id FROM case_incident WHERE case_id = $1)
            """, [.text(caseID), .integer(now.millisecondsSince1970)])
    }
}

extension CaseReading {
    func caseRow(id: String) throws -> CaseRow {
        var query = Query()
        query.text = "c.case_id = \(query.bind(.text(id)))"
        guard let row = try caseRows(query).first else { throw Failure(.internal, "a case is gone", context: [("case", id)]) }
        return row
    }

    /// Those of the cases that are with `assignee` and hold an incident without this receipt.
    fileprivate func unmarked(_ receipt: Receipt, _ numbers: [CaseNumber], assignee: String) throws -> [CaseRow] {
        var query = Query()
        query.text = """
            c.case_no IN \(query.list(numbers.prefix(1000).map { .text($0.text) })) AND c.assignee_id = \(query.bind(.text(assignee)))
            AND EXISTS (SELECT 1 FROM case_incident ci JOIN incident i ON i.incident_id = ci.incident_id
                WHERE ci.case_id = c.case_id AND i.\(receipt.rawValue) IS NULL)
            """
        return try caseRows(query)
    }
}
