// The outbox file, table by table. A released step never changes; later steps follow it.
// incidents → **outbox** ══ZeroMQ══▶ dispatcher

import Storage

enum OutboxSchema {
    static let migrations = [
        Migration(
            1, "outbox",
            [
                // One row. node: 16 random bytes. epoch: a random u64, its bits kept in SQLite's signed integer. (node, epoch) names
                // one sequence of numbers; a new file, or a file found to be older than what the dispatcher has, gets a new epoch.
                """
                CREATE TABLE meta (
                    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
                    node BLOB NOT NULL CHECK (length(node) = 16),
                    epoch INTEGER NOT NULL)
                """,
                // AUTOINCREMENT: plain row ids would reuse numbers after the newest rows were pruned. payload is F1 byte for byte,
                // so that every retransmission has the same hash. acked_ms is wall time, for the 72 h of retention only.
                """
                CREATE TABLE outbox (
                    seq INTEGER PRIMARY KEY AUTOINCREMENT,
                    incident_id TEXT NOT NULL,
                    rev INTEGER NOT NULL,
                    payload BLOB NOT NULL,
                    created_ms INTEGER NOT NULL,
                    acked_ms INTEGER,
                    UNIQUE (incident_id, rev))
                """,
                "CREATE INDEX outbox_pending ON outbox (seq) WHERE acked_ms IS NULL",
                // The running incident of each key, written in the transaction of its revision. payload is the latest revision.
                // A detector that starts again counts from one: base_count is what earlier detectors counted, draft_count what
                // the present one has reported.
                """
                CREATE TABLE open_incident (
                    incident_key TEXT NOT NULL PRIMARY KEY,
                    incident_id TEXT NOT NULL UNIQUE,
                    rev INTEGER NOT NULL,
                    first_seen_ms INTEGER NOT NULL,
                    last_seen_ms INTEGER NOT NULL,
                    base_count INTEGER NOT NULL,
                    draft_count INTEGER NOT NULL,
                    media_start_s REAL NOT NULL,
                    media_last_s REAL NOT NULL,
                    payload BLOB NOT NULL)
                """,
            ]),
        // Where the numbers of the epoch begin: what a file had before it got a new epoch or another name is not missing under it.
        Migration(2, "first numbers", ["ALTER TABLE meta ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1"]),
    ]
}
