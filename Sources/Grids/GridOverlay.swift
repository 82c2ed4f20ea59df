// The area that two grounds share.
// old grid set, new grid set → **overlay** → lineage

import Domain

/// Lays grounds over each other.
///
/// A ground is the sum, over its edges, of all that lies below an edge, with a sign: plus for its upper edges, minus for its lower. So the
/// shared area is a sum over pairs of edges of what lies below both, and nothing has to be decided about touching borders or corners. All
/// terms are whole numbers and fractions below 1, except those of two edges that cross, which are rounded once: borders that meet in common
/// corners give an exact result, others one that is off by far less than a square centimetre.
enum GridOverlay {
    /// An edge that is not upright, from west to east, seen from the corner of both grounds.
    private struct Edge {
        let x1: Int128
        let y1: Int128
        let x2: Int128
        let y2: Int128
        let sign: Int128

        var width: Int128 { x2 - x1 }
        var rise: Int128 { y2 - y1 }

        /// Height at `x`, times the width.
        func height(at x: Int128) -> Int128 { y1 * width + rise * (x - x1) }
    }

    /// Square units of 1e-7 degree in both `a` and `b`.
    static func sharedUnits(_ a: Ground, _ b: Ground) -> Double {
        guard let first = a.bounds, let second = b.bounds, first.meets(second) else { return 0 }
        let origin = GeoPoint(lonE7: min(first.west, second.west), latE7: min(first.south, second.south))
        let others = edges(b, origin)
        var whole: Int128 = 0
        var fraction = 0.0
        for e in edges(a, origin) {
            for f in others where e.x1 < f.x2 && f.x1 < e.x2 { add(e, f, &whole, &fraction) }
        }
        return (Double(whole) + fraction) / 2
    }

    /// Square metres in both `a` and `b`.
    static func sharedSquareMetres(_ a: Ground, _ b: Ground) -> Double {
        let units = sharedUnits(a, b)
        guard units > 0, let bounds = a.bounds else { return 0 }
        return units * LocalMetres(at: bounds.middle).squareMetresPerUnit
    }

    private static func edges(_ ground: Ground, _ origin: GeoPoint) -> [Edge] {
        ground.polygons.flatMap { polygon in
            polygon.rings.enumerated().flatMap { place, given in
                let ring = given.normalised(isExterior: place == 0)
                return zip(ring, ring.dropFirst() + ring.prefix(1)).compactMap { a, b -> Edge? in
                    if a.lonE7 == b.lonE7 { return nil }
                    // The ground lies left of its edges: below one that runs west.
                    let (west, east) = a.lonE7 < b.lonE7 ? (a, b) : (b, a)
                    return Edge(
                        x1: Int128(west.lonE7) - Int128(origin.lonE7), y1: Int128(west.latE7) - Int128(origin.latE7),
                        x2: Int128(east.lonE7) - Int128(origin.lonE7), y2: Int128(east.latE7) - Int128(origin.latE7),
                        sign: a.lonE7 < b.lonE7 ? -1 : 1)
                }
            }
        }
    }

    /// Adds twice the area below both edges, above the origin's parallel, where both are.
    private static func add(_ e: Edge, _ f: Edge, _ whole: inout Int128, _ fraction: inout Double) {
        let (west, east) = (max(e.x1, f.x1), min(e.x2, f.x2))
        let sign = e.sign * f.sign
        // By how much `e` is above `f` at both ends, times both widths. Coordinates are below 2^30, so this is below 2^92.
        let atWest = e.height(at: west) * f.width - f.height(at: west) * e.width
        let atEast = e.height(at: east) * f.width - f.height(at: east) * e.width
        let lower = atWest >= 0 && atEast >= 0 ? f : e
        let twice = (east - west) * (lower.height(at: west) + lower.height(at: east))
        let (quotient, remainder) = twice.quotientAndRemainder(dividingBy: lower.width)
        whole += sign * quotient
        fraction += Double(sign) * Double(remainder) / Double(lower.width)
        guard atWest < 0 && atEast > 0 || atWest > 0 && atEast < 0 else { return }
        // They cross: less the triangle in which `e` is the upper one.
        let above = Double(max(atWest, atEast)) / Double(e.width * f.width)
        let share = Double(max(atWest, atEast)) / Double(abs(atEast - atWest))
        fraction -= Double(sign) * above * share * Double(east - west)
    }
}
