// A district for the tests of the pushes: real registry, dispatcher and database, a service that answers as a test wants, and time by hand.

import Base
import Cases
import Domain
import Foundation
import Grids
import IncidentBus
import Logging
@testable import Pushes
import Storage
import StorageKit
import Synchronization

/// Townships of one grid each, with worker `wN` and substitute `sN`; cameras stand in them in turn.
struct PushDistrict {
    let file: any SQLDatabase
    let box: RegistryBox
    let signal = FeedSignal()
    let time = SimulatedTime(wall: WallTime("2026-11-23T02:00:00.000Z")!)  // Ten o'clock on a Monday in Beijing.
    let dispatcher: Dispatcher
    let store: CaseStore
    let book: DestinationBook
    let policy: PushPolicy
    let post = Post()
    let metrics = MetricsRegistry()

    init(townships: Int = 1, cameras: Int = 2, policy: PushPolicy = PushPolicy(), perMinute: Int = 600) throws {
        self.policy = policy
        file = try TestDatabase().open(CasesSchema.migrations + PushesSchema.migrations)
        box = RegistryBox(Self.registry(townships: townships, cameras: cameras, channels: ["console", "hook"]))
        dispatcher = try Dispatcher(file: file, registry: box, signal: signal, time: time, log: Self.quiet, metrics: metrics)
        store = CaseStore(file: file, registry: box, signal: signal, time: time, metrics: metrics)
        let hook = WebhookChannel(
            address: PushAddress("http://127.0.0.1:9/in")!, secret: Secret("SECcafe1"), source: "/snowlight/511011", perMinute: perMinute)
        book = DestinationBook(
            channels: ["hook": hook], offices: Dictionary(uniqueKeysWithValues: Self.offices(townships).map { ($0, ["hook"]) }),
            departments: ["dept-build": ["hook"]], guardian: HostGuard(privateHosts: ["127.0.0.1"]), console: "https://grid.example")
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    var service: PushService {
        let post = post
        return PushService(
            file: file, registry: box, signal: signal, plan: PushPlan(policy: policy, book: book), time: time, log: Self.quiet,
            metrics: metrics, sending: { request, _ in try post.take(request) }, onFatal: { _ in })
    }

    // MARK: the district

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: digits - text.count) + text
    }

    static func grid(_ township: Int) -> GridCode { GridCode("511011\(padded(township, 3))001001")! }  // 15 digits below 1,000.
    static func camera(_ number: Int) -> CameraID { CameraID("51101100001320\(padded(number, 6))")! }  // 20 digits below a million.

    static func offices(_ townships: Int) -> [String] {
        ["511011"] + (1...townships).flatMap { [String(grid($0).digits.prefix(9)), String(grid($0).digits.prefix(12))] }
    }

    private static func point(_ township: Int) -> GeoPoint { GeoPoint(lon: 105 + Double(township) * 0.01 + 0.005, lat: 29.505)! }

    static func registry(townships: Int, cameras: Int = 2, channels: [String] = ["console"]) -> Registry {
        func entry(_ name: String, _ duty: Duty?, professional: Bool = false, _ priority: Priority) -> CatalogueEntry {
            CatalogueEntry(
                category: name, nameZH: "类别", nameEN: name, duty: duty, professional: professional, filing: .automatic, priority: priority)
        }
        let grids = (1...townships).map { number in
            let west = 105 + Double(number) * 0.01
            let corners = [(0.0, 0.0), (0.01, 0), (0.01, 0.01), (0, 0.01)].map { GeoPoint(lon: west + $0.0, lat: 29.5 + $0.1)! }
            return Grid(
                code: grid(number), name: "第1网格", township: "第\(number)镇", village: "样例社区",
                ground: Ground([GroundPolygon(exterior: corners)]))
        }
        let workers = (1...townships).flatMap { number in
            [("w", WorkerRole.fullTime), ("s", .substitute)].map { letter, role in
                Gridworker(
                    id: WorkerID("\(letter)\(number)")!, name: "网格员", grid: grid(number), role: role, phone: "", channels: channels)
            }
        }
        return Registry(
            districtCode: "511011",
            cameras: (1...cameras).map { number in
                Camera(
                    id: camera(number), name: "路口", programme: "雪亮工程", url: "rtsp://127.0.0.1/\(number)",
                    position: point((number - 1) % townships + 1), villageCode: nil, boundGrid: nil, tags: [], priority: .three,
                    transport: .auto)
            }, grids: GridSet(grids), gridSetVersion: "test", workers: workers,
            catalogue: Catalogue(
                [
                    entry("hazard", .hazard, .three), entry("flood", .emergency, .one),
                    entry("professional", .hazard, professional: true, .one),
                    entry("no.duty", nil, .three),
                ], departments: [WorkerID("dept-build")!: "住建局"]))
    }

    // MARK: what happens

    /// One incident of each camera, committed as the bus would commit them. Blocks.
    ///
    /// - Parameter zone: One for each seed when left out, so that no two incidents are of one place and kind by accident.
    func incidents(
        _ cameras: some Sequence<Int>, _ category: String = "hazard", zone: String? = nil, priority: Priority = .four, seed: UInt64
    )
        throws
    {
        var generator = SeededGenerator(seed: seed)
        let node = NodeID(using: &generator)
        var messages: [ReceivedIncident] = []
        for (index, camera) in cameras.enumerated() {
            let wall = time.wallNow
            let incident = Incident(
                id: UUID7(at: wall, using: &generator), revision: 1, phase: .open,
                key: IncidentKey(camera: Self.camera(camera), zone: zone ?? "z\(seed)", category: category), priority: priority,
                place: Self.point(1),
                firstSeen: wall, lastSeen: wall, count: 1, score: 50, box: nil, reason: ["moved"], snapshot: nil, drill: false)
            let bytes = IncidentJSON.encode(incident, sequence: UInt64(index + 1))
            messages.append(
                ReceivedIncident(
                    node: node, epoch: 1, sequence: UInt64(index + 1), bytes: bytes, sha256: SHA256Hex.of(bytes),
                    incident: .success(incident)))
        }
        _ = try dispatcher.commit(messages)
    }

    /// Decides and sends until nothing is due now.
    func settle(_ service: PushService) async throws {
        for _ in 0..<10_000 {
            let due = try await service.follow()
            var isQuiet = due.map { $0 > time.wallNow } ?? true
            for destination in book.outside {
                for _ in 0..<10_000 {
                    guard let next = try await service.send(to: destination.name), next <= time.wallNow else { break }
                    isQuiet = false
                }
            }
            if isQuiet { return }
        }
        throw Failure(.internal, "it never ends")
    }

    /// Moves time in steps and settles after each.
    func run(_ service: PushService, for seconds: Double, every step: Double = 1) async throws {
        var passed = 0.0
        while passed < seconds {
            time.advance(by: .seconds(step))
            passed += step
            try await settle(service)
        }
    }

    func onlyCase() async throws -> CaseNumber {
        let items = try await store.cases(CaseFilter(), for: Reader(role: .dutyOfficer, id: "duty", name: "duty")).items
        guard items.count == 1, let number = CaseNumber(items[0].no) else { throw Failure(.internal, "\(items.count) cases") }
        return number
    }

    /// The worker of township 1 acts on a case.
    func act(_ number: CaseNumber, _ action: CaseAction, note: String = "") async throws {
        let reader = Reader(role: .gridworker, id: "w1", name: "网格员", grids: [Self.grid(1)])
        guard let detail = try await store.case(number, for: reader) else { throw Failure(.notFound, "no such case") }
        let outcome = try await store.act(number, action, expectedVersion: detail.item.version, note: note, by: reader)
        guard case .done = outcome else { throw Failure(.internal, "\(outcome)") }
    }

    /// Writes to the tables behind everybody's back. Blocks.
    func write(_ statement: String, _ values: [SQLValue] = []) throws { _ = try file.write { try $0.run(statement, values) } }

    /// Takes a try for the hook and does not send it, as a process does that dies. Blocks.
    func claim() throws -> PushOutbox.Claim {
        let (hook, now) = (book.outside[0], time.wallNow)
        return try file.write { try PushOutbox(sql: $0).claim(hook, now: now) }
    }

    func rows(_ statement: String) throws -> [SQLRow] { try file.read { try $0.rows(statement) } }

    func count(_ what: String) throws -> Int { Int(try rows("SELECT COUNT(*) AS n FROM \(what)").first?.int("n") ?? 0) }
}

