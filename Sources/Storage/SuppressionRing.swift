// What makes room for new suppressions: the oldest go first, of a camera that has too many, then of all, then what is too old.
// **suppressions on disk** → pages

import Base
import Domain

/// How much the file holds, by camera. A value: a transaction works on a copy that counts only once it is committed.
struct SuppressionRing: Sendable {
    private struct Share {
        var rows = 0
        var pictureBytes = 0
    }

    /// Deletions of one transaction; more wait for the next, so that no write takes long.
    private static let batchRows = 1000
    private static let batchPictures = 100

    private var cameras: [String: Share] = [:]
    private(set) var rows = 0
    private(set) var pictureBytes = 0

    /// Counts what is there.
    init(reading connection: any SQLConnection) throws {
        let sums = "SELECT camera_id, count(*) AS n, sum(picture_bytes) AS bytes FROM suppression GROUP BY camera_id"
        for row in try connection.rows(sums) {
            add(try row.text("camera_id"), rows: Int(try row.int("n")), pictureBytes: Int(try row.int("bytes")))
        }
    }

    mutating func insert(_ evidence: SuppressedEvidence, _ connection: any SQLConnection) throws {
        try connection.run(SuppressionSchema.insert, try SuppressionSchema.values(evidence))
        if let jpeg = evidence.jpeg {
            try connection.run(
                "INSERT INTO suppression_picture (id, jpeg) VALUES ($1, $2)", [.text(evidence.record.id.description), .blob(jpeg)])
        }
        add(evidence.record.camera.digits, rows: 1, pictureBytes: evidence.jpeg?.count ?? 0)
    }

    /// Deletes until nothing is beyond its limit; `touched` are the cameras that may have grown.
    mutating func trim(
        _ touched: Set<CameraID>, olderThan cut: SuppressionID, _ limits: SuppressionStore.Limits, _ connection: any SQLConnection
    ) throws -> (rows: Int, pictures: Int) {
        var deleted = (rows: 0, pictures: 0)
        for camera in touched.map(\.digits) {
            let share = cameras[camera] ?? Share()
            deleted.rows += try deleteRows("camera_id = $1", [.text(camera)], share.rows - limits.rowsPerCamera, connection)
            let bytes = (cameras[camera]?.pictureBytes ?? 0) - limits.pictureBytesPerCamera
            deleted.pictures += try deletePictures("s.camera_id = $1", [.text(camera)], bytes, connection)
        }
        deleted.rows += try deleteRows("TRUE", [], rows - limits.rows, connection)
        deleted.pictures += try deletePictures("TRUE", [], pictureBytes - limits.pictureBytes, connection)
        deleted.rows += try deleteRows("id < $1", [.text(cut.description)], Self.batchRows, connection)
        return deleted
    }

    /// Deletes up to `count` of the oldest rows with their pictures; not those that are on their way to become an incident.
    private mutating func deleteRows(_ condition: String, _ values: [SQLValue], _ count: Int, _ connection: any SQLConnection) throws -> Int
    {
        guard count > 0 else { return 0 }
        let gone = try connection.rows(
            """
            DELETE FROM suppression WHERE id IN (
                SELECT id FROM suppression WHERE \(condition) AND (restored_ms IS NULL OR handed_ms IS NOT NULL)
                ORDER BY id LIMIT \(min(count, Self.batchRows)))
            RETURNING camera_id, picture_bytes
            """, values)
        for row in gone { add(try row.text("camera_id"), rows: -1, pictureBytes: -Int(try row.int("picture_bytes"))) }
        return gone.count
    }

    /// Deletes the oldest pictures until `bytes` are free; their rows stay and say so.
    private mutating func deletePictures(_ condition: String, _ values: [SQLValue], _ bytes: Int, _ connection: any SQLConnection) throws
        -> Int
    {
        guard bytes > 0 else { return 0 }
        let oldest = try connection.rows(
            """
            SELECT s.id, s.camera_id, s.picture_bytes FROM suppression_picture p JOIN suppression s ON s.id = p.id
            WHERE \(condition) AND (s.restored_ms IS NULL OR s.handed_ms IS NOT NULL) ORDER BY s.id LIMIT \(Self.batchPictures)
            """, values)
        var (freed, count) = (0, 0)
        for row in oldest where freed < bytes {
            let size = Int(try row.int("picture_bytes"))
            let id = SQLValue.text(try row.text("id"))
            try connection.run("DELETE FROM suppression_picture WHERE id = $1", [id])
            try connection.run("UPDATE suppression SET picture = 'deleted', picture_bytes = 0 WHERE id = $1", [id])
            add(try row.text("camera_id"), rows: 0, pictureBytes: -size)
            freed += size
            count += 1
        }
        return count
    }

    private mutating func add(_ camera: String, rows: Int, pictureBytes: Int) {
        self.rows += rows
        self.pictureBytes += pictureBytes
        var share = cameras[camera] ?? Share()
        share.rows += rows
        share.pictureBytes += pictureBytes
        cameras[camera] = share.rows > 0 ? share : nil
    }
}
