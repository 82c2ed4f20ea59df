// What retention needs to know: which incidents still have pictures, and what was deleted and not yet said. Steps 70 to 79 of the schema.
// cases on disk → **retention** → audit

import Storage

enum RetentionSchema {
    static let migrations = [
        Migration(
            70, "retention",
            [
                // When pictures and clip of an incident were deleted for their age; null while there are any, and where there were none.
                "ALTER TABLE incident ADD COLUMN evidence_deleted_ms BIGINT",
                // Only what still has pictures stands in it, in the order in which their time ends: one append for each incident.
                """
                CREATE INDEX incident_with_evidence ON incident (first_seen_ms, incident_id)
                WHERE snapshot_sha256 IS NOT NULL OR clip_sha256 IS NOT NULL
                """,
                // Counted in the transaction that deletes, taken off once the audit has it: no deletion goes unsaid.
                "CREATE TABLE retention_tally (kind TEXT NOT NULL PRIMARY KEY, deleted BIGINT NOT NULL, bytes BIGINT NOT NULL)",
            ] + RetentionKind.allCases.map { "INSERT INTO retention_tally (kind, deleted, bytes) VALUES ('\($0.rawValue)', 0, 0)" })
    ]
}
