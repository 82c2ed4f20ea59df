// Where an incident becomes durable: from here on it is never lost and never doubled.
// detections → incidents → **outbox** ══ZeroMQ══▶ dispatcher → cases

package import Base
package import Domain
import Storage
import Synchronization

/// A row that waits for the dispatcher, its payload as it goes on the wire.
package struct PendingIncident: Hashable, Sendable {
    package var sequence: UInt64
    package var bytes: [UInt8]

    package init(sequence: UInt64, bytes: [UInt8]) {
        self.sequence = sequence
        self.bytes = bytes
    }
}

/// The outbox file of one ingest node. Safe on any thread; calls block on the disk, so own threads only, unless they say otherwise.
///
/// Failures: `.resourceExhausted` when the disk is full (try again with the same drafts), `.unavailable` when busy,
/// `.dataLoss` when a sync failed or the file is damaged: the process must end and recover at its next start.
package final class Outbox: Sendable {
    /// How long acknowledged rows are kept, so that a dispatcher restored from a backup can be replayed.
    package static let retention: Duration = .seconds(72 * 3600)
    /// Where the file stops growing: about four million revisions. A backlog must not fill the disk of the whole machine.
    package static let standardMaximumBytes = 4 << 30
    private static let pruneBatchRows = 1000
    /// No incident has as many revisions in one life of the file; a thousand leaps fit into what the wire can print.
    private static let revisionLeap: Int64 = 1_000_000
    /// SQL for the lowest number on disk, or the next one when nothing is.
    private static let lowest =
        "coalesce((SELECT min(seq) FROM outbox), (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'outbox'), 1)"

    /// What is known without asking the disk.
    private struct Tally: Sendable {
        var epoch: UInt64
        /// Where the numbers of the epoch begin.
        var first: UInt64
        /// `highest + 1` when no row is left.
        var lowest: UInt64
        var highest: UInt64
        /// No higher number can have left this file: what it held when it was opened, or what was sent since.
        var ceiling: UInt64
        /// Rows that wait for an acknowledgement.
        var waiting: Int
        var oldestWaitingMilliseconds: Int64?

        mutating func append(_ rows: Int, at now: WallTime) {
            highest += UInt64(rows)
            waiting += rows
            if oldestWaitingMilliseconds == nil { oldestWaitingMilliseconds = now.millisecondsSince1970 }
        }
    }

    package let nodeID: NodeID
    private let file: SQLiteFile
    private let time: any TimeSource
    private let tally: Mutex<Tally>
    /// Held over a write and the tally that follows from it, so that the two never disagree.
    private let writer = Mutex<Void>(())

    /// Opens or creates the file; a new one draws node id and epoch.
    /// - Parameters:
    ///   - node: The identity of a named node. A file that had another one goes on under this: to the dispatcher that is an outbox it never
    ///     heard of, so that everything on disk is sent again and told apart by incident id and revision.
    ///   - maximumBytes: A queue has an end: beyond it `append` throws `.resourceExhausted` like on a full disk.
    package static func open(
        path: String, node named: NodeID? = nil, maximumBytes: Int = standardMaximumBytes, time: any TimeSource = SystemTime()
    ) throws -> Outbox {
        let file = try SQLiteFile.open(path: path, migrations: OutboxSchema.migrations)
        do {
            let (node, tally) = try file.write { connection in
                let pageBytes = try connection.row("PRAGMA page_size")?.int("page_size") ?? 4096
                // A setting of the writer's connection, not of the file.
                _ = try connection.rows("PRAGMA max_page_count = \(max(1, Int64(maximumBytes) / pageBytes))")
                if try connection.row("SELECT id FROM meta") == nil {
                    var generator = SystemRandomNumberGenerator()
                    try connection.run(
                        "INSERT INTO meta (id, node, epoch) VALUES (1, $1, $2)",
                        [.blob(NodeID(using: &generator).bytes), .integer(Int64.random(in: .min ... .max, using: &generator))])
                }
                if let named {
                    try connection.run("UPDATE meta SET node = $1, first_seq = \(lowest) WHERE node <> $1", [.blob(named.bytes)])
                }
                guard let row = try connection.row("SELECT node FROM meta"), let node = NodeID(try row.blob("node")) else {
                    throw Failure(.dataLoss, "the outbox has lost its identity", context: [("file", path)])
                }
                return (node, try readTally(connection))
            }
            return Outbox(node: node, file: file, time: time, tally: tally)
        } catch {
            try? file.close()  // The failure to open is the one worth reporting.
            throw error
        }
    }

    private init(node: NodeID, file: SQLiteFile, time: any TimeSource, tally: Tally) {
        nodeID = node
        self.file = file
        self.time = time
        self.tally = Mutex(tally)
    }

    /// Names, with the node, the present sequence of numbers. Does not block.
    package var epoch: UInt64 { tally.withLock { $0.epoch } }

    /// The numbers still on disk, as HELLO tells them. Does not block.
    package var range: Hello { tally.withLock { Hello(lowest: $0.lowest, highest: $0.highest, first: $0.first > 1 ? $0.first : nil) } }

    /// The highest number that can have left this file. Does not block.
    ///
    /// A dispatcher that has seen more talks about another life of the file, even when `range` has caught up since.
    package var ceiling: UInt64 { tally.withLock { $0.ceiling } }

    /// Says that `sequence` was handed to a socket. Does not block.
    package func didSend(_ sequence: UInt64) { tally.withLock { $0.ceiling = max($0.ceiling, sequence) } }

    /// Rows that wait for the dispatcher, and how long the oldest has waited. Does not block.
    package func depth() -> (rows: Int, oldestAgeSeconds: Double) {
        let now = time.wallNow
        return tally.withLock { tally in
            let age = tally.oldestWaitingMilliseconds.map { now.seconds(since: WallTime(millisecondsSince1970: $0)) } ?? 0
            return (tally.waiting, max(0, age))  // A clock set back must not show a negative age.
        }
    }

    /// Turns observations into incidents and writes them in one transaction; returns after fsync.
    ///
    /// `open` mints an id, unless an incident is running under the key: then it continues that one. `updated`, `ended` and
    /// `expired` raise its revision; without a running incident they start one first, because an observation is never dropped.
    /// - Returns: The revisions written, in the order of the drafts; one more than drafts for each `ended` that had to start one.
    package func append(_ drafts: [IncidentDraft]) throws -> [Incident] {
        guard !drafts.isEmpty else { return [] }
        return try write { log in try drafts.flatMap { try log.write($0.fitted()) } }
    }

    /// Adds a stored clip to an incident by one more revision, whether it is still running or over; returns after fsync.
    ///
    /// - Returns: False when the incident is not in this file (any more): rows are kept 72 h.
    package func attach(_ clip: SnapshotReference, to id: IncidentID) throws -> Bool {
        try !write { log in try log.attach(clip, to: id).map { [$0] } ?? [] }.isEmpty
    }

    private func write(_ body: (inout IncidentLog) throws -> [Incident]) throws -> [Incident] {
        let now = time.wallNow
        return try writer.withLock { _ in
            let start = tally.withLock { $0.highest }
            let incidents = try file.write { connection in
                var log = IncidentLog(connection: connection, sequence: start, now: now)
                return try body(&log)
            }
            guard !incidents.isEmpty else { return [] }
            tally.withLock { $0.append(incidents.count, at: now) }
            return incidents
        }
    }

    /// Writes an incident that a person made of suppressed evidence: over, with an identity of its own, beside whatever runs under its key.
    ///
    /// Returns after fsync; false when it was written before and nothing changed.
    package func append(_ draft: IncidentDraft, restoredAs id: IncidentID, _ restoration: Restoration) throws -> Bool {
        let now = time.wallNow
        return try writer.withLock { _ in
            let start = tally.withLock { $0.highest }
            let isNew = try file.write { connection in
                var log = IncidentLog(connection: connection, sequence: start, now: now)
                return try log.write(draft.fitted(), restoredAs: id, restoration.fitted())
            }
            if isNew { tally.withLock { $0.append(1, at: now) } }
            return isNew
        }
    }

    /// Incidents that had not ended, oldest key first, for a ledger that starts again.
    package func openIncidents() throws -> [OpenIncident] {
        try file.read { connection in
            try connection.rows("SELECT payload, media_start_s, media_last_s FROM open_incident ORDER BY first_seen_ms, incident_key").map {
                OpenIncident(
                    incident: try IncidentLog.stored(try $0.blob("payload")), mediaStartSeconds: try $0.real("media_start_s"),
                    mediaLastSeconds: try $0.real("media_last_s"))
            }
        }
    }

    /// Up to `limit` rows behind `sequence`, in order, acknowledged ones included: a dispatcher may ask for them again.
    package func pending(after sequence: UInt64, limit: Int) throws -> [PendingIncident] {
        try file.read { connection in
            try connection.rows(
                "SELECT seq, payload FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
                [.integer(Int64(clamping: sequence)), .integer(Int64(limit))]
            ).map { PendingIncident(sequence: UInt64(try $0.int("seq")), bytes: try $0.blob("payload")) }
        }
    }

    /// Marks everything up to `sequence` as committed by the dispatcher. Harmless when repeated.
    package func acknowledge(through sequence: UInt64) throws {
        let now = time.wallNow
        try writer.withLock { _ in
            let (changed, oldest) = try file.write { connection in
                let changed = try connection.run(
                    "UPDATE outbox SET acked_ms = $2 WHERE seq <= $1 AND acked_ms IS NULL",
                    [.integer(Int64(clamping: sequence)), .integer(now.millisecondsSince1970)])
                return (changed, try Self.oldestWaiting(connection))
            }
            tally.withLock {
                $0.waiting -= changed
                $0.oldestWaitingMilliseconds = oldest
            }
        }
    }

    /// Removes at most 1,000 rows that were acknowledged longer ago than `retention`; returns how many.
    ///
    /// Only from the low end, so that the numbers on disk stay without holes whatever the clock did. Call again until 0.
    package func prune(retention: Duration = Outbox.retention) throws -> Int {
        let cutMilliseconds = time.wallNow.adding(seconds: -retention.seconds).millisecondsSince1970
        return try writer.withLock { _ in
            let (removed, lowest) = try file.write { connection in
                let removed = try connection.run(
                    """
                    DELETE FROM outbox WHERE seq IN (
                        SELECT seq FROM outbox WHERE seq < coalesce(
                            (SELECT seq FROM outbox WHERE acked_ms IS NULL OR acked_ms >= $1 ORDER BY seq LIMIT 1), 9223372036854775807)
                        ORDER BY seq LIMIT $2)
                    """, [.integer(cutMilliseconds), .integer(Int64(Self.pruneBatchRows))])
                return (removed, try connection.row("SELECT min(seq) AS seq FROM outbox")?.intOrNil("seq"))
            }
            tally.withLock { $0.lowest = lowest.map(UInt64.init) ?? $0.highest + 1 }
            return removed
        }
    }

    /// False when this file has another message under `sequence` than the one with this hash; a row that was pruned proves nothing.
    func holds(_ sha256: String, under sequence: UInt64) throws -> Bool {
        let row = try file.read { try $0.row("SELECT payload FROM outbox WHERE seq = $1", [.integer(Int64(clamping: sequence))]) }
        return try row.map { SHA256Hex.of(try $0.blob("payload")) == sha256 } ?? true
    }

    /// Draws a new epoch, because the dispatcher knows another past of the present one than this file has.
    ///
    /// That happens when the file was restored from a copy. Under the old epoch new incidents would pass for known ones; under a
    /// new one everything on disk is sent again and told apart by incident id and revision. The life that was lost may have gone on with
    /// incidents that run here as well, so revisions that nobody has acknowledged become ones that it cannot have given. First revisions
    /// stay: their identity was drawn here, or before the lives parted.
    package func renewEpoch() throws {
        try writer.withLock { _ in
            let drawn = UInt64.random(in: 0 ... .max)
            try file.write { connection in
                try connection.run("UPDATE meta SET epoch = $1, first_seq = \(Self.lowest)", [.integer(Int64(bitPattern: drawn))])
                for (table, condition) in [("outbox", "WHERE acked_ms IS NULL AND rev > 1"), ("open_incident", "")] {
                    try connection.run(
                        """
                        UPDATE \(table) SET rev = rev + $1, payload = CAST(json_set(CAST(payload AS TEXT), '$.rev', rev + $1) AS BLOB)
                        \(condition)
                        """, [.integer(Self.revisionLeap)])
                }
            }
            tally.withLock {
                $0.epoch = drawn
                $0.first = $0.lowest
            }
        }
    }

    /// Closes the file. Using the outbox afterwards throws.
    package func close() throws { try file.close() }

    private static func readTally(_ connection: any SQLConnection) throws -> Tally {
        let counts = try connection.row(
            """
            SELECT (SELECT epoch FROM meta) AS epoch, (SELECT first_seq FROM meta) AS first, min(seq) AS low,
                (SELECT seq FROM sqlite_sequence WHERE name = 'outbox') AS high FROM outbox
            """
        )
        let waiting = try connection.row("SELECT count(*) AS n FROM outbox WHERE acked_ms IS NULL")
        let highest = UInt64(try counts?.intOrNil("high") ?? 0)
        return Tally(
            epoch: UInt64(bitPattern: try counts?.int("epoch") ?? 0), first: UInt64(try counts?.int("first") ?? 1),
            lowest: try counts?.intOrNil("low").map(UInt64.init) ?? highest + 1, highest: highest, ceiling: highest,
            waiting: Int(try waiting?.int("n") ?? 0), oldestWaitingMilliseconds: try oldestWaiting(connection))
    }

    private static func oldestWaiting(_ connection: any SQLConnection) throws -> Int64? {
        try connection.row("SELECT created_ms FROM outbox WHERE acked_ms IS NULL ORDER BY seq LIMIT 1")?.int("created_ms")
    }
}
