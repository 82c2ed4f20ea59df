// A list of cameras from outside over HTTP: looked at, taken over, taken back.
// file → difference → **agreed** → registry → incidents

import Base
import Cases
import Domain
import Foundation
import Grids
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// The handlers for the list of cameras. Stateless.
struct CameraListRoutes: Sendable {
    let list: any CameraListSource
    let maps: MapStore
    let accounts: Accounts

    /// The body; a district of 4,100 cameras is 0.8 MB, and base64 makes four bytes of three.
    static let bodyBytes = 16 << 20

    var routes: [Route] {
        [
            Route(.get, "/api/cameras/import", .roles([.operator])) { _ in try .encoded(await list.state()) },
            Route(.post, "/api/cameras/import", .roles([.operator]), take),
            Route(.post, "/api/cameras/import/rollback", .roles([.operator]), rollBack),
        ]
    }

    /// What came of a file, and what it would have meant for the cases of late.
    private struct Answer: Encodable {
        var state: CameraListState
        var report: CameraImportReport
        var diverted: CaseDiversions
        /// True when there is something to take over.
        var canApply: Bool
        /// True when some rows are refused and the others could be taken over.
        var canApplyPartly: Bool

        enum CodingKeys: String, CodingKey {
            case diverted
            case canApply = "can_apply"
            case canApplyPartly = "can_apply_partly"
        }

        func encode(to encoder: any Encoder) throws {
            try state.encode(to: encoder)
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(diverted, forKey: .diverted)
            try container.encode(canApply, forKey: .canApply)
            try container.encode(canApplyPartly, forKey: .canApplyPartly)
        }
    }

    private func take(_ call: Call) async throws -> Response {
        let body = try await call.body(limit: Self.bodyBytes)
        guard let file = Data(base64Encoded: try body.requiredText("file")) else { throw Refusal.badField("file", "must be base64") }
        var declared: CoordinateSystem?
        if let text = try body.optionalText("crs") {
            guard let system = CoordinateSystem(asWritten: text) else {
                let known = CoordinateSystem.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal.badField("crs", "must be one of \(known)")
            }
            declared = system
        }
        guard body["dry_run"] == .bool(false) else {
            let (state, result) = try await list.examine([UInt8](file), declared: declared)
            return try .encoded(await answer(state, result, isWritten: false))
        }
        let base = try body.requiredText("base")
        let partial = body["partial"] == .bool(true)
        // Before it is done: afterwards the cameras are what they will be.
        let (state, seen) = try await list.examine([UInt8](file), declared: declared)
        guard state.base == base else { throw Refusal(CameraListState.overtaken) }
        let diverted = try await maps.diversions(of: seen.changed)
        let account = try call.account()
        guard partial ? seen.text != nil : !seen.isRefused else {
            throw Refusal(.unprocessableContent, "rows_refused", Self.refusal(seen), field: "file")
        }
        guard seen.changesAnything else { throw Refusal(.unprocessableContent, "no_change", "the file changes nothing", field: "file") }
        try await accounts.record(
            .camerasImported, String(SHA256Hex.of([UInt8](file)).prefix(16)), reason: CameraImportReport.sums(seen), by: account)
        let (after, result) = try await list.apply([UInt8](file), declared: declared, base: base, partial: partial)
        call.context.logger.notice(
            "cameras imported", metadata: ["by": "\(account.user)", "rows": "\(CameraImportReport.sums(result))"])
        return try .encoded(
            Answer(
                state: after, report: CameraImportReport(result, isWritten: true, onlyChanges: true), diverted: diverted, canApply: false,
                canApplyPartly: false))
    }

    private func answer(_ state: CameraListState, _ result: CameraImport, isWritten: Bool) async throws -> Answer {
        let canTake = result.text != nil && result.changesAnything
        return Answer(
            state: state, report: CameraImportReport(result, isWritten: isWritten, onlyChanges: true),
            diverted: try await maps.diversions(of: result.changed), canApply: canTake && !result.isRefused,
            canApplyPartly: canTake && result.isRefused)
    }

    private static func refusal(_ result: CameraImport) -> String {
        if let finding = result.findings.first(where: { $0.severity == .error }) { return finding.message }
        let refused = result.rows.count { if case .refused = $0.verdict { true } else { false } }
        return "\(refused) rows are refused; put them right, or take over the others"
    }

    private func rollBack(_ call: Call) async throws -> Response {
        let base = try await call.body().requiredText("base")
        let account = try call.account()
        let state = try await list.state()
        guard state.base == base else { throw Refusal(CameraListState.overtaken) }
        guard state.former != nil else { throw Refusal(.unprocessableContent, "no_import", "there is no import to take back") }
        try await accounts.record(.camerasRolledBack, String(base.prefix(16)), by: account)
        let after = try await list.rollBack(base: base)
        call.context.logger.notice("camera list taken back", metadata: ["by": "\(account.user)", "cameras": "\(after.cameras)"])
        return try .encoded(after)
    }
}
