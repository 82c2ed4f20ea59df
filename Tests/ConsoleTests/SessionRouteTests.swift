// Logging in and out over HTTP, and what other sites cannot do.

import Domain
import Foundation
import NIOCore
import Testing

@testable import Console

// One server at a time in this file: latencies are judged, and two cores serve all tests.
@Suite(.serialized) struct SessionRouteTests {
    @Test func loginGivesACookieThatOpensAndLogoutCloses() async throws {
        try await Desk.run { desk in
            #expect(try await desk.get("/api/me").status == 401)
            let reply = try await desk.ask("POST", "/api/login", body: #"{"user":"w-east","password":"\#(Desk.password)","else":[1]}"#)
            #expect(reply.status == 200)
            let cookie = try #require(reply["set-cookie"])
            for part in ["sid=", "Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"] { #expect(cookie.contains(part), "\(cookie)") }
            #expect(!cookie.contains("Secure"))
            #expect(reply.json["role"] as? String == "gridworker" && reply.json["grids"] as? [String] == [Desk.east.digits])
            let token = try await desk.login("w-east")
            let me = try await desk.get("/api/me", as: token)
            #expect(me.status == 200 && me.json["user"] as? String == "w-east" && me.json["name"] as? String == "张强")
            let out = try await desk.ask("POST", "/api/logout", session: token)
            #expect(out.status == 204 && out["set-cookie"]?.contains("Max-Age=0") == true && out["content-length"] == nil)
            #expect(try await desk.get("/api/me", as: token).status == 401)
            #expect(try await desk.ask("POST", "/api/logout", session: token).status == 401)
        }
    }

    @Test func overHTTPSTheCookieIsSecure() async throws {
        try await Desk.run(settings: { $0.secure = true }) { desk in
            let reply = try await desk.ask("POST", "/api/login", body: #"{"user":"duty","password":"\#(Desk.password)"}"#)
            let cookie = try #require(reply["set-cookie"])
            #expect(cookie.hasPrefix("__Host-sid=") && cookie.hasSuffix("; Secure") && !cookie.contains("Domain"))
            #expect(reply["strict-transport-security"] != nil)
            let token = String(cookie.dropFirst("__Host-sid=".count).prefix(64))
            #expect(try await desk.get("/api/me", as: token).status == 401)
            #expect(try await desk.ask("GET", "/api/me", headers: ["Cookie: __Host-sid=\(token)"]).status == 200)
        }
    }

    @Test func unknownNamesAndWrongPasswordsLookTheSameAndGetSlower() async throws {
        try await Desk.run { desk in
            func attempt(_ user: String) async throws -> Reply {
                try await desk.ask("POST", "/api/login", body: #"{"user":"\#(user)","password":"wrong-password"}"#)
            }
            let known = try await attempt("duty")
            let unknown = try await attempt("nobody")
            #expect(known.status == 401 && unknown.status == 401 && known.body == unknown.body)
            for name in ["", String(repeating: "长", count: 100), #"a\u0000b"#] { #expect(try await attempt(name).status == 401) }
            for _ in 0..<4 { #expect(try await attempt("duty").status == 401) }
            let slowed = try await attempt("duty")
            #expect(slowed.status == 429 && slowed.errorCode == "too_many_logins")
            #expect(Int(slowed["retry-after"] ?? "") == 1)
            // Other people at the same desk are not held up, and after the wait the right password works.
            _ = try await desk.login("w-east")
            try await eventually("the owner gets in after the delay", seconds: 5) {
                try await desk.ask("POST", "/api/login", body: #"{"user":"duty","password":"\#(Desk.password)"}"#).status == 200
            }
        }
    }

    @Test func manyGuessesAtOnceDoNotSlipThroughTogether() async throws {
        try await Desk.run { desk in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<30 {
                    group.addTask { try await desk.ask("POST", "/api/login", body: #"{"user":"duty","password":"wrong-password"}"#).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 401 }.count <= LoginThrottle.freeAttempts)
            #expect(statuses.allSatisfy { $0 == 401 || $0 == 429 })
        }
    }

    @Test func otherSitesAndFormsAreRefused() async throws {
        try await Desk.run { desk in
            let token = try await desk.login("duty")
            let host = "127.0.0.1:\(desk.port)"
            func logout(_ headers: [String]) async throws -> Reply {
                try await desk.ask("POST", "/api/logout", session: token, headers: headers)
            }
            for site in ["cross-site", "same-site", "none", "Same-Origin"] {
                let reply = try await logout(["Sec-Fetch-Site: \(site)"])
                #expect(reply.status == 403 && reply.errorCode == "cross_site", "\(site)")
            }
            for origin in [
                "null", "http://evil.example", "http://\(host).evil.example", "http://evil@\(host)", "http://127.0.0.1", "ftp://\(host)",
            ] {
                #expect(try await logout(["Origin: \(origin)"]).status == 403, "\(origin)")
            }
            for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""] {
                let reply = try await logout(["Content-Type: \(type)"])
                #expect(reply.status == 415 && reply.errorCode == "media_type", "\(type)")
            }
            #expect(try await desk.get("/api/me", as: token).status == 200)
            let own = ["Sec-Fetch-Site: same-origin", "Origin: http://\(host)", "Content-Type: application/json; charset=utf-8"]
            #expect(try await logout(own).status == 204)
        }
    }

    @Test func badBodiesAreNamed() async throws {
        try await Desk.run { desk in
            func login(_ body: String) async throws -> Reply { try await desk.ask("POST", "/api/login", body: body) }
            for body in ["", "{", "[]", "\"x\"", "{\"user\":}", String(repeating: "[", count: 20_000)] {
                let reply = try await login(body)
                #expect(reply.status == 400 && reply.errorCode == "bad_json", "\(body.prefix(20)) \(reply.text)")
            }
            for (body, field) in [
                (#"{"password":"x"}"#, "user"), (#"{"user":1,"password":"x"}"#, "user"), (#"{"user":null,"password":"x"}"#, "user"),
                (#"{"user":"duty"}"#, "password"), (#"{"user":"duty","password":true}"#, "password"),
            ] {
                let reply = try await login(body)
                #expect(reply.status == 400 && reply.errorField == field, "\(body)")
            }
            let large = #"{"user":"duty","password":"\#(String(repeating: "x", count: 70_000))"}"#
            let reply = try await login(large)
            #expect(reply.status == 413 && reply.errorCode == "too_large")
        }
    }

    @Test func aBodyWithoutEndAndABodyThatDripsLoseTheirConnection() async throws {
        try await Desk.run(settings: { $0.limits.requestTime = .milliseconds(300) }) { desk in
            let endless = try await HTTPProbe.open(desk.port)
            let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000000\r\n\r\n"
            try await endless.send(head)
            let piece = String(repeating: "x", count: 256 << 10)
            for _ in 0..<8 where !endless.isClosed { try? await endless.send(piece) }
            try await endless.wait("the endless body is cut", seconds: 5) { $0.isClosed }
            let dripping = try await HTTPProbe.open(desk.port)
            try await dripping.send(head + "{")
            try await dripping.wait("the dripping body is cut", seconds: 5) { $0.isClosed }
            #expect(try await desk.get("/api/health").status == 200)
        }
    }
}
