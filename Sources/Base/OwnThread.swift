// Threads of our own for work that may block: libavformat, libzmq, SQLite. Never Dispatch, never a Swift task.

import Foundation

/// A named thread that runs one closure and can be joined. The owner must call `join()` before it lets go.
///
/// Built on Foundation's `Thread`, which is one pthread; it never counts against Dispatch's limits.
package final class OwnThread: @unchecked Sendable {
    // Unchecked: `finished` is guarded by `condition`.
    private let condition = NSCondition()
    private var finished = false

    /// - Parameters:
    ///   - name: ASCII; the kernel keeps 15 characters of it, which `top -H` shows.
    ///   - stackBytes: 512 KiB holds libavformat's deepest path seen with room to spare.
    ///   - body: Runs once; ends the thread by returning.
    package init(name: String, stackBytes: Int = 512 << 10, body: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            // Foundation tells the kernel a thread's name only when `start` has returned in time. Without a name it runs as well.
            try? String(name.prefix(15)).write(toFile: "/proc/thread-self/comm", atomically: false, encoding: .utf8)
            body()
            condition.lock()
            finished = true
            condition.broadcast()
            condition.unlock()
        }
        thread.stackSize = stackBytes
        thread.start()
    }

    /// Waits until the body has returned. Blocks; call it from a thread that may.
    package func join() {
        condition.lock()
        while !finished { condition.wait() }
        condition.unlock()
    }

    /// Waits at most `timeout`; false when the body still runs.
    package func join(timeout: Duration) -> Bool {
        let deadline = Date(timeIntervalSinceNow: timeout.seconds)
        condition.lock()
        defer { condition.unlock() }
        while !finished { if !condition.wait(until: deadline) { return finished } }
        return true
    }
}

/// A flag that ends loops on other threads and wakes those that sleep on it. Safe on any thread.
package final class StopSignal: @unchecked Sendable {
    // Unchecked: `raised` is guarded by `condition`.
    private let condition = NSCondition()
    private var raised = false

    package init() {}

    package var isRaised: Bool {
        condition.lock()
        defer { condition.unlock() }
        return raised
    }

    /// Raises the flag for good and wakes every sleeper.
    package func raise() {
        condition.lock()
        raised = true
        condition.broadcast()
        condition.unlock()
    }

    /// Sleeps for `duration` or until raised; true when raised. Blocks; for own threads only.
    package func sleep(_ duration: Duration) -> Bool {
        let deadline = Date(timeIntervalSinceNow: duration.seconds)
        condition.lock()
        defer { condition.unlock() }
        while !raised { if !condition.wait(until: deadline) { return raised } }
        return true
    }
}

/// Runs blocking work on a thread of its own and suspends the caller until it is done.
package func onOwnThread<T: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        _ = OwnThread(name: name) { continuation.resume(with: Result(catching: body)) }
    }
}
