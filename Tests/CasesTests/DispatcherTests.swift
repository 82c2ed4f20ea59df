// From the bus to the case: exactly once, in the right grid, with a number, whatever comes how often in which order.

import Base
@testable import Cases
import Domain
import Foundation
import Grids
import IncidentBus
import Storage
import Testing

extension SmallDistrict {
    func count(_ table: String) throws -> Int64 { try file.read { try $0.row("SELECT COUNT(*) AS n FROM \(table)")?.int("n") ?? -1 } }

    /// Number, category and assignee of every case in the order of filing.
    func cases() throws -> [(no: String, grid: String?, assignee: String?, state: String)] {
        try file.read { sql in
            try sql.rows("SELECT case_no, grid_code, assignee_id, state FROM \"case\" ORDER BY case_no").map {
                (try $0.text("case_no"), try $0.textOrNil("grid_code"), try $0.textOrNil("assignee_id"), try $0.text("state"))
            }
        }
    }
}

@Test func anIncidentBecomesACaseOfItsGridsWorker() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 1)
    let incident = sender.incident(camera: 3)
    #expect(try district.take([sender.message(incident)]) == [.committed])
    let found = try #require(try district.cases().first)
    #expect(found.no == "511011-20261123-00001" && found.grid == SmallDistrict.code(3).digits)
    #expect(found.assignee == "w3" && found.state == "dispatched")
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 1)

    let detail = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty))
    #expect(detail.caseDetail?.events.map(\.action) == ["report", "file", "dispatch"])
    #expect(detail.caseDetail?.item.placeText == "东兴街道·样例社区·第3网格·东兴路口")
    #expect(detail.resolution.method == "position" && detail.resolution.gridSet == "test-map" && !detail.resolution.nearBorder)
    #expect(detail.receipts.accepted == district.time.wallNow.description && detail.receipts.caseCreated != nil)
    #expect(detail.receipts.published == "2026-11-23T15:58:57.628Z" && detail.receipts.acknowledged == nil)
    #expect(detail.reason == ["moved 12 cells"] && detail.box == [0.1, 0.2, 0.3, 0.4])
    #expect(district.metrics.render().contains("snowlight_cases_total{state=\"dispatched\"} 1"))

    // Ending an incident never closes a case.
    #expect(try district.take([sender.message(sender.revised(incident, phase: .ended))]) == [.committed])
    let after = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty))
    #expect(after.item.phase == "ended" && after.item.caseReference?.state == "dispatched" && after.item.rev == 2)
}

@Test func aRestoredIncidentIsAnIncidentThatSaysWhoMadeIt() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 8)
    var incident = sender.incident(camera: 2)
    let at = district.time.wallNow.adding(seconds: -1)
    incident.phase = .ended
    incident.restoration = Restoration(suppressed: .ghost, by: "duty", name: "值班员", note: "有人\u{0} <b>翻越</b>", at: at)
    let message = sender.message(incident)
    #expect(try district.take([message, message]) == [.committed, .duplicate])
    let detail = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty))
    #expect(detail.item.restored && detail.item.phase == "ended" && detail.item.caseReference?.state == "dispatched")
    #expect(detail.restoration == incident.restoration.map(RestorationView.init))
    // Sent when it was restored, however old the evidence.
    #expect(detail.receipts.published == at.description)
    let plain = sender.incident(camera: 2)
    #expect(try district.take([sender.message(plain)]) == [.committed])
    let other = try #require(try await district.store.incident(plain.id, for: SmallDistrict.duty))
    #expect(!other.item.restored && other.restoration == nil)
}

@Test func theSameBatchAnyNumberOfTimesIsTheSameBatch() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 2)
    let batch = (0..<20).map { sender.message(sender.incident(camera: $0 % 4 + 1)) }
    #expect(try district.take(batch).allSatisfy { $0 == .committed })
    let newest = district.signal.newest
    #expect(try district.take(batch).allSatisfy { $0 == .duplicate })
    #expect(try district.take(batch.reversed()).allSatisfy { $0 == .duplicate })
    // The same message twice in one batch, too.
    let next = sender.message(sender.incident())
    #expect(try district.take([next, next]) == [.committed, .duplicate])
    #expect(try district.count("\"case\"") == 21 && district.count("dead_letter") == 0)
    #expect(district.signal.newest == newest + 2, "a duplicate changes nothing, so nobody is told")
}

