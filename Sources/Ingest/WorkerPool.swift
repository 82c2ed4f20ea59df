// The worker pool: a fixed number of Dispatch workers that decode and examine, and do nothing that could wait.
// camera → packets → **looks → frames → detections** → incidents

package import Base
package import Detectors
import Dispatch
package import Media
import Synchronization

/// Something that wants a worker's attention; asked once for each `submit`.
package protocol Lane: AnyObject, Sendable {
    /// Does all waiting work. Runs on one worker at a time, CPU only.
    func work(on worker: Worker)
}

/// What a worker keeps for itself: its decoders and the detector's working memory. Never used by two threads at once.
package final class Worker: @unchecked Sendable {
    // Unchecked: a worker is in the idle list or held by exactly one running drain loop.
    package let decoders: DecoderPool
    /// About 300 KiB; kept here and not by each camera's detector, which is a gigabyte less for a whole district.
    package var scratch = MotionScratch()
    init(decoders: DecoderPool) { self.decoders = decoders }
}

/// Runs lanes on at most `width` Dispatch workers. A lane stands in the queue once, so the queue is bounded by the cameras.
package final class WorkerPool: Sendable {
    private struct State {
        var ready: [(lane: any Lane, since: Duration)] = []
        var head = 0
        var idle: [Worker] = []
        var running = 0
    }

    private let queue = DispatchQueue(label: "snowlight.work", qos: .utility, attributes: .concurrent)
    private let group = DispatchGroup()
    private let state: Mutex<State>
    private let time: any TimeSource
    package let width: Int

    /// - Parameters:
    ///   - width: Workers; one per core, because each is busy all the time it runs.
    ///   - decodersPerWorker: Kept open for key pictures; a few cover the stream shapes of one vendor mix.
    package init(width: Int, decodersPerWorker: Int = 8, time: any TimeSource = SystemTime()) {
        precondition(width > 0, "a pool without workers never looks")
        self.width = width
        self.time = time
        state = Mutex(State(idle: (0..<width).map { _ in Worker(decoders: DecoderPool(capacity: decodersPerWorker)) }))
    }

    /// Queues a lane. Never blocks; any thread.
    package func submit(_ lane: any Lane) {
        let now = time.now
        let worker: Worker? = state.withLock {
            $0.ready.append((lane, now))
            guard let worker = $0.idle.popLast() else { return nil }
            $0.running += 1
            return worker
        }
        if let worker { queue.async(group: group) { self.drain(worker) } }
    }

    /// Lanes waiting for a worker now.
    package var waiting: Int { state.withLock { $0.ready.count - $0.head } }

    /// How long the lane that is next has waited; nil when none waits.
    package func oldestWaiting(now: Duration) -> Duration? {
        state.withLock { $0.head < $0.ready.count ? now - $0.ready[$0.head].since : nil }
    }

    private func drain(_ worker: Worker) {
        while let lane = next(worker) { lane.work(on: worker) }
    }

    private func next(_ worker: Worker) -> (any Lane)? {
        state.withLock {
            guard $0.head < $0.ready.count else {
                $0.ready.removeAll(keepingCapacity: true)
                $0.head = 0
                $0.idle.append(worker)
                $0.running -= 1
                return nil
            }
            let lane = $0.ready[$0.head].lane
            $0.head += 1
            if $0.head > 1024 {
                $0.ready.removeFirst($0.head)
                $0.head = 0
            }
            return lane
        }
    }
}
