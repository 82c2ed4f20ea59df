// Turns the edges that did not cancel into areas a person can find on the map.
// node → cancel → **residue → gap, overlap, protrusion**

import Domain

/// An edge left over: `upward` times from its low to its high end (negative: the other way), with the grids that have it.
struct ResidueEdge {
    let edge: UndirectedEdge
    let upward: Int
    let owners: [Int]
}

/// Sweeps the residue from south to north in level strips and adds up what it bounds.
///
/// Inside a strip no two edges cross, so between two of them the number of grids minus the district is constant: below 0 a gap, above
/// 0 an overlap, or a protrusion outside the district. Floating point, for naming only: that something is wrong is already certain.
struct ResidueRegions {
    private struct Line {
        let low: (x: Double, y: Double)
        let high: (x: Double, y: Double)
        let upward: Int
        let owners: [Int]

        func x(at y: Double) -> Double { low.x + (high.x - low.x) * (y - low.y) / (high.y - low.y) }
    }

    private struct Piece {
        let kind: CoverageFinding.Kind
        let strip: AreaStrip
        let area: Double
        let middle: (x: Double, y: Double)
        let owners: Set<Int>

        var lower: (left: Double, right: Double) { strip.lower }
        var upper: (left: Double, right: Double) { strip.upper }
    }

    private let lines: [Line]
    /// Level edges by height: they bound nothing between two edges of a strip, but tell who is above and below it.
    private let level: [Double: [(west: Double, east: Double, owners: [Int])]]
    private let grids: [Grid]
    private let district: Ground
    private let origin: GeoPoint

    init(_ residue: [ResidueEdge], grids: [Grid], district: Ground) {
        self.grids = grids
        self.district = district
        let origin = residue[0].edge.low
        self.origin = origin
        let local = { (p: GeoPoint) in
            (x: Double(Int64(p.lonE7) - Int64(origin.lonE7)), y: Double(Int64(p.latE7) - Int64(origin.latE7)))
        }
        var level: [Double: [(west: Double, east: Double, owners: [Int])]] = [:]
        for edge in residue where edge.edge.low.latE7 == edge.edge.high.latE7 {
            let (low, high) = (local(edge.edge.low), local(edge.edge.high))
            level[low.y, default: []].append((min(low.x, high.x), max(low.x, high.x), edge.owners))
        }
        self.level = level
        lines = residue.filter { $0.edge.low.latE7 != $0.edge.high.latE7 }
            .map { Line(low: local($0.edge.low), high: local($0.edge.high), upward: $0.upward, owners: $0.owners) }
            .sorted { $0.low.y < $1.low.y }
    }

    /// One finding per connected area, largest first.
    func findings() -> [CoverageFinding] {
        var pieces: [Piece] = []
        var groups: [Int] = []  // union-find over pieces
        func root(_ i: Int) -> Int {
            var i = i
            while groups[i] != i { i = groups[i] }
            return i
        }
        let levels = levels()
        var previous = 0..<0
        var previousLevel = -Double.infinity
        var active: [Line] = []
        var next = 0
        for (bottom, top) in zip(levels, levels.dropFirst()) {
            let middle = (bottom + top) / 2
            active.removeAll { $0.high.y <= middle }
            while next < lines.count, lines[next].low.y < middle {
                if lines[next].high.y > middle { active.append(lines[next]) }
                next += 1
            }
            let start = pieces.count
            pieces += strip(active, bottom, top)
            groups += start..<pieces.count
            for i in start..<pieces.count {
                if i > start, pieces[i].kind == pieces[i - 1].kind, pieces[i].lower.left == pieces[i - 1].lower.right,
                    pieces[i].upper.left == pieces[i - 1].upper.right
                {
                    groups[root(i)] = root(i - 1)
                }
                guard previousLevel == bottom else { continue }
                for j in previous
                where pieces[j].kind == pieces[i].kind && pieces[j].upper.left < pieces[i].lower.right
                    && pieces[i].lower.left < pieces[j].upper.right
                {
                    groups[root(i)] = root(j)
                }
            }
            (previous, previousLevel) = (start..<pieces.count, top)
        }
        return Dictionary(grouping: pieces.indices, by: root).values.map { finding($0.map { pieces[$0] }) }
            .sorted { ($1.areaSquareMetres, $0.point.lonE7, $0.point.latE7) < ($0.areaSquareMetres, $1.point.lonE7, $1.point.latE7) }
    }

