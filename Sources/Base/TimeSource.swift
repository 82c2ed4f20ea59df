// Where time comes from, so that tests can move it by hand.

package import Domain
import Foundation
import Synchronization

/// Monotonic time since an arbitrary start, and wall time for labels.
package protocol TimeSource: Sendable {
    /// Monotonic; the base of every deadline.
    var now: Duration { get }
    var wallNow: WallTime { get }
}

/// The machine's clocks.
package struct SystemTime: TimeSource {
    private let start = ContinuousClock.now
    package init() {}
    package var now: Duration { ContinuousClock.now - start }
    package var wallNow: WallTime { WallTime(millisecondsSince1970: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))) }
}

/// Time that stands still until a test advances it. Safe on any thread.
package final class SimulatedTime: TimeSource {
    private let state: Mutex<(now: Duration, wall: WallTime)>

    package init(wall: WallTime = WallTime(millisecondsSince1970: 1_795_000_000_000)) { state = Mutex((.zero, wall)) }

    package var now: Duration { state.withLock { $0.now } }
    package var wallNow: WallTime { state.withLock { $0.wall } }

    /// Moves both clocks forward together.
    package func advance(by duration: Duration) {
        state.withLock {
            $0.now += duration
            $0.wall = $0.wall.adding(seconds: duration.seconds)
        }
    }
}

extension Duration {
    /// The length in seconds as a floating-point number.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
