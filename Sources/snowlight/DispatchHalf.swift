// The half that makes cases: receiver, dispatcher, assignment of cameras, pushes, feed, accounts and pages.
// outbox ══ZeroMQ══▶ **dispatcher → cases → pushes, feed, pages**

import Base
import Cases
import Console
import Domain
import Foundation
import Grids
import IncidentBus
import Logging
import Pushes
import RTSP
import ServiceLifecycle
import Storage

/// What the console shows of the cameras; apart from them, that is less.
struct CameraWindow: Sendable {
    var health: any CameraHealthSource
    var live: any LivePictureSource
    var suppressions: any SuppressionSource
    var outbox: @Sendable () -> OutboxDepth
}

/// Every part of a dispatcher.
struct DispatchHalf: Sendable {
    let office: AssignmentOffice
    private let maps: MapStore
    private let signal: FeedSignal
    private let log: Logger
    private let file: any SQLDatabase
    private let accountsFile: any SQLDatabase
    private let backups: BackupKeeper?
    private let retention: RetentionKeeper
    private let accounts: Accounts
    private let doorkeeper: ZapHandler?
    private let receiver: IncidentReceiver
    private let feed: FeedPublisher?
    private let timers: CaseTimers
    private let pushes: PushService
    private let thefts: TheftReports?
    private let console: Console

    /// Opens files and sockets; nothing runs yet.
    /// - Parameters:
    ///   - isJoined: True when the cameras are read in this process, so that its socket file needs no keys.
    ///   - access: This side's key and who may speak; nil on this machine's own addresses.
    ///   - reloader: Puts a changed list of cameras in force.
    ///   - window: What the console shows of the cameras; made with the office, which hears of them.
    static func make(
        _ preparation: Preparation, endpoint: String, isJoined: Bool, access: BusAccess?, snapshots: SnapshotStore, reloader: Reloader,
        _ shared: SharedParts,
        window: (AssignmentOffice) -> CameraWindow
    ) async throws -> DispatchHalf {
        let configuration = preparation.configuration
        let (folder, time, metrics, log) = (configuration.dataDirectory, shared.time, shared.metrics, shared.log)
        let registry = RegistryBox(Registry(preparation.district, catalogue: preparation.catalogue, calendar: preparation.calendar))
        let (signal, office) = (FeedSignal(), AssignmentOffice(time: time, log: log, metrics: metrics))
        office.publish(preparation.cameraRows)
        let (file, accountsFile) = try await onOwnThread("open") {
            (try configuration.store.openCases(in: folder), try configuration.store.openAccounts(in: folder))
        }
        let backups = configuration.backups.map {
            BackupKeeper($0, [file, accountsFile].compactMap { $0 as? SQLiteFile }, time: time, log: log, metrics: metrics)
        }
        let retention = RetentionKeeper(
            configuration.retention.policy, file: file, audit: accountsFile, pictures: snapshots, time: time, log: log, metrics: metrics)
        let maps = MapStore(file: file, registry: registry, signal: signal, time: time)
        let dispatcher = try await onOwnThread("dispatcher") {
            try adopt(preparation, into: maps, log)
            return try Dispatcher(file: file, registry: registry, signal: signal, time: time, log: log, metrics: metrics)
        }
        let cases = CaseStore(file: file, registry: registry, signal: signal, time: time, metrics: metrics)
        let receiver = try IncidentReceiver(
            endpoint: endpoint, committer: dispatcher, desk: office, access: isJoined ? nil : access, log: log, metrics: metrics,
            onFatal: shared.onFatal)
        let feed = try configuration.feedEndpoint.map {
            try FeedPublisher(endpoint: $0, source: cases, access: access, log: log, metrics: metrics)
        }
        let pushes = PushService(
            file: file, registry: registry, signal: signal, plan: preparation.pushPlan, time: time, log: log, metrics: metrics,
            sending: PushClient.send, onFatal: shared.onFatal)
        let accounts = try await Accounts.open(file: accountsFile, time: time)
        if configuration.sampleAccounts { try await SampleLogins.write(accounts, preparation.district, folder: folder) }
        var settings = ConsoleSettings(
            host: configuration.host, port: configuration.port, assetsDirectory: configuration.assetsDirectory, version: snowlightVersion)
        settings.leafletDirectory = configuration.leafletDirectory
        let shown = window(office)
        var parts = ConsoleParts(
            cases: cases, signal: signal, registry: registry, maps: maps, cameras: shown.health, live: shown.live, outbox: shown.outbox,
            suppressions: shown.suppressions,
            cameraList: CameraDesk(folder: configuration.districtDirectory, registry: registry, reloader: reloader),
            pushes: PushRecords(file: file, time: time, changed: { pushes.wake() }), pictures: snapshots,
            accounts: accounts, metrics: metrics, time: time)
        parts.onDataLoss = shared.onFatal
        let thefts = try await onOwnThread("keys") { try configuration.tagKeysPath.map(TagKeyFile.read) }.map {
            TheftReports(file: accountsFile, keys: $0, time: time, publish: { office.publish($0) })
        }
        parts.thefts = thefts
        let (consoleSettings, consoleParts, host) = (settings, parts, configuration.host)
        let console = try await onOwnThread("pages") {
            try Console(consoleSettings, consoleParts, log: log) { port in
                print("snowlight: console at http://\(host):\(port)/", flushing: true)
            }
        }
        return DispatchHalf(
            office: office, maps: maps, signal: signal, log: log, file: file, accountsFile: accountsFile, backups: backups,
            retention: retention, accounts: accounts,
            doorkeeper: try access.map { try ZapHandler(allowed: $0.allowed, log: log, metrics: metrics) }, receiver: receiver, feed: feed,
            timers: CaseTimers(cases: cases, log: log), pushes: pushes, thefts: thefts, console: console)
    }

