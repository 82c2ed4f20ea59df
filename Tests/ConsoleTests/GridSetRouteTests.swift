// The map over HTTP: one draws it, another publishes it, and a case goes to whom its place now belongs; bindings of operators beside it.

import Base
import Domain
import Foundation
import Grids
import Testing

@testable import Cases
@testable import Console

/// The two squares of the desk with their common border at `lon`, as the two files.
private func files(border lon: Double) -> (boundary: String, grids: String) {
    func polygon(_ west: Double, _ east: Double) -> String {
        let corners = [(west, 29.58), (east, 29.58), (east, 29.59), (west, 29.59), (west, 29.58)].map { "[\($0.0),\($0.1)]" }
        return #"{"type":"Polygon","coordinates":[[\#(corners.joined(separator: ","))]]}"#
    }
    let features = [(Desk.west, "第2网格", 105.05, lon), (Desk.east, "第1网格", lon, 105.07)].map { code, name, west, east in
        #"{"type":"Feature","properties":{"code":"\#(code)","name":"\#(name)","township":"东兴街道","village":"沿河社区"},"geometry":"#
            + polygon(west, east) + "}"
    }
    return (polygon(105.05, 105.07), #"{"type":"FeatureCollection","features":[\#(features.joined(separator: ","))]}"#)
}

private func body(_ values: [String: Any]) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self)
}

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct GridSetRouteTests {
    @Test func aMapIsDrawnByOneAndPublishedByAnother() async throws {
        try await Desk.run { desk in
            let incident = try desk.commit("fire_lane", Desk.eastCamera)
            let (drawer, chief, duty) = (try await desk.login("operator"), try await desk.login("chief"), try await desk.login("duty"))
            let (east, west) = (try await desk.login("w-east"), try await desk.login("w-west"))
            #expect(try await desk.get("/api/gridsets", as: duty).items.isEmpty)
            #expect(try await desk.get("/api/gridsets", as: east).status == 403)

            let map = files(border: 105.067)
            let wish = try body(["boundary": map.boundary, "grids": map.grids, "reason": "按街道意见调整"])
            #expect(try await desk.ask("POST", "/api/gridsets", session: duty, body: wish).status == 403)
            let drawn = try await desk.ask("POST", "/api/gridsets", session: drawer, body: wish)
            #expect(drawn.status == 200 && drawn.json["state"] as? String == "draft" && drawn.json["number"] as? Int == 1, "\(drawn.text)")
            let early = try await desk.ask("POST", "/api/gridsets/1/publish", session: chief, body: "{}")
            #expect(early.status == 422 && early.text.contains("publish is not possible for a set that is draft"))
            #expect(try await desk.ask("POST", "/api/gridsets/1/check", session: drawer, body: "{}").status == 200)
            #expect(try await desk.ask("POST", "/api/gridsets/1/publish", session: drawer, body: "{}").status == 403)
            let published = try await desk.ask("POST", "/api/gridsets/1/publish", session: chief, body: "{}")
            #expect(published.status == 200 && published.json["state"] as? String == "published", "\(published.text)")
            let cases = published.json["cases"] as? [[String: Any]]
            #expect(
                cases?.count == 1 && cases?.first?["step"] as? String == "redispatch" && cases?.first?["to_assignee"] as? String == "w-west"
            )
            #expect((published.json["cameras"] as? [[String: Any]])?.first?["camera"] as? String == Desk.eastCamera.digits)

            // The case is the other gridworker's now, and its log says why; the incident keeps the grid of its first message.
            let number = try #require(cases?.first?["no"] as? String)
            #expect(try await desk.get("/api/cases/\(number)", as: east).status == 404)
            let moved = try await desk.get("/api/cases/\(number)", as: west).json
            #expect(
                (moved["grid"] as? [String: Any])?["code"] as? String == Desk.west.digits
                    && moved["handling_grid"] as? String == Desk.west.digits)
            let line = (moved["events"] as? [[String: Any]])?.last
            #expect(line?["action"] as? String == "rehome" && (line?["note"] as? String)?.contains("grid set 1") == true, "\(line ?? [:])")
            let kept = try await desk.get("/api/incidents/\(incident.id)", as: duty).json
            #expect((kept["grid"] as? [String: Any])?["code"] as? String == Desk.east.digits)
            #expect(try await desk.get("/api/grids.geojson", as: duty).text.hasSuffix(map.grids))

            // What the description names is what is there.
            let described = try await desk.get("/api/openapi.json").json
            let schemas = (described["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]]
            let item = try #require(try await desk.get("/api/gridsets", as: duty).items.first)
            #expect(Set(item.keys) == Set((schemas?["GridSetItem"]?["properties"] as? [String: Any] ?? [:]).keys))

            let nothing = try await desk.ask("POST", "/api/gridsets/rollback", session: chief, body: #"{"reason":"x"}"#)
            #expect(nothing.status == 404, "there is no set before the first")
            #expect(try await desk.get("/api/gridsets/7", as: duty).status == 404)
        }
    }

    @Test func whatIsNoMapIsSaid() async throws {
        try await Desk.run { desk in
            let drawer = try await desk.login("operator")
            let good = files(border: 105.06)
            for (boundary, grids, reason, status, field) in [
                (good.boundary, "{", "x", 422, "grids"), ("[]", good.grids, "x", 422, "boundary"),
                (good.boundary, good.grids, " ", 422, "reason"),
            ] {
                let wish = try body(["boundary": boundary, "grids": grids, "reason": reason])
                let reply = try await desk.ask("POST", "/api/gridsets", session: drawer, body: wish)
                #expect(reply.status == status && reply.errorField == field, "\(reply.text)")
            }
            let overlapping = good.grids.replacing("[105.06,29.58]", with: "[105.061,29.58]")
            let wish = try body(["boundary": good.boundary, "grids": overlapping, "reason": "x", "valid_from": "2026-11-23T20:00:00.000Z"])
            #expect(try await desk.ask("POST", "/api/gridsets", session: drawer, body: wish).status == 200)
            let refused = try await desk.ask("POST", "/api/gridsets/1/check", session: drawer, body: "{}")
            #expect(refused.status == 200 || refused.errorField == "grids", "\(refused.text)")
            #expect(try await desk.ask("POST", "/api/gridsets", session: drawer, body: #"{"reason":"x"}"#).errorField == "boundary")
        }
    }

    @Test func anOperatorBindsACameraForTheNextIncident() async throws {
        try await Desk.run { desk in
            let (session, duty) = (try await desk.login("operator"), try await desk.login("duty"))
            let path = "/api/cameras/\(Desk.eastCamera)"
            let before = try #require(try await desk.get(path, as: session).json["binding"] as? [String: Any])
            #expect(before["method"] as? String == "position" && before["version"] as? Int == 0)
            func bind(_ values: [String: Any], as who: String? = nil) async throws -> Reply {
                try await desk.ask("PUT", path + "/binding", session: who ?? session, body: try body(values))
            }
            let wish: [String: Any] = ["grid": Desk.west.digits, "reason": "看的是对岸 <b>", "expected_version": 0]
            #expect(try await bind(wish, as: duty).status == 403)
            let bound = try await bind(wish)
            #expect(
                bound.status == 200 && bound.json["method"] as? String == "camera_manual" && bound.json["version"] as? Int == 1,
                "\(bound.text)")
            let late = try await bind(wish)
            #expect(late.status == 409 && late.errorField == "expected_version" && late.text.contains("Op did at"), "\(late.text)")
            let incident = try desk.commit("fire_lane", Desk.eastCamera)
            let found = try await desk.get("/api/incidents/\(incident.id)", as: duty).json
            #expect((found["grid"] as? [String: Any])?["code"] as? String == Desk.west.digits)
            #expect((found["resolution"] as? [String: Any])?["method"] as? String == "camera_manual")
            let listed = try await desk.get("/api/cameras", as: session).items.first { $0["id"] as? String == Desk.eastCamera.digits }
            #expect(
                listed?["method"] as? String == "camera_manual" && listed?["near_border"] as? Bool == false && listed?["review"] is NSNull)

            let described = try await desk.get("/api/openapi.json").json
            let schemas = (described["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]]
            #expect(Set(bound.json.keys) == Set((schemas?["CameraBinding"]?["properties"] as? [String: Any] ?? [:]).keys))

            for (values, status, field) in [
                (["grid": "5110", "reason": "x", "expected_version": 1], 400, "grid"),
                (["grid": "511011009009009", "reason": "x", "expected_version": 1], 422, "grid"),
                (["reason": " ", "expected_version": 1], 422, "reason"), (["reason": "x"], 400, "expected_version"),
                (["scope": "roof", "reason": "x", "expected_version": 1], 400, "scope"),
                (["scope": "preset", "reason": "x", "expected_version": 1], 422, "name"),
                (["scope": "zone", "name": "lane", "ground": [[1]], "reason": "x", "expected_version": 1], 400, "ground"),
            ] as [([String: Any], Int, String)] {
                let reply = try await bind(values)
                #expect(reply.status == status && reply.errorField == field, "\(values) \(reply.text)")
            }
            let ground = [[105.062, 29.582], [105.064, 29.582], [105.064, 29.584]]
            let zone = try await bind(["scope": "zone", "name": "lane", "ground": ground, "reason": "画在地面", "expected_version": 1])
            #expect(zone.status == 200 && (zone.json["history"] as? [[String: Any]])?.first?["has_ground"] as? Bool == true)
            #expect(try await desk.ask("PUT", "/api/cameras/1/binding", session: session, body: "{}").status == 404)
        }
    }
}
