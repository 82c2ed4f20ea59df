// The dispatcher's tables, in SQL that SQLite and PostgreSQL both read.
// incidents → dispatcher → **cases on disk** → feed

package import Storage

/// The dispatcher's numbered schema steps; numbers 1 to 99 belong to this module.
///
/// Counters are rows that a transaction locks until it commits, so that their order is commit order on both databases.
/// Times are milliseconds since 1970, coordinates 1e-7 degree, truth values 0 or 1. Free text passes through `StoredText`.
package enum CasesSchema {
    package static let migrations = own + MapSchema.migrations + RetentionSchema.migrations

    private static let own = [
        Migration(1, "incidents as they arrive", intake), Migration(2, "cases and their log", cases), Migration(3, "feed", feed),
        Migration(4, "clips", clips),
        // Who made an incident of suppressed evidence, and why; null for what a machine reported.
        Migration(5, "restored incidents", ["ALTER TABLE incident ADD COLUMN restored_json TEXT"]),
        // What an event carries beside its note; null for nothing.
        Migration(20, "details of case events", ["ALTER TABLE case_event ADD COLUMN detail_json TEXT"]),
        // A report by a person: its key makes sending it twice the same as once.
        Migration(
            21, "reports",
            [
                """
                CREATE TABLE report (
                    account TEXT NOT NULL, report_key TEXT NOT NULL, case_id TEXT NOT NULL, body_sha256 TEXT NOT NULL,
                    PRIMARY KEY (account, report_key))
                """
            ]),
        Migration(60, "what joins cases", joins),
        // Who has a part of which case; the log alone says more.
        Migration(
            61, "tasks of joint handling",
            [
                """
                CREATE TABLE case_task (
                    case_id TEXT NOT NULL, task BIGINT NOT NULL, assignee_id TEXT NOT NULL, state TEXT NOT NULL,
                    PRIMARY KEY (case_id, task))
                """, "CREATE INDEX case_task_by_assignee ON case_task (assignee_id, case_id)",
            ]),
        // What the last number of an outbox held, so that a node whose outbox is an older copy notices; null when not known.
        Migration(90, "positions with a proof", ["ALTER TABLE node_cursor ADD COLUMN sha256 TEXT"]),
    ]

    private static let intake = [
        // Up to where each outbox is committed without a gap; `epoch` is the bit pattern of an unsigned number.
        "CREATE TABLE node_cursor (node TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (node, epoch))",
        // Committed beyond a gap; forgotten when the cursor passes.
        "CREATE TABLE node_ahead (node TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (node, epoch, seq))",
        """
        CREATE TABLE inbox (
            incident_id TEXT NOT NULL, rev BIGINT NOT NULL, node TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
            sha256 TEXT NOT NULL, accepted_ms BIGINT NOT NULL, PRIMARY KEY (incident_id, rev))
        """,
        // What could not be accepted, byte for byte, until a person has looked at it.
        """
        CREATE TABLE dead_letter (
            node TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, sha256 TEXT NOT NULL, at_ms BIGINT NOT NULL,
            reason TEXT NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (node, epoch, seq, sha256))
        """,
        // Names and the resolution are those of the first revision: a later map or name does not rewrite what happened.
        """
        CREATE TABLE incident (
            incident_id TEXT NOT NULL PRIMARY KEY, rev BIGINT NOT NULL, phase TEXT NOT NULL, camera_id TEXT NOT NULL, preset TEXT NOT NULL,
            zone TEXT NOT NULL, category TEXT NOT NULL, priority BIGINT NOT NULL, lon_e7 BIGINT NOT NULL, lat_e7 BIGINT NOT NULL,
            first_seen_ms BIGINT NOT NULL, last_seen_ms BIGINT NOT NULL, observations BIGINT NOT NULL, score BIGINT NOT NULL,
            box_x DOUBLE PRECISION, box_y DOUBLE PRECISION, box_width DOUBLE PRECISION, box_height DOUBLE PRECISION,
            reason_json TEXT NOT NULL, snapshot_sha256 TEXT, snapshot_bytes BIGINT, drill BIGINT NOT NULL, proposed BIGINT NOT NULL,
            camera_name TEXT NOT NULL, township TEXT NOT NULL, village TEXT NOT NULL, grid_code TEXT, grid_name TEXT,
            method TEXT NOT NULL, grid_set TEXT NOT NULL, near_border BIGINT NOT NULL, distance_m DOUBLE PRECISION,
            neighbours_json TEXT NOT NULL, camera_moved_m DOUBLE PRECISION,
            detected_ms BIGINT, published_ms BIGINT, accepted_ms BIGINT NOT NULL, case_ms BIGINT, pushed_ms BIGINT, delivered_ms BIGINT,
            opened_ms BIGINT, acknowledged_ms BIGINT)
        """,
        "CREATE INDEX incident_by_time ON incident (first_seen_ms, incident_id)",
        "CREATE INDEX incident_by_grid ON incident (grid_code, first_seen_ms)",
        "CREATE INDEX incident_by_camera ON incident (camera_id, first_seen_ms)",
    ]

    private static let cases = [
        "CREATE TABLE case_counter (beijing_date TEXT NOT NULL PRIMARY KEY, last BIGINT NOT NULL)",
        """
        CREATE TABLE "case" (
            case_id TEXT NOT NULL PRIMARY KEY, case_no TEXT UNIQUE, state TEXT NOT NULL, version BIGINT NOT NULL, category TEXT NOT NULL,
            priority BIGINT NOT NULL, drill BIGINT NOT NULL, grid_code TEXT, grid_name TEXT, grid_set TEXT NOT NULL, handling_grid TEXT,
            township TEXT NOT NULL, village TEXT NOT NULL, place_text TEXT NOT NULL, owner TEXT NOT NULL, assignee_id TEXT,
            assignee_name TEXT, opened_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL)
        """,
        "CREATE INDEX case_by_time ON \"case\" (opened_ms, case_id)",
        "CREATE INDEX case_by_grid ON \"case\" (grid_code, opened_ms)",
        "CREATE INDEX case_by_assignee ON \"case\" (assignee_id, opened_ms)",
        // The primary key is the promise: no incident in two cases.
        "CREATE TABLE case_incident (incident_id TEXT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL)",
        "CREATE INDEX incident_of_case ON case_incident (case_id)",
        """
        CREATE TABLE case_event (
            position BIGINT NOT NULL PRIMARY KEY, case_id TEXT NOT NULL, version BIGINT NOT NULL, at_ms BIGINT NOT NULL,
            actor TEXT NOT NULL, actor_name TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL, from_state TEXT, to_state TEXT NOT NULL,
            assignee_id TEXT, note TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL, UNIQUE (case_id, version))
        """,
        // One row: how long the log is and the hash of its last line, so that a missing tail shows too.
        "CREATE TABLE case_log_head (id BIGINT NOT NULL PRIMARY KEY, position BIGINT NOT NULL, hash TEXT NOT NULL)",
        "INSERT INTO case_log_head (id, position, hash) VALUES (1, 0, '')",
    ]

    /// What further incidents of a case have in common, where it is, and the cases it belongs with. Partial indexes cost a case nothing until
    /// it is concerned.
    private static let joins = [
        "ALTER TABLE \"case\" ADD COLUMN incident_key TEXT", "ALTER TABLE \"case\" ADD COLUMN place_lon_e7 BIGINT",
        "ALTER TABLE \"case\" ADD COLUMN place_lat_e7 BIGINT", "ALTER TABLE \"case\" ADD COLUMN merged_into TEXT",
        "ALTER TABLE \"case\" ADD COLUMN recurrence_of TEXT",
        """
        UPDATE "case" SET incident_key = (
            SELECT i.camera_id || '|' || i.preset || '|' || i.zone || '|' || i.category FROM case_incident ci
            JOIN incident i ON i.incident_id = ci.incident_id WHERE ci.case_id = "case".case_id ORDER BY i.incident_id LIMIT 1)
        """,
        """
        UPDATE "case" SET place_lon_e7 = (
            SELECT i.lon_e7 FROM case_incident ci JOIN incident i ON i.incident_id = ci.incident_id
            WHERE ci.case_id = "case".case_id ORDER BY i.incident_id LIMIT 1), place_lat_e7 = (
            SELECT i.lat_e7 FROM case_incident ci JOIN incident i ON i.incident_id = ci.incident_id
            WHERE ci.case_id = "case".case_id ORDER BY i.incident_id LIMIT 1)
        """,
        "CREATE INDEX case_by_key ON \"case\" (incident_key, opened_ms)",
        "CREATE INDEX case_by_place ON \"case\" (category, place_lat_e7)",
        "CREATE INDEX case_by_merge ON \"case\" (merged_into) WHERE merged_into IS NOT NULL",
        "CREATE INDEX case_by_recurrence ON \"case\" (recurrence_of) WHERE recurrence_of IS NOT NULL",
        "CREATE INDEX case_by_rest ON \"case\" (state, updated_ms) WHERE state IN ('suspended', 'closed')",
    ]

    private static let clips = [
        "ALTER TABLE incident ADD COLUMN clip_sha256 TEXT", "ALTER TABLE incident ADD COLUMN clip_bytes BIGINT",
    ]

    private static let feed = [
        "CREATE TABLE feed_head (id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL)",
        "INSERT INTO feed_head (id, seq) VALUES (1, 0)",
        """
        CREATE TABLE feed (
            seq BIGINT NOT NULL PRIMARY KEY, at_ms BIGINT NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL, grid_code TEXT)
        """,
    ]
}
