// An ingest node without cameras: a steady load through the real outbox and publisher, for tests that let things go wrong.
// incidents → **outbox ══ZeroMQ══▶** dispatcher → cases

import ArgumentParser
import Base
import Domain
import Foundation
import Grids
import IncidentBus
import Logging

/// Prints each revision once the outbox has taken it: whoever reads that knows what may not be lost any more.
struct Node: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publishes a steady load of invented incidents as an ingest node, until it is ended or everything has arrived.",
        discussion: """
            Prints `INCIDENT REVISION CAMERA ZONE` for each revision that is on the disk, and with --count `drained` once the dispatcher has \
            acknowledged them all. Started again on the same folder it goes on with the incidents that were running. Logs go to standard error.
            """)

    @Option(help: "A folder with the files of a district; the load comes from its cameras.") var district: String
    @Option(help: "The folder of the outbox.") var folder: String
    @Option(help: "Where the dispatcher waits for ingest nodes.") var endpoint: String
    @Option(help: "Revisions a second; 0 for as many as the disk takes.") var rate = 500
    @Option(help: "End after this many revisions, once they are acknowledged; without it the load has no end.") var count: Int?
    @Option(help: "How many of a hundred revisions begin an incident.") var openings = 60
    @Option(help: "The node's key file; without one only addresses of this machine.") var key: String?
    @Option(help: "The dispatcher's public key.") var dispatcher: String?

    func validate() throws {
        guard (0...1_000_000).contains(rate), (1...100).contains(openings), count.map({ $0 >= 0 }) ?? true else {
            throw ValidationError("--rate is a number up to 1,000,000, --openings from 1 to 100.")
        }
        guard (key == nil) == (dispatcher == nil) else { throw ValidationError("--key and --dispatcher belong together.") }
    }

    func run() throws {
        guard let cameras = DistrictReader.read(directory: district).district?.cameras, !cameras.isEmpty else {
            throw ValidationError("The district has errors or no camera; see `snowlight check`.")
        }
        let log = Logger(label: "node") { JSONLogHandler(label: $0) }
        var identity: NodeID?
        var credentials: BusCredentials?
        if let key, let dispatcher {
            guard let server = CurveKey(dispatcher) else { throw ValidationError("--dispatcher is no public key.") }
            let (name, pair) = try KeyFile.read(key)
            (identity, credentials) = (NodeID(named: name), BusCredentials(pair: pair, servers: [server]))
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let outbox = try Outbox.open(path: folder + "/outbox.sqlite", node: identity)
        let publisher = try IncidentPublisher(
            outbox: outbox, endpoint: endpoint, credentials: credentials, log: log, metrics: MetricsRegistry())
        publisher.start()
        do { try publish(Load(cameras, openings: openings, running: try outbox.openIncidents()), outbox, publisher, log) } catch {
            // As in the service: what the disk says about an append decides what becomes of the process.
            log.critical("the outbox cannot be trusted", metadata: ["failure": "\(error)"])
            throw ExitCode((error as? Failure)?.kind == .dataLoss ? ExitStatus.inputOutput.rawValue : ExitStatus.internalError.rawValue)
        }
        publisher.stop()
        try outbox.close()
    }

    /// Appends every 20 ms what is due, then waits for the last acknowledgement.
    private func publish(_ load: Load, _ outbox: Outbox, _ publisher: IncidentPublisher, _ log: Logger) throws {
        var load = load
        let began = ContinuousClock.now
        var appended = 0
        while appended < count ?? .max {
            let due = rate == 0 ? .max : Int((ContinuousClock.now - began).seconds * Double(rate))
            let drafts = load.drafts(min(64, min(due, count ?? .max) - appended))
            if drafts.isEmpty {
                Thread.sleep(forTimeInterval: 0.02)
                continue
            }
            report(try append(drafts, outbox, log))
            appended += drafts.count
            publisher.notify()
        }
        while outbox.depth().rows > 0 { Thread.sleep(forTimeInterval: 0.01) }
        print(bytes: Array("drained\n".utf8))
    }

    /// The same drafts again while the disk is full or busy: an observation is not dropped.
    private func append(_ drafts: [IncidentDraft], _ outbox: Outbox, _ log: Logger) throws -> [Incident] {
        while true {
            do { return try outbox.append(drafts) } catch let failure as Failure
                where failure.kind == .resourceExhausted || failure.kind == .unavailable
            {
                log.warning("observations wait for the disk", metadata: ["failure": "\(failure)"])
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
    }

    private func report(_ incidents: [Incident]) {
        let lines = incidents.map { "\($0.id) \($0.revision) \($0.key.camera.digits) \($0.key.zone)\n" }
        print(bytes: Array(lines.joined().utf8))
    }

    /// At once and unbuffered: what was printed is outside the process when it is killed.
    private func print(bytes: [UInt8]) { FileHandle.standardOutput.write(Data(bytes)) }
}

/// Invented observations: incidents begin, go on and end. A value without clock or disk; the seed does not matter to anybody.
private struct Load {
    /// As many as a busy district has at a time; beyond it one ends before another begins.
    private static let mostRunning = 512

    private let cameras: [Camera]
    private let openings: Int
    /// Tells the keys of this run from those of the runs before.
    private let run = String(UInt32.random(in: 0 ... .max), radix: 36)
    private var running: [IncidentDraft]
    private var begun = 0

    init(_ cameras: [Camera], openings: Int, running: [OpenIncident]) {
        (self.cameras, self.openings) = (cameras, openings)
        self.running = running.map { open in
            let incident = open.incident
            return IncidentDraft(
                key: incident.key, phase: .updated, priority: incident.priority, place: incident.place, firstSeen: incident.firstSeen,
                lastSeen: incident.lastSeen, count: 1, score: incident.score, box: incident.box, reason: incident.reason, snapshot: nil)
        }
    }

    mutating func drafts(_ count: Int) -> [IncidentDraft] {
        guard count > 0 else { return [] }
        let now = SystemTime().wallNow
        return (0..<count).map { _ in draft(now) }
    }

    private mutating func draft(_ now: WallTime) -> IncidentDraft {
        if running.count < Self.mostRunning && (running.isEmpty || Int.random(in: 0..<100) < openings) {
            begun += 1
            let camera = cameras[begun % cameras.count]
            let opening = IncidentDraft(
                key: IncidentKey(camera: camera.id, zone: "\(run)-\(begun)", category: "motion"), phase: .open, priority: .three,
                place: camera.position, firstSeen: now, lastSeen: now, count: 1, score: 71,
                box: RelativeBox(x: 0.1, y: 0.2, width: 0.3, height: 0.4), reason: ["3 looks in 4.0 s", "moved 0.21 of the picture"],
                snapshot: nil)
            running.append(opening)
            return opening
        }
        let index = Int.random(in: running.indices)
        running[index].phase = .updated
        running[index].lastSeen = max(running[index].lastSeen, now)
        running[index].count += 1
        // Two updates for each ending.
        guard running.count >= Self.mostRunning || Int.random(in: 0..<3) == 0 else { return running[index] }
        running[index].phase = .ended
        let last = running.count - 1
        running.swapAt(index, last)
        return running.removeLast()
    }
}
