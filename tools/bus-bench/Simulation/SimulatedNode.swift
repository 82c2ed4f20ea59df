// An ingest node of the simulation: an outbox as a value, and the real conversation over it.
// **outbox** ⇄ transport ⇄ inbox

import Base
import IncidentBus

/// One node. What survives a crash and what does not stand apart.
struct SimulatedNode {
    private struct Row {
        let sequence: UInt64
        let id: String
    }

    let number: Int
    let id: NodeID

    // On disk.
    private var rows: ArraySlice<Row> = []
    private var highest: UInt64 = 0
    private var acknowledged: UInt64 = 0
    private(set) var epoch: UInt64 = 1
    /// Every identity that an append returned with.
    private(set) var everAppended: [String] = []

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

    private var lowest: UInt64 { rows.first?.sequence ?? highest + 1 }

    /// Everything is committed and marked.
    var isDrained: Bool { acknowledged == highest }

    /// The process begins, for the first time or again.
    mutating func start(now: Duration, seed: UInt64) {
        ceiling = highest
        unmarked = nil
        mustReopen = false
        flow = PublisherFlow(acknowledged: lowest - 1, seed: seed, now: now)
        flow.opened(now: now)
    }

    mutating func append(_ count: Int) {
        for _ in 0..<count {
            highest += 1
            let id = "\(number).\(highest)"
            rows.append(Row(sequence: highest, id: id))
            everAppended.append(id)
        }
    }

    /// Forgets rows that are acknowledged and that no backup lacks.
    mutating func prune(through sequence: UInt64) {
        while let first = rows.first, first.sequence <= min(sequence, acknowledged) { rows.removeFirst() }
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
        while let outgoing = flow.next(now: now, highest: highest) {
            switch outgoing {
            case .hello:
                frames.append(Hello(lowest: lowest, highest: highest).frame(node: id, epoch: epoch))
                flow.didSendHello(now: now)
            case .ping:
                frames.append(BusFrame(FrameHeader(type: .ping, node: id, epoch: epoch, sequence: 0)))
                flow.didSendPing(now: now)
            case .incident(let after):
                guard let first = rows.first, after + 1 >= first.sequence else { preconditionFailure("asked for what was pruned") }
                let row = rows[rows.startIndex + Int(after + 1 - first.sequence)]
                // Not an incident but its identity: the simulated database keeps the same contract on it.
                let payload = Array(row.id.utf8)
                let header = FrameHeader(type: .incident, node: id, epoch: epoch, sequence: row.sequence)
                frames.append(BusFrame(header, payload: payload))
                ceiling = max(ceiling, row.sequence)
                flow.didSend(sequence: row.sequence, bytes: payload.count, now: now)
            }
        }
        return frames
    }

    mutating func hear(_ frame: BusFrame, now: Duration) {
        guard let message = DispatcherMessage(frame), frame.header.node == id, frame.header.epoch == epoch else { return }
        perform(flow.received(message, now: now, ceiling: ceiling), now)
    }

    private mutating func perform(_ actions: [PublisherFlow.Action], _ now: Duration) {
        for action in actions {
            switch action {
            case .acknowledge(let through):
                unmarked = max(through, unmarked ?? 0)
                if !isDiskFull { mark(unmarked ?? through) }
            case .reopen: mustReopen = true
            case .renewEpoch:
                epoch += 1
                flow.renewed(acknowledged: lowest - 1, now: now)
            case .note: break
            }
        }
    }

    private mutating func mark(_ through: UInt64) {
        acknowledged = max(acknowledged, through)
        unmarked = nil
    }

    /// An acknowledged row that was never committed, in words.
    mutating func unkept(by database: SimulatedDatabase) -> String? {
        while verified < acknowledged {
            verified += 1
            if !database.everCommitted.contains("\(number).\(verified)") {
                return "\(number).\(verified) was acknowledged too early"
            }
        }
        return nil
    }
}
