// Inserts every corner that lies exactly on another edge, and notices shapes that touch or cross themselves.
// normalise → **node** → cancel → residue

import Domain

/// Splits edges at the corners of others. Used once per proof; exact.
struct Noding {
    /// For each shape whose border crosses or doubles itself, one place where it does.
    private(set) var selfContacts: [Int: GeoPoint] = [:]
    /// Shapes that touch themselves in a point: allowed, but then orientation alone does not show which side is inside.
    private(set) var touching: Set<Int> = []
    private let edges: [OwnedEdge]
    private var inserted: [Int: Set<GeoPoint>] = [:]

    init(_ edges: [OwnedEdge]) { self.edges = edges }

    /// The edges, split. Time grows with the number of close pairs of edges.
    mutating func run() -> [OwnedEdge] {
        let raster = EdgeRaster(edges)
        raster.forEachClosePair { compare($0, $1) }
        var corners: [Int: Set<GeoPoint>] = [:]
        for edge in edges where !corners[edge.owner, default: []].insert(edge.from).inserted { touching.insert(edge.owner) }
        return edges.indices.flatMap { split($0) }
    }

    private mutating func compare(_ first: Int, _ second: Int) {
        let (e, f) = (edges[first], edges[second])
        let same = e.owner == f.owner
        if UndirectedEdge(e.from, e.to) == UndirectedEdge(f.from, f.to) {
            if same { selfContacts[e.owner] = e.from }
            return
        }
        let (a, b) = (turn(e.from, e.to, f.from), turn(e.from, e.to, f.to))
        // Most close pairs lie on one side of each other; nothing to do.
        if a > 0 && b > 0 || a < 0 && b < 0 { return }
        let (c, d) = (turn(f.from, f.to, e.from), turn(f.from, f.to, e.to))
        if c > 0 && d > 0 || c < 0 && d < 0 { return }
        insert(f.from, into: first, whenOnLine: a)
        insert(f.to, into: first, whenOnLine: b)
        insert(e.from, into: second, whenOnLine: c)
        insert(e.to, into: second, whenOnLine: d)
        guard same else { return }
        if a != 0 && b != 0 && c != 0 && d != 0 {
            selfContacts[e.owner] = crossing(e, f, a, b)
        } else if a == 0 && b == 0 {
            if let point = [f.from, f.to].first(where: { isInside($0, e) }) ?? [e.from, e.to].first(where: { isInside($0, f) }) {
                selfContacts[e.owner] = point
            }
        } else if [f.from, f.to].contains(where: { isInside($0, e) && lies($0, onSegment: e.from, e.to) })
            || [e.from, e.to].contains(where: { isInside($0, f) && lies($0, onSegment: f.from, f.to) })
        {
            touching.insert(e.owner)
        }
    }

    private mutating func insert(_ point: GeoPoint, into edge: Int, whenOnLine side: Int64) {
        if side == 0, isInside(point, edges[edge]) { inserted[edge, default: []].insert(point) }
    }

    /// For a point on the line of `edge`: true when it lies between its ends and is neither.
    private func isInside(_ p: GeoPoint, _ edge: OwnedEdge) -> Bool {
        p != edge.from && p != edge.to && min(edge.from.lonE7, edge.to.lonE7) <= p.lonE7 && p.lonE7 <= max(edge.from.lonE7, edge.to.lonE7)
            && min(edge.from.latE7, edge.to.latE7) <= p.latE7 && p.latE7 <= max(edge.from.latE7, edge.to.latE7)
    }

    private func crossing(_ e: OwnedEdge, _ f: OwnedEdge, _ a: Int64, _ b: Int64) -> GeoPoint {
        let t = Double(a) / (Double(a) - Double(b))
        let lon = Double(f.from.lonE7) + t * (Double(f.to.lonE7) - Double(f.from.lonE7))
        let lat = Double(f.from.latE7) + t * (Double(f.to.latE7) - Double(f.from.latE7))
        return GeoPoint(lonE7: Int32(lon.rounded()), latE7: Int32(lat.rounded()))
    }

    private func split(_ place: Int) -> [OwnedEdge] {
        let edge = edges[place]
        guard let points = inserted[place] else { return [edge] }
        // All on one line: the order along it is the order of either coordinate that changes.
        let along = { (p: GeoPoint) in
            abs(Int64(p.lonE7) - Int64(edge.from.lonE7)) + abs(Int64(p.latE7) - Int64(edge.from.latE7))
        }
        let chain = [edge.from] + points.sorted { along($0) < along($1) } + [edge.to]
        return zip(chain, chain.dropFirst()).map { OwnedEdge(from: $0, to: $1, owner: edge.owner) }
    }
}

