// Point in grid: every point in exactly one grid, borders and corners included.

import Base
import Domain
import Foundation
import Synchronization
import Testing

@testable import Grids

private let fourSquares = GridSet([
    grid(1, ground([box(0, 0, 10, 10)])), grid(2, ground([box(10, 0, 20, 10)])), grid(3, ground([box(0, 10, 10, 20)])),
    grid(4, ground([box(10, 10, 20, 20)])),
])

@Test func aPointOnABorderBelongsToExactlyOneGrid() {
    for lon in 0...20 {
        for lat in 0...20 {
            let expected: Int
            // The half-open rule gives a border to the east and the north of it; the outer edge goes to whom it touches.
            switch (lon >= 10 && lon <= 20, lat >= 10 && lat <= 20) {
            case (false, false): expected = 1
            case (true, false): expected = 2
            case (false, true): expected = 3
            case (true, true): expected = 4
            }
            let found = fourSquares.locate(at(lon, lat))
            // On the outer edge the touching grid with the smallest code wins, which differs at the two ends of inner borders only.
            let isOuterEnd = (lon == 20 || lat == 20) && (lon == 10 || lat == 10)
            if isOuterEnd { #expect(found == code(lon == 10 ? 3 : 2)) } else { #expect(found == code(expected), "\(lon),\(lat)") }
            #expect(fourSquares.holders(of: at(lon, lat)) == (lon < 20 && lat < 20 ? 1 : 0))
        }
    }
    #expect(fourSquares.locate(at(21, 5)) == nil)
    #expect(fourSquares.locate(at(-1, 5)) == nil)
    #expect(fourSquares.locate(at(5, 21)) == nil)
}

@Test func aHoleBelongsToTheGridInIt() {
    let ring = grid(1, ground([box(0, 0, 30, 30), box(10, 10, 20, 20).reversed()]))
    let set = GridSet([ring, grid(2, ground([box(10, 10, 20, 20)]))])
    for lon in 0..<30 {
        for lat in 0..<30 {
            let inside = (10..<20).contains(lon) && (10..<20).contains(lat)
            #expect(set.locate(at(lon, lat)) == code(inside ? 2 : 1))
            #expect(set.holders(of: at(lon, lat)) == 1)
        }
    }
}

@Test func aGridMayHaveTwoParts() {
    let set = GridSet([grid(1, ground([box(0, 0, 10, 10)], [box(20, 0, 30, 10)])), grid(2, ground([box(10, 0, 20, 10)]))])
    #expect(set.locate(at(5, 5)) == code(1))
    #expect(set.locate(at(15, 5)) == code(2))
    #expect(set.locate(at(25, 5)) == code(1))
    #expect(set.locate(at(20, 5)) == code(1))
}

@Test func noGridsHoldNothing() {
    #expect(GridSet([]).locate(at(0, 0)) == nil)
    #expect(GridSet([]).resolve(at(0, 0)) == nil)
    #expect(GridSet([grid(1, ground())]).locate(at(0, 0)) == nil)
}

@Test func theFarCornersOfTheWorldDoNotOverflow() {
    for lon in [-1_800_000_000, 0, 1_800_000_000] {
        for lat in [-900_000_000, 0, 900_000_000] where (lon, lat) != (0, 0) {
            #expect(fourSquares.locate(at(lon, lat)) == nil)
            #expect(fourSquares.resolve(at(lon, lat)) == nil)
        }
    }
}

@Test func nearABorderTheNeighboursAreNamed() throws {
    // At 29.5° N 0.0001° of longitude are 9.7 m, of latitude 11.1 m.
    let set = GridSet([
        grid(1, ground([box(1_050_000_000, 295_000_000, 1_050_100_000, 295_100_000)])),
        grid(2, ground([box(1_050_100_000, 295_000_000, 1_050_200_000, 295_100_000)])),
        grid(3, ground([box(1_050_000_000, 295_100_000, 1_050_200_000, 295_200_000)])),
    ])
    let middle = try #require(set.resolve(place(105.005, 29.505)))
    #expect(middle.grid == code(1) && !middle.nearBorder && middle.neighbours.isEmpty)
    #expect(abs(middle.distanceMetres - 484.5) < 1, "half of 0.01° of longitude: \(middle.distanceMetres)")
    let east = try #require(set.resolve(place(105.0099, 29.505)))
    #expect(east.grid == code(1) && east.nearBorder && east.neighbours == [code(2)])
    #expect(abs(east.distanceMetres - 9.69) < 0.05)
    let corner = try #require(set.resolve(place(105.0099, 29.50995)))
    #expect(corner.neighbours == [code(3), code(2)], "nearest first")
    let outer = try #require(set.resolve(place(105.005, 29.50005)))
    #expect(outer.nearBorder && outer.neighbours.isEmpty, "on the edge of the district there is no neighbour")
}

@Test func theRasterAnswersLikeAScanOfAllEdges() {
    let seed: UInt64 = 90_210
    print("seed \(seed)")
    var random = SampleRandom(seed: seed)
    var problems: [String] = []
    for round in 0..<60 {
        // Anything that has edges, also crossing, repeated and overlapping ones: the rule holds for every ring. The widest span makes cells
        // of many units; in the narrowest each point is a cell.
        let reach = [12, 700, 40_000, 500_000_000][round % 4]
        func point() -> GeoPoint { at(random.below(reach) - reach / 3, random.below(reach) - reach / 2) }
        let grounds = (0..<6).map { _ in
            Ground(
                (0...random.below(2)).map { _ in
                    GroundPolygon(exterior: (0..<3 + random.below(6)).map { _ in point() }, holes: [(0..<3).map { _ in point() }])
                })
        }
        let index = GridIndex(grounds)
        let corners = grounds.flatMap { $0.rings.flatMap { $0 } }
        for number in 0..<200 {
            // Random places, corners, and places on a level or an upright with a corner.
            let (a, b) = (corners[random.below(corners.count)], corners[random.below(corners.count)])
            let p = [point(), a, GeoPoint(lonE7: a.lonE7, latE7: b.latE7), at(Int(a.lonE7) + 1, Int(a.latE7))][number % 4]
            let holders = grounds.indices.filter { grounds[$0].contains(p) }
            let touching = grounds.indices.filter { grounds[$0].hasOnBorder(p) }
            let agree = index.first(holding: p) == holders.first && index.count(holding: p) == holders.count
            if !agree || !Set(touching).isSubset(of: index.candidates(at: p)) { problems.append("round \(round), \(p)") }
        }
    }
    #expect(problems.isEmpty, "\(problems.count), such as \(problems.prefix(5))")
}

@Test func theRasterStaysSmallWhenAllGridsLieOnEachOther() {
    // A wrong file: 2,000 grids, each as large as the district. Not 2,000 entries in each of 262,144 cells.
    let square = ground([box(0, 0, 9_000_000, 9_000_000)])
    let index = GridIndex(Array(repeating: square, count: 2000))
    #expect(index.first(holding: at(4_500_000, 4_500_000)) == 0)
    #expect(index.count(holding: at(0, 0)) == 2000 && index.count(holding: at(9_000_000, 0)) == 0)
}

@Test func metresFitTheEllipsoid() {
    // A degree at 29.5° N: 110,847 m along the meridian, 96,992 m along the parallel (WGS-84, series expansion).
    let scale = LocalMetres(at: place(105, 29.5))
    #expect(abs(scale.perLatUnit * 1e7 - 110_851) < 20)
    #expect(abs(scale.perLonUnit * 1e7 - 96_968) < 40)
    #expect(abs(ground([box(1_050_000_000, 295_000_000, 1_050_100_000, 295_100_000)]).areaSquareMetres / 1.0749e6 - 1) < 0.001)
}

// MARK: the sample district

/// Counts the grids that hold a point without the library: crossings compared as exact fractions, all grids whose box contains it.
private struct Oracle: Sendable {
    private let grids: [(bounds: GeoBounds, rings: [Ring])]

    init(_ grids: [Grid]) { self.grids = grids.compactMap { grid in grid.ground.bounds.map { ($0, grid.ground.rings) } } }

    /// Places of all grids that hold the point by the half-open rule.
    func holders(_ p: GeoPoint) -> [Int] {
        grids.indices.filter { place in
            guard grids[place].bounds.contains(p) else { return false }
            var crossings = 0
            for ring in grids[place].rings {
                for k in ring.indices {
                    let (a, b) = (ring[k], ring[(k + 1) % ring.count])
                    guard (a.latE7 <= p.latE7) != (b.latE7 <= p.latE7) else { continue }
                    // x of the crossing is a.lon + (b.lon - a.lon) * (p.lat - a.lat) / (b.lat - a.lat); compared after multiplying out.
                    let rise = Int128(b.latE7) - Int128(a.latE7)
                    let east = (Int128(b.lonE7) - Int128(a.lonE7)) * (Int128(p.latE7) - Int128(a.latE7))
                    let point = (Int128(p.lonE7) - Int128(a.lonE7)) * rise
                    if rise > 0 ? east > point : east < point { crossings += 1 }
                }
            }
            return crossings % 2 == 1
        }
    }

    /// Places of all grids on whose border the point lies.
    func touching(_ p: GeoPoint) -> [Int] { grids.indices.filter { Ground([GroundPolygon(exterior: grids[$0].rings[0])]).hasOnBorder(p) } }
}

@Test(.timeLimit(.minutes(5))) func aMillionRandomPointsLieInExactlyOneGrid() {
    let seed: UInt64 = 20_261_123
    print("seed \(seed)")
    let set = GridSet(Sample.grids)
    let oracle = Oracle(Sample.grids)
    // The border as a single grid: the same exact rule decides what is inside the district, quickly.
    let district = GridSet([grid(1, Sample.boundary)])
    let bounds = Sample.boundary.bounds!  // The sample has a border.
    let problems = Mutex<[String]>([])
    let total = Mutex(0)
    let threads = (0..<2).map { part in
        OwnThread(name: "points-\(part)") {
            var random = SampleRandom(seed: seed &+ UInt64(part))
            var inside = 0
            while inside < 500_000 {
                let p = GeoPoint(
                    lonE7: bounds.west + Int32(random.below(Int(bounds.east - bounds.west) + 1)),
                    latE7: bounds.south + Int32(random.below(Int(bounds.north - bounds.south) + 1)))
                guard district.holders(of: p) == 1 else {
                    if set.holders(of: p) != 0 { problems.withLock { $0.append("\(p) lies outside and in a grid") } }
                    continue
                }
                inside += 1
                let count = set.holders(of: p)
                let found = set.locate(p)
                if count != 1 || found == nil {
                    problems.withLock { $0.append("\(p) lies in \(count) grids, located \(String(describing: found))") }
                }
                // One in fifty against all grids by a rule written a second time.
                if inside % 50 == 0, oracle.holders(p).map({ set.all[$0].code }) != [found] {
                    problems.withLock { $0.append("\(p): \(String(describing: found)) is not what the oracle says") }
                }
            }
            total.withLock { $0 += inside }
        }
    }
    for thread in threads { thread.join() }
    #expect(total.withLock { $0 } == 1_000_000)
    #expect(problems.withLock { Array($0.prefix(10)) }.isEmpty)
}

@Test(.timeLimit(.minutes(5))) func everyCornerAndEveryMiddleOfAnEdgeLiesInExactlyOneGrid() {
    let set = GridSet(Sample.grids)
    let oracle = Oracle(Sample.grids)
    let district = GridSet([grid(1, Sample.boundary)])
    var points: Set<GeoPoint> = []
    for ring in Sample.grids.flatMap(\.ground.rings) {
        for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) {
            points.insert(a)
            let lon = Int64(a.lonE7) + Int64(b.lonE7)
            let lat = Int64(a.latE7) + Int64(b.latE7)
            #expect(lon % 2 == 0 && lat % 2 == 0, "the sample is drawn on even units so that middles are exact")
            points.insert(GeoPoint(lonE7: Int32(lon / 2), latE7: Int32(lat / 2)))
        }
    }
    var outer = 0
    var problems: [String] = []
    for (number, p) in points.enumerated() {
        let found = set.locate(p)
        if found == nil { problems.append("\(p) lies in no grid") }
        let expected = district.holders(of: p)
        if set.holders(of: p) != expected { problems.append("\(p) is held by \(set.holders(of: p)) grids, not \(expected)") }
        if expected == 0 {
            // On the eastern or northern outer edge: the touching grid with the smallest code.
            outer += 1
            if outer % 10 == 0, oracle.touching(p).map({ set.all[$0].code }).min() != found { problems.append("\(p) on the outer edge") }
        } else if number % 10 == 0, oracle.holders(p).map({ set.all[$0].code }) != [found] {
            problems.append("\(p) is not where the oracle says")
        }
    }
    print("\(points.count) corners and middles, \(outer) of them on the outer edge")
    #expect(points.count > 20_000)
    #expect(problems.prefix(10).isEmpty)
}
