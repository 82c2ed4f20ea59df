// Publisher and receiver over real sockets: nothing lost, nothing doubled, whatever stops, restarts or misbehaves.

import Base
import Domain
import Foundation
import IncidentBus
import Synchronization
import TestKit
import Testing

@Test(arguments: ["ipc", "tcp"])
func incidentsArriveOnceAndInOrder(transport: String) async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread {
        try BusRig(transport == "ipc" ? "ipc://\(directory)/bus" : "tcp://127.0.0.1:0", directory: directory)
    }
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
    let rig = try await onOwnThread {
        try BusRig(transport == "ipc" ? "ipc://\(directory)/bus" : "tcp://127.0.0.1:0", directory: directory)
    }
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
    let rig = try await onOwnThread { try BusRig("tcp://127.0.0.1:0", directory: directory) }
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
        let rig = try BusRig("tcp://127.0.0.1:0", directory: directory)
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
    let rig = try await onOwnThread { try BusRig("ipc://\(directory)/bus", directory: directory) }
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
    let rig = try await onOwnThread { try BusRig("ipc://\(directory)/bus", directory: directory, onFatal: { fatal.add($0.kind) }) }
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

@Test func tenThousandIncidentsDrain() async throws {
    let directory = try temporaryFolder()
    let rig = try await onOwnThread { try BusRig("ipc://\(directory)/bus", directory: directory) }
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
