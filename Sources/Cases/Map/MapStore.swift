// Grid sets and camera bindings for the console and the commands: drawn, looked at, published, taken back.
// map files, operators → **map store** → registry → incidents

package import Base
package import Domain
import Foundation
package import Grids
package import Storage

/// The district's map in the dispatcher's store. The async calls suspend instead of blocking; safe from any task.
///
/// Until a person has published a grid set, the district's own files rule: when they change, their map is published by the system. From
/// then on only a publication changes the map.
package final class MapStore: Sendable {
    let file: any SQLDatabase
    let registry: RegistryBox
    let signal: FeedSignal
    let time: any TimeSource

    /// - Parameter file: The dispatcher's file, opened with `CasesSchema.migrations`.
    package init(file: any SQLDatabase, registry: RegistryBox, signal: FeedSignal, time: any TimeSource) {
        self.file = file
        self.registry = registry
        self.signal = signal
        self.time = time
    }

    /// Who acts where no person does.
    package static let system = Reader(role: .system, id: "system", name: "system")

    // MARK: the district's files

    /// What became of the map in the district's files.
    package enum Adoption: Sendable, Hashable {
        /// It is the first set of this store.
        case first(Int)
        /// Nobody has published a set yet, and the files changed: they are another set now.
        case followed(Int)
        /// It is the set in force.
        case same(Int)
        /// Another set is in force; the files' map counts only when somebody publishes it.
        case outranked(by: Int)
    }

    /// Puts a district that was read from files in force, under the map of the store. Blocks; for a start or a reload.
    package func adopt(_ files: Registry, boundary: [UInt8]) throws -> Adoption {
        let now = time.wallNow
        let sha256 = GridSetText.hash(boundary: boundary, grids: files.geoJSON)
        let (adoption, map, effects) = try file.write { sql -> (Adoption, StoredMap, CaseTransaction.Effects) in
            var revision = try MapRevision.lock(sql)
            var effects = CaseTransaction.Effects()
            let adoption: Adoption
            let stored = try sql.row("SELECT sha256 FROM grid_set WHERE number = $1", [SQLValue(revision.gridSet)])?.text("sha256")
            if let stored, stored == sha256 {
                adoption = .same(revision.gridSet)
            } else if stored != nil, try Self.hasPersonPublished(sql) {
                adoption = .outranked(by: revision.gridSet)
            } else {
                let reason = stored == nil ? "the district's files at the first start" : "the district's files changed"
                let draft = GridSetDraft(boundary: boundary, grids: files.geoJSON, reason: reason, validFrom: now)
                let number = try draft.insert(sql, state: .checked, basedOn: revision.gridSet, by: Self.system, now: now)
                let text = try GridSetText.read(number, sql)
                let before = revision.gridSet == 0 ? nil : try GridSetText.read(revision.gridSet, sql).map().grids
                var known = files
                known.bindings = try StoredMap.read(sql, revision: MapRevision(), knownSet: 0).bindings
                let publication = Publication(text, files.grids, after: before ?? files.grids, registry: known, undoes: nil)
                _ = try publication.run(sql, revision: &revision, by: Self.system, now: now, effects: &effects)
                adoption = stored == nil ? .first(number) : .followed(number)
            }
            try CameraStandings.sync(files.cameras, sql)
            // Where the files are the set in force, their grids need not be read again.
            if case .outranked = adoption { return (adoption, try StoredMap.read(sql, revision: revision, knownSet: nil), effects) }
            var map = try StoredMap.read(sql, revision: revision, knownSet: revision.gridSet)
            map.set = (try GridSetText.read(revision.gridSet, sql), files.grids)
            return (adoption, map, effects)
        }
        registry.replace(with: files.placing(map))
        if let newest = effects.newestFeed { signal.announce(newest) }
        return adoption
    }

    private static func hasPersonPublished(_ sql: any SQLConnection) throws -> Bool {
        try sql.row("SELECT number FROM grid_set WHERE published_ms IS NOT NULL AND publisher <> 'system' LIMIT 1") != nil
    }

    // MARK: reading

    /// All grid sets, the newest first; at most 1,000.
    package func gridSets() async throws -> [GridSetItem] {
        try await file.read { sql in
            try sql.rows("SELECT \(GridSetItem.columns) FROM grid_set ORDER BY number DESC LIMIT 1000").map(GridSetItem.init)
        }
    }

    /// One grid set with what it changed, or would change now.
    package func gridSet(_ number: Int) async throws -> GridSetDetail? {
        try await file.read { try GridSetDetail.read(number, $0) }
    }

    // MARK: before publication

    /// Stores a map as a draft. The same map may be drawn twice: another reason or date is another set.
    package func draw(_ draft: GridSetDraft, by author: Reader) async throws -> GridSetOutcome {
        if let complaint = GridSetLife.complaint(aboutReason: draft.reason) { return .refused(complaint) }
        guard [.operator, .supervisor].contains(author.role) else { return .refused(.roleMayNot(author.role, .check)) }
        let (map, findings) = try await onOwnThread("map") { DistrictReader.map(boundary: draft.boundary, grids: draft.grids) }
        guard map != nil else { return .unreadable(findings) }
        let now = time.wallNow
        let number = try await file.write { sql in
            try draft.insert(sql, state: .draft, basedOn: MapRevision.lock(sql).gridSet, by: author, now: now)
        }
        return .done(try await detail(number))
    }

    /// Looks at a draft, which must cover its district exactly once, have a gridworker for each grid, and be drawn from the set in force.
    package func check(_ number: Int, by reader: Reader) async throws -> GridSetOutcome {
        guard let text = try await file.read({ try GridSetText.find(number, $0) }) else { return .notFound }
        let staffed = registry.current.staffed
        let now = time.wallNow
        let seen = try await onOwnThread("check") { GridSetFindings(try text.map(), staffed: staffed, basedOn: 0, inForce: 0) }
        let refusal = try await file.write { sql -> GridSetRefusal? in
            let row = try GridSetItem.read(number, sql)
            var life = row.life
            var findings = seen
            (findings.basedOn, findings.inForce) = (row.basedOn, try MapRevision.lock(sql).gridSet)
            if let refusal = life.apply(.check, role: reader.role, actor: reader.id, findings: findings, now: now) { return refusal }
            try sql.run(
                "UPDATE grid_set SET state = $2, checker = $3, checked_ms = $4 WHERE number = $1",
                [
                    SQLValue(number), .text(life.state.rawValue), .text(StoredText.escape(reader.id)), .integer(now.millisecondsSince1970),
                ])
            return nil
        }
        if let refusal { return .refused(refusal) }
        return .done(try await detail(number))
    }

    /// Gives a set up that was not published. It stays in the list.
    package func withdraw(_ number: Int, by reader: Reader) async throws -> GridSetOutcome {
        let now = time.wallNow
        let refusal = try await file.write { sql -> GridSetRefusal?? in
            guard let row = try GridSetItem.find(number, sql) else { return .none }
            var life = row.life
            if let refusal = life.apply(.withdraw, role: reader.role, actor: reader.id, now: now) { return .some(refusal) }
            try sql.run(
                "UPDATE grid_set SET state = $2, retired_ms = $3 WHERE number = $1",
                [SQLValue(number), .text(life.state.rawValue), .integer(now.millisecondsSince1970)])
            return .some(nil)
        }
        guard let refusal else { return .notFound }
        if let refusal { return .refused(refusal) }
        return .done(try await detail(number))
    }

    func detail(_ number: Int) async throws -> GridSetDetail {
        guard let detail = try await gridSet(number) else {
            throw Failure(.internal, "a grid set is gone", context: [("number", "\(number)")])
        }
        return detail
    }
}

