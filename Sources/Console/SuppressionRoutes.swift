// Why was I not told? Suppressions over HTTP: searched, looked at, and turned into the incident that they should have been.
// **suppressions** → pages; suppressions → incidents

import Base
import Cases
import Domain
import Grids
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// The handlers for suppressions. Stateless.
struct SuppressionRoutes: Sendable {
    let suppressions: any SuppressionSource
    let accounts: Accounts
    let registry: RegistryBox
    let restored: Counter

    /// Those who see the whole district, and operators, who tune its cameras. A gridworker is sent only what is catalogued (R5).
    static let readers: Set<Role> = [.dutyOfficer, .dispatcher, .supervisor, .inspector, .operator]
    /// As filing: who puts something before the district's eyes.
    static let restorers: Set<Role> = [.dutyOfficer]
    /// In characters.
    static let longestReason = 500

    init(suppressions: any SuppressionSource, accounts: Accounts, registry: RegistryBox, metrics: MetricsRegistry) {
        self.suppressions = suppressions
        self.accounts = accounts
        self.registry = registry
        restored = metrics.counter("snowlight_suppressions_restored_total", "Suppressions that a person turned into an incident.")
    }

    var routes: [Route] {
        [
            Route(.get, "/api/suppressions", .roles(Self.readers), list),
            Route(.get, "/api/suppressions/{id}", .roles(Self.readers), detail),
            Route(.get, "/api/suppressions/{id}/picture.jpg", .roles(Self.readers), picture),
            Route(.post, "/api/suppressions/{id}/restore", .roles(Self.restorers), restore),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let time = "must be a time such as 2026-11-23T02:24:57.628Z"
        let reasons = SuppressionReason.allCases.map(\.rawValue)
        var query = SuppressionQuery()
        query.camera = try call.parsed("camera", "must be a 20-digit camera id") { CameraID($0) }
        query.reason = try call.parsed("reason", "must be one of \(reasons.joined(separator: ", "))") { SuppressionReason(rawValue: $0) }
        query.from = try call.parsed("from", time) { WallTime($0) }
        query.to = try call.parsed("to", time) { WallTime($0) }
        query.after = try call.parsed("after", "must be the 'next' of the page before") { SuppressionID($0) }
        query.limit = Int(try call.number("limit", in: 1...200) ?? 50)
        let page = try await suppressions.page(query)
        let registry = registry.current
        return .json([
            "items": .array(page.items.map { Self.item($0, registry) }), "next": JSON(page.next?.description),
            "reasons": .array(reasons.map(JSON.string)),
            "kept": [
                "rows": JSON(page.rows), "oldest": JSON(page.oldest?.description), "days": .double(suppressions.keptFor.seconds / 86_400),
            ],
        ])
    }

    private func detail(_ call: Call) async throws -> Response {
        guard let record = try await suppressions.record(call.suppressionID()) else { throw Refusal.notFound }
        return .json(Self.item(record, registry.current))
    }

    private func picture(_ call: Call) async throws -> Response {
        let id = try call.suppressionID()
        guard let bytes = try await suppressions.picture(of: id) else { throw Refusal.notFound }
        try await accounts.record(.suppressionPictureOpened, id.description, by: call.account())
        return .bytes(ByteBuffer(bytes: bytes), type: "image/jpeg")
    }

    /// The answer is the same for the first and for every later one: the suppression with the restoration that stands.
    private func restore(_ call: Call) async throws -> Response {
        let note = try Self.reason(await call.body())
        let account = try call.account()
        let id = try call.suppressionID()
        guard let before = try await suppressions.record(id) else { throw Refusal.notFound }
        let registry = registry.current
        // The dispatcher sets aside what comes from a camera that nobody has registered; better to say so now.
        guard registry.cameras[before.camera] != nil else {
            throw Refusal(.unprocessableContent, "camera_gone", "its camera is no longer in the registry")
        }
        if before.restoration == nil { try await accounts.record(.suppressionRestored, id.description, reason: note, by: account) }
        guard let record = try await suppressions.restore(id, by: account.user, name: account.name, note: note) else {
            throw Refusal.notFound
        }
        if before.restoration == nil, record.restoration?.by == account.user {
            restored.increment()
            call.context.logger.notice(
                "suppression restored",
                metadata: ["suppression": "\(id)", "reason": "\(record.reason.rawValue)", "by": "\(account.user)"])
        }
        return .json(Self.item(record, registry))
    }

    private static func reason(_ body: JSON) throws -> String {
        let text = String(try body.requiredText("reason").trimmedSpaces)
        guard !text.isEmpty else { throw Refusal.badField("reason", "must not be empty") }
        guard text.count <= longestReason else { throw Refusal.badField("reason", "must not be longer than \(longestReason) characters") }
        guard !text.utf8.contains(0) else { throw Refusal.badField("reason", "must not contain U+0000") }
        return text
    }

    private static func item(_ record: SuppressionRecord, _ registry: Registry) -> JSON {
        let camera = registry.cameras[record.camera]
        let restoration = record.restoration.map { word -> JSON in
            ["by": .string(word.by), "name": .string(word.name), "note": .string(word.note), "at": .string(word.at.description)]
        }
        return [
            "id": .string(record.id.description), "at": .string(record.at.description),
            "camera": ["id": .string(record.camera.digits), "name": .string(camera?.name ?? record.camera.digits)],
            "grid": camera.flatMap { registry.grid(of: $0) }.map { ["code": .string($0.code.digits), "name": .string($0.name)] } ?? .null,
            "zone": .string(record.zone), "rule": .string(record.rule), "category": .string(record.category),
            "priority": JSON(record.priority.rawValue), "reason": .string(record.reason.rawValue),
            "facts": .array(record.facts.map(JSON.string)),
            "box": record.box.map { .array([.double($0.x), .double($0.y), .double($0.width), .double($0.height)]) } ?? .null,
            "picture": .string(record.picture.rawValue), "restored": restoration ?? .null,
            "incident": record.restoration == nil ? .null : .string(record.id.description),
        ]
    }
}

extension Call {
    /// The identity in the path; anything that is none names nothing.
    fileprivate func suppressionID() throws -> SuppressionID {
        guard let id = SuppressionID(pathPart("id")) else { throw Refusal.notFound }
        return id
    }
}
