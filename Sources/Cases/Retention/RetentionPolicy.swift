// For how long the dispatcher keeps what it was given, as plain values.
// configuration → **policy** → retention

package import Domain

/// What is deleted when its time is over; the word in the audit, in the log and in the metric.
package enum RetentionKind: String, Sendable, CaseIterable {
    /// Pictures and clips of incidents.
    case evidence
    /// Files among the pictures that no incident names: a crash left them, or the incident never arrived.
    case orphan
    /// Incidents of which nobody made a case.
    case incident
    /// Messages of ingest nodes that could not be accepted.
    case rejected
}

/// Times after which things are deleted.
package struct RetentionPolicy: Sendable, Hashable {
    /// Pictures and clips of what became no case, after it was last seen.
    package var evidence = Duration.seconds(30 * 86_400)
    /// Those of a case, after it was archived, declined or voided.
    package var caseEvidence = Duration.seconds(180 * 86_400)
    /// What became no case, after it was last seen, and messages that could not be accepted.
    package var incidents = Duration.seconds(366 * 86_400)

    package init() {}

    func cuts(_ now: WallTime) -> RetentionCuts {
        RetentionCuts(
            evidence: now.adding(seconds: -Double(evidence.components.seconds)),
            caseEvidence: now.adding(seconds: -Double(caseEvidence.components.seconds)),
            incidents: now.adding(seconds: -Double(incidents.components.seconds)), now: now)
    }
}

/// The moments before which things are too old.
struct RetentionCuts: Sendable, Hashable {
    var evidence: WallTime
    var caseEvidence: WallTime
    var incidents: WallTime
    var now: WallTime
}

/// What one run did.
package struct RetentionReport: Sendable, Hashable {
    /// What was deleted of one kind since the audit heard of it last.
    package struct Line: Sendable, Hashable {
        package var kind: RetentionKind
        package var deleted: Int
        /// Zero where nobody counts bytes.
        package var bytes: Int
        /// The oldest that is still there; nil when nothing is.
        package var oldestKept: WallTime?

        /// As it stands in the audit.
        package var sentence: String {
            let size = bytes > 0 ? " (\(bytes) bytes)" : ""
            return "\(deleted) deleted\(size); oldest kept: \(oldestKept.map { "\($0)" } ?? "none")"
        }
    }

    package var lines: [Line] = []
    /// Incidents whose pictures are older than `evidence` and stay for their case.
    package var held = 0
    /// True when there was more than one run deletes.
    package var hasMore = false
}
