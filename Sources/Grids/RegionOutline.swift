// Joins the strips of one wrong area into its border, so that a map can show it.
// residue → strips → **outline** → GeoJSON of findings

import Domain
import Foundation

/// A strip of an area between two levels, in units of 1e-7 degree from some origin.
struct AreaStrip {
    let bottom: Double
    let top: Double
    let lower: (left: Double, right: Double)
    let upper: (left: Double, right: Double)
}

/// Builds closed rings, the area on their left: exteriors counter-clockwise, holes clockwise.
///
/// Works like the proof: what two strips share cancels. Corners are rounded to 1e-9 degree (0.1 mm), so it is a drawing, not a proof.
struct RegionOutline {
    private struct Corner: Hashable {
        let x: Int64
        let y: Int64
    }

    private static let perUnit = 100.0
    private var next: [Corner: [Corner]] = [:]
    /// By level and place along it: by how much the number of strips above less those below changes there.
    private var changes: [Int64: [Int64: Int]] = [:]

    /// The rings around `strips`, as degrees; each without its repeated closing corner.
    static func rings(_ strips: [AreaStrip], origin: GeoPoint) -> [[Degrees]] {
        var outline = RegionOutline()
        for strip in strips { outline.add(strip) }
        outline.joinLevels()
        return outline.walk().map { ring in
            ring.map {
                Degrees(
                    lon: (Double(Int64(origin.lonE7) * 100 + $0.x) / 1e9), lat: (Double(Int64(origin.latE7) * 100 + $0.y) / 1e9))
            }
        }
    }

    private static func corner(_ x: Double, _ y: Double) -> Corner {
        Corner(x: Int64((x * perUnit).rounded()), y: Int64((y * perUnit).rounded()))
    }

    private mutating func add(_ strip: AreaStrip) {
        let (southWest, southEast) = (Self.corner(strip.lower.left, strip.bottom), Self.corner(strip.lower.right, strip.bottom))
        let (northWest, northEast) = (Self.corner(strip.upper.left, strip.top), Self.corner(strip.upper.right, strip.top))
        join(southEast, northEast)
        join(northWest, southWest)
        for (west, east, step) in [(southWest, southEast, 1), (northWest, northEast, -1)] {
            changes[west.y, default: [:]][west.x, default: 0] += step
            changes[east.y, default: [:]][east.x, default: 0] -= step
        }
    }

    private mutating func join(_ from: Corner, _ to: Corner) {
        if from != to { next[from, default: []].append(to) }
    }

    /// Level edges where the area lies on one side only: eastward below it, westward above it.
    private mutating func joinLevels() {
        for (y, steps) in changes {
            var depth = 0
            var start: Int64 = 0
            for (x, step) in steps.sorted(by: { $0.key < $1.key }) where step != 0 {
                let (west, east) = (Corner(x: start, y: y), Corner(x: x, y: y))
                for _ in 0..<abs(depth) { if depth > 0 { join(west, east) } else { join(east, west) } }
                depth += step
                start = x
            }
        }
    }

    private mutating func walk() -> [[Corner]] {
        var rings: [[Corner]] = []
        for start in next.keys.sorted(by: { ($0.y, $0.x) < ($1.y, $1.x) }) {
            while var at = next[start]?.popLast() {
                var ring = [start]
                while at != start {
                    let before = ring[ring.count - 1]
                    ring.append(at)
                    guard let following = takeLeftmost(at, from: before) else { break }  // Rounding left an end open: draw what there is.
                    at = following
                }
                let simple = Self.withoutStraightCorners(ring)
                // A sliver narrower than rounding keeps all its corners.
                if simple.count > 2 { rings.append(simple) } else if ring.count > 2 { rings.append(ring) }
            }
        }
        return rings
    }

    /// The next corner; where the area touches itself, the sharpest turn to the left, so that rings do not cross.
    private mutating func takeLeftmost(_ at: Corner, from before: Corner) -> Corner? {
        guard let ways = next[at], !ways.isEmpty else { return nil }
        let turns = ways.map { Self.turn(before, at, $0) }
        let best = ways.indices.max { turns[$0] < turns[$1] } ?? 0
        next[at]?.remove(at: best)
        return ways[best]
    }

    /// Angle of the turn at `b`, left above 0.
    private static func turn(_ a: Corner, _ b: Corner, _ c: Corner) -> Double {
        let (ux, uy) = (Double(b.x - a.x), Double(b.y - a.y))
        let (vx, vy) = (Double(c.x - b.x), Double(c.y - b.y))
        return atan2(ux * vy - uy * vx, ux * vx + uy * vy)
    }

    /// Without corners that lie within rounding of the line between their neighbours: those come from the strips alone.
    private static func withoutStraightCorners(_ ring: [Corner]) -> [Corner] {
        var kept: [Corner] = []
        for (place, corner) in ring.enumerated() {
            let before = kept.last ?? ring[ring.count - 1]
            let after = ring[(place + 1) % ring.count]
            let (ux, uy) = (Double(after.x - before.x), Double(after.y - before.y))
            let (vx, vy) = (Double(corner.x - before.x), Double(corner.y - before.y))
            let length = (ux * ux + uy * uy).squareRoot()
            let isBetween = ux * vx + uy * vy > 0 && vx * vx + vy * vy < length * length
            if length == 0 || !isBetween || abs(ux * vy - uy * vx) > 2 * length { kept.append(corner) }
        }
        return kept
    }
}
