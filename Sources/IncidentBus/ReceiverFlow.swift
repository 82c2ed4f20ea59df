// The dispatcher's side of the conversation without its socket: judge, stage, have committed, answer.
// outbox ══▶ **take → commit → answer** → dispatcher → cases

package import Base
import Domain
package import Logging
import Storage

/// What one receiver counts, made once: a message costs an atomic addition and no search by name.
package struct ReceiverCounters: Sendable {
    private let metrics: MetricsRegistry
    private let outcomes: [String: Counter]
    let gaps: Counter
    let unroutable: Counter

    package init(_ metrics: MetricsRegistry) {
        self.metrics = metrics
        outcomes = Dictionary(
            uniqueKeysWithValues: ["next", "duplicate", "gap", "committed", "known", "quarantined"].map {
                let help = "Incident messages by what became of them."
                return ($0, metrics.counter("snowlight_bus_received_total", help, labels: [("outcome", $0)]))
            })
        gaps = metrics.counter("snowlight_bus_gaps_total", "Times a sender no longer had what was not committed here.")
        unroutable = metrics.counter("snowlight_bus_unroutable_total", "Answers that had no way back.")
    }

    func count(_ outcome: String) { outcomes[outcome]?.increment() }

    func bad(_ reason: String) {
        metrics.counter(
            "snowlight_bus_bad_frames_total", "Frames that were no message and were dropped.",
            labels: [("side", "receiver"), ("reason", reason)]
        ).increment()
    }
}

