// The audit over HTTP, for those whose task it is to look at it.
// **audit** → auditor

import Base
import Domain
import HTTPTypes
import Hummingbird
import Storage

/// The handler for the audit. Stateless.
struct AuditRoutes: Sendable {
    let accounts: Accounts

    static let readers: Set<Role> = [.auditor, .admin]

    var routes: [Route] { [Route(.get, "/api/audit", .roles(Self.readers), list)] }

    private func list(_ call: Call) async throws -> Response {
        let time = "must be a time such as 2026-11-23T02:24:57.628Z"
        let actions = AuditAction.allCases.map(\.rawValue).joined(separator: ", ")
        var query = AuditQuery()
        query.from = try call.parsed("from", time) { WallTime($0) }
        query.to = try call.parsed("to", time) { WallTime($0) }
        // No line holds U+0000, and no database takes it.
        query.actor = try call.parsed("actor", "must not contain U+0000") { $0.utf8.contains(0) ? nil : $0 }
        query.action = try call.parsed("action", "must be one of \(actions)") { AuditAction(rawValue: $0) }
        query.after = try call.number("after", in: 1 ... .max)
        query.limit = Int(try call.number("limit", in: 1...1000) ?? 200)
        let lines = try await accounts.audit(query)
        let items = lines.map { position, entry -> JSON in
            [
                "position": .int(position), "at": .string(entry.at.description), "actor": .string(entry.actor),
                "role": .string(entry.role), "action": .string(entry.action.rawValue), "object": .string(entry.object),
                "reason": .string(entry.reason),
            ]
        }
        let next = lines.count == query.limit ? lines.last.map { JSON.int($0.position) } : nil
        return .json(["items": .array(items), "next": next ?? .null])
    }
}
