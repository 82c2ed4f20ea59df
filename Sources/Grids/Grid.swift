// The unit of responsibility, and the answer to "in which grid is this point?".
// incident → point → **grid** → gridworker → case

package import Domain

/// One grid with its names and its ground.
package struct Grid: Hashable, Sendable {
    package let code: GridCode
    package let name: String
    /// Name of the township or sub-district, for people.
    package let township: String
    /// Name of the village or community, for people; its code is `code.village`.
    package let village: String
    package let ground: Ground

    package init(code: GridCode, name: String, township: String, village: String, ground: Ground) {
        self.code = code
        self.name = name
        self.township = township
        self.village = village
        self.ground = ground
    }
}

/// Where a point lies in a grid set.
package struct GridLocation: Hashable, Sendable {
    package let grid: GridCode
    /// Metres to the nearest border of that grid.
    package let distanceMetres: Double
    /// Grids other than `grid` closer than `GridSet.nearBorderMetres`, nearest first.
    package let neighbours: [GridCode]
    /// True when the position could just as well lie on the other side of a border.
    package let nearBorder: Bool
}
