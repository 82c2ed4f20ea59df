// Who logged in, who opened what: written before the answer, shown to auditors and to nobody else.

import Base
import Domain
import Storage
import Testing

@testable import Console

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct AuditRouteTests {
    @Test func whatIsLookedAtAndChangedStandsInTheAudit() async throws {
        try await Desk.run { desk in
            let picture = try desk.pictures.store([0xFF, 0xD8, 1])
            let incident = try desk.commit("fire_lane", Desk.eastCamera, snapshot: picture)
            let (duty, keeper, chief) = (try await desk.login("duty"), try await desk.login("operator"), try await desk.login("chief"))
            // The same eyes on the same picture are one line; other eyes are another.
            for _ in 0..<3 { #expect(try await desk.get("/api/incidents/\(incident.id)/snapshot.jpg", as: duty).status == 200) }
            _ = try await desk.get("/api/incidents/\(incident.id)/snapshot.jpg", as: chief)
            for _ in 0..<2 { _ = try await desk.get("/api/cameras/\(Desk.eastCamera)/snapshot.jpg", as: duty) }
            _ = try await desk.get("/api/cameras/51101100001320000099/snapshot.jpg", as: duty)
            let bind = #"{"grid":null,"reason":"看不清","expected_version":0}"#
            for _ in 0..<2 { _ = try await desk.ask("PUT", "/api/cameras/\(Desk.eastCamera)/binding", session: keeper, body: bind) }
            let until = SystemTime().wallNow.adding(seconds: 3600)
            let silence = try await desk.ask(
                "POST", "/api/silences", session: duty, body: #"{"grid":"\#(Desk.east)","reason":"施工","until":"\#(until)"}"#)
            let id = try #require(silence.json["id"] as? String)
            _ = try await desk.ask("POST", "/api/silences/\(id)/end", session: chief, body: "{}")
            _ = try await desk.ask("POST", "/api/workers/w-east/absence", session: duty, body: #"{"reason":"病假","until":"\#(until)"}"#)
            let absences = try await desk.get("/api/absences", as: duty).items
            #expect(absences.count == 1 && absences[0]["reason"] as? String == "病假" && absences[0]["author"] as? String == "duty")
            let lines = try await desk.get("/api/audit", as: desk.login("auditor")).items.reversed()
            let told = lines.map { "\($0["actor"] as? String ?? "?") \($0["action"] as? String ?? "?")" }.filter { !$0.hasSuffix("login") }
            #expect(
                told == [
                    "duty snapshot_opened", "chief snapshot_opened", "duty camera_viewed", "operator camera_bound", "duty silence_begun",
                    "chief silence_ended", "duty leave_noted",
                ])
        }
    }

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
