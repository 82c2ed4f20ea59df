// The invented map: townships, villages and grids with codes, names and exactly shared borders.
// seed → mesh → regions → **names** → files

import Base
import Domain

/// A drawn and proven sample map.
struct SampleMap {
    /// One grid with what is needed to put cameras into it.
    struct Cell {
        let grid: Grid
        let isUrban: Bool
        /// Places inside it, as candidates for cameras.
        let places: [GeoPoint]
        /// Grids that share a border with it, as places in `cells`.
        let neighbours: [Int]
    }

    let district: Ground
    let cells: [Cell]

    static let districtCode = "511011"
    private static let urbanFaces = 20
    private static let ruralFaces = 52
    private static let areaSquareMetres = 1_180e6
    private static let centre = GeoPoint(lonE7: 1_050_800_000, latE7: 295_900_000)

    /// The three sub-districts are real, the towns and everything below are invented.
    private static let townships: [(code: String, name: String, grids: Int)] =
        [("001", "东兴街道", 92), ("002", "西林街道", 80), ("003", "新江街道", 66)]
        + [
            ("青岗", 22), ("竹湾", 20), ("松坪", 18), ("石滩", 14), ("桂花", 19), ("荷塘", 16), ("梨园", 15), ("茶山", 12), ("云溪", 17),
            ("白鹭", 13), ("金穗", 21), ("枫桥", 15), ("柳荫", 14), ("月亮", 11),
        ].enumerated().map { ("\(100 + $0)", "示例\($1.0)镇", $1.1) }

    /// Draws the map and proves it; throws when the drawing failed, which one seed in many may do.
    init(random: inout SampleRandom) throws(Failure) {
        let faceCount = Self.townships.enumerated().reduce(0) {
            $0 + $1.element.grids * ($1.offset < 3 ? Self.urbanFaces : Self.ruralFaces)
        }
        var mesh = SampleMesh(faceCount: faceCount, random: &random)
        let all = Array(mesh.neighbours.indices)
        var plans: [Plan] = []
        for (place, faces) in Self.townshipFaces(all, mesh, &random).enumerated() {
            plans += Self.villages(faces, Self.townships[place], isUrban: place < 3, mesh, &random)
        }
        var owner = Array(repeating: -1, count: all.count)
        for (place, plan) in plans.enumerated() { for face in plan.faces { owner[face] = place } }

        var lines: [(Int, Int)] = []
        for face in all {
            for (k, other) in mesh.neighbours[face].enumerated() where other < face && (other < 0 || owner[other] != owner[face]) {
                lines.append((mesh.corners[face][k], mesh.corners[face][(k + 1) % 6]))
            }
        }
        mesh.weather(borders: lines, random: &random)

        let outline = SampleRegions.borders(all, owner: Array(repeating: 0, count: all.count), mesh: mesh)
        guard outline.count == 1, plans.allSatisfy({ !$0.faces.isEmpty }) else {
            throw Failure(.internal, "this seed draws a district with a hole or an empty grid; take another seed")
        }
        let paper = Paper(metresPerUnit: (Self.areaSquareMetres / mesh.area(outline[0])).squareRoot(), centre: Self.centre)
        district = Ground([GroundPolygon(exterior: outline[0].map { paper.point(mesh.places[$0]) })])
        cells = plans.enumerated().map { place, plan in
            let rings = SampleRegions.borders(plan.faces, owner: owner, mesh: mesh).sorted { mesh.area($0) > mesh.area($1) }
                .map { $0.map { paper.point(mesh.places[$0]) } }
            let around = Set(plan.faces.flatMap { mesh.neighbours[$0] }.filter { $0 >= 0 }.map { owner[$0] }).subtracting([place])
            let grid = Grid(
                code: plan.code, name: plan.name, township: plan.township, village: plan.village,
                ground: Ground([GroundPolygon(exterior: rings[0], holes: Array(rings.dropFirst()))]))
            return Cell(
                grid: grid, isUrban: plan.isUrban, places: plan.faces.map { paper.point(mesh.centres[$0]) }, neighbours: around.sorted())
        }
        let findings = CoverageProof.findings(grids: cells.map(\.grid), district: district)
        guard findings.isEmpty else {
            throw Failure(.internal, "this seed draws grids that do not cover the district exactly once: \(findings[0])")
        }
    }

