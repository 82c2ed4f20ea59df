// What ends a blocked read: an absolute deadline and a stop flag.
// camera ─RTSP─▶ **packets** ─▶ looks ─▶ frames

import CFFmpeg
import Base

/// Ends a blocked libavformat call: an absolute deadline and a stop flag, looked at every 100 ms by the blocked thread.
///
/// One interrupt belongs to one source at a time and may serve its successor after a reconnect. Safe on any thread.
package final class Interrupt: @unchecked Sendable {
    // Unchecked: what several threads share behind the pointer is only touched by atomic loads and stores, the rest by the opening
    // thread alone (shim.h); the pointer never changes.
    let state: UnsafeMutablePointer<cff_interrupt>

    package init() {
        state = .allocate(capacity: 1)
        state.initialize(to: cff_interrupt())
    }

    deinit { state.deallocate() }

    /// Ends the running call and every later one, within about 100 ms. There is no way back.
    package func stop() { cff_interrupt_stop(state) }

    /// Ends the running call when `duration` from now has passed, however many bytes arrive until then.
    package func setDeadline(after duration: Duration) {
        cff_interrupt_set_deadline(state, Self.instant(after: duration))
    }

    /// True once `stop()` was called.
    package var isStopped: Bool { cff_interrupt_is_stopped(state) != 0 }

    /// True when the last open ended because the camera sent us elsewhere. For the thread that opened.
    var wasRedirected: Bool { state.pointee.redirected != 0 }

    var isLate: Bool { cff_interrupt_is_late(state) != 0 }

    /// Runs `body` under a deadline of its own that a stop does not shorten, so that a farewell can still be sent.
    func closing(within duration: Duration, _ body: () -> Void) {
        cff_interrupt_set_closing(state, Self.instant(after: duration))
        body()
        cff_interrupt_set_closing(state, 0)
    }

    private static func instant(after duration: Duration) -> Int64 {
        // A day is as good as never and cannot overflow.
        cff_now_ns() + Int64(min(max(duration.seconds, 0), 86_400) * 1e9)
    }
}
