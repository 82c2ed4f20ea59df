// Once an hour what is too old is deleted: the key `retention` of the configuration, and the thread that does it.
// configuration → **retention** → audit, metrics, log

import Base
import Cases
import Foundation
import Logging
import Storage

/// The key `retention` of the configuration.
struct RetentionSettings: Sendable, Hashable {
    /// What the dispatcher deletes.
    var policy = RetentionPolicy()
    /// After how long an ingest node forgets what was not told.
    var suppressions = SuppressionStore.Limits.standard.age

    /// Reads `retention`; findings go to its nodes.
    static func read(_ root: StrictYAML) -> RetentionSettings {
        var settings = RetentionSettings()
        guard let node = root.child("retention") else { return settings }
        defer { node.finish() }
        let day = 86_400
        let years = Duration.seconds(3660 * day)
        // Runs that were missed on a long weekend must not empty a folder at once by a mistyped unit: a day at least.
        if let value = node.child("evidence")?.duration(in: .seconds(day)...years) { settings.policy.evidence = value }
        if let value = node.child("case_evidence")?.duration(in: .seconds(day)...years) { settings.policy.caseEvidence = value }
        // What a node may send again must still be known: it keeps what was acknowledged for three days.
        if let value = node.child("incidents")?.duration(in: .seconds(8 * day)...years) { settings.policy.incidents = value }
        if let value = node.child("suppressions")?.duration(in: .seconds(3600) ... .seconds(60 * day)) { settings.suppressions = value }
        if settings.policy.caseEvidence < settings.policy.evidence {
            node.report("retention.case_evidence must not be shorter than retention.evidence: a case would lose its pictures first")
        }
        if settings.policy.incidents < settings.policy.evidence {
            node.report("retention.incidents must not be shorter than retention.evidence: pictures go before what they show")
        }
        return settings
    }
}

/// Runs retention on a thread of its own: a minute after the start, then every hour; at once again while there is more to delete.
///
/// A run that fails is logged and counted; the next one finds what it left.
final class RetentionKeeper: @unchecked Sendable {
    // Unchecked: `thread` is set by `start` and read by `stop`, which follow each other; `retention` is used on the thread alone.
    private static let first = Duration.seconds(60)
    private static let every = Duration.seconds(3600)
    private static let soon = Duration.seconds(5)

    private let retention: Retention
    private let time: any TimeSource
    private let log: Logger
    private let deleted: [RetentionKind: Counter]
    private let runs: [Bool: Counter]
    private let stopping: StopSignal
    private var thread: OwnThread?

    init(
        _ policy: RetentionPolicy, file: any SQLDatabase, audit: any SQLDatabase, pictures: SnapshotStore, time: any TimeSource,
        log: Logger,
        metrics: MetricsRegistry
    ) {
        stopping = StopSignal()
        retention = Retention(file: file, audit: audit, pictures: pictures, policy: policy, stopping: stopping)
        self.time = time
        self.log = log
        deleted = Dictionary(
            uniqueKeysWithValues: RetentionKind.allCases.map {
                ($0, metrics.counter("snowlight_retention_deleted_total", "What was deleted for its age.", labels: [("kind", $0.rawValue)]))
            })
        runs = Dictionary(
            uniqueKeysWithValues: [true, false].map {
                ($0, metrics.counter("snowlight_retention_runs_total", "Runs of retention.", labels: [("result", $0 ? "done" : "failed")]))
            })
    }

    func start() {
        thread = OwnThread(name: "retention") { [self] in
            var pause = Self.first
            while !stopping.sleep(pause) { pause = run() ? Self.soon : Self.every }
        }
    }

    /// Waits for the transaction under way.
    func stop() {
        stopping.raise()
        thread?.join()
    }

    /// True when there is more to delete.
    private func run() -> Bool {
        do {
            let report = try retention.run(now: time.wallNow)
            runs[true]?.increment()
            for line in report.lines {
                deleted[line.kind]?.increment(by: UInt64(line.deleted))
                log.notice(
                    "retention",
                    metadata: [
                        "kind": "\(line.kind.rawValue)", "deleted": "\(line.deleted)", "bytes": "\(line.bytes)",
                        "oldest_kept": "\(line.oldestKept.map { "\($0)" } ?? "none")", "held_for_cases": "\(report.held)",
                    ])
            }
            return report.hasMore
        } catch {
            runs[false]?.increment()
            log.error("retention failed; the next run goes on", metadata: ["failure": "\(error)"])
            return false
        }
    }
}
