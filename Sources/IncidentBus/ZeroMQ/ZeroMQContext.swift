// The I/O thread of libzmq.

import Base
import CZeroMQ

/// One libzmq context: an I/O thread and a reaper. Safe on any thread.
///
/// Sockets hold on to their context, so it is terminated after the last of them is closed and never hangs (LINGER is 0).
package final class ZeroMQContext: @unchecked Sendable {
    // Unchecked: libzmq contexts are thread-safe (zmq(7)); the pointer never changes.
    let handle: UnsafeMutableRawPointer

    /// The context of the process. One for its whole life: libzmq 4.3.4 closes libsodium's random source with its context.
    package static let shared = ZeroMQContext()

    private init() {
        guard let context = zmq_ctx_new() else {
            preconditionFailure("libzmq cannot allocate a context: \(ZeroMQFailure.last("zmq_ctx_new"))")
        }
        handle = context
    }

    deinit { zmq_ctx_term(handle) }
}
