// Who was told, who was not and why; silences, leave, and the notices of our own pages.
// cases → pushes → **receipts** → pages

import Base
import Cases
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Pushes
import Storage

/// The handlers for receipts, notices, silences and leave. Stateless.
struct PushRoutes: Sendable {
    let cases: CaseStore
    let pushes: PushRecords
    let accounts: Accounts
    let registry: RegistryBox
    let time: any TimeSource

    /// Those who answer for the whole district being told.
    static let desk: Set<Role> = [.dutyOfficer, .dispatcher, .supervisor]
    /// A total silence holds emergencies as well: not a decision of a shift.
    static let totalSilencers: Set<Role> = [.supervisor]
    /// Who keeps the roster.
    static let rosterKeepers: Set<Role> = [.townOffice, .dutyOfficer, .dispatcher, .supervisor]

    var routes: [Route] {
        [
            Route(.get, "/api/receipts", .roles(Self.desk), missing), Route(.get, "/api/receipts/{incident}", .session, receipts),
            Route(.get, "/api/notices", .roles(Self.desk.union([.gridworker, .department])), notices),
            Route(.get, "/api/silences", .roles(Self.desk), silences), Route(.post, "/api/silences", .roles(Self.desk), silence),
            Route(.post, "/api/silences/{id}/end", .roles(Self.desk), endSilence),
            Route(.get, "/api/absences", .roles(Self.rosterKeepers), absences),
            Route(.post, "/api/workers/{id}/absence", .roles(Self.rosterKeepers), absence),
        ]
    }

    private func receipts(_ call: Call) async throws -> Response {
        let reader = try call.account().reader
        guard let uuid = UUID7(call.pathPart("incident")), let detail = try await cases.incident(uuid, for: reader) else {
            throw Refusal.notFound
        }
        let number = detail.item.caseReference.flatMap { CaseNumber($0.no) }
        var told = ToldView.nothing
        if let number { told = try await pushes.told(of: number) }
        if Self.isOneOfMany(reader) {
            // What was said to others is theirs.
            let own = Self.recipient(reader)?.id
            told.decisions.removeAll { $0.recipient != own }
            told.pushes.removeAll { $0.recipient != own }
        }
        return try .encoded(
            ReceiptsAnswer(
                incident: detail.item.id, caseNumber: number?.text, times: detail.receipts, decisions: told.decisions, pushes: told.pushes))
    }

    private func missing(_ call: Call) async throws -> Response {
        let words = ReceiptStep.allCases.map(\.rawValue).joined(separator: ", ")
        guard let step = try call.parsed("missing", "must be one of \(words)", { ReceiptStep(rawValue: $0) }) else {
            throw Refusal.badField("missing", "must be one of \(words)")
        }
        return try .encoded(await pushes.missing(step, limit: Int(try call.number("limit", in: 1...1000) ?? 200)))
    }

    private func notices(_ call: Call) async throws -> Response {
        let reader = try call.account().reader
        let limit = Int(try call.number("limit", in: 1...200) ?? 50)
        let own = Self.recipient(reader)
        // A gridworker's account is the worker's id; one that is none has no notices.
        guard !Self.isOneOfMany(reader) || own != nil else { return try .encoded(List<NoticeView>(items: [])) }
        return try .encoded(List(items: await pushes.notices(to: own, limit: limit)))
    }

    private static func isOneOfMany(_ reader: Reader) -> Bool { reader.role == .gridworker || reader.role == .department }

    private static func recipient(_ reader: Reader) -> Recipient? {
        switch reader.role {
        case .gridworker: WorkerID(reader.id).map(Recipient.worker)
        case .department: WorkerID(reader.id).map(Recipient.department)
        default: nil
        }
    }

    // MARK: silences

    private func silences(_ call: Call) async throws -> Response { try .encoded(List(items: await pushes.silences())) }