    /// A grid before it is drawn.
    private struct Plan {
        let code: GridCode
        let name: String
        let township: String
        let village: String
        let isUrban: Bool
        let faces: [Int]
    }

    private static func townshipFaces(_ all: [Int], _ mesh: SampleMesh, _ random: inout SampleRandom) -> [[Int]] {
        let sizes = townships.enumerated().map { Double($1.grids * ($0 < 3 ? urbanFaces : ruralFaces)) }
        // Faces nearest to the centre make room for the three sub-districts; the towns share the rest.
        let urbanCount = Int(sizes[..<3].reduce(0, +))
        let origin = PlanarPlace(x: 0, y: 0)
        let outward = all.sorted { mesh.centres[$0].squaredDistance(to: origin) < mesh.centres[$1].squaredDistance(to: origin) }
        let urban = SampleRegions.seeds(3, in: Array(outward[..<urbanCount]), mesh: mesh, random: &random)
        let rural = SampleRegions.seeds(townships.count - 3, in: Array(outward[urbanCount...]), mesh: mesh, random: &random)
        return SampleRegions.grow(all, seeds: urban + rural, sizes: sizes, mesh: mesh, random: &random)
    }

    private static func villages(
        _ faces: [Int], _ township: (code: String, name: String, grids: Int), isUrban: Bool, _ mesh: SampleMesh,
        _ random: inout SampleRandom
    ) -> [Plan] {
        let count = max(1, township.grids / (isUrban ? 6 : 3))
        let shares = (0..<count).map { township.grids / count + ($0 < township.grids % count ? 1 : 0) }
        let seeds = northWestFirst(SampleRegions.seeds(count, in: faces, mesh: mesh, random: &random))
        let regions = SampleRegions.grow(faces, seeds: seeds, sizes: shares.map(Double.init), mesh: mesh, random: &random)
        var plans: [Plan] = []
        for (place, region) in regions.enumerated() where !region.isEmpty {
            let number = place + 1
            // 001–199 are communities, 200–399 villages; GB/T 10114 is the custom followed here.
            let code = "\(districtCode)\(township.code)\(padded(isUrban ? number : 199 + number, 3))"
            let short = township.name.replacing("示例", with: "").dropLast(isUrban ? 2 : 1)
            let village = "示例\(short)\(padded(number, 2))\(isUrban ? "社区" : "村")"
            let seeds = northWestFirst(SampleRegions.seeds(shares[place], in: region, mesh: mesh, random: &random))
            let sizes = Array(repeating: 1.0, count: shares[place])
            for (k, grid) in SampleRegions.grow(region, seeds: seeds, sizes: sizes, mesh: mesh, random: &random).enumerated() {
                // Six, three, three and three digits: always fifteen.
                let gridCode = GridCode("\(code)\(padded(k + 1, 3))")!
                plans.append(
                    Plan(
                        code: gridCode, name: "第\(k + 1)网格", township: township.name, village: village, isUrban: isUrban,
                        faces: grid))
            }
        }
        return plans
    }

    private static func northWestFirst(_ seeds: [PlanarPlace]) -> [PlanarPlace] { seeds.sorted { $0.x - $0.y < $1.x - $1.y } }
}

/// From the drawing to coordinates.
private struct Paper {
    let metresPerUnit: Double
    let centre: GeoPoint

    /// Even units only: then the middle of every edge is a coordinate, too, and borders can be tested at it.
    func point(_ place: PlanarPlace) -> GeoPoint {
        let scale = LocalMetres(at: centre)
        let lon = Int64((place.x * metresPerUnit / scale.perLonUnit / 2).rounded()) * 2
        let lat = Int64((place.y * metresPerUnit / scale.perLatUnit / 2).rounded()) * 2
        return GeoPoint(lonE7: Int32(Int64(centre.lonE7) + lon), latE7: Int32(Int64(centre.latE7) + lat))
    }
}

/// A number with leading zeros.
func padded(_ number: Int, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
