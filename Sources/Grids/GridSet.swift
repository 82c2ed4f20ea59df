// All grids of a district, and the one that holds a point.
// incident → point → **grid set** → grid → case

package import Domain

/// An immutable set of grids with an index over them. Safe on any thread; every question is pure.
package struct GridSet: Sendable {
    /// Camera positions are surveyed to about this; closer to a border the answer is marked.
    package static let nearBorderMetres = 15.0

    /// Sorted by code.
    package let all: [Grid]
    private let places: [GridCode: Int]
    private let index: GridIndex

    /// Builds the index; of grids with the same code the first one counts. Readers refuse such files.
    ///
    /// Each grid must span less than `Ground.maxSpanE7`.
    package init(_ grids: [Grid]) {
        var places: [GridCode: Int] = [:]
        var all: [Grid] = []
        for grid in grids.sorted(by: { $0.code < $1.code }) where places[grid.code] == nil {
            places[grid.code] = all.count
            all.append(grid)
        }
        precondition(
            all.allSatisfy { ($0.ground.bounds?.spanE7 ?? 0) < Ground.maxSpanE7 }, "the arithmetic is exact for grids below 107° only")
        self.all = all
        self.places = places
        index = GridIndex(all.map(\.ground))
    }

    /// The grid with this code, or nil.
    package subscript(code: GridCode) -> Grid? { places[code].map { all[$0] } }

    /// The grid that holds `p`, borders included, or nil outside all of them.
    ///
    /// Half-open crossing rule on integers (`Ground.contains`): on borders between grids exactly one side owns each point. On the outer
    /// edge, where the rule would put the eastern and northern side outside, the touching grid with the smallest code owns it.
    /// Some 0.1 µs in the sample district (`tools/bench locate`).
    package func locate(_ p: GeoPoint) -> GridCode? { place(of: p).map { all[$0].code } }

    /// As `locate`, with the distance to the border and the grids on the other side of it. About a microsecond.
    package func resolve(_ p: GeoPoint) -> GridLocation? {
        guard let home = place(of: p) else { return nil }
        let distance = all[home].ground.borderDistanceMetres(from: p)
        var neighbours: [(distance: Double, code: GridCode)] = []
        if distance < Self.nearBorderMetres {
            for other in index.grids(within: Self.nearBorderMetres, of: p) where other != home {
                let metres = all[other].ground.borderDistanceMetres(from: p)
                if metres < Self.nearBorderMetres { neighbours.append((metres, all[other].code)) }
            }
            neighbours.sort { ($0.distance, $0.code) < ($1.distance, $1.code) }
        }
        return GridLocation(
            grid: all[home].code, distanceMetres: distance, neighbours: neighbours.map(\.code), nearBorder: distance < Self.nearBorderMetres
        )
    }

    /// Grids whose box meets the box of `ground`, by code.
    func grids(touching ground: Ground) -> [Grid] {
        guard let box = ground.bounds else { return [] }
        return index.grids(in: box).map { all[$0] }.filter { $0.ground.bounds?.meets(box) ?? false }
    }

    /// How many grids hold `p` by the half-open rule alone: 1 inside a proven district, 0 outside. For proofs and tests.
    package func holders(of p: GeoPoint) -> Int { index.count(holding: p) }

    private func place(of p: GeoPoint) -> Int? {
        if let place = index.first(holding: p) { return place }
        return index.candidates(at: p).first { all[$0].ground.hasOnBorder(p) }
    }
}
