// Carries the outbox to the dispatcher: a thread of its own with one DEALER socket.
// incidents → outbox ══**DEALER**══▶ dispatcher → cases

package import Base
import Foundation
package import Logging
import Synchronization

/// What to do when the disk can no longer be trusted: end the process and recover at its next start.
package enum BusFatal {
    /// Ends the process with the exit code for input and output errors, at once: no exit handler may write any more.
    package static let endProcess: @Sendable (Failure) -> Void = { _ in _exit(ExitStatus.inputOutput.rawValue) }
}

/// A node's own key and the dispatchers it believes.
package struct BusCredentials: Sendable {
    package var pair: CurvePair
    /// Tried in turn, one connection each, until somebody answers: during a change of the dispatcher's key both stand here.
    package var servers: [CurveKey]

    /// - Parameter servers: At least one.
    package init(pair: CurvePair, servers: [CurveKey]) {
        precondition(!servers.isEmpty, "a node knows whom it speaks to")
        self.pair = pair
        self.servers = servers
    }
}

/// Publishes an outbox until stopped. All methods are safe on any thread; `stop` blocks until the thread has ended.
package final class IncidentPublisher: Sendable {
    private let outbox: Outbox
    private let endpoint: Endpoint
    private let timing: BusTiming
    private let credentials: BusCredentials?
    private let assignments: NodeAssignments?
    private let log: Logger
    private let metrics: MetricsRegistry
    private let onAcknowledged: @Sendable (UInt64) -> Void
    private let onFatal: @Sendable (Failure) -> Void
    private let wakeUp: WakeUp
    private let stopping = StopSignal()
    private let flowing = Atomic<Bool>(false)
    private let thread = Mutex<OwnThread?>(nil)

    /// - Parameters:
    ///   - endpoint: `ipc://…` or `tcp://address:port`; without `credentials` only addresses of this machine.
    ///   - assignments: Reports HEALTH each second and takes ASSIGN; nil when cameras come from elsewhere.
    ///   - onAcknowledged: Told on the publisher's thread up to which number the dispatcher has committed.
    ///   - onFatal: Told once, on the publisher's thread, before it ends for good.
    package init(
        outbox: Outbox, endpoint: String, credentials: BusCredentials? = nil, assignments: NodeAssignments? = nil, log: Logger,
        metrics: MetricsRegistry, timing: BusTiming = .standard,
        onAcknowledged: @escaping @Sendable (UInt64) -> Void = { _ in },
        onFatal: @escaping @Sendable (Failure) -> Void = BusFatal.endProcess
    ) throws {
        self.outbox = outbox
        self.endpoint = try Endpoint.connecting(endpoint, encrypted: credentials != nil)
        self.timing = timing
        self.credentials = credentials
        self.assignments = assignments
        self.log = log
        self.metrics = metrics
        self.onAcknowledged = onAcknowledged
        self.onFatal = onFatal
        wakeUp = try WakeUp()
        metrics.gauge("snowlight_outbox_rows", "Incident revisions that wait for the dispatcher.") { [outbox] in
            [([], Double(outbox.depth().rows))]
        }
        metrics.gauge("snowlight_outbox_age_seconds", "Age of the oldest revision that waits for the dispatcher.") { [outbox] in
            [([], outbox.depth().oldestAgeSeconds)]
        }
    }

    /// True while the dispatcher takes incidents.
    package var isFlowing: Bool { flowing.load(ordering: .relaxed) }

    /// Starts the thread; harmless when repeated.
    package func start() {
        thread.withLock { [self] running in
            guard running == nil else { return }
            running = OwnThread(name: "publisher") { [self] in
                var loop = PublisherLoop(
                    outbox: outbox, endpoint: endpoint, timing: timing, credentials: credentials, assignments: assignments, log: log,
                    metrics: metrics, wakeUp: wakeUp, stopping: stopping,
                    onAcknowledged: onAcknowledged, onFatal: onFatal, onFlowing: { [self] in flowing.store($0, ordering: .relaxed) })
                loop.run()
                flowing.store(false, ordering: .relaxed)
            }
        }
    }

    /// Says that the outbox has grown. Does not block.
    package func notify() { wakeUp.wake() }

    /// Ends the thread without draining; what is in the outbox is sent after the next start. Blocks.
    package func stop() {
        stopping.raise()
        wakeUp.wake()
        thread.withLock { $0 }?.join()
    }
}

/// The publisher's thread: performs what `PublisherFlow` decides. Confined to that thread.
private struct PublisherLoop {
    private static let readAheadRows = 64
    /// Messages taken before sending gets its turn.
    private static let turnMessages = 64

    let outbox: Outbox
    let endpoint: Endpoint
    let timing: BusTiming
    let credentials: BusCredentials?
    let assignments: NodeAssignments?
    let log: Logger
    let metrics: MetricsRegistry
    let wakeUp: WakeUp
    let stopping: StopSignal
    let onAcknowledged: @Sendable (UInt64) -> Void
    let onFatal: @Sendable (Failure) -> Void
    let onFlowing: (Bool) -> Void

