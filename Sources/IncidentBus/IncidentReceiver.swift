// Takes incidents from all ingest nodes: a thread of its own with one ROUTER socket.
// outbox ══**ROUTER**══▶ dispatcher → cases

package import Base
import Domain
package import Logging
import Synchronization

/// The dispatcher's key and whom it lets in.
package struct BusAccess: Sendable {
    package var pair: CurvePair
    package var allowed: AllowListBox

    package init(pair: CurvePair, allowed: AllowListBox) {
        self.pair = pair
        self.allowed = allowed
    }
}

/// Receives, has batches committed, acknowledges. All methods are safe on any thread; `start` and `stop` block.
package final class IncidentReceiver: Sendable {
    private let endpoint: Endpoint
    private let committer: any IncidentCommitter
    private let desk: (any AssignmentDesk)?
    private let access: BusAccess?
    private let log: Logger
    private let counters: ReceiverCounters
    private let onFatal: @Sendable (Failure) -> Void
    private let wakeUp: WakeUp
    private let stopping = StopSignal()
    private let running = Mutex<(thread: OwnThread?, bound: String)>((nil, ""))

    /// - Parameters:
    ///   - endpoint: `ipc://…` or `tcp://address:port`, port 0 for any; without `access` only addresses of this machine.
    ///   - desk: Who hands out cameras; nil when they are read by other means.
    ///   - access: This side's key and who may speak; a `ZapHandler` must run.
    ///   - onFatal: Told once, on the receiver's thread, when the committer's disk can no longer be trusted.
    package init(
        endpoint: String, committer: any IncidentCommitter, desk: (any AssignmentDesk)? = nil, access: BusAccess? = nil, log: Logger,
        metrics: MetricsRegistry, onFatal: @escaping @Sendable (Failure) -> Void = BusFatal.endProcess
    ) throws {
        self.endpoint = try Endpoint.binding(endpoint, encrypted: access != nil)
        self.committer = committer
        self.desk = desk
        self.access = access
        self.log = log
        counters = ReceiverCounters(metrics)
        self.onFatal = onFatal
        wakeUp = try WakeUp()
    }

    /// Where publishers connect to, with the port the system chose; empty before `start`.
    package var boundEndpoint: String { running.withLock { $0.bound } }

    /// Binds and starts the thread; returns once publishers can connect.
    package func start() throws {
        // The socket is made on the thread that uses it; this passes back how that went.
        let outcome = BoundedQueue<Result<String, Failure>>(capacity: 1)
        let thread = OwnThread(name: "receiver") { [self] in
            do {
                let socket = try ZeroMQSocket(.router, security: access.map { .server($0.pair, domain: .node) } ?? .none)
                let bound = try socket.bind(endpoint)
                _ = outcome.offer(.success(bound))
                var loop = ReceiverLoop(committer: committer, desk: desk, allowed: access?.allowed, log: log, counters: counters)
                loop.run(socket, wakeUp, stopping, onFatal)
                socket.unbind(bound)
            } catch {
                _ = outcome.offer(.failure(error as? Failure ?? Failure(.internal, "receiving failed", cause: error)))
            }
        }
        guard let result = outcome.take(timeout: .seconds(30)) else {
            throw Failure(.deadlineExceeded, "the receiver's thread does not answer", context: [("endpoint", endpoint.text)])
        }
        if case .failure = result { thread.join() }
        let bound = try result.get()
        running.withLock { $0 = (thread, bound) }
        log.info("waiting for ingest nodes", metadata: ["endpoint": "\(bound)"])
    }

    /// Ends the thread after the batch at hand and gives the endpoint back.
    package func stop() {
        stopping.raise()
        wakeUp.wake()
        running.withLock { $0.thread }?.join()
    }
}
