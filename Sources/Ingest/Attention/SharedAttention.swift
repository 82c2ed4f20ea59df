// The fleet's one attention scheduler, shared by the reactor, the reader threads and the workers.
// camera → **packets → looks** → frames → detections → incidents

import Base
import Domain
import Glibc
import Synchronization

/// How a wanted picture is to be looked at, and what is wanted at all.
package enum LookMode: String, Sendable, CaseIterable {
    /// Key pictures, chosen by attention; promoted cameras at full rate.
    case key
    /// Every picture of every camera.
    case full
    /// No picture at all: what reading alone costs.
    case none
}

/// The scheduler behind a lock that is held for well under a microsecond. Any thread.
final class SharedAttention: Sendable {
    private struct State {
        var scheduler: AttentionScheduler
        var freeSlots: [Int] = []
        var slots = 0
    }

    let mode: LookMode
    private let time: any TimeSource
    private let state: Mutex<State>

    init(mode: LookMode, policy: AttentionScheduler.Policy, time: any TimeSource) {
        self.mode = mode
        self.time = time
        state = Mutex(State(scheduler: AttentionScheduler(policy: policy)))
    }

    /// Begins to schedule a camera and returns its slot, which is given back with `remove`.
    func add(_ priority: Priority, floorSeconds: Double?, mayPromote: Bool) -> Int {
        let now = time.now.seconds
        return state.withLock {
            let slot = $0.freeSlots.popLast() ?? $0.slots
            if slot == $0.slots { $0.slots += 1 }
            $0.scheduler.add(slot, priority: priority, floorSeconds: floorSeconds, mayPromote: mayPromote, nowSeconds: now)
            return slot
        }
    }

    /// The camera's row or its pipelines ask for another floor; what was learned of it stays.
    func change(_ slot: Int, _ priority: Priority, floorSeconds: Double?, mayPromote: Bool) {
        state.withLock { $0.scheduler.change(slot, priority: priority, floorSeconds: floorSeconds, mayPromote: mayPromote) }
    }

    func remove(_ slot: Int) {
        state.withLock {
            $0.scheduler.remove(slot)
            $0.freeSlots.append(slot)
        }
    }

    /// How the key picture that begins now is wanted; nil when it is not.
    func wantsKey(_ slot: Int, now: Duration) -> LookKind? {
        let decision = state.withLock { $0.scheduler.keyPictureBegins(slot, nowSeconds: now.seconds) }
        switch mode {
        case .none: return nil
        case .full: return .full
        case .key:
            guard case .look(let reason) = decision else { return nil }
            return reason == .promoted ? .full : .key
        }
    }

    /// Whether predicted pictures behind a wanted key picture are wanted as well.
    func wantsFullRate(_ slot: Int) -> Bool {
        switch mode {
        case .none: false
        case .full: true
        case .key: state.withLock { $0.scheduler.wantsFullRate(slot) }
        }
    }

    /// A picture has come whole, wanted or not.
    func noticed(_ slot: Int, isKey: Bool, sizeBytes: Int, now: Duration) {
        state.withLock {
            if isKey {
                $0.scheduler.keyPicture(slot, sizeBytes: sizeBytes, nowSeconds: now.seconds)
            } else {
                $0.scheduler.predictedPicture(slot, sizeBytes: sizeBytes)
            }
        }
    }

    /// Someone watches, or a live tag applies, until then.
    func request(_ slot: Int, until: Duration) { state.withLock { $0.scheduler.request(slot, untilSeconds: until.seconds) } }

    /// Something has been seen there lately, or is asked for.
    func isHot(_ slot: Int) -> Bool {
        let now = time.now.seconds
        return state.withLock { $0.scheduler.isHot(slot, nowSeconds: now) }
    }

    func streamEnded(_ slot: Int) { state.withLock { $0.scheduler.streamEnded(slot) } }

    /// A worker is done with a look. The key picture of a promoted camera counts as its look as well.
    func finished(_ slot: Int, cpuSeconds: Double, change: Double, hasCandidate: Bool) {
        let now = time.now.seconds
        state.withLock {
            $0.scheduler.lookFinished(slot, cpuSeconds: cpuSeconds, change: change, hasCandidate: hasCandidate, nowSeconds: now)
        }
    }

    /// A worker is done with predicted pictures of a promoted camera.
    func finishedFullRate(_ slot: Int, cpuSeconds: Double, pictures: Int, hasCandidate: Bool) {
        let now = time.now.seconds
        state.withLock {
            $0.scheduler.fullRateCost(slot, cpuSeconds: cpuSeconds, pictures: pictures, hasCandidate: hasCandidate, nowSeconds: now)
        }
    }

    /// A key picture that was wanted was let go before a worker took it.
    func dropped(_ slot: Int) {
        let now = time.now.seconds
        state.withLock { $0.scheduler.lookDropped(slot, nowSeconds: now) }
    }

    func failed(_ slot: Int) {
        let now = time.now.seconds
        state.withLock { $0.scheduler.lookFailed(slot, nowSeconds: now) }
    }

    /// Tells how much work waits for the workers.
    func backlog(seconds: Double) {
        let now = time.now.seconds
        state.withLock { $0.scheduler.backlog(seconds: seconds, nowSeconds: now) }
    }

    /// CPU seconds of one look, as measured lately.
    var meanLookSeconds: Double { state.withLock { $0.scheduler.budget.meanLookSeconds } }

    /// What operators see; walks all cameras, for once a second.
    func figures() -> AttentionFigures {
        let now = time.now.seconds
        return state.withLock { $0.scheduler.figures(nowSeconds: now) }
    }
}

/// CPU seconds that the calling thread has used so far.
func threadCPUSeconds() -> Double {
    var used = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used)
    return Double(used.tv_sec) + Double(used.tv_nsec) * 1e-9
}
