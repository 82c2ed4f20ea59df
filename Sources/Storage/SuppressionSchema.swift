// The suppression file, table by table, and its rows as values. A released step never changes; later steps follow it.
// **suppressions on disk** → pages

import Base
import Domain
import Foundation

enum SuppressionSchema {
    static let migrations = [
        Migration(
            1, "suppressions",
            [
                // id is a UUIDv7 in text, so that its order is the order of time. handed_ms is set once the outbox has the incident.
                """
                CREATE TABLE suppression (
                    id TEXT NOT NULL PRIMARY KEY, camera_id TEXT NOT NULL, zone TEXT NOT NULL, rule TEXT NOT NULL, category TEXT NOT NULL,
                    priority BIGINT NOT NULL, reason TEXT NOT NULL, facts_json TEXT NOT NULL,
                    box_x DOUBLE PRECISION, box_y DOUBLE PRECISION, box_width DOUBLE PRECISION, box_height DOUBLE PRECISION,
                    at_ms BIGINT NOT NULL, picture TEXT NOT NULL, picture_bytes BIGINT NOT NULL,
                    restored_by TEXT, restored_name TEXT, restored_note TEXT, restored_ms BIGINT, handed_ms BIGINT)
                """,
                "CREATE INDEX suppression_by_camera ON suppression (camera_id, id)",
                "CREATE INDEX suppression_by_reason ON suppression (reason, id)",
                "CREATE INDEX suppression_unfinished ON suppression (id) WHERE restored_ms IS NOT NULL AND handed_ms IS NULL",
                // Apart from the rows, so that a list reads no pictures.
                """
                CREATE TABLE suppression_picture (
                    id TEXT NOT NULL PRIMARY KEY REFERENCES suppression (id) ON DELETE CASCADE, jpeg BYTEA NOT NULL)
                """,
            ])
    ]

    /// The statement for one page. Times are bounds on the identity, so that one index serves every question.
    static func select(_ query: SuppressionQuery, limit: Int) -> (text: String, values: [SQLValue]) {
        var (conditions, values): ([String], [SQLValue]) = ([], [])
        func add(_ condition: String, _ value: String) {
            values.append(.text(value))
            conditions.append("\(condition) $\(values.count)")
        }
        if let camera = query.camera { add("camera_id =", camera.digits) }
        if let reason = query.reason { add("reason =", reason.rawValue) }
        if let from = query.from { add("id >=", SuppressionID.earliest(at: from).description) }
        if let to = query.to { add("id <", SuppressionID.earliest(at: to).description) }
        if let after = query.after { add("id <", after.description) }
        let place = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        return ("SELECT * FROM suppression\(place) ORDER BY id DESC LIMIT \(limit)", values)
    }

    static func find(_ id: SuppressionID, _ connection: any SQLConnection) throws -> SuppressionRecord? {
        try connection.row("SELECT * FROM suppression WHERE id = $1", [.text(id.description)]).flatMap(record)
    }

    static func picture(of id: SuppressionID, _ connection: any SQLConnection) throws -> [UInt8]? {
        try connection.row("SELECT jpeg FROM suppression_picture WHERE id = $1", [.text(id.description)])?.blob("jpeg")
    }

    static func pending(_ condition: String, _ values: [SQLValue], _ connection: any SQLConnection) throws -> [PendingRestoration] {
        try connection.rows("SELECT * FROM suppression WHERE \(condition) ORDER BY id", values).compactMap { row in
            guard let record = try record(row) else { return nil }
            return PendingRestoration(
                record: record, jpeg: try picture(of: record.id, connection), isHandedOver: try row.intOrNil("handed_ms") != nil)
        }
    }

    /// The values of a new row, in the order of `insert`.
    static func values(_ evidence: SuppressedEvidence) throws -> [SQLValue] {
        let record = evidence.record
        let facts = record.facts.prefix(Bounds.facts).map { clip($0, to: Bounds.factBytes) }
        return [
            .text(record.id.description), .text(record.camera.digits), .text(clip(record.zone, to: Bounds.wordBytes)),
            .text(clip(record.rule, to: Bounds.wordBytes)), .text(clip(record.category, to: Bounds.wordBytes)),
            SQLValue(record.priority.rawValue), .text(record.reason.rawValue),
            .text(String(decoding: try JSONEncoder().encode(Array(facts)), as: UTF8.self)),
            SQLValue(record.box?.x), SQLValue(record.box?.y), SQLValue(record.box?.width), SQLValue(record.box?.height),
            .integer(record.at.millisecondsSince1970), .text(record.picture.rawValue), SQLValue(evidence.jpeg?.count ?? 0),
        ]
    }

    static let insert = """
        INSERT INTO suppression (id, camera_id, zone, rule, category, priority, reason, facts_json, box_x, box_y, box_width, box_height,
            at_ms, picture, picture_bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """

    /// A row as a value; nil for words that only a newer Snowlight knows.
    static func record(_ row: SQLRow) throws -> SuppressionRecord? {
        guard let camera = CameraID(try row.text("camera_id")), let reason = SuppressionReason(rawValue: try row.text("reason")),
            let priority = Priority(rawValue: Int(try row.int("priority"))),
            let picture = SuppressionRecord.Picture(rawValue: try row.text("picture"))
        else { return nil }
        let sides = try ["box_x", "box_y", "box_width", "box_height"].compactMap { try row.realOrNil($0) }
        let restoration = try row.intOrNil("restored_ms").map { milliseconds in
            Restoration(
                suppressed: reason, by: try row.text("restored_by"), name: try row.text("restored_name"),
                note: try row.text("restored_note"), at: WallTime(millisecondsSince1970: milliseconds))
        }
        return SuppressionRecord(
            id: try row.suppressionID(), camera: camera, zone: try row.text("zone"), rule: try row.text("rule"),
            category: try row.text("category"), priority: priority, reason: reason,
            facts: try JSONDecoder().decode([String].self, from: Data(try row.text("facts_json").utf8)),
            box: sides.count == 4 ? RelativeBox(x: sides[0], y: sides[1], width: sides[2], height: sides[3]) : nil,
            at: WallTime(millisecondsSince1970: try row.int("at_ms")), picture: picture, restoration: restoration)
    }

    /// What one row may hold; the ring counts rows and relies on it.
    private enum Bounds {
        static let facts = 8
        static let factBytes = 512
        static let wordBytes = 64
    }

    /// The longest prefix of whole characters with at most `limit` bytes, without U+0000, which no column holds.
    private static func clip(_ text: String, to limit: Int) -> String {
        var (clipped, used) = ("", 0)
        for character in text where character != "\0" {
            used += character.utf8.count
            if used > limit { break }
            clipped.append(character)
        }
        return clipped
    }
}

extension SQLRow {
    func suppressionID() throws -> SuppressionID {
        guard let id = SuppressionID(try text("id")) else { throw Failure(.dataLoss, "a suppression has no identity") }
        return id
    }
}
