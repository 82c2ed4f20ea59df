// The sample district as the files that `DistrictReader` reads. Everything in it is invented below the district's own code.
// seed → mesh → regions → names → **files**

package import Base
import Domain

/// What to generate.
package struct SampleOptions: Sendable {
    package var seed: UInt64 = 511_011
    package var cameras = 4100
    /// All cameras stand in this many grids that adjoin each other; nil spreads them over the district.
    package var cameraGrids: Int?
    /// A camera's URL is this and its number, from 1.
    package var rtspBase = "rtsp://127.0.0.1:8554/cam/"

    package init() {}
}

/// Generator of a district that looks and weighs like a real one: 17 townships, 465 grids, at least as many gridworkers.
package enum SampleDistrict {
    /// The files by name, with their text; the same options always give the same bytes. Takes seconds in a debug build.
    ///
    /// Throws when the options make no sense or, for an unlucky seed, when the map it draws is not proven to cover the district once.
    package static func files(_ options: SampleOptions) throws(Failure) -> [(name: String, text: String)] {
        guard (1...99_999).contains(options.cameras) else { throw Failure(.invalidInput, "a sample has 1 to 99,999 cameras") }
        var random = SampleRandom(seed: options.seed)
        let map = try SampleMap(random: &random)
        if let grids = options.cameraGrids, !(1...map.cells.count).contains(grids) {
            throw Failure(.invalidInput, "cameras can stand in 1 to \(map.cells.count) grids")
        }
        let cameras = SampleCameras(map, options, &random).csv
        return [
            ("district.geojson", districtJSON(map)), ("grids.geojson", gridsJSON(map)), ("cameras.csv", cameras),
            ("workers.csv", workersCSV(map, &random)), ("README.md", notice(options.seed)),
        ]
    }

    private static let warning = "Generated sample data; codes and names below district 511011 are invented. 生成的示例数据,区以下编码与名称均为虚构。"

    private static func notice(_ seed: UInt64) -> String {
        """
        # Sample district (示例数据)

        \(warning)

        Written by `make-district --seed \(seed)`. The outline, townships below the three sub-districts, villages, grids, people, telephone
        numbers (prefix 000) and cameras do not exist. Do not use it for anything but trying out Snowlight. No rights are reserved (CC0 1.0).

        """
    }

    private static func districtJSON(_ map: SampleMap) -> String {
        """
        {"type": "FeatureCollection", "notice": "\(warning)", "features": [
          {"type": "Feature", "properties": {"code": "\(SampleMap.districtCode)", "name": "东兴区(示例)"},
           "geometry": \(geometry(map.district))}
        ]}

        """
    }

    private static func gridsJSON(_ map: SampleMap) -> String {
        let features = map.cells.map { cell in
            let grid = cell.grid
            return """
                  {"type": "Feature",
                   "properties": {"code": "\(grid.code)", "name": "\(grid.name)", "township": "\(grid.township)", "village": "\(grid.village)"},
                   "geometry": \(geometry(grid.ground))}
                """
        }
        return "{\"type\": \"FeatureCollection\", \"notice\": \"\(warning)\", \"features\": [\n\(features.joined(separator: ",\n"))\n]}\n"
    }

    private static func geometry(_ ground: Ground) -> String {
        let rings = ground.rings.map { ring in
            "[" + (ring + ring.prefix(1)).map { "[\(degrees($0.lonE7)),\(degrees($0.latE7))]" }.joined(separator: ",") + "]"
        }
        return "{\"type\": \"Polygon\", \"coordinates\": [\n     \(rings.joined(separator: ",\n     "))]}"
    }

    private static func workersCSV(_ map: SampleMap, _ random: inout SampleRandom) -> String {
        let surnames = ["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "林", "郭", "何", "高", "罗"]
        var rows = [WorkerRows.columns.joined(separator: ",")]
        func add(_ id: String, _ number: Int, _ grid: GridCode, _ role: WorkerRole) {
            let name = "\(surnames[random.below(surnames.count)])示例\(padded(number, 3))"
            rows.append("\(id),\(name),\(grid),\(role.rawValue),000-\(padded(number, 8)),console")
        }
        for (place, cell) in map.cells.enumerated() { add("gw\(padded(place + 1, 3))", place + 1, cell.grid.code, .fullTime) }
        // Every fifth grid has a substitute.
        for place in stride(from: 0, to: map.cells.count, by: 5) {
            add("sub\(padded(place / 5 + 1, 3))", 500 + place / 5, map.cells[place].grid.code, .substitute)
        }
        return rows.joined(separator: "\n") + "\n"
    }
}

/// Degrees with seven places, without going through floating point; positive as in China.
func degrees(_ unitsE7: Int32) -> String { "\(unitsE7 / 10_000_000).\(padded(Int(unitsE7 % 10_000_000), 7))" }
