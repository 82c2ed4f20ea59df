// Grid sets over HTTP: drawn by one person, looked at, published by another, taken back.
// map files → **grid sets** → map store → cases, cameras

import Base
import Cases
import Domain
import Grids
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// The handlers for grid sets. Stateless; roles and four eyes are decided by `GridSetLife`, so that every path has the same answer.
struct GridSetRoutes: Sendable {
    let maps: MapStore
    let accounts: Accounts
    let time: any TimeSource

    /// Those who see the whole district, who keep its map, and who look after both.
    static let readers: Set<Role> = [.dutyOfficer, .dispatcher, .supervisor, .inspector, .operator, .admin, .auditor]
    /// Both files as text; the sample district has 0.6 MB.
    static let mapBytes = 12 << 20

    var routes: [Route] {
        [
            Route(.get, "/api/gridsets", .roles(Self.readers), list), Route(.post, "/api/gridsets", .session, draw),
            Route(.get, "/api/gridsets/{number}", .roles(Self.readers), detail),
            Route(.post, "/api/gridsets/{number}/check", .session) { call in
                try await act(call, "checked") { try await maps.check($0, by: $1) }
            },
            Route(.post, "/api/gridsets/{number}/withdraw", .session) { call in
                try await act(call, "withdrawn") { try await maps.withdraw($0, by: $1) }
            },
            Route(.post, "/api/gridsets/{number}/publish", .session) { call in
                try await act(call, "published") { try await maps.publish($0, by: $1) }
            },
            Route(.post, "/api/gridsets/rollback", .session, rollBack),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        try .encoded(["items": await maps.gridSets()])
    }

    private func detail(_ call: Call) async throws -> Response {
        guard let detail = try await maps.gridSet(call.gridSetNumber()) else { throw Refusal.notFound }
        return try .encoded(detail)
    }

    private func draw(_ call: Call) async throws -> Response {
        let body = try await call.body(limit: Self.mapBytes)
        var validFrom = time.wallNow
        if let text = try body.optionalText("valid_from") {
            guard let moment = WallTime(text) else {
                throw Refusal.badField("valid_from", "must be a time such as 2026-11-23T20:00:00.000Z")
            }
            validFrom = moment
        }
        let draft = GridSetDraft(
            boundary: Array(try body.requiredText("boundary").utf8), grids: Array(try body.requiredText("grids").utf8),
            reason: try body.requiredText("reason"), validFrom: validFrom)
        return try await response(maps.draw(draft, by: call.account().reader), call, "drawn")
    }

    private func rollBack(_ call: Call) async throws -> Response {
        let reason = try await call.body().requiredText("reason")
        return try await response(maps.rollBack(reason: reason, by: call.account().reader), call, "rolled back")
    }

    private func act(_ call: Call, _ word: String, _ deed: (Int, Reader) async throws -> GridSetOutcome) async throws -> Response {
        _ = try await call.body()
        return try await response(deed(call.gridSetNumber(), call.account().reader), call, word)
    }

    private func response(_ outcome: GridSetOutcome, _ call: Call, _ word: String) async throws -> Response {
        switch outcome {
        case .done(let detail):
            let account = try call.account()
            try await accounts.record(
                .gridSetChanged, detail.item.version, reason: "\(word): \(detail.item.reason)", by: account)
            call.context.logger.notice(
                "grid set \(word)",
                metadata: [
                    "set": "\(detail.item.version)", "by": "\(account.user)", "cases": "\(detail.cases.count)",
                    "cameras": "\(detail.cameras.count)",
                ])
            return try .encoded(detail)
        case .notFound: throw Refusal.notFound
        case .unreadable(let findings):
            let text = findings.prefix(5).map { "\($0)" }.joined(separator: "; ")
            throw Refusal(
                .unprocessableContent, "no_map", text, field: findings.first?.file == "grids.geojson" ? "grids" : "boundary")
        case .refused(let why):
            let text = why.description
            switch why {
            case .roleMayNot, .ownWork: throw Refusal(.forbidden, "forbidden", text)
            case .notPossible: throw Refusal(.unprocessableContent, "not_possible", text)
            case .reasonMissing, .reasonTooLong: throw Refusal(.unprocessableContent, "reason", text, field: "reason")
            case .notCovered: throw Refusal(.unprocessableContent, "not_covered", text, field: "grids")
            case .orphans: throw Refusal(.unprocessableContent, "orphans", text, field: "grids")
            case .overtaken: throw Refusal(.conflict, "overtaken", text)
            case .tooEarly: throw Refusal(.unprocessableContent, "too_early", text, field: "valid_from")
            }
        }
    }
}

extension Call {
    /// The number in the path; anything that is none names nothing.
    fileprivate func gridSetNumber() throws -> Int {
        guard let number = Int32(pathPart("number")), number > 0 else { throw Refusal.notFound }
        return Int(number)
    }
}
