// The live stream over real sockets: quick, scoped, and gone when its page, its session or its server is.

import Cases
import Domain
import Foundation
import NIOCore
import Testing

@testable import Console

/// The events of a stream so far.
private func events(_ probe: HTTPProbe) -> [(event: String, id: String?, data: [String: Any])] {
    Reply(probe.bytes).text.components(separatedBy: "\n\n").compactMap { block in
        var fields: [String: String] = [:]
        for line in block.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1].dropFirst()) }
        }
        guard let event = fields["event"], let data = fields["data"] else { return nil }
        return (event, fields["id"], (try? JSONSerialization.jsonObject(with: Data(data.utf8))) as? [String: Any] ?? [:])
    }
}

private func changes(_ probe: HTTPProbe) -> [(prev: Int, seq: Int, items: [[String: Any]])] {
    events(probe).filter { $0.event == "changes" }.map {
        ($0.data["prev"] as? Int ?? -1, $0.data["seq"] as? Int ?? -1, $0.data["items"] as? [[String: Any]] ?? [])
    }
}

// One server at a time in this file: latencies are judged, and two cores serve all tests.
@Suite(.serialized) struct StreamTests {
    @Test func aCommitIsOnThePageWithinASecondWithItsCase() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let stream = try await desk.stream(duty)
            try await stream.wait("a heartbeat at once", seconds: 2) { events($0).first?.event == "hb" }
            let head = Reply(stream.bytes)
            #expect(head.status == 200 && head["content-type"] == "text/event-stream" && head["cache-control"] == "no-store")
            #expect(events(stream)[0].data["seq"] as? Int == 0 && events(stream)[0].data["version"] as? String == Desk.version)
            // The median of five, from the return of the commit: other tests keep the disk and the cores busy meanwhile.
            var delays: [Duration] = []
            for round in 1...5 {
                try desk.commit("fire_lane", Desk.eastCamera)
                let committed = ContinuousClock.now
                let newest = Int(desk.signal.newest)
                try await stream.wait("change \(round)", seconds: 5) { changes($0).last?.seq == newest }
                delays.append(ContinuousClock.now - committed)
            }
            #expect(delays.sorted()[2] < .seconds(1), "\(delays)")
            let change = try #require(changes(stream).first)
            #expect(change.prev == 0 && Set(change.items.compactMap { $0["kind"] as? String }) == ["incident", "case"])
            #expect(events(stream).first { $0.event == "changes" }?.id == "\(change.seq)")
            let item = change.items.first { $0["kind"] as? String == "case" }?["case"] as? [String: Any]
            #expect(item?["state"] as? String == "dispatched")
            try await stream.wait("later heartbeats carry the sequence", seconds: 5) {
                events($0).last?.data["seq"] as? Int == Int(desk.signal.newest)
            }
            await stream.close()
        }
    }

    @Test func aStormComesGatheredAndComplete() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let stream = try await desk.stream(duty)
            try await stream.wait("a heartbeat") { !events($0).isEmpty }
            for _ in 0..<100 { try desk.commit("fire_lane", Desk.eastCamera) }
            let newest = Int(desk.signal.newest)
            try await stream.wait("everything") { changes($0).last?.seq == newest }
            let seen = changes(stream)
            let incidents = seen.flatMap(\.items).compactMap { ($0["incident"] as? [String: Any])?["id"] as? String }
            #expect(Set(incidents).count == 100)
            #expect(seen.count < 50, "gathered, not one by one: \(seen.count)")
            // Each event begins where the one before ended.
            #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.seq == $1.prev } && seen[0].prev == 0)
            await stream.close()
        }
    }

    @Test func readersHearOnlyOfTheirOwnGridsAndNoForeignNumbers() async throws {
        try await Desk.run { desk in
            let east = try await desk.login("w-east")
            let stream = try await desk.stream(east, after: 0)
            for _ in 0..<5 { try desk.commit("fire_lane", Desk.westCamera) }
            let foreign = Int(desk.signal.newest)
            try await stream.wait("two heartbeats") { events($0).filter { $0.event == "hb" }.count >= 3 }
            #expect(changes(stream).isEmpty && events(stream).allSatisfy { $0.data["seq"] as? Int == 0 })
            try desk.commit("fire_lane", Desk.eastCamera)
            try await stream.wait("the own case") { !changes($0).isEmpty }
            let change = try #require(changes(stream).first)
            #expect(change.prev == 0 && change.seq > foreign && change.items.count == 2)
            #expect(!Reply(stream.bytes).text.contains(Desk.west.digits))
            // The page of the assignee has its case now.
            let duty = try await desk.login("duty")
            try await eventually("the receipt of delivery") {
                let item = try await desk.get("/api/incidents?grid=\(Desk.east)", as: duty).items.first
                let id = item?["id"] as? String ?? ""
                return (try await desk.get("/api/incidents/\(id)", as: duty).json["receipts"] as? [String: Any])?["delivered"] is String
            }
            await stream.close()
        }
    }

    @Test func aPageThatComesBackGetsWhatItMissedAndAPageFromAnotherTimeStartsAgain() async throws {
        try await Desk.run { desk in
            for _ in 0..<3 { try desk.commit("motion", Desk.eastCamera) }
            let duty = try await desk.login("duty")
            let behind = try await desk.stream(duty, after: 1)
            try await behind.wait("what was missed") { changes($0).last?.seq == 3 }
            #expect(changes(behind)[0].prev == 1 && changes(behind).flatMap(\.items).count == 2)
            let header = try await desk.stream(duty, after: 0, headers: ["Last-Event-ID: 2"])
            try await header.wait("the header outranks the address") { changes($0).last?.seq == 3 }
            #expect(changes(header).flatMap(\.items).count == 1)
            let ahead = try await desk.stream(duty, after: 999)
            try await ahead.wait("resync") { events($0).contains { $0.event == "resync" } }
            try desk.commit("motion", Desk.eastCamera)
            try await ahead.wait("and on from now") { changes($0).last?.seq == 4 }
            for bad in ["after=-1", "after=x", "after=99999999999999999999"] {
                let reply = try await desk.get("/api/events?" + bad, as: duty)
                #expect(reply.status == 400 && reply.errorField == "after", "\(bad)")
            }
            for stream in [behind, header, ahead] { await stream.close() }
        }
    }

    @Test func aPageThatLeavesIsForgotten() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            var streams: [HTTPProbe] = []
            for _ in 0..<4 { streams.append(try await desk.stream(duty)) }
            try await eventually("four streams") { desk.console.openStreams == 4 && desk.signal.readers == 4 }
            for stream in streams { await stream.close() }
            try await eventually("no stream") { desk.console.openStreams == 0 && desk.signal.readers == 0 }
            // Answers whose body never runs give their place back too.
            for _ in 0..<20 { #expect(try await desk.ask("HEAD", "/api/events", session: duty).status == 200) }
            #expect(desk.console.openStreams == 0)
        }
    }

    @Test func aStreamEndsWithItsSession() async throws {
        try await Desk.run { desk in
            let duty = try await desk.login("duty")
            let other = try await desk.login("duty")
            let stream = try await desk.stream(duty)
            let staying = try await desk.stream(other)
            try await stream.wait("a heartbeat") { !events($0).isEmpty }
            try await staying.wait("a heartbeat") { !events($0).isEmpty }
            #expect(try await desk.ask("POST", "/api/logout", session: duty).status == 204)
            // A heartbeat is the longest wait; in these tests it is half a second.
            try await eventually("the stream is over", seconds: 5) { desk.console.openStreams == 1 }
            try desk.commit("motion", Desk.eastCamera)
            try await staying.wait("the other session goes on") { !changes($0).isEmpty }
            #expect(changes(stream).isEmpty)
            await stream.close()
            await staying.close()
        }
    }

    @Test func streamsEndWhenTheServerStops() async throws {
        let kept = Kept()
        let stopping = try await Desk.run { desk in
            let duty = try await desk.login("duty")
            for _ in 0..<3 { kept.streams.append(try await desk.stream(duty)) }
            try await eventually("three streams") { desk.console.openStreams == 3 }
        }
        #expect(stopping < .seconds(5))
        for stream in kept.streams {
            try await stream.wait("the end", seconds: 2) { $0.isClosed }
            // Ended as it should, with the closing chunk, and not torn off.
            #expect(stream.received.hasSuffix("\r\n0\r\n\r\n"))
        }
    }

    @Test func oneAccountHasEightStreamsAndOthersAreNotHeldUp() async throws {
        try await Desk.run { desk in
            let (duty, east) = (try await desk.login("duty"), try await desk.login("w-east"))
            var streams: [HTTPProbe] = []
            for _ in 0..<8 { streams.append(try await desk.stream(duty)) }
            try await eventually("eight streams") { desk.console.openStreams == 8 }
            let ninth = try await desk.get("/api/events", as: duty)
            #expect(ninth.status == 429 && ninth["retry-after"] == "10" && ninth.errorCode == "too_many_streams")
            let worker = try await desk.stream(east)
            try await worker.wait("a heartbeat") { !events($0).isEmpty }
            await streams.removeLast().close()
            try await eventually("a free place") { desk.console.openStreams == 8 }
            streams.append(try await desk.stream(duty))
            try await streams[7].wait("a heartbeat") { !events($0).isEmpty }
            for stream in streams + [worker] { await stream.close() }
        }
    }

    @Test func aPageThatReadsNothingIsClosedAndHoldsNobodyUp() async throws {
        try await Desk.run(settings: {
            $0.limits.stuckWrite = .milliseconds(1500)
            $0.streams.gather = .milliseconds(1)
        }) { desk in
            let duty = try await desk.login("duty")
            // A small window, so that little fits between the server and the one who does not read.
            let stuck = try await desk.stream(duty, reads: false)
            let reading = try await desk.stream(duty)
            try await eventually("both streams") { desk.console.openStreams == 2 }
            try await eventually("the stuck page is closed", seconds: 60) {
                for _ in 0..<50 { try desk.commit("fire_lane", Desk.eastCamera) }
                return desk.console.openStreams == 1
            }
            let newest = Int(desk.signal.newest)
            try await reading.wait("the other page has everything", seconds: 20) { changes($0).last?.seq == newest }
            await stuck.close()
            await reading.close()
        }
    }

    /// Carries streams out of a body.
    private final class Kept: @unchecked Sendable {
        // Unchecked: one test task appends, and reads after the body has ended.
        var streams: [HTTPProbe] = []
    }
}
