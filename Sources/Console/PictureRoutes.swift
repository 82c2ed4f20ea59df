// What a camera shows now: one picture, or all of them as they come.
// camera → packets → **live pictures** → pages

import Base
import Cases
import Domain
import Grids
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Storage

/// The handlers for live pictures. Who may see a camera may see its pictures.
struct PictureRoutes: Sendable {
    let live: any LivePictureSource
    let registry: RegistryBox
    let accounts: Accounts
    let time: any TimeSource
    let views: ViewBook

    var routes: [Route] {
        [
            Route(.get, "/api/cameras/{id}/snapshot.jpg", .session, snapshot),
            Route(.get, "/api/cameras/{id}/live.mp4", .session, watch),
        ]
    }

    private func snapshot(_ call: Call) async throws -> Response {
        let camera = try camera(of: call)
        try await views.record(.cameraViewed, camera.digits, by: call.account())
        let jpeg = try await refusing { try await live.snapshot(of: camera) }
        return .bytes(ByteBuffer(bytes: jpeg), type: "image/jpeg")
    }

    private func watch(_ call: Call) async throws -> Response {
        let camera = try camera(of: call)
        guard let token = call.token else { throw Refusal.signedOut }
        try await views.record(.cameraViewed, camera.digits, by: call.account())
        let pictures = try await refusing { try live.watch(camera) }
        let request = call.request
        let body = ResponseBody { writer in
            defer { pictures.close() }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await withGracefulShutdownHandler {
                    try await follow(pictures, token, &writer)
                } onGracefulShutdown: {
                    pictures.close()
                }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "video/mp4", .cacheControl: "no-store", .accelBuffering: "no"], body: body)
    }

    /// Writes until the view or the session ends. The writer returns when the client has taken its bytes: a slow one is seen by the source.
    @concurrent private func follow(_ pictures: LivePictures, _ token: String, _ writer: inout any ResponseBodyWriter) async throws {
        var nextCheck = time.now + .seconds(5)
        for await piece in pictures.pieces {
            try await writer.write(ByteBuffer(bytes: piece))
            pictures.taken(piece.count)
            guard time.now >= nextCheck else { continue }
            if accounts.account(token: token) == nil { return }
            nextCheck = time.now + .seconds(5)
        }
    }

    private func camera(of call: Call) throws -> CameraID {
        let account = try call.account()
        let registry = registry.current
        guard let id = CameraID(call.pathPart("id")), let camera = registry.cameras[id],
            DistrictRoutes.maySee(account, cameraIn: registry.grid(of: camera)?.code)
        else { throw Refusal.notFound }
        return id
    }

    /// The source's own sentences reach the viewer: they say what to do.
    private func refusing<T>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let failure as Failure {
            switch failure.kind {
            case .resourceExhausted: throw Refusal(.tooManyRequests, "too_many_views", failure.message, retryAfterSeconds: 10)
            case .unavailable, .deadlineExceeded: throw Refusal(.serviceUnavailable, "no_picture", failure.message, retryAfterSeconds: 5)
            default: throw Refusal(failure)
            }
        }
    }
}
