// Parts of a picture that are watched: polygons in relative coordinates, turned into cells once per picture size.
// frames → cells → foreground → **blobs** → tracks → detections

/// A named polygon in relative coordinates, 0…1 from the upper left corner.
package struct Zone: Sendable, Hashable {
    /// One bit a zone in a byte a cell.
    package static let limit = 8

    /// A point in relative coordinates.
    package struct Corner: Sendable, Hashable {
        package var x: Double
        package var y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    package var name: String
    package var corners: [Corner]

    /// - Parameter corners: At least three; the last is joined to the first.
    package init(name: String, corners: [Corner]) {
        self.name = name
        self.corners = corners
    }

    /// True when the point lies inside, by the even-odd rule.
    package func contains(x: Double, y: Double) -> Bool {
        var inside = false
        var b = corners.count - 1
        for a in corners.indices {
            let p = corners[a]
            let q = corners[b]
            if (p.y > y) != (q.y > y), x < (q.x - p.x) * (y - p.y) / (q.y - p.y) + p.x { inside.toggle() }
            b = a
        }
        return inside
    }

    /// One byte a cell with the bits of the zones that hold its centre; empty when there are no zones.
    static func rasterise(_ zones: [Zone], _ grid: CellGrid) -> [UInt8] {
        guard !zones.isEmpty else { return [] }
        var bits = [UInt8](repeating: 0, count: grid.count)
        for (index, zone) in zones.prefix(limit).enumerated() {
            for y in 0..<grid.height {
                let centreY = (Double(y) + 0.5) * Double(grid.side) / Double(grid.pictureHeight)
                for x in 0..<grid.width {
                    let centreX = (Double(x) + 0.5) * Double(grid.side) / Double(grid.pictureWidth)
                    if zone.contains(x: centreX, y: centreY) { bits[y * grid.width + x] |= 1 << UInt8(index) }
                }
            }
        }
        return bits
    }
}