@Test func sameRevisionWithOtherContentIsSetAside() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 3)
    let incident = sender.incident()
    try district.take([sender.message(incident)])
    var other = incident
    other.score = 12
    let conflicting = sender.message(other)
    guard case .quarantined(let reason) = try district.take([conflicting])[0] else {
        Issue.record("other content under the same revision must be set aside")
        return
    }
    #expect(reason.contains("other content"))
    try district.take([conflicting])
    #expect(try district.count("dead_letter") == 1 && district.count("\"case\"") == 1)
    let score = try district.file.read { try $0.row("SELECT score FROM incident")?.int("score") }
    #expect(score == 71)
    // Set aside is acknowledged: nothing behind it waits.
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 2)
}

@Test func poisonGoesToTheDeadLettersByteForByte() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 4)
    var stranger = sender.incident()
    stranger.key.camera = CameraID("99999999991320000001")!  // 20 digits.
    var backwards = sender.incident()
    backwards.lastSeen = backwards.firstSeen.adding(seconds: -1)
    var traversal = sender.incident()
    traversal.snapshot = SnapshotReference(sha256: String(repeating: "../", count: 21) + "a", sizeBytes: 1)
    var outside = sender.incident()
    outside.box = RelativeBox(x: 0.9, y: 0, width: 0.3, height: 0.1)
    var score = sender.incident()
    score.score = 101
    var zeroth = sender.incident()
    zeroth.revision = 0
    var category = sender.incident()
    category.key.category = "mo\0tion"
    let bad = [stranger, backwards, traversal, outside, score, zeroth, category]
    let batch = [sender.poison("{"), sender.poison("")] + bad.map { sender.message($0) } + [sender.message(sender.incident())]
    let outcomes = try district.take(batch)
    for (index, outcome) in outcomes.enumerated() {
        if index == outcomes.count - 1 {
            #expect(outcome == .committed)
        } else if case .quarantined(let reason) = outcome {
            #expect(!reason.isEmpty)
        } else {
            Issue.record("message \(index) was not set aside: \(outcome)")
        }
    }
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == UInt64(batch.count))
    let letters = try district.file.read { try $0.rows("SELECT * FROM dead_letter ORDER BY seq") }
    #expect(letters.count == bad.count + 2)
    for (letter, message) in zip(letters, batch) { #expect(try letter.blob("bytes") == message.bytes) }
    #expect(try letters[2].text("reason").contains("99999999991320000001"))
    #expect(district.metrics.render().contains("snowlight_quarantined_total \(bad.count + 2)"))

    // Once the camera is registered the same message is welcome.
    let unknown = try #require(batch.first { $0.sequence == 3 })
    var registry = SmallDistrict.registry()
    registry = Registry(
        districtCode: "511011",
        cameras: Array(registry.cameras.values) + [
            Camera(
                id: stranger.key.camera, name: "新", programme: "", url: "rtsp://x/1", position: SmallDistrict.place(2), villageCode: nil,
                boundGrid: nil, tags: [], priority: .three, transport: .auto)
        ], grids: registry.grids, gridSetVersion: "test-map", workers: Array(registry.workers.values), catalogue: registry.catalogue)
    district.box.replace(with: registry)
    #expect(try district.take([unknown]) == [.committed])
    #expect(try district.cases().last?.assignee == "w2")
}

@Test func aChangedKeyAndAnOvertakenRevision() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 5)
    let first = sender.incident()
    let second = sender.revised(first)
    let third = sender.revised(second, phase: .ended)
    let messages = [first, second, third].map { sender.message($0) }
    // The newest first: it makes the case; the others change nothing.
    #expect(try district.take([messages[2]]) == [.committed])
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 0, "1 and 2 are still missing")
    #expect(try district.take([messages[0]]) == [.committed])
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 1)
    #expect(try district.take([messages[1]]) == [.committed])
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 3, "3 was here already")
    #expect(try district.count("node_ahead") == 0)
    let detail = try #require(try await district.store.incident(first.id, for: SmallDistrict.duty))
    #expect(detail.item.rev == 3 && detail.item.phase == "ended" && detail.item.count == 3)
    #expect(try district.count("\"case\"") == 1)

    var moved = sender.revised(third)
    moved.key.zone = "z9"
    guard case .quarantined(let reason) = try district.take([sender.message(moved)])[0] else {
        Issue.record("an incident cannot change its key")
        return
    }
    #expect(reason.contains("changed its key"))
}

