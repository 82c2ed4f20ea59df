// The tables of the pushes, beside the cases they are about, so that one transaction sees both.
// cases → decisions → **push outbox on disk** → channels

package import Storage

/// The numbered schema steps of the pushes: 30 to 39.
package enum PushesSchema {
    package static let migrations = [Migration(30, "pushes", tables)]

    private static let tables = [
        // Up to where the feed was read; it starts at the end of what an older version wrote, which nobody waits for any more.
        "CREATE TABLE push_cursor (id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL)",
        "INSERT INTO push_cursor (id, seq) SELECT 1, seq FROM feed_head WHERE id = 1",
        // When a case has to be looked at again. Only a shortcut: the log alone says what is due.
        "CREATE TABLE push_timer (case_no TEXT NOT NULL PRIMARY KEY, due_ms BIGINT NOT NULL)",
        "CREATE INDEX push_timer_by_time ON push_timer (due_ms)",
        // What became of each step for each recipient ('' when none was chosen); `until_ms` is set while it will be looked at again.
        """
        CREATE TABLE push_decision (
            case_no TEXT NOT NULL, run BIGINT NOT NULL, level TEXT NOT NULL, recipient TEXT NOT NULL, kind TEXT NOT NULL,
            priority BIGINT NOT NULL, trouble TEXT NOT NULL, at_ms BIGINT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
            until_ms BIGINT, PRIMARY KEY (case_no, run, level, recipient))
        """,
        "CREATE INDEX push_decision_by_trouble ON push_decision (trouble, at_ms)",
        "CREATE INDEX push_decision_by_time ON push_decision (at_ms)",
        // Steps that wait for company: one township's, one digest's.
        """
        CREATE TABLE push_held (
            hold_key TEXT NOT NULL, case_no TEXT NOT NULL, run BIGINT NOT NULL, level TEXT NOT NULL, recipient TEXT NOT NULL,
            kind TEXT NOT NULL, at_ms BIGINT NOT NULL, flush_ms BIGINT NOT NULL,
            PRIMARY KEY (hold_key, case_no, run, level, recipient))
        """,
        "CREATE INDEX push_held_by_time ON push_held (flush_ms)",
        """
        CREATE TABLE push (
            push_key TEXT NOT NULL PRIMARY KEY, destination TEXT NOT NULL, channel TEXT NOT NULL, recipient TEXT NOT NULL, kind TEXT NOT NULL,
            priority BIGINT NOT NULL, notice_json TEXT NOT NULL, created_ms BIGINT NOT NULL, not_before_ms BIGINT NOT NULL,
            attempts BIGINT NOT NULL, tried_ms BIGINT, state TEXT NOT NULL, result TEXT NOT NULL, ended_ms BIGINT)
        """,
        "CREATE INDEX push_waiting ON push (destination, state, not_before_ms)",
        "CREATE INDEX push_tried ON push (destination, tried_ms)",
        "CREATE INDEX push_by_recipient ON push (recipient, created_ms)",
        "CREATE INDEX push_by_time ON push (created_ms)",
        // Which cases a push speaks of, and the run each was in.
        "CREATE TABLE push_case (push_key TEXT NOT NULL, case_no TEXT NOT NULL, run BIGINT NOT NULL, PRIMARY KEY (push_key, case_no))",
        "CREATE INDEX push_of_case ON push_case (case_no)",
        """
        CREATE TABLE push_silence (
            silence_id TEXT NOT NULL PRIMARY KEY, camera_id TEXT, grid_code TEXT, category TEXT, total BIGINT NOT NULL,
            author TEXT NOT NULL, author_name TEXT NOT NULL, reason TEXT NOT NULL, from_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL)
        """,
        "CREATE INDEX push_silence_by_end ON push_silence (until_ms)",
        """
        CREATE TABLE push_absence (
            worker_id TEXT NOT NULL, from_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (worker_id, from_ms))
        """,
    ]
}
