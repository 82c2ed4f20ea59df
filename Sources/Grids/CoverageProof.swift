// Proves that grids cover a district exactly once, or says where they do not.
// grids.geojson → **proof** → grid set in force
//
//  normalise rings → node (insert corners that lie on other edges) → cancel directed edges → residue
//
// The winding number of a closed chain of edges determines the area it bounds, so "the directed edges of all grids, opposite pairs
// cancelled, equal the directed edges of the district" is the same as "every point lies in exactly one grid". All exact integers;
// only the areas and places of findings are floating point.

package import Domain

/// One place where a set of grids breaks the rule "cover exactly once", or one shape that is no area.
package struct CoverageFinding: Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// Inside the district and in no grid.
        case gap
        /// In more than one grid.
        case overlap
        /// In a grid but outside the district.
        case protrusion
        /// A border that crosses or doubles itself.
        case selfIntersection = "self_intersection"
        /// A ring that encloses nothing.
        case zeroArea = "zero_area"
        /// Wider than the exact arithmetic takes; certainly not a district.
        case tooWide = "too_wide"
    }

    package let kind: Kind
    package let areaSquareMetres: Double
    /// A place inside the area that is wrong.
    package let point: GeoPoint
    /// The grids concerned: those around a gap, those that share an overlap; empty when the district's own border is meant.
    package let grids: [GridCode]
    /// Rings around the area, exteriors counter-clockwise and holes clockwise, for drawing; empty for a shape that is no area.
    package let outline: [[Degrees]]

    /// The description names no more grids than this.
    private static let namesShown = 12

    package init(kind: Kind, areaSquareMetres: Double, point: GeoPoint, grids: [GridCode], outline: [[Degrees]] = []) {
        self.kind = kind
        self.areaSquareMetres = areaSquareMetres
        self.point = point
        self.grids = grids
        self.outline = outline
    }

    package var description: String {
        let more = grids.count > Self.namesShown ? " and \(grids.count - Self.namesShown) more" : ""
        let names = grids.isEmpty ? "the district's border" : grids.prefix(Self.namesShown).map(\.digits).joined(separator: ", ") + more
        let thousandths = (areaSquareMetres * 1000).rounded()
        let area =
            areaSquareMetres >= 10
            ? "\(Int(areaSquareMetres.rounded())) m²" : thousandths > 0 ? "\(thousandths / 1000) m²" : "less than 0.001 m²"
        let sliver = areaSquareMetres < 10 ? "; a sliver: the shared border is not drawn through the same points" : ""
        return switch kind {
        case .gap: "gap of \(area) at \(point): no grid covers this place, next to \(names)\(sliver)"
        case .overlap: "overlap of \(area) at \(point): covered by \(names)\(sliver)"
        case .protrusion: "\(names) protrudes from the district by \(area) at \(point)\(sliver)"
        case .selfIntersection: "the border of \(names) crosses or doubles itself at \(point)"
        case .zeroArea: "a ring of \(names) at \(point) encloses no area"
        case .tooWide: "\(names) is wider than any district"
        }
    }
}

/// A directed edge with the shape it belongs to.
struct OwnedEdge {
    let from: GeoPoint
    let to: GeoPoint
    /// Place in the list of grids, or `OwnedEdge.district`.
    let owner: Int

    static let district = -1
}

/// An edge in one fixed direction, for counting both directions together.
struct UndirectedEdge: Hashable {
    let low: GeoPoint
    let high: GeoPoint

    init(_ a: GeoPoint, _ b: GeoPoint) {
        let ordered = (a.latE7, a.lonE7) < (b.latE7, b.lonE7)
        low = ordered ? a : b
        high = ordered ? b : a
    }
}

/// The proof by cancelling directed edges.
package enum CoverageProof {
    /// Everything that keeps `grids` from covering `district` exactly once; empty means proven.
    ///
    /// Broken shapes come first, then areas, largest first. 465 grids with 30,000 corners take some 50 ms in a release build.
    package static func findings(grids: [Grid], district: Ground) -> [CoverageFinding] {
        let shapes = [(OwnedEdge.district, district)] + grids.enumerated().map { ($0, $1.ground) }
        let codes = { (owner: Int) in owner == OwnedEdge.district ? [] : [grids[owner].code] }
        var findings: [CoverageFinding] = []
        var edges: [OwnedEdge] = []
        var severalRings: Set<Int> = []
        for (owner, ground) in shapes {
            let corner = ground.polygons.first?.exterior.first ?? GeoPoint(lonE7: 0, latE7: 0)
            if let bounds = ground.bounds, bounds.spanE7 >= Ground.maxSpanE7 {
                return [CoverageFinding(kind: .tooWide, areaSquareMetres: 0, point: corner, grids: codes(owner))]
            }
            if ground.polygons.isEmpty {
                findings.append(CoverageFinding(kind: .zeroArea, areaSquareMetres: 0, point: corner, grids: codes(owner)))
            }
            if ground.rings.count > 1 { severalRings.insert(owner) }
            for polygon in ground.polygons {
                for (place, given) in polygon.rings.enumerated() {
                    let ring = given.normalised(isExterior: place == 0)
                    if ring.doubledArea == 0 {
                        let point = given.first ?? corner
                        findings.append(CoverageFinding(kind: .zeroArea, areaSquareMetres: 0, point: point, grids: codes(owner)))
                        continue
                    }
                    for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) { edges.append(OwnedEdge(from: a, to: b, owner: owner)) }
                }
            }
        }
        if let span = GeoBounds(edges.lazy.map(\.from))?.spanE7, span >= Ground.maxSpanE7 {
            return [CoverageFinding(kind: .tooWide, areaSquareMetres: 0, point: edges[0].from, grids: [])]
        }
        var noding = Noding(edges)
        let noded = noding.run()
        var broken = noding.selfContacts
        for (owner, point) in WindingCheck.failures(noded, suspects: noding.touching.union(severalRings)) where broken[owner] == nil {
            broken[owner] = point
        }
        for (owner, point) in broken.sorted(by: { $0.key < $1.key }) {
            findings.append(CoverageFinding(kind: .selfIntersection, areaSquareMetres: 0, point: point, grids: codes(owner)))
        }
        let residue = residue(of: noded)
        if residue.isEmpty { return findings }
        return findings + ResidueRegions(residue, grids: grids, district: district).findings()
    }

    /// What is left after opposite edges cancel, with the district's border counted backwards.
    private static func residue(of edges: [OwnedEdge]) -> [ResidueEdge] {
        var sums: [UndirectedEdge: Int] = [:]
        sums.reserveCapacity(edges.count)
        for edge in edges {
            let key = UndirectedEdge(edge.from, edge.to)
            let direction = key.low == edge.from ? 1 : -1
            sums[key, default: 0] += edge.owner == OwnedEdge.district ? -direction : direction
        }
        let left = sums.filter { $0.value != 0 }
        if left.isEmpty { return [] }
        var owners: [UndirectedEdge: [Int]] = [:]
        for edge in edges where edge.owner != OwnedEdge.district {
            let key = UndirectedEdge(edge.from, edge.to)
            if left[key] != nil { owners[key, default: []].append(edge.owner) }
        }
        return left.map { ResidueEdge(edge: $0.key, upward: $0.value, owners: owners[$0.key] ?? []) }
            .sorted {
                ($0.edge.low.latE7, $0.edge.low.lonE7, $0.edge.high.lonE7) < ($1.edge.low.latE7, $1.edge.low.lonE7, $1.edge.high.lonE7)
            }
    }
}
