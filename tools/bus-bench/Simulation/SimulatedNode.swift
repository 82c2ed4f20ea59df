// An ingest node of the simulation: an outbox as a value, and the real conversation over it.
// **outbox** ⇄ transport ⇄ inbox

import Base
import IncidentBus
import Storage

/// One node. What survives a crash and what does not stand apart.
struct SimulatedNode {
    fileprivate struct Row {
        let sequence: UInt64
        let id: String
    }

    let number: Int
    let id: NodeID

    /// What stands on the disk, and in a copy of it.
    struct Disk {
        fileprivate var rows: ArraySlice<Row> = []
        fileprivate var highest: UInt64 = 0
        fileprivate var acknowledged: UInt64 = 0
        fileprivate(set) var epoch: UInt64 = 1
        fileprivate var first: UInt64?
        /// Every identity in the past of this file, pruned ones included, by its number from 1.
        fileprivate(set) var past: [String] = []
    }

    private(set) var disk = Disk()
    /// Identities are drawn at random, so that another life of the file never gives the same; here they are counted.
    private var minted = 0
    private var epochs: UInt64 = 1

    // In memory.
    private var flow: PublisherFlow
    private var ceiling: UInt64 = 0
    private var unmarked: UInt64?
    private var mustReopen = false
    /// Looked at by `unkept` already.
    private var verified: UInt64 = 0

    var isDiskFull = false

    init(number: Int) {
        self.number = number
        id = NodeID(high: UInt64(number), low: 1)
        flow = PublisherFlow(acknowledged: 0, seed: 0, now: .zero)
    }

    private var lowest: UInt64 { disk.rows.first?.sequence ?? disk.highest + 1 }

    /// Everything is committed and marked.
    var isDrained: Bool { disk.acknowledged == disk.highest }

    /// The process begins, for the first time or again.
    mutating func start(now: Duration, seed: UInt64) {
        ceiling = disk.highest
        unmarked = nil
        mustReopen = false
        flow = PublisherFlow(acknowledged: lowest - 1, seed: seed, now: now)
        flow.opened(now: now)
    }

    mutating func append(_ count: Int) {
        for _ in 0..<count {
            disk.highest += 1
            minted += 1
            disk.rows.append(Row(sequence: disk.highest, id: "\(number).\(minted)"))
            disk.past.append("\(number).\(minted)")
        }
    }

    /// An older copy takes the place of the file; what was appended since then is gone, unless it was delivered.
    mutating func replace(by copy: Disk) {
        disk = copy
        verified = min(verified, disk.acknowledged)
    }

    /// Forgets rows that are acknowledged and that no backup lacks.
    mutating func prune(through sequence: UInt64) {
        while let first = disk.rows.first, first.sequence <= min(sequence, disk.acknowledged) { disk.rows.removeFirst() }
    }

    /// Between two waits: let time pass, then return what may be sent.
    mutating func turn(now: Duration) -> [BusFrame] {
        var frames: [BusFrame] = []
        perform(flow.tick(now: now), now)
        if mustReopen {
            mustReopen = false
            flow.opened(now: now)
        }
        if let through = unmarked, !isDiskFull { mark(through) }
        while let outgoing = flow.next(now: now, highest: disk.highest) {
            switch outgoing {
            case .hello:
                frames.append(Hello(lowest: lowest, highest: disk.highest, first: disk.first).frame(node: id, epoch: disk.epoch))
                flow.didSendHello(now: now)
            case .ping:
                frames.append(BusFrame(FrameHeader(type: .ping, node: id, epoch: disk.epoch, sequence: 0)))
                flow.didSendPing(now: now)
            case .incident(let after):
                guard let first = disk.rows.first, after + 1 >= first.sequence else { preconditionFailure("asked for what was pruned") }
                let row = disk.rows[disk.rows.startIndex + Int(after + 1 - first.sequence)]
                // Not an incident but its identity: the simulated database keeps the same contract on it.
                let payload = Array(row.id.utf8)
                let header = FrameHeader(type: .incident, node: id, epoch: disk.epoch, sequence: row.sequence)
                frames.append(BusFrame(header, payload: payload))
                ceiling = max(ceiling, row.sequence)
                flow.didSend(sequence: row.sequence, bytes: payload.count, now: now)
            }
        }
        return frames
    }

    mutating func hear(_ frame: BusFrame, now: Duration) {
        guard let message = DispatcherMessage(frame), frame.header.node == id, frame.header.epoch == disk.epoch else { return }
        var isOurs = true
        if case .welcome(let last, _, let proof?) = message, let row = disk.rows.first(where: { $0.sequence == last }) {
            isOurs = SHA256Hex.of(Array(row.id.utf8)) == proof
        }
        perform(flow.received(message, now: now, ceiling: ceiling, isOurs: isOurs), now)
    }

    private mutating func perform(_ actions: [PublisherFlow.Action], _ now: Duration) {
        for action in actions {
            switch action {
            case .acknowledge(let through):
                unmarked = max(through, unmarked ?? 0)
                if !isDiskFull { mark(unmarked ?? through) }
            case .reopen: mustReopen = true
            case .renewEpoch:
                epochs += 1
                disk.epoch = epochs
                disk.first = lowest
                flow.renewed(acknowledged: lowest - 1, now: now)
            case .note: break
            }
        }
    }

    private mutating func mark(_ through: UInt64) {
        disk.acknowledged = max(disk.acknowledged, through)
        unmarked = nil
    }

    /// An acknowledged row that was never committed, in words.
    mutating func unkept(by database: SimulatedDatabase) -> String? {
        while verified < disk.acknowledged {
            verified += 1
            let id = disk.past[Int(verified) - 1]
            if !database.everCommitted.contains(id) { return "\(id) was acknowledged too early" }
        }
        return nil
    }
}
