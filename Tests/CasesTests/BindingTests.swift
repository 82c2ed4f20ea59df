// A person says which grid a camera, a preset or a zone belongs to, and the next incident goes by it.

import Base
import Domain
import Foundation
import Grids
import IncidentBus
import Storage
import Testing

@testable import Cases

@Suite struct BindingTests {
    private let operatorReader = Reader(role: .operator, id: "op", name: "操作员")

    private func done(_ outcome: BindingOutcome) throws -> CameraBindingView {
        guard case .done(let view) = outcome else { throw Failure(.internal, "\(outcome)") }
        return view
    }

    @Test func aBindingCountsForTheNextIncidentAndIsKept() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: [(0.2, 0.5)]))
        let maps = district.maps
        _ = try await onOwnThread("adopt") { try maps.adopt(district.box.current, boundary: SmallMaps.boundary) }
        let camera = SmallDistrict.cameraID(1)
        let fresh = try #require(try await maps.binding(of: camera))
        #expect(
            fresh.method == "position" && fresh.grid?.code == SmallDistrict.code(1).digits && fresh.version == 0 && fresh.history.isEmpty)
        #expect(fresh.gridSet.hasPrefix("1-") && fresh.review == nil)

        func bind(_ scope: BindingWish.Scope, _ place: BindingWish.Place, _ version: Int, reason: String = "看的是对岸") async throws
            -> BindingOutcome
        {
            try await maps.bind(camera, BindingWish(scope, place, reason: reason, expectedVersion: version), by: operatorReader)
        }
        func home(preset: String = "", zone: String = "", _ sender: inout Sender) async throws -> String? {
            var incident = sender.incident(camera: 1)
            (incident.key.preset, incident.key.zone) = (preset, zone)
            let (message, id) = (sender.message(incident), incident.id.description)
            _ = try await onOwnThread("bus") { try district.take([message]) }
            let row = try await district.file.read {
                try $0.row("SELECT grid_code, method FROM incident WHERE incident_id = $1", [.text(id)])
            }
            return try row.map { "\(try $0.text("grid_code").suffix(1)) \(try $0.text("method"))" }
        }
        var sender = Sender(seed: 43)
        #expect(try await home(&sender) == "1 position")
        let bound = try done(try await bind(.camera, .grid(SmallDistrict.code(2)), 0))
        #expect(
            bound.version == 1 && bound.method == "camera_manual" && bound.grid?.code == SmallDistrict.code(2).digits
                && bound.standsIn?.code == SmallDistrict.code(1).digits)
        #expect(try await home(&sender) == "2 camera_manual")
        // A form that was open meanwhile is told what stands.
        guard case .stale(let now) = try await bind(.camera, .automatic, 0) else { throw Failure(.internal, "must be stale") }
        #expect(now.version == 1)
        _ = try done(try await bind(.preset("p1"), .grid(SmallDistrict.code(3)), 1))
        let corners = [(1.2, 1.2), (1.4, 1.2), (1.4, 1.4)].compactMap { x, y in
            GeoPoint(lon: SmallDistrict.west + x * 0.01, lat: SmallDistrict.south + y * 0.01)
        }
        _ = try done(try await bind(.zone("lane"), .ground(corners), 2))
        #expect(try await home(preset: "p1", &sender) == "3 preset_manual")
        #expect(try await home(preset: "p1", zone: "lane", &sender) == "4 zone_ground")
        let free = try done(try await bind(.camera, .automatic, 3))
        #expect(try await home(&sender) == "1 position")
        #expect(free.version == 4 && free.history.map(\.scope) == ["camera", "zone", "preset", "camera"])
        #expect(free.history.map { $0.to == nil } == [true, true, true, false] && free.history[3].reason == "看的是对岸")

        for (scope, place, reason, field) in [
            (BindingWish.Scope.camera, BindingWish.Place.grid(SmallDistrict.code(9)), "x", "grid"), (.camera, .automatic, " ", "reason"),
            (.camera, .ground(corners), "x", "ground"), (.preset(""), .automatic, "x", "name"),
            (.zone("lane"), .ground([corners[0]]), "x", "ground"),
            (.zone("lane"), .ground([GeoPoint](repeating: SmallDistrict.place(5), count: 3)), "x", "ground"),
        ] {
            guard case .refused(let found, _) = try await bind(scope, place, 4, reason: reason) else {
                throw Failure(.internal, "\(field)")
            }
            #expect(found == field)
        }
        guard
            case .notFound = try await maps.bind(
                SmallDistrict.cameraID(9), BindingWish(.camera, .automatic, reason: "x", expectedVersion: 0), by: operatorReader)
        else { throw Failure(.internal, "there is no camera 9") }
    }

    @Test func aCameraThatMovedAndABindingThatVanishedAskForReview() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: [(0.2, 0.5), (1.5, 0.5)]))
        let maps = district.maps
        let one = SmallDistrict.cameraID(1)
        func adopt(_ place: (Double, Double)) async throws {
            let files = try SmallMaps.registry(cameras: [place, (1.5, 0.5)])
            _ = try await onOwnThread("adopt") { try maps.adopt(files, boundary: SmallMaps.boundary) }
        }
        try await adopt((0.2, 0.5))
        try await adopt((0.21, 0.5))  // Ten metres.
        #expect(try await maps.binding(of: one)?.review == nil)
        try await adopt((0.24, 0.5))
        #expect(try await maps.binding(of: one)?.review == "moved 39 m since its grid was settled")
        _ = try done(
            try await maps.bind(
                one, BindingWish(.camera, .grid(SmallDistrict.code(1)), reason: "现场核对", expectedVersion: 0), by: operatorReader))
        #expect(try await maps.binding(of: one)?.review == nil)

        // The map changes: the binding to grid 1 does not count, and does again after a rollback.
        let number = try await district.drawn(SmallMaps.second)
        _ = try await maps.check(number, by: SmallDistrict.drawer)
        guard case .done(let detail) = try await maps.publish(number, by: SmallDistrict.supervisor) else {
            throw Failure(.internal, "published")
        }
        #expect(
            detail.cameras.map(\.camera) == [one.digits] && detail.cameras[0].needsReview
                && detail.cameras[0].to == SmallDistrict.code(5).digits)
        let fallen = try #require(try await maps.binding(of: one))
        #expect(
            fallen.method == "position" && fallen.grid?.code == SmallDistrict.code(5).digits
                && fallen.review == "bound to grid \(SmallDistrict.code(1).digits), which is no more")
        _ = try await maps.rollBack(reason: "恢复", by: SmallDistrict.supervisor)
        let restored = try #require(try await maps.binding(of: one))
        #expect(restored.method == "camera_manual" && restored.grid?.code == SmallDistrict.code(1).digits && restored.review == nil)
    }
}
