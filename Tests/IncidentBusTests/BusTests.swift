// Publisher and receiver over real sockets: nothing lost, nothing doubled, whatever stops, restarts or misbehaves.

import Base
import Domain
import Foundation
import IncidentBus
import Synchronization
import TestKit
import Testing

/// One of each, wired over `endpoint`.
private struct Rig: Sendable {
    let outboxPath: String
    let endpoint: String
    let outbox: Outbox
    let committer: MemoryCommitter
    let receiver: IncidentReceiver
    let publisher: IncidentPublisher
    let metrics = MetricsRegistry()

    init(
        _ endpoint: String, directory: String, committer: MemoryCommitter = MemoryCommitter(),
        onFatal: @escaping @Sendable (Failure) -> Void = { _ in }
    ) throws {
        outboxPath = directory + "/outbox.sqlite"
        outbox = try Outbox.open(path: outboxPath)
        self.committer = committer
        receiver = try IncidentReceiver(endpoint: endpoint, committer: committer, log: quiet, metrics: metrics, onFatal: onFatal)
        try receiver.start()
        self.endpoint = receiver.boundEndpoint
        publisher = try IncidentPublisher(
            outbox: outbox, endpoint: self.endpoint, log: quiet, metrics: metrics, timing: hurried, onFatal: onFatal)
        publisher.start()
    }

    func append(_ drafts: [IncidentDraft]) throws -> [String] {
        let written = try outbox.append(drafts)
        publisher.notify()
        return written.map { "\($0.id)/\($0.revision)" }
    }

    /// Everything is committed, acknowledged and marked.
    func settles() async throws -> Bool { try await eventually { outbox.depth().rows == 0 } }

    func stop() throws {
        publisher.stop()
        receiver.stop()
        try outbox.close()
    }
}

@Test(arguments: ["ipc", "tcp"])
func incidentsArriveOnceAndInOrder(transport: String) async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try Rig(transport == "ipc" ? "ipc://\(directory)/bus" : "tcp://127.0.0.1:0", directory: directory) }
    var expected: [String] = []
    for step in 0..<20 {
        expected += try await onOwnThread {
            try rig.append([draft(step), draft(step, .updated, count: 2, at: 1), draft(step, .ended, count: 3, at: 2)])
        }
    }
    #expect(try await rig.settles())
    #expect(try await eventually { rig.publisher.isFlowing })  // A slow moment may have made it greet again.
    #expect(rig.committer.ledger == expected && rig.committer.complaints.isEmpty)
    #expect(rig.committer.state.withLock { $0.duplicates } == 0)
    #expect(rig.metrics.render().contains("snowlight_outbox_rows 0\n"))
    try await onOwnThread { try rig.stop() }
    #expect(rig.publisher.isFlowing == false)
}

@Test(arguments: ["ipc", "tcp"])
func aReceiverThatRestartsLosesNothing(transport: String) async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try Rig(transport == "ipc" ? "ipc://\(directory)/bus" : "tcp://127.0.0.1:0", directory: directory) }
    var expected: [String] = []
    var receiver = rig.receiver
    for round in 0..<4 {
        expected += try await onOwnThread { try rig.append((0..<100).map { draft(round * 100 + $0) }) }
        let enough = round * 100 + 30
        #expect(try await eventually { rig.committer.committedCount > enough })
        expected += try await onOwnThread { [receiver] in
            receiver.stop()
            return try rig.append((0..<50).map { draft(1000 + round * 50 + $0) })
        }
        receiver = try await onOwnThread {
            let next = try IncidentReceiver(
                endpoint: rig.endpoint, committer: rig.committer, log: quiet, metrics: rig.metrics, onFatal: { _ in })
            try next.start()
            return next
        }
    }
    #expect(try await rig.settles())
    #expect(rig.committer.ledger == expected && rig.committer.complaints.isEmpty)
    try await onOwnThread { [receiver] in
        try rig.stop()
        receiver.stop()
    }
}

