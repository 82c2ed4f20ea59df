// Cameras, grids and "which grid is this?" over HTTP.
// **district** → pages

import Base
import Cases
import Domain
import Grids
import Hummingbird
import NIOCore
import Storage
import Synchronization

/// The handlers for the district, on the registry in force.
struct DistrictRoutes: Sendable {
    let registry: RegistryBox
    let maps: MapStore
    let health: any CameraHealthSource
    private let map = MapFile()

    /// The map of the grid set that was asked for last, ready to be sent.
    private final class MapFile: Sendable {
        private let last = Mutex<(version: String, file: StaticFile)?>(nil)

        func file(_ registry: Registry) -> StaticFile {
            last.withLock { last in
                if let last, last.version == registry.gridSetVersion { return last.file }
                let file = StaticFile(registry.geoJSON, type: "application/geo+json; charset=utf-8")
                last = (registry.gridSetVersion, file)
                return file
            }
        }
    }

    init(registry: RegistryBox, maps: MapStore, health: any CameraHealthSource) {
        self.registry = registry
        self.maps = maps
        self.health = health
    }

    var routes: [Route] {
        [
            Route(.get, "/api/cameras", .session, cameras), Route(.get, "/api/cameras/{id}", .session, camera),
            Route(.get, "/api/grids", .session, grids),
            Route(.get, "/api/grids.geojson", .session) { map.file(registry.current).answer(to: $0.request) },
            Route(.get, "/api/locate", .session, locate), Route(.get, "/api/catalogue", .session, catalogue),
        ]
    }

    private func cameras(_ call: Call) async throws -> Response {
        let account = try call.account()
        let registry = registry.current
        let states = health.snapshot()
        let items = registry.cameras.values.sorted { $0.id < $1.id }.compactMap { camera -> JSON? in
            let answer = registry.answer(for: camera)
            guard Self.maySee(account, cameraIn: answer.grid) else { return nil }
            return .object(Self.members(camera, answer, registry, states[camera.id]))
        }
        return .json(["items": .array(items)])
    }

    private func camera(_ call: Call) async throws -> Response {
        let account = try call.account()
        let registry = registry.current
        guard let id = CameraID(call.pathPart("id")), let camera = registry.cameras[id] else { throw Refusal.notFound }
        let answer = registry.answer(for: camera)
        guard Self.maySee(account, cameraIn: answer.grid), let binding = try await maps.binding(of: id) else { throw Refusal.notFound }
        return .json(
            .object(
                Self.members(camera, answer, registry, health.snapshot()[id]) + Self.members(health.detail(of: id))
                    + [
                        .init("zones", .array(camera.areas.zones.map { .string($0.name) })), .init("ptz", .bool(camera.view.isMovable)),
                        .init("binding", try JSON(encoding: binding)),
                    ]))
    }

    private func grids(_ call: Call) async throws -> Response {
        let account = try call.account()
        let registry = registry.current
        let isOnlyMine = try call.number("mine", in: 0...1) == 1
        let items = registry.grids.all.filter { !isOnlyMine || account.grids.contains($0.code) }.map { grid -> JSON in
            // Who works where is for those who send people there, and for the worker's own grid.
            let worker = Self.maySee(account, cameraIn: grid.code) ? registry.worker(of: grid.code) : nil
            return [
                "code": .string(grid.code.digits), "name": .string(grid.name), "township": .string(grid.township),
                "village": .string(grid.village), "worker": worker.map { ["id": .string($0.id.text), "name": .string($0.name)] } ?? .null,
            ]
        }
        return .json(["items": .array(items)])
    }

    /// What the district's categories are called; no page has words of its own for them.
    private func catalogue(_ call: Call) async throws -> Response {
        let catalogue = registry.current.catalogue
        let items = catalogue.entries.values.sorted { $0.category < $1.category }.map { entry -> JSON in
            [
                "category": .string(entry.category), "name": .string(entry.nameZH), "name_en": .string(entry.nameEN),
                "duty": JSON(entry.duty?.rawValue), "professional": .bool(entry.professional), "filing": .string(entry.filing.rawValue),
                "priority": JSON(entry.priority.rawValue),
            ]
        }
        return .json(["version": .string(catalogue.version), "items": .array(items)])
    }

    private func locate(_ call: Call) async throws -> Response {
        func degrees(_ name: Substring) throws -> Double {
            guard let value = try call.parsed(name, "must be degrees in WGS-84", { Double($0) }), value.isFinite else {
                throw Refusal.badField(String(name), "is missing or no number")
            }
            return value
        }
        let (lon, lat) = (try degrees("lon"), try degrees("lat"))
        guard abs(lon) <= 180 else { throw Refusal.badField("lon", "must be from -180 to 180") }
        guard let point = GeoPoint(lon: lon, lat: lat) else { throw Refusal.badField("lat", "must be from -90 to 90") }
        let registry = registry.current
        guard let place = registry.grids.resolve(point), let grid = registry.grids[place.grid] else {
            return .json(["grid": .null, "near_border": false, "neighbours": []])
        }
        return .json([
            "grid": ["code": .string(grid.code.digits), "name": .string(grid.name)], "near_border": .bool(place.nearBorder),
            "neighbours": .array(place.neighbours.map { .string($0.digits) }),
        ])
    }

    /// Gridworkers see the cameras of their own grids; roles without a page for cameras see none.
    static func maySee(_ account: Account, cameraIn grid: GridCode?) -> Bool {
        switch account.role {
        case .dutyOfficer, .dispatcher, .supervisor, .inspector, .operator, .admin: true
        case .gridworker, .townOffice: grid.map { account.grids.contains($0) } ?? false
        case .department, .auditor, .system: false
        }
    }

    private static func members(_ detail: CameraDetail?) -> [JSON.Member] {
        let facts = detail?.facts ?? CameraFacts()
        let changes = (detail?.changes ?? []).map { change -> JSON in
            ["state": .string(change.state.rawValue), "reason": .string(change.reason), "since": .string(change.since.description)]
        }
        return [
            .init(
                "facts",
                [
                    "gop_s": JSON(facts.groupSeconds), "bits_per_s": JSON(facts.bitsPerSecond), "look_age_s": JSON(facts.lookAgeSeconds),
                    "decode_errors": JSON(facts.decodeErrors), "clock_offset_s": JSON(facts.clockOffsetSeconds),
                    "transport": JSON(facts.transport?.rawValue), "transport_reason": .string(facts.transportReason),
                ]),
            .init("changes", .array(changes)),
        ]
    }

    private static func members(_ camera: Camera, _ answer: CameraGrid, _ registry: Registry, _ health: CameraHealth?) -> [JSON.Member] {
        [
            .init("id", .string(camera.id.digits)),
            .init("name", .string(camera.name)),
            .init("lon", .double(camera.position.lon)),
            .init("lat", .double(camera.position.lat)),
            .init("grid", JSON(answer.grid?.digits)),
            .init("method", .string(answer.method.rawValue)),
            .init("near_border", .bool(answer.nearBorder)),
            .init("review", JSON(registry.review(of: camera))),
            .init("state", .string((health?.state ?? .connecting).rawValue)),
            .init("reason", .string(health?.reason ?? "")),
            .init("since", JSON(health?.since.description)),
            .init("last_picture", JSON(health?.lastPicture?.description)),
            .init("priority", JSON(camera.priority.rawValue)),
        ]
    }
}

extension Registry {
    /// As the dispatcher resolves it.
    func grid(of camera: Camera) -> Grid? { answer(for: camera).grid.flatMap { grids[$0] } }
}
