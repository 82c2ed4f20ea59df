// Thousands of seeded faults in proven maps: none may be missed, and none invented.

import Domain
import Foundation
import Testing

@testable import Grids

/// One change to a map that was proven.
private enum Mutation: CaseIterable {
    case removeCorner, moveCorner, moveArc, shiftGrid, cornerBesideAnEdge, swapCorners, moveDistrict
    case removeGrid, duplicate, holeAroundSchool, gridOutside, takeNeighboursGround
    // No faults: the ground stays the same.
    case cornerOnAnEdge, turnRing, repeatCorner
}

/// A map after one mutation, with what must be said about it.
private struct MutatedMap {
    var map: SmallMap
    /// What certainly is wrong; nil when only the oracle can tell.
    var isBroken: Bool?
    /// Kinds that may be reported; empty for "any".
    var kinds: Set<CoverageFinding.Kind> = []
    /// Grids one of the findings must name.
    var named: Set<GridCode> = []
    /// Square units by which the ground of all grids grew, doubled.
    var growth: Int128 = 0

    init(_ original: SmallMap, _ mutation: Mutation, _ random: inout SampleRandom) {
        map = original
        let place = random.below(map.grids.count)
        let old = map.grids[place]
        let unit = { (random: inout SampleRandom) in (random.below(2) * 2 - 1, random.below(3) - 1) }
        switch mutation {
        case .removeCorner:
            change(place) { $0.remove(at: random.below($0.count)) }
        case .moveCorner:
            let (dx, dy) = unit(&random)
            let isLevel = random.below(2) == 0
            change(place) { ring in
                let corner = random.below(ring.count)
                ring[corner] = ring[corner].moved(isLevel ? dx : dy, isLevel ? dy : dx)
            }
        case .moveArc:
            let (dx, dy) = unit(&random)
            change(place) { ring in
                let (start, length) = (random.below(ring.count), 1 + random.below(ring.count / 2))
                for step in start..<start + length { ring[step % ring.count] = ring[step % ring.count].moved(dx, dy) }
            }
        case .shiftGrid:
            change(place) { ring in ring = ring.map { $0.moved(1, 0) } }
            isBroken = true
            named = [old.code]
        case .cornerBesideAnEdge:
            change(place) { ring in
                let edge = random.below(ring.count)
                let (a, b) = (ring[edge], ring[(edge + 1) % ring.count])
                let middle = at((Int(a.lonE7) + Int(b.lonE7)) / 2, (Int(a.latE7) + Int(b.latE7)) / 2)
                ring.insert(middle.moved(random.below(2), random.below(2)), at: edge + 1)
            }
        case .swapCorners:
            change(place) { ring in ring.swapAt(random.below(ring.count), random.below(ring.count)) }
        case .moveDistrict:
            let corner = random.below(map.district.polygons[0].exterior.count)
            var ring = map.district.polygons[0].exterior
            ring[corner] = ring[corner].moved(random.below(2) * 2 - 1, random.below(2) * 2 - 1)
            let before = map.district.doubledArea
            map.district = ground([ring])
            if map.district.doubledArea != before { isBroken = true }
        case .removeGrid:
            map.grids.remove(at: place)
            (isBroken, kinds, growth) = (true, [.gap], -old.ground.doubledArea)
        case .duplicate:
            let copy = grid(900, old.ground)
            map.grids.append(copy)
            (isBroken, kinds, named, growth) = (true, [.overlap], [old.code, copy.code], old.ground.doubledArea)
        case .holeAroundSchool:
            // Not of the first grid, which may have a school that is a grid.
            let other = 1 + random.below(3)
            let victim = map.grids[other]
            let hole = map.school(in: other)
            map.grids[other] = map.replacing(other, ground([victim.ground.polygons[0].exterior, hole]))
            (isBroken, kinds, named, growth) = (true, [.gap], [victim.code], -ground([hole]).doubledArea)
        case .gridOutside:
            let away = random.below(2) == 0 ? 10 * map.side : -5 * map.side
            let outside = grid(901, ground([old.ground.polygons[0].exterior.map { $0.moved(away, away) }]))
            map.grids.append(outside)
            (isBroken, kinds, named, growth) = (true, [.protrusion], [outside.code], outside.ground.doubledArea)
        case .takeNeighboursGround:
            let other = (place + 1) % map.grids.count
            map.grids[place] = map.replacing(place, map.grids[other].ground)
            (isBroken, kinds, named) = (true, [.gap, .overlap], [old.code, map.grids[other].code])
        case .cornerOnAnEdge:
            change(place) { ring in
                for edge in ring.indices.reversed() {
                    let (a, b) = (ring[edge], ring[(edge + 1) % ring.count])
                    let (lon, lat) = (Int(a.lonE7) + Int(b.lonE7), Int(a.latE7) + Int(b.latE7))
                    if lon % 2 == 0, lat % 2 == 0 { ring.insert(at(lon / 2, lat / 2), at: edge + 1) }
                }
            }
            isBroken = false
        case .turnRing:
            change(place) { ring in ring = Array(ring.reversed()[3...] + ring.reversed()[..<3]) }
            isBroken = false
        case .repeatCorner:
            change(place) { ring in ring.insert(ring[1], at: 1) }
            isBroken = false
        }
    }

