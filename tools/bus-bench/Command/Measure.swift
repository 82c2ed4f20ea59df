// The way from outbox to case, timed: the real outbox, sockets, dispatcher and databases, cameras and pages left out.
// incidents → outbox ══ZeroMQ══▶ dispatcher → **cases, timed**

import ArgumentParser
import Base
import Cases
import Domain
import Foundation
import Grids
import IncidentBus
import Logging
import Storage
import Synchronization

/// Prints one JSON object.
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures incidents a second into cases, a burst, and the latency of a single one; prints one JSON object.")

    @Option(help: "A folder with the files of a district.") var district: String
    @Option(help: "The catalogue; `motion` must become cases by itself.") var catalogue: String
    @Option(help: "An empty folder for the databases.") var folder: String
    @Option(help: "How many incidents wait when draining begins.") var incidents = 20_000
    @Option(help: "How many incidents come within one second.") var burst = 4100
    @Option(help: "How many single incidents, one after the other.") var singles = 200

    func run() throws {
        let (district, _) = DistrictReader.read(directory: district)
        guard let district, let text = FileManager.default.contents(atPath: catalogue),
            let catalogue = Catalogue.read(yaml: String(decoding: text, as: UTF8.self), file: catalogue).0
        else { throw ValidationError("The district or the catalogue has errors; see `snowlight check`.") }
        let registry = Registry(district, catalogue: catalogue)
        let drain = try Way(folder + "/drain", registry)
        try drain.append(incidents, district.cameras)
        let outboxSeconds = drain.appendSeconds
        let drainSeconds = try drain.publish(untilCases: incidents)
        try drain.close()
        let live = try Way(folder + "/live", registry)
        _ = try live.publish(untilCases: 0)
        let burstSeconds = try live.burst(burst, district.cameras)
        let latencies = try live.latencies(singles, district.cameras)
        try live.close()
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let result = Result(
            incidents: incidents, outboxPerSecond: Double(incidents) / outboxSeconds, casesPerSecond: Double(incidents) / drainSeconds,
            burst: burst, burstSeconds: burstSeconds, singles: singles, latencyP50Ms: latencies[singles / 2] * 1000,
            latencyP99Ms: latencies[min(singles - 1, singles * 99 / 100)] * 1000)
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }

    private struct Result: Encodable {
        let incidents: Int
        /// Observations committed to the outbox, in transactions of 64.
        let outboxPerSecond: Double
        /// From the first HELLO until all were cases.
        let casesPerSecond: Double
        let burst: Int
        /// From the first of the burst until the last was a case; at least one second.
        let burstSeconds: Double
        let singles: Int
        /// From the observation until readers of the feed are woken: both commits lie between.
        let latencyP50Ms: Double
        let latencyP99Ms: Double
    }
}

/// Outbox, bus and dispatcher over fresh files.
private final class Way {
    let outbox: Outbox
    let dispatcherFile: SQLiteFile
    let receiver: IncidentReceiver
    let publisher: IncidentPublisher
    let signal = FeedSignal()
    private(set) var appendSeconds = 0.0
    private var next = 0

    init(_ folder: String, _ registry: Registry) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let log = Logger(label: "bus-bench") { _ in SwiftLogNoOpLogHandler() }
        let metrics = MetricsRegistry()
        outbox = try Outbox.open(path: folder + "/outbox.sqlite")
        dispatcherFile = try SQLiteFile.open(path: folder + "/dispatch.sqlite", migrations: CasesSchema.migrations)
        let dispatcher = try Dispatcher(
            file: dispatcherFile, registry: RegistryBox(registry), signal: signal, time: SystemTime(), log: log, metrics: metrics)
        receiver = try IncidentReceiver(endpoint: "ipc://\(folder)/bus", committer: dispatcher, log: log, metrics: metrics)
        publisher = try IncidentPublisher(outbox: outbox, endpoint: "ipc://\(folder)/bus", log: log, metrics: metrics)
    }

    /// Each incident of another key, so that each is an incident of its own.
    private func drafts(_ count: Int, _ cameras: [Camera]) -> [IncidentDraft] {
        let now = SystemTime().wallNow
        return (0..<count).map { _ in
            next += 1
            let camera = cameras[next % cameras.count]
            return IncidentDraft(
                key: IncidentKey(camera: camera.id, zone: "z\(next / cameras.count)", category: "motion"), phase: .open, priority: .three,
                place: camera.position, firstSeen: now, lastSeen: now, count: 3, score: 71,
                box: RelativeBox(x: 0.1, y: 0.2, width: 0.3, height: 0.4),
                reason: ["3 looks in 4.0 s", "moved 0.21 of the picture", "shape of a vehicle"], snapshot: nil)
        }
    }

    func append(_ count: Int, _ cameras: [Camera]) throws {
        let began = ContinuousClock.now
        for start in stride(from: 0, to: count, by: 64) { _ = try outbox.append(drafts(min(64, count - start), cameras)) }
        appendSeconds = (ContinuousClock.now - began).seconds
    }

    private func waitForCases(_ count: Int) throws {
        while try dispatcherFile.read({ try $0.row("SELECT count(*) AS n FROM case_incident")?.int("n") ?? 0 }) < count {
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    func publish(untilCases count: Int) throws -> Double {
        let began = ContinuousClock.now
        try receiver.start()
        publisher.start()
        while outbox.depth().rows > 0 { Thread.sleep(forTimeInterval: 0.005) }
        try waitForCases(count)
        return (ContinuousClock.now - began).seconds
    }

    /// Spread over one second as a district would: every 20 ms its share.
    func burst(_ count: Int, _ cameras: [Camera]) throws -> Double {
        let before = next
        let began = ContinuousClock.now
        for slice in 0..<50 {
            let share = count * (slice + 1) / 50 - count * slice / 50
            _ = try outbox.append(drafts(share, cameras))
            publisher.notify()
            Thread.sleep(until: Date(timeIntervalSinceNow: max(0, 0.02 * Double(slice + 1) - (ContinuousClock.now - began).seconds)))
        }
        try waitForCases(before + count)
        return (ContinuousClock.now - began).seconds
    }

    /// Sorted, in seconds.
    func latencies(_ count: Int, _ cameras: [Camera]) throws -> [Double] {
        try (0..<count).map { _ in
            Thread.sleep(forTimeInterval: 0.02)
            let (seen, began) = (signal.newest, ContinuousClock.now)
            _ = try outbox.append(drafts(1, cameras))
            publisher.notify()
            while signal.newest == seen { Thread.sleep(forTimeInterval: 0.0002) }
            return (ContinuousClock.now - began).seconds
        }.sorted()
    }

    func close() throws {
        publisher.stop()
        receiver.stop()
        try outbox.close()
        try dispatcherFile.close()
    }
}