@Test func aPublisherThatDiesLosesNothing() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try Rig("tcp://127.0.0.1:0", directory: directory) }
    var expected = try await onOwnThread { try rig.append((0..<300).map { draft($0) }) }
    #expect(try await eventually { rig.committer.committedCount > 0 })
    try await onOwnThread {
        rig.publisher.stop()
        try rig.outbox.close()
    }
    for round in 1...3 {
        let (outbox, publisher) = try await onOwnThread {
            let outbox = try Outbox.open(path: rig.outboxPath)
            return (
                outbox, try IncidentPublisher(outbox: outbox, endpoint: rig.endpoint, log: quiet, metrics: rig.metrics, timing: hurried)
            )
        }
        // Running incidents are opened again by a detector that remembers nothing.
        expected += try await onOwnThread {
            publisher.start()
            let written = try outbox.append((0..<300).map { draft($0, count: round) })
            publisher.notify()
            return written.map { "\($0.id)/\($0.revision)" }
        }
        if round == 3 { #expect(try await eventually { outbox.depth().rows == 0 }) }
        try await onOwnThread {
            publisher.stop()
            try outbox.close()
        }
    }
    #expect(rig.committer.ledger == expected && rig.committer.complaints.isEmpty)
    #expect(rig.committer.state.withLock { Set($0.incidents.map(\.id)).count } == 300)
    try await onOwnThread { rig.receiver.stop() }
}

@Test(arguments: [UInt64(11), 20_261_123])
func aNetworkThatLosesDoublesDelaysAndDamages(seed: UInt64) async throws {
    let directory = try temporaryFolder()
    let (rig, network, publisher) = try await onOwnThread {
        let rig = try Rig("tcp://127.0.0.1:0", directory: directory)
        rig.publisher.stop()
        let network = try BadNetwork(to: rig.endpoint, seed: seed, faultRate: 0.3)
        let publisher = try IncidentPublisher(
            outbox: rig.outbox, endpoint: network.endpoint, log: quiet, metrics: rig.metrics, timing: hurried)
        publisher.start()
        return (rig, network, publisher)
    }
    let expected = try await onOwnThread {
        let written = try (0..<4).flatMap { part in try rig.outbox.append((0..<75).map { draft(part * 75 + $0) }) }
        publisher.notify()
        return written.map { "\($0.id)/\($0.revision)" }
    }
    #expect(try await rig.settles(), "seed \(seed)")
    #expect(rig.committer.ledger == expected && rig.committer.complaints.isEmpty, "seed \(seed)")
    #expect(network.faults.total.load(ordering: .relaxed) > 50)
    try await onOwnThread {
        publisher.stop()
        network.stop()
        try rig.stop()
    }
}

@Test func aFullDatabaseMakesSendersWait() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try Rig("ipc://\(directory)/bus", directory: directory) }
    rig.committer.state.withLock { $0.failures = [Failure(.resourceExhausted, "the disk is full"), Failure(.unavailable, "busy")] }
    let expected = try await onOwnThread { try rig.append((0..<40).map { draft($0) }) }
    #expect(try await rig.settles())
    #expect(rig.committer.ledger == expected && rig.committer.complaints.isEmpty)
    #expect(rig.committer.state.withLock { $0.refusals } == 2)
    #expect(rig.metrics.render().contains(#"snowlight_bus_events_total{event="held_retry"}"#))
    try await onOwnThread { try rig.stop() }
}

@Test func aFailedSyncEndsTheReceiver() async throws {
    let directory = try temporaryFolder()
    let fatal = FatalBox()
    let rig = try await onOwnThread { try Rig("ipc://\(directory)/bus", directory: directory, onFatal: { fatal.add($0.kind) }) }
    rig.committer.state.withLock { $0.failures = [Failure(.dataLoss, "fsync failed")] }
    _ = try await onOwnThread { try rig.append([draft(1)]) }
    #expect(try await eventually { fatal.kinds == [.dataLoss] })
    #expect(rig.committer.committedCount == 0 && rig.outbox.depth().rows == 1)
    try await onOwnThread { try rig.stop() }
}

