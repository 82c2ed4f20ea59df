// The composition of a process: one half, or both joined over a socket file; opened in flow order, stopped back to front.
// **camera → … → incidents ══ZeroMQ══▶ dispatcher → cases → pushes, pages**

import Base
import Console
import Domain
import Foundation
import Grids
import IncidentBus
import Ingest
import Logging
import ServiceLifecycle
import Storage
import UnixSignals

/// One process of Snowlight, whatever its role.
struct SnowlightProcess: Sendable {
    private let log: Logger
    private let dispatch: DispatchHalf?
    private let ingest: IngestHalf?
    /// Judges the keys of sensors where there is no dispatcher that does.
    private let doorkeeper: ZapHandler?
    private let reloader: Reloader

    /// `serve`: both halves, joined over a socket file in the data folder.
    static func serve(_ preparation: Preparation, configPath: String, data: String?, log: Logger) async throws -> SnowlightProcess {
        let need = ResourceNeed(
            preparation.district.cameras, automatic: preparation.configuration.transport, workers: preparation.configuration.workers)
        if let failure = ResourceLimits.read(raisingFilesTo: need).examine(need).first { throw failure }
        let (configuration, shared) = (preparation.configuration, makeShared(log))
        let endpoint = busEndpoint(configuration.dataDirectory)
        let detection = preparation.detection
        let (snapshots, access, ingest) = try await onOwnThread("open") {
            let (snapshots, access) = (try openFolder(configuration), try configuration.bus.access())
            let ingest = try IngestHalf.make(
                configuration, detection, endpoint: endpoint, node: nil, access: access, snapshots: snapshots, shared)
            return (snapshots, access, ingest)
        }
        let reloader = Reloader()
        let dispatch = try await DispatchHalf.make(
            preparation, endpoint: endpoint, isJoined: true, access: access, snapshots: snapshots, reloader: reloader, shared
        ) { _ in
            CameraWindow(
                health: FleetHealth(ingest: ingest.ingest), live: FleetPictures(ingest: ingest.ingest),
                suppressions: SuppressionDesk(store: ingest.suppressions, restorer: ingest.restorer, publisher: ingest.publisher),
                outbox: {
                    let depth = ingest.outbox.depth()
                    return OutboxDepth(rows: depth.rows, oldestAgeSeconds: depth.oldestAgeSeconds)
                })
        }
        reloader.connect {
            let fresh = try read(configPath, data, log)
            try dispatch.replace(fresh)
            ingest.roll.replace(fresh.detection)
            log.notice("district reloaded", metadata: ["cameras": "\(fresh.district.cameras.count)"])
        }
        return SnowlightProcess(log: log, dispatch: dispatch, ingest: ingest, doorkeeper: nil, reloader: reloader)
    }

    /// `dispatch`: waits for ingest nodes; sees of the cameras what these tell.
    static func dispatch(_ preparation: Preparation, configPath: String, data: String?, log: Logger) async throws -> SnowlightProcess {
        let (configuration, shared) = (preparation.configuration, makeShared(log))
        let (snapshots, access) = try await onOwnThread("open") {
            (try openFolder(configuration), try configuration.bus.access())
        }
        let reloader = Reloader()
        let dispatch = try await DispatchHalf.make(
            preparation, endpoint: try configuration.bus.required(), isJoined: false, access: access, snapshots: snapshots,
            reloader: reloader, shared,
            window: { RemoteCameras(office: $0).window })
        reloader.connect {
            let fresh = try read(configPath, data, log)
            try dispatch.replace(fresh)
            log.notice("district reloaded", metadata: ["cameras": "\(fresh.district.cameras.count)"])
        }
        return SnowlightProcess(log: log, dispatch: dispatch, ingest: nil, doorkeeper: nil, reloader: reloader)
    }

