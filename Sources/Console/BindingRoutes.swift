// Which grid a camera belongs to, over HTTP: what stands, and what an operator decides.
// operator → **bindings** → map store → incidents

import Cases
import Domain
import Grids
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// The handlers for bindings. Stateless.
struct BindingRoutes: Sendable {
    let maps: MapStore
    let accounts: Accounts

    var routes: [Route] { [Route(.put, "/api/cameras/{id}/binding", .roles([.operator]), bind)] }

    private func bind(_ call: Call) async throws -> Response {
        guard let id = CameraID(call.pathPart("id")) else { throw Refusal.notFound }
        let body = try await call.body()
        let version = try body.requiredInt("expected_version")
        guard let expected = Int32(exactly: version), expected >= 0 else { throw Refusal.badField("expected_version", "is out of range") }
        let wish = BindingWish(
            try Self.scope(body), try Self.place(body), reason: try body.requiredText("reason"), expectedVersion: Int(expected))
        let account = try call.account()
        switch try await maps.bind(id, wish, by: account.reader) {
        case .done(let view):
            try await accounts.record(.cameraBound, id.digits, reason: wish.reason, by: account)
            call.context.logger.notice(
                "camera bound",
                metadata: [
                    "camera": "\(id)", "by": "\(account.user)", "method": "\(view.method)", "grid": "\(view.grid?.code ?? "none")",
                ])
            return try .encoded(view)
        case .notFound: throw Refusal.notFound
        case .stale(let view):
            let who = view.history.first.map { "\($0.by.name) did at \($0.from)" } ?? "someone did"
            throw Refusal(
                .conflict, "conflict", "changed meanwhile: \(who); now version \(view.version), you saw \(expected)",
                field: "expected_version")
        case .refused(let field, let message): throw Refusal(.unprocessableContent, "refused", message, field: field)
        }
    }

    private static func scope(_ body: JSON) throws -> BindingWish.Scope {
        let name = try body.optionalText("name") ?? ""
        guard !name.utf8.contains(0) else { throw Refusal.badField("name", "must not contain U+0000") }
        switch try body.optionalText("scope") ?? "camera" {
        case "camera": return .camera
        case "preset": return .preset(name)
        case "zone": return .zone(name)
        default: throw Refusal.badField("scope", "must be camera, preset or zone")
        }
    }

    private static func place(_ body: JSON) throws -> BindingWish.Place {
        if let ground = body["ground"], ground != .null {
            guard case .array(let corners) = ground else { throw Refusal.badField("ground", "must be a list of [longitude, latitude]") }
            return .ground(
                try corners.map { corner in
                    guard case .array(let pair) = corner, pair.count == 2, let lon = pair[0].number, let lat = pair[1].number,
                        let point = GeoPoint(lon: lon, lat: lat)
                    else { throw Refusal.badField("ground", "must be a list of [longitude, latitude]") }
                    return point
                })
        }
        guard let text = try body.optionalText("grid") else { return .automatic }
        guard let code = GridCode(text) else { throw Refusal.badField("grid", "must be a 15-digit grid code") }
        return .grid(code)
    }
}
