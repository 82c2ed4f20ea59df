// Every route has its headers, its methods and its description; files cannot be left by any path.

import Base
import Foundation
import Logging
import NIOCore
import TestKit
import Testing

@testable import Console

// One server at a time in this file: latencies are judged, and two cores serve all tests.
@Suite(.serialized) struct RouteTests {
    /// A path with every placeholder filled in by something that does not exist.
    private func concrete(_ path: String) -> String {
        path.replacing("{id}", with: "51101100001320000099").replacing("{no}", with: "511011-20261123-99999").replacing(
            "**", with: "none.js")
    }

    @Test func theDescriptionNamesExactlyTheRoutesOfTheAPI() async throws {
        try await Desk.run { desk in
            let described = try await desk.get("/api/openapi.json")
            #expect(described.status == 200 && described.json["openapi"] as? String == "3.1.0")
            let paths = try #require(described.json["paths"] as? [String: [String: Any]])
            let stated = Set(paths.flatMap { path, operations in operations.keys.map { "\($0.uppercased()) \(path)" } })
            let real = Set(
                desk.console.routes.filter { $0.path.hasPrefix("/api/") || $0.path == "/metrics" }.map { "\($0.method) \($0.path)" })
            #expect(stated == real)
            // Every reference points at a schema that is there.
            let schemas = try #require((described.json["components"] as? [String: Any])?["schemas"] as? [String: Any])
            for match in described.text.matches(of: /"#\/components\/schemas\/(\w+)"/) { #expect(schemas[String(match.1)] != nil) }
            for (path, operations) in paths {
                for (method, operation) in operations {
                    let responses = (operation as? [String: Any])?["responses"] as? [String: Any]
                    #expect(responses?.isEmpty == false, "\(method) \(path)")
                }
            }
        }
    }

    @Test func everyAnswerCarriesTheSecurityHeaders() async throws {
        try await Desk.run { desk in
            let token = try await desk.login("duty")
            for route in desk.console.routes where route.path != "/api/events" {
                for session in [nil, token] {
                    let reply = try await desk.ask(route.method, concrete(route.path), session: session)
                    #expect((200..<500).contains(reply.status), "\(route) \(reply.status)")
                    #expect(reply["content-security-policy"] == AnswerMiddleware.policy, "\(route)")
                    #expect(reply["x-content-type-options"] == "nosniff" && reply["referrer-policy"] == "no-referrer", "\(route)")
                    #expect(reply["x-frame-options"] == "DENY" && reply["cross-origin-opener-policy"] == "same-origin", "\(route)")
                    let caching = reply["cache-control"]
                    #expect(caching == "no-store" || caching == "no-cache", "\(route) \(caching ?? "-")")
                }
            }
            let absent = try await desk.get("/absent")
            #expect(absent.status == 404 && absent.errorCode == "not_found" && absent["content-security-policy"] != nil)
            let policy = AnswerMiddleware.policy
            for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe") && !policy.contains("*"))
        }
    }

    @Test func everythingButTheOpenRoutesNeedsASession() async throws {
        try await Desk.run { desk in
            let open: Set = ["/api/health", "/metrics", "/api/openapi.json", "/api/login", "/login", "/assets/**", "/lib/leaflet/**"]
            for route in desk.console.routes where !open.contains(route.path) {
                for session in [nil, "", String(repeating: "0", count: 64), "../../etc/passwd"] as [String?] {
                    let reply = try await desk.ask(route.method, concrete(route.path), session: session)
                    if route.path.hasPrefix("/api/") {
                        #expect(reply.status == 401 && reply.errorCode == "signed_out", "\(route) \(reply.status)")
                    } else {
                        #expect(reply.status == 303 && reply["location"]?.hasPrefix("/login?next=") == true, "\(route)")
                    }
                }
            }
            #expect(try await desk.get("/work")["location"] == "/login?next=%2Fwork")
        }
    }

    @Test func otherMethodsAreRefusedWithTheRightOnesNamed() async throws {
        try await Desk.run { desk in
            let reply = try await desk.ask("DELETE", "/api/me")
            #expect(reply.status == 405 && reply["allow"] == "GET, HEAD" && reply.errorCode == "method_not_allowed")
            #expect(try await desk.ask("GET", "/api/login")["allow"] == "POST")
            #expect(try await desk.ask("GET", "/api/cases/511011-20261123-00001/actions").status == 405)
            for method in ["PUT", "PATCH", "OPTIONS", "TRACE"] {
                #expect(try await desk.ask(method, "/api/health").status == 405, "\(method)")
            }
            #expect(try await desk.ask("BREW", "/api/health").status >= 400)
            let head = try await desk.ask("HEAD", "/api/health")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func pagesGoWhereTheirReadersWork() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let worker = try await desk.login("w-east")
            let index = try await desk.get("/", as: duty)
            #expect(index.status == 200 && index["content-type"] == "text/html; charset=utf-8" && index.text.contains("index"))
            let moved = try await desk.get("/", as: worker)
            #expect(moved.status == 303 && moved["location"] == "/work")
            #expect(try await desk.get("/work", as: worker).text.contains("work"))
            #expect(try await desk.get("/login").text.contains("login"))
        }
    }

    @Test func filesHaveTypesAndTagsAndAreFoundOnlyByTheirNames() async throws {
        try await Desk.run { desk in
            let script = try await desk.get("/assets/js/feed.js")
            #expect(script.status == 200 && script["content-type"] == "text/javascript; charset=utf-8")
            #expect(script["cache-control"] == "no-cache" && script.text.contains("42"))
            let tag = try #require(script["etag"])
            for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let again = try await desk.ask("GET", "/assets/js/feed.js", headers: ["If-None-Match: \(known)"])
                #expect(again.status == 304 && again.body.isEmpty, "\(known)")
            }
            #expect(try await desk.ask("GET", "/assets/js/feed.js", headers: ["If-None-Match: \"other\""]).status == 200)
            for path in [
                "/assets/../accounts.sqlite", "/assets/..%2faccounts.sqlite", "/assets/%2e%2e/accounts.sqlite",
                "/assets/js/../../accounts.sqlite",
                "/assets/....//accounts.sqlite", "/assets//etc/passwd", "/assets/%2fetc%2fpasswd", "/assets/js/feed.js%00.html",
                "/assets/.hidden",
                "/assets/js/.", "/assets/js", "/assets/", "/assets", "/assets/..\\accounts.sqlite", "/assets/js/feed.js/",
                "/lib/leaflet/../x",
                "/assets/%c0%ae%c0%ae/accounts.sqlite", "/../../../../etc/passwd", "//etc/passwd", "/assets/js%2ffeed.js",
                "/assets/link.js",
                "/assets/folder/secret.js", "/assets/accounts.sqlite", "/lib/leaflet/leaflet.css", "/assets/*", "/%", "/assets/%zz",
            ] {
                let reply = try await desk.get(path)
                // A trailing or doubled slash names the same file in this router; nothing else may succeed.
                let same = path == "/assets/js/feed.js/"
                #expect(
                    same ? reply.status == 200 || reply.status == 404 : reply.status == 404 || reply.status == 400,
                    "\(path) \(reply.status)")
                #expect(!reply.text.contains("SQLite") && !reply.text.contains("root:"))
            }
        }
    }

    @Test func linksDotfilesAndForeignTypesAreLeftOutOfATree() throws {
        let root = try temporaryFolder()
        try FileManager.default.createDirectory(atPath: root + "/in/sub", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: root + "/out", withIntermediateDirectories: true)
        for name in ["in/a.js", "in/sub/b.css", "in/.hidden.js", "in/key.pem", "out/secret.js"] {
            try "x".write(toFile: "\(root)/\(name)", atomically: false, encoding: .utf8)
        }
        try FileManager.default.createSymbolicLink(atPath: root + "/in/link.js", withDestinationPath: root + "/out/secret.js")
        try FileManager.default.createSymbolicLink(atPath: root + "/in/folder", withDestinationPath: root + "/out")
        #expect(try StaticFiles(directory: root + "/in").names == ["a.js", "sub/b.css"])
        #expect(throws: (any Error).self) { try StaticFiles(directory: root + "/absent") }
    }

    @Test func healthAndMetricsAreThereForMachines() async throws {
        try await Desk.run { desk in
            try desk.commit("motion", Desk.eastCamera)
            let health = try await desk.get("/api/health")
            #expect(health.status == 200 && health.json["status"] as? String == "ok")
            #expect(health.json["version"] as? String == Desk.version && health.json["seq"] as? Int == 1)
            #expect((health.json["cameras"] as? [String: Int]) == ["streaming": 1])
            #expect((health.json["outbox"] as? [String: Any])?["rows"] as? Int == 3)
            let metrics = try await desk.get("/metrics")
            #expect(metrics["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let proxied = try await desk.ask("GET", "/metrics", headers: ["X-Forwarded-For: 10.0.0.9"])
            #expect(proxied.status == 401)
            #expect(metrics.text.contains("snowlight_streams 0") && metrics.text.contains("snowlight_http_requests_total{status=\"2xx\"}"))
        }
    }

    @Test func theRealPagesLoadOnlyWhatIsServed() throws {
        let here = URL(fileURLWithPath: #filePath)
        let assets = here.deletingLastPathComponent().appendingPathComponent("../../Sources/Console/Assets").standardizedFileURL
        let files = try StaticFiles(directory: assets.path)
        let pages = files.names.filter { $0.hasSuffix(".html") && !$0.contains("/") }
        #expect(pages.count == 8)
        for page in pages {
            let text = String(buffer: try #require(files[page]).body)
            #expect(text.contains("early.js") && !text.contains("<!-- include"), "\(page) is not put together")
            #expect(!text.contains(" style=") && !text.contains("<style") && !text.contains(" onclick="), "\(page)")
            for match in text.matches(of: /(?:href|src)="\/assets\/([^"]+)"/) { #expect(files[match.1] != nil, "\(page) needs \(match.1)") }
        }
        for name in files.names where name.hasSuffix(".js") {
            let text = String(buffer: try #require(files[name]).body)
            let folder = name.split(separator: "/").dropLast().map { $0 + "/" }.joined()
            for match in text.matches(of: /from "\.\/([^"]+)"/) { #expect(files[folder + match.1] != nil, "\(name) needs \(match.1)") }
        }
    }

    @Test func aTakenPortAndAMissingDirectoryEndTheStartWithAReason() async throws {
        try await Desk.run { desk in
            var settings = desk.settings
            settings.port = desk.port
            let second = try Console(settings, desk.parts, log: Logger(label: "second") { _ in SwiftLogNoOpLogHandler() })
            let taken = await #expect(throws: Failure.self) { try await second.run() }
            #expect(taken?.kind == .unavailable && taken?.message.contains("\(desk.port)") == true)
            settings.assetsDirectory += "/absent"
            let log = Logger(label: "third") { _ in SwiftLogNoOpLogHandler() }
            let missing = #expect(throws: Failure.self) { try Console(settings, desk.parts, log: log) }
            #expect(missing?.kind == .invalidInput)
        }
    }

    @Test func brokenRequestsDoNotBreakTheServer() async throws {
        try await Desk.run { desk in
            for bytes in [
                "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}",
                "GET /" + String(repeating: "a", count: 100_000) + " HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\nCookie: sid=" + String(repeating: "c", count: 20_000) + "\r\n\r\n",
                "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET ?after=1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
            ] {
                let probe = try await HTTPProbe.open(desk.port)
                try? await probe.send(bytes)  // The server may close before all is sent.
                try await probe.wait("an answer or a close for \(bytes.prefix(30))", seconds: 2) {
                    $0.isClosed || !$0.received.isEmpty || bytes.count < 5
                }
                #expect(!probe.received.contains("HTTP/1.1 200"))
                await probe.close()
            }
            #expect(try await desk.get("/api/health").status == 200)
        }
    }
}
