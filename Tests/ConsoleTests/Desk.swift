// A running console for tests: two grids, two cameras, real stores in a temporary directory, real sockets.

import Base
import Crypto
import Foundation
import Grids
@testable import IncidentBus
import Logging
import Pushes
import ServiceLifecycle
import Storage
import Synchronization
import TestKit
import Testing

@testable import Cases
@testable import Console
@testable import Domain

/// Everything behind one console, and the console itself on a port of its own.
struct Desk: Sendable {
    static let east = GridCode("511011001001001")!  // 15 digits.
    static let west = GridCode("511011001001002")!  // 15 digits.
    static let eastCamera = CameraID("51101100001320000001")!  // 20 digits.
    static let westCamera = CameraID("51101100001320000002")!  // 20 digits.
    static let password = "open-sesame-42"
    static let version = "test-1"

    let port: Int
    let settings: ConsoleSettings
    let parts: ConsoleParts
    let console: Console
    let accounts: Accounts
    let cases: CaseStore
    let dispatcher: Dispatcher
    let signal: FeedSignal
    let pictures: SnapshotStore
    let live: StagedPictures
    let doubts: SuppressionStore
    let thefts: TheftReports
    let looked: LookedFor
    let directory: String
    private let sequence = Sequence()

    /// Numbers the incidents of one desk.
    private final class Sequence: Sendable {
        let value = Mutex<UInt64>(0)
    }

    /// The lists of theft reports that readers of tags were given, the latest last.
    final class LookedFor: Sendable {
        let lists = Mutex<[[TheftReport]]>([])
        var latest: [TheftReport] { lists.withLock { $0.last ?? [] } }
    }

    /// Runs a body against a running console, stops it gracefully, and returns how long the stop took.
    @discardableResult
    static func run(
        settings change: (inout ConsoleSettings) -> Void = { _ in }, _ body: (Desk) async throws -> Void
    ) async throws -> Duration {
        let directory = try temporaryFolder()
        try FileManager.default.createDirectory(atPath: directory + "/assets/js", withIntermediateDirectories: true)
        for page in ["index", "work", "login", "suppressions", "cameras", "stats", "notices", "thefts"] {
            try "<!doctype html><title>\(page)</title>".write("\(directory)/assets/\(page).html")
        }
        try "export const answer = 42;\n".write("\(directory)/assets/js/feed.js")

        let registry = RegistryBox(sampleRegistry())
        let signal = FeedSignal()
        let metrics = MetricsRegistry()
        var log = Logger(label: "console-test") { JSONLogHandler(label: $0) }
        log.logLevel = .error
        let file = try SQLiteFile.open(path: directory + "/dispatch.sqlite", migrations: CasesSchema.migrations + PushesSchema.migrations)
        let accountFile = try SQLiteFile.open(path: directory + "/accounts.sqlite", migrations: Accounts.migrations)
        let cost = PasswordCost(log2N: 10)!  // Inside 10...17; the least that is allowed.
        let accounts = try await Accounts.open(file: accountFile, cost: cost)
        for account in sampleAccounts { _ = try await accounts.put(account, password: password) }
        let time = SystemTime()
        let cases = CaseStore(file: file, registry: registry, signal: signal, time: time, metrics: metrics)
        let dispatcher = try Dispatcher(file: file, registry: registry, signal: signal, time: time, log: log, metrics: metrics)
        let pictures = try SnapshotStore(directory: directory + "/pictures")
        let doubts = try SuppressionStore.open(path: directory + "/suppressions.sqlite")

        var settings = ConsoleSettings(host: "127.0.0.1", port: 0, assetsDirectory: directory + "/assets", version: version)
        settings.leafletDirectory = directory + "/no-leaflet"
        settings.streams.heartbeat = .milliseconds(500)
        change(&settings)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let live = StagedPictures()
        let looked = LookedFor()
        let thefts = TheftReports(
            file: accountFile, keys: [7, 9].map { SymmetricKey(data: [UInt8](repeating: $0, count: 32)) }, time: time,
            publish: { list in looked.lists.withLock { $0.append(list) } })
        var parts = ConsoleParts(
            cases: cases, signal: signal, registry: registry,
            maps: MapStore(file: file, registry: registry, signal: signal, time: time), cameras: OneCameraStreams(), live: live,
            outbox: { OutboxDepth(rows: 3, oldestAgeSeconds: 0.5) },
            suppressions: RestoredOnDisk(store: doubts), cameraList: StagedList(registry), pushes: PushRecords(file: file, time: time),
            pictures: pictures,
            accounts: accounts,
            metrics: metrics, time: time)
        parts.thefts = thefts
        let console = try Console(settings, parts, log: log) { announce.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [.init(service: console)], logger: log))
        let running = Task { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else { throw Failure(.internal, "the console did not start") }

        let desk = Desk(
            port: port, settings: settings, parts: parts, console: console, accounts: accounts, cases: cases, dispatcher: dispatcher,
            signal: signal, pictures: pictures, live: live, doubts: doubts, thefts: thefts, looked: looked, directory: directory)
        let outcome = await Result { try await body(desk) }
        let stop = ContinuousClock.now
        await group.triggerGracefulShutdown()
        try? await running.value  // Ends by our own shutdown; the body's error below is what counts.
        let stopping = ContinuousClock.now - stop
        await accounts.close()
        try file.close()
        try accountFile.close()
        try doubts.close()
        try outcome.get()
        return stopping
    }