private final class FatalBox: Sendable {
    private let state = Mutex<[Failure.Kind]>([])
    func add(_ kind: Failure.Kind) { state.withLock { $0.append(kind) } }
    var kinds: [Failure.Kind] { state.withLock { $0 } }
}

@Test func poisonIsSetAsideAndBlocksNothing() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try Rig("tcp://127.0.0.1:0", directory: directory) }
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
    let rig = try await onOwnThread { try Rig("tcp://127.0.0.1:0", directory: directory) }
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
    let rig = try await onOwnThread { try Rig("tcp://127.0.0.1:0", directory: directory) }
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
    let rig = try await onOwnThread { try Rig("tcp://127.0.0.1:0", directory: directory) }
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
    let rig = try await onOwnThread { try Rig("tcp://127.0.0.1:0", directory: directory) }
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

@Test func tenThousandIncidentsDrain() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try Rig("ipc://\(directory)/bus", directory: directory) }
    try await onOwnThread {
        rig.publisher.stop()
        for part in 0..<20 { _ = try rig.outbox.append((0..<500).map { draft(part * 500 + $0) }) }
    }
    let publisher = try await onOwnThread {
        try IncidentPublisher(outbox: rig.outbox, endpoint: rig.endpoint, log: quiet, metrics: rig.metrics, timing: hurried)
    }
    let began = ContinuousClock.now
    publisher.start()
    #expect(try await eventually(within: .seconds(50)) { rig.outbox.depth().rows == 0 })
    let seconds = (ContinuousClock.now - began).seconds
    let (batches, largest) = rig.committer.state.withLock { ($0.batches, $0.largestBatch) }
    print("10,000 incidents in \(seconds) s, \(Int(10_000 / seconds)) a second, \(batches) commits, at most \(largest) in one")
    #expect(rig.committer.committedCount == 10_000 && rig.committer.complaints.isEmpty && largest <= 256)
    try await onOwnThread {
        publisher.stop()
        try rig.stop()
    }
}

@Test func theEndpointIsFreeOnceTheReceiverHasStopped() async throws {
    let directory = try temporaryFolder()
    for endpoint in ["ipc://\(directory)/bus", "tcp://127.0.0.1:0"] {
        try await onOwnThread {
            let metrics = MetricsRegistry()
            var bound = endpoint
            for _ in 0..<10 {
                let receiver = try IncidentReceiver(
                    endpoint: bound, committer: MemoryCommitter(), log: quiet, metrics: metrics, onFatal: { _ in })
                try receiver.start()
                bound = receiver.boundEndpoint
                let peer = try RawPeer(bound)
                try peer.send(.ping)
                #expect(try peer.receive() == .pong(last: 0))
                let second = try IncidentReceiver(
                    endpoint: "ipc://\(directory)/no/such/folder", committer: MemoryCommitter(), log: quiet, metrics: metrics)
                let failure = #expect(throws: Failure.self) { try second.start() }
                #expect(failure?.kind == .invalidInput)
                receiver.stop()
            }
        }
    }
}

@Test func stoppingAnUnreachedPublisherDoesNotWait() async throws {
    let directory = try temporaryFolder()
    let outbox = try await onOwnThread { try Outbox.open(path: directory + "/outbox.sqlite") }
    let elapsed = try await onOwnThread {
        _ = try outbox.append([draft(1)])
        let publisher = try IncidentPublisher(outbox: outbox, endpoint: "ipc://\(directory)/nobody", log: quiet, metrics: MetricsRegistry())
        publisher.start()
        publisher.start()
        publisher.notify()
        let began = ContinuousClock.now
        publisher.stop()
        publisher.stop()
        try outbox.close()
        return ContinuousClock.now - began
    }
    #expect(elapsed < .seconds(5))
}
