// Grid sets as readers see them: plain values that encode to the JSON of the HTTP API.
// grid sets → **lists, details** → pages, commands

import Base
import Domain
import Grids
import Storage

/// One row of the list of grid sets.
package struct GridSetItem: Encodable, Sendable, Hashable {
    package var number: Int
    /// As resolutions name it.
    package var version: String
    package var state: String
    package var basedOn: Int
    /// The set whose map it brought back.
    @NullWhenNil package var restores: Int?
    package var reason: String
    package var author: NamedReference
    package var createdAt: String
    @NullWhenNil package var checker: String?
    @NullWhenNil package var checkedAt: String?
    @NullWhenNil package var publisher: NamedReference?
    @NullWhenNil package var publishedAt: String?
    @NullWhenNil package var retiredAt: String?
    package var validFrom: String

    enum CodingKeys: String, CodingKey {
        case number, version, state, restores, reason, author, checker, publisher
        case basedOn = "based_on"
        case createdAt = "created_at"
        case checkedAt = "checked_at"
        case publishedAt = "published_at"
        case retiredAt = "retired_at"
        case validFrom = "valid_from"
    }

    /// All columns but the geometry.
    static let columns = """
        number, based_on, restores, state, reason, author, author_name, created_ms, checker, checked_ms, publisher, publisher_name,
        published_ms, retired_ms, valid_from_ms, sha256
        """

    init(_ row: SQLRow) throws {
        func text(_ name: String) throws -> String? { try row.textOrNil(name).map(StoredText.unescape) }
        func time(_ name: String) throws -> String? { try row.intOrNil(name).map { WallTime(millisecondsSince1970: $0).description } }
        func person(_ name: String) throws -> NamedReference? {
            try text(name).map { NamedReference(id: $0, name: try text(name + "_name") ?? $0) }
        }
        number = Int(try row.int("number"))
        version = GridSetText.version(number, try row.text("sha256"))
        state = try row.text("state")
        basedOn = Int(try row.int("based_on"))
        restores = try row.intOrNil("restores").map { Int($0) }
        reason = try text("reason") ?? ""
        author = try person("author") ?? NamedReference(id: "", name: "")
        createdAt = try time("created_ms") ?? ""
        checker = try text("checker")
        checkedAt = try time("checked_ms")
        publisher = try person("publisher")
        publishedAt = try time("published_ms")
        retiredAt = try time("retired_ms")
        validFrom = try time("valid_from_ms") ?? ""
    }

    static func find(_ number: Int, _ sql: any SQLConnection) throws -> GridSetItem? {
        try sql.row("SELECT \(columns) FROM grid_set WHERE number = $1", [SQLValue(number)]).map(GridSetItem.init)
    }

    static func read(_ number: Int, _ sql: any SQLConnection) throws -> GridSetItem {
        guard let item = try find(number, sql) else {
            throw Failure(.internal, "a grid set is gone", context: [("number", "\(number)")])
        }
        return item
    }

    /// The set as the transition table sees it.
    var life: GridSetLife {
        GridSetLife(
            state: GridSetState(rawValue: state) ?? .retired, author: author.id,
            validFrom: WallTime(validFrom) ?? WallTime(millisecondsSince1970: 0))
    }
}

/// A grid set with what its publication changed.
package struct GridSetDetail: Encodable, Sendable, Hashable {
    /// Ground of one grid in another.
    package struct Link: Encodable, Sendable, Hashable {
        package var from: String
        package var to: String
        package var kind: String
        package var overlapM2: Double
        package var shareOfOld: Double
        package var shareOfNew: Double

        enum CodingKeys: String, CodingKey {
            case from, to, kind
            case overlapM2 = "overlap_m2"
            case shareOfOld = "share_of_old"
            case shareOfNew = "share_of_new"
        }
    }

    /// A case that another grid is the home of.
    package struct MovedCase: Encodable, Sendable, Hashable {
        @NullWhenNil package var no: String?
        /// A raw value of `RehomingStep`: `resolve`, `redispatch` or `relabel`.
        package var step: String
        @NullWhenNil package var from: String?
        package var to: String
        @NullWhenNil package var fromAssignee: String?
        @NullWhenNil package var toAssignee: String?

        enum CodingKeys: String, CodingKey {
            case no, step, from, to
            case fromAssignee = "from_assignee"
            case toAssignee = "to_assignee"
        }
    }

    /// A camera that another grid answers for.
    package struct MovedCamera: Encodable, Sendable, Hashable {
        package var camera: String
        @NullWhenNil package var from: String?
        @NullWhenNil package var to: String?
        package var method: String
        package var needsReview: Bool

        enum CodingKeys: String, CodingKey {
            case camera, from, to, method
            case needsReview = "needs_review"
        }
    }

    package var item: GridSetItem
    /// All but the grids that were kept as they were.
    package var lineage: [Link]
    package var cases: [MovedCase]
    package var cameras: [MovedCamera]

    enum CodingKeys: String, CodingKey { case lineage, cases, cameras }

    /// Writes one flat object as the API promises it.
    package func encode(to encoder: any Encoder) throws {
        try item.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(lineage, forKey: .lineage)
        try container.encode(cases, forKey: .cases)
        try container.encode(cameras, forKey: .cameras)
    }

    /// How many cases, and cameras, a publication may move and still be listed in full.
    private static let listed = 5000

    static func read(_ number: Int, _ sql: any SQLConnection) throws -> GridSetDetail? {
        guard let item = try GridSetItem.find(number, sql) else { return nil }
        let value = [SQLValue(number)]
        let lineage = try sql.rows("SELECT * FROM grid_lineage WHERE grid_set = $1 ORDER BY from_code, to_code", value).map { row in
            Link(
                from: try row.text("from_code"), to: try row.text("to_code"), kind: try row.text("kind"),
                overlapM2: try row.real("overlap_m2"), shareOfOld: try row.real("share_of_old"), shareOfNew: try row.real("share_of_new"))
        }
        let cases = try sql.rows(
            """
            SELECT r.*, c.case_no FROM rehoming r JOIN "case" c ON c.case_id = r.case_id WHERE r.grid_set = $1
            ORDER BY r.case_id LIMIT \(listed)
            """, value
        ).map { row in
            MovedCase(
                no: try row.textOrNil("case_no"), step: try row.text("step"), from: try row.textOrNil("from_grid"),
                to: try row.text("to_grid"), fromAssignee: try row.textOrNil("from_assignee"),
                toAssignee: try row.textOrNil("to_assignee"))
        }
        let cameras = try sql.rows("SELECT * FROM camera_move WHERE grid_set = $1 ORDER BY camera_id LIMIT \(listed)", value).map { row in
            MovedCamera(
                camera: try row.text("camera_id"), from: try row.textOrNil("from_grid"), to: try row.textOrNil("to_grid"),
                method: try row.text("method"), needsReview: try row.int("needs_review") != 0)
        }
        return GridSetDetail(item: item, lineage: lineage, cases: cases, cameras: cameras)
    }
}