    /// In the order of starting. The doorkeeper stands before the first door is opened.
    var services: [any Service] {
        var services: [any Service] = [
            Stage(name: "bus") {
                try doorkeeper?.start()
                try receiver.start()
                try feed?.start()
                backups?.start()
                retention.start()
            } stop: {
                retention.stop()
                backups?.stop()
                feed?.stop()
                receiver.stop()
                doorkeeper?.stop()
            }, CaseTiming(timers: timers), pushes, console,
        ]
        if let thefts { services.append(TheftTidying(reports: thefts, log: log)) }
        if let feed { services.append(FeedWaking(signal: signal, feed: feed)) }
        return services
    }

    /// Where ingest nodes connect to; empty before the services have started.
    var boundEndpoint: String { receiver.boundEndpoint }

    /// Puts another district in force: cameras reach their nodes within a second, notices go by the new plan from the next one on. Blocks.
    func replace(_ preparation: Preparation) throws {
        try Self.adopt(preparation, into: maps, log)
        office.publish(preparation.cameraRows)
        let change = pushes.replace(preparation.pushPlan)
        if !change.added.isEmpty || !change.removed.isEmpty || change.changesPolicy {
            log.notice(
                "pushes reloaded",
                metadata: [
                    "added": "\(change.added.joined(separator: " "))", "removed": "\(change.removed.joined(separator: " "))",
                    "ladder and limits": change.changesPolicy ? "changed" : "as before",
                ])
        }
    }

    /// Puts a district that was read in force, under the grid set of the store. Blocks.
    private static func adopt(_ preparation: Preparation, into maps: MapStore, _ log: Logger) throws {
        let files = Registry(preparation.district, catalogue: preparation.catalogue, calendar: preparation.calendar)
        switch try maps.adopt(files, boundary: preparation.district.boundaryGeoJSON) {
        case .first(let number): log.notice("the district's map is grid set \(number)")
        case .followed(let number): log.notice("the district's map changed and is grid set \(number); open cases follow")
        case .same: break
        case .outranked(let number):
            log.warning("grid set \(number) is in force and not grids.geojson; `snowlight district import` makes a draft of the file")
        }
    }

    /// Closes the files.
    func close() async throws {
        await accounts.close()
        try await onOwnThread("close") {
            try file.close()
            try accountsFile.close()
        }
    }
}

extension Preparation {
    /// The cameras with their logins, as they are handed to ingest nodes.
    var cameraRows: [CameraRow] {
        district.cameras.map { camera in
            CameraRow(camera: camera, login: credentials[camera.id])
        }
    }
}

/// Tells the feed's thread that there is something new.
private struct FeedWaking: Service {
    let signal: FeedSignal
    let feed: FeedPublisher

    func run() async throws { for await _ in signal.subscribe().cancelOnGracefulShutdown() { feed.notify() } }
}

/// Ends suspensions and archives closed cases until shutdown.
private struct CaseTiming: Service {
    let timers: CaseTimers

    func run() async throws { await cancelWhenGracefulShutdown { await timers.run() } }
}

/// Ends theft reports whose time is over and tells the nodes of the list, first of all at the start.
private struct TheftTidying: Service {
    private static let every: Duration = .seconds(30)

    let reports: TheftReports
    let log: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {  // Ends by cancellation alone.
            while true {
                do { try await reports.tidy() } catch { log.error("theft reports could not be read", metadata: ["failure": "\(error)"]) }
                try await Task.sleep(for: Self.every)
            }
        }
    }
}
