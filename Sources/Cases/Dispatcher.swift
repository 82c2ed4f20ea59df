// Takes incidents off the bus: everything a batch means is one transaction, and nothing is acknowledged before it is on disk.
// incidents ══ZeroMQ══▶ **dispatcher** → cases → feed

package import Base
import Domain
package import IncidentBus
package import Logging
package import Storage

/// Commits incidents exactly once: dedupe, grid, case, feed and cursor together. Blocks on the database; for own threads only.
///
/// The same message may come any number of times, in any order, before and after a crash: the effect is that of coming once.
package final class Dispatcher: IncidentCommitter {
    private let file: any SQLDatabase
    private let registry: RegistryBox
    private let signal: FeedSignal
    private let time: any TimeSource
    private let log: Logger
    private let counters: CaseCounters

    /// - Parameters:
    ///   - file: Opened with `CasesSchema.migrations`.
    ///   - signal: Hears the newest feed sequence after each commit.
    package init(
        file: any SQLDatabase, registry: RegistryBox, signal: FeedSignal, time: any TimeSource, log: Logger, metrics: MetricsRegistry
    ) throws {
        self.file = file
        self.registry = registry
        self.signal = signal
        self.time = time
        self.log = log
        counters = CaseCounters(metrics)
        // A restart goes on where the feed stands, so that readers who come back hear the right number at once.
        signal.announce(try file.read { try $0.row("SELECT seq FROM feed_head WHERE id = 1")?.int("seq") ?? 0 })
    }

    /// Up to where this outbox is committed without a gap; 0 for one never heard of.
    package func position(node: NodeID, epoch: UInt64) throws -> CommittedPosition {
        try file.read { try Cursor(node: node, epoch: epoch).read($0) }
    }

    /// Stores the batch in one transaction and returns after fsync, one outcome per message in the same order.
    ///
    /// A message that breaks the transaction is set aside alone, so that nothing behind it waits.
    /// - Throws: `.resourceExhausted` (disk full) and `.unavailable` (busy): nothing was stored, send again. `.dataLoss`: end the process.
    package func commit(_ batch: [ReceivedIncident]) throws -> [CommitOutcome] {
        do { return try store(batch) } catch let failure as Failure where Self.blamesContent(failure) {
            log.error("a batch failed; its messages are taken one by one", metadata: ["error": "\(failure)", "messages": "\(batch.count)"])
        }
        return try batch.map { message in
            do { return try store([message])[0] } catch let failure as Failure where Self.blamesContent(failure) {
                return try store([message], refusing: "\(failure)")[0]
            }
        }
    }

    /// Sets the cursor of a sequence that begins behind 1, unless something of it is committed.
    package func begin(node: NodeID, epoch: UInt64, at first: UInt64) throws {
        try file.write { sql in
            let cursor = Cursor(node: node, epoch: epoch)
            guard first <= UInt64(Int64.max), try cursor.read(sql).sequence == 0 else { return }
            try cursor.advance(to: CommittedPosition(sequence: first - 1), in: sql)
        }
    }

    /// Moves the cursor over numbers that the node says it no longer holds, and leaves a dead letter that names them.
    ///
    /// Without this a dispatcher restored from an old backup would wait for ever. Call it when HELLO's `lowest` is beyond the next number.
    package func acceptGap(node: NodeID, epoch: UInt64, lowestRetained: UInt64) throws {
        let now = time.wallNow
        let lost = try file.write { sql -> ClosedRange<UInt64>? in
            let cursor = Cursor(node: node, epoch: epoch)
            let last = try cursor.read(sql).sequence
            guard lowestRetained > last + 1, lowestRetained <= UInt64(Int64.max) else { return nil }
            let lost = last + 1...lowestRetained - 1
            try DeadLetter(
                node: node, epoch: epoch, sequence: lost.upperBound, sha256: "", bytes: [],
                reason: "numbers \(lost.lowerBound)…\(lost.upperBound) never arrived and the node no longer holds them"
            ).insert(sql, now: now)
            try cursor.advance(to: CommittedPosition(sequence: lowestRetained - 1), in: sql)
            return lost
        }
        if let lost {
            counters.quarantined.increment()
            log.critical("incidents are missing", metadata: ["node": "\(node)", "from": "\(lost.lowerBound)", "to": "\(lost.upperBound)"])
        }
    }

    private static func blamesContent(_ failure: Failure) -> Bool {
        failure.kind == .internal || failure.kind == .conflict || failure.kind == .invalidInput
    }

    private func store(_ batch: [ReceivedIncident], refusing reason: String? = nil) throws -> [CommitOutcome] {
        guard !batch.isEmpty else { return [] }
        let now = time.wallNow
        let ((outcomes, alarms), effects) = try file.write { sql in
            try CaseTransaction.run(sql, registry.current(in: sql), now: now) { transaction in
                var intake = Intake()
                let outcomes = try batch.map { message in
                    try reason.map { try intake.quarantine(message, $0, transaction) } ?? intake.take(message, &transaction)
                }
                for (cursor, digests) in Self.digests(batch) { try cursor.advance(over: digests, in: sql) }
                return (outcomes, intake.alarms)
            }
        }
        if let newest = effects.newestFeed { signal.announce(newest) }
        counters.count(effects.entered)
        counters.quarantined.increment(by: UInt64(alarms.count))
        for alarm in alarms {
            log.error(
                "an incident needs a person", metadata: ["reason": "\(alarm.reason)", "node": "\(alarm.node)", "seq": "\(alarm.sequence)"])
        }
        return outcomes
    }

    /// The hash under each number, by sender.
    private static func digests(_ batch: [ReceivedIncident]) -> [Cursor: [Int64: String]] {
        var digests: [Cursor: [Int64: String]] = [:]
        for message in batch {
            // Numbers beyond Int64 exist in no outbox; such a message is a dead letter and moves no cursor.
            guard let sequence = Int64(exactly: message.sequence) else { continue }
            digests[Cursor(node: message.node, epoch: message.epoch), default: [:]][sequence] = message.sha256
        }
        return digests
    }
}

/// The dispatcher's counters.
struct CaseCounters: Sendable {
    let quarantined: Counter
    private let states: [CaseState: Counter]

    init(_ metrics: MetricsRegistry) {
        quarantined = metrics.counter("snowlight_quarantined_total", "Messages set aside for a person.")
        states = Dictionary(
            uniqueKeysWithValues: CaseState.allCases.map {
                ($0, metrics.counter("snowlight_cases_total", "Cases that entered a state.", labels: [("state", $0.rawValue)]))
            })
    }

    func count(_ entered: [CaseState]) {
        for state in entered { states[state]?.increment() }
    }
}
