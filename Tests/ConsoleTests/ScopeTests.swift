// Who sees and does what: every object route, for every kind of reader, with objects of one's own and of others.

import Domain
import Foundation
import Storage
import Testing

@testable import Console

// One server at a time in this file: latencies are judged, and two cores serve all tests.
@Suite(.serialized) struct ScopeTests {
    @Test func readersSeeTheirOwnGridsOnEveryRoute() async throws {
        try await Desk.run { desk in
            let picture = try desk.pictures.store([0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3])
            let east = try desk.commit("fire_lane", Desk.eastCamera, snapshot: picture)
            let west = try desk.commit("fire_lane", Desk.westCamera, snapshot: picture)
            let duty = try await desk.login("duty")
            let all = try await desk.get("/api/cases", as: duty)
            #expect(all.items.count == 2)
            func number(_ grid: GridCode) -> String {
                all.items.first { ($0["grid"] as? [String: Any])?["code"] as? String == grid.digits }?["no"] as? String ?? "none"
            }
            let paths = [
                (Desk.east, "/api/incidents/\(east.id)"), (Desk.east, "/api/incidents/\(east.id)/snapshot.jpg"),
                (Desk.east, "/api/cases/\(number(Desk.east))"), (Desk.east, "/api/cameras/\(Desk.eastCamera)"),
                (Desk.west, "/api/incidents/\(west.id)"), (Desk.west, "/api/incidents/\(west.id)/snapshot.jpg"),
                (Desk.west, "/api/cases/\(number(Desk.west))"), (Desk.west, "/api/cameras/\(Desk.westCamera)"),
            ]
            let absent = try await desk.get("/api/incidents/018f0000-0000-7000-8000-000000000000", as: duty)
            #expect(absent.status == 404)
            for (user, grids) in [("duty", [Desk.east, Desk.west]), ("w-east", [Desk.east]), ("w-west", [Desk.west]), ("auditor", [])] {
                let session = try await desk.login(user)
                for (grid, path) in paths {
                    let reply = try await desk.get(path, as: session)
                    #expect(reply.status == (grids.contains(grid) ? 200 : 404), "\(user) \(path) \(reply.status)")
                    // What is not the reader's looks like what is not there, to the byte.
                    if reply.status == 404 { #expect(reply.body == absent.body, "\(user) \(path)") }
                }
                for list in ["/api/incidents", "/api/cases?state=all", "/api/cameras"] {
                    #expect(try await desk.get(list, as: session).items.count == grids.count, "\(user) \(list)")
                }
                let feed = try await desk.get("/api/feed", as: session)
                #expect(Set(feed.items.compactMap { $0["id"] as? String }).count == grids.count * 2, "\(user)")
            }
            // Operators look after cameras, not after cases.
            let `operator` = try await desk.login("operator")
            #expect(try await desk.get("/api/cameras", as: `operator`).items.count == 2)
            #expect(try await desk.get("/api/cases?state=all", as: `operator`).items.isEmpty)
            #expect(try await desk.get("/api/incidents/\(east.id)", as: `operator`).status == 404)
        }
    }

    @Test func picturesLeaveAsPicturesOnly() async throws {
        try await Desk.run { desk in
            let bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0] + Array("<script>alert(1)</script>".utf8)
            let picture = try desk.pictures.store(bytes)
            let incident = try desk.commit("motion", Desk.eastCamera, snapshot: picture)
            let without = try desk.commit("motion", Desk.westCamera)
            let lost = try desk.commit(
                "motion", Desk.eastCamera, snapshot: SnapshotReference(sha256: String(repeating: "a", count: 64), sizeBytes: 9))
            let duty = try await desk.login("duty")
            let reply = try await desk.get("/api/incidents/\(incident.id)/snapshot.jpg", as: duty)
            #expect(reply.status == 200 && reply.body == bytes)
            #expect(reply["content-type"] == "image/jpeg" && reply["x-content-type-options"] == "nosniff")
            #expect(reply["cache-control"] == "no-store" && reply["content-disposition"]?.contains(picture.sha256) == true)
            #expect(try await desk.get("/api/incidents/\(without.id)/snapshot.jpg", as: duty).status == 404)
            #expect(try await desk.get("/api/incidents/\(lost.id)/snapshot.jpg", as: duty).status == 404)
            for id in ["x", "..", "%2e%2e", "\(incident.id)%00", picture.sha256] {
                #expect(try await desk.get("/api/incidents/\(id)/snapshot.jpg", as: duty).status == 404, "\(id)")
            }
        }
    }