    /// `ingest`: reads the cameras that the dispatcher gives it.
    static func ingest(_ node: Preparation.Node, configPath: String, data: String?, log: Logger) async throws -> SnowlightProcess {
        let (configuration, detection, shared) = (node.configuration, node.detection, makeShared(log))
        let (ingest, doorkeeper) = try await onOwnThread("open") {
            let snapshots = try openFolder(configuration)
            // A node that hears nobody needs no list of those who may speak.
            let access = configuration.sensorEndpoint == nil ? nil : try configuration.bus.access()
            let ingest = try IngestHalf.make(
                configuration, detection, endpoint: try configuration.bus.required(), node: try configuration.bus.nodeKey(), access: access,
                snapshots: snapshots, shared)
            return (ingest, try access.map { try ZapHandler(allowed: $0.allowed, log: shared.log, metrics: shared.metrics) })
        }
        let reloader = Reloader()
        reloader.connect {
            let (fresh, diagnostics) = Preparation.readNode(configPath: configPath, data: data)
            for diagnostic in diagnostics { log.warning("\(diagnostic)") }
            guard let fresh else { return log.error("the rules were not read again; those in force stay") }
            ingest.roll.replace(fresh.detection)
            log.notice("rules read again")
        }
        return SnowlightProcess(log: log, dispatch: nil, ingest: ingest, doorkeeper: doorkeeper, reloader: reloader)
    }

    /// Runs until SIGTERM or SIGINT, then stops back to front and closes the files.
    func run() async throws {
        let door = doorkeeper.map { door in
            Stage(name: "doorkeeper") {
                try door.start()
            } stop: {
                door.stop()
            }
        }
        var services: [any Service] = dispatch?.services ?? []
        if let door { services.append(door) }
        services += (ingest?.services ?? []) + [Reloading(log: log, reloader: reloader)]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        if let dispatch, ingest == nil { announce(dispatch) }
        if dispatch == nil { print("snowlight: reading cameras", flushing: true) }
        try await group.run()
        if let ingest { try await onOwnThread("close") { try ingest.close() } }
        try await dispatch?.close()
    }

    /// Prints where nodes connect to, once it is known: with port 0 nobody could know otherwise.
    private func announce(_ dispatch: DispatchHalf) {
        _ = OwnThread(name: "announce") {
            let deadline = ContinuousClock.now + .seconds(30)
            while dispatch.boundEndpoint.isEmpty && ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.05) }
            print("snowlight: waiting for ingest nodes at \(dispatch.boundEndpoint)", flushing: true)
        }
    }

    private static func makeShared(_ log: Logger) -> SharedParts {
        let shared = SharedParts(log: log) { failure in
            complain("snowlight: \(failure)")
            _exit(failure.exitStatus.rawValue)
        }
        ProcessMetrics.register(in: shared.metrics)
        return shared
    }

    /// Makes the data folder and opens the pictures. Blocks.
    private static func openFolder(_ configuration: ServiceConfiguration) throws -> SnapshotStore {
        let folder = configuration.dataDirectory
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw Failure(.invalidInput, "cannot create the data folder \(folder)", cause: error)
        }
        return try SnapshotStore(directory: configuration.picturesDirectory ?? folder + "/snapshots")
    }

    /// Reads the district again; throws when the new data has an error: what is in force stays.
    private static func read(_ configPath: String, _ data: String?, _ log: Logger) throws -> Preparation {
        let (preparation, diagnostics) = Preparation.read(configPath: configPath, data: data)
        for diagnostic in diagnostics { log.warning("\(diagnostic)") }
        guard let preparation else {
            throw Failure(.invalidInput, "the files have an error: \(diagnostics.first { $0.severity == .error }.map { "\($0)" } ?? "")")
        }
        return preparation
    }

    /// The bus inside one process: a socket file in the data folder, or in the temporary folder when that path is too long for one.
    private static func busEndpoint(_ folder: String) -> String {
        let path = (folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder) + "/incidents.ipc"
        // sockaddr_un holds 107 bytes.
        return "ipc://"
            + (path.utf8.count <= 100 ? path : NSTemporaryDirectory() + "/snowlight-\(SHA256Hex.of(Array(path.utf8)).prefix(16)).ipc")
    }
}

/// Blocking parts as a service: started and stopped on a thread of their own, waiting for shutdown in between.
struct Stage: Service {
    let name: String
    let start: @Sendable () throws -> Void
    let stop: @Sendable () throws -> Void

    func run() async throws {
        try await onOwnThread(name, start)
        try? await gracefulShutdown()  // Ends early only when the group is cancelled, and then it is time to stop as well.
        try await onOwnThread(name, stop)
    }
}

/// Reads again on every SIGHUP.
private struct Reloading: Service {
    let log: Logger
    let reloader: Reloader

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do { try await onOwnThread("reload") { try reloader.reload() } } catch {
                log.error("the district was not reloaded; the one in force stays", metadata: ["failure": "\(error)"])
            }
        }
    }
}
