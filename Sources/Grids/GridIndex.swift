// A raster of cells: most lie inside one grid and answer at once, the others hold the few edges that decide.
// incident → point → **raster** → grid → case

import Domain

/// Finds the grids that hold a point by the half-open rule of `Ground.contains`, exactly. Immutable.
///
/// A cell that no border touches lies in the same grids everywhere. In any other cell each grid that reaches into it has its edges
/// there, and one bit: whether it holds the cell's south-western corner. A point is inside when the way from that corner to it, first
/// north along the cell's western side and then east, crosses the grid's border an odd number of times (or an even number, by that bit).
/// The rule takes a point as infinitely little east of itself, and by the square of that north, so no way runs through a corner.
struct GridIndex: Sendable {
    /// An edge from its lower to its upper end; a level one from west to east.
    struct Edge {
        let low: GeoPoint
        let high: GeoPoint
    }

    /// What one grid has in one cell.
    struct Reach {
        let grid: Int32
        let firstEdge: Int32
        let edgeCount: Int32
        let holdsCorner: Bool
    }

    /// Cells are squares of a power of two, so that a point's cell needs no division.
    struct Raster {
        let bounds: GeoBounds
        let shift: Int
        let columns: Int
        let rows: Int

        init(bounds: GeoBounds, shift: Int) {
            self.bounds = bounds
            self.shift = shift
            columns = (Int(bounds.east) - Int(bounds.west)) >> shift + 1
            rows = (Int(bounds.north) - Int(bounds.south)) >> shift + 1
        }

        func column(_ lon: Int32) -> Int { (Int(lon) &- Int(bounds.west)) >> shift }
        func row(_ lat: Int32) -> Int { (Int(lat) &- Int(bounds.south)) >> shift }
        /// Longitude of the western side of a column; still inside the box of all grids.
        func west(_ column: Int) -> Int32 { Int32(Int(bounds.west) + column << shift) }
        func south(_ row: Int) -> Int32 { Int32(Int(bounds.south) + row << shift) }
        func cells(in box: GeoBounds) -> Int {
            (column(box.east) - column(box.west) + 1) * (row(box.north) - row(box.south) + 1)
        }
    }

    /// In `answers`: no grid reaches into the cell.
    static let empty = Int32.max

    private let raster: Raster?
    /// A cell's only grid, `empty`, or the complement of its place in `starts`.
    private let answers: [Int32]
    /// Mixed cell `k` has `reaches[starts[k] ..< starts[k + 1]]`, by ascending grid.
    private let starts: [Int32]
    private let reaches: [Reach]
    private let edges: [Edge]

    /// Builds the raster. 465 grids take some 10 ms, 100,000 about 2 s; memory grows with the length of all borders.
    init(_ grounds: [Ground]) {
        let builder = GridIndexBuilder(grounds)
        raster = builder.raster
        (answers, starts, reaches, edges) = builder.finished()
    }

    /// The grid with the smallest place that holds `p`.
    func first(holding p: GeoPoint) -> Int? {
        guard let raster, raster.bounds.contains(p) else { return nil }
        let (column, row) = (raster.column(p.lonE7), raster.row(p.latE7))
        let answer = answers[row &* raster.columns &+ column]
        if answer >= 0 { return answer == Self.empty ? nil : Int(answer) }
        let corner = GeoPoint(lonE7: raster.west(column), latE7: raster.south(row))
        var item = Int(starts[Int(~answer)])
        let end = Int(starts[Int(~answer) &+ 1])
        while item < end {
            if holds(item, p, corner) { return Int(reaches[item].grid) }
            item &+= 1
        }
        return nil
    }

    /// How many grids hold `p`.
    func count(holding p: GeoPoint) -> Int {
        guard let raster, raster.bounds.contains(p) else { return 0 }
        let (column, row) = (raster.column(p.lonE7), raster.row(p.latE7))
        let answer = answers[row * raster.columns + column]
        if answer >= 0 { return answer == Self.empty ? 0 : 1 }
        let corner = GeoPoint(lonE7: raster.west(column), latE7: raster.south(row))
        return (starts[Int(~answer)]..<starts[Int(~answer) + 1]).count { holds(Int($0), p, corner) }
    }

    /// Grids on whose border `p` can lie, in ascending order.
    func candidates(at p: GeoPoint) -> [Int] {
        guard let raster, raster.bounds.contains(p) else { return [] }
        return grids(inCell: raster.row(p.latE7) * raster.columns + raster.column(p.lonE7))
    }

    /// Grids that reach into a box of `metres` around `p`, and perhaps a few beside it, in ascending order.
    func grids(within metres: Double, of p: GeoPoint) -> [Int] {
        let scale = LocalMetres(at: p)
        let lon = Int64(metres / max(scale.perLonUnit, 1e-9)) + 1
        let lat = Int64(metres / scale.perLatUnit) + 1
        func moved(_ by: Int64) -> GeoPoint {
            GeoPoint(lonE7: Int32(clamping: Int64(p.lonE7) + by * lon), latE7: Int32(clamping: Int64(p.latE7) + by * lat))
        }
        return GeoBounds([moved(-1), moved(1)]).map { grids(in: $0) } ?? []
    }

    /// Grids that reach into a box, and perhaps a few beside it, in ascending order.
    func grids(in box: GeoBounds) -> [Int] {
        guard let raster, raster.bounds.meets(box) else { return [] }
        let columns = raster.column(max(box.west, raster.bounds.west))...raster.column(min(box.east, raster.bounds.east))
        var found: Set<Int> = []
        for row in raster.row(max(box.south, raster.bounds.south))...raster.row(min(box.north, raster.bounds.north)) {
            for column in columns { found.formUnion(grids(inCell: row * raster.columns + column)) }
        }
        return found.sorted()
    }

    private func grids(inCell cell: Int) -> [Int] {
        let answer = answers[cell]
        if answer >= 0 { return answer == Self.empty ? [] : [Int(answer)] }
        return reaches[Int(starts[Int(~answer)])..<Int(starts[Int(~answer) + 1])].map { Int($0.grid) }
    }

    private func holds(_ item: Int, _ p: GeoPoint, _ corner: GeoPoint) -> Bool {
        let reach = reaches[item]
        let side = GeoPoint(lonE7: corner.lonE7, latE7: p.latE7)
        var inside = reach.holdsCorner
        var item = Int(reach.firstEdge)
        let end = item &+ Int(reach.edgeCount)
        while item < end {
            let (low, high) = (edges[item].low, edges[item].high)
            item &+= 1
            // Eastward, from the cell's side to the point: over edges that lie east of the one and not of the other.
            if low.latE7 <= p.latE7, p.latE7 < high.latE7, turn(low, high, side) > 0, turn(low, high, p) <= 0 { inside.toggle() }
            // Northward, from the corner to the side: over edges that lie above the one and not above the other.
            // On a corner that lies on an edge, the step east decides: a rising edge is above it then, others are not.
            if low.lonE7 <= corner.lonE7, corner.lonE7 < high.lonE7 {
                if low.latE7 == high.latE7 {
                    if corner.latE7 < low.latE7, low.latE7 <= p.latE7 { inside.toggle() }
                } else if turn(low, high, corner) <= 0, turn(low, high, side) > 0 {
                    inside.toggle()
                }
            } else if high.lonE7 <= corner.lonE7, corner.lonE7 < low.lonE7, turn(low, high, corner) > 0, turn(low, high, side) <= 0 {
                inside.toggle()
            }
        }
        return inside
    }
}
