// `transport: auto`: our own RTSP first, libavformat for the camera that it cannot read.
// **camera → packets** → looks → frames → detections → incidents

import Base
import Synchronization

/// A feed that changes its transport with a stated reason: from ours to libavformat at once, back when that connection ends and an hour has
/// passed, because the camera may have been exchanged or mended. Any thread.
final class AutomaticFeed: CameraFeed {
    /// Makes our own feed, which calls `giveUp` when it cannot read the camera; true when another feed has taken over.
    typealias NativeMaker = @Sendable (_ giveUp: @escaping @Sendable (Failure) -> Bool) -> any CameraFeed
    /// Makes libavformat's, which calls `giveBack` when its connection has ended; true when another feed has taken over.
    typealias FallbackMaker = @Sendable (_ why: String, _ giveBack: @escaping @Sendable () -> Bool) -> any CameraFeed

    private struct State {
        var current: (any CameraFeed)?
        var changedAt = Duration.zero
        var isStopping = false
    }

    private static let patience = Duration.seconds(3600)

    private let state = Mutex(State())
    private let makeNative: NativeMaker
    private let makeFallback: FallbackMaker
    private let time: any TimeSource

    init(time: any TimeSource, makeNative: @escaping NativeMaker, makeFallback: @escaping FallbackMaker) {
        self.time = time
        self.makeNative = makeNative
        self.makeFallback = makeFallback
    }

    func start() { state.withLock { change(&$0) { makeNative(giveUp()) } } }

    func requestStop() {
        state.withLock { state in
            state.isStopping = true
            return state.current
        }?.requestStop()
    }

    func join(timeout: Duration) -> Bool { state.withLock { $0.current }?.join(timeout: timeout) ?? true }

    private func giveUp() -> @Sendable (Failure) -> Bool {
        { [weak self] failure in
            guard let self else { return false }
            return state.withLock { state in
                guard !state.isStopping else { return false }
                change(&state) { makeFallback("our own RTSP cannot read it: \(failure.message)", giveBack()) }
                return true
            }
        }
    }

    private func giveBack() -> @Sendable () -> Bool {
        { [weak self] in
            guard let self else { return false }
            return state.withLock { state in
                guard !state.isStopping, time.now - state.changedAt >= Self.patience else { return false }
                change(&state) { makeNative(giveUp()) }
                return true
            }
        }
    }

    private func change(_ state: inout State, _ make: () -> any CameraFeed) {
        let feed = make()
        state.current = feed
        state.changedAt = time.now
        feed.start()
    }
}