    /// Changes the outer ring of a grid. A different area is a different ground, and then the map cannot be right any more.
    private mutating func change(_ place: Int, _ body: (inout Ring) -> Void) {
        let old = map.grids[place].ground
        var polygon = old.polygons[0]
        body(&polygon.exterior)
        let new = Ground([polygon])
        map.grids[place] = map.replacing(place, new)
        growth = new.doubledArea - old.doubledArea
        if growth != 0 { (isBroken, named) = (true, [map.grids[place].code]) }
    }
}

extension GeoPoint {
    fileprivate func moved(_ dx: Int, _ dy: Int) -> GeoPoint { at(Int(lonE7) + dx, Int(latE7) + dy) }
}

extension Ground {
    /// Twice the area in square units.
    fileprivate var doubledArea: Int128 {
        polygons.reduce(0) { sum, polygon in polygon.holes.reduce(sum + abs(polygon.exterior.doubledArea)) { $0 - abs($1.doubledArea) } }
    }
}

/// What is wrong with the findings about a mutated map; nil when nothing is.
private func complaint(_ mutated: MutatedMap, askOracle: Bool) -> String? {
    let (grids, district) = (mutated.map.grids, mutated.map.district)
    let findings = CoverageProof.findings(grids: grids, district: district)
    let shapes: Set<CoverageFinding.Kind> = [.selfIntersection, .zeroArea, .tooWide]
    let brokenShape = findings.contains { shapes.contains($0.kind) }
    if let isBroken = mutated.isBroken, isBroken == findings.isEmpty { return isBroken ? "missed" : "invented: \(findings)" }
    if askOracle {
        let covered = CoverageOracle.isCoveredOnce(grids, district)
        if let isBroken = mutated.isBroken, isBroken == covered { return "the oracle differs from what was planted" }
        if covered ? !(findings.isEmpty || brokenShape) : findings.isEmpty { return "the oracle says \(covered): \(findings)" }
    }
    if brokenShape { return nil }
    if !mutated.kinds.isEmpty, !Set(findings.map(\.kind)).isSubset(of: mutated.kinds) { return "other kinds: \(findings)" }
    let named = findings.reduce(into: Set<GridCode>()) { $0.formUnion($1.grids) }
    if !mutated.named.isSubset(of: named) { return "\(mutated.named) are not named: \(findings)" }
    // At most one grid too many or too few anywhere: what the findings add up to is what was planted.
    if mutated.growth != 0 {
        let units = LocalMetres(at: district.polygons[0].exterior[0]).squareMetresPerUnit
        let sum = findings.reduce(0.0) { $0 + ($1.kind == .gap ? -$1.areaSquareMetres : $1.areaSquareMetres) }
        let planted = Double(mutated.growth) / 2 * units
        // A square unit has another size at each finding's latitude.
        if abs(sum - planted) > 1e-3 * findings.reduce(0, { $0 + $1.areaSquareMetres }) + 1e-9 {
            return "areas add up to \(sum), not \(planted): \(findings)"
        }
    }
    for finding in findings where finding.outline.isEmpty && finding.areaSquareMetres > 0.1 { return "no outline: \(finding)" }
    return nil
}

@Test(arguments: 0..<4) func noneOfTenThousandMutationsIsMissed(part: Int) {
    let seed: UInt64 = 4_004 + UInt64(part)
    var random = SampleRandom(seed: seed)
    var counts: [Mutation: Int] = [:]
    var complaints: [String] = []
    for number in 0..<2500 {
        // Every fourth map is small enough for the oracle.
        let isTiny = number % 4 == 0
        let map = SmallMap(side: isTiny ? 12 : 3000 + random.below(60_000), &random)
        let mutation = Mutation.allCases[number / 4 % Mutation.allCases.count]
        let mutated = MutatedMap(map, mutation, &random)
        counts[mutation, default: 0] += 1
        if let complaint = complaint(mutated, askOracle: isTiny) {
            complaints.append("seed \(seed), number \(number), \(mutation): \(complaint)")
        }
    }
    print("seed \(seed): \(counts.values.reduce(0, +)) mutations of \(counts.count) kinds")
    #expect(complaints.isEmpty, "\(complaints.count), such as \(complaints.prefix(5).joined(separator: "\n"))")
}

