// One grid set takes the place of another: lineage, open cases and cameras in one transaction, or nothing of it.
// grid set → **publication** → registry, cases, feed

import Base
import Domain
import Grids
import Storage

extension MapStore {
    /// Puts a checked set in force. Who drew it does not publish it.
    package func publish(_ number: Int, by publisher: Reader) async throws -> GridSetOutcome {
        guard let text = try await file.read({ try GridSetText.find(number, $0) }) else { return .notFound }
        return try await put(text, by: publisher) { _ in number }
    }

    /// Puts the set before the present one in force again, as a publication of its own; a second time comes back to the present one.
    ///
    /// Its author is that of the set it restores, so that nobody brings a map of their own back alone.
    package func rollBack(reason: String, by publisher: Reader) async throws -> GridSetOutcome {
        if let complaint = GridSetLife.complaint(aboutReason: reason) { return .refused(complaint) }
        guard let former = try await file.read({ try GridSetText.former($0) }) else { return .notFound }
        let now = time.wallNow
        return try await put(former, by: publisher, isRollback: true) { sql in
            let author = try GridSetItem.read(former.number, sql).author
            let draft = GridSetDraft(boundary: former.boundary, grids: former.grids, reason: reason, validFrom: now)
            return try draft.insert(
                sql, state: .checked, basedOn: MapRevision.lock(sql).gridSet, restores: former.number,
                by: Reader(role: .supervisor, id: author.id, name: author.name), now: now)
        }
    }

    /// The expensive half outside the transaction, then everything that must be true together inside it.
    private func put(
        _ text: GridSetText, by publisher: Reader, isRollback: Bool = false,
        numbered number: @escaping @Sendable (any SQLConnection) throws -> Int
    ) async throws -> GridSetOutcome {
        let before = try await file.write { [registry] in try registry.current(in: $0) }
        let (grids, seen) = try await onOwnThread("publish") {
            let map = try text.map()
            return (map.grids, GridSetFindings(map, staffed: before.staffed, basedOn: 0, inForce: 0))
        }
        let prepared = try await onOwnThread("lineage") {
            Publication(text, grids, after: before.grids, registry: before, undoes: isRollback ? before.mapRevision.gridSet : nil)
        }
        let now = time.wallNow
        let (refusal, map, effects) = try await file.write { [registry] sql -> (GridSetRefusal?, StoredMap?, CaseTransaction.Effects) in
            let current = try registry.current(in: sql)
            guard current.mapRevision.gridSet == before.mapRevision.gridSet else {
                throw Failure(.conflict, "another grid set was published at the same moment")
            }
            let number = try number(sql)
            let row = try GridSetItem.read(number, sql)
            var (findings, life) = (seen, row.life)
            (findings.basedOn, findings.inForce) = (row.basedOn, current.mapRevision.gridSet)
            if let refusal = life.apply(.publish, role: publisher.role, actor: publisher.id, findings: findings, now: now) {
                // A rollback that is refused leaves no set behind.
                if isRollback { try sql.run("DELETE FROM grid_set WHERE number = $1", [SQLValue(number)]) }
                return (refusal, nil, .init())
            }
            var publication = prepared
            // Bindings and cameras may have changed since the lineage was drawn; they are taken as they are now.
            publication.text = GridSetText(number: number, sha256: text.sha256, boundary: text.boundary, grids: text.grids)
            publication.registry = current
            var (revision, effects) = (current.mapRevision, CaseTransaction.Effects())
            try publication.run(sql, revision: &revision, by: publisher, now: now, effects: &effects)
            var map = try StoredMap.read(sql, revision: revision, knownSet: number)
            map.set = (publication.text, grids)
            return (nil, map, effects)
        }
        if let refusal { return .refused(refusal) }
        if let map {
            registry.adopt(map)
            if let newest = effects.newestFeed { signal.announce(newest) }
        }
        return .done(try await detail(map?.revision.gridSet ?? text.number))
    }
}

/// A publication that was thought through and waits for its transaction.
struct Publication: Sendable {
    var text: GridSetText
    let grids: GridSet
    let before: GridSet
    let lineage: GridLineage
    /// The registry as it was before.
    var registry: Registry
    /// The set whose consequences for cases are taken back where they still stand.
    let undoes: Int?

    init(_ text: GridSetText, _ grids: GridSet, after before: GridSet, registry: Registry, undoes: Int?) {
        self.text = text
        self.grids = grids
        self.before = before
        self.registry = registry
        self.undoes = undoes
        lineage = GridLineage(from: before, to: grids)
    }

