// The composition of `serve`: opened in flow order, started back to front, stopped front to back.
// **camera → … → incidents ══ZeroMQ══▶ dispatcher → cases → pushes, pages**

import Base
import Cases
import Console
import Domain
import Foundation
import Grids
import IncidentBus
import Ingest
import Logging
import Pipelines
import Pushes
import ServiceLifecycle
import Storage
import UnixSignals

/// Every part of one `serve` process.
struct SnowlightProcess: Sendable {
    private let configPath: String
    private let data: String?
    private let log: Logger
    private let maps: MapStore
    private let outbox: Outbox
    private let suppressions: SuppressionStore
    private let restorer: SuppressionRestorer
    private let dispatchFile: any SQLDatabase
    private let accountsFile: any SQLDatabase
    private let backups: BackupKeeper?
    private let receiver: IncidentReceiver
    private let publisher: IncidentPublisher
    private let ingest: IngestService
    private let accounts: Accounts
    private let pushes: PushService
    private let console: Console
    private let tasks: [CameraTask]

    /// Opens files and sockets. Nothing runs yet except the recorder, which waits for observations.
    static func make(_ preparation: Preparation, configPath: String, data: String?, log: Logger) async throws -> SnowlightProcess {
        let configuration = preparation.configuration
        let folder = configuration.dataDirectory
        let need = ResourceNeed(preparation.district.cameras, automatic: configuration.transport, workers: configuration.workers)
        if let failure = ResourceLimits.read(raisingFilesTo: need).examine(need).first { throw failure }
        let time = SystemTime()
        let metrics = MetricsRegistry()
        ProcessMetrics.register(in: metrics)
        let registry = RegistryBox(Registry(preparation.district, catalogue: preparation.catalogue))
        let signal = FeedSignal()
        let onFatal: @Sendable (Failure) -> Void = { failure in
            // Files can no longer be trusted: end at once, recover at the next start. Nothing is flushed on purpose.
            complain("snowlight: \(failure)")
            _exit(failure.exitStatus.rawValue)
        }

        // incidents ══ZeroMQ══▶ dispatcher → cases
        let (snapshots, outbox, suppressions, dispatchFile, accountsFile) = try await onOwnThread("open") {
            do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
                throw Failure(.invalidInput, "cannot create the data folder \(folder)", cause: error)
            }
            return (
                try SnapshotStore(directory: folder + "/snapshots"), try Outbox.open(path: folder + "/outbox.sqlite"),
                try SuppressionStore.open(path: folder + "/suppressions.sqlite", time: time),
                try configuration.store.openCases(in: folder), try configuration.store.openAccounts(in: folder)
            )
        }
        let maps = MapStore(file: dispatchFile, registry: registry, signal: signal, time: time)
        let dispatcher = try await onOwnThread("dispatcher") {
            try adopt(preparation, into: maps, log)
            return try Dispatcher(file: dispatchFile, registry: registry, signal: signal, time: time, log: log, metrics: metrics)
        }
        let endpoint = busEndpoint(folder)
        let receiver = try IncidentReceiver(endpoint: endpoint, committer: dispatcher, log: log, metrics: metrics, onFatal: onFatal)
        let deliveries = Deliveries()
        let publisher = try IncidentPublisher(
            outbox: outbox, endpoint: endpoint, log: log, metrics: metrics, onAcknowledged: { deliveries.acknowledged(through: $0) },
            onFatal: onFatal)

