// The node's side of its leases as a pure value: pieces to an assignment, and an end that needs nobody's word.
// registry ══**ASSIGN**══▶ camera sessions

package import Domain

/// What a node may read now. A value without clock or socket; times are the node's own monotonic clock.
package struct LeaseHolder: Sendable {
    private struct Gathering: Sendable {
        var revision: String
        var parts: Int
        var pieces: [Int: AssignmentPiece] = [:]
    }

    /// The assignment that is read by; empty for none.
    package private(set) var revision = ""
    /// The token of each camera that is read.
    package private(set) var tokens: [CameraID: UInt64] = [:]
    /// The open theft reports of that assignment.
    package private(set) var reports: [TheftReport] = []
    private var until: Duration?
    private var gathering: Gathering?

    package init() {}

    /// Takes one piece; returns all cameras to read when an assignment is complete.
    ///
    /// - Parameter stamp: When the HEALTH was sent that this answers; a lease counts from there, however long the answer took.
    package mutating func received(_ piece: AssignmentPiece, stamp: Duration) -> [CameraGrant]? {
        let end = piece.leaseMilliseconds.map { stamp + .milliseconds($0) }
        if piece.revision == revision {
            // A late answer does not shorten a lease that a later one has prolonged.
            until = end.map { max($0, until ?? .zero) }
            return nil
        }
        guard piece.parts > 0 else { return nil }
        if gathering?.revision != piece.revision || gathering?.parts != piece.parts {
            gathering = Gathering(revision: piece.revision, parts: piece.parts)
        }
        gathering?.pieces[piece.part] = piece
        guard let complete = gathering, complete.pieces.count == complete.parts else { return nil }
        let pieces = (0..<complete.parts).compactMap { complete.pieces[$0] }
        let grants = pieces.flatMap(\.grants)
        reports = pieces.flatMap(\.reports)
        gathering = nil
        revision = complete.revision
        tokens = Dictionary(grants.map { ($0.row.camera.id, $0.token) }, uniquingKeysWith: { first, _ in first })
        until = end
        return grants
    }

    /// True once, when the lease has run out: nothing may be read any more.
    package mutating func fence(now: Duration) -> Bool {
        guard let end = until, now >= end else { return false }
        (revision, tokens, reports, until, gathering) = ("", [:], [], nil, nil)
        return true
    }
}
