// The maps that publications start from and lead to, and how a test draws one.

import Base
import Domain
import Foundation
import Grids
import Testing

@testable import Cases

/// The map of `SmallDistrict` as files, and the one that follows it: grid 1 becomes 5 (west) and 6 (east), 3 and 4 become 7.
struct SmallMaps {
    static let boundary = Array(
        #"{"type":"Feature","properties":{"code":"511011","name":"样例"},"geometry":\#(polygon(0, 0, 2, 2))}"#.utf8)
    static let first = collection([(1, 0, 0, 1, 1), (2, 1, 0, 2, 1), (3, 0, 1, 1, 2), (4, 1, 1, 2, 2)])
    static let second = collection([(5, 0, 0, 0.5, 1), (6, 0.5, 0, 1, 1), (2, 1, 0, 2, 1), (7, 0, 1, 2, 2)])
    /// Grid 3 is missing.
    static let holed = collection([(1, 0, 0, 1, 1), (2, 1, 0, 2, 1), (4, 1, 1, 2, 2)])

    /// A rectangle in units of a grid.
    private static func polygon(_ west: Double, _ south: Double, _ east: Double, _ north: Double) -> String {
        let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)].map { x, y in
            "[\(GeoPoint(lon: SmallDistrict.west + x * 0.01, lat: SmallDistrict.south + y * 0.01)!)]"  // Inside the world.
        }
        return #"{"type":"Polygon","coordinates":[[\#(corners.joined(separator: ","))]]}"#
    }

    static func collection(_ grids: [(Int, Double, Double, Double, Double)]) -> [UInt8] {
        let features = grids.map { number, west, south, east, north in
            #"{"type":"Feature","properties":{"code":"\#(SmallDistrict.code(number))","name":"第\#(number)网格","township":"东兴街道","#
                + #""village":"样例社区"},"geometry":\#(polygon(west, south, east, north))}"#
        }
        return Array("{\"type\":\"FeatureCollection\",\"features\":[\n\(features.joined(separator: ",\n"))\n]}".utf8)
    }

    /// A registry of files: `cameras` at places in units of a grid, workers for the grids of both maps.
    static func registry(cameras: [(Double, Double)], grids bytes: [UInt8] = first, workers: [Int] = Array(1...7)) throws -> Registry {
        let map = try #require(DistrictReader.map(boundary: boundary, grids: bytes).map)
        let cameras = cameras.enumerated().map { number, place in
            SmallDistrict.camera(
                number + 1, name: "枪机",
                at: GeoPoint(lon: SmallDistrict.west + place.0 * 0.01, lat: SmallDistrict.south + place.1 * 0.01))
        }
        var registry = Registry(
            districtCode: "511011", cameras: cameras, grids: map.grids, gridSetVersion: "files",
            workers: workers.map { SmallDistrict.worker($0) }, catalogue: SmallDistrict.registry().catalogue)
        registry.geoJSON = bytes
        return registry
    }
}

extension SmallDistrict {
    var maps: MapStore { MapStore(file: file, registry: box, signal: signal, time: time) }
    static let supervisor = Reader(role: .supervisor, id: "chief", name: "主任")
    static let drawer = Reader(role: .operator, id: "drawer", name: "制图员")

    func refusal(_ outcome: GridSetOutcome) -> String? {
        if case .refused(let why) = outcome { return "\(why)" }
        return nil
    }

    func done(_ outcome: GridSetOutcome) throws -> GridSetDetail {
        guard case .done(let detail) = outcome else { throw Failure(.internal, "\(outcome)") }
        return detail
    }

    func drawn(_ grids: [UInt8]) async throws -> Int {
        let draft = GridSetDraft(boundary: SmallMaps.boundary, grids: grids, reason: "动态调整", validFrom: time.wallNow)
        return try done(try await maps.draw(draft, by: Self.drawer)).item.number
    }
}
