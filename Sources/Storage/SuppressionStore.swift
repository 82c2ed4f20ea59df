// Where suppressions are kept: a ring in a file of its own, pictures inside it, searchable by camera, reason and time.
// detections → incidents; **suppressions on disk** → pages

package import Base
package import Domain
import Foundation
import Synchronization

/// Which suppressions a list shows, newest first. Nil means no limit.
package struct SuppressionQuery: Sendable, Hashable {
    package var camera: CameraID?
    package var reason: SuppressionReason?
    /// At or after.
    package var from: WallTime?
    /// Before.
    package var to: WallTime?
    /// Continues behind this one, the last of the page before.
    package var after: SuppressionID?
    /// 1 to 200.
    package var limit = 50

    package init() {}
}

/// One page of suppressions and what is kept as a whole.
package struct SuppressionPage: Sendable, Hashable {
    package var items: [SuppressionRecord]
    /// Where the next page begins; nil on the last.
    package var next: SuppressionID?
    /// All that is kept, whatever was asked.
    package var rows: Int
    /// The oldest that is kept.
    package var oldest: WallTime?

    package init(items: [SuppressionRecord], next: SuppressionID?, rows: Int, oldest: WallTime?) {
        self.items = items
        self.next = next
        self.rows = rows
        self.oldest = oldest
    }
}

/// A restoration that is written down and must still become an incident.
package struct PendingRestoration: Sendable, Hashable {
    package var record: SuppressionRecord
    package var jpeg: [UInt8]?
    /// True when the outbox has it: nothing is left to do.
    package var isHandedOver: Bool
}