    /// Does all of it in the caller's transaction, which holds the lock on the head of the map.
    func run(
        _ sql: any SQLConnection, revision: inout MapRevision, by publisher: Reader, now: WallTime, effects: inout CaseTransaction.Effects
    ) throws {
        let former = revision.gridSet
        revision.gridSet = text.number
        try sql.run(
            "UPDATE grid_set SET state = 'retired', retired_ms = $2 WHERE number = $1 AND state = 'published'",
            [SQLValue(former), .integer(now.millisecondsSince1970)])
        try sql.run(
            """
            UPDATE grid_set SET state = 'published', publisher = $2, publisher_name = $3, published_ms = $4
            WHERE number = $1 AND state = 'checked'
            """,
            [
                SQLValue(text.number), .text(StoredText.escape(publisher.id)), .text(StoredText.escape(publisher.name)),
                .integer(now.millisecondsSince1970),
            ])
        try sql.run("UPDATE map_head SET grid_set = $1 WHERE id = 1", [SQLValue(text.number)])
        try writeLineage(sql)
        try writeMoves(sql)
        let map = StoredMap(revision: revision, set: (text, grids), bindings: registry.bindings, reviews: registry.reviews)
        let next = registry.placing(map)
        (_, effects) = try CaseTransaction.run(sql, next, now: now) { try rehome(&$0) }
    }

    private func writeLineage(_ sql: any SQLConnection) throws {
        for link in lineage.links where link.kind != .keep {
            try sql.run(
                """
                INSERT INTO grid_lineage (grid_set, from_code, to_code, kind, overlap_m2, share_of_old, share_of_new)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    SQLValue(text.number), .text(link.from.digits), .text(link.to.digits), .text(link.kind.rawValue),
                    .real(link.overlapSquareMetres), .real(link.shareOfOld), .real(link.shareOfNew),
                ])
        }
    }

    private func writeMoves(_ sql: any SQLConnection) throws {
        let cameras = registry.cameras.values.sorted { $0.id < $1.id }
        for move in CameraMove.all(cameras, bindings: registry.bindings, from: before, to: grids) {
            try sql.run(
                "INSERT INTO camera_move (grid_set, camera_id, from_grid, to_grid, method, needs_review) VALUES ($1, $2, $3, $4, $5, $6)",
                [
                    SQLValue(text.number), .text(move.camera.id.digits), SQLValue(move.before.grid?.digits),
                    SQLValue(move.after.grid?.digits), .text(move.after.method.rawValue), move.needsReview ? 1 : 0,
                ])
        }
    }

    // MARK: open cases

    private func rehome(_ transaction: inout CaseTransaction) throws {
        let succession = Succession(lineage)
        let restored = try undoes.map { try Self.origins($0, transaction.sql) } ?? [:]
        let states = CaseState.allCases.filter { RehomingStep($0) != .untouched }.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        var query = Query()
        // The first incident says where it happened; a case that people reported may have none.
        query.text = """
            SELECT c.*, i.camera_id, i.preset, i.zone, i.lon_e7, i.lat_e7, i.camera_name FROM "case" c
            LEFT JOIN incident i ON i.incident_id = (SELECT MIN(incident_id) FROM case_incident WHERE case_id = c.case_id)
            WHERE c.state IN (\(states)) AND (c.grid_code IS NULL OR c.grid_code IN \
            \(query.list(succession.changed.map { .text($0.digits) }))) ORDER BY c.case_id
            """
        for row in try transaction.sql.rows(query.text, query.values) {
            let old = try row.textOrNil("grid_code").flatMap { GridCode($0) }
            let origin = try restored[row.text("case_id")].flatMap { $0.to == old ? $0.from : nil }
            let place = try transaction.registry.grid(ofIncident: row)
            let heir = origin.map { Succession.Heir(grid: $0, kind: .keep, share: 1) } ?? succession.home(after: old, place: place)
            guard let heir, let home = grids[heir.grid] else { continue }
            try transaction.rehome(row, to: home, kind: origin == nil ? heir.kind.rawValue : "restored", set: text)
        }
    }

    /// Where the cases came from that a set moved.
    private static func origins(_ number: Int, _ sql: any SQLConnection) throws -> [String: (from: GridCode?, to: GridCode?)] {
        var origins: [String: (from: GridCode?, to: GridCode?)] = [:]
        for row in try sql.rows("SELECT case_id, from_grid, to_grid FROM rehoming WHERE grid_set = $1", [SQLValue(number)]) {
            origins[try row.text("case_id")] = (
                try row.textOrNil("from_grid").flatMap { GridCode($0) }, GridCode(try row.text("to_grid"))
            )
        }
        return origins
    }
}
