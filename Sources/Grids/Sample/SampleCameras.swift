// Invented cameras at plausible places: dense in the town, at village gates and reservoirs in the country.
// seed → mesh → regions → names → **cameras** → files

import Domain

/// Chooses grids and places for the cameras of a sample.
struct SampleCameras {
    /// The text of `cameras.csv`.
    let csv: String

    private typealias Scene = (name: String, tag: String, priority: Int)

    private static let urban: [Scene] = [
        ("路口", "scene:road_junction", 3), ("广场", "scene:square", 3), ("学校门口", "scene:school_gate", 2), ("消防通道", "scene:fire_lane", 2),
        ("河堤", "scene:river_bank", 2), ("菜市场", "scene:market", 3), ("小区大门", "scene:residential_gate", 4), ("停车场", "scene:parking", 4),
        ("公交站", "scene:bus_stop", 3),
    ]
    private static let rural: [Scene] = [
        ("村口", "scene:village_entrance", 3), ("村委会", "scene:village_office", 4), ("河堤", "scene:river_bank", 2),
        ("水库", "scene:reservoir", 2), ("桥头", "scene:bridge", 3), ("场镇路口", "scene:road_junction", 3), ("卫生院", "scene:clinic", 3),
        ("林区入口", "scene:forest_edge", 2), ("晒场", "scene:threshing_floor", 4),
    ]

    init(_ map: SampleMap, _ options: SampleOptions, _ random: inout SampleRandom) {
        let grids = GridSet(map.cells.map(\.grid))
        let chosen = Self.cells(map, options, &random)
        var rows = [CameraRows.columns.joined(separator: ",")]
        var counts: [Int: Int] = [:]
        for (place, cell) in chosen.enumerated() {
            let number = place + 1
            let grid = map.cells[cell].grid
            let scenes = map.cells[cell].isUrban ? Self.urban : Self.rural
            let count = counts[cell, default: 0]
            counts[cell] = count + 1
            let scene = scenes[(place + random.below(3)) % scenes.count]
            let position = Self.position(in: map.cells[cell], grids, &random)
            let isMovable = random.below(8) == 0
            let programme = map.cells[cell].isUrban ? "雪亮工程" : "乡镇天网"
            // Some bindings are made by hand in every real list; here they agree with the map.
            let bound = number % 40 == 0 ? grid.code.digits : ""
            rows.append(
                "51101100001320\(padded(number, 6)),\(scene.name)\(count + 1)号,\(programme),\(options.rtspBase)\(number),"
                    + "\(degrees(position.lonE7)),\(degrees(position.latE7)),wgs84,\(random.below(360)),\(60 + 5 * random.below(11)),"
                    + "\(30 + 10 * random.below(10)),\(isMovable ? 1 : 0),\(grid.code.village),\(bound),\(scene.tag),\(scene.priority),auto"
            )
        }
        csv = rows.joined(separator: "\n") + "\n"
    }

    /// The grid of each camera. With `cameraGrids`: in turn over that many grids that hang together in the middle of the town.
    private static func cells(_ map: SampleMap, _ options: SampleOptions, _ random: inout SampleRandom) -> [Int] {
        if let count = options.cameraGrids {
            var cluster = [middle(of: map)]
            var next = 0
            while cluster.count < count {
                for neighbour in map.cells[cluster[next]].neighbours where !cluster.contains(neighbour) && cluster.count < count {
                    cluster.append(neighbour)
                }
                next += 1
            }
            return (0..<options.cameras).map { cluster[$0 % count] }
        }
        // Each grid in turn while there are few cameras, then at random, a town grid one and a half times as often as a country one.
        let weights = map.cells.indices.flatMap { Array(repeating: $0, count: map.cells[$0].isUrban ? 3 : 2) }
        return (0..<options.cameras).map { $0 < map.cells.count ? $0 : weights[random.below(weights.count)] }
    }

    /// The town grid nearest to the middle of the first sub-district.
    private static func middle(of map: SampleMap) -> Int {
        let first = map.cells.indices.filter { map.cells[$0].grid.township == map.cells[0].grid.township }
        let places = first.flatMap { map.cells[$0].places }
        let count = Int64(places.count)
        let lon = places.reduce(Int64(0)) { $0 + Int64($1.lonE7) } / count
        let lat = places.reduce(Int64(0)) { $0 + Int64($1.latE7) } / count
        let centre = GeoPoint(lonE7: Int32(lon), latE7: Int32(lat))
        let scale = LocalMetres(at: centre)
        func distance(_ cell: Int) -> Double { map.cells[cell].places.map { scale.distance($0, centre) }.min() ?? .infinity }
        return first.min { distance($0) < distance($1) } ?? 0
    }

    /// A place well inside the grid when a few tries find one, else merely inside it.
    private static func position(in cell: SampleMap.Cell, _ grids: GridSet, _ random: inout SampleRandom) -> GeoPoint {
        var inside = cell.places[0]
        for attempt in 0..<60 {
            let place = cell.places[random.below(cell.places.count)]
            let reach = attempt < 30 ? 3000.0 : 0
            let moved = GeoPoint(lonE7: place.lonE7 + Int32(random.around(reach)), latE7: place.latE7 + Int32(random.around(reach)))
            guard grids.locate(moved) == cell.grid.code else { continue }
            inside = moved
            if cell.grid.ground.borderDistanceMetres(from: moved) > 2 * GridSet.nearBorderMetres { break }
        }
        return inside
    }
}
