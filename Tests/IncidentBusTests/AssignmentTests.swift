// Who reads which camera: one holder at a time, rising tokens, nothing unread, and a node that stops by itself.

import Base
import Domain
import IncidentBus
import Synchronization
import TestKit
import Testing

private func camera(_ number: Int, name: String = "路口", tags: [String] = []) -> CameraRow {
    let digits = String(number)
    var camera = Camera(
        id: CameraID("51101100001320" + String(repeating: "0", count: 6 - digits.count) + digits)!,  // 20 digits by construction.
        name: name, programme: "雪亮工程", url: "rtsp://127.0.0.1:8554/cam/\(number)",
        position: GeoPoint(lonE7: 1_050_757_000, latE7: 295_925_000),
        villageCode: VillageCode("511011001001"), boundGrid: nil, tags: tags, priority: .two, transport: .auto)
    camera.view = CameraView(azimuthDegrees: 90, widthDegrees: nil, rangeMetres: 40, isMovable: true)
    camera.areas.privacyMasks = [Zone(name: "window", corners: [.init(x: 0, y: 0), .init(x: 0.2, y: 0), .init(x: 0.2, y: 0.4)])]
    let mark = Zone(name: "mark", corners: [.init(x: 0.4, y: 0.5), .init(x: 0.6, y: 0.5), .init(x: 0.6, y: 0.9)])
    camera.presets = ["3": PresetView(tags: ["scene:river_bank"], zones: [mark], masks: [mark]), "tour.4": PresetView()]
    return CameraRow(camera: camera, login: Credentials(user: "admin", password: "geheim"))
}

/// A node that does what it is told, or not.
private struct Node {
    let id: NodeID
    var holder = LeaseHolder()
    var reads: [CameraID: UInt64] = [:]

    init(_ number: UInt64) { id = NodeID(high: number, low: number &* 977) }

    /// Reports and takes the answers; those for which `isLost` holds never arrive.
    mutating func report(_ board: inout LeaseBoard, now: Duration, isLost: (Int) -> Bool = { _ in false }) {
        if holder.fence(now: now) { reads = [:] }
        let report = HealthReport(applied: holder.revision, stampMilliseconds: Int64(now.seconds * 1000))
        for (index, piece) in board.heard(id, report, now: now).enumerated() where !isLost(index) {
            if let grants = holder.received(piece, stamp: .milliseconds(piece.stampMilliseconds)) {
                reads = Dictionary(uniqueKeysWithValues: grants.map { ($0.row.camera.id, $0.token) })
            }
        }
    }
}

@Test func aRowSurvivesTheWireAndItsPasswordStaysOutOfTexts() throws {
    var board = LeaseBoard(firstToken: 5)
    board.publish([camera(1, tags: ["scene:fire_lane"])])
    let node = NodeID(high: 1, low: 2)
    let pieces = board.heard(node, HealthReport(applied: "", stampMilliseconds: 77), now: .zero)
    #expect(pieces.count == 1 && pieces[0].leaseMilliseconds == nil && pieces[0].stampMilliseconds == 77)
    #expect(pieces[0].grants == [CameraGrant(row: camera(1, tags: ["scene:fire_lane"]), token: 6)])
    #expect(AssignmentPiece(pieces[0].frame(node: node, epoch: 9)) == pieces[0])
    #expect("\(pieces) \(String(reflecting: pieces))".contains("geheim") == false)
}

@Test func oneNodeReadsEverythingWithoutEndAndHearsOfChanges() {
    var board = LeaseBoard(firstToken: 0)
    var node = Node(1)
    // Rows of 2 KB, so that an assignment takes many messages.
    board.publish((0..<300).map { camera($0, name: String(repeating: "路", count: 600)) })
    node.report(&board, now: .zero) { $0 == 2 }
    #expect(node.reads.isEmpty)  // Half an assignment is none.
    node.report(&board, now: .seconds(1))
    #expect(node.reads.count == 300)
    let before = node.reads
    board.publish((0..<299).map { camera($0, name: $0 == 7 ? "新" : String(repeating: "路", count: 600)) })
    node.report(&board, now: .seconds(2))
    // A changed row keeps its token: the camera did not change hands.
    #expect(node.reads.count == 299 && node.reads.allSatisfy { before[$0.key] == $0.value })
    #expect(node.holder.fence(now: .seconds(100_000)) == false)
}

