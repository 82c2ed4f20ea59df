// Which node reads which camera, as a pure value: even shares, one holder at a time, a rising token.
// registry ══**who reads it?**══▶ camera sessions
//
// | a camera that | and | then |
// |---|---|---|
// | has no holder | a node is live | is granted to the node that ranks highest for it |
// | has a holder | that was not heard for a lease, or said BYE | is granted to the one that ranks highest, token + 1 |
// | has a holder | another node ranks higher | is withdrawn; granted on when the holder has applied an assignment without it |
// | is no longer in the registry | – | is withdrawn and forgotten |
//
// Ranks are hashes of camera and node (rendezvous hashing), so that a node that comes or goes moves its own share and no other.

package import Domain
import Storage

/// The leases of all cameras. A value without clock or socket.
package struct LeaseBoard: Sendable {
    /// A node not heard for this long has no leases any more.
    package static let leaseTime: Duration = .seconds(15)
    /// It stops by itself this long after the HEALTH that was answered last; the rest is for what was on its way.
    package static let fenceTime: Duration = .seconds(10)

    private struct Lease {
        var node: NodeID
        var token: UInt64
        var isWithdrawn = false
    }

    private struct Node {
        var heard: Duration
        /// What the node said that it reads by.
        var applied = ""
        var revision = ""
        var groups: [AssignmentPiece.Group] = []
        var isStale = true
    }

    private var rows: [CameraID: CameraRow] = [:]
    private var reports: [TheftReport] = []
    private var leases: [CameraID: Lease] = [:]
    private var nodes: [NodeID: Node] = [:]
    private var lastToken: UInt64
    /// True when shares have to be worked out again.
    private var isUnsettled = true
    /// Cameras whose rows fit into no message, for the log.
    package private(set) var tooLarge: Set<CameraID> = []

    /// - Parameter firstToken: Above every token given in an earlier life of the dispatcher: milliseconds of wall time will do.
    package init(firstToken: UInt64) { lastToken = firstToken }

    /// Live nodes, and cameras that have a holder.
    package var size: (nodes: Int, leases: Int) { (nodes.count, leases.count) }

    /// True for a node that was heard within a lease.
    package func isLive(_ node: NodeID, now: Duration) -> Bool { nodes[node].map { now - $0.heard < Self.leaseTime } ?? false }

    /// True when `node` holds the camera under `token`.
    package func isHeld(_ camera: CameraID, by node: NodeID, token: UInt64) -> Bool {
        leases[camera].map { $0.node == node && $0.token == token } ?? false
    }

    /// Puts other cameras or other rows in force; reaches each node with the answer to its next HEALTH.
    package mutating func publish(_ cameras: [CameraRow]) {
        let fresh = Dictionary(cameras.map { ($0.camera.id, $0) }, uniquingKeysWith: { first, _ in first })
        for (id, lease) in leases where fresh[id] != rows[id] { nodes[lease.node]?.isStale = true }
        leases = leases.filter { fresh[$0.key] != nil }
        rows = fresh
        isUnsettled = true
    }

    /// Puts other theft reports in force; they reach every node as cameras do.
    package mutating func publish(_ reports: [TheftReport]) {
        guard reports != self.reports else { return }
        self.reports = reports
        for node in nodes.keys { nodes[node]?.isStale = true }
    }

    /// A node reports; returns what to answer.
    package mutating func heard(_ node: NodeID, _ report: HealthReport, now: Duration) -> [AssignmentPiece] {
        if nodes[node] == nil { isUnsettled = true }
        nodes[node, default: Node(heard: now)].heard = now
        nodes[node]?.applied = report.applied
        expire(now)
        if isUnsettled { settle() }
        if handOver(node) { settle() }
        rebuild(node)
        guard let known = nodes[node] else { return [] }
        let lease = nodes.count > 1 ? Self.fenceTime.milliseconds : nil
        let isCurrent = known.revision == report.applied
        let groups = isCurrent ? [AssignmentPiece.Group()] : known.groups
        return groups.enumerated().map { part, group in
            AssignmentPiece(
                revision: known.revision, part: part, parts: isCurrent ? 0 : groups.count, stampMilliseconds: report.stampMilliseconds,
                leaseMilliseconds: lease, grants: group.grants, reports: group.reports)
        }
    }

    /// A node says that it stops; others may read its cameras at once.
    package mutating func left(_ node: NodeID) {
        guard nodes.removeValue(forKey: node) != nil else { return }
        isUnsettled = true
    }

    private mutating func expire(_ now: Duration) {
        for (node, state) in nodes where now - state.heard >= Self.leaseTime { left(node) }
    }

    /// Works out the shares; what another live node still reads is only withdrawn.
    private mutating func settle() {
        isUnsettled = false
        let live = nodes.keys.sorted { $0.description < $1.description }
        for id in rows.keys.sorted() {
            guard let best = live.max(by: { Self.rank(id, $0) < Self.rank(id, $1) }) else { continue }
            guard let lease = leases[id], nodes[lease.node] != nil else {
                grant(id, to: best)
                continue
            }
            if lease.isWithdrawn != (lease.node != best) {
                leases[id]?.isWithdrawn = lease.node != best
                nodes[lease.node]?.isStale = true
            }
        }
    }

    private mutating func grant(_ id: CameraID, to node: NodeID) {
        lastToken += 1
        leases[id] = Lease(node: node, token: lastToken)
        nodes[node]?.isStale = true
    }

    /// Frees what this node was asked to give up, once it reads by an assignment without it; true when something was freed.
    private mutating func handOver(_ node: NodeID) -> Bool {
        guard let state = nodes[node], !state.isStale, state.applied == state.revision else { return false }
        let freed = leases.filter { $0.value.node == node && $0.value.isWithdrawn }
        for id in freed.keys { leases[id] = nil }
        return !freed.isEmpty
    }

    private mutating func rebuild(_ node: NodeID) {
        guard nodes[node]?.isStale == true else { return }
        let mine = leases.filter { $0.value.node == node && !$0.value.isWithdrawn }.sorted { $0.key < $1.key }
        let cut = AssignmentPiece.cut(mine.compactMap { id, lease in rows[id].map { CameraGrant(row: $0, token: lease.token) } }, reports)
        tooLarge.formUnion(cut.tooLarge)
        nodes[node]?.revision = cut.revision
        nodes[node]?.groups = cut.groups
        nodes[node]?.isStale = false
    }

    /// FNV-1a over camera and node: the same on every machine and in every run, as `Hasher` is not.
    private static func rank(_ camera: CameraID, _ node: NodeID) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in camera.digits.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in node.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        // The last bytes reach the upper bits only by this.
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        return hash ^ hash >> 32
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
