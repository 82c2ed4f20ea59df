// Up to where an outbox has arrived without a gap, and what was set aside on the way.
// incidents ══ZeroMQ══▶ **cursor** → dispatcher

import Domain
import IncidentBus
import Storage

/// The position of one outbox. Moves only over numbers that are committed, whatever order they came in.
struct Cursor: Hashable {
    var node: NodeID
    var epoch: UInt64

    private var key: [SQLValue] { [.text(node.description), .integer(Int64(bitPattern: epoch))] }

    func read(_ sql: any SQLConnection) throws -> CommittedPosition {
        let row = try sql.row("SELECT seq, sha256 FROM node_cursor WHERE node = $1 AND epoch = $2", key)
        return CommittedPosition(sequence: UInt64(try row?.int("seq") ?? 0), sha256: try row?.textOrNil("sha256"))
    }

    /// Counts numbers, given with the hashes of their messages, as committed and moves as far as there is no gap.
    func advance(over digests: [Int64: String], in sql: any SQLConnection) throws {
        let last = Int64(try read(sql).sequence)
        let fresh = digests.keys.filter { $0 > last }
        guard !fresh.isEmpty else { return }
        let waiting = try sql.rows("SELECT seq FROM node_ahead WHERE node = $1 AND epoch = $2", key).map { try $0.int("seq") }
        let committed = Set(fresh).union(waiting)
        var reached = last
        while committed.contains(reached + 1) { reached += 1 }
        if reached > last { try advance(to: CommittedPosition(sequence: UInt64(reached), sha256: digests[reached]), in: sql) }
        for sequence in fresh where sequence > reached {
            try sql.run(
                "INSERT INTO node_ahead (node, epoch, seq) VALUES ($1, $2, $3) ON CONFLICT (node, epoch, seq) DO NOTHING",
                key + [.integer(sequence)])
        }
    }

    /// Sets the position and forgets what it passed.
    func advance(to position: CommittedPosition, in sql: any SQLConnection) throws {
        let values = key + [.integer(Int64(position.sequence))]
        try sql.run(
            """
            INSERT INTO node_cursor (node, epoch, seq, sha256) VALUES ($1, $2, $3, $4)
            ON CONFLICT (node, epoch) DO UPDATE SET seq = excluded.seq, sha256 = excluded.sha256
            """, values + [SQLValue(position.sha256)])
        try sql.run("DELETE FROM node_ahead WHERE node = $1 AND epoch = $2 AND seq <= $3", values)
    }
}

/// A message that could not be accepted, kept byte for byte until a person has looked at it.
struct DeadLetter {
    var node: NodeID
    var epoch: UInt64
    var sequence: UInt64
    var sha256: String
    var bytes: [UInt8]
    var reason: String

    /// False when the same message is there already.
    @discardableResult
    func insert(_ sql: any SQLConnection, now: WallTime) throws -> Bool {
        try sql.run(
            """
            INSERT INTO dead_letter (node, epoch, seq, sha256, at_ms, reason, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (node, epoch, seq, sha256) DO NOTHING
            """,
            [
                .text(node.description), .integer(Int64(bitPattern: epoch)), .integer(Int64(clamping: sequence)), .text(sha256),
                .integer(now.millisecondsSince1970), .text(StoredText.escape(reason)), .blob(bytes),
            ]) == 1
    }
}