/// The dispatcher's end of all conversations. A value without clock or socket; what it is told to commit it hands to the committer.
///
/// A turn is any number of `take`, then `settle`. What is lost between two calls is what a crash there would lose: nothing that was
/// acknowledged.
package struct ReceiverFlow {
    /// How a sender is reached: the routing id of the connection its latest frame came over.
    package typealias Route = [UInt8]

    /// A frame for one connection.
    package struct Answer: Sendable {
        package var route: Route
        package var frame: BusFrame
    }

    /// One transaction holds at most this many messages.
    package static let batchMessages = 256
    private static let retryAfter: Duration = .seconds(1)

    private enum Question { case hello(Hello), ping, health([UInt8]) }

    private let committer: any IncidentCommitter
    private let desk: (any AssignmentDesk)?
    private let log: Logger
    private let counters: ReceiverCounters
    private var cursors = ReceiverCursors()
    private var batch: [ReceivedIncident] = []
    /// Whom to acknowledge after the batch.
    private var owed: [ReceiverCursors.Sender: Route] = [:]
    private var questions: [(sender: ReceiverCursors.Sender, route: Route, question: Question)] = []
    private var answers: [Answer] = []
    /// True from the first refused batch to the next commit, so that the log says it once.
    private var refusing = false

    /// - Parameter desk: Who hears HEALTH and hands out cameras; without one HEALTH is counted as a frame of the wrong direction.
    package init(committer: any IncidentCommitter, desk: (any AssignmentDesk)? = nil, log: Logger, counters: ReceiverCounters) {
        self.committer = committer
        self.desk = desk
        self.log = log
        self.counters = counters
    }

    /// True when the next thing to do is `settle`.
    package var isFull: Bool { batch.count >= Self.batchMessages }

    /// Judges one message. Bad frames are counted and dropped: the sender repeats what was damaged on its way.
    ///
    /// - Parameter peer: What CURVE has proven about the connection.
    /// - Throws: `.dataLoss` only: the process must end.
    package mutating func take(_ parts: ArraySlice<[UInt8]>, from route: Route, peer: BusPeer) throws {
        let frame: BusFrame
        switch BusFrame.decode(parts) {
        case .success(let decoded): frame = decoded
        case .failure(let defect):
            counters.bad(defect.label)
            if case .version(_, let node, let epoch) = defect {
                answer(route, .nack(.version, last: 0, after: .seconds(30)), node, epoch)
            }
            return
        }
        let sender = ReceiverCursors.Sender(node: frame.header.node, epoch: frame.header.epoch)
        guard peer.maySpeak(as: sender.node) else {
            counters.bad("unauthorised")
            return answer(route, .nack(.unauthorised, last: 0, after: .seconds(30)), sender.node, sender.epoch)
        }
        switch frame.header.type {
        case .incident: try take(frame, from: sender, route)
        case .hello:
            if let hello = Hello(frame) { questions.append((sender, route, .hello(hello))) } else { counters.bad("hello") }
        case .ping: questions.append((sender, route, .ping))
        case .health where desk != nil: questions.append((sender, route, .health(frame.payload)))
        case .bye: desk?.left(sender.node)
        case .welcome, .ack, .nack, .assign, .health, .pong: counters.bad("direction")
        }
    }

    /// Has the batch committed and returns what to send: one cumulative acknowledgement for each sender, then answers to questions, so
    /// that these count what came before them.
    ///
    /// - Throws: `.dataLoss` only: the process must end.
    package mutating func settle() throws -> [Answer] {
        try commit()
        try answerQuestions()
        cursors.trim()
        defer { answers.removeAll(keepingCapacity: true) }
        return answers
    }

    private mutating func take(_ frame: BusFrame, from sender: ReceiverCursors.Sender, _ route: Route) throws {
        guard try load(sender, route) else { return }
        owed[sender] = route
        let place = cursors.place(sender, frame.header.sequence)
        counters.count(place.label)
        guard place == .next else { return }
        let incident: Result<Incident, Failure>
        do { incident = .success(try IncidentJSON.decode(frame.payload, sequence: frame.header.sequence)) } catch {
            incident = .failure(error as? Failure ?? Failure(.invalidInput, "an incident message was refused", cause: error))
        }
        batch.append(
            ReceivedIncident(
                node: sender.node, epoch: sender.epoch, sequence: frame.header.sequence, bytes: frame.payload,
                sha256: SHA256Hex.of(frame.payload), incident: incident))
    }

    /// Makes sure that the cursor is known; false when the database cannot say and the sender was asked to wait.
    private mutating func load(_ sender: ReceiverCursors.Sender, _ route: Route) throws -> Bool {
        if cursors.committed(sender) != nil { return true }
        do {
            cursors.load(sender, committed: try committer.lastCommitted(node: sender.node, epoch: sender.epoch))
            return true
        } catch {
            try refuse([sender: route], because: error)
            return false
        }
    }

    private mutating func commit() throws {
        defer {
            batch.removeAll(keepingCapacity: true)
            owed.removeAll(keepingCapacity: true)
        }
        var quarantined: [ReceiverCursors.Sender: [UInt64]] = [:]
        if !batch.isEmpty {
            let outcomes: [CommitOutcome]
            do { outcomes = try committer.commit(batch) } catch {
                cursors.forget()
                return try refuse(owed, because: error)
            }
            precondition(outcomes.count == batch.count, "a committer answers for every message of a batch")
            if refusing { log.notice("incidents are being committed again") }
            refusing = false
            for (message, outcome) in zip(batch, outcomes) {
                switch outcome {
                case .committed: counters.count("committed")
                case .duplicate: counters.count("known")
                case .quarantined(let reason):
                    counters.count("quarantined")
                    quarantined[.init(node: message.node, epoch: message.epoch), default: []].append(message.sequence)
                    log.error(
                        "an incident message was set aside",
                        metadata: ["node": "\(message.node)", "number": "\(message.sequence)", "reason": "\(reason)"])
                }
            }
        }
        cursors.commitStaged()
        for (sender, route) in owed {
            answer(
                route, .ack(through: cursors.committed(sender) ?? 0, quarantined: quarantined[sender] ?? []), sender.node, sender.epoch)
        }
    }

    private mutating func answerQuestions() throws {
        defer { questions.removeAll(keepingCapacity: true) }
        for (sender, route, question) in questions {
            if case .health(let report) = question {
                for piece in desk?.heard(report, from: sender.node) ?? [] {
                    answers.append(Answer(route: route, frame: piece.frame(node: sender.node, epoch: sender.epoch)))
                }
                continue
            }
            if case .hello(let hello) = question {
                try welcome(sender, route, hello)
            } else if try load(sender, route) {
                answer(route, .pong(last: cursors.committed(sender) ?? 0), sender.node, sender.epoch)
            }
        }
    }

    /// Tells a sender where it stands and what its last number held. Asks the database each time: another dispatcher may have served it.
    private mutating func welcome(_ sender: ReceiverCursors.Sender, _ route: Route, _ hello: Hello) throws {
        var position: CommittedPosition
        do {
            position = try committer.position(node: sender.node, epoch: sender.epoch)
            if position.sequence == 0, let first = hello.first, first > 1 {
                try committer.begin(node: sender.node, epoch: sender.epoch, at: first)
                position.sequence = first - 1
            }
        } catch { return try refuse([sender: route], because: error) }
        cursors.load(sender, committed: position.sequence)
        guard try closeGap(sender, route, hello.lowest) else { return }
        let last = cursors.committed(sender) ?? 0
        if last != position.sequence { position.sha256 = nil }  // The gap that was closed ends with no message.
        answer(route, .welcome(last: last, credit: .standard, proof: position.sha256), sender.node, sender.epoch)
    }

    /// Goes on behind numbers that the sender no longer holds; false when the database cannot take note now.
    private mutating func closeGap(_ sender: ReceiverCursors.Sender, _ route: Route, _ lowest: UInt64) throws -> Bool {
        let lost = cursors.missing(sender, below: lowest)
        guard lost > 0 else { return true }
        do { try committer.acceptGap(node: sender.node, epoch: sender.epoch, lowestRetained: lowest) } catch {
            try refuse([sender: route], because: error)
            return false
        }
        cursors.load(sender, committed: lowest - 1)
        counters.gaps.increment()
        log.error(
            "an ingest node no longer holds numbers that were never committed here",
            metadata: ["node": "\(sender.node)", "count": "\(lost)", "resume": "\(lowest)"])
        return true
    }

    /// Asks senders to wait, or passes on what must end the process.
    private mutating func refuse(_ senders: [ReceiverCursors.Sender: Route], because error: any Error) throws {
        let failure = error as? Failure ?? Failure(.internal, "committing failed", cause: error)
        if failure.kind == .dataLoss { throw failure }
        if !refusing { log.error("incidents cannot be committed; senders are asked to wait", metadata: ["failure": "\(failure)"]) }
        refusing = true
        for (sender, route) in senders {
            answer(route, .nack(.retry, last: 0, after: Self.retryAfter), sender.node, sender.epoch)
        }
    }

    private mutating func answer(_ route: Route, _ message: DispatcherMessage, _ node: NodeID, _ epoch: UInt64) {
        answers.append(Answer(route: route, frame: message.frame(node: node, epoch: epoch)))
    }
}

/// What is proven about who is at the other end of a connection.
package enum BusPeer: Sendable {
    /// Without CURVE: a socket file that only this user can open, or a loopback address.
    case local
    /// The name of the allow-list under which the key of the connection stands now; nil when it was taken off meanwhile.
    case key(NodeID?)

    /// True when frames of this node may come over the connection.
    package func maySpeak(as node: NodeID) -> Bool {
        switch self {
        case .local: true
        case .key(let proven): proven == node
        }
    }
}

extension ReceiverCursors.Place {
    /// The metric label.
    var label: String {
        switch self {
        case .next: "next"
        case .duplicate: "duplicate"
        case .gap: "gap"
        }
    }
}