@Test func aPositionProvesWhatItsNumberHeld() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 8)
    func position(_ epoch: UInt64) throws -> CommittedPosition { try district.dispatcher.position(node: sender.node, epoch: epoch) }
    #expect(try position(sender.epoch) == CommittedPosition(sequence: 0))
    let messages = (0..<5).map { _ in sender.message(sender.incident()) }
    try district.take([messages[0], messages[1]])
    #expect(try position(sender.epoch) == CommittedPosition(sequence: 2, sha256: messages[1].sha256))
    try district.take([messages[1], messages[2]])
    #expect(try position(sender.epoch) == CommittedPosition(sequence: 3, sha256: messages[2].sha256))
    // A number that was given up held nothing that anybody knows.
    try district.dispatcher.acceptGap(node: sender.node, epoch: sender.epoch, lowestRetained: 5)
    #expect(try position(sender.epoch) == CommittedPosition(sequence: 4))
    // Another epoch may begin anywhere, once, and nothing below is missing.
    try district.dispatcher.begin(node: sender.node, epoch: 7, at: 1000)
    try district.dispatcher.begin(node: sender.node, epoch: 7, at: 2000)
    #expect(try position(7) == CommittedPosition(sequence: 999))
    #expect(try district.count("dead_letter") == 1)
}

@Test func numbersThatTheNodeNoLongerHoldsAreNamedAndPassed() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 6)
    let messages = (0..<10).map { _ in sender.message(sender.incident()) }
    try district.take([messages[0], messages[1]])
    try district.dispatcher.acceptGap(node: sender.node, epoch: sender.epoch, lowestRetained: 3)
    #expect(try district.count("dead_letter") == 0, "nothing is missing")
    try district.dispatcher.acceptGap(node: sender.node, epoch: sender.epoch, lowestRetained: 7)
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 6)
    let letter = try #require(try district.file.read { try $0.row("SELECT reason FROM dead_letter") })
    #expect(try letter.text("reason").contains("3…6"))
    try district.take(Array(messages[6...]))
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 10)
    // Another epoch of the same node is another outbox.
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: 7) == 0)
}

@Test func numbersBeginAgainAtMidnightInBeijing() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 7)
    try district.take([sender.message(sender.incident()), sender.message(sender.incident())])
    district.time.advance(by: .milliseconds(59_999))
    try district.take([sender.message(sender.incident())])
    district.time.advance(by: .milliseconds(1))
    try district.take([sender.message(sender.incident())])
    #expect(
        try district.cases().map(\.no) == [
            "511011-20261123-00001", "511011-20261123-00002", "511011-20261123-00003", "511011-20261124-00001",
        ])
    // The clock goes back: yesterday's count goes on, no number comes twice.
    district.time.advance(by: .seconds(-1))
    try district.take([sender.message(sender.incident())])
    #expect(try district.cases().map(\.no).contains("511011-20261123-00004"))
}

@Test func whenTheDaysNumbersAreUsedUpIncidentsWaitInTheFeed() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 8)
    try district.tamper("INSERT INTO case_counter (beijing_date, last) VALUES ('20261123', 99998)")
    let incidents = (0..<2).map { _ in sender.incident() }
    #expect(try district.take(incidents.map { sender.message($0) }) == [.committed, .committed])
    #expect(try district.cases().map(\.no) == ["511011-20261123-99999"])
    let waiting = try await district.store.incidents(
        {
            var filter = IncidentFilter(); filter.state = .unfiled; return filter
        }(), for: SmallDistrict.duty)
    #expect(waiting.items.map(\.id) == [incidents[1].id.description] && waiting.items[0].proposed)
    #expect(try await district.store.file(incidents[1].id, by: SmallDistrict.duty) == .numbersUsedUp)
    district.time.advance(by: .seconds(60))
    guard case .done(let detail) = try await district.store.file(incidents[1].id, by: SmallDistrict.duty) else {
        Issue.record("the next day has numbers again")
        return
    }
    #expect(detail.item.no == "511011-20261124-00001")
}

@Test func theCatalogueDecidesWhatIsFiledAndForWhom() throws {
    for (filing, cases, proposed) in [(FilingPolicy.feed, 0, 0), (.propose, 0, 1), (.automatic, 1, 0)] {
        let district = try SmallDistrict(registry: SmallDistrict.registry(filing: filing))
        defer { try? district.file.close() }
        var sender = Sender(seed: 9)
        try district.take([sender.message(sender.incident())])
        #expect(try district.count("\"case\"") == Int64(cases))
        #expect(try district.count("incident WHERE proposed = 1") == Int64(proposed))
    }
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 10)
    try district.take([
        sender.message(sender.incident(category: "camera.lost")), sender.message(sender.incident(category: "never.heard.of")),
        sender.message(sender.incident(category: "gas.leak")),
    ])
    // A professional matter is filed and stays with the command centre: no gridworker on any path.
    let cases = try district.cases()
    #expect(cases.count == 1 && cases[0].state == "filed" && cases[0].assignee == nil)
    #expect(try district.count("incident") == 3)
}