    private static let sampleAccounts = [
        Account(user: "duty", name: "<script>alert(1)</script>\"值班员", role: .dutyOfficer, grids: [], language: "zh"),
        Account(user: "operator", name: "Op", role: .operator, grids: [], language: "en"),
        Account(user: "chief", name: "主任", role: .supervisor, grids: [], language: "zh"),
        Account(user: "auditor", name: "Au", role: .auditor, grids: [], language: "en"),
        Account(user: "w-east", name: "张强", role: .gridworker, grids: [east], language: "zh"),
        Account(user: "w-west", name: "李敏", role: .gridworker, grids: [west], language: "zh"),
    ]

    private static func sampleRegistry() -> Registry {
        // Two squares of 0.01° beside each other; cameras in their middles.
        func square(_ lon: Double) -> Ground {
            let corners = [(lon, 29.58), (lon + 0.01, 29.58), (lon + 0.01, 29.59), (lon, 29.59)]
            return Ground([GroundPolygon(exterior: corners.compactMap { GeoPoint(lon: $0.0, lat: $0.1) })])
        }
        func camera(_ id: CameraID, _ name: String, _ lon: Double) -> Camera {
            Camera(
                id: id, name: name, programme: "雪亮工程", url: "rtsp://10.0.0.1/secret-path",
                position: GeoPoint(lon: lon, lat: 29.585)!, villageCode: nil, boundGrid: nil, tags: [],  // Inside ±180, ±90.
                priority: .three, transport: .auto)
        }
        func worker(_ id: String, _ name: String, _ grid: GridCode) -> Gridworker {
            Gridworker(id: WorkerID(id)!, name: name, grid: grid, role: .fullTime, phone: "", channels: [])  // Letters and a hyphen.
        }
        return Registry(
            districtCode: "511011",
            cameras: [camera(eastCamera, "东 <b>枪机</b>", 105.065), camera(westCamera, "西球机", 105.055)],
            grids: GridSet([
                Grid(code: east, name: "第1网格", township: "东兴街道", village: "沿河社区", ground: square(105.06)),
                Grid(code: west, name: "第2网格", township: "东兴街道", village: "沿河社区", ground: square(105.05)),
            ]), gridSetVersion: "test", workers: [worker("w-east", "张强", east), worker("w-west", "李敏", west)],
            catalogue: Catalogue([
                CatalogueEntry(
                    category: "fire_lane", nameZH: "消防通道", nameEN: "Fire lane", duty: .hazard, professional: false, filing: .automatic,
                    priority: .three),
                CatalogueEntry(
                    category: "motion", nameZH: "移动", nameEN: "Motion", duty: .hazard, professional: false, filing: .feed, priority: .four),
            ]))
    }

    /// Real suppressions without a bus behind them: a restoration is written down and sent nowhere.
    private struct RestoredOnDisk: SuppressionSource {
        let store: SuppressionStore
        var keptFor: Duration { store.limits.age }
        func page(_ query: SuppressionQuery) async throws -> SuppressionPage { try await store.page(query) }
        func record(_ id: SuppressionID) async throws -> SuppressionRecord? { try await store.record(id) }
        func picture(of id: SuppressionID) async throws -> [UInt8]? { try await store.picture(of: id) }
        func restore(_ id: SuppressionID, by: String, name: String, note: String) async throws -> SuppressionRecord? {
            try await onOwnThread("restore") { try store.beginRestoring(id, by: by, name: name, note: note)?.record }
        }
    }

    private struct OneCameraStreams: CameraHealthSource {
        func detail(of camera: CameraID) -> CameraDetail? { nil }
        func snapshot() -> [CameraID: CameraHealth] {
            let since = WallTime(millisecondsSince1970: 1_795_000_000_000)
            return [Desk.eastCamera: CameraHealth(state: .streaming, reason: "", since: since, lastPicture: since)]
        }
    }
}

