// The thread of a socket that others connect to: how a listener opens and how it ends.
// outbox ══**socket**══▶ dispatcher

import Base
import Synchronization

/// Binds one socket on a thread of its own and has it served there until stopped. Safe on any thread; `start` and `stop` block.
final class BoundThread: Sendable {
    /// Ends a wait of the socket, from any thread.
    let wakeUp: WakeUp
    /// Whoever serves returns soon after it is raised.
    let stopping = StopSignal()
    private let name: String
    private let endpoint: Endpoint
    private let running = Mutex<(thread: OwnThread?, bound: String)>((nil, ""))

    init(name: String, endpoint: Endpoint) throws {
        self.name = name
        self.endpoint = endpoint
        wakeUp = try WakeUp()
    }

    /// Where the others connect to, with the port the system chose; empty before `start`.
    var boundEndpoint: String { running.withLock { $0.bound } }

    /// Returns once the others can connect.
    func start(_ role: ZeroMQRole, _ security: BusSecurity, serve: @escaping @Sendable (borrowing ZeroMQSocket) -> Void) throws {
        // The socket is made on the thread that uses it; this passes back how that went.
        let outcome = BoundedQueue<Result<String, Failure>>(capacity: 1)
        let thread = OwnThread(name: name) { [self] in
            do {
                let socket = try ZeroMQSocket(role, security: security)
                let bound = try socket.bind(endpoint)
                _ = outcome.offer(.success(bound))
                serve(socket)
                socket.unbind(bound)
            } catch {
                _ = outcome.offer(.failure(error as? Failure ?? Failure(.internal, "a socket could not be bound", cause: error)))
            }
        }
        guard let result = outcome.take(timeout: .seconds(30)) else {
            throw Failure(.deadlineExceeded, "a socket's thread does not answer", context: [("thread", name), ("endpoint", endpoint.text)])
        }
        if case .failure = result { thread.join() }
        let bound = try result.get()
        running.withLock { $0 = (thread, bound) }
    }

    /// Ends the thread and gives the endpoint back.
    func stop() {
        stopping.raise()
        wakeUp.wake()
        running.withLock { $0.thread }?.join()
    }
}
