// Overlay and lineage: what became of each grid, and which cameras move.

import Domain
import Testing

@testable import Grids

/// Squares of about 1 km beside each other; grid `n` has columns and rows of them.
private let unit = 100_000

private func cells(_ west: Int, _ south: Int, _ east: Int, _ north: Int) -> Ring {
    box(1_050_000_000 + west * unit, 295_000_000 + south * unit, 1_050_000_000 + east * unit, 295_000_000 + north * unit)
}

private func rectangle(_ number: Int, _ west: Int, _ south: Int, _ east: Int, _ north: Int) -> Grid {
    grid(number, ground([cells(west, south, east, north)]))
}

/// Two by two grids of four cells each.
private let before = GridSet([
    rectangle(1, 0, 0, 2, 2), rectangle(2, 2, 0, 4, 2), rectangle(3, 0, 2, 2, 4), rectangle(4, 2, 2, 4, 4),
])

/// The links that are not `keep`, as short text.
private func links(_ after: [Grid]) -> [String] {
    GridLineage(from: before, to: GridSet(after)).links.filter { $0.kind != .keep }
        .map { link in
            let shares = [link.shareOfOld, link.shareOfNew].map { "\(Int(($0 * 100).rounded()))" }.joined(separator: "/")
            return "\(link.from.digits.suffix(1))→\(link.to.digits.suffix(1)) \(link.kind) \(shares)"
        }
}

@Test func lineageNamesWhatBecameOfEachGrid() {
    let (two, three, four) = (before.all[1], before.all[2], before.all[3])
    #expect(links(before.all) == [])
    #expect(links([rectangle(5, 0, 0, 1, 2), rectangle(6, 1, 0, 2, 2), two, three, four]) == ["1→5 split 50/100", "1→6 split 50/100"])
    #expect(links([rectangle(7, 0, 0, 4, 2), three, four]) == ["1→7 merge 100/50", "2→7 merge 100/50"])
    #expect(links([rectangle(8, 0, 0, 2, 2), two, three, four]) == ["1→8 recode 100/100"])
    #expect(
        links([rectangle(1, 0, 0, 3, 2), rectangle(2, 3, 0, 4, 2), three, four]) == [
            "1→1 adjust 100/67", "2→1 adjust 50/33", "2→2 adjust 50/100",
        ],
        "a border that moves")
    #expect(
        links([rectangle(1, 0, 0, 1, 2), rectangle(9, 1, 0, 2, 2), two, three, four]) == ["1→1 adjust 50/100", "1→9 split 50/100"],
        "a new grid is taken out of one that lives on")
    #expect(links([rectangle(1, 0, 0, 4, 2), three, four]) == ["1→1 adjust 100/50", "2→1 merge 100/50"], "one takes the other over")
    // Split and merged at once: 1 goes half to 5 and half, with 2, to 6.
    #expect(
        links([rectangle(5, 0, 0, 1, 2), rectangle(6, 1, 0, 4, 2), three, four])
            == ["1→5 split 50/100", "1→6 split 50/33", "2→6 merge 100/67"])
}

@Test func lineageListsCodesThatEndBeginAndAreMisused() {
    let after = [rectangle(5, 0, 0, 1, 2), rectangle(6, 1, 0, 2, 2), before.all[1], rectangle(4, 0, 2, 2, 4), rectangle(3, 2, 2, 4, 4)]
    let lineage = GridLineage(from: before, to: GridSet(after))
    #expect(lineage.ended == [code(1)] && lineage.begun == [code(5), code(6)])
    #expect(lineage.reused == [code(3), code(4)], "the codes of two grids were exchanged")
    #expect(lineage.links.filter { $0.kind == .recode }.count == 2)
    #expect(!lineage.isUnchanged)
    let two = before.all[1]
    let renamed = Grid(code: two.code, name: "新", township: two.township, village: two.village, ground: two.ground)
    let names = GridLineage(from: before, to: GridSet([before.all[0], renamed, before.all[2], before.all[3]]))
    #expect(names.renamed == [two.code] && !names.isUnchanged && names.links.allSatisfy { $0.kind == .keep })
    #expect(GridLineage(from: before, to: before).isUnchanged)
}

