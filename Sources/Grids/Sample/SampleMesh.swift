// The ground of the sample district as a mesh of small six-sided faces, fine in the town and coarse in the country.
// seed → **mesh** → regions → names → files

import Foundation

/// A place in metres east and north of the town's centre.
struct PlanarPlace: Equatable {
    var x: Double
    var y: Double

    func squaredDistance(to other: PlanarPlace) -> Double { (x - other.x) * (x - other.x) + (y - other.y) * (y - other.y) }
}

/// Faces of a bent hexagonal lattice. At each corner exactly three faces meet, so regions made of whole faces never touch in a mere
/// point and their borders are simple closed lines, whatever the regions.
struct SampleMesh {
    /// For each face its six neighbours, counter-clockwise from the upper right; -1 outside the district.
    let neighbours: [[Int]]
    /// For each face its six corners; edge k from corner k to k + 1 is shared with neighbour k.
    let corners: [[Int]]
    let centres: [PlanarPlace]
    private(set) var places: [PlanarPlace]

    private static let directions = [(0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1), (1, 0)]

    /// `faceCount` connected faces around the town, which lies off the middle as towns do.
    init(faceCount: Int, random: inout SampleRandom) {
        let reach = Int(Double(faceCount).squareRoot() * 1.7) + 4
        let width = 4 * reach + 1
        let index = { (q: Int, r: Int) in (r + reach) * width + q + 2 * reach }
        let ground = SampleGround(reach: Double(faceCount).squareRoot(), random: &random)
        let faces = ground.outline(faceCount, index: index, directions: Self.directions)

        var order: [Int: Int] = [:]
        for (place, face) in faces.enumerated() { order[index(face.q, face.r)] = place }
        neighbours = faces.map { face in Self.directions.map { order[index(face.q + $0.0, face.r + $0.1)] ?? -1 } }
        centres = faces.map { ground.place(q: Double($0.q), r: Double($0.r)) }

        // Each lattice face owns its top (2n) and bottom (2n + 1) corner; the other four belong to neighbours.
        var numbers: [Int: Int] = [:]
        var places: [PlanarPlace] = []
        corners = faces.map { face in
            let (q, r) = (face.q, face.r)
            let owned = [(q, r + 1, 1), (q, r, 0), (q - 1, r + 1, 1), (q, r - 1, 0), (q, r, 1), (q + 1, r - 1, 0)]
            return owned.map { (q, r, side) in
                let key = 2 * index(q, r) + side
                if let number = numbers[key] { return number }
                numbers[key] = places.count
                let third = (side == 0 ? 1.0 : -1.0) / 3
                // The tip above or below a face: a third of the way to each of the two neighbours there.
                let tip = (q: Double(q) - third, r: Double(r) + 2 * third)
                places.append(ground.place(q: tip.q + random.around(0.12), r: tip.r + random.around(0.12)))
                return places.count - 1
            }
        }
        self.places = places
    }

    /// Rounds and roughens the borders between the regions: corners move together with all borders that meet in them, so nothing opens.
    mutating func weather(borders: [(Int, Int)], random: inout SampleRandom) {
        var next: [Int: [Int]] = [:]
        for (a, b) in borders {
            next[a, default: []].append(b)
            next[b, default: []].append(a)
        }
        let moved = next.keys.sorted()
        for _ in 0..<2 {
            let before = places
            for corner in moved {
                let around = next[corner] ?? []
                let x = around.reduce(0) { $0 + before[$1].x } / Double(around.count)
                let y = around.reduce(0) { $0 + before[$1].y } / Double(around.count)
                places[corner] = PlanarPlace(x: (before[corner].x + x) / 2, y: (before[corner].y + y) / 2)
            }
        }
        let before = places
        for corner in moved {
            let around = next[corner] ?? []
            let shortest = around.map { before[corner].squaredDistance(to: before[$0]) }.min() ?? 0
            places[corner].x += random.around(0.2 * shortest.squareRoot())
            places[corner].y += random.around(0.2 * shortest.squareRoot())
        }
    }

    /// The area in square metres that a closed line of corners encloses.
    func area(_ line: [Int]) -> Double {
        zip(line, line.dropFirst() + line.prefix(1)).reduce(0) { $0 + places[$1.0].x * places[$1.1].y - places[$1.1].x * places[$1.0].y }
            / 2
    }
}

/// How the lattice lies on the ground: bent by slow waves, stretched away from the town's centre.
struct SampleGround {
    private let reach: Double
    private let phases: [Double]

    init(reach: Double, random: inout SampleRandom) {
        self.reach = reach
        phases = (0..<12).map { _ in random.unit() * 2 * .pi }
    }

    /// Where a lattice place lies, in units that are scaled to metres later.
    func place(q: Double, r: Double) -> PlanarPlace {
        let x = q + r / 2
        let y = r * 0.866_025_403_784_438_6
        // Slopes of at most 0.45 together: the bent lattice never folds over.
        let bentX = x + 2.2 * sin(y / 9 + phases[0]) + 1.1 * sin(y / 5.3 + x / 11 + phases[1])
        let bentY = y + 2.2 * sin(x / 9 + phases[2]) + 1.1 * sin(x / 5.3 - y / 11 + phases[3])
        let distance = (bentX * bentX + bentY * bentY) / (0.15 * reach * reach)
        let stretch = pow(1 + distance, 0.85)
        return PlanarPlace(x: bentX * stretch, y: bentY * stretch)
    }

    /// The `count` faces nearest to the middle of the district, measured by a wavy outline and grown so that they hang together.
    func outline(_ count: Int, index: (Int, Int) -> Int, directions: [(Int, Int)]) -> [(q: Int, r: Int)] {
        let level = { (q: Int, r: Int) -> Double in
            let x = Double(q) + Double(r) / 2 - 0.2 * reach
            let y = Double(r) * 0.866 - 0.15 * reach
            let angle = atan2(y, x)
            var shape = 1.0
            for k in 1...7 { shape += 0.16 / Double(k) * sin(Double(k + 1) * angle + phases[4 + k]) }
            return (x * x + y * y).squareRoot() / shape
        }
        // A bucket queue: levels are small numbers, one bucket for each quarter of a face.
        var buckets: [[(q: Int, r: Int)]] = [[(0, 0)]]
        var seen: Set<Int> = [index(0, 0)]
        var result: [(q: Int, r: Int)] = []
        var at = 0
        while result.count < count, at < buckets.count {
            guard let face = buckets[at].popLast() else {
                at += 1
                continue
            }
            result.append(face)
            for (dq, dr) in directions {
                let next = (q: face.q + dq, r: face.r + dr)
                guard seen.insert(index(next.q, next.r)).inserted else { continue }
                let bucket = max(at, Int(level(next.q, next.r) * 4))
                while buckets.count <= bucket { buckets.append([]) }
                buckets[bucket].append(next)
            }
        }
        return result
    }
}
