// Which cases of late would have gone elsewhere, had the cameras been what they are about to be.
// stored cases × old and new cameras → **diversions** → operator

import Base
package import Domain
import Grids
import Storage

/// A case as its first incident placed it.
struct CasePlace: Sendable, Hashable {
    var number: String
    var openedAt: WallTime
    var camera: CameraID
    var preset: String
    var zone: String
}

/// One case that another list of cameras would have sent to another grid.
package struct CaseDiversion: Encodable, Sendable, Hashable {
    package var no: String
    package var openedAt: String
    package var camera: NamedReference
    /// Null where no grid answered.
    @NullWhenNil package var from: GridReference?
    @NullWhenNil package var to: GridReference?

    enum CodingKeys: String, CodingKey {
        case no, camera, from, to
        case openedAt = "opened_at"
    }

    /// Of these cases, those that `after` sends elsewhere than `before`. What another map or another binding changed since plays no part.
    static func all(_ places: [CasePlace], from before: Registry, to after: Registry) -> [CaseDiversion] {
        places.compactMap { place in
            guard let old = before.cameras[place.camera], let new = after.cameras[place.camera] else { return nil }
            let from = before.answer(for: old, preset: place.preset, zone: place.zone).grid
            let to = after.answer(for: new, preset: place.preset, zone: place.zone).grid
            guard from != to else { return nil }
            return CaseDiversion(
                no: place.number, openedAt: place.openedAt.description, camera: NamedReference(id: new.id.digits, name: new.name),
                from: before.reference(from), to: after.reference(to))
        }
    }
}

/// The cases of a time, judged by another list of cameras.
package struct CaseDiversions: Encodable, Sendable, Hashable {
    package var days: Int
    /// Cases of the changed cameras that were looked at.
    package var looked: Int
    /// How many would have gone elsewhere; `items` are the newest of them, at most `mostListed`.
    package var count: Int
    package var items: [CaseDiversion]

    static let days = 30
    static let mostLooked = 20_000
    static let mostListed = 200
}

extension Registry {
    /// This registry with some cameras new or changed.
    func replacing(_ changed: [Camera]) -> Registry {
        var next = self
        for camera in changed { next.cameras[camera.id] = camera }
        next.answers = CameraAnswers()
        return next
    }

    fileprivate func reference(_ code: GridCode?) -> GridReference? {
        code.flatMap { grids[$0] }.map { GridReference(code: $0.code.digits, name: $0.name) }
    }
}

extension MapStore {
    /// Which cases of the last 30 days would have gone elsewhere if these cameras had been as they are given.
    package func diversions(of changed: [Camera]) async throws -> CaseDiversions {
        let before = registry.current
        let known = changed.filter { before.cameras[$0.id] != nil }.map(\.id)
        let since = time.wallNow.adding(seconds: -Double(CaseDiversions.days) * 86_400)
        let places = try await file.read { sql in
            try known.chunks(of: 256).flatMap { try CasePlace.read($0, since: since, sql) }
        }.prefix(CaseDiversions.mostLooked)
        let found = CaseDiversion.all(Array(places), from: before, to: before.replacing(changed))
            .sorted { ($0.openedAt, $0.no) > ($1.openedAt, $1.no) }
        return CaseDiversions(
            days: CaseDiversions.days, looked: places.count, count: found.count, items: Array(found.prefix(CaseDiversions.mostListed)))
    }
}

extension CasePlace {
    fileprivate static func read(_ cameras: ArraySlice<CameraID>, since: WallTime, _ sql: any SQLConnection) throws -> [CasePlace] {
        var query = Query()
        let from = query.bind(.integer(since.millisecondsSince1970))
        query.text = """
            SELECT c.case_no, c.opened_ms, i.camera_id, i.preset, i.zone FROM "case" c
            JOIN incident i ON i.incident_id = (SELECT MIN(incident_id) FROM case_incident WHERE case_id = c.case_id)
            WHERE c.opened_ms >= \(from) AND c.case_no IS NOT NULL AND i.camera_id IN \(query.list(cameras.map { .text($0.digits) }))
            ORDER BY c.opened_ms DESC, c.case_id DESC LIMIT \(CaseDiversions.mostLooked)
            """
        return try sql.rows(query.text, query.values).compactMap { row in
            guard let camera = CameraID(try row.text("camera_id")) else { return nil }
            return CasePlace(
                number: try row.text("case_no"), openedAt: WallTime(millisecondsSince1970: try row.int("opened_ms")), camera: camera,
                preset: StoredText.unescape(try row.text("preset")), zone: StoredText.unescape(try row.text("zone")))
        }
    }
}
