// What stands between the two in the simulation: a network that loses, doubles and reorders, and a database that may be full.
// outbox ⇄ **transport ⇄ inbox**

import Base
import IncidentBus

/// Messages under way, both ways. Connections are numbers: an answer to one that is gone is lost, as with ROUTER.
struct SimulatedNetwork {
    struct Packet {
        let parts: [[UInt8]]
        let route: ReceiverFlow.Route
    }

    /// While it is cut nothing passes and nobody notices.
    var isCut = false
    var isPerfect = false
    private var up: [Packet] = []
    private var down: [(node: Int, connection: UInt8, frame: BusFrame)] = []
    private var connections: [Int: UInt8] = [:]

    /// Takes a message of a node; never refuses, as a socket that has a connection does not.
    mutating func send(up frame: BusFrame, from node: Int, _ random: inout SeededGenerator) {
        let packet = Packet(parts: frame.parts, route: [UInt8(node), connections[node, default: 0]])
        for _ in 0..<copies(&random) { up.insert(packet, at: place(up.count, &random)) }
    }

    mutating func send(down answer: ReceiverFlow.Answer, _ random: inout SeededGenerator) {
        let (node, connection) = (Int(answer.route[0]), answer.route[1])
        for _ in 0..<copies(&random) {
            down.insert((node, connection, answer.frame), at: place(down.count, &random))
        }
    }

    mutating func takeUp(_ random: inout SeededGenerator) -> Packet? { up.isEmpty ? nil : up.removeFirst() }

    mutating func takeDown(_ random: inout SeededGenerator) -> (node: Int, frame: BusFrame)? {
        while !down.isEmpty {
            let packet = down.removeFirst()
            if packet.connection == connections[packet.node, default: 0] { return (packet.node, packet.frame) }
        }
        return nil
    }

    /// A node's process is gone. What it had handed over may still arrive, late; answers to it may not.
    mutating func disconnect(_ node: Int) { connections[node, default: 0] &+= 1 }

    /// So long after a node's process ended that nothing of it is under way any more.
    mutating func outlast(_ node: Int) { up.removeAll { $0.route[0] == UInt8(node) } }

    /// The dispatcher's process is gone, and with it what waited in its sockets.
    mutating func disconnectAll() {
        up.removeAll()
        down.removeAll()
    }

    /// Three in ten are lost, one in ten comes twice.
    private func copies(_ random: inout SeededGenerator) -> Int {
        if isCut { return 0 }
        if isPerfect { return 1 }
        switch random.next() % 10 {
        case 0...2: return 0
        case 3: return 2
        default: return 1
        }
    }

    /// Three in ten overtake one or more of the others.
    private func place(_ count: Int, _ random: inout SeededGenerator) -> Int {
        guard !isPerfect, count > 0, random.next() % 10 < 3 else { return count }
        return Int(random.next() % UInt64(count))
    }
}

/// The dispatcher's database: cursors and inbox in one transaction, or a disk that is full. Confined to one schedule.
final class SimulatedDatabase: IncidentCommitter, @unchecked Sendable {
    // Unchecked: a schedule runs on one thread and nobody else knows its database.

    /// What a backup holds.
    struct Content {
        var cursors: [ReceiverCursors.Sender: CommittedPosition] = [:]
        /// Every identity with the hash it came with.
        var inbox: [String: String] = [:]
    }

    var content = Content()
    var isFull = false
    /// Whatever was committed once, in any life of the database.
    private(set) var everCommitted: Set<String> = []
    /// A promise that the receiver broke.
    private(set) var complaint: String?

    func position(node: NodeID, epoch: UInt64) throws -> CommittedPosition {
        content.cursors[.init(node: node, epoch: epoch)] ?? CommittedPosition(sequence: 0)
    }

    func begin(node: NodeID, epoch: UInt64, at first: UInt64) throws {
        content.cursors[.init(node: node, epoch: epoch)] = CommittedPosition(sequence: first - 1)
    }

    func acceptGap(node: NodeID, epoch: UInt64, lowestRetained: UInt64) throws {
        complaint = complaint ?? "numbers below \(lowestRetained) were given up although retention keeps them"
    }

    func commit(_ batch: [ReceivedIncident]) throws -> [CommitOutcome] {
        if isFull { throw Failure(.resourceExhausted, "the disk is full") }
        return batch.map { message in
            let sender = ReceiverCursors.Sender(node: message.node, epoch: message.epoch)
            let last = content.cursors[sender]?.sequence ?? 0
            if message.sequence != last + 1 { complaint = complaint ?? "\(message.sequence) was handed over behind \(last)" }
            content.cursors[sender] = CommittedPosition(sequence: message.sequence, sha256: message.sha256)
            let id = String(decoding: message.bytes, as: UTF8.self)
            everCommitted.insert(id)
            if let known = content.inbox[id] {
                if known != message.sha256 { complaint = complaint ?? "\(id) came with two contents" }
                return .duplicate
            }
            content.inbox[id] = message.sha256
            return .committed
        }
    }
}