    private func silence(_ call: Call) async throws -> Response {
        let body = try await call.body()
        let account = try call.account()
        let now = time.wallNow
        let total = body["total"] == .bool(true)
        if total, !Self.totalSilencers.contains(account.role) { throw Refusal.forbidden }
        func optional<T>(_ name: String, _ problem: String, _ read: (String) -> T?) throws -> T? {
            guard let text = try body.optionalText(name) else { return nil }
            guard let value = read(text) else { throw Refusal.badField(name, problem) }
            return value
        }
        var generator = SystemRandomNumberGenerator()
        let silence = Silence(
            id: UUID7(at: now, using: &generator).description,
            camera: try optional("camera", "must be a 20-digit camera id") { CameraID($0) },
            grid: try optional("grid", "must be a 15-digit grid code") { GridCode($0) },
            category: try optional("category", "must be a category name") { Catalogue.isCategoryName($0) ? $0 : nil }, total: total,
            author: account.name, reason: try Self.reason(body), from: now, until: try Self.until(body))
        // Silence over everything is no silence but a fault.
        guard silence.camera != nil || silence.grid != nil || silence.category != nil else {
            throw Refusal.badField("camera", "or grid or category must be given")
        }
        let added = try await pushes.add(silence, account: account.user)
        try await accounts.record(.silenceBegun, added.id, reason: added.reason, by: account)
        call.context.logger.notice(
            "silence", metadata: ["silence": "\(added.id)", "by": "\(account.user)", "until": "\(added.until)", "total": "\(total)"])
        return try .encoded(added)
    }

    private func endSilence(_ call: Call) async throws -> Response {
        _ = try await call.body()
        let account = try call.account()
        guard let id = UUID7(call.pathPart("id")), try await pushes.endSilence(id.description) else { throw Refusal.notFound }
        try await accounts.record(.silenceEnded, id.description, by: account)
        call.context.logger.notice("silence ended", metadata: ["silence": "\(id)", "by": "\(account.user)"])
        return .empty
    }

    // MARK: leave

    private func absences(_ call: Call) async throws -> Response {
        let registry = registry.current
        let items = try await pushes.absences().map { one -> JSON in
            let worker = WorkerID(one.worker).flatMap { registry.workers[$0] }
            return [
                "worker": ["id": .string(one.worker), "name": .string(worker?.name ?? one.worker)],
                "grid": JSON(worker?.grid.digits), "from": .string(one.from), "until": .string(one.until), "author": .string(one.author),
                "reason": .string(one.reason),
            ]
        }
        return .json(["items": .array(items)])
    }

    private func absence(_ call: Call) async throws -> Response {
        let body = try await call.body()
        let account = try call.account()
        guard let worker = WorkerID(call.pathPart("id")), registry.current.workers[worker] != nil else { throw Refusal.notFound }
        let until = try Self.until(body)
        let reason = try Self.reason(body)
        try await pushes.setAbsence(worker, until: until, reason: reason, by: account.user)
        try await accounts.record(.leaveNoted, worker.text, reason: "until \(until): \(reason)", by: account)
        call.context.logger.notice("leave", metadata: ["worker": "\(worker)", "by": "\(account.user)", "until": "\(until)"])
        return .empty
    }

    private static func until(_ body: JSON) throws -> WallTime {
        guard let until = WallTime(try body.requiredText("until")) else {
            throw Refusal.badField("until", "must be a time such as 2026-11-23T02:24:57.628Z")
        }
        return until
    }

    private static func reason(_ body: JSON) throws -> String {
        let text = String(try body.requiredText("reason").trimmedSpaces)
        guard (1...500).contains(text.count), !text.utf8.contains(0) else {
            throw Refusal.badField("reason", "must have 1 to 500 characters")
        }
        return text
    }

    private struct List<Item: Encodable>: Encodable { var items: [Item] }
}

/// The answer about one incident.
private struct ReceiptsAnswer: Encodable {
    var incident: String
    @NullWhenNil var caseNumber: String?
    var times: ReceiptsView
    var decisions: [DecisionView]
    var pushes: [PushView]

    enum CodingKeys: String, CodingKey {
        case incident, times, decisions, pushes
        case caseNumber = "case"
    }
}
