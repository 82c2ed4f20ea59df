// What the console sees of cameras: everything when they are read in the same process, what HEALTH tells otherwise.
// cameras → **health, pictures** → pages

import Base
import Console
import Domain
import IncidentBus
import Ingest
import Storage

/// The states of the cameras of this process as the console asks for them.
struct FleetHealth: CameraHealthSource {
    let ingest: IngestService
    func snapshot() -> [CameraID: CameraHealth] { ingest.health() }
    func detail(of camera: CameraID) -> CameraDetail? { ingest.detail(of: camera) }
}

/// Pictures of the cameras of this process as the console asks for them.
struct FleetPictures: LivePictureSource {
    let ingest: IngestService

    func snapshot(of camera: CameraID) async throws -> [UInt8] {
        try await onOwnThread("snapshot") { try ingest.snapshot(of: camera) }
    }

    func watch(_ camera: CameraID) throws -> LivePictures {
        let view = try ingest.watch(camera)
        return LivePictures(pieces: view.pieces, taken: { view.taken($0) }, close: { view.close() })
    }
}

/// Cameras that other processes read: their states come over the bus, their pictures do not.
struct RemoteCameras: CameraHealthSource, LivePictureSource, SuppressionSource {
    let office: AssignmentOffice

    var window: CameraWindow {
        let office = office
        return CameraWindow(health: self, live: self, suppressions: self) {
            let waiting = office.waiting
            return OutboxDepth(rows: waiting.rows, oldestAgeSeconds: waiting.oldestAgeSeconds)
        }
    }

    private static let apart = Failure(.unavailable, "this camera is read by an ingest node; pictures do not travel on the bus")

    func snapshot() -> [CameraID: CameraHealth] { office.health() }
    func detail(of camera: CameraID) -> CameraDetail? { nil }
    func snapshot(of camera: CameraID) async throws -> [UInt8] { throw Self.apart }
    func watch(_ camera: CameraID) throws -> LivePictures { throw Self.apart }

    // Suppressions stay on their node.
    var keptFor: Duration { .zero }
    func page(_ query: SuppressionQuery) async throws -> SuppressionPage { throw Self.apart }
    func record(_ id: SuppressionID) async throws -> SuppressionRecord? { nil }
    func picture(of id: SuppressionID) async throws -> [UInt8]? { nil }
    func restore(_ id: SuppressionID, by: String, name: String, note: String) async throws -> SuppressionRecord? { nil }
}
