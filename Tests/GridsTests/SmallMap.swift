// Small districts with crooked borders, and an oracle that knows nothing of cancelling edges.

import Domain

@testable import Grids

/// A district of a few grids that cover it exactly once, drawn at random; every other one has an enclave.
struct SmallMap {
    var grids: [Grid]
    var district: Ground
    /// Length of a cell's side in units.
    let side: Int

    /// - Parameter side: 12 for maps so small that the oracle may look at them, thousands for grids of real size.
    init(side: Int, _ random: inout SampleRandom) {
        self.side = side
        let (columns, rows, pieces) = (2 + random.below(2), 2 + random.below(2), 2 + random.below(2))
        func lines(_ cells: Int, _ count: Int, _ place: (Int, Int) -> GeoPoint) -> [[GeoPoint]] {
            (0..<count).map { line in
                (0...cells * pieces).map { step in
                    let bend = step % pieces == 0 ? 0 : random.below(side / 3 + 1) - side / 6
                    return place(step * side / pieces, line * side + bend)
                }
            }
        }
        let level = lines(columns, rows + 1) { at(1_050_000_000 + $0, 295_000_000 + $1) }
        let upright = lines(rows, columns + 1) { at(1_050_000_000 + $1, 295_000_000 + $0) }
        func ring(_ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>) -> Ring {
            let (alongs, ups) = (
                columns.lowerBound * pieces...(columns.upperBound + 1) * pieces, rows.lowerBound * pieces...(rows.upperBound + 1) * pieces
            )
            return Array(level[rows.lowerBound][alongs].dropLast()) + Array(upright[columns.upperBound + 1][ups].dropLast())
                + Array(level[rows.upperBound + 1][alongs].reversed().dropLast())
                + Array(upright[columns.lowerBound][ups].reversed().dropLast())
        }
        grids = []
        for row in 0..<rows {
            for column in 0..<columns {
                grids.append(grid(grids.count + 1, ground([ring(column...column, row...row)])))
            }
        }
        district = ground([ring(0...columns - 1, 0...rows - 1)])
        if random.below(2) == 0 {
            // A school in the middle of the first grid that is a grid of its own.
            let middle = school(in: 0)
            grids[0] = replacing(0, ground([grids[0].ground.polygons[0].exterior, middle]))
            grids.append(grid(grids.count + 1, ground([middle])))
        }
    }

    /// A small square well inside the square part of a grid.
    func school(in place: Int) -> Ring {
        let corner = grids[place].ground.polygons[0].exterior[0]
        let (lon, lat, reach) = (Int(corner.lonE7) + side / 2, Int(corner.latE7) + side / 2, side / 12)
        return box(lon - reach, lat - reach, lon + reach, lat + reach)
    }

    /// The grid at `place` with other ground.
    func replacing(_ place: Int, _ ground: Ground) -> Grid {
        let old = grids[place]
        return Grid(code: old.code, name: old.name, township: old.township, village: old.village, ground: ground)
    }
}

/// Decides by brute force whether grids cover a district exactly once: cuts the plane into upright slabs at every corner and crossing
/// and counts grids less the district between all edges of each slab, in fractions. For coordinates within a few hundred units.
struct CoverageOracle {
    private struct Edge {
        let (x1, y1, x2, y2): (Int128, Int128, Int128, Int128)
        /// What is gained going north over it.
        let step: Int
    }

    private struct Fraction: Comparable {
        let n: Int128
        let d: Int128

        init(_ n: Int128, _ d: Int128) { (self.n, self.d) = d < 0 ? (-n, -d) : (n, d) }

        static func < (a: Self, b: Self) -> Bool { a.n * b.d < b.n * a.d }
        static func == (a: Self, b: Self) -> Bool { a.n * b.d == b.n * a.d }
    }

    static func isCoveredOnce(_ grids: [Grid], _ district: Ground) -> Bool {
        let shapes = [(district, -1)] + grids.map { ($0.ground, 1) }
        let edges = shapes.flatMap { ground, weight in
            ground.polygons.flatMap { polygon in
                polygon.rings.enumerated().flatMap { place, ring in Self.edges(ring, isHole: place > 0, weight) }
            }
        }
        var cuts = edges.flatMap { [Fraction($0.x1, 1), Fraction($0.x2, 1)] }
        for (place, e) in edges.enumerated() { cuts += edges[(place + 1)...].compactMap { crossing(e, $0) } }
        cuts.sort()
        for (west, east) in zip(cuts, cuts.dropFirst()) where west < east {
            let middle = Fraction(west.n * east.d + east.n * west.d, 2 * west.d * east.d)
            if !isCoveredOnce(at: middle, edges) { return false }
        }
        return true
    }

    private static func edges(_ ring: Ring, isHole: Bool, _ weight: Int) -> [Edge] {
        let local = ring.map { (x: Int128($0.lonE7) - 1_050_000_000, y: Int128($0.latE7) - 295_000_000) }
        let pairs = Array(zip(local, local.dropFirst() + local.prefix(1)))
        let area = pairs.reduce(Int128(0)) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y }
        let sign = (area > 0) == isHole ? -weight : weight
        return pairs.filter { $0.x != $1.x }.map { Edge(x1: $0.x, y1: $0.y, x2: $1.x, y2: $1.y, step: $0.x < $1.x ? sign : -sign) }
    }

    /// Where two edges that are not parallel meet, if within the width of both.
    private static func crossing(_ e: Edge, _ f: Edge) -> Fraction? {
        let (ex, ey, fx, fy) = (e.x2 - e.x1, e.y2 - e.y1, f.x2 - f.x1, f.y2 - f.y1)
        let turn = ex * fy - ey * fx
        if turn == 0 { return nil }
        let along = (f.x1 - e.x1) * fy - (f.y1 - e.y1) * fx
        let x = Fraction(e.x1 * turn + ex * along, turn)
        let reach = [e, f].map { (Fraction(min($0.x1, $0.x2), 1), Fraction(max($0.x1, $0.x2), 1)) }
        return reach.allSatisfy { $0.0 < x && x < $0.1 } ? x : nil
    }

    private static func isCoveredOnce(at x: Fraction, _ edges: [Edge]) -> Bool {
        var crossed: [(y: Fraction, step: Int)] = []
        for e in edges where Fraction(min(e.x1, e.x2), 1) < x && x < Fraction(max(e.x1, e.x2), 1) {
            let width = e.x2 - e.x1
            crossed.append((Fraction(e.y1 * width * x.d + (e.y2 - e.y1) * (x.n - e.x1 * x.d), width * x.d), e.step))
        }
        crossed.sort { $0.y < $1.y }
        var excess = 0
        for (place, one) in crossed.enumerated() {
            excess += one.step
            let isLastOfItsHeight = place + 1 == crossed.count || one.y < crossed[place + 1].y
            if isLastOfItsHeight && excess != 0 { return false }
        }
        return true
    }
}
