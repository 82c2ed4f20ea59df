// Receipts, notices, silences and leave over HTTP: who may ask, what is said, and what is refused.

import Base
import Domain
import Foundation
import Logging
import Storage
import Testing

@testable import Cases
@testable import Console
@testable import Pushes

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct PushRouteTests {
    /// Decides what is due now, with the console as the only channel.
    private func follow(_ desk: Desk) async throws {
        var policy = PushPolicy()
        policy.groupWait = 0
        let service = PushService(
            file: desk.parts.pushes.file, registry: desk.parts.registry, signal: desk.signal,
            plan: PushPlan(policy: policy, book: DestinationBook()), time: desk.parts.time,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: MetricsRegistry(),
            sending: { _, _ in PushAnswer(status: 204) }, onFatal: { _ in })
        for _ in 0..<5 { _ = try await service.follow() }
    }

    @Test func whoWasToldIsShownToThoseWhoMaySeeTheIncident() async throws {
        try await Desk.run { desk in
            let incident = try desk.commit("fire_lane", Desk.eastCamera)
            try await follow(desk)
            let path = "/api/receipts/\(incident.id)"
            for (user, status) in [("duty", 200), ("w-east", 200), ("w-west", 404), ("auditor", 404), ("operator", 404)] {
                #expect(try await desk.get(path, as: desk.login(user)).status == status, "\(user)")
            }
            let answer = try await desk.get(path, as: desk.login("duty")).json
            let times = try #require(answer["times"] as? [String: Any])
            #expect(times["pushed"] is String && times["case"] is String && times["acknowledged"] is NSNull)
            let decisions = try #require(answer["decisions"] as? [[String: Any]])
            #expect(decisions.count == 1)
            #expect(decisions[0]["reason"] as? String == "sent" && decisions[0]["recipient"] as? String == "worker:w-east")
            let pushes = try #require(answer["pushes"] as? [[String: Any]])
            #expect(pushes.map { $0["channel"] as? String } == ["console"])
            #expect(pushes[0]["state"] as? String == "accepted")
            // What the description names is what is there.
            let described = try await desk.get("/api/openapi.json").json
            let schemas = (described["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]]
            #expect(Set(answer.keys) == Set((schemas?["Receipts"]?["properties"] as? [String: Any] ?? [:]).keys))
            let own = try await desk.get("/api/notices", as: desk.login("w-east"))
            #expect(own.items.count == 1)
            #expect(Set(own.items[0].keys) == Set((schemas?["Notice"]?["properties"] as? [String: Any] ?? [:]).keys))
            #expect(try await desk.get("/api/notices", as: desk.login("w-west")).items.isEmpty)
            #expect(try await desk.get("/api/notices", as: desk.login("operator")).status == 403)
        }
    }

    @Test func whatLacksAStepIsNamed() async throws {
        try await Desk.run { desk in
            let told = try desk.commit("fire_lane", Desk.eastCamera)
            try desk.commit("motion", Desk.eastCamera)
            try await follow(desk)
            let fresh = try desk.commit("fire_lane", Desk.westCamera)
            let duty = try await desk.login("duty")
            func missing(_ step: String) async throws -> [String] {
                let reply = try await desk.get("/api/receipts?missing=\(step)", as: duty)
                #expect(reply.json["count"] as? Int == reply.items.count)
                return reply.items.compactMap { $0["incident"] as? String }
            }
            #expect(try await missing("accepted").isEmpty)
            #expect(try await missing("case").isEmpty)
            #expect(try await missing("pushed") == [fresh.id.description])
            #expect(try await missing("acknowledged") == [told.id.description, fresh.id.description])
            #expect(try await desk.get("/api/receipts?missing=nothing", as: duty).status == 400)
            #expect(try await desk.get("/api/receipts", as: duty).status == 400)
            #expect(try await desk.get("/api/receipts?missing=pushed", as: desk.login("w-east")).status == 403)
        }
    }

    @Test func aSilenceHasAnAuthorAReasonAndAnEnd() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let soon = SystemTime().wallNow.adding(seconds: 3600)
            func silence(_ body: String) async throws -> Reply { try await desk.ask("POST", "/api/silences", session: duty, body: body) }
            let grid = "\"grid\":\"\(Desk.east)\""
            for (body, status) in [
                (#"{\#(grid),"until":"\#(soon)"}"#, 400), (#"{\#(grid),"reason":" ","until":"\#(soon)"}"#, 400),
                (#"{\#(grid),"reason":"施工"}"#, 400), (#"{\#(grid),"reason":"施工","until":"tomorrow"}"#, 400),
                (#"{"reason":"施工","until":"\#(soon)"}"#, 400), (#"{"grid":"1","reason":"施工","until":"\#(soon)"}"#, 400),
                (#"{\#(grid),"reason":"施工","until":"2020-01-01T00:00:00.000Z"}"#, 422),
                (#"{\#(grid),"reason":"施工","until":"\#(soon.adding(seconds: 31 * 86_400))"}"#, 422),
                (#"{\#(grid),"reason":"施工","until":"\#(soon)","total":true}"#, 403),
            ] { #expect(try await silence(body).status == status, "\(body)") }
            let made = try await silence(#"{\#(grid),"reason":"施工","until":"\#(soon)"}"#)
            #expect(made.status == 200)
            let id = try #require(made.json["id"] as? String)

            let incident = try desk.commit("fire_lane", Desk.eastCamera)
            try await follow(desk)
            let held = try await desk.get("/api/receipts/\(incident.id)", as: duty).json
            let decisions = try #require(held["decisions"] as? [[String: Any]])
            #expect(decisions.map { $0["reason"] as? String } == ["silenced"])
            #expect((decisions[0]["detail"] as? String)?.hasSuffix("施工") == true)
            #expect(try await desk.get("/api/silences", as: duty).items.first?["held"] as? Int == 1)

            #expect(try await desk.ask("POST", "/api/silences/\(id)/end", session: duty, body: "{}").status == 204)
            #expect(try await desk.ask("POST", "/api/silences/\(id)/end", session: duty, body: "{}").status == 404)
            try await follow(desk)
            let after = try await desk.get("/api/receipts/\(incident.id)", as: duty).json
            #expect((after["decisions"] as? [[String: Any]])?.map { $0["reason"] as? String } == ["sent"])
            #expect(try await desk.get("/api/silences", as: desk.login("w-east")).status == 403)
        }
    }

    @Test func whoIsOnLeaveIsNotTold() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let until = SystemTime().wallNow.adding(seconds: 3600)
            func leave(_ worker: String, _ until: WallTime) async throws -> Int {
                try await desk.ask(
                    "POST", "/api/workers/\(worker)/absence", session: duty, body: #"{"until":"\#(until)","reason":"休假"}"#
                ).status
            }
            #expect(try await leave("nobody", until) == 404)
            #expect(try await leave("w-east", until.adding(seconds: 400 * 86_400)) == 422)
            #expect(try await leave("w-east", until) == 204)
            #expect(try await desk.get("/api/absences", as: duty).items.count == 1)
            try desk.commit("fire_lane", Desk.eastCamera)
            try await follow(desk)
            #expect(try await desk.get("/api/notices", as: desk.login("w-east")).items.isEmpty)
            #expect(try await desk.get("/api/notices", as: duty).items.first?["recipient"] as? String == "office:511011001001")
            #expect(try await leave("w-east", SystemTime().wallNow.adding(seconds: -1)) == 204)
            #expect(try await desk.get("/api/absences", as: duty).items.isEmpty)
            #expect(try await desk.get("/api/absences", as: desk.login("w-east")).status == 403)
        }
    }
}
