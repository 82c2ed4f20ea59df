// Divides the mesh into regions of given sizes that hang together: townships, then villages, then grids.
// seed → mesh → **regions** → names → files

/// Growing of regions over the faces of a mesh.
enum SampleRegions {
    /// Divides `faces`, which hang together, into as many regions as there are `seeds`; region k gets about `sizes[k]` parts of them.
    ///
    /// The region that lags most takes the face of its rim nearest to its seed, blurred by noise, until no face is left.
    static func grow(
        _ faces: [Int], seeds: [PlanarPlace], sizes: [Double], mesh: SampleMesh, random: inout SampleRandom
    ) -> [[Int]] {
        var owner: [Int: Int] = [:]
        owner.reserveCapacity(faces.count)
        for face in faces { owner[face] = -1 }
        var regions: [[Int]] = Array(repeating: [], count: seeds.count)
        var rims: [[(cost: Double, face: Int)]] = Array(repeating: [], count: seeds.count)
        func take(_ face: Int, _ region: Int) {
            owner[face] = region
            regions[region].append(face)
            for next in mesh.neighbours[face] where next >= 0 && owner[next] == -1 {
                let cost = mesh.centres[next].squaredDistance(to: seeds[region]) * (1 + 0.9 * random.unit())
                rims[region].append((cost, next))
            }
        }
        for (region, seed) in seeds.enumerated() {
            let free = faces.filter { owner[$0] == -1 }
            if let start = free.min(by: { mesh.centres[$0].squaredDistance(to: seed) < mesh.centres[$1].squaredDistance(to: seed) }) {
                take(start, region)
            }
        }
        var active = Array(seeds.indices)
        while let region = active.min(by: { Double(regions[$0].count) / sizes[$0] < Double(regions[$1].count) / sizes[$1] }) {
            rims[region].removeAll { owner[$0.face] != -1 }
            guard let nearest = rims[region].indices.min(by: { rims[region][$0].cost < rims[region][$1].cost }) else {
                active.removeAll { $0 == region }
                continue
            }
            take(rims[region][nearest].face, region)
        }
        return regions
    }

    /// Places for `count` seeds that share `faces` evenly: Lloyd's iteration from a random start.
    static func seeds(_ count: Int, in faces: [Int], mesh: SampleMesh, random: inout SampleRandom) -> [PlanarPlace] {
        var seeds = (0..<count).map { _ in mesh.centres[faces[random.below(faces.count)]] }
        for _ in 0..<12 {
            var sums = Array(repeating: (x: 0.0, y: 0.0, count: 0.0), count: count)
            for face in faces {
                let centre = mesh.centres[face]
                var best = 0
                var bestDistance = Double.infinity
                for (place, seed) in seeds.enumerated() {
                    let distance = centre.squaredDistance(to: seed)
                    if distance < bestDistance { (best, bestDistance) = (place, distance) }
                }
                sums[best].x += centre.x
                sums[best].y += centre.y
                sums[best].count += 1
            }
            for (place, sum) in sums.enumerated() where sum.count > 0 {
                seeds[place] = PlanarPlace(x: sum.x / sum.count, y: sum.y / sum.count)
            }
        }
        return seeds
    }

    /// The borders of a region as closed lines of corners: the outer one counter-clockwise, those around enclosed regions clockwise.
    static func borders(_ region: [Int], owner: [Int], mesh: SampleMesh) -> [[Int]] {
        var next: [Int: Int] = [:]
        for face in region {
            for (k, other) in mesh.neighbours[face].enumerated() where other < 0 || owner[other] != owner[face] {
                next[mesh.corners[face][k]] = mesh.corners[face][(k + 1) % 6]
            }
        }
        var lines: [[Int]] = []
        for start in next.keys.sorted() {
            var line: [Int] = []
            var corner = start
            while let following = next.removeValue(forKey: corner) {
                line.append(corner)
                corner = following
            }
            if !line.isEmpty { lines.append(line) }
        }
        return lines
    }
}
