// A dispatcher that comes back from an old backup: the outbox sends again, nothing is lost and nothing doubled.

import Base
@testable import Cases
import Domain
import Foundation
import IncidentBus
import Storage
import StorageKit
import TestKit
import Testing

private func report(_ zones: Range<Int>, _ phase: IncidentPhase, to outbox: Outbox) throws {
    let start = WallTime(millisecondsSince1970: 1_795_000_000_000)
    for camera in 1...4 {
        _ = try outbox.append(
            zones.map { zone in
                IncidentDraft(
                    key: IncidentKey(camera: SmallDistrict.cameraID(camera), zone: "z\(zone)", category: "motion"), phase: phase,
                    priority: .three, place: SmallDistrict.place(camera), firstSeen: start, lastSeen: start.adding(seconds: 1), count: 1,
                    score: 60, box: nil, reason: ["test"], snapshot: nil)
            })
    }
}

@Test func aRestoredDispatcherRewindsItsNodes() async throws {
    let place = try TestDatabase(.sqlite)
    let folder = (place.name as NSString).deletingLastPathComponent
    let outbox = try Outbox.open(path: temporaryFolder() + "/outbox.sqlite")
    defer { try? outbox.close() }
    let endpoint = try "ipc://\(temporaryFolder())/bus"
    let metrics = MetricsRegistry()
    let publisher = try IncidentPublisher(outbox: outbox, endpoint: endpoint, log: SmallDistrict.quiet, metrics: metrics)
    publisher.start()
    defer { publisher.stop() }
    func serve(_ body: (SmallDistrict) async throws -> Void) async throws {
        let district = try SmallDistrict(place: place)
        let receiver = try IncidentReceiver(
            endpoint: endpoint, committer: district.dispatcher, log: SmallDistrict.quiet, metrics: district.metrics)
        try receiver.start()
        publisher.notify()
        let deadline = ContinuousClock.now + .seconds(20)
        while try outbox.depth().rows > 0
            || district.dispatcher.lastCommitted(node: outbox.nodeID, epoch: outbox.epoch) < outbox.range.highest
        {
            try #require(ContinuousClock.now < deadline, "the dispatcher does not catch up")
            try await Task.sleep(for: .milliseconds(5))
        }
        receiver.stop()
        try await body(district)
        try district.file.close()
    }

    try report(0..<10, .open, to: outbox)
    try await serve { district in
        let file = try #require(district.file as? SQLiteFile)
        try StoreBackup.make([file], at: folder + "/backup")
    }
    // An hour of work that the backup does not know: running incidents end, new ones begin, all of it acknowledged.
    try report(0..<10, .ended, to: outbox)
    try report(10..<20, .open, to: outbox)
    var before: Set<String> = []
    try await serve { district in
        before = Set(try district.file.read { try $0.rows("SELECT incident_id FROM incident").map { try $0.text("incident_id") } })
    }
    #expect(before.count == 80 && outbox.depth().rows == 0)
    let now = WallTime(millisecondsSince1970: 1_795_000_000_000)
    try StoreBackup.restore(["test.sqlite"], from: folder + "/backup", to: folder, now: now)
    try await serve { district in
        let after = try district.file.read { try $0.rows("SELECT incident_id FROM incident").map { try $0.text("incident_id") } }
        #expect(after.count == 80 && Set(after) == before, "lost or doubled")
        #expect(try district.count("incident WHERE phase = 'ended'") == 40)
        #expect(try district.count("\"case\"") == 80 && district.count("case_incident") == 80)
        #expect(try district.count("dead_letter") == 0 && district.count("node_ahead") == 0)
        let verdict = try StoreVerification.verify(district.file)
        #expect(verdict.problems.isEmpty, "\(verdict.problems)")
    }
}

@Test(arguments: [
    ("DELETE FROM \"case\" WHERE case_no LIKE '%2'", "an incident belongs to a case that is not there"),
    ("DELETE FROM incident WHERE camera_id LIKE '%1'", "a case holds an incident that is not there"),
    ("DELETE FROM incident WHERE camera_id LIKE '%1'", "an accepted message has no incident"),
    ("DELETE FROM case_incident", "an incident that was filed has no case"),
    ("INSERT INTO node_ahead (node, epoch, seq) VALUES ('n', 1, 1)", "messages of a node are committed but its cursor is behind them"),
    ("UPDATE feed_head SET seq = 3", "the feed goes further than its head"),
    ("UPDATE case_event SET note = 'another' WHERE position = 2", "case log: line 2 was changed"),
]) func whatDoesNotHangTogetherIsNamed(statement: String, finding: String) throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 90)
    try district.take((0..<4).map { sender.message(sender.incident(camera: $0 + 1)) })
    #expect(try StoreVerification.verify(district.file) == StoreVerdict(events: 12, problems: []))
    try district.tamper(statement)
    #expect(try StoreVerification.verify(district.file).problems.contains { $0.hasPrefix(finding) })
}
