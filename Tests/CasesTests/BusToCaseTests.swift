// Outbox, sockets and dispatcher together: what a camera reports over a real connection is a case, across restarts of the receiver.

import Base
@testable import Cases
import Domain
import Foundation
import IncidentBus
import Storage
import TestKit
import Testing

@Test func incidentsCrossARealSocketAndBecomeCases() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    let outbox = try Outbox.open(path: temporaryFolder() + "/outbox.sqlite")
    defer { try? outbox.close() }
    let endpoint = try "ipc://\(temporaryFolder())/bus"
    func receiver() throws -> IncidentReceiver {
        try IncidentReceiver(endpoint: endpoint, committer: district.dispatcher, log: SmallDistrict.quiet, metrics: district.metrics)
    }
    let publisher = try IncidentPublisher(outbox: outbox, endpoint: endpoint, log: SmallDistrict.quiet, metrics: district.metrics)

    func report(_ zones: Range<Int>, _ phase: IncidentPhase) throws {
        let start = WallTime(millisecondsSince1970: 1_795_000_000_000)
        for camera in 1...4 {
            let drafts = zones.map { zone in
                IncidentDraft(
                    key: IncidentKey(camera: SmallDistrict.cameraID(camera), zone: "z\(zone)", category: "motion"), phase: phase,
                    priority: .three, place: SmallDistrict.place(camera), firstSeen: start, lastSeen: start.adding(seconds: 1), count: 1,
                    score: 60, box: nil, reason: ["test"], snapshot: nil)
            }
            _ = try outbox.append(drafts)
        }
        publisher.notify()
    }
    func drained() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while outbox.depth().rows > 0 {
            try #require(ContinuousClock.now < deadline, "\(outbox.depth().rows) incidents wait")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    try report(0..<10, .open)
    publisher.start()
    defer { publisher.stop() }
    let first = try receiver()
    try first.start()
    try await drained()
    // The dispatcher is gone while incidents go on; they wait in the outbox and cross with the next one.
    first.stop()
    try report(0..<10, .ended)
    try report(10..<15, .open)
    let second = try receiver()
    try second.start()
    defer { second.stop() }
    try await drained()

    #expect(try district.count("\"case\"") == 60 && district.count("incident") == 60)
    #expect(try district.count("incident WHERE phase = 'ended'") == 40)
    #expect(try district.count("dead_letter") == 0 && district.count("node_ahead") == 0)
    for row in try district.cases() { #expect(row.assignee == row.grid.map { "w\($0.suffix(1))" }) }
    #expect(try district.dispatcher.lastCommitted(node: outbox.nodeID, epoch: outbox.epoch) == 100)
}
