// A uniform raster over the grids: per cell the grids that reach into it, per grid and row of cells the edges that cross the row.
// incident → point → **raster** → grid → case

import Domain

/// Finds the few grids and the dozen edges that can matter for a point. Immutable.
///
/// A crossing test along a line of equal latitude needs only edges that reach into the row of cells the point lies in; keeping them
/// per grid and row turns a pass over all corners of a grid into one over about ten edges.
struct GridIndex: Sendable {
    /// One edge that is not level, from its lower to its upper end.
    private struct Edge {
        let low: GeoPoint
        let high: GeoPoint
    }

    /// The edges of one grid, row by row: row `firstRow + k` has `edges[starts[k] ..< starts[k + 1]]`.
    private struct Bands {
        let firstRow: Int
        let firstStart: Int
        let bounds: GeoBounds
    }

    private static let side = 256
    private let bounds: GeoBounds?
    private let cellWidth: Int
    private let cellHeight: Int
    private let cellStarts: [Int32]
    private let cellGrids: [Int32]
    private let bands: [Bands?]
    private let bandStarts: [Int32]
    private let edges: [Edge]

    init(_ grounds: [Ground]) {
        let boxes = grounds.compactMap(\.bounds)
        let corners = boxes.flatMap { [GeoPoint(lonE7: $0.west, latE7: $0.south), GeoPoint(lonE7: $0.east, latE7: $0.north)] }
        bounds = GeoBounds(corners)
        guard let bounds else {
            (cellWidth, cellHeight, cellStarts, cellGrids, bands, bandStarts, edges) = (1, 1, [], [], [], [], [])
            return
        }
        let width = (Int(bounds.east) - Int(bounds.west)) / Self.side + 1
        let height = (Int(bounds.north) - Int(bounds.south)) / Self.side + 1
        let row = { (lat: Int32) in (Int(lat) - Int(bounds.south)) / height }
        let column = { (lon: Int32) in (Int(lon) - Int(bounds.west)) / width }

        var inCell: [[Int32]] = Array(repeating: [], count: Self.side * Self.side)
        var bands: [Bands?] = []
        var bandStarts: [Int32] = []
        var edges: [Edge] = []
        for (place, ground) in grounds.enumerated() {
            guard let box = ground.bounds else {
                bands.append(nil)
                continue
            }
            for r in row(box.south)...row(box.north) {
                for c in column(box.west)...column(box.east) { inCell[r * Self.side + c].append(Int32(place)) }
            }
            var inRow: [[Edge]] = Array(repeating: [], count: row(box.north) - row(box.south) + 1)
            for ring in ground.rings {
                for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) where a.latE7 != b.latE7 {
                    let edge = a.latE7 < b.latE7 ? Edge(low: a, high: b) : Edge(low: b, high: a)
                    for r in row(edge.low.latE7)...row(edge.high.latE7) { inRow[r - row(box.south)].append(edge) }
                }
            }
            bands.append(Bands(firstRow: row(box.south), firstStart: bandStarts.count, bounds: box))
            for list in inRow {
                bandStarts.append(Int32(edges.count))
                edges += list
            }
            bandStarts.append(Int32(edges.count))
        }
        var starts: [Int32] = []
        for list in inCell { starts.append((starts.last ?? 0) + Int32(list.count)) }
        cellStarts = [0] + starts
        cellGrids = inCell.flatMap { $0 }
        (cellWidth, cellHeight) = (width, height)
        (self.bands, self.bandStarts, self.edges) = (bands, bandStarts, edges)
    }

    /// The grid with the smallest place that holds `p` by the half-open rule.
    func first(holding p: GeoPoint) -> Int? {
        guard let bounds, bounds.contains(p) else { return nil }
        let cell = cell(of: p)
        var item = Int(cellStarts[cell])
        while item < Int(cellStarts[cell + 1]) {
            if holds(Int(cellGrids[item]), p) { return Int(cellGrids[item]) }
            item += 1
        }
        return nil
    }

    func count(holding p: GeoPoint) -> Int {
        guard let bounds, bounds.contains(p) else { return 0 }
        let cell = cell(of: p)
        var item = Int(cellStarts[cell])
        var count = 0
        while item < Int(cellStarts[cell + 1]) {
            if holds(Int(cellGrids[item]), p) { count += 1 }
            item += 1
        }
        return count
    }

    /// Grids whose box reaches into the cell of `p`, in ascending order.
    func candidates(at p: GeoPoint) -> [Int] {
        guard let bounds, bounds.contains(p) else { return [] }
        let cell = cell(of: p)
        return cellGrids[Int(cellStarts[cell])..<Int(cellStarts[cell + 1])].map(Int.init)
    }

    /// Grids whose box reaches into a box of `metres` around `p`, in ascending order.
    func grids(within metres: Double, of p: GeoPoint) -> [Int] {
        guard let bounds else { return [] }
        let scale = LocalMetres(at: p)
        let lon = Int(metres / max(scale.perLonUnit, 1e-9)) + 1
        let lat = Int(metres / scale.perLatUnit) + 1
        let columns = clampedRange(Int(p.lonE7) - Int(bounds.west), reach: lon, cell: cellWidth)
        let rows = clampedRange(Int(p.latE7) - Int(bounds.south), reach: lat, cell: cellHeight)
        var found: Set<Int32> = []
        for row in rows {
            for column in columns {
                let cell = row * Self.side + column
                found.formUnion(cellGrids[Int(cellStarts[cell])..<Int(cellStarts[cell + 1])])
            }
        }
        return found.sorted().map(Int.init)
    }

    private func clampedRange(_ offset: Int, reach: Int, cell: Int) -> ClosedRange<Int> {
        let low = min(Self.side - 1, max(0, (offset - reach) / cell))
        return low...max(low, min(Self.side - 1, (offset + reach) / cell))
    }

    private func cell(of p: GeoPoint) -> Int {
        // Only called with `p` inside `bounds`, so both offsets are within the raster.
        let west = Int(bounds?.west ?? 0)
        let south = Int(bounds?.south ?? 0)
        return (Int(p.latE7) - south) / cellHeight * Self.side + (Int(p.lonE7) - west) / cellWidth
    }

    private func holds(_ place: Int, _ p: GeoPoint) -> Bool {
        guard let band = bands[place], band.bounds.contains(p) else { return false }
        let south = Int(bounds?.south ?? 0)
        let start = band.firstStart + (Int(p.latE7) - south) / cellHeight - band.firstRow
        var item = Int(bandStarts[start])
        let end = Int(bandStarts[start + 1])
        var inside = false
        while item < end {
            let edge = edges[item]
            if edge.low.latE7 <= p.latE7, p.latE7 < edge.high.latE7, turn(edge.low, edge.high, p) > 0 { inside.toggle() }
            item += 1
        }
        return inside
    }
}
