// The dispatcher's desk for ingest nodes: hands out cameras, hears how they are.
// registry ══**ASSIGN ⇄ HEALTH**══▶ camera sessions; health → pages

package import Base
package import Domain
package import Logging
import Synchronization

/// What the receiver asks when a node reports. Called on its thread; must not block.
package protocol AssignmentDesk: Sendable {
    /// A node's HEALTH; returns the answers.
    func heard(_ payload: [UInt8], from node: NodeID) -> [AssignmentPiece]
    /// A node's BYE.
    func left(_ node: NodeID)
}

/// Keeps the board and the latest state of each camera. Safe on any thread; never blocks.
package final class AssignmentOffice: AssignmentDesk {
    private struct State {
        var board: LeaseBoard
        /// What was said of each camera last, by whom and when.
        var told: [CameraID: (health: CameraHealth, node: NodeID, at: WallTime)] = [:]
        var reported: Set<CameraID> = []
        var waiting: [NodeID: (rows: Int, oldestAgeSeconds: Double)] = [:]
    }

    private let state: Mutex<State>
    private let time: any TimeSource
    private let log: Logger
    private let badFrames: Counter

    package init(time: any TimeSource, log: Logger, metrics: MetricsRegistry) {
        state = Mutex(State(board: LeaseBoard(firstToken: UInt64(max(0, time.wallNow.millisecondsSince1970)))))
        self.time = time
        self.log = log
        badFrames = metrics.counter(
            "snowlight_bus_bad_frames_total", "Frames that were no message and were dropped.",
            labels: [("side", "receiver"), ("reason", "health")])
        metrics.gauge("snowlight_ingest_nodes", "Ingest nodes that report.") { [weak self] in
            [([], Double(self?.state.withLock { $0.board.size.nodes } ?? 0))]
        }
        metrics.gauge("snowlight_leases", "Cameras that an ingest node holds.") { [weak self] in
            [([], Double(self?.state.withLock { $0.board.size.leases } ?? 0))]
        }
    }

    /// Puts cameras in force; each node hears of it with the answer to its next HEALTH, within a second.
    package func publish(_ rows: [CameraRow]) {
        state.withLock { state in
            state.board.publish(rows)
            let known = Set(rows.map(\.camera.id))
            state.told = state.told.filter { known.contains($0.key) }
        }
    }

    /// Puts theft reports in force at every node, on the same way.
    package func publish(_ reports: [TheftReport]) { state.withLock { $0.board.publish(reports) } }

    /// A node says how its cameras are; returns what it is to read beside them or no longer.
    package func heard(_ payload: [UInt8], from node: NodeID) -> [AssignmentPiece] {
        guard let report = HealthReport(payload: payload) else {
            badFrames.increment()
            return []
        }
        let (now, wall) = (time.now, time.wallNow)
        let (pieces, unsendable) = state.withLock { state in
            let pieces = state.board.heard(node, report, now: now)
            state.waiting[node] = (report.waitingRows, report.waitingSeconds)
            state.waiting = state.waiting.filter { state.board.isLive($0.key, now: now) }
            for line in report.lines where state.board.isHeld(line.camera, by: node, token: line.token) {
                state.told[line.camera] = (line.health, node, wall)
            }
            let fresh = state.board.tooLarge.subtracting(state.reported)
            state.reported.formUnion(fresh)
            return (pieces, fresh)
        }
        for camera in unsendable { log.error("a camera's row is too large for the bus and is not read", metadata: ["camera": "\(camera)"]) }
        return pieces
    }

    /// A node has said goodbye: its cameras are free at once.
    package func left(_ node: NodeID) {
        state.withLock { $0.board.left(node) }
        log.notice("an ingest node has left", metadata: ["node": "\(node)"])
    }

    /// What waits in the outboxes of all nodes that report.
    package var waiting: (rows: Int, oldestAgeSeconds: Double) {
        state.withLock { state in
            state.waiting.values.reduce((0, 0)) { ($0.0 + $1.rows, max($0.1, $1.oldestAgeSeconds)) }
        }
    }

    /// The state of every camera as its node told it last; cameras without an entry have not been heard of.
    ///
    /// A camera whose node has fallen silent is unreachable as far as anybody here knows.
    package func health() -> [CameraID: CameraHealth] {
        let now = time.now
        return state.withLock { state in
            let board = state.board
            return state.told.mapValues { told in
                guard !board.isLive(told.node, now: now) else { return told.health }
                return CameraHealth(
                    state: .unreachable, reason: "its ingest node does not report", since: told.at, lastPicture: told.health.lastPicture)
            }
        }
    }
}
