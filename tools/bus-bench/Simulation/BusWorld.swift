// Nodes, a network that misbehaves, and a dispatcher, all in memory: the promise of the bus under any order of misfortunes.
// outbox ⇄ **transport** ⇄ inbox
//
// Real: `PublisherFlow`, `ReceiverFlow` with its cursors, the messages between them. Modelled: disks, sockets, clock.

import Base
import IncidentBus
import Logging

/// What one schedule came to.
package struct ScheduleResult: Sendable, Hashable {
    /// The first promise that was broken, in words; nil when all were kept.
    package var complaint: String?
    package var appended = 0
    package var crashes = 0
    /// Of the dispatcher's database from a backup.
    package var restores = 0
    /// Of an outbox by an older copy.
    package var replacements = 0
}

/// One schedule: a world, and what happens in it, drawn from a seed.
package struct BusWorld {
    /// Making these costs more than a schedule.
    private static let counters = ReceiverCounters(MetricsRegistry())
    private static let log = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    private var random: SeededGenerator
    private var now = Duration.zero
    private var nodes: [SimulatedNode]
    private let database = SimulatedDatabase()
    private var receiver: ReceiverFlow
    private var network = SimulatedNetwork()
    private var backup: SimulatedDatabase.Content?
    /// Copies of outboxes, by node.
    private var copies: [Int: SimulatedNode.Disk] = [:]
    private var result = ScheduleResult()

    /// Runs the schedule of `seed`.
    ///
    /// - Parameter steps: Misfortunes and ordinary events before the world calms down and everything has to arrive.
    package static func run(seed: UInt64, steps: Int = 48) -> ScheduleResult {
        var world = BusWorld(seed: seed)
        for _ in 0..<steps where world.result.complaint == nil { world.step() }
        world.calmDown()
        return world.result
    }

    private init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let count = 1 + Int(random.next() % 2)
        receiver = Self.makeReceiver(database)
        nodes = (0..<count).map { SimulatedNode(number: $0) }
        for index in nodes.indices { nodes[index].start(now: now, seed: random.next()) }
    }

    private static func makeReceiver(_ database: SimulatedDatabase) -> ReceiverFlow {
        ReceiverFlow(committer: database, log: log, counters: counters)
    }

    private mutating func chance(_ percent: UInt64) -> Bool { random.next() % 100 < percent }

    private mutating func step() {
        let node = Int(random.next() % UInt64(nodes.count))
        switch random.next() % 100 {
        case 0..<20:
            let count = 1 + Int(random.next() % 3)
            nodes[node].append(count)
            result.appended += count
            publish(node)
        case 20..<22: copies[node] = nodes[node].disk
        case 22..<46: deliverUp(1 + Int(random.next() % 4))
        case 46..<62: turn()
        case 62..<76: deliverDown(1 + Int(random.next() % 4))
        case 76..<86:
            now += .milliseconds(Int64(random.next() % 4000))
            for index in nodes.indices { publish(index) }
        case 86..<89: crashNode(node)
        case 89..<92: crashReceiver()
        case 92..<93: network.isCut.toggle()
        case 93..<95: database.isFull.toggle()
        case 95..<96: nodes[node].isDiskFull.toggle()
        case 96..<98:
            // Retention keeps what the oldest backup could still ask for.
            if chance(50) { backup = database.content } else { nodes[node].prune(through: committed(in: backup, of: nodes[node])) }
        case 98: restore()
        default: replaceOutbox(node)
        }
    }

    /// What every publisher does between two waits.
    private mutating func publish(_ index: Int) {
        for frame in nodes[index].turn(now: now) { network.send(up: frame, from: index, &random) }
        check(index)
    }

    private mutating func deliverUp(_ count: Int) {
        for _ in 0..<count {
            guard let packet = network.takeUp(&random) else { return }
            do { try receiver.take(packet.parts[...], from: packet.route, peer: .local) } catch { complain("taking threw: \(error)") }
        }
    }

    /// Commit and answer; a crash may come between the two.
    private mutating func turn() {
        do {
            let answers = try receiver.settle()
            if chance(8) { return crashReceiver() }
            for answer in answers { network.send(down: answer, &random) }
        } catch { complain("settling threw: \(error)") }
        if let broken = database.complaint { complain(broken) }
    }

    private mutating func deliverDown(_ count: Int) {
        for _ in 0..<count {
            guard let (index, frame) = network.takeDown(&random) else { return }
            nodes[index].hear(frame, now: now)
            check(index)
        }
    }

    private mutating func crashNode(_ index: Int) {
        result.crashes += 1
        nodes[index].start(now: now, seed: random.next())
        network.disconnect(index)
    }

    private mutating func crashReceiver() {
        result.crashes += 1
        receiver = Self.makeReceiver(database)
        network.disconnectAll()
    }

    /// The dispatcher comes back with the database of an earlier day.
    private mutating func restore() {
        guard let backup else { return }
        result.restores += 1
        database.content = backup
        crashReceiver()
    }

    /// An ingest node comes back with the outbox of an earlier day, and may have gone on with it before anybody can tell.
    private mutating func replaceOutbox(_ index: Int) {
        guard let copy = copies[index] else { return }
        result.replacements += 1
        network.outlast(index)
        nodes[index].replace(by: copy)
        let count = Int(random.next() % 8)
        nodes[index].append(count)
        result.appended += count
        crashNode(index)
    }

    private func committed(in content: SimulatedDatabase.Content?, of node: SimulatedNode) -> UInt64 {
        content?.cursors[.init(node: node.id, epoch: node.disk.epoch)]?.sequence ?? 0
    }

    /// Whatever the outbox believes to be committed was committed.
    private mutating func check(_ index: Int) {
        if let broken = nodes[index].unkept(by: database) { complain(broken) }
    }

    private mutating func complain(_ text: String) { result.complaint = result.complaint ?? text }

    /// No more misfortunes: within five minutes everything has to be in the database, once, and acknowledged.
    private mutating func calmDown() {
        network.isCut = false
        network.isPerfect = true
        database.isFull = false
        for index in nodes.indices { nodes[index].isDiskFull = false }
        let end = now + .seconds(300)
        // A dispatcher that was set back is noticed by the next PING of a publisher that has nothing else to say.
        while result.complaint == nil && (nodes.contains { !$0.isDrained } || !missing.isEmpty) {
            guard now < end else { return complain("not everything was acknowledged within five minutes") }
            for index in nodes.indices { publish(index) }
            deliverUp(.max)
            turnCalmly()
            deliverDown(.max)
            now += .milliseconds(250)
        }
        for id in missing { complain("\(id) is lost") }
    }

    /// What stands in an outbox and not in the database. What an outbox lost when it was replaced may be missing in both.
    private var missing: [String] { nodes.flatMap { $0.disk.past.filter { database.content.inbox[$0] == nil } } }

    private mutating func turnCalmly() {
        do { for answer in try receiver.settle() { network.send(down: answer, &random) } } catch { complain("settling threw: \(error)") }
        if let broken = database.complaint { complain(broken) }
    }
}
