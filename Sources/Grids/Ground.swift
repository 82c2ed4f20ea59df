// Areas on the ground as exact integers: orientation, half-open containment, signed area.
// incident → point → **ground** → grid → case

package import Domain

/// Twice the signed area of the triangle a, b, c: above 0 when c lies left of a → b, 0 when on the line.
///
/// Exact in Int64 as long as coordinates differ by less than 2^30 (107°): each product stays below 2^60.
/// `Ground.maxSpanE7` holds every input to that bound; a district needs 2^24.
@inline(__always)
func turn(_ a: GeoPoint, _ b: GeoPoint, _ c: GeoPoint) -> Int64 {
    (Int64(b.lonE7) &- Int64(a.lonE7)) &* (Int64(c.latE7) &- Int64(a.latE7))
        &- (Int64(b.latE7) &- Int64(a.latE7)) &* (Int64(c.lonE7) &- Int64(a.lonE7))
}

/// True when `p` lies on the closed segment a–b. Exact.
func lies(_ p: GeoPoint, onSegment a: GeoPoint, _ b: GeoPoint) -> Bool {
    min(a.lonE7, b.lonE7) <= p.lonE7 && p.lonE7 <= max(a.lonE7, b.lonE7) && min(a.latE7, b.latE7) <= p.latE7
        && p.latE7 <= max(a.latE7, b.latE7) && turn(a, b, p) == 0
}

/// A closed box of coordinates.
package struct GeoBounds: Hashable, Sendable {
    package var west: Int32
    package var south: Int32
    package var east: Int32
    package var north: Int32

    /// The smallest box around `points`; nil when there are none.
    package init?(_ points: some Sequence<GeoPoint>) {
        var iterator = points.makeIterator()
        guard let first = iterator.next() else { return nil }
        (west, east, south, north) = (first.lonE7, first.lonE7, first.latE7, first.latE7)
        while let point = iterator.next() {
            west = min(west, point.lonE7)
            east = max(east, point.lonE7)
            south = min(south, point.latE7)
            north = max(north, point.latE7)
        }
    }

    /// True when `p` lies inside or on the edge.
    package func contains(_ p: GeoPoint) -> Bool { west <= p.lonE7 && p.lonE7 <= east && south <= p.latE7 && p.latE7 <= north }

    /// True when the boxes share at least a point.
    func meets(_ other: GeoBounds) -> Bool {
        west <= other.east && other.west <= east && south <= other.north && other.south <= north
    }

    /// The point half-way, rounded.
    var middle: GeoPoint {
        GeoPoint(lonE7: Int32((Int64(west) + Int64(east)) / 2), latE7: Int32((Int64(south) + Int64(north)) / 2))
    }

    /// The longer side.
    package var spanE7: Int64 { max(Int64(east) - Int64(west), Int64(north) - Int64(south)) }
}

/// One ring: the corners in order, without the repeated closing corner.
package typealias Ring = [GeoPoint]

extension Ring {
    /// Twice the enclosed area in units of 1e-14 square degrees; above 0 when counter-clockwise. Exact.
    var doubledArea: Int128 {
        guard let origin = first else { return 0 }
        var sum: Int128 = 0
        for index in indices.dropLast() { sum += Int128(turn(origin, self[index], self[index + 1])) }
        return sum
    }

    /// Without repeated neighbours, counter-clockwise when `isExterior`, clockwise otherwise.
    func normalised(isExterior: Bool) -> Ring {
        var ring: Ring = []
        for point in self where point != ring.last { ring.append(point) }
        while ring.count > 1, ring.first == ring.last { ring.removeLast() }
        return (ring.doubledArea > 0) == isExterior ? ring : ring.reversed()
    }
}

/// One polygon: an exterior and the holes in it.
package struct GroundPolygon: Hashable, Sendable {
    package var exterior: Ring
    package var holes: [Ring]

    package init(exterior: Ring, holes: [Ring] = []) {
        self.exterior = exterior
        self.holes = holes
    }

    var rings: [Ring] { [exterior] + holes }
}

/// An area on the ground: one polygon, or several for an area with exclaves.
package struct Ground: Hashable, Sendable {
    /// Widest extent that the arithmetic of this module takes; readers refuse more.
    package static let maxSpanE7: Int64 = 1 << 30

    package let polygons: [GroundPolygon]
    /// Nil when there is no corner at all.
    package let bounds: GeoBounds?

    package init(_ polygons: [GroundPolygon]) {
        self.polygons = polygons
        // Holes too: in a wrong file one may lie outside its exterior.
        bounds = GeoBounds(polygons.lazy.flatMap { $0.rings.joined() })
    }

    var rings: [Ring] { polygons.flatMap(\.rings) }

    /// Half-open containment: an edge counts when the point's latitude is in [low, high) and the crossing is strictly east of it.
    ///
    /// That treats the point as if it lay an infinitely small step east and a still smaller one north, so that where borders
    /// are shared exactly each point, on edges and corners too, is inside exactly one side. Costs one pass over all corners.
    package func contains(_ p: GeoPoint) -> Bool {
        guard let bounds, bounds.contains(p) else { return false }
        var inside = false
        for polygon in polygons {
            if crossesOddly(polygon.exterior, p) { inside.toggle() }
            for hole in polygon.holes where crossesOddly(hole, p) { inside.toggle() }
        }
        return inside
    }

    /// True when `p` lies exactly on an edge.
    package func hasOnBorder(_ p: GeoPoint) -> Bool {
        guard let bounds, bounds.contains(p) else { return false }
        return rings.contains { ring in
            ring.indices.contains { lies(p, onSegment: ring[$0], ring[$0 + 1 == ring.count ? 0 : $0 + 1]) }
        }
    }

    /// Metres from `p` to the nearest edge; infinite when there is none.
    package func borderDistanceMetres(from p: GeoPoint) -> Double {
        let scale = LocalMetres(at: p)
        var best = Double.infinity
        for polygon in polygons {
            best = min(best, scale.distance(toRing: polygon.exterior, from: p))
            for hole in polygon.holes { best = min(best, scale.distance(toRing: hole, from: p)) }
        }
        return best
    }

    /// Area in square metres.
    package var areaSquareMetres: Double {
        guard let bounds else { return 0 }
        let middle = GeoPoint(lonE7: bounds.west, latE7: Int32((Int64(bounds.south) + Int64(bounds.north)) / 2))
        let doubled = polygons.reduce(Int128(0)) { sum, polygon in
            polygon.holes.reduce(sum + abs(polygon.exterior.doubledArea)) { $0 - abs($1.doubledArea) }
        }
        return Double(doubled) / 2 * LocalMetres(at: middle).squareMetresPerUnit
    }

    private func crossesOddly(_ ring: Ring, _ p: GeoPoint) -> Bool {
        guard var a = ring.last else { return false }
        var odd = false
        var index = 0
        while index < ring.count {
            let b = ring[index]
            if a.latE7 <= p.latE7 {
                if b.latE7 > p.latE7, turn(a, b, p) > 0 { odd.toggle() }
            } else if b.latE7 <= p.latE7, turn(b, a, p) > 0 {
                odd.toggle()
            }
            a = b
            index += 1
        }
        return odd
    }
}
