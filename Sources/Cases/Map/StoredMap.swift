// The map in force as it is stored, and the registry that answers by it: a publication anywhere is seen by the next transaction.
// grid set, bindings on disk → **registry** → incidents

import Base
import Domain
import Foundation
import Grids
import Storage

/// Which grid set and which bindings a registry answers by; 0 is the district's own files.
package struct MapRevision: Sendable, Hashable {
    package var gridSet = 0
    package var bindings = 0

    package init() {}

    /// Reads it and keeps it from changing until the transaction ends.
    static func lock(_ sql: any SQLConnection) throws -> MapRevision {
        try MapRevision(sql.row("UPDATE map_head SET bindings = bindings WHERE id = 1 RETURNING grid_set, bindings"))
    }

    static func read(_ sql: any SQLConnection) throws -> MapRevision {
        try MapRevision(sql.row("SELECT grid_set, bindings FROM map_head WHERE id = 1"))
    }

    private init(_ row: SQLRow?) throws {
        guard let row else { throw Failure(.dataLoss, "the head of the map is missing") }
        gridSet = Int(try row.int("grid_set"))
        bindings = Int(try row.int("bindings"))
    }
}

/// What the store knows of the map: the set in force and what people decided about cameras.
struct StoredMap: Sendable {
    var revision: MapRevision
    /// Nil while no set is stored, when the district's files count, and when the reader knows it already.
    var set: (text: GridSetText, grids: GridSet)?
    var bindings: [CameraID: CameraBindings] = [:]
    /// Cameras whose grid must be looked at again, and why.
    var reviews: [CameraID: String] = [:]

    /// Reads all of it; the geometry unless its set is `knownSet`.
    static func read(_ sql: any SQLConnection, revision: MapRevision, knownSet: Int?) throws -> StoredMap {
        var map = StoredMap(revision: revision)
        if revision.gridSet != knownSet {
            let text = try GridSetText.read(revision.gridSet, sql)
            map.set = (text, try text.map().grids)
        }
        for row in try sql.rows("SELECT * FROM camera_binding WHERE valid_to_ms IS NULL ORDER BY camera_id, version") {
            guard let id = CameraID(try row.text("camera_id")) else { continue }
            try map.bindings[id, default: CameraBindings()].take(row)
        }
        for row in try sql.rows("SELECT camera_id, review FROM camera_standing WHERE review IS NOT NULL") {
            if let id = CameraID(try row.text("camera_id")) { map.reviews[id] = StoredText.unescape(try row.text("review")) }
        }
        return map
    }
}

/// A grid set as it is stored, its geometry proven to be the one that was stored.
struct GridSetText: Sendable {
    let number: Int
    let sha256: String
    let boundary: [UInt8]
    let grids: [UInt8]

    /// Names the set in every resolution: its number, and the first digits of what its geometry hashes to.
    var version: String { Self.version(number, sha256) }
    static func version(_ number: Int, _ sha256: String) -> String { "\(number)-\(sha256.prefix(12))" }

    static func hash(boundary: [UInt8], grids: [UInt8]) -> String { SHA256Hex.of(Array("\(boundary.count):".utf8) + boundary + grids) }

    static func read(_ number: Int, _ sql: any SQLConnection) throws -> GridSetText {
        let row = try sql.row("SELECT boundary_json, grids_json, sha256 FROM grid_set WHERE number = $1", [SQLValue(number)])
        guard let row else { throw Failure(.dataLoss, "a grid set is missing", context: [("number", "\(number)")]) }
        let text = GridSetText(
            number: number, sha256: try row.text("sha256"), boundary: Array(StoredText.unescape(try row.text("boundary_json")).utf8),
            grids: Array(StoredText.unescape(try row.text("grids_json")).utf8))
        guard hash(boundary: text.boundary, grids: text.grids) == text.sha256 else {
            throw Failure(.dataLoss, "the geometry of a grid set was changed in the store", context: [("number", "\(number)")])
        }
        return text
    }

    /// One set, or nil.
    static func find(_ number: Int, _ sql: any SQLConnection) throws -> GridSetText? {
        try GridSetItem.find(number, sql) == nil ? nil : read(number, sql)
    }

    /// The set that was in force before the present one, or nil.
    static func former(_ sql: any SQLConnection) throws -> GridSetText? {
        let row = try sql.row(
            """
            SELECT number FROM grid_set WHERE state = 'retired' AND published_ms IS NOT NULL ORDER BY retired_ms DESC, number DESC LIMIT 1
            """)
        return try row.map { try read(Int($0.int("number")), sql) }
    }

    /// The map; what is stored was readable when it came in.
    func map() throws -> DistrictMap {
        let (map, findings) = DistrictReader.map(boundary: boundary, grids: grids)
        guard let map else {
            throw Failure(
                .dataLoss, "grid set \(number) cannot be read: \(findings.first.map { "\($0)" } ?? "no reason")",
                context: [("number", "\(number)")])
        }
        return map
    }
}

extension Registry {
    /// This registry under another map.
    func placing(_ map: StoredMap) -> Registry {
        var next = self
        if let set = map.set {
            next.grids = set.grids
            next.gridSetVersion = set.text.version
            next.geoJSON = set.text.grids
        }
        next.bindings = map.bindings
        next.reviews = map.reviews
        next.mapRevision = map.revision
        next.answers = CameraAnswers()
        return next
    }
}

extension RegistryBox {
    /// The registry for a transaction that resolves grids. When a map was published since, here or in another process, it is read first.
    func current(in sql: any SQLConnection) throws -> Registry {
        let registry = current
        let revision = try MapRevision.lock(sql)
        if revision == registry.mapRevision { return registry }
        return adopt(try StoredMap.read(sql, revision: revision, knownSet: registry.mapRevision.gridSet))
    }

    /// Puts what the store says over the registry in force, which a reload may have replaced meanwhile.
    @discardableResult
    func adopt(_ map: StoredMap) -> Registry { update { $0.placing(map) } }
}
