// Where cameras stood when their grids were last settled: a camera that was moved since needs a second look.
// cameras.csv, store → **standing** → needs review → operator

import Domain
import Grids
import Storage

/// The rows of `camera_standing`.
enum CameraStandings {
    /// Notes new cameras, and asks for a review of those that stand more than 20 m from where they were. Their binding stays meanwhile.
    static func sync(_ cameras: [CameraID: Camera], _ sql: any SQLConnection) throws {
        var known: [String: (point: GeoPoint, review: String?)] = [:]
        for row in try sql.rows("SELECT camera_id, lon_e7, lat_e7, review FROM camera_standing") {
            let point = GeoPoint(lonE7: Int32(clamping: try row.int("lon_e7")), latE7: Int32(clamping: try row.int("lat_e7")))
            known[try row.text("camera_id")] = (point, try row.textOrNil("review"))
        }
        for camera in cameras.values.sorted(by: { $0.id < $1.id }) {
            guard let (point, review) = known[camera.id.digits] else {
                try sql.run(
                    "INSERT INTO camera_standing (camera_id, version, lon_e7, lat_e7) VALUES ($1, 0, $2, $3)",
                    [.text(camera.id.digits), .integer(Int64(camera.position.lonE7)), .integer(Int64(camera.position.latE7))])
                continue
            }
            let metres = point.metres(to: camera.position)
            let now = metres > FieldChange.reviewMetres ? "moved \(Int(metres.rounded())) m since its grid was settled" : nil
            if now != review {
                try sql.run(
                    "UPDATE camera_standing SET review = $2 WHERE camera_id = $1",
                    [.text(camera.id.digits), SQLValue(now.map(StoredText.escape))])
            }
        }
    }

    /// The binding version of a camera; 0 for one that nobody has bound.
    static func version(of camera: CameraID, _ sql: any SQLConnection) throws -> Int {
        Int(try sql.row("SELECT version FROM camera_standing WHERE camera_id = $1", [.text(camera.digits)])?.int("version") ?? 0)
    }

    /// A person has settled it: where the camera stands now is where it belongs.
    static func settle(_ camera: Camera, version: Int, _ sql: any SQLConnection) throws {
        try sql.run(
            """
            INSERT INTO camera_standing (camera_id, version, lon_e7, lat_e7) VALUES ($1, $2, $3, $4) ON CONFLICT (camera_id)
            DO UPDATE SET version = excluded.version, lon_e7 = excluded.lon_e7, lat_e7 = excluded.lat_e7, review = NULL
            """,
            [
                .text(camera.id.digits), SQLValue(version), .integer(Int64(camera.position.lonE7)),
                .integer(Int64(camera.position.latE7)),
            ])
    }
}
