// Who logged in, who opened what: written before the answer, shown to auditors and to nobody else.

import Base
import Domain
import Storage
import Testing

@testable import Console

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct AuditRouteTests {
    @Test func whatIsOpenedAndSaidStandsInTheAudit() async throws {
        try await Desk.run { desk in
            let record = try desk.suppress(.lighting, jpeg: [0xFF, 0xD8, 0xFF, 0xE0])
            let duty = try await desk.login("duty")
            _ = try await desk.get("/api/suppressions/\(record.id)/picture.jpg", as: duty)
            _ = try await desk.ask("POST", "/api/suppressions/\(record.id)/restore", session: duty, body: #"{"reason":"有人翻越"}"#)
            _ = try await desk.ask("POST", "/api/login", body: #"{"user":"nobody","password":"wrong-password-1"}"#)
            for user in ["duty", "operator", "w-east"] {
                let session = user == "duty" ? duty : try await desk.login(user)
                #expect(try await desk.get("/api/audit", as: session).status == 403, "\(user)")
            }
            #expect(try await desk.get("/api/audit").status == 401)
            let auditor = try await desk.login("auditor")
            let lines = try await desk.get("/api/audit", as: auditor).items
            let told = lines.reversed().map { "\($0["actor"] as? String ?? "?") \($0["action"] as? String ?? "?")" }
            #expect(
                told == [
                    "duty login", "duty suppression_picture_opened", "duty suppression_restored", "nobody login_refused", "operator login",
                    "w-east login", "auditor login",
                ])
            let restored = try await desk.get("/api/audit?action=suppression_restored&actor=duty", as: auditor).items
            #expect(restored.count == 1 && restored[0]["reason"] as? String == "有人翻越" && restored[0]["role"] as? String == "dutyOfficer")
            #expect(restored.first?["object"] as? String == record.id.description)
            for bad in ["action=telepathy", "from=yesterday", "limit=0", "actor=%00", "after=x"] {
                #expect(try await desk.get("/api/audit?" + bad, as: auditor).status == 400, "\(bad)")
            }
        }
    }
}
