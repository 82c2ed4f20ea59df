// What operators decide about cameras: which grid a camera, a preset or a zone belongs to. The next incident goes by it.
// operator → **binding** → registry → incidents

import Base
package import Domain
import Foundation
import Grids
import Storage

/// What a person wants to bind, and to what.
package struct BindingWish: Sendable, Hashable {
    /// What is bound.
    package enum Scope: Sendable, Hashable {
        case camera
        /// A preset by its token.
        case preset(String)
        /// A zone by its name.
        case zone(String)
    }

    /// To what.
    package enum Place: Sendable, Hashable {
        /// Geometry decides.
        case automatic
        case grid(GridCode)
        /// The ground that a zone shows, as the corners of one ring.
        case ground([GeoPoint])
    }

    package var scope: Scope
    package var place: Place
    package var reason: String
    /// The version that the person saw.
    package var expectedVersion: Int

    package init(_ scope: Scope, _ place: Place, reason: String, expectedVersion: Int) {
        self.scope = scope
        self.place = place
        self.reason = reason
        self.expectedVersion = expectedVersion
    }

    /// Corners of a zone's ground at most.
    package static let mostCorners = 64

    /// What is wrong with it, and with which field of the request; nil when it can be done.
    func complaint(_ grids: GridSet) -> (field: String, message: String)? {
        if reason.allSatisfy(\.isWhitespace) { return ("reason", "a binding needs a reason") }
        if reason.count > GridSetLife.reasonLimit { return ("reason", "is longer than \(GridSetLife.reasonLimit) characters") }
        if case .preset(let name) = scope, !(1...64).contains(name.utf8.count) { return ("name", "a preset has a token of 1 to 64 bytes") }
        if case .zone(let name) = scope, !(1...64).contains(name.utf8.count) { return ("name", "a zone has a name of 1 to 64 bytes") }
        switch place {
        case .automatic: return nil
        case .grid(let code): return grids[code] == nil ? ("grid", "grid \(code) is not in the grid set in force") : nil
        case .ground(let ring):
            guard case .zone = scope else { return ("ground", "only a zone has ground of its own") }
            guard (3...Self.mostCorners).contains(ring.count) else { return ("ground", "needs 3 to \(Self.mostCorners) corners") }
            let isSomewhere = ring.contains { grids.locate($0) != nil }
            return isSomewhere ? nil : ("ground", "none of its corners lies in the district")
        }
    }
}

/// What came of a wish to bind.
package enum BindingOutcome: Sendable {
    case done(CameraBindingView)
    case notFound
    /// Somebody else was faster; what stands now.
    case stale(CameraBindingView)
    case refused(field: String, message: String)
}

extension MapStore {
    /// Binds a camera, a preset or a zone, or leaves it to geometry; either way a review that was asked for is done.
    package func bind(_ id: CameraID, _ wish: BindingWish, by operator: Reader) async throws -> BindingOutcome {
        let now = time.wallNow
        let (outcome, map) = try await file.write { [registry] sql -> (BindingOutcome, StoredMap?) in
            var current = try registry.current(in: sql)
            guard let camera = current.cameras[id] else { return (.notFound, nil) }
            let version = try CameraStandings.version(of: id, sql)
            guard version == wish.expectedVersion else { return (.stale(try CameraBindingView.read(camera, current, sql)), nil) }
            if let complaint = wish.complaint(current.grids) {
                return (.refused(field: complaint.field, message: complaint.message), nil)
            }
            try wish.write(camera, version: version + 1, gridSet: current.gridSetVersion, by: `operator`, now: now, sql)
            try CameraStandings.settle(camera, version: version + 1, sql)
            try sql.run("UPDATE map_head SET bindings = bindings + 1 WHERE id = 1")
            let map = try StoredMap.read(sql, revision: MapRevision.read(sql), knownSet: current.mapRevision.gridSet)
            current = current.placing(map)
            return (.done(try CameraBindingView.read(camera, current, sql)), map)
        }
        if let map { registry.adopt(map) }
        return outcome
    }

    /// Which grid answers for a camera and how that came about; nil for a camera that is not registered.
    package func binding(of id: CameraID) async throws -> CameraBindingView? {
        let registry = registry.current
        guard let camera = registry.cameras[id] else { return nil }
        return try await file.read { try CameraBindingView.read(camera, registry, $0) }
    }
}

extension BindingWish {
    fileprivate var words: (scope: String, name: String) {
        switch scope {
        case .camera: ("camera", "")
        case .preset(let token): ("preset", token)
        case .zone(let name): ("zone", name)
        }
    }

