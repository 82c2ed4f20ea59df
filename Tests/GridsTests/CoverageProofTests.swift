// The proof accepts exact coverage and names every planted fault.

import Domain
import Testing

@testable import Grids

/// Four squares of 0.01° with corners at multiples of 0.01°, about 1 km², and a fifth of the same height beside them.
private let unit = 100_000
private let origin = (lon: 1_050_000_000, lat: 295_000_000)

private func square(_ column: Int, _ row: Int) -> Ring {
    box(origin.lon + column * unit, origin.lat + row * unit, origin.lon + (column + 1) * unit, origin.lat + (row + 1) * unit)
}

private let district = ground([box(origin.lon, origin.lat, origin.lon + 2 * unit, origin.lat + 2 * unit)])

private func fourGrids() -> [Grid] {
    [grid(1, ground([square(0, 0)])), grid(2, ground([square(1, 0)])), grid(3, ground([square(0, 1)])), grid(4, ground([square(1, 1)]))]
}

/// Square metres of one such square.
private let squareArea = ground([square(0, 0)]).areaSquareMetres

@Test func exactCoverageHasNoFindings() {
    #expect(CoverageProof.findings(grids: fourGrids(), district: district).isEmpty)
    // Orientation, repeated corners and the start of a ring do not matter.
    var grids = fourGrids()
    grids[0] = grid(1, ground([Array(square(0, 0).reversed()) + [square(0, 0)[0]]]))
    grids[1] = grid(2, ground([Array(square(1, 0)[2...] + square(1, 0)[..<2])]))
    #expect(CoverageProof.findings(grids: grids, district: district).isEmpty)
}

@Test func aCornerOnANeighboursEdgeIsNoGap() {
    // Grid 5 covers the right half with one edge where the left half has a corner.
    let right = box(origin.lon + unit, origin.lat, origin.lon + 2 * unit, origin.lat + 2 * unit)
    let grids = [grid(1, ground([square(0, 0)])), grid(3, ground([square(0, 1)])), grid(5, ground([right]))]
    #expect(CoverageProof.findings(grids: grids, district: district).isEmpty)
}

@Test func anEnclaveAndAnExclaveAreCoverage() {
    let middle = box(origin.lon + unit / 2, origin.lat + unit / 2, origin.lon + unit, origin.lat + unit)
    let around = grid(1, ground([district.polygons[0].exterior, middle]))
    #expect(CoverageProof.findings(grids: [around, grid(2, ground([middle]))], district: district).isEmpty)
    let diagonal = grid(1, ground([square(0, 0)], [square(1, 1)]))
    let grids = [diagonal, grid(2, ground([square(1, 0)])), grid(3, ground([square(0, 1)]))]
    #expect(CoverageProof.findings(grids: grids, district: district).isEmpty, "parts may touch in a corner")
}

@Test func aMissingGridIsAGap() throws {
    let findings = CoverageProof.findings(grids: Array(fourGrids().dropLast()), district: district)
    #expect(findings.count == 1)
    let gap = try #require(findings.first)
    #expect(gap.kind == .gap)
    #expect(abs(gap.areaSquareMetres / squareArea - 1) < 0.001, "\(gap.areaSquareMetres) \(squareArea)")
    #expect(ground([square(1, 1)]).contains(gap.point))
    #expect(gap.grids == [code(2), code(3)], "the grids that border on it: \(gap)")
}

@Test func aGridTwiceIsAnOverlap() throws {
    let findings = CoverageProof.findings(grids: fourGrids() + [grid(9, ground([square(1, 1)]))], district: district)
    #expect(findings.count == 1)
    let overlap = try #require(findings.first)
    #expect(overlap.kind == .overlap && overlap.grids == [code(4), code(9)])
    #expect(abs(overlap.areaSquareMetres / squareArea - 1) < 0.001)
}

@Test func aGridBeyondTheBorderProtrudes() throws {
    let findings = CoverageProof.findings(grids: fourGrids() + [grid(5, ground([square(2, 1)]))], district: district)
    #expect(findings.count == 1)
    let protrusion = try #require(findings.first)
    #expect(protrusion.kind == .protrusion && protrusion.grids == [code(5)])
    #expect(ground([square(2, 1)]).contains(protrusion.point))
}