    /// Heights at which an edge begins, ends or crosses another.
    private func levels() -> [Double] {
        var levels: Set<Double> = []
        for line in lines { levels.formUnion([line.low.y, line.high.y]) }
        for (i, a) in lines.enumerated() {
            for b in lines[(i + 1)...] {
                if b.low.y >= a.high.y { break }
                let (bottom, top) = (max(a.low.y, b.low.y), min(a.high.y, b.high.y))
                let (below, above) = (a.x(at: bottom) - b.x(at: bottom), a.x(at: top) - b.x(at: top))
                if below < 0 && above > 0 || below > 0 && above < 0 { levels.insert(bottom + (top - bottom) * below / (below - above)) }
            }
        }
        return levels.sorted()
    }

    private func strip(_ active: [Line], _ bottom: Double, _ top: Double) -> [Piece] {
        let middle = (bottom + top) / 2
        let ordered = active.sorted { $0.x(at: middle) < $1.x(at: middle) }
        var pieces: [Piece] = []
        var excess = 0
        for (left, right) in zip(ordered, ordered.dropFirst()) {
            excess -= left.upward
            let lower = (left: left.x(at: bottom), right: right.x(at: bottom))
            let upper = (left: left.x(at: top), right: right.x(at: top))
            let area = (lower.right - lower.left + upper.right - upper.left) / 2 * (top - bottom)
            if excess == 0 || area <= 0 { continue }
            let centre = (x: (left.x(at: middle) + right.x(at: middle)) / 2, y: middle)
            let kind: CoverageFinding.Kind = excess < 0 ? .gap : holds(district, centre) ? .overlap : .protrusion
            var owners = Set(left.owners + right.owners)
            for (y, side) in [(bottom, lower), (top, upper)] {
                for edge in level[y] ?? [] where edge.west < side.right && side.left < edge.east { owners.formUnion(edge.owners) }
            }
            let shape = AreaStrip(bottom: bottom, top: top, lower: lower, upper: upper)
            pieces.append(Piece(kind: kind, strip: shape, area: area, middle: centre, owners: owners))
        }
        return pieces
    }

    private func finding(_ pieces: [Piece]) -> CoverageFinding {
        let largest = pieces.max { $0.area < $1.area }!  // Groups are never empty.
        let point = GeoPoint(
            lonE7: Int32(clamping: Int64(origin.lonE7) + Int64(largest.middle.x.rounded())),
            latE7: Int32(clamping: Int64(origin.latE7) + Int64(largest.middle.y.rounded())))
        var concerned = pieces.reduce(into: Set<Int>()) { $0.formUnion($1.owners) }
        if largest.kind != .gap {
            let inside = grids.indices.filter { holds(grids[$0].ground, largest.middle) }
            if !inside.isEmpty { concerned = Set(inside) }
        }
        let area = pieces.reduce(0) { $0 + $1.area } * LocalMetres(at: point).squareMetresPerUnit
        return CoverageFinding(
            kind: largest.kind, areaSquareMetres: area, point: point, grids: concerned.map { grids[$0].code }.sorted(),
            outline: RegionOutline.rings(pieces.map(\.strip), origin: origin))
    }

    /// Crossing rule in floating point, for a place between two corners.
    private func holds(_ ground: Ground, _ place: (x: Double, y: Double)) -> Bool {
        let x = Double(origin.lonE7) + place.x
        let y = Double(origin.latE7) + place.y
        guard let bounds = ground.bounds, Double(bounds.west) <= x, x <= Double(bounds.east), Double(bounds.south) <= y,
            y <= Double(bounds.north)
        else { return false }
        var inside = false
        for ring in ground.rings {
            for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) {
                let (ay, by) = (Double(a.latE7), Double(b.latE7))
                guard (ay <= y) != (by <= y) else { continue }
                if Double(a.lonE7) + (Double(b.lonE7) - Double(a.lonE7)) * (y - ay) / (by - ay) > x { inside.toggle() }
            }
        }
        return inside
    }
}
