// What other systems are sent: the JSON of an event is a contract.

import Base
@testable import Cases
import Domain
import Foundation
import IncidentBus
import Storage
import Testing

@Test func aHeartbeatIsThisText() throws {
    let event = FeedEvent(
        kind: .heartbeat, sequence: 1207, source: "/snowlight/511011", subject: nil,
        time: WallTime(millisecondsSince1970: 1_795_400_697_628), data: nil)
    #expect(
        String(decoding: try event.bytes, as: UTF8.self)
            == #"{"feedseq":1207,"id":"hb-1795400697628","source":"/snowlight/511011","specversion":"1.0","#
            + #""time":"\#(event.time)","type":"snowlight.feed.heartbeat"}"#)
}

@Test func eachFeedRowIsOneEventWithTheStateOfItsObject() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 14)
    let incident = sender.incident(camera: 2)
    try district.take([sender.message(incident)])
    let messages = try await onOwnThread("feed") { try district.store.feedMessages(after: 0, limit: 100) }
    #expect(try await district.store.newestSequence() == messages.reached)
    var sequences: [Int] = []
    for message in messages.messages {
        let object = try #require(JSONSerialization.jsonObject(with: Data(message.body)) as? [String: Any])
        #expect(Set(object.keys) == ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "feedseq", "data"])
        #expect(object["type"] as? String == message.topic && message.topic.utf8.count <= 64)
        #expect(object["id"] as? String == (object["feedseq"] as? Int).map(String.init))
        let data = try #require(object["data"] as? [String: Any])
        let name = message.topic == FeedEvent.Kind.incident.rawValue ? "id" : "no"
        #expect(data[name] as? String == object["subject"] as? String)
        sequences.append(object["feedseq"] as? Int ?? 0)
    }
    #expect(sequences == Array(1...Int(messages.reached)) && Set(messages.messages.map(\.topic)).count == 2)
    // Scope holds here as everywhere: another grid's worker is told nothing.
    #expect(try await district.store.events(after: 0, limit: 100, for: SmallDistrict.reader(1)).isEmpty)
    #expect(try await district.store.events(after: 0, limit: 100, for: SmallDistrict.reader(2)).count == sequences.count)
}
