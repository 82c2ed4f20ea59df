// Live pictures and clips over HTTP: who may see them, who is refused with which sentence, and that nothing outlives its viewer.

import Base
import Domain
import Foundation
import Storage
import Testing

@testable import Console

// One server at a time in this file: latencies are judged, and two cores serve all tests.
@Suite(.serialized) struct LiveTests {
    @Test func whoMaySeeACameraMaySeeItsPictures() async throws {
        try await Desk.run { desk in
            let absent = try await desk.get("/api/cameras/51101100001320000099", as: desk.login("duty"))
            for (user, sees) in [("duty", true), ("operator", true), ("w-east", true), ("w-west", false), ("auditor", false)] {
                let reply = try await desk.get("/api/cameras/\(Desk.eastCamera)/snapshot.jpg", as: desk.login(user))
                #expect(reply.status == (sees ? 200 : 404), "\(user)")
                if sees {
                    #expect(
                        reply.body == [0xFF, 0xD8, 1, 2, 3] && reply["content-type"] == "image/jpeg" && reply["cache-control"] == "no-store"
                    )
                } else {
                    #expect(reply.body == absent.body)
                    let live = try await desk.get("/api/cameras/\(Desk.eastCamera)/live.mp4", as: desk.login(user))
                    #expect(live.status == 404 && live.body == absent.body)
                }
            }
            #expect(desk.live.open == 0)
        }
    }

    @Test func piecesArriveAsTheyComeAndTheViewEndsWithItsClient() async throws {
        try await Desk.run { desk in
            let probe = try await desk.watch()
            try await eventually("a view") { desk.live.open == 1 }
            desk.live.send(Array("head ".utf8))
            try await probe.wait("the head") { $0.received.contains("head ") }
            #expect(probe.received.contains("200 OK") && probe.received.lowercased().contains("content-type: video/mp4"))
            desk.live.send(Array("picture".utf8))
            try await probe.wait("a picture") { $0.received.contains("picture") }
            try await eventually("taken") { desk.live.takenBytes == 12 }
            await probe.close()
            try await eventually("no view", seconds: 5) { desk.live.open == 0 }
        }
    }

    @Test func aViewThatEndsEndsItsAnswer() async throws {
        try await Desk.run { desk in
            let probe = try await desk.watch()
            try await eventually("a view") { desk.live.open == 1 }
            desk.live.send([1])
            desk.live.end()
            // The last chunk of a chunked body.
            try await probe.wait("the end") { $0.received.hasSuffix("0\r\n\r\n") }
            try await eventually("no view") { desk.live.open == 0 }
        }
    }

    @Test func viewsEndWhenTheServerStops() async throws {
        let stopping = try await Desk.run { desk in
            for _ in 0..<3 { _ = try await desk.watch() }
            try await eventually("three views") { desk.live.open == 3 }
        }
        #expect(stopping < .seconds(5))
    }

    @Test func askingForTheHeadOnlyLeavesNoViewBehind() async throws {
        try await Desk.run { desk in
            let reply = try await desk.ask("HEAD", "/api/cameras/\(Desk.eastCamera)/live.mp4", session: desk.login("duty"))
            #expect(reply.status == 200)
        }
    }

    @Test(arguments: [
        (Failure(.resourceExhausted, "4 live views of this camera are open already; close one"), 429, "too_many_views", true),
        (Failure(.unavailable, "the camera shows no picture: it is off (camera)"), 503, "no_picture", true),
        (Failure(.deadlineExceeded, "no key picture came in 10 s"), 503, "no_picture", true),
        (Failure(.notFound, "this camera is not read here"), 404, "not_found", false),
    ])
    func refusalsSayWhatToDo(failure: Failure, status: Int, code: String, isTold: Bool) async throws {
        try await Desk.run { desk in
            desk.live.fail(failure)
            let duty = try await desk.login("duty")
            for name in ["live.mp4", "snapshot.jpg"] {
                let reply = try await desk.get("/api/cameras/\(Desk.eastCamera)/\(name)", as: duty)
                #expect(reply.status == status && reply.errorCode == code)
                #expect(reply.text.contains(failure.message) == isTold)
                #expect((reply["retry-after"] != nil) == isTold)
            }
        }
    }

    @Test func clipsAreForThoseWhoSeeTheIncidentAndComeInParts() async throws {
        try await Desk.run { desk in
            let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
            let clip = try desk.pictures.store(bytes, as: .clip)
            let incident = try desk.commit("fire_lane", Desk.eastCamera, clip: clip)
            let without = try desk.commit("fire_lane", Desk.westCamera)
            let path = "/api/incidents/\(incident.id)/clip.mp4"
            let duty = try await desk.login("duty")
            #expect(try await desk.get("/api/incidents/\(incident.id)", as: duty).json["clip_url"] as? String == path)
            #expect(try await desk.get("/api/incidents/\(without.id)", as: duty).json["clip_url"] is NSNull)
            let whole = try await desk.get(path, as: duty)
            #expect(whole.status == 200 && whole.body == bytes && whole["content-type"] == "video/mp4" && whole["accept-ranges"] == "bytes")
            #expect(whole["cache-control"] == "no-store" && whole["content-disposition"]?.contains(clip.sha256) == true)
            let part = try await desk.ask("GET", path, session: duty, headers: ["Range: bytes=10-19"])
            #expect(part.status == 206 && part.body == Array(bytes[10...19]) && part["content-range"] == "bytes 10-19/1000")
            let behind = try await desk.ask("GET", path, session: duty, headers: ["Range: bytes=1000-"])
            #expect(behind.status == 416 && behind.errorCode == "range")
            // A picture is no clip and a clip no picture.
            #expect(try await desk.get("/api/incidents/\(incident.id)/snapshot.jpg", as: duty).status == 404)
            #expect(try await desk.get("/api/incidents/\(without.id)/clip.mp4", as: duty).status == 404)
            for user in ["w-west", "auditor", "operator"] {
                #expect(try await desk.get(path, as: desk.login(user)).status == 404, "\(user)")
            }
            #expect(try await desk.get(path, as: desk.login("w-east")).status == 200)
        }
    }

    @Test(
        arguments: [
            (nil, ByteRange.Wish.whole), ("bytes=0-", .part(0..<100)), ("bytes=0-0", .part(0..<1)), ("bytes=99-", .part(99..<100)),
            ("bytes=90-400", .part(90..<100)), ("bytes=-10", .part(90..<100)), ("bytes=-400", .part(0..<100)),
            ("bytes=100-", .behindTheEnd),
            ("bytes=-0", .behindTheEnd), ("bytes=5-4", .whole), ("bytes=", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole),
            ("bytes=0-1,5-6", .whole), ("items=0-1", .whole), ("bytes=99999999999999999999-", .whole), ("bytes=+1-2", .whole),
        ] as [(String?, ByteRange.Wish)])
    func rangesAreReadAsTheRFCSays(header: String?, wish: ByteRange.Wish) { #expect(ByteRange.parse(header, size: 100) == wish) }
}

extension Desk {
    /// Opens a live view as the duty officer.
    fileprivate func watch() async throws -> HTTPProbe {
        let session = try await login("duty")
        let probe = try await HTTPProbe.open(port)
        let lines = ["GET /api/cameras/\(Self.eastCamera)/live.mp4 HTTP/1.1", "Host: 127.0.0.1:\(port)", "Cookie: sid=\(session)"]
        try await probe.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        return probe
    }
}