@Test func everyNodeHearsOfEveryTheftReport() throws {
    func report(_ number: Int) -> TheftReport {
        TheftReport(
            number: "R-\(number)", tokens: [String(repeating: "a", count: 64), String(repeating: "b", count: 64)],
            expires: WallTime(millisecondsSince1970: 1_795_392_000_000))
    }
    var board = LeaseBoard(firstToken: 0)
    var (a, b) = (Node(1), Node(2))
    board.publish((0..<20).map { camera($0) })
    // 10,000 reports do not fit into one message.
    board.publish((0..<10_000).map(report))
    let pieces = board.heard(NodeID(high: 9, low: 9), HealthReport(applied: "", stampMilliseconds: 0), now: .zero)
    #expect(pieces.count > 20)
    for piece in pieces {
        let frame = piece.frame(node: a.id, epoch: 1)
        #expect(frame.payload.count <= FrameLimits.payloadBytes && AssignmentPiece(frame) == piece)
    }
    board.left(NodeID(high: 9, low: 9))
    for second in 1..<5 {
        a.report(&board, now: .seconds(second))
        b.report(&board, now: .seconds(second))
    }
    #expect(a.holder.reports == (0..<10_000).map(report) && b.holder.reports == a.holder.reports)
    #expect(a.reads.count + b.reads.count == 20)
    // The same list is no news; a shorter one reaches both and moves no camera.
    let before = (a.holder.revision, a.reads)
    board.publish((0..<10_000).map(report))
    a.report(&board, now: .seconds(5))
    #expect(a.holder.revision == before.0)
    board.publish([report(7)])
    a.report(&board, now: .seconds(6))
    b.report(&board, now: .seconds(6))
    #expect(a.holder.reports == [report(7)] && b.holder.reports == [report(7)] && a.reads == before.1)
    // A node that stops reading stops comparing.
    #expect(a.holder.fence(now: .seconds(600)) && a.holder.reports.isEmpty)
}

@Test(arguments: [Int64.min, .max]) func aHealthOfAnotherAgeIsReadAsTheNearestYear(_ milliseconds: Int64) throws {
    let text =
        #"{"applied":"","stamp_ms":0,"outbox_rows":0,"outbox_age_s":0,"cameras":[{"id":"51101100001320000001","token":1,"state":"streaming","#
        + #""reason":"","since_ms":\#(milliseconds),"picture_ms":\#(milliseconds)}]}"#
    let line = try #require(HealthReport(payload: Array(text.utf8))?.lines.first)
    #expect(line.health.since.description.count == 24 && !line.health.since.beijingDate.isEmpty)
}

@Test func nodesShareAndNobodyReadsACameraTwice() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<8 {
        var board = LeaseBoard(firstToken: 0)
        var (nodes, stopped): ([Node], Set<Int>) = ((1...4).map { Node(UInt64($0)) }, [])
        var tokens: [CameraID: UInt64] = [:]
        board.publish((0..<60).map { camera($0) })
        for second in 0..<120 {
            let now = Duration.seconds(second)
            if second % 30 == 29 { if stopped.isEmpty { stopped = [Int.random(in: 0..<4, using: &generator)] } else { stopped = [] } }
            for index in nodes.indices {
                // A node that hears nothing fences itself; its clock goes on.
                if stopped.contains(index) {
                    if nodes[index].holder.fence(now: now) { nodes[index].reads = [:] }
                } else {
                    let loses = Int.random(in: 0..<10, using: &generator) < 3
                    nodes[index].report(&board, now: now) { _ in loses }
                }
                var owners: [CameraID: UInt64] = [:]
                for node in nodes {
                    for (camera, token) in node.reads {
                        #expect(owners.updateValue(token, forKey: camera) == nil, "seed \(seed): two nodes read \(camera) at \(second) s")
                    }
                }
                for (camera, token) in owners {
                    #expect(token >= tokens[camera] ?? 0, "seed \(seed): a token fell")
                    tokens[camera] = token
                }
            }
        }
        stopped = []
        for second in 120..<160 { for index in nodes.indices { nodes[index].report(&board, now: .seconds(second)) } }
        #expect(nodes.reduce(0) { $0 + $1.reads.count } == 60, "seed \(seed)")
        #expect(nodes.allSatisfy { $0.reads.count > 3 }, "seed \(seed): shares are \(nodes.map(\.reads.count))")
    }
}

