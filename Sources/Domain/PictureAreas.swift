// Parts of a camera's picture: what is watched, what is not looked at, and what nobody may see.
// camera → packets → looks → **frames → detections** → incidents

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
}

/// What the operator has drawn into a camera's picture; all of it empty when nothing was drawn.
package struct PictureAreas: Hashable, Sendable {
    /// Watched places with the names that rules use; without any, the whole picture is watched. At most `Zone.limit`.
    package var zones: [Zone] = []
    /// Ground on which movement means nothing: a flag, a fountain, the neighbour's tree.
    package var masks: [Zone] = []
    /// What must never be seen: blind in detection and black in every stored, pushed and streamed picture.
    package var privacyMasks: [Zone] = []

    package init(zones: [Zone] = [], masks: [Zone] = [], privacyMasks: [Zone] = []) {
        self.zones = zones
        self.masks = masks
        self.privacyMasks = privacyMasks
    }
}
