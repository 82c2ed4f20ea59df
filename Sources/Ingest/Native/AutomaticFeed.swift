// `transport: auto`: our own RTSP first, libavformat for the camera that it cannot read.
// **camera → packets** → looks → frames → detections → incidents

import Base
import Synchronization

/// A feed that changes its transport once, with a stated reason. Any thread.
final class AutomaticFeed: CameraFeed {
    private struct State {
        var current: (any CameraFeed)?
        var isStopping = false
    }

    private let state = Mutex(State())
    private let makeFallback: @Sendable (_ why: String) -> any CameraFeed

    /// - Parameter makeFallback: Makes the feed to change to; at most once.
    init(makeFallback: @escaping @Sendable (_ why: String) -> any CameraFeed) { self.makeFallback = makeFallback }

    /// Sets the first choice; before `start`.
    func prefer(_ feed: any CameraFeed) { state.withLock { $0.current = feed } }

    func start() { state.withLock { $0.current }?.start() }

    /// The first choice cannot read this camera; true when the fallback has taken over.
    func fallBack(_ failure: Failure) -> Bool {
        state.withLock {
            guard !$0.isStopping else { return false }
            let fallback = makeFallback("our own RTSP cannot read it: \(failure.message)")
            $0.current = fallback
            fallback.start()
            return true
        }
    }

    func requestStop() {
        state.withLock { state in
            state.isStopping = true
            return state.current
        }?.requestStop()
    }

    func join(timeout: Duration) -> Bool { state.withLock { $0.current }?.join(timeout: timeout) ?? true }
}