@Test func aNodeThatSaysByeIsReplacedAtOnce() {
    var board = LeaseBoard(firstToken: 0)
    var (a, b) = (Node(1), Node(2))
    board.publish((0..<20).map { camera($0) })
    for second in 0..<5 {
        a.report(&board, now: .seconds(second))
        b.report(&board, now: .seconds(second))
    }
    #expect(a.reads.count + b.reads.count == 20 && !a.reads.isEmpty && !b.reads.isEmpty)
    board.left(a.id)
    b.report(&board, now: .seconds(5))
    #expect(b.reads.count == 20)
}

@Test(arguments: ["", "{}", #"{"applied":"","stamp_ms":0,"cameras":1}"#, "not json"])
func aHealthThatIsNoneIsRefused(text: String) { #expect(HealthReport(payload: Array(text.utf8)) == nil) }

private final class Box<Value: Sendable>: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
}

@Test func camerasReachTheNodeOverTheBusAndTheirHealthComesBack() async throws {
    let directory = try temporaryFolder()
    let metrics = MetricsRegistry()
    let office = AssignmentOffice(time: SystemTime(), log: quiet, metrics: metrics)
    office.publish((0..<200).map { camera($0) })
    let (applied, health) = (Box<[CameraRow]>([]), Box<[CameraID: CameraHealth]>([:]))
    let assignments = NodeAssignments(time: SystemTime(), log: quiet, health: { health.value.withLock { $0 } }) { grants in
        applied.value.withLock { $0 = grants.map(\.row) }
        let since = WallTime(millisecondsSince1970: 1_795_392_000_000)
        health.value.withLock {
            $0 = Dictionary(
                uniqueKeysWithValues: grants.map {
                    ($0.row.camera.id, CameraHealth(state: .streaming, reason: "", since: since, lastPicture: since))
                })
        }
    }
    let (receiver, outbox, publisher) = try await onOwnThread {
        let receiver = try IncidentReceiver(
            endpoint: "ipc://\(directory)/bus", committer: MemoryCommitter(), desk: office, log: quiet, metrics: metrics, onFatal: { _ in })
        try receiver.start()
        let outbox = try Outbox.open(path: directory + "/outbox.sqlite")
        let publisher = try IncidentPublisher(
            outbox: outbox, endpoint: receiver.boundEndpoint, assignments: assignments, log: quiet, metrics: metrics, timing: hurried)
        assignments.start()
        publisher.start()
        return (receiver, outbox, publisher)
    }
    #expect(try await eventually { applied.value.withLock { $0.count } == 200 })
    #expect(applied.value.withLock { $0[3] } == camera(3))
    let began = ContinuousClock.now
    office.publish((0..<150).map { camera($0, name: $0 == 149 ? "新" : "路口") })
    #expect(try await eventually { applied.value.withLock { $0.last?.camera.name } == "新" })
    #expect(ContinuousClock.now - began < .seconds(2))
    #expect(try await eventually { office.health().count == 150 && office.health().values.allSatisfy { $0.state == .streaming } })
    try await onOwnThread {
        publisher.stop()
        assignments.stop()
    }
    // BYE: the cameras are nobody's at once.
    #expect(try await eventually(within: .seconds(5)) { office.health().values.allSatisfy { $0.state == .unreachable } })
    try await onOwnThread {
        receiver.stop()
        try outbox.close()
    }
}