/// What came of an act on a grid set.
package enum GridSetOutcome: Sendable {
    case done(GridSetDetail)
    case notFound
    case refused(GridSetRefusal)
    /// The files are no map; what is wrong, by line.
    case unreadable([Diagnostic])
}

/// A map that somebody wants to put in force.
package struct GridSetDraft: Sendable {
    /// `district.geojson`, as written.
    package var boundary: [UInt8]
    /// `grids.geojson`, as written.
    package var grids: [UInt8]
    package var reason: String
    /// Not to be published before.
    package var validFrom: WallTime

    package init(boundary: [UInt8], grids: [UInt8], reason: String, validFrom: WallTime) {
        self.boundary = boundary
        self.grids = grids
        self.reason = reason
        self.validFrom = validFrom
    }

    /// Stores it under the next number.
    func insert(
        _ sql: any SQLConnection, state: GridSetState, basedOn: Int, restores: Int? = nil, by author: Reader, now: WallTime
    ) throws -> Int {
        let number = Int(try sql.row("SELECT COALESCE(MAX(number), 0) + 1 AS next FROM grid_set")?.int("next") ?? 1)
        try sql.run(
            """
            INSERT INTO grid_set (number, based_on, restores, state, reason, author, author_name, created_ms, valid_from_ms, boundary_json,
                grids_json, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            [
                SQLValue(number), SQLValue(basedOn), SQLValue(restores), .text(state.rawValue), .text(StoredText.escape(reason)),
                .text(StoredText.escape(author.id)), .text(StoredText.escape(author.name)), .integer(now.millisecondsSince1970),
                .integer(validFrom.millisecondsSince1970),
                .text(StoredText.escape(String(decoding: boundary, as: UTF8.self))),
                .text(StoredText.escape(String(decoding: grids, as: UTF8.self))),
                .text(GridSetText.hash(boundary: boundary, grids: grids)),
            ])
        return number
    }
}