/// The other side: keeps what it was sent and answers as told.
final class Post: Sendable {
    private struct State {
        var requests: [PushRequest] = []
        var answers: [Result<PushAnswer, Failure>] = []
    }

    private let state = Mutex(State())

    func take(_ request: PushRequest) throws -> PushAnswer {
        try state.withLock {
            $0.requests.append(request)
            return try $0.answers.isEmpty ? PushAnswer(status: 204) : $0.answers.removeFirst().get()
        }
    }

    /// The next answers, in order; after them everything is accepted.
    func answer(_ answers: Result<PushAnswer, Failure>...) { state.withLock { $0.answers += answers } }

    var requests: [PushRequest] { state.withLock { $0.requests } }
    var keys: [String] { requests.compactMap { $0.headers.first { $0.name == "Idempotency-Key" }?.value } }

    /// The data of each event.
    func events() throws -> [[String: Any]] {
        try requests.map { request in
            guard let event = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any] else {
                throw Failure(.internal, "no event")
            }
            return event
        }
    }

    func kinds() throws -> [String] { try events().map { String(($0["type"] as? String ?? "").dropFirst("snowlight.notice.".count)) } }
    func recipients() throws -> [String] { try events().map { ($0["data"] as? [String: Any])?["recipient"] as? String ?? "" } }
    func levels() throws -> [String] { try events().map { ($0["data"] as? [String: Any])?["level"] as? String ?? "" } }
    func counts() throws -> [Int] { try events().map { ($0["data"] as? [String: Any])?["count"] as? Int ?? 0 } }
}
