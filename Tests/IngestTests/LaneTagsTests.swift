// A camera's tags on a worker: bounded mail, the looks that tags ask for, and what metrics may know.

import Base
import Domain
import Tagging
import Testing

@testable import Ingest

private func document(_ topic: String, _ data: String, source: String = "") -> MetadataMail {
    let text =
        "<MetadataStream><Event><NotificationMessage><Topic>tns1:\(topic)</Topic><Message><Message PropertyOperation=\"Changed\">"
        + "<Source><SimpleItem Name=\"Rule\" Value=\"\(source)\"/></Source><Data><SimpleItem Name=\"State\" Value=\"\(data)\"/></Data>"
        + "</Message></Message></NotificationMessage></Event></MetadataStream>"
    return MetadataMail(bytes: Array(text.utf8), form: .document, arrival: .seconds(100))
}

private let wall = WallTime(millisecondsSince1970: 1_800_000_000_000)

@Suite struct LaneTagsTests {
    @Test func mailIsBoundedAndTheNewestStays() {
        var box = MetadataMailbox()
        let small = MetadataMail(bytes: [1], form: .packet, arrival: .zero)
        for _ in 0..<MetadataMailbox.mostPieces { #expect(box.put(small) == 0) }
        #expect(box.put(small) == MetadataMailbox.mostPieces && box.pieces.count == 1)
        let large = MetadataMail(bytes: [UInt8](repeating: 0, count: MetadataMailbox.mostBytes - 1), form: .document, arrival: .zero)
        #expect(box.put(large) == 0 && box.put(small) == 2)
        #expect(box.takeAll().count == 1 && box.pieces.isEmpty && box.put(large) == 0)
    }

    @Test func whatComesOnAsksForLooksForAMinuteAndNoLonger() {
        var tags = LaneTags()
        let metrics = TagMetrics(MetricsRegistry())
        func hear(_ mail: MetadataMail..., at now: Double) -> Double? { tags.absorb(mail, now: now, wall: wall, metrics) }
        #expect(hear(document("VideoSource/MotionAlarm", "false"), at: 100) == nil)
        #expect(hear(document("VideoSource/MotionAlarm", "true"), at: 100) == 160)
        #expect(hear(document("VideoSource/MotionAlarm", "true"), at: 101) == nil, "said again is no new reason")
        #expect(hear(document("RuleEngine/LineDetector/Crossed", "x"), at: 101) == 110)
        #expect(tags.isAwake && tags.live.count == 2)
        #expect(hear(at: 400) == nil && tags.live.map(\.state) == [.unknown] && !tags.isAwake)
        tags.restart(now: 401)
        #expect(tags.live.map(\.state) == [.unknown])
    }

    @Test func ofASensorsMailTheNewestStays() {
        var box = SensorMailbox()
        let said = (0...SensorMailbox.most).map { TagAssertion(name: "io:gauge/\($0)", claim: .on, atSeconds: 100) }
        #expect(said.map { box.put($0) } == Array(repeating: 0, count: SensorMailbox.most) + [1])
        #expect(box.takeAll() == Array(said.dropFirst()) && box.assertions.isEmpty && box.takeAll().isEmpty)
    }

    @Test func aSensorAsksForLooksAndOutlivesTheCamerasConnection() {
        var tags = LaneTags()
        let metrics = TagMetrics(MetricsRegistry())
        let high = TagAssertion(name: "io:gauge/high", claim: .on, atSeconds: 98, leaseSeconds: 300)
        #expect(tags.absorb([], [high], now: 100, wall: wall, metrics) == 158)
        let seen = TagAssertion(name: "rfid:reported/reader", source: "R-1", claim: .pulse, atSeconds: 101)
        #expect(tags.absorb([], [seen], now: 101, wall: wall, metrics) == 111)
        tags.restart(now: 105)
        #expect(tags.live.map(\.name) == ["io:gauge/high", "rfid:reported/reader"] && tags.live.allSatisfy { $0.state == .on })
        // The camera's mail of the same moment does not push it out.
        _ = tags.absorb([document("VideoSource/MotionAlarm", "true")], [], now: 401, wall: wall, metrics)
        #expect(tags.live.first?.state == .unknown, "its own lease has run out")
    }

    @Test func aNewConnectionMakesTagsUnknown() {
        var tags = LaneTags()
        _ = tags.absorb([document("VideoSource/MotionAlarm", "true")], now: 100, wall: wall, TagMetrics(MetricsRegistry()))
        tags.restart(now: 105)
        #expect(tags.live.map(\.state) == [.unknown] && tags.live.map(\.sinceSeconds) == [105])
    }

    @Test func ofADeniedTopicItsNumberIsAllThatIsKnown() {
        var tags = LaneTags()
        let registry = MetricsRegistry()
        let metrics = TagMetrics(registry)
        for topic in ["RuleEngine/Recognition/Face", "RuleEngine/Recognition/LicensePlate"] {
            #expect(tags.absorb([document(topic, "true", source: "SECRET")], now: 100, wall: wall, metrics) == nil)
        }
        _ = tags.absorb([MetadataMail(bytes: Array("<!DOCTYPE a>".utf8), form: .packet, arrival: .zero)], now: 100, wall: wall, metrics)
        metrics.overrun(3)
        let page = registry.render()
        #expect(page.contains("snowlight_metadata_messages_total{verdict=\"denied\"} 2"))
        #expect(page.contains("snowlight_metadata_refused_total{reason=\"doctype\"} 1"))
        #expect(page.contains("snowlight_metadata_refused_total{reason=\"overrun\"} 3"))
        for kept in [page, "\(tags)"] { #expect(!kept.contains("SECRET") && !kept.contains("Face") && !kept.contains("Plate")) }
        #expect(tags.live.isEmpty)
    }
}
