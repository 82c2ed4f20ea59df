// The outbox: an id once minted stays, a running incident is never doubled, and nothing leaves before it is acknowledged.

import Base
import Domain
import Foundation
import IncidentBus
import TestKit
import Testing

@Test func identityAndNumbersSurviveAReopening() throws {
    let path = try temporaryFolder() + "/outbox.sqlite"
    var outbox = try Outbox.open(path: path)
    let (node, epoch) = (outbox.nodeID, outbox.epoch)
    #expect(outbox.range == Hello(lowest: 1, highest: 0))
    let first = try outbox.append([draft(1), draft(2)])
    #expect(first.map(\.revision) == [1, 1] && first[0].id != first[1].id)
    try outbox.close()
    outbox = try Outbox.open(path: path)
    defer { try? outbox.close() }
    #expect(outbox.nodeID == node && outbox.epoch == epoch)
    #expect(outbox.range == Hello(lowest: 1, highest: 2))
    #expect(outbox.depth().rows == 2)
    let rows = try outbox.pending(after: 0, limit: 10)
    #expect(rows.map(\.sequence) == [1, 2])
    #expect(try rows.map { try IncidentJSON.decode($0.bytes, sequence: $0.sequence) } == first)
    #expect(try outbox.pending(after: 1, limit: 10).map(\.sequence) == [2])

    let other = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite")
    defer { try? other.close() }
    #expect(other.nodeID != node && other.epoch != epoch)
}

@Test func aRunningIncidentIsContinuedNotDoubled() throws {
    let path = try temporaryFolder() + "/outbox.sqlite"
    var outbox = try Outbox.open(path: path)
    let picture = SnapshotReference(sha256: String(repeating: "a", count: 64), sizeBytes: 9)
    var opening = draft(1, count: 3)
    opening.snapshot = picture
    let opened = try outbox.append([opening])[0]
    #expect(opened.phase == .open && opened.count == 3)
    let updated = try outbox.append([draft(1, .updated, count: 10, at: 5)])[0]
    #expect(updated.id == opened.id && updated.revision == 2 && updated.phase == .updated && updated.count == 10)
    #expect(updated.snapshot == picture && updated.firstSeen == opened.firstSeen && updated.lastSeen > opened.lastSeen)

    // The process ends and starts again: the detector knows nothing and opens the same key.
    try outbox.close()
    outbox = try Outbox.open(path: path)
    defer { try? outbox.close() }
    let running = try outbox.openIncidents()
    #expect(running.map(\.incident) == [updated] && running[0].mediaStartSeconds == 1.5 && running[0].mediaLastSeconds == 2.5)
    let again = try outbox.append([draft(1, .open, count: 2, at: 9)])[0]
    #expect(again.id == opened.id && again.revision == 3 && again.phase == .updated && again.count == 12)
    // A ledger that adopted it sends updates that count from one.
    let adopted = try outbox.append([draft(1, .updated, count: 1, at: 12)])[0]
    #expect(adopted.count == 13)
    let ended = try outbox.append([draft(1, .ended, count: 4, at: 13)])[0]
    #expect(ended.id == opened.id && ended.revision == 5 && ended.phase == .ended && ended.count == 16)
    #expect(try outbox.openIncidents().isEmpty)
    let next = try outbox.append([draft(1)])[0]
    #expect(next.id != opened.id && next.revision == 1 && next.phase == .open)
}

@Test func aClipIsOneMoreRevisionOfItsIncidentRunningOrOver() throws {
    let outbox = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite")
    defer { try? outbox.close() }
    let clip = SnapshotReference(sha256: String(repeating: "c", count: 64), sizeBytes: 700_000)
    var opening = draft(1, count: 3)
    opening.snapshot = SnapshotReference(sha256: String(repeating: "a", count: 64), sizeBytes: 9)
    let opened = try outbox.append([opening, draft(2)])
    #expect(try outbox.attach(clip, to: opened[0].id))
    func latest() throws -> Incident {
        try #require(try outbox.pending(after: 0, limit: 100).map { try IncidentJSON.decode($0.bytes, sequence: $0.sequence) }.last)
    }
    var expected = opened[0]
    (expected.revision, expected.phase, expected.clip) = (2, .updated, clip)
    #expect(try latest() == expected)
    #expect(try outbox.openIncidents().map(\.incident).contains(expected))
    // What follows keeps it, and counts on from where the detector was.
    let ended = try outbox.append([draft(1, .ended, count: 5, at: 4)])[0]
    #expect(ended.clip == clip && ended.revision == 3 && ended.count == 5)

    // The second one ends before its clip is finished.
    let over = try outbox.append([draft(2, .ended, at: 3)])[0]
    #expect(try outbox.attach(clip, to: over.id))
    expected = over
    (expected.revision, expected.clip) = (3, clip)
    #expect(try latest() == expected && latest().phase == .ended)
    #expect(try outbox.openIncidents().isEmpty, "it is not opened again")
    var generator = SystemRandomNumberGenerator()
    let highest = outbox.range.highest
    #expect(try !outbox.attach(clip, to: UUID7(at: over.lastSeen, using: &generator)))
    #expect(outbox.range.highest == highest && outbox.depth().rows == Int(highest))
}