        // camera → packets → looks → frames → detections → incidents
        let sink = OutboxSink(snapshots: snapshots, outbox: outbox, publisher: publisher, deliveries: deliveries)
        if suppressions.wasDamaged { log.error("the suppressions of the last run could not be read and were deleted") }
        let restorer = SuppressionRestorer(store: suppressions, snapshots: snapshots, outbox: outbox) {
            registry.current.cameras[$0]?.position
        }
        metrics.gauge("snowlight_suppressions_kept", "Suppressions that can be searched now.") {
            [([], Double(suppressions.figures.rows))]
        }
        metrics.gauge("snowlight_suppression_picture_bytes", "Bytes of their pictures.") {
            [([], Double(suppressions.figures.pictureBytes))]
        }
        let looks = try configuration.archive.map {
            LookKeeper(
                try LookArchive(directory: configuration.lookDirectory, bytesPerCamera: $0.bytesPerCamera, kept: $0.kept))
        }
        let ingest = IngestService(
            settings: IngestSettings(
                look: configuration.look, workers: configuration.workers,
                session: CameraSession.Policy(stallAfter: configuration.stallAfter, refusedRetry: configuration.refusedRetry),
                attention: configuration.attention, automatic: configuration.transport, recording: configuration.recording),
            sink: sink, suppressions: suppressions, clips: sink, looks: looks, time: time, metrics: metrics, log: log, onFatal: onFatal)
        deliveries.tell { [weak ingest] in ingest?.delivered($0, priority: $1) }

        // cases → pushes
        let pushes = PushService(
            file: dispatchFile, registry: registry, signal: signal, policy: preparation.pushPolicy, book: preparation.destinations,
            time: time,
            log: log, metrics: metrics, sending: PushClient(preparation.destinations.guardian).send, onFatal: onFatal)

        let backups = configuration.backups.map { settings in
            BackupKeeper(
                settings, [dispatchFile, accountsFile].compactMap { $0 as? SQLiteFile }, time: time, log: log, metrics: metrics)
        }

        // cases → pages
        let cases = CaseStore(file: dispatchFile, registry: registry, signal: signal, time: time, metrics: metrics)
        let accounts = try await Accounts.open(file: accountsFile, time: time)
        if configuration.sampleAccounts { try await SampleLogins.write(accounts, preparation.district, folder: folder) }
        var settings = ConsoleSettings(
            host: configuration.host, port: configuration.port, assetsDirectory: configuration.assetsDirectory, version: snowlightVersion)
        settings.leafletDirectory = configuration.leafletDirectory
        var parts = ConsoleParts(
            cases: cases, signal: signal, registry: registry, maps: maps, cameras: FleetHealth(ingest: ingest),
            live: FleetPictures(ingest: ingest),
            outbox: {
                let depth = outbox.depth()
                return OutboxDepth(rows: depth.rows, oldestAgeSeconds: depth.oldestAgeSeconds)
            }, suppressions: SuppressionDesk(store: suppressions, restorer: restorer, publisher: publisher),
            pushes: PushRecords(file: dispatchFile, time: time, changed: { pushes.wake() }), pictures: snapshots, accounts: accounts,
            metrics: metrics,
            time: time)
        parts.onDataLoss = onFatal
        let (consoleSettings, consoleParts, host) = (settings, parts, configuration.host)
        let console = try await onOwnThread("pages") {
            try Console(consoleSettings, consoleParts, log: log) { port in
                print("snowlight: console at http://\(host):\(port)/", flushing: true)
            }
        }
        return SnowlightProcess(
            configPath: configPath, data: data, log: log, maps: maps, outbox: outbox, suppressions: suppressions,
            restorer: restorer, dispatchFile: dispatchFile, accountsFile: accountsFile, backups: backups, receiver: receiver,
            publisher: publisher,
            ingest: ingest, accounts: accounts, console: console, tasks: preparation.cameraTasks)
    }

    /// Runs until SIGTERM or SIGINT, then stops ingest, console, pushes and bus in this order and closes the files.
    func run() async throws {
        let bus = Stage(name: "bus") {
            try receiver.start()
            publisher.start()
            backups?.start()
        } stop: {
            backups?.stop()
            publisher.stop()
            receiver.stop()
        }
        let cameras = Stage(name: "ingest") {
            do {
                let finished = try restorer.finishInterrupted()
                if finished > 0 { log.notice("interrupted restorations became incidents", metadata: ["count": "\(finished)"]) }
            } catch let failure as Failure where failure.kind != .dataLoss {
                log.error("interrupted restorations wait for the next start", metadata: ["failure": "\(failure)"])
            }
            ingest.apply(tasks, continuing: try outbox.openIncidents().map(RunningIncident.init))
        } stop: {
            ingest.stop()
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: bus), .init(service: pushes), .init(service: console), .init(service: cameras),
                    .init(service: Reloading(reload: reload)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        try await group.run()
        await accounts.close()
        try await onOwnThread("close") {
            try outbox.close()
            try suppressions.close()
            try dispatchFile.close()
            try accountsFile.close()
        }
    }

    /// Reads the district again and applies the difference; keeps what runs when the new data has an error.
    private func reload() async {
        let (configPath, data) = (configPath, data)
        do {
            try await onOwnThread("reload") {
                let (preparation, diagnostics) = Preparation.read(configPath: configPath, data: data)
                for diagnostic in diagnostics { log.warning("\(diagnostic)") }
                guard let preparation else {
                    log.error("the district was not reloaded; the one in force stays")
                    return
                }
                try Self.adopt(preparation, into: maps, log)
                ingest.apply(preparation.cameraTasks)
                log.notice("district reloaded", metadata: ["cameras": "\(preparation.district.cameras.count)"])
            }
        } catch { log.error("the district was not reloaded", metadata: ["failure": "\(error)"]) }
    }

    /// Puts a district that was read in force, under the grid set of the store. Blocks.
    private static func adopt(_ preparation: Preparation, into maps: MapStore, _ log: Logger) throws {
        let files = Registry(preparation.district, catalogue: preparation.catalogue)
        switch try maps.adopt(files, boundary: preparation.district.boundaryGeoJSON) {
        case .first(let number): log.notice("the district's map is grid set \(number)")
        case .followed(let number): log.notice("the district's map changed and is grid set \(number); open cases follow")
        case .same: break
        case .outranked(let number):
            log.warning("grid set \(number) is in force and not grids.geojson; `snowlight district import` makes a draft of the file")
        }
    }

    /// The bus inside one process: a socket file in the data folder, or in the temporary folder when that path is too long for one.
    private static func busEndpoint(_ folder: String) -> String {
        let path = (folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder) + "/incidents.ipc"
        // sockaddr_un holds 107 bytes.
        return "ipc://"
            + (path.utf8.count <= 100 ? path : NSTemporaryDirectory() + "/snowlight-\(SHA256Hex.of(Array(path.utf8)).prefix(16)).ipc")
    }
}

