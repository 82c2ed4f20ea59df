// One turn of the dispatcher's end: drain, commit once, acknowledge.
// outbox ══ROUTER══▶ **drain → commit → ACK** → cases

import Base
import Domain
import Logging

/// The receiver's thread: performs what `ReceiverFlow` decides. Confined to it.
struct ReceiverLoop {
    /// One transaction holds what arrives in this time, and at most `ReceiverFlow.batchMessages`.
    private static let batchTime: Duration = .milliseconds(5)

    private let allowed: AllowListBox?
    private let log: Logger
    private let counters: ReceiverCounters
    private let time = SystemTime()
    private var flow: ReceiverFlow

    /// - Parameter allowed: Who may speak; nil for an endpoint without CURVE.
    init(
        committer: any IncidentCommitter, desk: (any AssignmentDesk)?, allowed: AllowListBox?, log: Logger, counters: ReceiverCounters
    ) {
        self.allowed = allowed
        self.log = log
        self.counters = counters
        flow = ReceiverFlow(committer: committer, desk: desk, log: log, counters: counters)
    }

    /// Serves until stopped or until the disk fails.
    mutating func run(
        _ socket: borrowing ZeroMQSocket, _ wakeUp: WakeUp, _ stopping: StopSignal, _ onFatal: @Sendable (Failure) -> Void
    ) {
        while !stopping.isRaised {
            do {
                _ = try socket.wait(sending: false, wakeUp: wakeUp, timeout: .seconds(1))
                try drain(socket)
                for answer in try flow.settle() where try socket.send([answer.route] + answer.frame.parts) != .sent {
                    // The peer is gone or does not read; it will ask again.
                    counters.unroutable.increment()
                }
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
        let until = time.now + Self.batchTime
        while !flow.isFull, let parts = try socket.receive() {
            try flow.take(parts.dropFirst(), from: parts[0], peer: peer(socket))
            if time.now >= until { return }
        }
    }

    /// Asked for each message, because a handshake is judged once and a connection lasts: a key that is taken off the list falls silent now.
    private func peer(_ socket: borrowing ZeroMQSocket) -> BusPeer {
        guard let allowed else { return .local }
        return .key(socket.lastUserID.flatMap { allowed.current.node(named: $0) })
    }
}
