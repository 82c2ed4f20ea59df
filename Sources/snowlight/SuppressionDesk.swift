// Joins the ingest side's suppressions to the console of the same process.
// suppressions ══▶ their file → **pages**; suppressions → incidents

import Base
import Console
import Domain
import IncidentBus
import Ingest
import Storage

extension SuppressionStore: SuppressionSink {}

/// The suppressions of this process as the console asks for them.
struct SuppressionDesk: SuppressionSource {
    let store: SuppressionStore
    let restorer: SuppressionRestorer
    let publisher: IncidentPublisher

    var keptFor: Duration { store.limits.age }
    func page(_ query: SuppressionQuery) async throws -> SuppressionPage { try await store.page(query) }
    func record(_ id: SuppressionID) async throws -> SuppressionRecord? { try await store.record(id) }
    func picture(of id: SuppressionID) async throws -> [UInt8]? { try await store.picture(of: id) }

    func restore(_ id: SuppressionID, by: String, name: String, note: String) async throws -> SuppressionRecord? {
        let record = try await onOwnThread("restore") { try restorer.restore(id, by: by, name: name, note: note) }
        publisher.notify()
        return record
    }
}
