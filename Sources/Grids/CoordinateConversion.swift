// Degrees of the Chinese map services to WGS-84, the one system that is stored.
// cameras.csv → **WGS-84** → point → grid

package import Domain
import Foundation

/// A position in degrees as a file gives it, not yet tied to a coordinate system.
package struct Degrees: Hashable, Sendable {
    package var lon: Double
    package var lat: Double

    package init(lon: Double, lat: Double) {
        self.lon = lon
        self.lat = lat
    }
}

extension CoordinateSystem {
    /// As people write it: `WGS-84`, `gcj02`, `BD 09`.
    package init?(asWritten text: String) {
        self.init(rawValue: text.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " })
    }

    /// A position given in this system, as WGS-84.
    ///
    /// CGCS2000 agrees with WGS-84 to well under a metre and passes unchanged. The inverse of the public GCJ-02 and BD-09 formulas is found
    /// by fixed-point iteration: 2 mm after two rounds, micrometres after three (`reference/domain.md` §8.5); six are made.
    package func wgs84(from given: Degrees) -> Degrees {
        switch self {
        case .wgs84, .cgcs2000: given
        case .gcj02: inverted(given) { Self.gcj02.converted(fromWGS84: $0) }
        case .bd09: inverted(given) { Self.bd09.converted(fromWGS84: $0) }
        }
    }

    /// A WGS-84 position in this system, by the public formulas.
    package func converted(fromWGS84 position: Degrees) -> Degrees {
        switch self {
        case .wgs84, .cgcs2000: position
        case .gcj02: shiftedToGCJ02(position)
        case .bd09: shiftedToBD09(shiftedToGCJ02(position))
        }
    }
}

private func inverted(_ target: Degrees, _ forward: (Degrees) -> Degrees) -> Degrees {
    var guess = target
    for _ in 0..<6 {
        let reached = forward(guess)
        guess.lon += target.lon - reached.lon
        guess.lat += target.lat - reached.lat
    }
    return guess
}

/// The published offset of GCJ-02 on the Krasovsky 1940 ellipsoid. It is not applied outside China; a district lies inside.
private func shiftedToGCJ02(_ position: Degrees) -> Degrees {
    let x = position.lon - 105
    let y = position.lat - 35
    let waves = (20 * sin(6 * x * .pi) + 20 * sin(2 * x * .pi)) * 2 / 3
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * abs(x).squareRoot() + waves
    north += (20 * sin(y * .pi) + 40 * sin(y / 3 * .pi)) * 2 / 3
    north += (160 * sin(y / 12 * .pi) + 320 * sin(y * .pi / 30)) * 2 / 3
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * abs(x).squareRoot() + waves
    east += (20 * sin(x * .pi) + 40 * sin(x / 3 * .pi)) * 2 / 3
    east += (150 * sin(x / 12 * .pi) + 300 * sin(x / 30 * .pi)) * 2 / 3

    let axis = 6_378_245.0
    let squaredEccentricity = 0.006_693_421_622_965_943_23
    let latitude = position.lat / 180 * .pi
    let w = 1 - squaredEccentricity * sin(latitude) * sin(latitude)
    let meridian = axis * (1 - squaredEccentricity) / (w * w.squareRoot())
    let parallel = axis / w.squareRoot() * cos(latitude)
    return Degrees(lon: position.lon + east * 180 / (parallel * .pi), lat: position.lat + north * 180 / (meridian * .pi))
}

private func shiftedToBD09(_ position: Degrees) -> Degrees {
    let factor = Double.pi * 3000 / 180
    let radius = (position.lon * position.lon + position.lat * position.lat).squareRoot() + 0.000_02 * sin(position.lat * factor)
    let angle = atan2(position.lat, position.lon) + 0.000_003 * cos(position.lon * factor)
    return Degrees(lon: radius * cos(angle) + 0.0065, lat: radius * sin(angle) + 0.006)
}
