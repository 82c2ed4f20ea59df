// Findings about coverage as GeoJSON, to be laid over the map in any program that shows maps.
// coverage proof → findings → **GeoJSON**

import Domain
import Foundation

/// Writes findings as a FeatureCollection after RFC 7946.
package enum CoverageGeoJSON {
    /// One feature for each finding: its area where it has one, else its place. Properties are `kind`, `area_m2`, `lon`, `lat`, `grids`
    /// and `message`. Slivers are too narrow to be seen: `lon` and `lat` say where to look.
    package static func text(_ findings: [CoverageFinding]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = try findings.map { String(decoding: try encoder.encode(Feature(finding: $0)), as: UTF8.self) }
        return "{\"type\":\"FeatureCollection\",\"features\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
    }

    private struct Feature: Encodable {
        let type = "Feature"
        let geometry: Geometry
        let properties: Properties

        init(finding: CoverageFinding) {
            geometry = Geometry(finding)
            properties = Properties(
                kind: finding.kind.rawValue, areaM2: finding.areaSquareMetres, lon: finding.point.lon, lat: finding.point.lat,
                grids: finding.grids.map(\.digits), message: "\(finding)")
        }
    }

    private struct Properties: Encodable {
        let kind: String
        let areaM2: Double
        let lon: Double
        let lat: Double
        let grids: [String]
        let message: String

        enum CodingKeys: String, CodingKey {
            case kind, lon, lat, grids, message
            case areaM2 = "area_m2"
        }
    }

    /// A ring of positions; GeoJSON repeats the first.
    private typealias Positions = [[Double]]

    private enum Geometry: Encodable {
        case point([Double])
        case areas([[Positions]])

        init(_ finding: CoverageFinding) {
            let exteriors = finding.outline.filter { CoverageGeoJSON.doubledArea($0) > 0 }
            if exteriors.isEmpty {
                self = .point([finding.point.lon, finding.point.lat])
                return
            }
            var polygons = exteriors.map { [$0] }
            for hole in finding.outline where CoverageGeoJSON.doubledArea(hole) <= 0 {
                let home = exteriors.firstIndex { CoverageGeoJSON.holds($0, hole[0]) } ?? 0
                polygons[home].append(hole)
            }
            self = .areas(polygons.map { $0.map { ring in (ring + ring.prefix(1)).map { [$0.lon, $0.lat] } } })
        }

        enum CodingKeys: CodingKey { case type, coordinates }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            switch self {
            case .point(let position):
                try container.encode("Point", forKey: .type)
                try container.encode(position, forKey: .coordinates)
            case .areas(let polygons) where polygons.count == 1:
                try container.encode("Polygon", forKey: .type)
                try container.encode(polygons[0], forKey: .coordinates)
            case .areas(let polygons):
                try container.encode("MultiPolygon", forKey: .type)
                try container.encode(polygons, forKey: .coordinates)
            }
        }
    }

    private static func doubledArea(_ ring: [Degrees]) -> Double {
        guard let origin = ring.first else { return 0 }
        return zip(ring, ring.dropFirst() + ring.prefix(1)).reduce(0) { sum, edge in
            let (ax, ay) = (edge.0.lon - origin.lon, edge.0.lat - origin.lat)
            let (bx, by) = (edge.1.lon - origin.lon, edge.1.lat - origin.lat)
            return sum + ax * by - ay * bx
        }
    }

    private static func holds(_ ring: [Degrees], _ p: Degrees) -> Bool {
        zip(ring, ring.dropFirst() + ring.prefix(1)).reduce(false) { inside, edge in
            let (a, b) = edge
            guard (a.lat <= p.lat) != (b.lat <= p.lat) else { return inside }
            return a.lon + (b.lon - a.lon) * (p.lat - a.lat) / (b.lat - a.lat) > p.lon ? !inside : inside
        }
    }
}
