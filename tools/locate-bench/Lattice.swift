// Made-up grids in any number: crooked cells that share their borders, as the grids of a district do.
// **seed → grids** → point in grid, timed

import Base
import Domain
import Grids

/// Cells of about 300 m in rows, each border drawn through the same crooked corners from both sides.
enum Lattice {
    /// 300 m in units of 1e-7 degree, nearly.
    private static let side = 30_000
    /// Corners on each of the four borders of a cell, so that a grid has as many as one of the sample.
    private static let pieces = 8

    /// About `count` grids: as many as fill whole rows.
    static func grids(_ count: Int, _ random: inout SeededGenerator) -> [Grid] {
        let columns = Int(Double(count).squareRoot().rounded(.up))
        let rows = count / columns
        let level = lines(columns, rows + 1, &random) { along, across in (along, across) }
        let upright = lines(rows, columns + 1, &random) { along, across in (across, along) }
        var grids: [Grid] = []
        for row in 0..<rows {
            for column in 0..<columns {
                let south = level[row][column * pieces...(column + 1) * pieces]
                let north = level[row + 1][column * pieces...(column + 1) * pieces]
                let west = upright[column][row * pieces...(row + 1) * pieces]
                let east = upright[column + 1][row * pieces...(row + 1) * pieces]
                let ring = south.dropLast() + east.dropLast() + north.reversed().dropLast() + west.reversed().dropLast()
                let digits = "511011" + String(String(1_000_000_000 + grids.count).dropFirst())
                guard let code = GridCode(digits) else { preconditionFailure("fifteen digits are a grid code") }
                grids.append(Grid(code: code, name: "", township: "", village: "", ground: Ground([GroundPolygon(exterior: Array(ring))])))
            }
        }
        return grids
    }

    /// Straight at each cell's corner, which two lines share, and crooked between.
    private static func lines(
        _ cells: Int, _ count: Int, _ random: inout SeededGenerator, _ place: (Int, Int) -> (lon: Int, lat: Int)
    ) -> [[GeoPoint]] {
        (0..<count).map { line in
            (0...cells * pieces).map { step in
                let bend = step % pieces == 0 ? 0 : Int.random(in: -side / 12...side / 12, using: &random)
                let (lon, lat) = place(step * side / pieces, line * side + bend)
                return GeoPoint(lonE7: Int32(1_050_000_000 + lon), latE7: Int32(295_000_000 + lat))
            }
        }
    }
}