    private let time = SystemTime()
    private let sentTotal: Counter
    private let badFrames: Counter
    private var flow: PublisherFlow
    private var ahead: ArraySlice<PendingIncident> = []
    private var housekeepingDue: Duration = .zero
    /// Committed by the dispatcher but not yet marked in the outbox, because the disk was full or busy.
    private var unmarked: UInt64?
    private var reported: PublisherFlow.Note?
    private var reportDue: Duration = .zero

    init(
        outbox: Outbox, endpoint: Endpoint, timing: BusTiming, credentials: BusCredentials?, assignments: NodeAssignments?, log: Logger,
        metrics: MetricsRegistry, wakeUp: WakeUp, stopping: StopSignal, onAcknowledged: @escaping @Sendable (UInt64) -> Void,
        onFatal: @escaping @Sendable (Failure) -> Void,
        onFlowing: @escaping (Bool) -> Void
    ) {
        self.outbox = outbox
        self.endpoint = endpoint
        self.timing = timing
        self.credentials = credentials
        self.assignments = assignments
        self.log = log
        self.metrics = metrics
        self.wakeUp = wakeUp
        self.stopping = stopping
        self.onAcknowledged = onAcknowledged
        self.onFatal = onFatal
        self.onFlowing = onFlowing
        sentTotal = metrics.counter("snowlight_bus_sent_total", "Incident messages handed to the socket, retransmissions included.")
        badFrames = metrics.counter(
            "snowlight_bus_bad_frames_total", "Frames that were no message and were dropped.", labels: [("side", "publisher")])
        flow = PublisherFlow(
            acknowledged: outbox.range.lowest - 1, timing: timing, seed: UInt64.random(in: 0 ... .max), now: time.now)
    }

    /// One socket after the other until stopped.
    mutating func run() {
        var pause = Backoff(base: .milliseconds(200), cap: .seconds(10))
        var generator = SystemRandomNumberGenerator()
        var attempt = 0
        while !stopping.isRaised {
            do {
                let security = credentials.map { BusSecurity.client($0.pair, server: $0.servers[attempt % $0.servers.count]) }
                attempt += 1
                let socket = try ZeroMQSocket(.dealer, security: security ?? .none)
                try socket.connect(endpoint)
                flow.opened(now: time.now)
                try converse(socket)
                pause.reset()
            } catch {
                let failure = error as? Failure ?? Failure(.internal, "publishing failed", cause: error)
                onFlowing(false)
                guard failure.kind != .dataLoss else {
                    log.critical("the outbox cannot be trusted", metadata: ["failure": "\(failure)"])
                    onFatal(failure)
                    return
                }
                // The context is going down, and with it the process.
                if failure.kind == .cancelled { return }
                log.error("publishing is interrupted", metadata: ["failure": "\(failure)"])
                _ = stopping.sleep(pause.next(using: &generator))
            }
        }
    }

    /// Speaks over one socket until it has to be replaced or the publisher stops.
    private mutating func converse(_ socket: borrowing ZeroMQSocket) throws {
        var blocked = false
        while !stopping.isRaised {
            var actions = flow.tick(now: time.now)
            for _ in 0..<Self.turnMessages {
                guard let parts = try socket.receive() else { break }
                actions += try heard(parts)
            }
            if try perform(actions) { return }
            blocked = try !pump(socket)
            try keepHouse()
            onFlowing(flow.state == .flowing)
            try reportHealth(socket)
            let now = time.now
            let until = min(flow.deadline(blocked: blocked), housekeepingDue, assignments == nil ? .seconds(1 << 40) : reportDue)
            _ = try socket.wait(sending: blocked, wakeUp: wakeUp, timeout: until - now)
        }
        // Only to have the cameras read elsewhere at once; a BYE that is lost costs the time of a lease.
        let bye = BusFrame(FrameHeader(type: .bye, node: outbox.nodeID, epoch: outbox.epoch, sequence: 0))
        if try socket.send(bye.parts) == .sent { socket.linger(milliseconds: 500) }
    }

    /// Says each second how the cameras are; ASSIGN answers. Not under credit: leases must not wait for a full disk.
    private mutating func reportHealth(_ socket: borrowing ZeroMQSocket) throws {
        guard let assignments, time.now >= reportDue else { return }
        let header = FrameHeader(type: .health, node: outbox.nodeID, epoch: outbox.epoch, sequence: 0)
        let isSent = try socket.send(BusFrame(header, payload: assignments.report()).parts) == .sent
        reportDue = time.now + (isSent ? .seconds(1) : .milliseconds(100))
    }

    private mutating func heard(_ parts: [[UInt8]]) throws -> [PublisherFlow.Action] {
        guard case .success(let frame) = BusFrame.decode(parts) else {
            badFrames.increment()
            return []
        }
        // A late answer to an epoch that is over, or to somebody else.
        guard frame.header.node == outbox.nodeID, frame.header.epoch == outbox.epoch else { return [] }
        if let assignments, let piece = AssignmentPiece(frame) {
            assignments.received(piece)
            return []
        }
        guard let message = DispatcherMessage(frame) else {
            badFrames.increment()
            return []
        }
        var isOurs = true
        if case .welcome(let last, _, let proof?) = message { isOurs = try outbox.holds(proof, under: last) }
        return flow.received(message, now: time.now, ceiling: outbox.ceiling, isOurs: isOurs)
    }

