// Where each sender stands: which number is next, which was seen, which is missing. A pure value.
// outbox ══▶ **in order?** → dispatcher → cases
//
// | number | answer | then |
// |---|---|---|
// | committed + staged + 1 | next | staged; becomes committed with the batch |
// | lower | duplicate | acknowledged again |
// | higher | gap | dropped; the last committed number is acknowledged, the sender goes back |

/// The cursors of all (node, epoch) that have spoken. Confined to the receiver's thread.
package struct ReceiverCursors: Sendable {
    /// One sequence of numbers.
    package struct Sender: Hashable, Sendable {
        package var node: NodeID
        package var epoch: UInt64

        package init(node: NodeID, epoch: UInt64) {
            self.node = node
            self.epoch = epoch
        }
    }

    /// Where a number stands.
    package enum Place: Hashable, Sendable { case next, duplicate, gap }

    /// Cursors are a cache of the database; beyond this many they are all read again.
    package static let capacity = 1024

    private struct Cursor: Sendable {
        var committed: UInt64
        var staged: UInt64
    }

    private var cursors: [Sender: Cursor] = [:]

    package init() {}

    /// Committed through here; nil when the database has to be asked.
    package func committed(_ sender: Sender) -> UInt64? { cursors[sender]?.committed }

    /// Takes over what the database says.
    package mutating func load(_ sender: Sender, committed: UInt64) {
        cursors[sender] = Cursor(committed: committed, staged: committed)
    }

    /// Places a number of a loaded sender; `next` moves on.
    package mutating func place(_ sender: Sender, _ sequence: UInt64) -> Place {
        guard let cursor = cursors[sender] else { preconditionFailure("a sender is loaded before its numbers are placed") }
        if sequence <= cursor.staged { return .duplicate }
        guard sequence == cursor.staged + 1 else { return .gap }
        cursors[sender]?.staged = sequence
        return .next
    }

    /// How many numbers are gone for good when a loaded sender no longer has anything below `lowest`. Between batches only.
    package func missing(_ sender: Sender, below lowest: UInt64) -> UInt64 {
        guard let cursor = cursors[sender], lowest > cursor.committed + 1 else { return 0 }
        return lowest - 1 - cursor.committed
    }

    /// The batch is on disk.
    package mutating func commitStaged() {
        cursors = cursors.mapValues { Cursor(committed: $0.staged, staged: $0.staged) }
    }

    /// Keeps the cache small; only between batches, when nothing is staged.
    package mutating func trim() { if cursors.count > Self.capacity { cursors.removeAll() } }

    /// The batch was not committed: nothing is known any more, the database is asked again.
    package mutating func forget() { cursors.removeAll() }
}