extension Desk {
    /// Commits one incident as the bus would, and returns it.
    @discardableResult
    func commit(
        _ category: String, _ camera: CameraID, snapshot: SnapshotReference? = nil, clip: SnapshotReference? = nil
    ) throws -> Incident {
        let now = SystemTime().wallNow
        var generator = SystemRandomNumberGenerator()
        let number = sequence.value.withLock { value -> UInt64 in
            value += 1
            return value
        }
        // A zone of its own: no two incidents are of one place and kind by accident.
        let key = IncidentKey(camera: camera, zone: "z\(number)", category: category)
        var incident = Incident(
            id: UUID7(at: now, using: &generator), revision: 1, phase: .open, key: key,
            priority: .three, place: GeoPoint(lon: camera == Self.eastCamera ? 105.065 : 105.055, lat: 29.585)!,  // Inside ±180, ±90.
            firstSeen: now, lastSeen: now, count: 1, score: 70, box: nil, reason: ["<img src=x onerror=alert(1)>"], snapshot: snapshot,
            drill: false)
        incident.clip = clip
        let bytes = IncidentJSON.encode(incident, sequence: number)
        let received = ReceivedIncident(
            node: NodeID(high: 1, low: 1), epoch: 1, sequence: number, bytes: bytes, sha256: SHA256Hex.of(bytes),
            incident: .success(incident))
        let outcomes = try dispatcher.commit([received])
        guard outcomes == [.committed] else { throw Failure(.internal, "not committed: \(outcomes)") }
        return incident
    }

    /// Keeps a suppression of `age` seconds ago, and returns it.
    @discardableResult
    func suppress(
        _ reason: SuppressionReason, _ camera: CameraID = Desk.eastCamera, age: Double = 60, jpeg: [UInt8]? = nil
    ) throws -> SuppressionRecord {
        var generator = SystemRandomNumberGenerator()
        let at = SystemTime().wallNow.adding(seconds: -age)
        let record = SuppressionRecord(
            id: SuppressionID(at: at, using: &generator), camera: camera, zone: "lane", rule: "", category: "motion", priority: .four,
            reason: reason, facts: ["<img src=x onerror=alert(1)>"], box: RelativeBox(x: 0.1, y: 0.2, width: 0.3, height: 0.4), at: at)
        let evidence = SuppressedEvidence(record: record, jpeg: jpeg)
        try doubts.keep([evidence])
        return evidence.record
    }

    /// One request on a connection of its own.
    func ask(
        _ method: String, _ path: String, session: String? = nil, body: String? = nil, headers: [String] = []
    ) async throws -> Reply {
        let probe = try await HTTPProbe.open(port)
        var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + headers
        if let session { lines.append("Cookie: sid=\(session)") }
        if method != "GET", !headers.contains(where: { $0.lowercased().hasPrefix("content-type") }) {
            lines.append("Content-Type: application/json")
        }
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        try await probe.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
        try await probe.wait("an answer to \(method) \(path)") { $0.isClosed }
        return Reply(probe.bytes)
    }

    func get(_ path: String, as session: String? = nil) async throws -> Reply { try await ask("GET", path, session: session) }

    /// Logs in over HTTP and returns the token of the cookie.
    func login(_ user: String, _ password: String = Desk.password) async throws -> String {
        let reply = try await ask("POST", "/api/login", body: #"{"user":"\#(user)","password":"\#(password)"}"#)
        guard reply.status == 200, let cookie = reply["set-cookie"], let token = cookie.split(separator: ";").first?.dropFirst(4) else {
            throw Failure(.internal, "login as \(user) gave \(reply.status) \(reply.text)")
        }
        return String(token)
    }

    /// Opens a live stream.
    func stream(_ session: String, after: Int64? = nil, headers: [String] = [], reads: Bool = true) async throws -> HTTPProbe {
        let probe = try await HTTPProbe.open(port, reads: reads)
        let query = after.map { "?after=\($0)" } ?? ""
        let lines = ["GET /api/events\(query) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Cookie: sid=\(session)"] + headers
        try await probe.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        return probe
    }
}

/// Live pictures that a test hands out piece by piece.
final class StagedPictures: LivePictureSource {
    private struct State {
        var views: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
        var opened = 0
        var takenBytes = 0
        var failure: Failure?
    }

    private let state = Mutex(State())

    /// Views that are open now.
    var open: Int { state.withLock { $0.views.count } }
    var takenBytes: Int { state.withLock { $0.takenBytes } }

    /// What the next calls throw.
    func fail(_ failure: Failure?) { state.withLock { $0.failure = failure } }
    /// Sends a piece to every view.
    func send(_ piece: [UInt8]) { for view in state.withLock({ Array($0.views.values) }) { view.yield(piece) } }
    /// Ends every view, as a camera does that is removed.
    func end() { for view in state.withLock({ Array($0.views.values) }) { view.finish() } }

    func snapshot(of camera: CameraID) async throws -> [UInt8] {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        return [0xFF, 0xD8, 1, 2, 3]
    }

    func watch(_ camera: CameraID) throws -> LivePictures {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let (pieces, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let number = state.withLock { state in
            state.opened += 1
            state.views[state.opened] = continuation
            return state.opened
        }
        return LivePictures(pieces: pieces) { bytes in
            self.state.withLock { $0.takenBytes += bytes }
        } close: {
            continuation.finish()
            _ = self.state.withLock { $0.views.removeValue(forKey: number) }
        }
    }
}

extension String {
    fileprivate func write(_ path: String) throws { try write(toFile: path, atomically: false, encoding: .utf8) }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