    @Test func aCaseGoesItsWayByTheRightHandsOnly() async throws {
        try await Desk.run { desk in
            try desk.commit("fire_lane", Desk.eastCamera)
            let (duty, east, west) = (try await desk.login("duty"), try await desk.login("w-east"), try await desk.login("w-west"))
            let found = try await desk.get("/api/cases?mine=1", as: east).items.first
            let item = try #require(found)
            let number = try #require(item["no"] as? String)
            let version = try #require(item["version"] as? Int)
            #expect(item["state"] as? String == "dispatched" && (item["actions"] as? [String])?.contains("acknowledge") == true)
            func act(_ session: String, _ action: String, _ version: Int, note: String = "") async throws -> Reply {
                let body = #"{"action":"\#(action)","expected_version":\#(version),"note":"\#(note)"}"#
                return try await desk.ask("POST", "/api/cases/\(number)/actions", session: session, body: body)
            }
            #expect(try await act(west, "acknowledge", version).status == 404)
            #expect(try await act(duty, "acknowledge", version).status == 403)
            let early = try await act(east, "handle", version)
            #expect(early.status == 422 && early.errorField == "action")
            let done = try await act(east, "acknowledge", version)
            #expect(done.status == 200 && done.json["state"] as? String == "acknowledged", "\(done.text)")
            let stale = try await act(east, "acknowledge", version)
            #expect(stale.status == 409 && stale.errorCode == "conflict" && stale.errorField == "expected_version")
            let silent = try await act(east, "submit_result", version + 1)
            #expect(silent.status == 422 && silent.errorField == "note")
            let note = "已清理 <b>通道</b> & \\u0000 \\\"完\\\""
            let result = try await act(east, "submit_result", version + 1, note: note)
            #expect(result.status == 200 && result.json["state"] as? String == "handled", "\(result.text)")
            let log = try await desk.get("/api/cases/\(number)", as: duty).json["events"] as? [[String: Any]]
            #expect(log?.last?["note"] as? String == "已清理 <b>通道</b> & \u{0} \"完\"")
        }
    }

