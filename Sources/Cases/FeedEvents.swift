// The feed for other systems: CloudEvents 1.0, one for each row of the feed, with the state of its object.
// cases → feed → **events** ══ZeroMQ XPUB══▶ anyone; GET /api/feed

import Base
package import Domain
import Foundation
package import IncidentBus
import Storage

/// One event of the feed as it leaves the process. Its JSON is a contract: members are added, never changed.
package struct FeedEvent: Encodable, Sendable, Hashable {
    /// What kind of event it is; also the topic it is published under.
    package enum Kind: String, Sendable, CaseIterable {
        case incident = "snowlight.incident.changed"
        case `case` = "snowlight.case.changed"
        /// Once a second, with the newest sequence: who has seen less has missed something.
        case heartbeat = "snowlight.feed.heartbeat"
    }

    package var kind: Kind
    /// Commit order: who has seen n has seen everything up to n.
    package var sequence: Int64
    /// Names the district.
    package var source: String
    /// The incident or the number of the case.
    package var subject: String?
    /// When it was committed.
    package var time: WallTime
    /// The object as it was when the event was read; nil for a heartbeat.
    package var data: FeedChange?

    private enum CodingKeys: String, CodingKey { case specversion, id, source, type, subject, time, datacontenttype, feedseq, data }

    /// Writes the JSON format of CloudEvents 1.0; `feedseq` is an extension attribute.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("1.0", forKey: .specversion)
        // Heartbeats have the identity of no change.
        try container.encode(kind == .heartbeat ? "hb-\(time.millisecondsSince1970)" : String(sequence), forKey: .id)
        try container.encode(source, forKey: .source)
        try container.encode(kind.rawValue, forKey: .type)
        try container.encodeIfPresent(subject, forKey: .subject)
        try container.encode(time.description, forKey: .time)
        try container.encode(sequence, forKey: .feedseq)
        switch data {
        case .incident(let item)?: try container.encode(item, forKey: .data)
        case .case(let item)?: try container.encode(item, forKey: .data)
        case nil: return
        }
        try container.encode("application/json", forKey: .datacontenttype)
    }

    /// The JSON, keys sorted.
    package var bytes: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return [UInt8](try encoder.encode(self))
        }
    }
}

extension CaseReading {
    /// Events behind `after` that the reader may see, from at most `limit` rows, and how far they reach.
    ///
    /// An object that changed twice is there twice, both times as it is now.
    func events(after: Int64, limit: Int, for reader: Reader, source: String) throws -> (events: [FeedEvent], reached: Int64) {
        let rows = try feedRows(after: after, limit: limit)
        let states = try states(of: Set(rows.map(\.object)), for: reader)
        let events = rows.compactMap { row in
            states[row.object].map { state in
                FeedEvent(
                    kind: row.object.kind == .incident ? .incident : .case, sequence: row.sequence, source: source,
                    subject: row.object.id, time: WallTime(millisecondsSince1970: row.atMilliseconds), data: state)
            }
        }
        return (events, try rows.last?.sequence ?? max(after, newestSequence()))
    }
}

extension CaseStore {
    /// Names this district in events.
    private var eventSource: String { "/snowlight/\(registry.current.districtCode)" }

    /// Feed events after `after` about objects the reader may see, at most 1,000 rows of the feed at once.
    package func events(after: Int64, limit: Int, for reader: Reader) async throws -> [FeedEvent] {
        let source = eventSource
        return try await file.read { [self] in
            try reading($0).events(after: after, limit: min(max(limit, 1), 1000), for: reader, source: source).events
        }
    }
}

/// The whole district's events for the feed socket: whoever is let in there sees all of them.
extension CaseStore: FeedSource {
    private static let everything = Reader(role: .system, id: "feed", name: "feed")

    /// The newest sequence on disk. Blocks.
    package func newestFeedSequence() throws -> Int64 { try file.read { try reading($0).newestSequence() } }

    /// The events behind `after`, from at most `limit` rows of the feed. Blocks.
    package func feedMessages(after: Int64, limit: Int) throws -> (messages: [FeedMessage], reached: Int64) {
        let source = eventSource
        let (events, reached) = try file.read {
            try reading($0).events(after: after, limit: limit, for: Self.everything, source: source)
        }
        return (try events.map { FeedMessage(topic: $0.kind.rawValue, body: try $0.bytes) }, reached)
    }

    /// The event that says where the feed stands.
    package func feedHeartbeat(at sequence: Int64) throws -> FeedMessage {
        let event = FeedEvent(kind: .heartbeat, sequence: sequence, source: eventSource, subject: nil, time: time.wallNow, data: nil)
        return FeedMessage(topic: event.kind.rawValue, body: try event.bytes)
    }
}
