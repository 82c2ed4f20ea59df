// Tests which coordinate system the positions of a file are really in.
// cameras.csv → **hypothesis** → a warning before thousands of cameras stand in the neighbour's grid

package import Domain

/// How many cameras declared in one system stand in the village they name, read as each system.
package struct CoordinateFit: Hashable, Sendable {
    package let declared: CoordinateSystem
    /// Cameras with this declaration that name a village or a grid.
    package let count: Int
    /// Of these, those that stand there when read as the given system.
    package let standing: [CoordinateSystem: Int]

    /// The systems that are told apart: CGCS2000 and WGS-84 differ by less than a metre.
    package static let hypotheses: [CoordinateSystem] = [.wgs84, .gcj02, .bd09]

    /// Those that stand where they say under the declared system.
    package var own: Int { standing[declared, default: 0] }

    /// Another system that fits clearly better: at least 5 cameras, and a fifth of them more. Nil when the declaration is plausible.
    package var better: CoordinateSystem? {
        guard count >= 5 else { return nil }
        let others = Self.hypotheses.filter { $0 != declared }
        guard let best = others.max(by: { standing[$0, default: 0] < standing[$1, default: 0] }),
            standing[best, default: 0] >= own + max(3, count / 5)
        else { return nil }
        return best
    }
}

/// Collects declared villages and tells when another coordinate system would put the cameras where they say they are.
///
/// GCJ-02 is 425 m off here, wider than an urban grid: read as the wrong system, most urban cameras fall into a neighbour's grid while
/// everything looks plausible.
struct CoordinateHypothesis {
    private var samples: [(given: Degrees, declared: CoordinateSystem, village: VillageCode, line: Int)] = []

    mutating func add(_ given: Degrees, _ declared: CoordinateSystem, _ village: VillageCode, line: Int) {
        samples.append((given, declared == .cgcs2000 ? .wgs84 : declared, village, line))
    }

    /// One fit for each declared system, in the order of `CoordinateSystem.allCases`.
    func fits(_ map: DistrictMap) -> [CoordinateFit] {
        CoordinateFit.hypotheses.compactMap { declared in
            let group = samples.filter { $0.declared == declared }
            if group.isEmpty { return nil }
            var standing: [CoordinateSystem: Int] = [:]
            for system in CoordinateFit.hypotheses {
                standing[system] = group.count { sample in
                    let degrees = system.wgs84(from: sample.given)
                    return GeoPoint(lon: degrees.lon, lat: degrees.lat).flatMap { map.grids.locate($0) }?.village == sample.village
                }
            }
            return CoordinateFit(declared: declared, count: group.count, standing: standing)
        }
    }

    /// A sentence about the first contradiction, with the first line that declares that system.
    func warning(_ map: DistrictMap) -> (line: Int, message: String)? {
        for fit in fits(map) {
            guard let better = fit.better, let first = samples.first(where: { $0.declared == fit.declared }) else { continue }
            let message =
                "crs may be wrong: of \(fit.count) cameras declared \(fit.declared.rawValue), \(fit.own) stand in the village they name; "
                + "read as \(better.rawValue), \(fit.standing[better, default: 0]) would"
            return (first.line, message)
        }
        return nil
    }
}
