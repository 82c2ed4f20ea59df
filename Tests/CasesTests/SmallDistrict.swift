// A district of four square grids for the tests of the dispatcher: real registry, real database, incidents by hand.

import Base
@testable import Cases
import Domain
import Foundation
import Grids
import IncidentBus
import Logging
import Storage
import StorageKit

/// Four grids of 0.01°, two by two; each has a full-time worker w1…w4 and a camera in its middle. Camera 5 stands outside.
struct SmallDistrict {
    static let south = 29.58
    static let west = 105.06

    let file: any SQLDatabase
    let place: TestDatabase
    let box: RegistryBox
    let signal = FeedSignal()
    let time = SimulatedTime(wall: WallTime("2026-11-23T15:59:00.000Z")!)  // One minute before midnight in Beijing.
    let metrics = MetricsRegistry()
    let dispatcher: Dispatcher
    let store: CaseStore

    init(registry: Registry = Self.registry(), place: TestDatabase? = nil) throws {
        self.place = try place ?? TestDatabase()
        file = try self.place.open(CasesSchema.migrations)
        box = RegistryBox(registry)
        dispatcher = try Dispatcher(file: file, registry: box, signal: signal, time: time, log: Self.quiet, metrics: metrics)
        store = CaseStore(file: file, registry: box, signal: signal, time: time, metrics: metrics)
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func registry(filing: FilingPolicy = .automatic, cameraName: String = "东兴路口", workers: [Gridworker]? = nil) -> Registry {
        let entries = [
            CatalogueEntry(
                category: "motion", nameZH: "画面运动", nameEN: "motion", duty: .hazard, professional: false, filing: filing, priority: .three),
            CatalogueEntry(
                category: "camera.lost", nameZH: "摄像机失联", nameEN: "camera lost", duty: nil, professional: false, filing: .feed,
                priority: .three),
            CatalogueEntry(
                category: "gas.leak", nameZH: "燃气泄漏", nameEN: "gas leak", duty: .emergency, professional: true, filing: .automatic,
                priority: .one),
        ]
        return Registry(
            districtCode: "511011", cameras: (1...5).map { camera($0, name: cameraName) }, grids: GridSet((1...4).map(grid)),
            gridSetVersion: "test-map", workers: workers ?? (1...4).map { worker($0) }, catalogue: Catalogue(entries))
    }

    static func code(_ number: Int) -> GridCode { GridCode("51101100100100\(number)")! }  // 15 digits for 1…9.
    static func cameraID(_ number: Int) -> CameraID { CameraID("5110110000132000000\(number)")! }  // 20 digits for 1…9.

    static func grid(_ number: Int) -> Grid {
        let column = Double((number - 1) % 2)
        let row = Double((number - 1) / 2)
        let corners = [(0.0, 0.0), (1, 0), (1, 1), (0, 1)].map {
            GeoPoint(lon: west + (column + $0.0) * 0.01, lat: south + (row + $0.1) * 0.01)!  // Inside the world.
        }
        return Grid(
            code: code(number), name: "第\(number)网格", township: "东兴街道", village: "样例社区",
            ground: Ground([GroundPolygon(exterior: corners)]))
    }

    /// The middle of grid 1…4; for 5 a place in no grid.
    static func place(_ number: Int) -> GeoPoint {
        guard number <= 4 else { return GeoPoint(lon: 105.2, lat: 29.7)! }  // Inside the world.
        let (column, row) = (Double((number - 1) % 2), Double((number - 1) / 2))
        return GeoPoint(lon: west + column * 0.01 + 0.005, lat: south + row * 0.01 + 0.005)!  // Inside the world.
    }

    static func camera(_ number: Int, name: String, bound: GridCode? = nil, at point: GeoPoint? = nil) -> Camera {
        Camera(
            id: cameraID(number), name: name, programme: "雪亮工程", url: "rtsp://127.0.0.1/\(number)", position: point ?? place(number),
            villageCode: nil, boundGrid: bound, tags: [], priority: .three, transport: .auto)
    }

    static func worker(_ number: Int, grid: Int? = nil, role: WorkerRole = .fullTime) -> Gridworker {
        Gridworker(id: WorkerID("w\(number)")!, name: "网格员\(number)", grid: code(grid ?? number), role: role, phone: "", channels: [])
    }

    static let duty = Reader(role: .dutyOfficer, id: "duty", name: "值班员")
    static func reader(_ number: Int) -> Reader {
        Reader(role: .gridworker, id: "w\(number)", name: "网格员\(number)", grids: [code(number)])
    }

    /// Blocks, like the receiver's thread does.
    @discardableResult
    func take(_ messages: [ReceivedIncident]) throws -> [CommitOutcome] { try dispatcher.commit(messages) }

    /// Writes to the tables behind everybody's back. Blocks. Returns how many rows changed.
    @discardableResult
    func tamper(_ statement: String) throws -> Int { try file.write { try $0.run(statement) } }

    /// The only case number there is.
    func onlyCase() async throws -> CaseNumber {
        let items = try await store.cases(CaseFilter(), for: Self.duty).items
        guard items.count == 1, let number = CaseNumber(items[0].no) else { throw Failure(.internal, "\(items.count) cases") }
        return number
    }
}

/// An outbox that never forgets: mints incidents and numbers their revisions.
struct Sender {
    let node: NodeID
    var epoch: UInt64 = .max
    private(set) var sequence: UInt64 = 0
    private var generator: SeededGenerator
    private var wall: WallTime
    private var minted = 0

    init(seed: UInt64, wall: WallTime = WallTime("2026-11-23T15:58:57.628Z")!) {  // A literal in the form it parses.
        generator = SeededGenerator(seed: seed)
        node = NodeID(using: &generator)
        self.wall = wall
    }

    /// - Parameter zone: One of its own when left out, so that no two incidents are of one place and kind by accident.
    mutating func incident(
        camera: Int = 1, category: String = "motion", zone: String? = nil, place: GeoPoint? = nil, reason: [String] = ["moved 12 cells"]
    ) -> Incident {
        minted += 1
        return Incident(
            id: UUID7(at: wall, using: &generator), revision: 1, phase: .open,
            key: IncidentKey(camera: SmallDistrict.cameraID(camera), zone: zone ?? "z\(minted)", category: category), priority: .three,
            place: place ?? SmallDistrict.place(camera), firstSeen: wall, lastSeen: wall.adding(seconds: 2), count: 1, score: 71,
            box: RelativeBox(x: 0.1, y: 0.2, width: 0.3, height: 0.4), reason: reason, snapshot: nil, drill: false)
    }

    func revised(_ incident: Incident, phase: IncidentPhase = .updated) -> Incident {
        var next = incident
        next.revision += 1
        next.phase = phase
        next.count += 1
        next.lastSeen = next.lastSeen.adding(seconds: 1)
        return next
    }

    /// Puts an incident into the outbox: its bytes never change afterwards.
    mutating func message(_ incident: Incident) -> ReceivedIncident {
        sequence += 1
        let bytes = IncidentJSON.encode(incident, sequence: sequence)
        return ReceivedIncident(
            node: node, epoch: epoch, sequence: sequence, bytes: bytes, sha256: SHA256Hex.of(bytes), incident: .success(incident))
    }

    mutating func poison(_ text: String) -> ReceivedIncident {
        sequence += 1
        let bytes = Array(text.utf8)
        return ReceivedIncident(
            node: node, epoch: epoch, sequence: sequence, bytes: bytes, sha256: SHA256Hex.of(bytes),
            incident: .failure(Failure(.invalidInput, "no incident")))
    }
}