/// A uniform raster over edges that yields the pairs close enough to touch.
struct EdgeRaster {
    private let edges: [OwnedEdge]

    init(_ edges: [OwnedEdge]) { self.edges = edges }

    /// Calls `body` with each pair whose boxes meet in a cell of the raster, once.
    func forEachClosePair(_ body: (Int, Int) -> Void) {
        guard let bounds = GeoBounds(edges.lazy.flatMap { [$0.from, $0.to] }) else { return }
        // About one cell an edge; coarser while long edges would fill too many cells.
        var side = max(1, min(1024, Int(Double(edges.count).squareRoot())))
        var cells = boxes(side, bounds)
        while side > 1, cells.reduce(0, { $0 + $1.count }) > 16 * edges.count + 4096 {
            side /= 2
            cells = boxes(side, bounds)
        }
        var inCell: [[Int32]] = Array(repeating: [], count: side * side)
        for (place, box) in cells.enumerated() {
            for row in box.rows { for column in box.columns { inCell[row * side + column].append(Int32(place)) } }
        }
        for (cell, list) in inCell.enumerated() where list.count > 1 {
            for i in 0..<list.count - 1 {
                let first = cells[Int(list[i])]
                for j in i + 1..<list.count {
                    let second = cells[Int(list[j])]
                    // Boxes share a rectangle of cells; only its first cell reports the pair.
                    let row = max(first.rows.lowerBound, second.rows.lowerBound)
                    let column = max(first.columns.lowerBound, second.columns.lowerBound)
                    if row * side + column == cell { body(Int(list[i]), Int(list[j])) }
                }
            }
        }
    }

    private struct CellBox {
        let rows: ClosedRange<Int>
        let columns: ClosedRange<Int>
        var count: Int { rows.count * columns.count }
    }

    private func boxes(_ side: Int, _ bounds: GeoBounds) -> [CellBox] {
        let width = (Int(bounds.east) - Int(bounds.west)) / side + 1
        let height = (Int(bounds.north) - Int(bounds.south)) / side + 1
        return edges.map { edge in
            let lons = (Int(min(edge.from.lonE7, edge.to.lonE7)), Int(max(edge.from.lonE7, edge.to.lonE7)))
            let lats = (Int(min(edge.from.latE7, edge.to.latE7)), Int(max(edge.from.latE7, edge.to.latE7)))
            return CellBox(
                rows: (lats.0 - Int(bounds.south)) / height...(lats.1 - Int(bounds.south)) / height,
                columns: (lons.0 - Int(bounds.west)) / width...(lons.1 - Int(bounds.west)) / width)
        }
    }
}

/// Finds shapes whose normalised rings do not bound an area: figures of eight, holes outside, parts inside each other.
enum WindingCheck {
    /// For each bad shape among `suspects`, one place. Quadratic in the edges of a suspect, so suspects should be few.
    static func failures(_ edges: [OwnedEdge], suspects: Set<Int>) -> [(owner: Int, point: GeoPoint)] {
        if suspects.isEmpty { return [] }
        var groups: [Int: [OwnedEdge]] = [:]
        for edge in edges where suspects.contains(edge.owner) { groups[edge.owner, default: []].append(edge) }
        return groups.sorted { $0.key < $1.key }.compactMap { owner, group in
            group.first { !separates($0, group) }.map { (owner, $0.from) }
        }
    }

    /// True when the left of the edge is wound once and the right not at all.
    ///
    /// Takes the middle of the edge in doubled coordinates and, by the half-open rule, the place infinitely little east and north of it.
    private static func separates(_ edge: OwnedEdge, _ group: [OwnedEdge]) -> Bool {
        let x = Int64(edge.from.lonE7) + Int64(edge.to.lonE7)
        let y = Int64(edge.from.latE7) + Int64(edge.to.latE7)
        var winding = 0
        for other in group {
            let (fromY, toY) = (2 * Int64(other.from.latE7), 2 * Int64(other.to.latE7))
            guard (fromY <= y) != (toY <= y) else { continue }
            let (fromX, toX) = (2 * Int64(other.from.lonE7), 2 * Int64(other.to.lonE7))
            // Doubled coordinates differ by less than 2^31: products below 2^62.
            let side = (toX - fromX) * (y - fromY) - (toY - fromY) * (x - fromX)
            if toY > fromY, side > 0 { winding += 1 }
            if toY < fromY, side < 0 { winding -= 1 }
        }
        let leftIsEast = edge.to.latE7 < edge.from.latE7 || edge.to.latE7 == edge.from.latE7 && edge.to.lonE7 > edge.from.lonE7
        return winding == (leftIsEast ? 1 : 0)
    }
}
