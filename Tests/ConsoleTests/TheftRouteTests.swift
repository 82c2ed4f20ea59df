// Theft reports: who may enter them, that each change is in the audit, and that of the tag nothing stays.

import Base
import Crypto
import Domain
import Foundation
import Storage
import StorageKit
import Synchronization
import Tagging
import Testing

@testable import Console

private let tag = "e28011700000020b"

// One server at a time in this file, as in its neighbours.
@Suite(.serialized) struct TheftRouteTests {
    private func body(_ number: String, tag: String = tag, expires: String? = nil) -> String {
        let until = expires.map { #","expires":"\#($0)""# } ?? ""
        return #"{"number":"\#(number)","tag":"\#(tag)","reason":"报案回执"\#(until)}"#
    }

    @Test func aReportIsEnteredLookedForAndClosed() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let opened = try await desk.ask("POST", "/api/thefts", session: duty, body: body("R-17"))
            #expect(opened.status == 200 && opened.json["number"] as? String == "R-17", "\(opened.text)")
            // Readers with either key find it.
            let bytes: [UInt8] = [0xE2, 0x80, 0x11, 0x70, 0, 0, 2, 0x0B]
            let tokens = [7, 9].map { TheftToken(tag: bytes, key: SymmetricKey(data: [UInt8](repeating: $0, count: 32))).hex }
            #expect(desk.looked.latest.map(\.number) == ["R-17"] && desk.looked.latest[0].tokens == tokens)
            let items = try await desk.get("/api/thefts", as: duty).items
            #expect(items.count == 1 && items[0]["opened_by"] as? String == "duty" && items[0]["tokens"] == nil && items[0]["tag"] == nil)

            #expect(try await desk.ask("POST", "/api/thefts", session: duty, body: body("R-17", tag: "aabbccdd")).status == 409)
            let twice = try await desk.ask("POST", "/api/thefts", session: duty, body: body("R-18", tag: tag.uppercased()))
            #expect(twice.status == 409 && !twice.text.lowercased().contains(tag))

            let closed = try await desk.ask("POST", "/api/thefts/R-17/close", session: duty, body: #"{"reason":"车已找回"}"#)
            #expect(closed.status == 200 && desk.looked.latest.isEmpty)
            #expect(try await desk.ask("POST", "/api/thefts/R-17/close", session: duty, body: #"{"reason":"x"}"#).status == 404)

            let lines = try await desk.get("/api/audit", as: desk.login("auditor")).items.reversed()
                .filter { ($0["action"] as? String)?.hasPrefix("theft") == true }
            let members = ["action", "object", "actor", "reason"]
            let told = lines.map { line in members.map { line[$0] as? String ?? "?" }.joined(separator: " ") }
            // What was refused has changed nothing and stands nowhere.
            #expect(told == ["theft_report_opened R-17 duty 报案回执", "theft_report_closed R-17 duty 车已找回"])
            // Of the tag nothing is left: neither its number nor a token, in any file of the console.
            for file in try FileManager.default.subpathsOfDirectory(atPath: desk.directory) {
                guard let data = FileManager.default.contents(atPath: desk.directory + "/" + file) else { continue }
                #expect(data.range(of: Data(tag.utf8)) == nil && data.range(of: Data(bytes)) == nil, "\(file) holds the tag's number")
            }
        }
    }

    @Test func onlyDutyOfficersEnterReportsAndNobodySeesTokens() async throws {
        try await Desk.run { desk in
            for user in ["operator", "chief", "auditor", "w-east"] {
                let session = try await desk.login(user)
                #expect(try await desk.ask("POST", "/api/thefts", session: session, body: body("R-1")).status == 403, "\(user)")
                #expect(try await desk.ask("POST", "/api/thefts/R-1/close", session: session, body: "{}").status == 403, "\(user)")
                let reads = try await desk.get("/api/thefts", as: session).status
                #expect(reads == (["chief", "auditor"].contains(user) ? 200 : 403), "\(user)")
            }
            #expect(desk.looked.latest.isEmpty)
        }
    }

    @Test func whatCannotBeAReportIsRefusedWithoutRepeatingIt() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let far = WallTime(millisecondsSince1970: .max).description
            for (text, status, field) in [
                (body("R 1"), 400, "number"), (body(""), 400, "number"), (body("R-1", tag: "SECRET-EPC"), 400, "tag"),
                (body("R-1", tag: "abc"), 400, "tag"), (body("R-1", tag: "aabb"), 400, "tag"), (body("R-1", tag: ""), 400, "tag"),
                (body("R-1", tag: String(repeating: "ab", count: 65)), 400, "tag"), (body("R-1", expires: "soon"), 400, "expires"),
                (body("R-1", expires: "2020-01-01T00:00:00.000Z"), 422, "expires"), (body("R-1", expires: far), 422, "expires"),
                (#"{"number":"R-1","tag":"\#(tag)"}"#, 400, "reason"), (#"{"number":"R-1","tag":"\#(tag)","reason":""}"#, 422, "reason"),
                (#"{"number":"R-1","reason":"x"}"#, 400, "tag"), (#"{"number":"R-1","tag":7,"reason":"x"}"#, 400, "tag"),
            ] {
                let reply = try await desk.ask("POST", "/api/thefts", session: duty, body: text)
                let named = (reply.json["error"] as? [String: Any])?["field"] as? String
                #expect(reply.status == status && named == field, "\(text): \(reply.status) \(reply.text)")
                #expect(!reply.text.contains("SECRET") && !reply.text.contains(tag))
            }
            #expect(try await desk.get("/api/thefts", as: duty).items.isEmpty)
        }
    }

    @Test(arguments: DatabaseKind.allCases) func whatIsOverLeavesWithALineOfItsOwn(_ kind: DatabaseKind) async throws {
        let file = try TestDatabase(kind).open(Accounts.migrations)
        let (time, looked) = (SimulatedTime(), Desk.LookedFor())
        let reports = TheftReports(
            file: file, keys: [SymmetricKey(size: .bits256)], time: time, publish: { list in looked.lists.withLock { $0.append(list) } })
        let duty = Account(user: "值班1", name: "值班员", role: .dutyOfficer, grids: [], language: "zh")
        func open(_ number: String, _ tag: UInt8, days: Double) async throws {
            try await reports.open(
                tag: [tag, 1, 2, 3], number: number, expires: time.wallNow.adding(seconds: days * 86_400), reason: "r", by: duty)
        }
        try await open("R-1", 1, days: 1)
        try await open("R-2", 2, days: 2)
        await #expect(throws: TheftListRefusal.duplicate) { try await open("R-3", 1, days: 1) }
        time.advance(by: .seconds(86_400))
        // Over at once, tidied up or not; afterwards the same tag may be reported anew.
        #expect(try await reports.list().map(\.number) == ["R-2"])
        try await open("R-3", 1, days: 1)
        #expect(looked.latest.map(\.number) == ["R-2", "R-3"])
        let lines = try await file.read { sql in
            try AuditLog.page(AuditQuery(), in: sql).reversed().map { "\($0.entry.action) \($0.entry.object)" }
        }
        // A report that was refused has no line.
        #expect(lines == ["theftReportOpened R-1", "theftReportOpened R-2", "theftReportExpired R-1", "theftReportOpened R-3"])
        time.advance(by: .seconds(86_400))
        try await reports.tidy()
        #expect(looked.latest.isEmpty)
        try file.close()
    }
}
