// A place for suppressions in tests that are about something else.

import Domain
import Ingest

/// Keeps nothing.
struct NoSuppressions: SuppressionSink {
    func keep(_ batch: [SuppressedEvidence]) -> (rows: Int, pictures: Int) { (0, 0) }
}
