// From workers to the outbox: a bounded queue and one thread that may wait for the disk.
// detections → **incidents** ══▶ outbox

import Base
import Domain
import Logging
import Synchronization

/// Where observations become durable. Called on the recorder's own thread; may block; returns after fsync.
package protocol IncidentSink: Sendable {
    /// Stores pictures, then all observations in one commit, in order.
    /// - Throws: `.resourceExhausted` and `.unavailable` are retried with the same observations; anything else ends the process.
    func record(_ observations: [Observation]) throws
}

/// Takes observations from workers without making them wait and records them in groups.
///
/// Full queue: `offer` refuses, the lane keeps the observation and offers it again; nothing is dropped.
final class IncidentRecorder: Sendable {
    private let queue = BoundedQueue<Observation>(capacity: 1024)
    private let sink: any IncidentSink
    private let log: Logger
    private let stopping = StopSignal()
    private let onFatal: @Sendable (Failure) -> Void
    private let wait = DiskWait()
    private let thread: OwnThread

    /// Starts the thread.
    /// - Parameter onFatal: Told once when the disk can no longer be trusted; the process must end and recover at its next start.
    init(sink: any IncidentSink, time: any TimeSource, log: Logger, onFatal: @escaping @Sendable (Failure) -> Void) {
        self.sink = sink
        self.log = log
        self.onFatal = onFatal
        let loop = Loop(queue: queue, sink: sink, time: time, wait: wait, log: log, stopping: stopping, onFatal: onFatal)
        thread = OwnThread(name: "recorder") { loop.run() }
    }

    /// Queues an observation; false when there is no room now.
    func offer(_ observation: Observation) -> Bool { queue.offer(observation) }

    /// Since when the disk has not taken what is to be recorded; nil while it does.
    var waitingSince: Duration? { wait.since.withLock { $0 } }

    /// Records what is queued and ends the thread. Blocks.
    func stop() {
        queue.close()
        stopping.raise()
        thread.join()
    }

    /// Told by the recorder's thread, read by housekeeping.
    private final class DiskWait: Sendable {
        let since = Mutex<Duration?>(nil)
    }

    private struct Loop: Sendable {
        let queue: BoundedQueue<Observation>
        let sink: any IncidentSink
        let time: any TimeSource
        let wait: DiskWait
        let log: Logger
        let stopping: StopSignal
        let onFatal: @Sendable (Failure) -> Void

        func run() {
            while true {
                guard let first = queue.take(timeout: .seconds(1)) else {
                    if stopping.isRaised { return }
                    continue
                }
                var group = [first]
                while group.count < 64, let next = queue.take(timeout: .zero) { group.append(next) }
                guard record(group) else { return }
            }
        }

        /// Tries until the group is on disk; false when the process must end.
        private func record(_ group: [Observation]) -> Bool {
            var told = false
            while true {
                do {
                    try sink.record(group)
                    if told { log.notice("incidents are being recorded again") }
                    wait.since.withLock { $0 = nil }
                    return true
                } catch {
                    let failure = error as? Failure ?? Failure(.internal, "recording failed", cause: error)
                    guard failure.kind == .resourceExhausted || failure.kind == .unavailable else {
                        log.critical("incidents cannot be recorded", metadata: ["failure": "\(failure)"])
                        onFatal(failure)
                        return false
                    }
                    wait.since.withLock { $0 = $0 ?? time.now }
                    if !told { log.error("incidents wait for the disk", metadata: ["failure": "\(failure)"]) }
                    told = true
                    if stopping.sleep(.seconds(1)) {
                        log.error("stopping with unrecorded incidents", metadata: ["count": "\(group.count + queue.count)"])
                        return false
                    }
                }
            }
        }
    }
}
