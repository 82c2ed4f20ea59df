// "Why was I not told?" over HTTP: who may ask, what is found, and what becomes of "this was an event".

import Base
import Domain
import Foundation
import Storage
import Testing

@testable import Cases
@testable import Console

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct SuppressionRouteTests {
    @Test func thoseWhoSeeTheWholeDistrictSeeWhatWasNotTold() async throws {
        try await Desk.run { desk in
            let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]
            let record = try desk.suppress(.lighting, jpeg: jpeg)
            let paths = ["/api/suppressions", "/api/suppressions/\(record.id)", "/api/suppressions/\(record.id)/picture.jpg"]
            for (user, status) in [("duty", 200), ("operator", 200), ("auditor", 403), ("w-east", 403), ("w-west", 403)] {
                let session = try await desk.login(user)
                for path in paths { #expect(try await desk.get(path, as: session).status == status, "\(user) \(path)") }
                let page = try await desk.get("/suppressions", as: session)
                #expect(page.status == (user.hasPrefix("w-") ? 303 : 200), "\(user)")
            }
            let duty = try await desk.login("duty")
            let picture = try await desk.get(paths[2], as: duty)
            #expect(picture.body == jpeg && picture["content-type"] == "image/jpeg" && picture["cache-control"] == "no-store")
            let item = try await desk.get(paths[1], as: duty).json
            #expect(item["id"] as? String == record.id.description && item["at"] as? String == record.at.description)
            #expect((item["camera"] as? [String: Any])?["name"] as? String == "东 <b>枪机</b>")
            #expect((item["grid"] as? [String: Any])?["code"] as? String == Desk.east.digits)
            #expect(item["reason"] as? String == "lighting" && item["facts"] as? [String] == ["<img src=x onerror=alert(1)>"])
            #expect(item["box"] as? [Double] == [0.1, 0.2, 0.3, 0.4] && item["picture"] as? String == "kept")
            #expect(item["zone"] as? String == "lane" && item["rule"] as? String == "" && item["category"] as? String == "motion")
            #expect(item["restored"] is NSNull && item["incident"] is NSNull)
            // What the description names is what is there.
            let described = try await desk.get("/api/openapi.json").json
            let schemas = (described["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]]
            #expect(Set(item.keys) == Set((schemas?["Suppression"]?["properties"] as? [String: Any] ?? [:]).keys))
        }
    }

    @Test func theListIsSearchedAndPaged() async throws {
        try await Desk.run { desk in
            for age in 0..<12 {
                let camera = age % 3 == 0 ? Desk.westCamera : Desk.eastCamera
                try desk.suppress(age % 2 == 0 ? .lighting : .ghost, camera, age: Double(age * 60))
            }
            let duty = try await desk.login("duty")
            func ids(_ query: String) async throws -> [String] {
                let reply = try await desk.get("/api/suppressions?" + query, as: duty)
                #expect(reply.status == 200, "\(query) \(reply.text)")
                return reply.items.compactMap { $0["id"] as? String }
            }
            let all = try await ids("")
            #expect(all.count == 12 && all == all.sorted().reversed())
            #expect(try await ids("camera=\(Desk.westCamera)").count == 4)
            #expect(try await ids("reason=ghost").count == 6)
            #expect(try await ids("reason=ghost&camera=\(Desk.westCamera)").count == 2)
            #expect(try await ids("reason=flutter").isEmpty)
            let middle = SystemTime().wallNow.adding(seconds: -5.5 * 60)
            #expect(try await ids("from=\(middle)") + ids("to=\(middle)") == all)
            var (found, next): ([String], String?) = ([], nil)
            repeat {
                let reply = try await desk.get("/api/suppressions?limit=5" + (next.map { "&after=\($0)" } ?? ""), as: duty)
                found += reply.items.compactMap { $0["id"] as? String }
                next = reply.json["next"] as? String
            } while next != nil && found.count <= 12
            #expect(found == all)
            let kept = try await desk.get("/api/suppressions?reason=flutter", as: duty).json["kept"] as? [String: Any]
            let reasons = try await desk.get("/api/suppressions", as: duty).json["reasons"] as? [String]
            #expect(reasons == SuppressionReason.allCases.map(\.rawValue))
            #expect(kept?["rows"] as? Int == 12 && kept?["days"] as? Double == 7 && kept?["oldest"] is String)
            for query in [
                "camera=5.1101E%2B19", "reason=bad_luck", "from=yesterday", "to=2026", "after=x", "limit=0", "limit=201", "limit=x",
            ] {
                let reply = try await desk.get("/api/suppressions?" + query, as: duty)
                #expect(
                    reply.status == 400 && reply.errorField == query.split(separator: "=").first.map(String.init), "\(query) \(reply.text)")
            }
        }
    }

    @Test func aDutyOfficerMakesItAnEventOnce() async throws {
        try await Desk.run { desk in
            let record = try desk.suppress(.unconfirmed)
            let path = "/api/suppressions/\(record.id)/restore"
            let (duty, `operator`) = (try await desk.login("duty"), try await desk.login("operator"))
            let good = #"{"reason":"  有人 <b>翻越</b> \"护栏\" "}"#
            #expect(try await desk.ask("POST", path, session: `operator`, body: good).status == 403)
            #expect(try await desk.ask("POST", path, session: desk.login("w-east"), body: good).status == 403)
            for body in [#"{}"#, #"{"reason":""}"#, #"{"reason":"  "}"#, #"{"reason":7}"#, #"{"reason":"a\u0000b"}"#] {
                let reply = try await desk.ask("POST", path, session: duty, body: body)
                #expect(reply.status == 400 && reply.errorField == "reason", "\(body) \(reply.text)")
            }
            let long = String(repeating: "长", count: 501)
            #expect(try await desk.ask("POST", path, session: duty, body: #"{"reason":"\#(long)"}"#).status == 400)
            #expect(try await desk.ask("POST", path, session: duty, body: "[]").status == 400)
            let absent = "/api/suppressions/018f0000-0000-7000-8000-000000000000"
            #expect(try await desk.ask("POST", absent + "/restore", session: duty, body: good).status == 404)
            #expect(try await desk.get(absent, as: duty).status == 404)
            #expect(try await desk.get(absent + "/picture.jpg", as: duty).status == 404)

            let first = try await desk.ask("POST", path, session: duty, body: good)
            #expect(first.status == 200, "\(first.text)")
            let word = first.json["restored"] as? [String: Any]
            #expect(word?["by"] as? String == "duty" && word?["note"] as? String == #"有人 <b>翻越</b> "护栏""#)
            #expect(first.json["incident"] as? String == record.id.description)
            let second = try await desk.ask("POST", path, session: duty, body: #"{"reason":"again"}"#)
            #expect(second.status == 200 && second.body == first.body)
            #expect(try await desk.get("/api/suppressions/\(record.id)", as: `operator`).body == first.body)
            #expect(try await desk.get("/metrics").text.contains("snowlight_suppressions_restored_total 1\n"))
        }
    }

    @Test func aCameraThatIsGoneIsSaid() async throws {
        try await Desk.run { desk in
            let stranger = CameraID("51101100001320000777")!  // 20 digits.
            let record = try desk.suppress(.ghost, stranger)
            let duty = try await desk.login("duty")
            let reply = try await desk.ask("POST", "/api/suppressions/\(record.id)/restore", session: duty, body: #"{"reason":"x"}"#)
            #expect(reply.status == 422 && reply.errorCode == "camera_gone")
            let item = try await desk.get("/api/suppressions/\(record.id)", as: duty).json
            #expect(item["restored"] is NSNull && item["grid"] is NSNull)
            #expect((item["camera"] as? [String: Any])?["name"] as? String == stranger.digits)
        }
    }

    /// Every reason has its words in both languages, and every text stands in both tables.
    @Test func everyReasonIsSaidInEveryLanguage() throws {
        let here = URL(fileURLWithPath: #filePath)
        let assets = here.deletingLastPathComponent().appendingPathComponent("../../Sources/Console/Assets").standardizedFileURL
        func text(_ name: String) throws -> String { try String(contentsOf: assets.appendingPathComponent(name), encoding: .utf8) }
        func keys(_ name: String) throws -> Set<String> {
            Set(try text(name).matches(of: /"([\w.]+)": "/).map { String($0.1) })
        }
        let (zh, en) = (try keys("i18n/zh.js"), try keys("i18n/en.js"))
        #expect(zh.symmetricDifference(en).isEmpty, "texts in one language only: \(zh.symmetricDifference(en).sorted())")
        for reason in SuppressionReason.allCases {
            for key in ["doubt.\(reason.rawValue)", "doubt.\(reason.rawValue).why"] { #expect(zh.contains(key), "\(key) has no text") }
        }
        for picture in SuppressionRecord.Picture.allCases where picture != .kept {
            #expect(zh.contains("doubt.picture.\(picture.rawValue)"))
        }
    }
}
