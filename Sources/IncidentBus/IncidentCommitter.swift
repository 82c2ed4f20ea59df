// What the dispatcher does with a batch; the bus only promises order and repetition until it is told "committed".
// outbox ══ZeroMQ══▶ **dispatcher** → cases

package import Base
package import Domain

/// One INCIDENT frame that arrived intact and in order.
package struct ReceivedIncident: Sendable {
    package var node: NodeID
    package var epoch: UInt64
    package var sequence: UInt64
    /// F1 as it was sent.
    package var bytes: [UInt8]
    /// SHA-256 of `bytes`, 64 hexadecimal digits: the same id and revision with another hash is a conflict.
    package var sha256: String
    /// The incident, or why these bytes can never be one: poison, for `dead_letter` in the same transaction.
    package var incident: Result<Incident, Failure>

    package init(
        node: NodeID, epoch: UInt64, sequence: UInt64, bytes: [UInt8], sha256: String, incident: Result<Incident, Failure>
    ) {
        self.node = node
        self.epoch = epoch
        self.sequence = sequence
        self.bytes = bytes
        self.sha256 = sha256
        self.incident = incident
    }
}

/// What became of one message of a batch; all are acknowledged.
package enum CommitOutcome: Hashable, Sendable {
    case committed
    /// Known before, with the same hash.
    case duplicate
    /// Set aside for a person, with the reason.
    case quarantined(String)
}

/// Up to where one sequence of numbers is committed.
package struct CommittedPosition: Hashable, Sendable {
    /// The highest number that is committed; 0 when none is.
    package var sequence: UInt64
    /// SHA-256 of the message with that number, by which a sender tells its own past from that of another life of its file; nil when it
    /// is not known, or when the number was given up.
    package var sha256: String?

    package init(sequence: UInt64, sha256: String? = nil) {
        self.sequence = sequence
        self.sha256 = sha256
    }
}

/// The dispatcher's end of the bus. Called on the receiver's own thread only; may block.
package protocol IncidentCommitter: Sendable {
    /// Where (node, epoch) stands.
    func position(node: NodeID, epoch: UInt64) throws -> CommittedPosition

    /// Sets the cursor of a sequence that nothing was committed of to `first - 1`: lower numbers are none of its own.
    func begin(node: NodeID, epoch: UInt64, at first: UInt64) throws

    /// Moves the cursor to `lowestRetained - 1` for good: the sender no longer holds what is missing below, and says so.
    ///
    /// Leaves a trace that a person finds. Harmless when the cursor is there already.
    func acceptGap(node: NodeID, epoch: UInt64, lowestRetained: UInt64) throws

    /// Commits all of it in one transaction, the cursor of each (node, epoch) included, and returns after fsync.
    ///
    /// Sequences of one (node, epoch) ascend without holes, behind `position` or an accepted gap.
    /// - Returns: One outcome per message, in order.
    /// - Throws: `.resourceExhausted`, `.unavailable` and others: nothing was committed, the senders are asked to wait.
    ///   `.dataLoss`: the process must end.
    func commit(_ batch: [ReceivedIncident]) throws -> [CommitOutcome]
}

extension IncidentCommitter {
    /// The highest sequence of (node, epoch) that is committed; 0 when none is.
    package func lastCommitted(node: NodeID, epoch: UInt64) throws -> UInt64 { try position(node: node, epoch: epoch).sequence }
}
