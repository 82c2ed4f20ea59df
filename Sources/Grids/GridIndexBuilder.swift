// Lays the raster over all grids, once: which cell each edge touches, and which corners of cells each grid holds.
// grids → **raster** → point in grid

import Domain

/// Collects, grid by grid, what each has in each cell, then sorts that by cell.
struct GridIndexBuilder {
    /// The more cells, the fewer borders in them; four bytes a cell. A district of hundreds of grids gets many for each, one of many
    /// thousands fewer.
    private static func mostCells(_ grids: Int) -> Int { max(min(512 * grids, 1 << 18), 24 * grids) }

    let raster: GridIndex.Raster?
    private var cellOfReach: [Int32] = []
    private var reaches: [GridIndex.Reach] = []
    private var edges: [GridIndex.Edge] = []

    init(_ grounds: [Ground]) {
        raster = Self.raster(grounds)
        if let raster {
            for (place, ground) in grounds.enumerated() where ground.bounds != nil { add(ground, Int32(place), raster) }
        }
    }

    private static func raster(_ grounds: [Ground]) -> GridIndex.Raster? {
        let boxes = grounds.compactMap(\.bounds)
        let corners = boxes.flatMap { [GeoPoint(lonE7: $0.west, latE7: $0.south), GeoPoint(lonE7: $0.east, latE7: $0.north)] }
        guard let bounds = GeoBounds(corners) else { return nil }
        let most = mostCells(grounds.count)
        for shift in 0... {
            let raster = GridIndex.Raster(bounds: bounds, shift: shift)
            // Grids of a district hardly overlap. Those of a wrong file may all cover everything; the raster then stays coarse.
            if raster.columns * raster.rows <= most, boxes.reduce(0, { $0 + raster.cells(in: $1) }) <= 8 * most { return raster }
            if raster.columns * raster.rows == 1 { return raster }
        }
        return nil
    }

    /// A box of cells around one grid, with what the grid has in each.
    private struct Patch {
        let rows: ClosedRange<Int>
        let columns: ClosedRange<Int>
        var edges: [[GridIndex.Edge]]
        /// Flips of "holds the corner" at this cell and all west of it in its row.
        var flips: [Bool]

        func place(_ row: Int, _ column: Int) -> Int { (row - rows.lowerBound) * columns.count + column - columns.lowerBound }
    }

    private mutating func add(_ ground: Ground, _ grid: Int32, _ raster: GridIndex.Raster) {
        guard let box = ground.bounds else { return }
        let rows = raster.row(box.south)...raster.row(box.north)
        let columns = raster.column(box.west)...raster.column(box.east)
        let count = rows.count * columns.count
        var patch = Patch(
            rows: rows, columns: columns, edges: Array(repeating: [], count: count), flips: Array(repeating: false, count: count))
        for ring in ground.rings {
            for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) where a != b {
                let isUpward = (a.latE7, a.lonE7) < (b.latE7, b.lonE7)
                Self.add(GridIndex.Edge(low: isUpward ? a : b, high: isUpward ? b : a), to: &patch, raster)
            }
        }
        for row in rows {
            var holds = false
            for column in columns.reversed() {
                let place = patch.place(row, column)
                if patch.flips[place] { holds.toggle() }
                let inCell = patch.edges[place]
                if inCell.isEmpty && !holds { continue }
                cellOfReach.append(Int32(row * raster.columns + column))
                reaches.append(
                    GridIndex.Reach(grid: grid, firstEdge: Int32(edges.count), edgeCount: Int32(inCell.count), holdsCorner: holds))
                edges += inCell
            }
        }
    }

    /// Puts an edge into each cell it touches, and perhaps one beside it, and flips the corners west of it.
    private static func add(_ edge: GridIndex.Edge, to patch: inout Patch, _ raster: GridIndex.Raster) {
        let (low, high) = (edge.low, edge.high)
        let slope = high.latE7 == low.latE7 ? 0 : (Double(high.lonE7) - Double(low.lonE7)) / (Double(high.latE7) - Double(low.latE7))
        let lon = { (lat: Int) in Double(low.lonE7) + slope * Double(lat - Int(low.latE7)) }
        let ends = (west: min(low.lonE7, high.lonE7), east: max(low.lonE7, high.lonE7))
        for row in raster.row(low.latE7)...raster.row(high.latE7) {
            let south = Int(raster.south(row))
            var (west, east) = (Int(ends.west), Int(ends.east))
            if low.latE7 != high.latE7 {
                // The part of the edge within the row, two units wider than computed: a cell too many costs time, one too few the truth.
                let a = lon(max(south, Int(low.latE7)))
                let b = lon(min(south + 1 << raster.shift, Int(high.latE7)))
                west = max(west, Int(min(a, b).rounded(.down)) - 2)
                east = min(east, Int(max(a, b).rounded(.up)) + 2)
            }
            for column in raster.column(Int32(west))...raster.column(Int32(east)) { patch.edges[patch.place(row, column)].append(edge) }
            guard Int(low.latE7) <= south, south < Int(high.latE7) else { continue }
            let corner = { (column: Int) in GeoPoint(lonE7: raster.west(column), latE7: raster.south(row)) }
            // The easternmost corner that is still west of the edge: computed, then corrected exactly.
            var column = min(
                patch.columns.upperBound, max(patch.columns.lowerBound, (Int(lon(south)) - Int(raster.bounds.west)) >> raster.shift))
            while column < patch.columns.upperBound, turn(low, high, corner(column + 1)) > 0 { column += 1 }
            while column >= patch.columns.lowerBound, turn(low, high, corner(column)) <= 0 { column -= 1 }
            if column >= patch.columns.lowerBound { patch.flips[patch.place(row, column)].toggle() }
        }
    }

    /// The tables of the index, sorted by cell; within a cell by ascending grid.
    consuming func finished() -> (answers: [Int32], starts: [Int32], reaches: [GridIndex.Reach], edges: [GridIndex.Edge]) {
        guard let raster else { return ([], [], [], []) }
        var places = Array(repeating: Int32(0), count: raster.columns * raster.rows + 1)
        for cell in cellOfReach { places[Int(cell) + 1] += 1 }
        for cell in places.indices.dropFirst() { places[cell] += places[cell - 1] }
        var order = Array(repeating: Int32(0), count: reaches.count)
        var next = places
        for (place, cell) in cellOfReach.enumerated() {
            order[Int(next[Int(cell)])] = Int32(place)
            next[Int(cell)] += 1
        }
        var answers = Array(repeating: GridIndex.empty, count: raster.columns * raster.rows)
        var starts: [Int32] = [0]
        var sorted: [GridIndex.Reach] = []
        var sortedEdges: [GridIndex.Edge] = []
        for cell in answers.indices where places[cell] < places[cell + 1] {
            let inCell = order[Int(places[cell])..<Int(places[cell + 1])].map { reaches[Int($0)] }
            if inCell.count == 1, inCell[0].edgeCount == 0 {
                answers[cell] = inCell[0].grid
                continue
            }
            answers[cell] = ~Int32(starts.count - 1)
            for reach in inCell {
                let first = Int32(sortedEdges.count)
                sortedEdges += edges[Int(reach.firstEdge)..<Int(reach.firstEdge + reach.edgeCount)]
                sorted.append(
                    GridIndex.Reach(grid: reach.grid, firstEdge: first, edgeCount: reach.edgeCount, holdsCorner: reach.holdsCorner))
            }
            starts.append(Int32(sorted.count))
        }
        return (answers, starts, sorted, sortedEdges)
    }
}
