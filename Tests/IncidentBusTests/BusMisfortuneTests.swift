// Over real sockets: messages that cannot be, outboxes and dispatchers that are not what they were.

import Base
import Domain
import Foundation
import IncidentBus
import Synchronization
import TestKit
import Testing

@Test func poisonIsSetAsideAndBlocksNothing() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try BusRig("tcp://127.0.0.1:0", directory: directory) }
    let good = try await onOwnThread { try rig.outbox.append([draft(1)])[0] }
    try await onOwnThread {
        let peer = try RawPeer(rig.endpoint)
        try peer.send(Hello(lowest: 1, highest: 5).frame(node: peer.node, epoch: 1).parts)
        #expect(try peer.receive() == .welcome(last: 0, credit: .standard))
        var other = good
        other.revision = 7
        try peer.send(.incident, 1, Array("not json".utf8))
        try peer.send(.incident, 2, IncidentJSON.encode(other, sequence: 2))
        try peer.send(.incident, 3, IncidentJSON.encode(other, sequence: 99))
        other.score = 3
        try peer.send(.incident, 4, IncidentJSON.encode(other, sequence: 4))
        try peer.send(.incident, 5)
        var quarantined: Set<UInt64> = []
        var through: UInt64 = 0
        while through < 5 {
            guard case .ack(let number, let aside) = try peer.receive() else { continue }
            through = number
            quarantined.formUnion(aside)
        }
        #expect(quarantined == [1, 3, 4, 5])
        // A gap is never committed over; the last good number is acknowledged.
        try peer.send(.incident, 9, IncidentJSON.encode(good, sequence: 9))
        #expect(try peer.receive() == .ack(through: 5, quarantined: []))
        try peer.send(.ping)
        #expect(try peer.receive() == .pong(last: 5))
    }
    #expect(rig.committer.state.withLock { $0.deadLetters.map(\.sequence) } == [1, 3, 5])
    #expect(rig.committer.state.withLock { $0.deadLetters.first?.bytes } == Array("not json".utf8))
    #expect(try await rig.settles())
    try await onOwnThread { try rig.stop() }
}

@Test func garbageIsCountedAndOthersAreServed() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try BusRig("tcp://127.0.0.1:0", directory: directory) }
    try await onOwnThread {
        let enemy = try RawPeer(rig.endpoint)
        var generator = SeededGenerator(seed: 99)
        func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) } }
        let header = FrameHeader(type: .incident, node: enemy.node, epoch: 1, sequence: 1).encode(payload: [])
        for round in 0..<200 {
            switch round % 6 {
            case 0: try enemy.send([noise(round)])
            case 1: try enemy.send([noise(48), noise(round)])
            case 2: try enemy.send([header])
            case 3: try enemy.send([header, [], [], [], [], [], [], []])
            case 4: try enemy.send([[], []])
            default: try enemy.send(.welcome, 5)
            }
        }
        // A message of the next major version is answered, so that its sender holds.
        var newer = FrameHeader(type: .incident, node: enemy.node, epoch: 1, sequence: 1).encode(payload: [])
        newer[4] = 2
        let sum = CRC32C.of(Array(newer[0..<44]))
        for index in 0..<4 { newer[44 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(index))) }
        try enemy.send([newer, []])
        #expect(try enemy.receive() == .nack(.version, last: 0, after: .seconds(30)))
        // Beyond MAXMSGSIZE the connection is cut; the next message goes over a new one.
        try enemy.send([header, noise(300_000)])
        let friend = try RawPeer(rig.endpoint)
        try friend.send(.ping)
        #expect(try friend.receive() == .pong(last: 0))
    }
    let expected = try await onOwnThread { try rig.append([draft(1), draft(2)]) }
    #expect(try await rig.settles())
    #expect(rig.committer.ledger == expected)
    let page = rig.metrics.render()
    for reason in ["shape", "magic", "direction", "version"] { #expect(page.contains("reason=\"\(reason)\""), "\(reason)") }
    try await onOwnThread { try rig.stop() }
}

