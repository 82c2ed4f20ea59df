// Where things are: one stored coordinate system (WGS-84 degrees) as exact integers of 1e-7 degree.

/// A point on the ground in WGS-84, in integers of 1e-7 degree (about 1.1 cm).
package struct GeoPoint: Hashable, Sendable, CustomStringConvertible {
    package let lonE7: Int32
    package let latE7: Int32

    package init(lonE7: Int32, latE7: Int32) {
        self.lonE7 = lonE7
        self.latE7 = latE7
    }

    /// Quantises degrees to the nearest 1e-7; nil when not finite or outside ±180, ±90.
    package init?(lon: Double, lat: Double) {
        guard lon.isFinite, lat.isFinite, abs(lon) <= 180, abs(lat) <= 90 else { return nil }
        lonE7 = Int32((lon * 1e7).rounded())
        latE7 = Int32((lat * 1e7).rounded())
    }

    package var lon: Double { Double(lonE7) / 1e7 }
    package var lat: Double { Double(latE7) / 1e7 }
    package var description: String { "\(lon),\(lat)" }
}

/// The coordinate system a file declares for its coordinates; there is no default.
package enum CoordinateSystem: String, Sendable, CaseIterable {
    case wgs84, cgcs2000, gcj02, bd09
}

/// A rectangle in a picture, relative to its size: x, y of the upper left corner, width, height, each 0…1.
package struct RelativeBox: Hashable, Sendable {
    package var x, y, width, height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The smallest box that holds both.
    package func union(_ other: RelativeBox) -> RelativeBox {
        let left = min(x, other.x)
        let top = min(y, other.y)
        return RelativeBox(
            x: left, y: top, width: max(x + width, other.x + other.width) - left,
            height: max(y + height, other.y + other.height) - top)
    }

    /// True when the two share at least a point of their borders.
    package func touches(_ other: RelativeBox) -> Bool {
        x <= other.x + other.width && other.x <= x + width && y <= other.y + other.height && other.y <= y + height
    }
}