@Test func withoutAWorkerOrAGridTheCommandCentreOwnsTheCase() throws {
    let workers = [SmallDistrict.worker(1), SmallDistrict.worker(7, grid: 1), SmallDistrict.worker(8, grid: 2, role: .substitute)]
    let district = try SmallDistrict(registry: SmallDistrict.registry(workers: workers))
    defer { try? district.file.close() }
    var sender = Sender(seed: 11)
    try district.take((1...5).map { sender.message(sender.incident(camera: $0)) })
    let cases = try district.cases()
    #expect(cases.map(\.assignee) == ["w1", "w8", nil, nil, nil])
    #expect(cases.map(\.state) == ["dispatched", "dispatched", "filed", "filed", "filed"])
    let owners = try district.file.read { try $0.rows("SELECT owner FROM \"case\" ORDER BY case_no").map { try $0.text("owner") } }
    #expect(owners == ["worker", "worker", "command_centre", "command_centre", "unbound"])
    #expect(cases[4].grid == nil)
}

@Test func theRegistryAndNotTheWireSaysWhereACameraIs() async throws {
    let base = SmallDistrict.registry()
    let point = GeoPoint(lon: SmallDistrict.west + 0.009_95, lat: SmallDistrict.south + 0.005)!  // 5 m west of the border of grids 1 and 2.
    let registry = Registry(
        districtCode: "511011",
        cameras: [
            SmallDistrict.camera(1, name: "绑定", bound: SmallDistrict.code(4)), SmallDistrict.camera(2, name: "边界", at: point),
            SmallDistrict.camera(3, name: "搬走"),
        ], grids: base.grids, gridSetVersion: "test-map", workers: Array(base.workers.values), catalogue: base.catalogue)
    let district = try SmallDistrict(registry: registry)
    defer { try? district.file.close() }
    var sender = Sender(seed: 12)
    let bound = sender.incident(camera: 1)
    let border = sender.incident(camera: 2, place: point)
    let moved = sender.incident(camera: 3, place: SmallDistrict.place(2))
    try district.take([bound, border, moved].map { sender.message($0) })
    let details = try await [bound, border, moved].asyncMap { try await district.store.incident($0.id, for: SmallDistrict.duty) }
    #expect(details[0]?.resolution.method == "camera_manual" && details[0]?.item.grid?.code == SmallDistrict.code(4).digits)
    #expect(details[0]?.resolution.cameraMovedMetres == nil)
    #expect(details[1]?.item.grid?.code == SmallDistrict.code(1).digits && details[1]?.resolution.nearBorder == true)
    #expect(details[1]?.resolution.neighbours == [GridReference(code: SmallDistrict.code(2).digits, name: "第2网格")])
    #expect(try #require(details[1]?.resolution.distanceMetres) < 5.5)
    #expect(details[2]?.item.grid?.code == SmallDistrict.code(3).digits, "the wire's position decides nothing")
    // From the middle of grid 2 to that of grid 3: 0.01° both ways, 1,113 m north and 968 m east.
    #expect(abs(try #require(details[2]?.resolution.cameraMovedMetres) - 1475) < 5)
}

@Test(arguments: [21, 22] as [UInt64]) func everyIncidentLandsInTheGridThatHoldsItsCamera(seed: UInt64) throws {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let base = SmallDistrict.registry()
    let cameras = (1...9).map { number in
        let point = GeoPoint(
            lon: SmallDistrict.west + Double.random(in: -0.002...0.022, using: &generator),
            lat: SmallDistrict.south + Double.random(in: -0.002...0.022, using: &generator))
        return SmallDistrict.camera(number, name: "c", at: point)
    }
    let registry = Registry(
        districtCode: "511011", cameras: cameras, grids: base.grids, gridSetVersion: "m", workers: [], catalogue: base.catalogue)
    let district = try SmallDistrict(registry: registry)
    defer { try? district.file.close() }
    var sender = Sender(seed: seed)
    try district.take(cameras.indices.map { sender.message(sender.incident(camera: $0 + 1, place: cameras[$0].position)) })
    for row in try district.file.read({ try $0.rows("SELECT camera_id, grid_code, method FROM incident") }) {
        let camera = try #require(registry.cameras[CameraID(row.text("camera_id"))!])  // Written from a checked id.
        let expected = registry.grids.locate(camera.position)
        #expect(try row.textOrNil("grid_code") == expected?.digits)
        #expect(try row.text("method") == (expected == nil ? "unbound" : "position"))
    }
}

extension Array {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
        var result: [T] = []
        for element in self { result.append(try await transform(element)) }
        return result
    }
}