@Test func anEndingWithoutABeginningIsNotDropped() throws {
    let outbox = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite")
    defer { try? outbox.close() }
    let written = try outbox.append([draft(1, .ended, count: 4), draft(2, .updated), draft(3, .expired)])
    #expect(written.map(\.phase) == [.open, .ended, .open, .open, .expired])
    #expect(written[0].id == written[1].id && written.map(\.revision) == [1, 2, 1, 1, 2] && written[1].count == 4)
    #expect(try outbox.openIncidents().map(\.incident.key) == [draft(2).key])
    #expect(outbox.range.highest == 5)
}

@Test func whatDoesNotFitTheWireIsShortenedNotLost() throws {
    let outbox = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite")
    defer { try? outbox.close() }
    var wild = draft(1)
    wild.key.zone = "a|b\n" + String(repeating: "长", count: 100)
    wild.key.category = ""
    wild.reason = (0..<500).map { "\($0) " + String(repeating: "风", count: 2000) }
    wild.score = 900
    wild.count = -4
    wild.box = RelativeBox(x: -3, y: .infinity, width: .nan, height: 2)
    wild.lastSeen = WallTime(millisecondsSince1970: .min)
    wild.mediaStartSeconds = .nan
    let incident = try outbox.append([wild])[0]
    let row = try outbox.pending(after: 0, limit: 1)[0]
    #expect(row.bytes.count <= FrameLimits.payloadBytes)
    #expect(try IncidentJSON.decode(row.bytes, sequence: 1) == incident)
    #expect(incident.key.zone.hasPrefix("a_b_长") && incident.key.zone.utf8.count <= 64 && incident.key.category == "unknown")
    #expect(incident.score == 100 && incident.count == 1 && incident.box == nil && incident.reason.count == 32)
    // The fitted key is the key: the same wild draft continues it.
    #expect(try outbox.append([wild])[0].id == incident.id)
}

@Test func acknowledgedRowsStayForTheirTimeAndNumbersAreNeverReused() throws {
    let path = try temporaryFolder() + "/outbox.sqlite"
    let time = SimulatedTime()
    var outbox = try Outbox.open(path: path, time: time)
    _ = try outbox.append((1...5).map { draft($0) })
    time.advance(by: .seconds(60))
    #expect(outbox.depth() == (5, 60))
    try outbox.acknowledge(through: 3)
    try outbox.acknowledge(through: 3)
    #expect(outbox.depth().rows == 2)
    #expect(try outbox.prune() == 0)
    #expect(try outbox.pending(after: 0, limit: 10).count == 5)  // A dispatcher from a backup may ask.
    time.advance(by: .seconds(71 * 3600))
    try outbox.acknowledge(through: 4)
    time.advance(by: .seconds(3601))
    #expect(try outbox.prune() == 3)
    #expect(outbox.range == Hello(lowest: 4, highest: 5))
    try outbox.acknowledge(through: 99)
    time.advance(by: .seconds(73 * 3600))
    #expect(try outbox.prune() == 2)
    #expect(try outbox.prune() == 0)
    #expect(outbox.range == Hello(lowest: 6, highest: 5) && outbox.depth() == (0, 0))
    try outbox.close()
    outbox = try Outbox.open(path: path, time: time)
    defer { try? outbox.close() }
    #expect(outbox.range == Hello(lowest: 6, highest: 5))
    _ = try outbox.append([draft(9)])
    #expect(try outbox.pending(after: 0, limit: 10).map(\.sequence) == [6])
}

@Test func clockJumpsNeverTearAHole() throws {
    let time = SimulatedTime()
    let outbox = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite", time: time)
    defer { try? outbox.close() }
    _ = try outbox.append((1...3).map { draft($0) })
    time.advance(by: .seconds(86_400))  // The clock ran a day ahead while row 1 was acknowledged …
    try outbox.acknowledge(through: 1)
    time.advance(by: .seconds(-86_400))
    try outbox.acknowledge(through: 2)
    #expect(outbox.depth().oldestAgeSeconds >= 0)
    time.advance(by: Outbox.retention + .seconds(1))
    #expect(try outbox.prune() == 0)  // … so row 2 is old enough, but row 1 is not, and goes first.
    time.advance(by: .seconds(86_400))
    #expect(try outbox.prune() == 2)
    #expect(outbox.range == Hello(lowest: 3, highest: 3))
}

