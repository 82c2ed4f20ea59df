// Random histories of a network that loses, repeats and reorders, and of a dispatcher that dies: one case for each place and kind, always.

import Base
@testable import Cases
import Domain
import Grids
import IncidentBus
import Storage
import StorageKit
import Testing

@Test(arguments: [31, 32, 33, 34, 35, 36] as [UInt64]) func oneCaseOfEachPlaceAndKindUnderAnySchedule(seed: UInt64) throws {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    var senders = [Sender(seed: seed * 10), Sender(seed: seed * 10 + 1)]
    var outboxes: [[ReceivedIncident]] = [[], []]
    var incidents: [Incident] = []
    for _ in 0..<60 {
        let which = Int.random(in: 0..<2, using: &generator)
        let zone = "z\(Int.random(in: 0..<4, using: &generator))"
        var incident = senders[which].incident(camera: Int.random(in: 1...5, using: &generator), zone: zone)
        incidents.append(incident)
        outboxes[which].append(senders[which].message(incident))
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            incident = senders[which].revised(incident, phase: Bool.random(using: &generator) ? .updated : .ended)
            outboxes[which].append(senders[which].message(incident))
        }
    }

    var district = try SmallDistrict()
    // Each round takes a random part of what is not acknowledged, shuffled and with repeats; now and then the process restarts.
    var rounds = 0
    while true {
        rounds += 1
        try #require(rounds < 2000, "the schedule must end")
        var batch: [ReceivedIncident] = []
        var open = 0
        for (sender, outbox) in zip(senders, outboxes) {
            let last = try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch)
            open += outbox.count - Int(last)
            let window = outbox.dropFirst(Int(last)).prefix(24)
            for message in window {
                for _ in 0..<Int.random(in: 0...2, using: &generator) { batch.append(message) }
            }
            if let old = outbox.prefix(Int(last)).randomElement(using: &generator) { batch.append(old) }
        }
        if open == 0 { break }
        batch.shuffle(using: &generator)
        _ = try district.take(batch)
        if Int.random(in: 0..<8, using: &generator) == 0 {
            try district.file.close()
            district = try SmallDistrict(place: district.place)
        }
    }
    defer { try? district.file.close() }

    #expect(try district.count("incident") == Int64(incidents.count))
    let keys = Set(incidents.map(\.key)).count
    #expect(try district.count("\"case\"") == Int64(keys) && keys < incidents.count)
    #expect(try district.count("case_incident") == Int64(incidents.count))
    #expect(try district.count("case_event WHERE action = 'report'") == Int64(keys))
    #expect(try district.count("case_event WHERE action = 'attach'") == Int64(incidents.count - keys))
    #expect(try district.count("dead_letter") == 0 && district.count("node_ahead") == 0)
    #expect(try district.count("inbox") == Int64(outboxes[0].count + outboxes[1].count))
    // Each stands at its highest revision and in the grid of its camera.
    for row in try district.file.read({ try $0.rows("SELECT * FROM incident") }) {
        let id = try row.text("incident_id")
        let revisions = outboxes.joined().compactMap { try? $0.incident.get() }.filter { $0.id.description == id }
        #expect(try Int(row.int("rev")) == revisions.map(\.revision).max())
        #expect(try row.textOrNil("grid_code") == revisions.first.flatMap { district.box.current.grids.locate($0.place) }?.digits)
    }
    let verdict = try CaseLog.verify(district.file)
    #expect(verdict.isSound, "\(verdict.problems)")
    if let file = district.file as? SQLiteFile { #expect(try file.integrityProblems().isEmpty) }
}

@Test func theFileSurvivesAReopenWithEverythingInIt() async throws {
    let place = try TestDatabase()
    var sender = Sender(seed: 40)
    let batch = (0..<5).map { sender.message(sender.incident(camera: $0 % 4 + 1)) }
    let before: Page<CaseItem>
    do {
        let district = try SmallDistrict(place: place)
        try district.take(batch)
        before = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty)
        try district.file.close()
    }
    let district = try SmallDistrict(place: place)
    defer { try? district.file.close() }
    let after = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty)
    #expect(after.items == before.items && after.seq == before.seq && after.items.count == 5)
    #expect(district.signal.newest == before.seq, "readers who come back hear the right number at once")
    #expect(try district.dispatcher.lastCommitted(node: sender.node, epoch: sender.epoch) == 5)
    #expect(try district.take(batch).allSatisfy { $0 == .duplicate })
    try district.take([sender.message(sender.incident())])
    #expect(try district.cases().map(\.no).last == "511011-20261123-00006")
}