/// The suppressions of one ingest node. Safe on any thread; calls that do not suspend block on the disk, so own threads only.
///
/// Suppressions explain, they do not alarm: old ones make room for new ones, and a file that cannot be read is deleted and begun anew.
/// Deleted content is overwritten on disk, since a picture must not outlive its retention.
package final class SuppressionStore: Sendable {
    /// Where the ring ends. Four thousand cameras with one suppression in 12 minutes each fill the rows within two days.
    package struct Limits: Sendable, Hashable {
        package var rows = 200_000
        package var rowsPerCamera = 500
        package var pictureBytes = 512 << 20
        package var pictureBytesPerCamera = 2 << 20
        package var age = Duration.seconds(7 * 86_400)
        /// The file itself, whatever the sums above say; beyond it `keep` throws `.resourceExhausted`.
        package var fileBytes = 1 << 30

        package static let standard = Limits()
    }

    package let limits: Limits
    /// True when the file of the last run could not be read and was deleted.
    package let wasDamaged: Bool
    private let file: SQLiteFile
    private let time: any TimeSource
    /// Held over each write, so that the sums and the file never disagree.
    private let ring: Mutex<SuppressionRing>
    /// A copy of the ring's sums for those who must not wait.
    private let shown: Mutex<(rows: Int, pictureBytes: Int)>

    private init(file: SQLiteFile, ring: SuppressionRing, limits: Limits, time: any TimeSource, wasDamaged: Bool) {
        self.file = file
        self.limits = limits
        self.time = time
        self.wasDamaged = wasDamaged
        shown = Mutex((ring.rows, ring.pictureBytes))
        self.ring = Mutex(ring)
    }

    /// Opens or creates the file. Blocks, and reads all of it once: 2 s when it is full.
    ///
    /// - Throws: `.conflict` when another process has it open, `.unsupported` when a newer Snowlight wrote it.
    package static func open(path: String, limits: Limits = .standard, time: any TimeSource = SystemTime()) throws -> SuppressionStore {
        do { return try opened(path, limits, time, wasDamaged: false) } catch let failure as Failure where failure.kind == .dataLoss {
            // Kept aside it would outlive every retention, and nobody repairs explanations.
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            return try opened(path, limits, time, wasDamaged: true)
        }
    }

    private static func opened(_ path: String, _ limits: Limits, _ time: any TimeSource, wasDamaged: Bool) throws -> SuppressionStore {
        let file = try SQLiteFile.open(path: path, migrations: SuppressionSchema.migrations)
        do {
            let ring = try file.write { connection in
                let check = try connection.row("PRAGMA quick_check(1)")?.text("quick_check")
                guard check == "ok" else { throw Failure(.dataLoss, "the suppressions cannot be trusted", context: [("file", path)]) }
                // Settings of the writer's connection, not of the file.
                let pageBytes = try connection.row("PRAGMA page_size")?.int("page_size") ?? 4096
                _ = try connection.rows("PRAGMA max_page_count = \(max(1, Int64(limits.fileBytes) / pageBytes))")
                _ = try connection.rows("PRAGMA secure_delete = ON")
                return try SuppressionRing(reading: connection)
            }
            return SuppressionStore(file: file, ring: ring, limits: limits, time: time, wasDamaged: wasDamaged)
        } catch {
            try? file.close()  // The failure to open is the one worth reporting.
            throw error
        }
    }

    /// What is kept now. Does not block.
    package var figures: (rows: Int, pictureBytes: Int) { shown.withLock { $0 } }

    /// Keeps all of them in one commit and deletes what has no place or no time left; an empty batch only deletes.
    ///
    /// - Returns: How many were deleted, and how many pictures of those that stay.
    /// - Throws: `.resourceExhausted`, `.unavailable`: nothing was kept, later ones may be. `.dataLoss`: the file is lost.
    @discardableResult
    package func keep(_ batch: [SuppressedEvidence]) throws -> (rows: Int, pictures: Int) {
        let cut = SuppressionID.earliest(at: time.wallNow.adding(seconds: -limits.age.seconds))
        return try ring.withLock { ring in
            var next = ring
            let deleted = try file.write { connection in
                for evidence in batch { try next.insert(evidence, connection) }
                return try next.trim(Set(batch.map(\.record.camera)), olderThan: cut, limits, connection)
            }
            ring = next
            shown.withLock { $0 = (next.rows, next.pictureBytes) }
            return deleted
        }
    }

    /// One page, newest first.
    package func page(_ query: SuppressionQuery) async throws -> SuppressionPage {
        let limit = min(max(query.limit, 1), 200)
        let (text, values) = SuppressionSchema.select(query, limit: limit + 1)
        let kept = figures.rows
        return try await read { connection in
            let rows = try connection.rows(text, values)
            let oldest = try connection.row("SELECT min(id) AS id FROM suppression")?.textOrNil("id").flatMap { SuppressionID($0) }
            let shown = rows.prefix(limit)
            return SuppressionPage(
                items: try shown.compactMap(SuppressionSchema.record), next: rows.count > limit ? try shown.last?.suppressionID() : nil,
                rows: kept, oldest: oldest?.minted)
        }
    }

    /// One suppression; nil when it is not there, or not any more.
    package func record(_ id: SuppressionID) async throws -> SuppressionRecord? {
        try await read { try SuppressionSchema.find(id, $0) }
    }

    /// The picture of one; nil when there is none, or none any more.
    package func picture(of id: SuppressionID) async throws -> [UInt8]? {
        try await read { try SuppressionSchema.picture(of: id, $0) }
    }

    /// Writes down that a person calls it an event; returns after fsync. The first word stands, also against a later one.
    ///
    /// Until `finishRestoring` the record cannot be deleted. Nil when it is not there. Blocks.
    package func beginRestoring(_ id: SuppressionID, by: String, name: String, note: String) throws -> PendingRestoration? {
        let now = time.wallNow
        return try write { connection in
            try connection.run(
                """
                UPDATE suppression SET restored_by = $2, restored_name = $3, restored_note = $4, restored_ms = $5
                WHERE id = $1 AND restored_ms IS NULL
                """, [.text(id.description), .text(by), .text(name), .text(note), .integer(now.millisecondsSince1970)])
            return try SuppressionSchema.pending("id = $1", [.text(id.description)], connection).first
        }
    }

    /// Notes that the outbox has the incident. Blocks.
    package func finishRestoring(_ id: SuppressionID) throws {
        let now = time.wallNow.millisecondsSince1970
        _ = try write { connection in
            try connection.run(
                "UPDATE suppression SET handed_ms = $2 WHERE id = $1 AND handed_ms IS NULL", [.text(id.description), .integer(now)])
        }
    }

    /// Restorations that a crash or a full disk interrupted. Blocks.
    package func interruptedRestorations() throws -> [PendingRestoration] {
        do {
            return try file.read { try SuppressionSchema.pending("restored_ms IS NOT NULL AND handed_ms IS NULL", [], $0) }
        } catch { throw Self.softened(error) }
    }

    /// Closes the file. Using the store afterwards throws.
    package func close() throws { try file.close() }

    private func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        do { return try await file.read(body) } catch { throw Self.softened(error) }
    }

    private func write<T: Sendable>(_ body: (any SQLConnection) throws -> T) throws -> T {
        do { return try ring.withLock { _ in try file.write(body) } } catch { throw Self.softened(error) }
    }

    /// Elsewhere `.dataLoss` ends the process; for explanations alone no process ends.
    private static func softened(_ error: any Error) -> any Error {
        guard let failure = error as? Failure, failure.kind == .dataLoss else { return error }
        return Failure(.unavailable, "the suppressions cannot be read or written", cause: failure)
    }
}

extension UUID7 {
    /// The smallest identity that can be minted for a moment.
    static func earliest(at time: WallTime) -> UUID7 {
        UUID7(high: UInt64(clamping: time.millisecondsSince1970) << 16 | 0x7000, low: 0x8000_0000_0000_0000)
    }

    /// The moment in an identity of version 7.
    var minted: WallTime { WallTime(millisecondsSince1970: Int64(high >> 16)) }
}
