// "This was an event": a suppression becomes the incident that it should have been, exactly once.
// **suppressions → incidents** → outbox ══ZeroMQ══▶ dispatcher → feed, cases

import Base
package import Domain
package import Storage
import Synchronization

/// Restores suppressions. Safe on any thread; blocks on the disk, so own threads only.
///
/// | step | on disk afterwards | a crash behind it is mended by |
/// |---|---|---|
/// | 1 | who says so and why, in the suppression; the first word stands | `finishInterrupted` at the next start |
/// | 2 | the picture among those of incidents, where retention of suppressions does not reach | the same; pictures are named by content |
/// | 3 | the incident in the outbox, under the identity of the suppression | the same; the outbox knows the identity |
/// | 4 | the suppression says that the outbox has it | – |
package final class SuppressionRestorer: Sendable {
    private let store: SuppressionStore
    private let snapshots: SnapshotStore
    private let outbox: Outbox
    /// Where a camera stands; nil for one that is not registered any more.
    private let place: @Sendable (CameraID) -> GeoPoint?
    /// One at a time: two people may press at once.
    private let turn = Mutex<Void>(())

    package init(
        store: SuppressionStore, snapshots: SnapshotStore, outbox: Outbox, place: @escaping @Sendable (CameraID) -> GeoPoint?
    ) {
        self.store = store
        self.snapshots = snapshots
        self.outbox = outbox
        self.place = place
    }

    /// Makes an incident of a suppression; once it is one, this changes nothing. Nil when there is no such suppression.
    ///
    /// - Throws: `.resourceExhausted`, `.unavailable`: try again, the word of the person is kept.
    package func restore(_ id: SuppressionID, by: String, name: String, note: String) throws -> SuppressionRecord? {
        try turn.withLock { _ in
            guard let pending = try store.beginRestoring(id, by: by, name: name, note: note) else { return nil }
            try finish(pending)
            return pending.record
        }
    }

    /// Ends what a crash or a full disk interrupted; returns how many became incidents now. For the start of a process.
    package func finishInterrupted() throws -> Int {
        try turn.withLock { _ in
            try store.interruptedRestorations().reduce(0) { try finish($1) ? $0 + 1 : $0 }
        }
    }

    /// Steps 2 to 4; false when they are done already, or impossible because nobody knows the camera's place.
    @discardableResult
    private func finish(_ pending: PendingRestoration) throws -> Bool {
        let record = pending.record
        guard !pending.isHandedOver, let restoration = record.restoration, let place = place(record.camera) else { return false }
        // A picture that finds no room must not hold up the incident it belongs to.
        let snapshot: SnapshotReference?
        do {
            snapshot = try pending.jpeg.map { try snapshots.store($0) }
        } catch let failure as Failure where failure.kind == .resourceExhausted {
            snapshot = nil
        }
        let draft = IncidentDraft(
            key: IncidentKey(camera: record.camera, zone: record.zone, category: record.category), phase: .ended,
            priority: record.priority, place: place, firstSeen: record.at, lastSeen: record.at, count: 1, score: 0, box: record.box,
            reason: record.facts, snapshot: snapshot)
        _ = try outbox.append(draft, restoredAs: record.id, restoration)
        try store.finishRestoring(record.id)
        return true
    }
}
