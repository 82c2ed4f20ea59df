// A way to wake the thread that owns a socket: sockets are not thread-safe, an eventfd is.

import Base
import CZeroMQ
import Foundation

/// An eventfd(2) that `ZeroMQSocket.wait` sleeps on beside its socket. `wake` is safe on any thread.
package final class WakeUp: Sendable {
    let descriptor: Int32

    /// - Throws: `.resourceExhausted` when the process has no descriptor left.
    package init() throws {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw ZeroMQFailure.of(errno, "cannot make an eventfd") }
    }

    deinit { close(descriptor) }

    /// Ends the current or the next wait.
    package func wake() {
        // A full counter (EAGAIN) already wakes.
        _ = eventfd_write(descriptor, 1)
    }

    /// Forgets past calls of `wake`.
    func clear() {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
    }
}
