// Metres around one place: how long a unit of 1e-7 degree is there, and distances to edges.
// incident → point → **distance to the border** → grid → case

import Domain
import Foundation

/// The size of 1e-7 degree at one latitude; good to a part in 10,000 within tens of kilometres.
struct LocalMetres {
    let perLonUnit: Double
    let perLatUnit: Double

    /// Radii of curvature of the WGS-84 ellipsoid (a = 6,378,137 m, e² = 0.00669437999).
    init(at point: GeoPoint) {
        let latitude = point.lat * .pi / 180
        let squaredEccentricity = 0.006_694_379_99
        let w = 1 - squaredEccentricity * sin(latitude) * sin(latitude)
        let unit = 1e-7 * .pi / 180
        perLatUnit = 6_378_137 * (1 - squaredEccentricity) / (w * w.squareRoot()) * unit
        perLonUnit = 6_378_137 / w.squareRoot() * cos(latitude) * unit
    }

    var squareMetresPerUnit: Double { perLonUnit * perLatUnit }

    /// Metres between two points.
    func distance(_ a: GeoPoint, _ b: GeoPoint) -> Double {
        let x = (Double(a.lonE7) - Double(b.lonE7)) * perLonUnit
        let y = (Double(a.latE7) - Double(b.latE7)) * perLatUnit
        return (x * x + y * y).squareRoot()
    }

    /// Metres from `p` to the nearest point of a closed ring; infinite for an empty one.
    func distance(toRing ring: Ring, from p: GeoPoint) -> Double {
        guard let last = ring.last else { return .infinity }
        var best = Double.infinity
        var ax = (Double(last.lonE7) - Double(p.lonE7)) * perLonUnit
        var ay = (Double(last.latE7) - Double(p.latE7)) * perLatUnit
        for corner in ring {
            let bx = (Double(corner.lonE7) - Double(p.lonE7)) * perLonUnit
            let by = (Double(corner.latE7) - Double(p.latE7)) * perLatUnit
            let dx = bx - ax
            let dy = by - ay
            let length = dx * dx + dy * dy
            let t = length > 0 ? min(1, max(0, -(ax * dx + ay * dy) / length)) : 0
            let x = ax + t * dx
            let y = ay + t * dy
            best = min(best, x * x + y * y)
            ax = bx
            ay = by
        }
        return best.squareRoot()
    }
}