@Test func theSameGroundDrawnOtherwiseIsKept() {
    var ring = cells(0, 0, 2, 2)
    ring.insert(at(Int(ring[0].lonE7) + 12_345, Int(ring[0].latE7)), at: 1)
    let after = GridSet([grid(1, ground([Array(ring[2...] + ring[..<2])])), before.all[1], before.all[2], before.all[3]])
    #expect(GridLineage(from: before, to: after).isUnchanged)
    // A corner moved by a centimetre is no keep; what its neighbours lost, five square metres each, is named.
    var moved = before.all.map { $0.ground.polygons[0].exterior }
    let middle = at(1_050_000_000 + 2 * unit, 295_000_000 + 2 * unit)
    for place in moved.indices {
        moved[place] = moved[place].map { $0 == middle ? at(Int($0.lonE7) + 1, Int($0.latE7)) : $0 }
    }
    let adjusted = GridLineage(from: before, to: GridSet(moved.enumerated().map { grid($0 + 1, ground([$1])) }))
    #expect(adjusted.links.filter { $0.from == $0.to }.allSatisfy { $0.kind == .adjust })
    #expect(adjusted.links.filter { $0.from != $0.to }.allSatisfy { $0.kind == .adjust && $0.overlapSquareMetres < 15 })
}

@Test func sharesOfTheSampleAddUp() {
    // Whole villages merged into one grid each, and every grid's ground accounted for.
    let old = GridSet(Sample.grids)
    let merged = Dictionary(grouping: old.all, by: \.code.village).values.map { grids -> Grid in
        let code = GridCode("\(grids[0].code.village)900")!  // Fifteen digits.
        let polygons = grids.flatMap(\.ground.polygons)
        return Grid(code: code, name: "合", township: grids[0].township, village: grids[0].village, ground: Ground(polygons))
    }
    let some = Array(merged.sorted { $0.code < $1.code }.prefix(6))
    let villages = Set(some.map(\.code.village))
    let new = GridSet(old.all.filter { !villages.contains($0.code.village) } + some)
    let lineage = GridLineage(from: old, to: new)
    for grid in old.all {
        let shares = lineage.links.filter { $0.from == grid.code }
        #expect(abs(shares.reduce(0) { $0 + $1.shareOfOld } - 1) < 1e-9, "\(grid.code): \(shares)")
        #expect(shares.count == 1, "a village is a union of its grids: nothing crosses its border")
    }
    #expect(Set(lineage.begun) == Set(some.map(\.code)))
}

@Test func sharedAreaIsExactWhereCornersAreShared() {
    let square = ground([box(0, 0, 10, 10)])
    let cases: [(Ground, Double, String)] = [
        (square, 100, "itself"), (ground([box(0, 0, 10, 10).reversed()]), 100, "turned"), (ground([box(5, 5, 15, 15)]), 25, "a corner"),
        (ground([box(10, 0, 20, 10)]), 0, "touching along an edge"), (ground([box(10, 10, 20, 20)]), 0, "touching in a corner"),
        (ground([box(-5, -5, 15, 15)]), 100, "around it"),
        (ground([box(-5, -5, 15, 15), box(2, 2, 8, 8)]), 64, "around it with a hole in it"),
        (ground([box(0, 0, 5, 10)], [box(5, 0, 10, 10)]), 100, "two halves"),
        (ground([[at(0, 0), at(10, 0), at(0, 10)]]), 50, "its lower half"),
        (ground([[at(5, -5), at(15, 5), at(5, 15), at(-5, 5)]]), 100, "a diamond around it"),
        (ground([[at(5, 0), at(10, 5), at(5, 10), at(0, 5)]]), 50, "a diamond in it"), (ground(), 0, "nothing"),
    ]
    for (other, area, name) in cases {
        #expect(GridOverlay.sharedUnits(square, other) == area, "\(name)")
        #expect(GridOverlay.sharedUnits(other, square) == area, "\(name), the other way")
    }
}

/// The area of a convex ring cut by another, edge after edge (Sutherland and Hodgman), in floating point.
private func clippedArea(_ subject: Ring, _ clip: Ring) -> Double {
    var points = subject.map { (x: Double($0.lonE7), y: Double($0.latE7)) }
    for (a, b) in zip(clip, clip.dropFirst() + clip.prefix(1)) {
        func side(_ p: (x: Double, y: Double)) -> Double {
            (Double(b.lonE7) - Double(a.lonE7)) * (p.y - Double(a.latE7)) - (Double(b.latE7) - Double(a.latE7)) * (p.x - Double(a.lonE7))
        }
        var kept: [(x: Double, y: Double)] = []
        for (place, p) in points.enumerated() {
            let q = points[(place + 1) % points.count]
            if side(p) >= 0 { kept.append(p) }
            if side(p) * side(q) < 0 {
                let t = side(p) / (side(p) - side(q))
                kept.append((p.x + t * (q.x - p.x), p.y + t * (q.y - p.y)))
            }
        }
        points = kept
    }
    return zip(points, points.dropFirst() + points.prefix(1)).reduce(0) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y } / 2
}

