// The console of one dispatcher: accounts, API, live streams and pages behind one port.
// incidents → cases → **feed, pages** → duty officer, operator, gridworker

package import Base
package import Cases
import Domain
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
package import Pushes
import ServiceLifecycle
package import Storage

/// Where the console listens and where its files are.
package struct ConsoleSettings: Sendable {
    package var host: String
    /// 0 takes any free port; `Console` reports which.
    package var port: Int
    package var assetsDirectory: String
    package var leafletDirectory: String
    /// True when browsers reach the console by HTTPS: cookies become `Secure`.
    package var secure = false
    /// Shown in health and heartbeat; pages offer a reload when it changes.
    package var version: String
    /// Open connections at once; more wait in the kernel's queue.
    package var connections = 2000
    var streams = StreamSettings()
    var limits = ConnectionGuard.Limits.standard

    package init(
        host: String, port: Int, assetsDirectory: String, leafletDirectory: String = "/usr/share/javascript/leaflet", version: String
    ) {
        self.host = host
        self.port = port
        self.assetsDirectory = assetsDirectory
        self.leafletDirectory = leafletDirectory
        self.version = version
    }
}

/// The parts of the dispatcher that the console shows.
package struct ConsoleParts: Sendable {
    package var cases: CaseStore
    package var signal: FeedSignal
    package var registry: RegistryBox
    package var maps: MapStore
    package var cameras: any CameraHealthSource
    package var live: any LivePictureSource
    package var outbox: @Sendable () -> OutboxDepth
    package var suppressions: any SuppressionSource
    package var cameraList: any CameraListSource
    package var pushes: PushRecords
    package var pictures: SnapshotStore
    package var accounts: Accounts
    /// Nil while readers of two-wheeler tags are off.
    package var thefts: TheftReports?
    package var metrics: MetricsRegistry
    package var time: any TimeSource
    /// Called when a write failed in a way after which the process must end; on any thread.
    package var onDataLoss: @Sendable (Failure) -> Void = { _ in }

    package init(
        cases: CaseStore, signal: FeedSignal, registry: RegistryBox, maps: MapStore, cameras: any CameraHealthSource,
        live: any LivePictureSource, outbox: @escaping @Sendable () -> OutboxDepth, suppressions: any SuppressionSource,
        cameraList: any CameraListSource, pushes: PushRecords, pictures: SnapshotStore, accounts: Accounts, metrics: MetricsRegistry,
        time: any TimeSource = SystemTime()
    ) {
        self.cases = cases
        self.signal = signal
        self.registry = registry
        self.maps = maps
        self.cameras = cameras
        self.live = live
        self.outbox = outbox
        self.suppressions = suppressions
        self.cameraList = cameraList
        self.pushes = pushes
        self.pictures = pictures
        self.accounts = accounts
        self.metrics = metrics
        self.time = time
    }
}

/// The HTTP server as a service: runs until graceful shutdown, then ends its streams, answers what is under way, and returns.
package struct Console: Service {
    private let settings: ConsoleSettings
    private let parts: ConsoleParts
    private let log: Logger
    private let listening: @Sendable (Int) -> Void
    private let responder: RouterResponder<ConsoleContext>
    private let streams: EventStreams
    /// Method and path of everything it answers, for the test that compares them with the API's description.
    let routes: [(method: String, path: String)]

    /// Reads all page files. Blocks; for the start of a process.
    ///
    /// - Parameter listening: Hears the bound port once requests are answered.
    /// - Throws: `.invalidInput` when the page files are not where the settings say.
    package init(
        _ settings: ConsoleSettings, _ parts: ConsoleParts, log: Logger, listening: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.parts = parts
        self.log = log
        self.listening = listening
        let assets = try StaticFiles(directory: settings.assetsDirectory)
        let leaflet = try? StaticFiles(directory: settings.leafletDirectory)  // Without it the lists work and the map says so.
        if leaflet == nil {
            log.warning("no map: Leaflet is not installed (apt: libjs-leaflet)", metadata: ["directory": "\(settings.leafletDirectory)"])
        }
        let streams = EventStreams(
            cases: parts.cases, signal: parts.signal, accounts: parts.accounts, time: parts.time, version: settings.version,
            settings: settings.streams)
        let cookie = SessionCookie(secure: settings.secure)
        let views = ViewBook(accounts: parts.accounts, time: parts.time)
        let table =
            AccountRoutes(accounts: parts.accounts, cookie: cookie).routes
            + SystemRoutes(
                signal: parts.signal, cameras: parts.cameras, outbox: parts.outbox, metrics: parts.metrics, time: parts.time,
                version: settings.version
            ).routes
            + [Route(.get, "/api/events", .session) { try await streams.open($0) }]
            + CaseRoutes(cases: parts.cases, pictures: parts.pictures, accounts: parts.accounts, views: views).routes
            + SuppressionRoutes(
                suppressions: parts.suppressions, accounts: parts.accounts, registry: parts.registry, metrics: parts.metrics
            ).routes
            + AuditRoutes(accounts: parts.accounts).routes + TheftRoutes(reports: parts.thefts, time: parts.time).routes
            + PushRoutes(
                cases: parts.cases, pushes: parts.pushes, accounts: parts.accounts, registry: parts.registry, time: parts.time
            ).routes
            + StatisticsRoutes(cases: parts.cases, registry: parts.registry).routes
            + DistrictRoutes(registry: parts.registry, maps: parts.maps, health: parts.cameras).routes
            + CameraListRoutes(list: parts.cameraList, maps: parts.maps, accounts: parts.accounts).routes
            + BindingRoutes(maps: parts.maps, accounts: parts.accounts).routes
            + GridSetRoutes(maps: parts.maps, accounts: parts.accounts, time: parts.time).routes
            + PictureRoutes(live: parts.live, registry: parts.registry, accounts: parts.accounts, time: parts.time, views: views).routes
            + PageRoutes(assets: assets, leaflet: leaflet).routes
        let router = Router(context: ConsoleContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: AnswerMiddleware(metrics: parts.metrics, secure: settings.secure, onDataLoss: parts.onDataLoss))
        RouteTable(routes: table, accounts: parts.accounts, cookie: cookie).install(on: router)
        responder = router.buildResponder()
        routes = table.map { ($0.method.rawValue, $0.path) }
        self.streams = streams
        let slots = streams.slots
        parts.metrics.gauge("snowlight_streams", "Open live streams of pages.") { [([], Double(slots.count))] }
    }

    /// How many live streams are open.
    package var openStreams: Int { streams.slots.count }

    /// Listens and answers until shutdown.
    ///
    /// - Throws: `.unavailable` when the address cannot be bound.
    package func run() async throws {
        let limits = settings.limits
        let listening = listening
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionGuard(limits: limits)], idleTimeout: .seconds(60),
                    httpDecoderConfiguration: .init(maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                availableConnectionsDelegate: MaximumAvailableConnections(settings.connections, logger: log)),
            onServerRunning: { channel in listening(channel.localAddress?.port ?? 0) },
            logger: log)
        do { try await application.run() } catch let error as IOError {
            throw Failure(.unavailable, "cannot listen on \(settings.host):\(settings.port)", cause: error)
        }
    }
}