/// The same faults in the sample district; how many is in SNOWLIGHT_MUTATIONS. 10,000 take about ten minutes in a release build.
@Test func mutationsOfTheSampleAreFound() {
    let count = ProcessInfo.processInfo.environment["SNOWLIGHT_MUTATIONS"].flatMap(Int.init) ?? 5
    let seed: UInt64 = 511_011
    var random = SampleRandom(seed: seed)
    var complaints: [String] = []
    for number in 0..<count {
        var grids = Sample.grids
        let place = random.below(grids.count)
        let victim = grids[place]
        var ring = victim.ground.polygons[0].exterior
        let corner = random.below(ring.count)
        switch number % 3 {
        case 0: ring.remove(at: corner)
        case 1: ring[corner] = ring[corner].moved(random.below(2) * 2 - 1, 0)
        default: ring[corner] = ring[corner].moved(random.below(3) - 1, random.below(2) * 2 - 1)
        }
        let changed = ground([ring])
        if changed.doubledArea == victim.ground.doubledArea { continue }
        grids[place] = Grid(code: victim.code, name: victim.name, township: victim.township, village: victim.village, ground: changed)
        let findings = CoverageProof.findings(grids: grids, district: Sample.boundary)
        if !findings.contains(where: { $0.grids.contains(victim.code) }) { complaints.append("number \(number): \(findings)") }
    }
    print("seed \(seed): \(count) mutations of the sample")
    #expect(complaints.isEmpty, "\(complaints.prefix(5))")
}

@Test func outlinesBoundTheAreaThatIsNamed() throws {
    // A gap with an island in it: one exterior, one hole, both along the borders that were drawn.
    let district = ground([box(0, 0, 100, 100)])
    let island = grid(1, ground([box(40, 40, 60, 60)]))
    let gap = try #require(CoverageProof.findings(grids: [island], district: district).first)
    #expect(gap.outline.count == 2)
    let rings = gap.outline.map { $0.map { at(Int(($0.lon * 1e7).rounded()), Int(($0.lat * 1e7).rounded())) } }
    #expect(Set(rings.map { Set($0) }) == [Set(box(0, 0, 100, 100)), Set(box(40, 40, 60, 60))])
    #expect(rings.map { $0.doubledArea }.sorted() == [-800, 20_000], "the area lies on the left")
    // Two squares that touch in a corner are two gaps, not a figure of eight.
    let corners = CoverageProof.findings(grids: [grid(1, ground([box(0, 0, 50, 50)], [box(50, 50, 100, 100)]))], district: district)
    #expect(corners.map(\.outline.count) == [1, 1])
    #expect(corners.allSatisfy { $0.outline[0].count == 4 })
}

@Test func findingsAreDrawnAsGeoJSON() throws {
    // A gap with an island, two gaps that touch, and a shape that is no area.
    let district = ground([box(0, 0, 1000, 1000)])
    let findings =
        CoverageProof.findings(grids: [grid(1, ground([box(400, 400, 600, 600)]))], district: district)
        + CoverageProof.findings(grids: [grid(2, ground([[at(0, 0), at(500, 500), at(1000, 1000)]]))], district: district).prefix(1)
    let text = try CoverageGeoJSON.text(findings)
    let root = try JSONScanner.read(Array(text.utf8))
    let features = try #require(root["features"]?.elements)
    #expect(features.map { $0["geometry"]?["type"]?.string } == ["Polygon", "Point"])
    #expect(features.map { $0["properties"]?["kind"]?.string } == ["gap", "zero_area"])
    #expect(features[0]["properties"]?["grids"]?.elements?.compactMap(\.string) == [code(1).digits])
    let rings = try #require(features[0]["geometry"]?["coordinates"]?.elements)
    #expect(rings.map { $0.elements?.count } == [5, 5], "closed: the first corner stands at the end again")
    #expect(try CoverageGeoJSON.text([]) == "{\"type\":\"FeatureCollection\",\"features\":[\n\n]}\n")
}
