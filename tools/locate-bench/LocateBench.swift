// Measures point in grid: the index of the service, and a scan over bounding boxes beside it.
// points → **grids, timed** → `tools/bench locate`

import ArgumentParser
import Base
import Domain
import Foundation
import Grids

/// The part of `tools/bench locate` that is Swift; prints one JSON object.
@main
struct LocateBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locate-bench",
        abstract: "Measures how many points a second one core finds the grid of; prints one JSON object.",
        discussion: """
            With --district the grids of that folder, with --lattice as many made-up grids of the same kind. Points are random and lie in \
            the district. Rates are of CPU time, so per core.
            """)

    @Option(help: "A folder with the files of a district.") var district: String?
    @Option(help: "How many grids to make up instead: at least 4.") var lattice: Int?
    @Option(help: "How many different points.") var points = 1 << 20
    @Option(help: "CPU time to spend on each figure, at least.") var cpuSeconds = 2.0
    @Option(help: "Seed of the points and of the made-up grids.") var seed: UInt64 = 511_011
    @Option(help: "Also write grids.wkt and points.txt with the answers to this folder, for other programs.") var export: String?

    func validate() throws {
        if (district == nil) == (lattice == nil) { throw ValidationError("Give either --district or --lattice.") }
        if let lattice, !(4...250_000).contains(lattice) { throw ValidationError("--lattice is a number from 4 to 250,000.") }
        guard (1000...10_000_000).contains(points) else { throw ValidationError("--points is a number from 1,000 to 10,000,000.") }
        guard (0.05...600).contains(cpuSeconds) else { throw ValidationError("--cpu-seconds is a number from 0.05 to 600.") }
    }

    func run() throws {
        var random = SeededGenerator(seed: seed)
        let grids = try lattice.map { Lattice.grids($0, &random) } ?? readGrids()
        let start = cpuSecondsNow()
        let set = GridSet(grids)
        let build = cpuSecondsNow() - start
        let places = randomPoints(set, &random)
        let scan = BoxScan(set.all)
        let sample = Array(places.prefix(max(200, 20_000_000 / (set.all.count * 20))))
        guard sample.allSatisfy({ set.locate($0) == scan.locate($0) }) else {
            FileHandle.standardError.write(Data("locate-bench: the index and the scan disagree\n".utf8))
            throw ExitCode(ExitStatus.internalError.rawValue)
        }
        let corners = set.all.flatMap(\.ground.polygons).reduce(0) { $0 + $1.exterior.count + $1.holes.joined().count }
        let result = Result(
            grids: set.all.count, corners: corners, points: places.count, buildSeconds: build,
            index: measure(places) { set.locate($0) }, resolve: measure(places) { set.resolve($0)?.grid },
            scan: measure(sample) { scan.locate($0) }, compared: sample.count)
        if let export { try write(set, Array(places.prefix(200_000)), to: export) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }

    private struct Result: Encodable {
        let grids: Int
        let corners: Int
        let points: Int
        let buildSeconds: Double
        let index: Figure
        let resolve: Figure
        let scan: Figure
        /// Points whose answers by index and scan were compared; all agreed.
        let compared: Int
    }

    private struct Figure: Encodable {
        let points: Int
        let cpuSeconds: Double
        let pointsPerSecond: Double
    }

    private func readGrids() throws -> [Grid] {
        let (read, findings) = DistrictReader.read(directory: district ?? "")
        guard let read else {
            for finding in findings { FileHandle.standardError.write(Data("\(finding)\n".utf8)) }
            throw ExitCode(ExitStatus.badData.rawValue)
        }
        return read.grids.all
    }

    private func randomPoints(_ set: GridSet, _ random: inout SeededGenerator) -> [GeoPoint] {
        guard let bounds = GeoBounds(set.all.lazy.flatMap { $0.ground.polygons.flatMap(\.exterior) }) else { return [] }
        var places: [GeoPoint] = []
        places.reserveCapacity(points)
        while places.count < points {
            let place = GeoPoint(
                lonE7: Int32.random(in: bounds.west...bounds.east, using: &random),
                latE7: Int32.random(in: bounds.south...bounds.north, using: &random))
            if set.locate(place) != nil { places.append(place) }
        }
        return places
    }

    /// Goes over `places` until the time is spent; the last digit of each code keeps the work from being left out.
    private func measure(_ places: [GeoPoint], _ locate: (GeoPoint) -> GridCode?) -> Figure {
        var (done, sum) = (0, 0)
        let start = cpuSecondsNow()
        var used = 0.0
        while used < cpuSeconds {
            for place in places { sum &+= Int(locate(place)?.digits.utf8.last ?? 0) }
            done += places.count
            used = cpuSecondsNow() - start
        }
        precondition(sum > 0, "every point lies in a grid")
        return Figure(points: done, cpuSeconds: used, pointsPerSecond: Double(done) / used)
    }

    private func write(_ set: GridSet, _ places: [GeoPoint], to folder: String) throws {
        let ring = { (ring: Ring) in "(" + (ring + ring.prefix(1)).map { "\($0.lon) \($0.lat)" }.joined(separator: ",") + ")" }
        let grids = set.all.map { grid in
            "MULTIPOLYGON("
                + grid.ground.polygons.map { "(" + ([$0.exterior] + $0.holes).map(ring).joined(separator: ",") + ")" }
                .joined(separator: ",") + ")\n"
        }
        let numbers = Dictionary(uniqueKeysWithValues: set.all.enumerated().map { ($1.code, $0) })
        let points = places.map { "\($0.lon) \($0.lat) \(set.locate($0).flatMap { numbers[$0] } ?? -1)\n" }
        for (name, lines) in [("grids.wkt", grids), ("points.txt", points)] {
            try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: folder).appendingPathComponent(name))
        }
    }
}

/// The baseline: every bounding box in turn, then the same exact rule.
struct BoxScan {
    private let grids: [Grid]
    private let boxes: [GeoBounds?]

    init(_ grids: [Grid]) {
        self.grids = grids
        boxes = grids.map(\.ground.bounds)
    }

    func locate(_ p: GeoPoint) -> GridCode? {
        for (place, box) in boxes.enumerated() {
            if let box, box.contains(p), grids[place].ground.contains(p) { return grids[place].code }
        }
        return grids.first { $0.ground.hasOnBorder(p) }?.code
    }
}

/// CPU time of this thread.
func cpuSecondsNow() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