    @Test func theDutyOfficerMergesWhatIsOneMatterAndTakesItBack() async throws {
        try await Desk.run { desk in
            try desk.commit("fire_lane", Desk.eastCamera)
            try desk.commit("fire_lane", Desk.eastCamera)
            let duty = try await desk.login("duty")
            let numbers = try await desk.get("/api/cases", as: duty).items.compactMap { $0["no"] as? String }.sorted()
            let item = try await desk.get("/api/cases/\(numbers[1])", as: duty).json
            let found = try #require((item["duplicates"] as? [[String: Any]])?.first)
            #expect(found["no"] as? String == numbers[0] && found["distance_m"] as? Int == 0 && found["mergeable"] as? Bool == true)
            let (version, other) = (try #require(item["version"] as? Int), try #require(found["version"] as? Int))
            func act(_ action: String, _ version: Int, _ more: String = "") async throws -> Reply {
                let body = #"{"action":"\#(action)","expected_version":\#(version),"note":"同一件事"\#(more)}"#
                return try await desk.ask("POST", "/api/cases/\(numbers[1])/actions", session: duty, body: body)
            }
            let stale = try await act("merge", version, #","into":"\#(numbers[0])","into_version":\#(other - 1)"#)
            #expect(stale.status == 409 && stale.errorField == "into_version", "\(stale.text)")
            let itself = try await act("merge", version, #","into":"\#(numbers[1])""#)
            #expect(itself.status == 422 && itself.errorCode == "not_mergeable" && itself.errorField == "into", "\(itself.text)")
            let merged = try await act("merge", version, #","into":"\#(numbers[0])","into_version":\#(other)"#)
            #expect(merged.status == 200 && merged.json["merged_into"] as? String == numbers[0], "\(merged.text)")
            let whole = try await desk.get("/api/cases/\(numbers[0])", as: duty).json
            #expect(whole["incident_count"] as? Int == 2 && (whole["merged"] as? [[String: Any]])?.first?["no"] as? String == numbers[1])
            let back = try await act("unmerge", version + 1)
            #expect(
                back.status == 200 && back.json["state"] as? String == "dispatched" && back.json["merged_into"] is NSNull, "\(back.text)")
            // A gridworker merges nothing.
            let east = try await desk.login("w-east")
            let body = #"{"action":"merge","expected_version":\#(version + 2),"note":"x","into":"\#(numbers[0])"}"#
            #expect(try await desk.ask("POST", "/api/cases/\(numbers[1])/actions", session: east, body: body).status == 403)
        }
    }

    @Test func badActsAreNamed() async throws {
        try await Desk.run { desk in
            try desk.commit("fire_lane", Desk.eastCamera)
            let east = try await desk.login("w-east")
            let found = try await desk.get("/api/cases", as: east).items.first?["no"] as? String
            let number = try #require(found)
            for (body, field) in [
                (#"{}"#, "action"), (#"{"action":"explode","expected_version":1}"#, "action"),
                (#"{"action":7,"expected_version":1}"#, "action"),
                (#"{"action":"acknowledge"}"#, "expected_version"),
                (#"{"action":"acknowledge","expected_version":"1"}"#, "expected_version"),
                (#"{"action":"acknowledge","expected_version":1.5}"#, "expected_version"),
                (#"{"action":"acknowledge","expected_version":-1}"#, "expected_version"),
                (#"{"action":"acknowledge","expected_version":99999999999}"#, "expected_version"),
                (#"{"action":"acknowledge","expected_version":1,"note":[]}"#, "note"),
                (#"{"action":"merge","expected_version":1,"into":"7"}"#, "into"),
                (#"{"action":"merge","expected_version":1,"into_version":-1}"#, "into_version"),
                (#"{"action":"complete_task","expected_version":1,"task":"1"}"#, "task"),
            ] {
                let reply = try await desk.ask("POST", "/api/cases/\(number)/actions", session: east, body: body)
                #expect(reply.status == 400 && reply.errorField == field, "\(body) \(reply.text)")
            }
            for query in [
                "camera=5.1101E%2B19", "grid=1", "from=yesterday", "to=2026", "state=maybe", "limit=0", "limit=1001", "limit=x",
                "category=A%20B",
            ] {
                let reply = try await desk.get("/api/incidents?" + query, as: east)
                #expect(
                    reply.status == 400 && reply.errorField == query.split(separator: "=").first.map(String.init), "\(query) \(reply.text)")
            }
            #expect(try await desk.get("/api/incidents?unknown=1&limit=5", as: east).status == 200)
        }
    }

    @Test func onlyDutyOfficersFileAndFilingTwiceIsFilingOnce() async throws {
        try await Desk.run { desk in
            let incident = try desk.commit("motion", Desk.eastCamera)
            let (duty, east) = (try await desk.login("duty"), try await desk.login("w-east"))
            let path = "/api/incidents/\(incident.id)/file"
            #expect(try await desk.get("/api/cases?state=all", as: duty).items.isEmpty)
            #expect(try await desk.ask("POST", path, session: east, body: "{}").status == 403)
            #expect(try await desk.ask("POST", "/api/incidents/none/file", session: east, body: "{}").status == 403)
            let first = try await desk.ask("POST", path, session: duty, body: "{}")
            let second = try await desk.ask("POST", path, session: duty, body: "{}")
            #expect(first.status == 200 && second.status == 200)
            #expect(first.json["no"] as? String == second.json["no"] as? String && first.json["no"] != nil)
            #expect(try await desk.get("/api/cases?state=all", as: duty).items.count == 1)
        }
    }

    @Test func namesComeBackAsTheyAreAndAddressesOfCamerasNotAtAll() async throws {
        try await Desk.run { desk in
            try desk.commit("motion", Desk.eastCamera)
            let duty = try await desk.login("duty")
            let me = try await desk.get("/api/me", as: duty)
            #expect(me["content-type"] == "application/json; charset=utf-8")
            #expect(me.json["name"] as? String == "<script>alert(1)</script>\"值班员")
            let cameras = try await desk.get("/api/cameras", as: duty)
            #expect(cameras.items.first?["name"] as? String == "东 <b>枪机</b>" && !cameras.text.contains("secret-path"))
            #expect(cameras.items.first?["state"] as? String == "streaming" && cameras.items.last?["state"] as? String == "connecting")
            let incident = try await desk.get("/api/incidents", as: duty).items.first
            #expect((incident?["camera"] as? [String: Any])?["name"] as? String == "东 <b>枪机</b>")
        }
    }

    @Test func placesAreLocatedExactly() async throws {
        try await Desk.run { desk in
            let east = try await desk.login("w-east")
            let inside = try await desk.get("/api/locate?lon=105.065&lat=29.585", as: east)
            #expect((inside.json["grid"] as? [String: Any])?["code"] as? String == Desk.east.digits)
            let border = try await desk.get("/api/locate?lon=105.06&lat=29.585", as: east)
            #expect(border.json["near_border"] as? Bool == true && border.json["neighbours"] as? [String] == [Desk.west.digits])
            let outside = try await desk.get("/api/locate?lon=0&lat=0", as: east)
            #expect(outside.status == 200 && outside.json["grid"] is NSNull)
            for (query, field) in [
                ("", "lon"), ("lon=1", "lat"), ("lon=x&lat=1", "lon"), ("lon=181&lat=1", "lon"), ("lon=1&lat=91", "lat"),
                ("lon=nan&lat=1", "lon"),
            ] {
                let reply = try await desk.get("/api/locate?" + query, as: east)
                #expect(reply.status == 400 && reply.errorField == field, "\(query)")
            }
            let grids = try await desk.get("/api/grids", as: east).items
            // The own grid's worker has a name, the neighbour's has not.
            #expect(grids.count == 2 && grids.filter { $0["worker"] is NSNull }.count == 1)
            let map = try await desk.get("/api/grids.geojson", as: east)
            #expect(map["content-type"] == "application/geo+json; charset=utf-8" && map["etag"] != nil)
        }
    }
}
