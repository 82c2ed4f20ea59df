// The node's end of ASSIGN and HEALTH: reports each second, applies what comes back, stops when its leases run out.
// registry ══ASSIGN══▶ **camera sessions**

package import Base
package import Domain
package import Logging
import Synchronization

/// Keeps the leases of this node. Safe on any thread; `start` and `stop` block.
package final class NodeAssignments: Sendable {
    private struct State {
        var holder = LeaseHolder()
        /// Newest wins: an assignment that was overtaken is never applied.
        var wanted: [CameraGrant]?
        /// The revision of the assignment that `apply` has made true: only then has another node a right to what is not in it.
        var applied = ""
        /// What was said of each camera last.
        var told: [CameraID: CameraHealth] = [:]
        /// Where the round over all cameras stands, so that what was lost on the way is said again.
        var round: CameraID?
    }

    /// Cameras whose state did not change but is said again each second; a round over 4,100 takes two minutes.
    private static let repeatedLines = 32

    private let state = Mutex(State())
    private let time: any TimeSource
    private let health: @Sendable () -> [CameraID: CameraHealth]
    private let waiting: @Sendable () -> (rows: Int, oldestAgeSeconds: Double)
    private let compare: @Sendable ([TheftReport]) -> Void
    private let apply: @Sendable ([CameraGrant]) -> Void
    private let log: Logger
    private let changed = BoundedQueue<Void>(capacity: 1)
    private let stopping = StopSignal()
    private let thread = Mutex<OwnThread?>(nil)

    /// - Parameters:
    ///   - health: The state of every camera that is read; must not block.
    ///   - waiting: What is in the outbox; must not block.
    ///   - compare: Hears which theft reports are open, before the cameras of the same assignment run.
    ///   - apply: Makes exactly these cameras run; called on a thread of its own, may block.
    package init(
        time: any TimeSource, log: Logger, health: @escaping @Sendable () -> [CameraID: CameraHealth],
        waiting: @escaping @Sendable () -> (rows: Int, oldestAgeSeconds: Double) = { (0, 0) },
        compare: @escaping @Sendable ([TheftReport]) -> Void = { _ in }, apply: @escaping @Sendable ([CameraGrant]) -> Void
    ) {
        self.time = time
        self.log = log
        self.health = health
        self.waiting = waiting
        self.compare = compare
        self.apply = apply
    }

    /// Starts the thread that applies.
    package func start() {
        thread.withLock { running in
            guard running == nil else { return }
            running = OwnThread(name: "assignments") { [self] in
                while !stopping.isRaised {
                    _ = changed.take(timeout: .seconds(1))
                    let (grants, reports, revision, isFenced) = state.withLock { state in
                        let isFenced = state.holder.fence(now: time.now)
                        if isFenced { (state.wanted, state.applied) = ([], "") }
                        defer { state.wanted = nil }
                        return (state.wanted, state.holder.reports, state.holder.revision, isFenced)
                    }
                    guard let grants, !stopping.isRaised else { continue }
                    if isFenced {
                        log.warning("the dispatcher was not heard for the time of a lease; no camera is read until it is")
                    } else {
                        log.notice("cameras assigned", metadata: ["cameras": "\(grants.count)"])
                    }
                    compare(reports)
                    apply(grants)
                    state.withLock { $0.applied = revision }
                }
            }
        }
    }

    /// Ends the thread. What is read goes on being read until the ingest side stops.
    package func stop() {
        stopping.raise()
        changed.close()
        thread.withLock { $0 }?.join()
    }

    /// F1 of a HEALTH: first what changed, then a few of the others in turn.
    func report() -> [UInt8] {
        let (now, waiting) = (health(), waiting())
        return state.withLock { state in
            let tokens = state.holder.tokens
            let known = now.filter { tokens[$0.key] != nil }
            var ids = known.filter { !isSame(state.told[$0.key], $0.value) }.keys.sorted()
            ids = Array(ids.prefix(HealthReport.limitLines - Self.repeatedLines))
            let all = known.keys.sorted()
            let start = state.round.flatMap { last in all.firstIndex { $0 > last } } ?? 0
            let again = all[start...].prefix(Self.repeatedLines)
            state.round = again.last
            ids += again.filter { !ids.contains($0) }
            state.told = state.told.filter { tokens[$0.key] != nil }
            for id in ids { state.told[id] = known[id] }
            return HealthReport(
                applied: state.applied, stampMilliseconds: time.now.milliseconds, waitingRows: waiting.rows,
                waitingSeconds: waiting.oldestAgeSeconds,
                lines: ids.compactMap { id in
                    guard let token = tokens[id], let health = known[id] else { return nil }
                    return HealthReport.Line(camera: id, token: token, health: health)
                }
            ).payload
        }
    }

    /// The age of the last picture alone is no news.
    private func isSame(_ told: CameraHealth?, _ now: CameraHealth) -> Bool {
        told.map { $0.state == now.state && $0.reason == now.reason && $0.since == now.since } ?? false
    }

    /// Takes one ASSIGN.
    func received(_ piece: AssignmentPiece) {
        let isNew = state.withLock { state in
            guard let grants = state.holder.received(piece, stamp: .milliseconds(piece.stampMilliseconds)) else { return false }
            state.wanted = grants
            return true
        }
        // A full queue wakes the thread as well.
        if isNew { _ = changed.offer(()) }
    }
}
