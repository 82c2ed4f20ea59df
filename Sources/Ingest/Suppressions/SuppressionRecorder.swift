// From workers to the suppressions' file: a bounded queue and one thread that may wait for the disk.
// detections → incidents; **suppressions** ══▶ their own file

import Base
package import Domain
import Logging
import Synchronization

/// Where suppressions are kept. Called on the recorder's own thread; may block.
package protocol SuppressionSink: Sendable {
    /// Keeps all of them in one commit; called with none once a minute, so that retention goes on when nothing happens.
    ///
    /// - Returns: How many were deleted meanwhile, because they were too many or too old.
    /// - Throws: These are lost and counted as such. After `.dataLoss` it is not called again.
    func keep(_ batch: [SuppressedEvidence]) throws -> (rows: Int, pictures: Int)
}

/// Takes suppressions from workers without making them wait, and writes them in groups, one commit a second at most.
///
/// They explain and are no incidents: what finds the queue full or the disk unwilling is dropped, and counted where everybody sees it.
final class SuppressionRecorder: Sendable {
    private let queue = BoundedQueue<SuppressedEvidence>(capacity: 512)
    private let allowance = Mutex(PictureAllowance())
    private let metrics: IngestMetrics
    private let stopping = StopSignal()
    private let thread: OwnThread

    /// Starts the thread.
    init(sink: any SuppressionSink, metrics: IngestMetrics, log: Logger) {
        self.metrics = metrics
        let loop = Loop(queue: queue, sink: sink, metrics: metrics, log: log, stopping: stopping)
        thread = OwnThread(name: "suppressions") { loop.run() }
    }

    /// Queues one, or drops and counts it. Never blocks.
    func offer(_ evidence: SuppressedEvidence) {
        metrics.suppressed(evidence.record.reason).increment()
        if !queue.offer(evidence) { metrics.suppressionsDropped(.queue).increment() }
    }

    /// Takes one of the pictures that all cameras together may have coded now.
    func takePicture(now: Duration) -> Bool { allowance.withLock { $0.take(atSeconds: now.seconds) } }

    /// Writes what is queued and ends the thread. Blocks.
    func stop() {
        queue.close()
        stopping.raise()
        thread.join()
    }

    private struct Loop: Sendable {
        let queue: BoundedQueue<SuppressedEvidence>
        let sink: any SuppressionSink
        let metrics: IngestMetrics
        let log: Logger
        let stopping: StopSignal

        func run() {
            var state = State.keeping
            while true {
                let first = queue.take(timeout: .seconds(60))
                if first == nil, stopping.isRaised { return }
                state = keep(first.map(gather) ?? [], state)
            }
        }

        private enum State { case keeping, failing, lost }

        /// What comes within a second belongs into one commit.
        private func gather(_ first: SuppressedEvidence) -> [SuppressedEvidence] {
            let deadline = ContinuousClock.now + .seconds(1)
            var group = [first]
            while group.count < 256, let next = queue.take(timeout: deadline - .now) { group.append(next) }
            return group
        }

        private func keep(_ group: [SuppressedEvidence], _ state: State) -> State {
            guard state != .lost else {
                metrics.suppressionsDropped(.disk).increment(by: UInt64(group.count))
                return .lost
            }
            do {
                let deleted = try sink.keep(group)
                metrics.suppressionsDeleted.increment(by: UInt64(deleted.rows))
                metrics.suppressionPicturesDeleted.increment(by: UInt64(deleted.pictures))
                if state == .failing { log.notice("suppressions are being kept again") }
                return .keeping
            } catch {
                metrics.suppressionsDropped(.disk).increment(by: UInt64(group.count))
                if let failure = error as? Failure, failure.kind == .dataLoss {
                    log.error("suppressions are not kept until the next start", metadata: ["failure": "\(failure)"])
                    return .lost
                }
                if state == .keeping { log.error("suppressions are not being kept", metadata: ["failure": "\(error)"]) }
                return .failing
            }
        }
    }
}
