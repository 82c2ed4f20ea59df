// A list of cameras over HTTP: looked at first, refused when somebody was faster, taken over, taken back; and the cases it would have moved.

import Base
import Domain
import Foundation
import Testing

@testable import Cases
@testable import Console

private func body(_ lines: [String], _ more: [String: Any] = [:]) throws -> String {
    let file = Data(([StagedList.header] + lines).joined(separator: "\n").utf8).base64EncodedString()
    let values = more.merging(["file": file]) { given, _ in given }
    return String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self)
}

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct CameraListRouteTests {
    private let path = "/api/cameras/import"
    /// The eastern camera, moved into the western grid, and a new one.
    private let moved = [
        StagedList.row(Desk.eastCamera, "东 <b>枪机</b>", 105.055), StagedList.row(CameraID("51101100001320000003")!, "新 <script>", 105.066),
    ]

    @Test func aListIsLookedAtTakenOverAndTakenBack() async throws {
        try await Desk.run { desk in
            try desk.commit("fire_lane", Desk.eastCamera)
            try desk.commit("fire_lane", Desk.westCamera)
            let (session, auditor) = (try await desk.login("operator"), try await desk.login("auditor"))
            for user in ["duty", "chief", "w-east", "auditor"] {
                #expect(try await desk.get(path, as: desk.login(user)).status == 403, "\(user)")
                #expect(try await desk.ask("POST", path, session: desk.login(user), body: body(moved)).status == 403, "\(user)")
            }

            let seen = try await desk.ask("POST", path, session: session, body: body(moved))
            #expect(seen.status == 200, "\(seen.text)")
            #expect(seen.json["written"] as? Bool == false && seen.json["can_apply"] as? Bool == true)
            #expect(seen.json["counts"] as? [String: Int] == ["changed": 1, "new": 1])
            let diverted = try #require(seen.json["diverted"] as? [String: Any])
            #expect(diverted["looked"] as? Int == 1 && diverted["count"] as? Int == 1)
            let item = try #require((diverted["items"] as? [[String: Any]])?.first)
            #expect((item["from"] as? [String: String])?["code"] == Desk.east.digits)
            #expect((item["to"] as? [String: String])?["code"] == Desk.west.digits)
            let base = try #require(seen.json["base"] as? String)
            #expect(try await desk.get(path, as: session).json["base"] as? String == base, "looking changes nothing")

            let taken = try await desk.ask("POST", path, session: session, body: body(moved, ["dry_run": false, "base": base]))
            #expect(taken.status == 200 && taken.json["written"] as? Bool == true, "\(taken.text)")
            #expect((taken.json["diverted"] as? [String: Any])?["count"] as? Int == 1)
            let camera = try await desk.get("/api/cameras/\(Desk.eastCamera)", as: session).json
            #expect(camera["grid"] as? String == Desk.west.digits)
            let former = try #require(taken.json["former"] as? [String: Any])
            #expect(former["added"] as? Int == 0 && former["removed"] as? Int == 1 && former["changed"] as? Int == 1)

            let again = try await desk.ask("POST", path, session: session, body: body(moved, ["dry_run": false, "base": base]))
            #expect(again.status == 409 && again.text.contains("look at the difference again"))
            let now = try #require(taken.json["base"] as? String)
            let back = try await desk.ask("POST", path + "/rollback", session: session, body: #"{"base":"\#(now)"}"#)
            #expect(back.status == 200 && back.json["base"] as? String == base, "\(back.text)")
            #expect(try await desk.ask("POST", path + "/rollback", session: session, body: #"{"base":"\#(now)"}"#).status == 409)

            let lines = try await desk.get("/api/audit?actor=operator", as: auditor).items
            #expect(
                lines.compactMap { $0["action"] as? String }.filter { $0 != "login" } == ["cameras_rolled_back", "cameras_imported"])
            #expect(
                lines.first { $0["action"] as? String == "cameras_imported" }?["reason"] as? String
                    == "1 new, 1 changed, 0 unchanged, 0 refused")
        }
    }

    @Test func whatCannotBeTakenOverIsRefusedWithOneSentence() async throws {
        try await Desk.run { desk in
            let session = try await desk.login("operator")
            func ask(_ text: String) async throws -> Reply { try await desk.ask("POST", path, session: session, body: text) }
            for (text, status, word) in [
                ("{}", 400, "file is missing"), (#"{"file":"§"}"#, 400, "must be base64"),
                (try body(moved, ["crs": "beijing54"]), 400, "must be one of wgs84"),
                (try body(moved, ["dry_run": false]), 400, "base is missing"),
                (try body(moved, ["dry_run": false, "base": "another"]), 409, "changed meanwhile"),
                (#"{"base":"x"}"#, 400, "file is missing"),
            ] {
                let reply = try await ask(text)
                #expect(reply.status == status && reply.text.contains(word), "\(reply.status) \(reply.text)")
            }
            #expect(try await desk.ask("POST", path + "/rollback", session: session, body: #"{"base":"x"}"#).status == 409)

            let mixed = [StagedList.row(Desk.westCamera, "新名", 105.055), "5.1101E+19" + moved[1].dropFirst(20)]
            let seen = try await ask(body(mixed))
            #expect(seen.json["can_apply"] as? Bool == false && seen.json["can_apply_partly"] as? Bool == true)
            let base = try #require(seen.json["base"] as? String)
            let whole = try await ask(body(mixed, ["dry_run": false, "base": base]))
            #expect(whole.status == 422 && whole.text.contains("1 rows are refused"), "\(whole.text)")
            #expect(try await ask(body(mixed, ["dry_run": false, "base": base, "partial": true])).status == 200)
            let same = try await ask(body([StagedList.row(Desk.westCamera, "新名", 105.055)]))
            #expect(same.json["can_apply"] as? Bool == false && (same.json["rows"] as? [Any])?.isEmpty == true)
        }
    }
}