@Test func aDispatcherSetBackIsReplayedAndASetBackOutboxIsNotMistaken() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try BusRig("tcp://127.0.0.1:0", directory: directory) }
    let expected = try await onOwnThread { try rig.append((0..<60).map { draft($0) }) }
    #expect(try await rig.settles())
    let sender = ReceiverCursors.Sender(node: rig.outbox.nodeID, epoch: rig.outbox.epoch)

    // The database comes back from a backup that knows the first 20; nobody appends anything.
    let older = MemoryCommitter()
    let known = rig.committer.state.withLock { (Array($0.incidents.prefix(20)), $0.hashes) }
    older.state.withLock { state in
        state.cursors[sender] = 20
        state.incidents = known.0
        for incident in known.0 { state.hashes["\(incident.id)/\(incident.revision)"] = known.1["\(incident.id)/\(incident.revision)"] }
    }
    let second = try await onOwnThread {
        rig.receiver.stop()
        let receiver = try IncidentReceiver(endpoint: rig.endpoint, committer: older, log: quiet, metrics: rig.metrics, onFatal: { _ in })
        try receiver.start()
        return receiver
    }
    #expect(try await eventually { older.committedCount == 60 })
    #expect(older.ledger == expected && older.complaints.isEmpty)

    // The dispatcher claims numbers that this outbox never gave: a new epoch, everything again, told apart by id.
    older.state.withLock { $0.cursors[sender] = 5000 }
    let third = try await onOwnThread {
        second.stop()
        let receiver = try IncidentReceiver(endpoint: rig.endpoint, committer: older, log: quiet, metrics: rig.metrics, onFatal: { _ in })
        try receiver.start()
        return receiver
    }
    let more = try await onOwnThread { try rig.append([draft(70)]) }
    #expect(try await eventually { older.committedCount == 61 })
    #expect(try await rig.settles())
    #expect(older.ledger == expected + more && rig.outbox.epoch != sender.epoch)
    try await onOwnThread {
        try rig.stop()
        third.stop()
    }
}

@Test(arguments: [false, true])
func anOutboxFromACopyThatCaughtUpIsNotMistaken(restarts: Bool) async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try BusRig("tcp://127.0.0.1:0", directory: directory) }
    let copy = try temporaryFolder() + "/outbox.sqlite"
    var expected = try await onOwnThread { try rig.append((0..<10).map { draft($0) }) }
    #expect(try await rig.settles())
    expected += try await onOwnThread {
        // The copy is taken here; the original goes on for ten more.
        rig.publisher.stop()
        try rig.outbox.close()
        try FileManager.default.copyItem(atPath: rig.outboxPath, toPath: copy)
        let outbox = try Outbox.open(path: rig.outboxPath)
        let publisher = try IncidentPublisher(outbox: outbox, endpoint: rig.endpoint, log: quiet, metrics: rig.metrics, timing: hurried)
        let written = try outbox.append((100..<110).map { draft($0) })
        publisher.start()
        let deadline = ContinuousClock.now + .seconds(20)
        while outbox.depth().rows > 0 && ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.002) }
        publisher.stop()
        try outbox.close()
        return written.map { "\($0.id)/\($0.revision)" }
    }
    // The copy comes back and writes more than the dispatcher has seen before it first connects: the same numbers, other incidents.
    let (outbox, publisher, more) = try await onOwnThread {
        var outbox = try Outbox.open(path: copy)
        let written = try outbox.append((200..<230).map { draft($0) })
        if restarts {
            // Nothing in memory knows any more which of these numbers were ever sent.
            try outbox.close()
            outbox = try Outbox.open(path: copy)
        }
        let publisher = try IncidentPublisher(outbox: outbox, endpoint: rig.endpoint, log: quiet, metrics: rig.metrics, timing: hurried)
        publisher.start()
        return (outbox, publisher, written.map { "\($0.id)/\($0.revision)" })
    }
    #expect(try await eventually { outbox.depth().rows == 0 })
    #expect(rig.committer.ledger == expected + more && rig.committer.complaints.isEmpty)
    try await onOwnThread {
        publisher.stop()
        try outbox.close()
        rig.receiver.stop()
    }
}

@Test func whatTheOutboxNoLongerHoldsIsReportedAndSkipped() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try BusRig("tcp://127.0.0.1:0", directory: directory) }
    _ = try await onOwnThread { try rig.append((0..<10).map { draft($0) }) }
    #expect(try await rig.settles())
    let fresh = MemoryCommitter()
    fresh.state.withLock { $0.failures = [Failure(.unavailable, "busy")] }  // Even this is asked again.
    let second = try await onOwnThread {
        rig.receiver.stop()
        #expect(try rig.outbox.prune(retention: .seconds(-1)) == 10)
        let receiver = try IncidentReceiver(endpoint: rig.endpoint, committer: fresh, log: quiet, metrics: rig.metrics, onFatal: { _ in })
        try receiver.start()
        return receiver
    }
    let expected = try await onOwnThread { try rig.append([draft(20)]) }
    #expect(try await eventually { fresh.committedCount == 1 })
    #expect(fresh.ledger == expected && fresh.complaints.isEmpty)
    #expect(fresh.state.withLock { $0.gaps } == 1 && fresh.state.withLock { $0.refusals } == 1)
    #expect(rig.metrics.render().contains("snowlight_bus_gaps_total 1\n"))
    try await onOwnThread {
        try rig.stop()
        second.stop()
    }
}
