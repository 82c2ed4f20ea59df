// One turn of the dispatcher's end: drain, commit once, acknowledge.
// outbox ══ROUTER══▶ **drain → commit → ACK** → cases

import Base
import Domain
import Logging
import Storage

/// The receiver's thread. Confined to it.
struct ReceiverLoop {
    /// One transaction holds at most this many messages, or what arrives in this time.
    private static let batchMessages = 256
    private static let batchTime: Duration = .milliseconds(5)
    private static let retryAfter: Duration = .seconds(1)

    /// How a sender is reached: the routing id of the connection its latest frame came over.
    private typealias Route = [UInt8]

    private enum Question { case hello(Hello), ping }

    private let committer: any IncidentCommitter
    private let log: Logger
    private let metrics: MetricsRegistry
    private let time = SystemTime()
    private var cursors = ReceiverCursors()
    private var batch: [ReceivedIncident] = []
    /// Whom to acknowledge after the batch, and what of theirs was set aside.
    private var owed: [ReceiverCursors.Sender: Route] = [:]
    private var questions: [(sender: ReceiverCursors.Sender, route: Route, question: Question)] = []
    private var answers: [(route: Route, frame: BusFrame)] = []
    /// True from the first refused batch to the next commit, so that the log says it once.
    private var refusing = false

    init(committer: any IncidentCommitter, log: Logger, metrics: MetricsRegistry) {
        self.committer = committer
        self.log = log
        self.metrics = metrics
    }

    /// Serves until stopped or until the disk fails.
    mutating func run(
        _ socket: borrowing ZeroMQSocket, _ wakeUp: WakeUp, _ stopping: StopSignal, _ onFatal: @Sendable (Failure) -> Void
    ) {
        while !stopping.isRaised {
            do {
                _ = try socket.wait(sending: false, wakeUp: wakeUp, timeout: .seconds(1))
                try drain(socket)
                try commit()
                try answerQuestions()
                try sendAnswers(socket)
            } catch {
                let failure = error as? Failure ?? Failure(.internal, "receiving failed", cause: error)
                guard failure.kind != .dataLoss else {
                    log.critical("the database cannot be trusted", metadata: ["failure": "\(failure)"])
                    onFatal(failure)
                    return
                }
                log.error("receiving is interrupted", metadata: ["failure": "\(failure)"])
                if failure.kind == .cancelled || stopping.sleep(.seconds(1)) { return }
            }
        }
    }

    private mutating func drain(_ socket: borrowing ZeroMQSocket) throws {
        cursors.trim()
        let until = time.now + Self.batchTime
        while batch.count < Self.batchMessages, let parts = try socket.receive() {
            try take(route: parts[0], parts: parts.dropFirst())
            if time.now >= until { return }
        }
    }

    /// Judges one message. Bad frames are counted and dropped: the sender repeats what was damaged on its way.
    private mutating func take(route: Route, parts: ArraySlice<[UInt8]>) throws {
        let frame: BusFrame
        switch BusFrame.decode(parts) {
        case .success(let decoded): frame = decoded
        case .failure(let defect):
            bad(defect.label)
            if case .version(_, let node, let epoch) = defect {
                answers.append((route, DispatcherMessage.nack(.version, last: 0, after: .seconds(30)).frame(node: node, epoch: epoch)))
            }
            return
        }
        let sender = ReceiverCursors.Sender(node: frame.header.node, epoch: frame.header.epoch)
        switch frame.header.type {
        case .incident: try take(frame, from: sender, route)
        case .hello:
            if let hello = Hello(frame) { questions.append((sender, route, .hello(hello))) } else { bad("hello") }
        case .ping: questions.append((sender, route, .ping))
        case .welcome, .ack, .nack, .assign, .health, .pong, .bye: bad("direction")
        }
    }

    private mutating func take(_ frame: BusFrame, from sender: ReceiverCursors.Sender, _ route: Route) throws {
        guard try load(sender, route) else { return }
        owed[sender] = route
        let place = cursors.place(sender, frame.header.sequence)
        count("\(place)")
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

    /// One transaction, then one cumulative acknowledgement for each sender.
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
                case .committed: count("committed")
                case .duplicate: count("known")
                case .quarantined(let reason):
                    count("quarantined")
                    quarantined[.init(node: message.node, epoch: message.epoch), default: []].append(message.sequence)
                    log.error(
                        "an incident message was set aside",
                        metadata: ["node": "\(message.node)", "number": "\(message.sequence)", "reason": "\(reason)"])
                }
            }
        }
        cursors.commitStaged()
        for (sender, route) in owed {
            let answer = DispatcherMessage.ack(through: cursors.committed(sender) ?? 0, quarantined: quarantined[sender] ?? [])
            answers.append((route, answer.frame(node: sender.node, epoch: sender.epoch)))
        }
    }

    /// HELLO and PING are answered after the commit, so that the answer counts what came before them.
    private mutating func answerQuestions() throws {
        defer { questions.removeAll(keepingCapacity: true) }
        for (sender, route, question) in questions {
            guard try load(sender, route) else { continue }
            if case .hello(let hello) = question, try !closeGap(sender, route, hello.lowest) { continue }
            let last = cursors.committed(sender) ?? 0
            let answer: DispatcherMessage =
                switch question {
                case .hello: .welcome(last: last, credit: .standard)
                case .ping: .pong(last: last)
                }
            answers.append((route, answer.frame(node: sender.node, epoch: sender.epoch)))
        }
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
        metrics.counter("snowlight_bus_gaps_total", "Times a sender no longer had what was not committed here.").increment()
        log.error(
            "an ingest node no longer holds numbers that were never committed here",
            metadata: ["node": "\(sender.node)", "count": "\(lost)", "resume": "\(lowest)"])
        return true
    }

    private mutating func sendAnswers(_ socket: borrowing ZeroMQSocket) throws {
        defer { answers.removeAll(keepingCapacity: true) }
        for (route, frame) in answers where try socket.send([route] + frame.parts) != .sent {
            // The peer is gone or does not read; it will ask again.
            metrics.counter("snowlight_bus_unroutable_total", "Answers that had no way back.").increment()
        }
    }

    /// Asks senders to wait, or passes on what must end the process.
    private mutating func refuse(_ senders: [ReceiverCursors.Sender: Route], because error: any Error) throws {
        let failure = error as? Failure ?? Failure(.internal, "committing failed", cause: error)
        if failure.kind == .dataLoss { throw failure }
        if !refusing { log.error("incidents cannot be committed; senders are asked to wait", metadata: ["failure": "\(failure)"]) }
        refusing = true
        for (sender, route) in senders {
            let answer = DispatcherMessage.nack(.retry, last: 0, after: Self.retryAfter)
            answers.append((route, answer.frame(node: sender.node, epoch: sender.epoch)))
        }
    }

    private func bad(_ reason: String) {
        metrics.counter(
            "snowlight_bus_bad_frames_total", "Frames that were no message and were dropped.",
            labels: [("side", "receiver"), ("reason", reason)]
        ).increment()
    }

    private func count(_ outcome: String) {
        metrics.counter("snowlight_bus_received_total", "Incident messages by what became of them.", labels: [("outcome", outcome)])
            .increment()
    }
}
