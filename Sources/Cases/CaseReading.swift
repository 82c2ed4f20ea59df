// Reading inside one snapshot: rows of incidents and cases, joined and turned into views.

import Base
import Domain
import Foundation
import Storage

/// An object that feed rows are about.
struct FeedObject: Hashable {
    var kind: FeedKind
    var id: String
}

/// One consistent look at the tables. Lives no longer than its transaction.
struct CaseReading {
    let sql: any SQLConnection
    let registry: Registry
    let now: WallTime

    func newestSequence() throws -> Int64 { try Self.newestSequence(sql) }
    func oldestSequence() throws -> Int64 { try Self.oldestSequence(sql) }

    static func newestSequence(_ sql: any SQLConnection) throws -> Int64 {
        try sql.row("SELECT seq FROM feed_head WHERE id = 1")?.int("seq") ?? 0
    }

    /// The oldest row still kept; one past the newest when none is.
    static func oldestSequence(_ sql: any SQLConnection) throws -> Int64 {
        try sql.row("SELECT seq FROM feed ORDER BY seq LIMIT 1")?.int("seq") ?? newestSequence(sql) + 1
    }

    func feedRows(after: Int64, limit: Int) throws -> [(sequence: Int64, atMilliseconds: Int64, object: FeedObject)] {
        try sql.rows(
            "SELECT seq, at_ms, kind, object_id FROM feed WHERE seq > $1 ORDER BY seq LIMIT $2", [.integer(after), SQLValue(limit)]
        ).compactMap { row in
            guard let kind = FeedKind(rawValue: try row.text("kind")) else { return nil }
            return (try row.int("seq"), try row.int("at_ms"), FeedObject(kind: kind, id: try row.text("object_id")))
        }
    }

    /// Incidents `i` with their case `c` where the query's text holds.
    func incidentRows(_ query: Query) throws -> [IncidentRow] {
        try sql.rows(
            """
            SELECT i.*, c.case_no AS case_no, c.state AS case_state, c.version AS case_version FROM incident i
            LEFT JOIN case_incident ci ON ci.incident_id = i.incident_id LEFT JOIN "case" c ON c.case_id = ci.case_id
            WHERE \(query.text)
            """, query.values
        ).map(IncidentRow.init)
    }

    func incident(_ id: IncidentID, for reader: Reader) throws -> IncidentRow? {
        var query = Query()
        let mayRead = reader.mayReadIncident(&query)
        query.text = "\(mayRead) AND i.incident_id = \(query.bind(.text(id.description)))"
        return try incidentRows(query).first
    }

    /// Cases `c` where the query's text holds.
    func caseRows(_ query: Query) throws -> [CaseRow] {
        try sql.rows("SELECT c.* FROM \"case\" c WHERE \(query.text)", query.values).map(CaseRow.init)
    }

    func caseRow(_ number: String, for reader: Reader) throws -> CaseRow? {
        var query = Query()
        let mayRead = reader.mayReadCase(&query)
        query.text = "\(mayRead) AND c.case_no = \(query.bind(.text(number)))"
        return try caseRows(query).first
    }

    func items(_ rows: [CaseRow], for reader: Reader) throws -> [CaseItem] {
        var incidents: [String: [String]] = [:]
        var logs: [String: [LoggedEvent]] = [:]
        for chunk in rows.chunks(of: 256) {
            var query = Query()
            query.text = query.list(chunk.map { .text($0.id) })
            let found = try sql.rows(
                "SELECT case_id, incident_id FROM case_incident WHERE case_id IN \(query.text) ORDER BY incident_id", query.values)
            for row in found { incidents[try row.text("case_id"), default: []].append(try row.text("incident_id")) }
            logs.merge(try CaseLog.events(of: query, in: sql)) { first, _ in first }
        }
        return try rows.map { try $0.item(logs[$0.id] ?? [], incidentIDs: incidents[$0.id] ?? [], for: reader, registry, now: now) }
    }

    func detail(_ row: CaseRow, for reader: Reader) throws -> CaseDetail {
        let events = try CaseLog.events(of: row.id, in: sql).map { line in
            CaseEventView(
                version: line.event.version, at: line.event.at.description, actor: line.event.actor, actorName: line.actorName,
                role: line.event.role.rawValue, action: line.event.action.rawValue, from: line.event.from?.rawValue,
                to: line.event.to.rawValue, note: line.event.note, detail: line.event.detail)
        }
        return CaseDetail(
            item: try items([row], for: reader)[0], events: events, incidents: try incidents(of: row),
            merged: try linked("merged_into", to: row, for: reader), recurrences: try linked("recurrence_of", to: row, for: reader),
            duplicates: try duplicates(of: row, for: reader))
    }

    /// Whoever may read a case may read what is in it.
    private func incidents(of row: CaseRow) throws -> [IncidentItem] {
        var query = Query()
        query.text = "ci.case_id = \(query.bind(.text(row.id))) ORDER BY i.first_seen_ms DESC, i.incident_id DESC LIMIT "
        query.text += query.bind(SQLValue(CaseRow.listedIncidents))
        return try incidentRows(query).map { try $0.item() }
    }

    /// Cases whose column names this one, the newest first, at most 20.
    private func linked(_ column: String, to row: CaseRow, for reader: Reader) throws -> [LinkedCaseView] {
        var query = Query()
        let mayRead = reader.mayReadCase(&query)
        query.text = "c.\(column) = \(query.bind(.text(try row.row.text("case_no")))) AND \(mayRead) ORDER BY c.opened_ms DESC LIMIT 20"
        return try caseRows(query).map { try $0.link() }
    }

    /// Those of the objects that the reader may see.
    func visible(_ objects: Set<FeedObject>, for reader: Reader) throws -> Set<FeedObject> {
        Set(try states(of: objects, for: reader).keys)
    }

    /// The latest state of those objects that the reader may see.
    func states(of objects: Set<FeedObject>, for reader: Reader) throws -> [FeedObject: FeedChange] {
        var found: [FeedObject: FeedChange] = [:]
        for chunk in objects.filter({ $0.kind == .incident }).map(\.id).sorted().chunks(of: 256) {
            var query = Query()
            let mayRead = reader.mayReadIncident(&query)
            query.text = "\(mayRead) AND i.incident_id IN \(query.list(chunk.map { .text($0) }))"
            for row in try incidentRows(query) {
                let item = try row.item()
                found[FeedObject(kind: .incident, id: item.id)] = .incident(item)
            }
        }
        for chunk in objects.filter({ $0.kind == .case }).map(\.id).sorted().chunks(of: 256) {
            var query = Query()
            let mayRead = reader.mayReadCase(&query)
            query.text = "\(mayRead) AND c.case_no IN \(query.list(chunk.map { .text($0) }))"
            for item in try items(caseRows(query), for: reader) { found[FeedObject(kind: .case, id: item.no)] = .case(item) }
        }
        return found
    }
}

extension Array {
    /// Slices of at most `size`, so that a statement keeps a bounded number of parameters.
    func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