extension Preparation {
    /// The cameras with their logins and plans, as the ingest side wants them.
    var cameraTasks: [CameraTask] {
        let plans = pipelines.plans(for: district.cameras, calendar: calendar)
        // Every camera of the district has a plan.
        return district.cameras.map { CameraTask(camera: $0, credentials: credentials[$0.id], plan: plans[$0.id]!) }
    }
}

/// Blocking parts as a service: started and stopped on a thread of their own, waiting for shutdown in between.
private struct Stage: Service {
    let name: String
    let start: @Sendable () throws -> Void
    let stop: @Sendable () throws -> Void

    func run() async throws {
        try await onOwnThread(name, start)
        try? await gracefulShutdown()  // Ends early only when the group is cancelled, and then it is time to stop as well.
        try await onOwnThread(name, stop)
    }
}

/// Reads the district again on every SIGHUP.
private struct Reloading: Service {
    let reload: @Sendable () async -> Void

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() { await reload() }
    }
}

/// The states of the cameras as the console asks for them.
private struct FleetHealth: CameraHealthSource {
    let ingest: IngestService
    func snapshot() -> [CameraID: CameraHealth] { ingest.health() }
    func detail(of camera: CameraID) -> CameraDetail? { ingest.detail(of: camera) }
}

/// Pictures of the cameras of this process as the console asks for them.
private struct FleetPictures: LivePictureSource {
    let ingest: IngestService

    func snapshot(of camera: CameraID) async throws -> [UInt8] {
        try await onOwnThread("snapshot") { try ingest.snapshot(of: camera) }
    }

    func watch(_ camera: CameraID) throws -> LivePictures {
        let view = try ingest.watch(camera)
        return LivePictures(pieces: view.pieces, taken: { view.taken($0) }, close: { view.close() })
    }
}