    /// Closes what counted and opens what counts from now on.
    fileprivate func write(
        _ camera: Camera, version: Int, gridSet: String, by person: Reader, now: WallTime, _ sql: any SQLConnection
    ) throws {
        let (scope, name) = words
        let moment = SQLValue.integer(now.millisecondsSince1970)
        try sql.run(
            """
            UPDATE camera_binding SET valid_to_ms = $4 WHERE camera_id = $1 AND scope = $2 AND name = $3 AND valid_to_ms IS NULL
            """, [.text(camera.id.digits), .text(scope), .text(StoredText.escape(name)), moment])
        var (grid, ground): (String?, String?)
        switch place {
        case .automatic: break
        case .grid(let code): grid = code.digits
        case .ground(let ring):
            ground = String(decoding: try JSONEncoder().encode(ring.map { [Int($0.lonE7), Int($0.latE7)] }), as: UTF8.self)
        }
        try sql.run(
            """
            INSERT INTO camera_binding (camera_id, version, scope, name, grid_code, ground_json, valid_from_ms, set_by, set_by_name, reason,
                grid_set) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .text(camera.id.digits), SQLValue(version), .text(scope), .text(StoredText.escape(name)), SQLValue(grid), SQLValue(ground),
                moment, .text(StoredText.escape(person.id)), .text(StoredText.escape(person.name)), .text(StoredText.escape(reason)),
                .text(gridSet),
            ])
    }
}

extension CameraBindings {
    /// Takes one open row of `camera_binding` over. A preset or zone that is left to geometry has no binding.
    mutating func take(_ row: SQLRow) throws {
        let name = StoredText.unescape(try row.text("name"))
        let grid = try row.textOrNil("grid_code").flatMap { GridCode($0) }
        switch try row.text("scope") {
        case "preset": presets[name] = grid
        case "zone":
            if let text = try row.textOrNil("ground_json") {
                let ring = try JSONDecoder().decode([[Int32]].self, from: Data(text.utf8)).map { GeoPoint(lonE7: $0[0], latE7: $0[1]) }
                zones[name] = .ground(Ground([GroundPolygon(exterior: ring)]))
            } else {
                zones[name] = grid.map { .grid($0) }
            }
        default: camera = grid.map { .grid($0) } ?? .automatic
        }
    }
}

/// Which grid answers for a camera, how that was found, and every decision that led there.
package struct CameraBindingView: Encodable, Sendable, Hashable {
    /// One decision of a person.
    package struct Decision: Encodable, Sendable, Hashable {
        package var version: Int
        /// `camera`, `preset` or `zone`.
        package var scope: String
        package var name: String
        /// Null for ground of its own, and where geometry decides.
        @NullWhenNil package var grid: String?
        package var hasGround: Bool
        package var from: String
        /// Null for what counts now.
        @NullWhenNil package var to: String?
        package var by: NamedReference
        package var reason: String
        package var gridSet: String

        enum CodingKeys: String, CodingKey {
            case version, scope, name, grid, from, to, by, reason
            case hasGround = "has_ground"
            case gridSet = "grid_set"
        }
    }

    /// To be named when something is changed.
    package var version: Int
    /// A raw value of `GridMethod`.
    package var method: String
    @NullWhenNil package var grid: GridReference?
    @NullWhenNil package var share: Double?
    package var nearBorder: Bool
    package var neighbours: [GridReference]
    /// Where the pole stands, whatever decides.
    @NullWhenNil package var standsIn: GridReference?
    /// Why a person must look again.
    @NullWhenNil package var review: String?
    package var gridSet: String
    /// The newest first, at most 100.
    package var history: [Decision]

    enum CodingKeys: String, CodingKey {
        case version, method, grid, share, neighbours, review, history
        case nearBorder = "near_border"
        case standsIn = "stands_in"
        case gridSet = "grid_set"
    }

    static func read(_ camera: Camera, _ registry: Registry, _ sql: any SQLConnection) throws -> CameraBindingView {
        let answer = registry.answer(for: camera)
        func reference(_ code: GridCode?) -> GridReference? {
            code.flatMap { registry.grids[$0] }.map { GridReference(code: $0.code.digits, name: $0.name) }
        }
        let history = try sql.rows(
            "SELECT * FROM camera_binding WHERE camera_id = $1 ORDER BY version DESC LIMIT 100", [.text(camera.id.digits)])
        return CameraBindingView(
            version: try CameraStandings.version(of: camera.id, sql), method: answer.method.rawValue, grid: reference(answer.grid),
            share: answer.share, nearBorder: answer.nearBorder, neighbours: answer.neighbours.compactMap { reference($0) },
            standsIn: reference(answer.location?.grid), review: registry.review(of: camera), gridSet: registry.gridSetVersion,
            history: try history.map(Decision.init))
    }
}

extension CameraBindingView.Decision {
    fileprivate init(_ row: SQLRow) throws {
        self.init(
            version: Int(try row.int("version")), scope: try row.text("scope"), name: StoredText.unescape(try row.text("name")),
            grid: try row.textOrNil("grid_code"), hasGround: try row.textOrNil("ground_json") != nil,
            from: WallTime(millisecondsSince1970: try row.int("valid_from_ms")).description,
            to: try row.intOrNil("valid_to_ms").map { WallTime(millisecondsSince1970: $0).description },
            by: NamedReference(
                id: StoredText.unescape(try row.text("set_by")), name: StoredText.unescape(try row.text("set_by_name"))),
            reason: StoredText.unescape(try row.text("reason")), gridSet: try row.text("grid_set"))
    }
}