@Test func aFullOutboxRefusesAndRecovers() throws {
    let path = try temporaryFolder() + "/outbox.sqlite"
    var outbox = try Outbox.open(path: path, maximumBytes: 128 << 10)
    var written = 0
    let failure = #expect(throws: Failure.self) {
        while written < 10_000 {
            _ = try outbox.append([draft(written)])
            written += 1
        }
    }
    #expect(failure?.kind == .resourceExhausted)
    #expect(written > 20 && outbox.depth().rows == written)
    #expect(try outbox.pending(after: 0, limit: 10_000).count == written)
    try outbox.close()
    outbox = try Outbox.open(path: path)
    defer { try? outbox.close() }
    #expect(try outbox.append([draft(written)]).count == 1)
    #expect(try outbox.openIncidents().count == written + 1)
}

@Test func aNewEpochKeepsEverythingElse() throws {
    let outbox = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite")
    defer { try? outbox.close() }
    _ = try outbox.append([draft(1)])
    let before = (outbox.epoch, outbox.nodeID)
    try outbox.renewEpoch()
    #expect(outbox.epoch != before.0 && outbox.nodeID == before.1 && outbox.range == Hello(lowest: 1, highest: 1))
}

@Test func aNewEpochGivesRevisionsThatALostLifeCannotHave() throws {
    let path = try temporaryFolder() + "/outbox.sqlite"
    var outbox = try Outbox.open(path: path)
    let first = try outbox.append([draft(1), draft(2), draft(1, .updated, count: 2)])
    try outbox.acknowledge(through: 3)
    #expect(try outbox.prune(retention: .seconds(-1)) == 3)
    let later = try outbox.append([draft(1, .updated, count: 3, at: 2), draft(3), draft(2, .ended, count: 2)])
    #expect(later.map(\.revision) == [3, 1, 2])
    try outbox.renewEpoch()
    // What is gone was given under the old epoch and is not missing under the new one.
    #expect(outbox.range == Hello(lowest: 4, highest: 6, first: 4))
    try outbox.close()
    outbox = try Outbox.open(path: path)
    defer { try? outbox.close() }
    #expect(outbox.range == Hello(lowest: 4, highest: 6, first: 4))
    let rows = try outbox.pending(after: 0, limit: 10)
    var expected = later
    expected[0].revision += 1_000_000
    expected[2].revision += 1_000_000
    #expect(try rows.map { try IncidentJSON.decode($0.bytes, sequence: $0.sequence) } == expected)
    #expect(try outbox.append([draft(1, .updated, count: 4)])[0].revision == 1_000_004)
    #expect(try outbox.append([draft(1, .ended, count: 5)])[0].id == first[0].id)
}

@Test func anotherNameBeginsWhereTheFileBegins() throws {
    let path = try temporaryFolder() + "/outbox.sqlite"
    var outbox = try Outbox.open(path: path)
    _ = try outbox.append([draft(1), draft(2)])
    try outbox.acknowledge(through: 2)
    #expect(try outbox.prune(retention: .seconds(-1)) == 2)
    try outbox.close()
    outbox = try Outbox.open(path: path, node: NodeID(named: "north"))
    defer { try? outbox.close() }
    #expect(outbox.range == Hello(lowest: 3, highest: 2, first: 3))
}

@Test func manyThreadsAppendAtOnce() async throws {
    let outbox = try Outbox.open(path: try temporaryFolder() + "/outbox.sqlite")
    try await onOwnThread {
        let threads = (0..<4).map { index in
            OwnThread(name: "appender") {
                for step in 0..<25 {
                    // Two threads share each key; only one of them opens it.
                    do { _ = try outbox.append([draft(index / 2, step == 24 ? .updated : .open, count: step + 1)]) } catch {
                        Issue.record("append failed: \(error)")
                    }
                }
            }
        }
        for thread in threads { thread.join() }
    }
    let incidents = try outbox.pending(after: 0, limit: 1000).map { try IncidentJSON.decode($0.bytes, sequence: $0.sequence) }
    try outbox.close()
    #expect(incidents.count == 100 && Set(incidents.map(\.id)).count == 2)
    for id in Set(incidents.map(\.id)) { #expect(incidents.filter { $0.id == id }.map(\.revision) == Array(1...50)) }
}