@Test func sharedAreaAgreesWithClippingTriangles() {
    let seed: UInt64 = 8_006
    print("seed \(seed)")
    var random = SampleRandom(seed: seed)
    for _ in 0..<3000 {
        let reach = random.below(2) == 0 ? 20 : 200_000
        func triangle() -> Ring {
            let ring = (0..<3).map { _ in at(random.below(reach), random.below(reach)) }
            return ring.doubledArea < 0 ? ring.reversed() : ring
        }
        let (a, b) = (triangle(), triangle())
        guard a.doubledArea != 0, b.doubledArea != 0 else { continue }
        let (exact, clipped) = (GridOverlay.sharedUnits(ground([a]), ground([b])), clippedArea(a, b))
        #expect(abs(exact - clipped) <= 1e-9 * Double(reach) * Double(reach), "\(a) \(b): \(exact) \(clipped)")
    }
}

@Test func camerasMoveWithTheGroundTheyStandOn() throws {
    func camera(_ number: Int, _ position: GeoPoint, bound: GridCode? = nil) throws -> Camera {
        Camera(
            id: try #require(CameraID("5110110000132\(padded(number, 7))")), name: "示例", programme: "", url: "rtsp://192.0.2.1/\(number)",
            position: position, villageCode: nil, boundGrid: bound, tags: [], priority: .three, transport: .auto)
    }
    let (west, east) = (place(105.005, 29.505), place(105.015, 29.505))
    let cameras = [
        try camera(1, west), try camera(2, east), try camera(3, east, bound: code(1)), try camera(4, east, bound: code(2)),
        try camera(5, place(105.035, 29.505)),
    ]
    // Grid 1 is split in the middle: 5 west, 6 east.
    let after = GridSet([rectangle(5, 0, 0, 1, 2), rectangle(6, 1, 0, 2, 2)] + before.all.dropFirst())
    let moves = CameraMove.all(cameras, from: before, to: after)
    #expect(moves.map(\.camera.id) == [cameras[0].id, cameras[1].id, cameras[2].id], "4 is bound to what lives on, 5 stands elsewhere")
    #expect(moves.map(\.after.grid) == [code(5), code(6), code(6)])
    #expect(moves.map(\.needsReview) == [false, false, true], "3 was bound by hand to what is no more")
    #expect(CameraMove.all(cameras, from: before, to: before).isEmpty)
}

@Test func aFixedCameraSeesGroundAndNotItsMast() throws {
    // Grid 2 lies east of grid 1; the camera stands 5 m inside grid 1.
    func shares(_ azimuth: Double?, _ width: Double? = 90, _ range: Double? = 100, movable: Bool = false) throws -> [String] {
        var camera = Camera(
            id: try #require(CameraID("51101100001320000001")), name: "示例", programme: "", url: "rtsp://192.0.2.1/1",
            position: place(105.01995, 29.51), villageCode: nil, boundGrid: nil, tags: [], priority: .three, transport: .auto)
        camera.view = CameraView(azimuthDegrees: azimuth, widthDegrees: width, rangeMetres: range, isMovable: movable)
        return before.seen(by: camera).map { "\($0.grid.digits.suffix(1)) \(Int(($0.share * 100).rounded()))" }
    }
    #expect(try shares(270) == ["1 100"])
    #expect(try shares(90) == ["2 100"], "what it sees is the neighbour's, but for 24 of 7,854 m²")
    #expect(try shares(0, 180) == ["1 53", "2 47"])
    #expect(try shares(0, 360) == ["1 53", "2 47"])
    #expect(try shares(90, nil) == [] && shares(nil) == [] && shares(90, 90, nil) == [] && shares(90, movable: true) == [])
    // Beyond the district's border nothing is anybody's.
    var corner = Camera(
        id: try #require(CameraID("51101100001320000002")), name: "示例", programme: "", url: "rtsp://192.0.2.1/2",
        position: place(105, 29.5),
        villageCode: nil, boundGrid: nil, tags: [], priority: .three, transport: .auto)
    corner.view = CameraView(azimuthDegrees: 45, widthDegrees: 180, rangeMetres: 50)
    let seen = before.seen(by: corner)
    #expect(seen.map(\.grid) == [code(1)] && abs(seen[0].share - 0.5) < 0.01)
}