@Test func movingACornerByOneUnitIsFound() {
    // The corner where four grids meet moves by a centimetre in one of them: a sliver of a gap or an overlap on each side.
    for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)] {
        var grids = fourGrids()
        var ring = square(0, 0)
        ring[2] = at(origin.lon + unit + dx, origin.lat + unit + dy)
        grids[0] = grid(1, ground([ring]))
        let findings = CoverageProof.findings(grids: grids, district: district)
        let kinds = Set(findings.map(\.kind))
        #expect(!findings.isEmpty && kinds.isSubset(of: [.gap, .overlap]), "\(dx),\(dy): \(findings)")
        if dx >= 0 && dy >= 0 { #expect(kinds == [.overlap]) }
        if dx <= 0 && dy <= 0 { #expect(kinds == [.gap]) }
        #expect(findings.allSatisfy { $0.areaSquareMetres < 30 && $0.grids.contains(code(1)) })
    }
}

@Test func crossingBordersAreBothGapAndOverlap() {
    // The shared edge of 1 and 2 is bent once each way: 2 gets a corner that 1 does not have.
    var grids = fourGrids()
    var ring = square(1, 0)
    ring.append(at(origin.lon + unit - 5000, origin.lat + 2 * unit / 3))
    ring.append(at(origin.lon + unit + 5000, origin.lat + unit / 3))
    grids[1] = grid(2, ground([ring]))
    let findings = CoverageProof.findings(grids: grids, district: district)
    #expect(Set(findings.map(\.kind)) == [.gap, .overlap])
    #expect(findings.count == 2)
    #expect(findings.allSatisfy { $0.grids == [code(1), code(2)] }, "\(findings)")
}

@Test func shapesThatAreNoAreasAreFound() {
    func kinds(_ ring: Ring, holes: [Ring] = []) -> [CoverageFinding.Kind] {
        CoverageProof.findings(grids: [grid(1, ground([ring] + holes))], district: ground([box(0, 0, 100, 100)])).map(\.kind)
    }
    #expect(kinds([at(0, 0), at(100, 100), at(100, 0), at(0, 100)]).contains(.zeroArea), "a bow tie of two equal halves")
    #expect(kinds([at(0, 0), at(100, 90), at(100, 0), at(0, 100)]).contains(.selfIntersection))
    #expect(kinds([at(0, 0), at(100, 100)]).contains(.zeroArea))
    #expect(kinds([]).contains(.zeroArea))
    #expect(kinds([at(0, 0), at(50, 50), at(100, 100)]).contains(.zeroArea))
    // A spike: there and back on one line.
    #expect(kinds([at(0, 0), at(100, 0), at(100, 50), at(150, 50), at(100, 50), at(100, 100), at(0, 100)]).contains(.selfIntersection))
    // A figure of eight through a corner: no two edges cross, yet one lobe is wound backwards. Wound alike, it is an area that touches itself.
    #expect(kinds([at(0, 0), at(50, 50), at(100, 100), at(100, 0), at(50, 50), at(0, 80)]).contains(.selfIntersection))
    #expect(kinds([at(0, 0), at(50, 50), at(100, 0), at(100, 100), at(50, 50), at(0, 80)]).allSatisfy { $0 == .gap })
    #expect(kinds(box(0, 0, 100, 100), holes: [box(200, 200, 210, 210)]).contains(.selfIntersection), "a hole outside")
    #expect(kinds(box(0, 0, 100, 100), holes: [box(10, 10, 90, 90), box(20, 20, 30, 30)]).contains(.selfIntersection), "a hole in a hole")
    #expect(kinds(box(0, 0, 100, 100)).isEmpty)
    let wide = ground([box(-1_700_000_000, 0, 1_700_000_000, 100)])
    #expect(CoverageProof.findings(grids: [grid(1, wide)], district: wide).map(\.kind) == [.tooWide])
}

@Test func oppositeWindingsCannotCancelAFault() {
    // Grid 1 and 2 overlap; grid 3 claims a hole exactly there, outside its exterior. The sums of windings are right, the areas are not.
    let overlap = box(40, 40, 60, 60)
    let grids = [
        grid(1, ground([box(0, 0, 100, 100)])), grid(2, ground([overlap])), grid(3, ground([box(100, 0, 200, 100), overlap])),
    ]
    let findings = CoverageProof.findings(grids: grids, district: ground([box(0, 0, 200, 100)]))
    #expect(findings.map(\.kind) == [.selfIntersection] && findings[0].grids == [code(3)])
}

@Test func faultsPlantedInTheSampleAreFoundWhereTheyAre() throws {
    let grids = Sample.grids
    #expect(CoverageProof.findings(grids: grids, district: Sample.boundary).isEmpty)

    // A corner removed from one grid only.
    let place = 200
    let victim = grids[place]
    var ring = victim.ground.polygons[0].exterior
    let removed = ring.remove(at: 7)
    func changed(_ ring: Ring) -> [Grid] {
        var all = grids
        all[place] = Grid(code: victim.code, name: victim.name, township: victim.township, village: victim.village, ground: ground([ring]))
        return all
    }
    let corner = CoverageProof.findings(grids: changed(ring), district: Sample.boundary)
    #expect(corner.count == 1)
    let finding = try #require(corner.first)
    #expect([.gap, .overlap, .protrusion].contains(finding.kind) && finding.grids.contains(victim.code))
    let scale = LocalMetres(at: removed)
    #expect(scale.distance(removed, finding.point) < 1000)

    // A whole grid missing, a whole grid twice.
    var missing = grids
    missing.remove(at: place)
    let gaps = CoverageProof.findings(grids: missing, district: Sample.boundary)
    #expect(gaps.map(\.kind) == [.gap])
    #expect(abs(gaps[0].areaSquareMetres / victim.ground.areaSquareMetres - 1) < 0.01)
    #expect(victim.ground.contains(gaps[0].point))
    // All grids moved by a metre: protrusions on one side, gaps on the other, nothing inside.
    let moved = grids.map { grid in
        let ring = grid.ground.polygons[0].exterior.map { at(Int($0.lonE7) + 100, Int($0.latE7)) }
        return Grid(code: grid.code, name: grid.name, township: grid.township, village: grid.village, ground: ground([ring]))
    }
    let kinds = Set(CoverageProof.findings(grids: moved, district: Sample.boundary).map(\.kind))
    #expect(kinds == [.gap, .protrusion])
}
