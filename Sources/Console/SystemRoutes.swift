// How the system is doing, for people and for Prometheus.

import Base
import Cases
import Domain
import Hummingbird
import NIOCore

/// The handlers for health, metrics and the description of the API.
struct SystemRoutes: Sendable {
    let signal: FeedSignal
    let cameras: any CameraHealthSource
    let outbox: @Sendable () -> OutboxDepth
    let metrics: MetricsRegistry
    let time: any TimeSource
    let version: String

    /// An outbox older than this is not being taken, or cannot be taken fast enough.
    static let oldOutboxSeconds = 30.0
    /// Below this share of streaming cameras the district is not being watched as promised.
    static let streamingShare = 0.9

    var routes: [Route] {
        [
            Route(.get, "/api/health", .anyone, health),
            Route(.get, "/metrics", .localOrSession) { _ in
                .bytes(ByteBuffer(string: metrics.render()), type: "text/plain; version=0.0.4; charset=utf-8")
            },
            Route(.get, "/api/openapi.json", .anyone) { _ in .json(OpenAPI.document(version: version)) },
        ]
    }

    /// Always 200: who asks wants to know how it is, and a proxy must not take the page away when a camera is lost.
    private func health(_ call: Call) async throws -> Response {
        let states = cameras.snapshot()
        let counts = Dictionary(grouping: states.values, by: \.state).mapValues(\.count)
        let outbox = outbox()
        let streaming = Double(counts[.streaming] ?? 0)
        let degraded = outbox.oldestAgeSeconds > Self.oldOutboxSeconds || streaming < Self.streamingShare * Double(states.count)
        let members = CameraState.allCases.compactMap { state in counts[state].map { JSON.Member(state.rawValue, JSON($0)) } }
        return .json([
            "status": degraded ? "degraded" : "ok", "version": .string(version), "now": .string(time.wallNow.description),
            "seq": .int(signal.newest), "cameras": .object(members),
            "outbox": ["rows": JSON(outbox.rows), "age_s": .double(outbox.oldestAgeSeconds)],
        ])
    }
}