    /// Performs what the flow decided; true when the socket must be replaced.
    private mutating func perform(_ actions: [PublisherFlow.Action]) throws -> Bool {
        var reopen = false
        for action in actions {
            switch action {
            case .acknowledge(let through): unmarked = max(through, unmarked ?? 0)
            case .reopen: reopen = true
            case .renewEpoch:
                try outbox.renewEpoch()
                log.warning("the dispatcher knows another past of this outbox; everything on disk is sent again under a new epoch")
                flow.renewed(acknowledged: outbox.range.lowest - 1, now: time.now)
                ahead = []
            case .note(let note): report(note)
            }
        }
        if !actions.isEmpty { try mark() }
        return reopen
    }

    /// Marks acknowledged rows; a full or busy disk delays that, because marking again is harmless and sending goes on.
    private mutating func mark() throws {
        guard let through = unmarked else { return }
        do {
            try outbox.acknowledge(through: through)
            unmarked = nil
            onAcknowledged(through)
        } catch let failure as Failure where failure.kind == .resourceExhausted || failure.kind == .unavailable {
            log.warning("acknowledgements wait for the disk", metadata: ["failure": "\(failure)"])
        }
    }

    /// Sends what may be sent; false when the socket takes nothing more.
    private mutating func pump(_ socket: borrowing ZeroMQSocket) throws -> Bool {
        let node = outbox.nodeID
        while let outgoing = flow.next(now: time.now, highest: outbox.range.highest) {
            switch outgoing {
            case .hello:
                let range = outbox.range
                guard try socket.send(range.frame(node: node, epoch: outbox.epoch).parts) == .sent else { return false }
                flow.didSendHello(now: time.now)
            case .ping:
                let ping = BusFrame(FrameHeader(type: .ping, node: node, epoch: outbox.epoch, sequence: 0))
                guard try socket.send(ping.parts) == .sent else { return false }
                flow.didSendPing(now: time.now)
            case .incident(let after):
                guard let row = try row(behind: after), flow.admits(bytes: row.bytes.count) else { return true }
                let header = FrameHeader(type: .incident, node: node, epoch: outbox.epoch, sequence: row.sequence)
                guard try socket.send(BusFrame(header, payload: row.bytes).parts) == .sent else { return false }
                ahead.removeFirst()
                outbox.didSend(row.sequence)
                sentTotal.increment()
                flow.didSend(sequence: row.sequence, bytes: row.bytes.count, now: time.now)
            }
        }
        return true
    }

    /// The row `after + 1`, read ahead in small groups.
    private mutating func row(behind after: UInt64) throws -> PendingIncident? {
        if ahead.first?.sequence != after + 1 { ahead = try outbox.pending(after: after, limit: Self.readAheadRows)[...] }
        guard let row = ahead.first else { return nil }
        guard row.sequence == after + 1 else {
            throw Failure(.dataLoss, "the outbox has a hole", context: [("behind", "\(after)"), ("next", "\(row.sequence)")])
        }
        return row
    }

    /// Once a minute old rows go; once a second what could not be marked is tried again.
    private mutating func keepHouse() throws {
        let now = time.now
        guard now >= housekeepingDue else { return }
        housekeepingDue = now + (unmarked == nil ? .seconds(60) : .seconds(1))
        try mark()
        do { while try outbox.prune() > 0 && !stopping.isRaised {} } catch let failure as Failure
            where failure.kind == .resourceExhausted || failure.kind == .unavailable
        {
            log.warning("old outbox rows stay for now", metadata: ["failure": "\(failure)"])
        }
    }

    /// Counts each note; logs it when it is news.
    private mutating func report(_ note: PublisherFlow.Note) {
        metrics.counter("snowlight_bus_events_total", "What happened between publisher and dispatcher.", labels: [("event", note.label)])
            .increment()
        switch note {
        case .welcomed(let last):
            if reported != note { log.info("the dispatcher takes incidents", metadata: ["committed": "\(last)"]) }
        case .silence:
            if reported != note { log.warning("the dispatcher is silent; opening new connections until it answers") }
        case .held(let code):
            if reported != note { log.warning("the dispatcher asks to wait", metadata: ["reason": "\(code.rawValue)"]) }
        case .regressed(let last):
            log.warning("the dispatcher was set back; sending again what it lost", metadata: ["committed": "\(last)"])
        case .quarantined(let numbers):
            log.error("the dispatcher set incidents aside", metadata: ["numbers": "\(numbers.prefix(16))", "count": "\(numbers.count)"])
        case .impossible: log.error("the dispatcher acknowledged numbers that were never given")
        case .retransmit, .rewind: return
        }
        reported = note
    }
}
