// The look archive's file format: a fixed head and a body for each record, appended and never changed.
// looks ══▶ **archive** ─▶ replay

import Base
import Domain
import Foundation

/// Writes and reads records.
///
/// ```
/// head, 24 bytes, big-endian: "SNLK" 4 | version u8 | kind u8 | codec u8 | 0 u8 | at i64 ms since 1970 | width u16 | height u16 | length u32
/// body: look – the coded picture; tags, incident – UTF-8 JSON
/// ```
///
/// A process that dies leaves at most a torn last record; what follows a head that makes no sense is not read.
enum LookRecordCoding {
    static let headBytes = 24
    /// No key picture of a camera is larger; a head that claims more is damage.
    static let largestBody = 16 << 20
    private static let magic = Array("SNLK".utf8)
    private static let version: UInt8 = 1
    private static let codecs = ["h264", "h265", "mjpeg"]

    fileprivate enum Kind: UInt8 { case look = 1, tags, incident }

    /// What a head says.
    struct Head {
        fileprivate var kind: Kind
        fileprivate var codec: UInt8
        fileprivate var width: Int
        fileprivate var height: Int
        var at: WallTime
        var bodyBytes: Int
    }

    /// The bytes of a record; nil for a codec that no camera speaks and for a picture too large to be one.
    static func encode(_ record: LookRecord) -> [UInt8]? {
        switch record {
        case .look(let look):
            guard let codec = codecs.firstIndex(of: look.codec), let width = UInt16(exactly: look.width),
                let height = UInt16(exactly: look.height)
            else { return nil }
            return join(.look, UInt8(codec), width, height, record.at, look.bytes)
        case .tags(_, let tags): return join(.tags, 0, 0, 0, record.at, json(tags.map(StoredTag.init)))
        case .incident(_, let incident): return join(.incident, 0, 0, 0, record.at, json(StoredIncident(incident)))
        }
    }

    private static func join(
        _ kind: Kind, _ codec: UInt8, _ width: UInt16, _ height: UInt16, _ at: WallTime, _ body: [UInt8]
    ) -> [UInt8]? {
        guard body.count <= largestBody else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headBytes + body.count)
        bytes += magic + [version, kind.rawValue, codec, 0]
        func append(_ value: some FixedWidthInteger) {
            for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        append(at.millisecondsSince1970)
        append(width)
        append(height)
        append(UInt32(body.count))
        return bytes + body
    }

    /// Reads a head; nil when these are not 24 bytes of one.
    static func head(_ bytes: [UInt8]) -> Head? {
        guard bytes.count == headBytes, Array(bytes[0..<4]) == magic, bytes[4] == version, let kind = Kind(rawValue: bytes[5]) else {
            return nil
        }
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let length = Int(number(20..<24))
        guard length <= largestBody else { return nil }
        return Head(
            kind: kind, codec: bytes[6], width: Int(number(16..<18)), height: Int(number(18..<20)),
            at: WallTime(millisecondsSince1970: Int64(bitPattern: number(8..<16))), bodyBytes: length)
    }

    /// Reads what follows a head; nil when it does not fit.
    static func record(_ head: Head, _ body: [UInt8]) -> LookRecord? {
        guard body.count == head.bodyBytes else { return nil }
        switch head.kind {
        case .look:
            guard Int(head.codec) < codecs.count else { return nil }
            return .look(
                StoredLook(at: head.at, codec: codecs[Int(head.codec)], width: head.width, height: head.height, bytes: body))
        case .tags:
            guard let tags = try? JSONDecoder().decode([StoredTag].self, from: Data(body)) else { return nil }
            return .tags(at: head.at, tags.compactMap(\.tag))
        case .incident:
            guard let incident = try? JSONDecoder().decode(StoredIncident.self, from: Data(body)) else { return nil }
            return .incident(at: head.at, incident.told)
        }
    }

    private static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return [UInt8](try encoder.encode(value)) } catch {
            preconditionFailure("texts, numbers and truth values always have a JSON form: \(error)")
        }
    }
}

private struct StoredTag: Codable {
    var name: String
    var source: String
    var state: String
    var sinceMilliseconds: Int64
    var isPulse: Bool

    init(_ tag: LiveTag) {
        name = tag.name
        source = tag.source
        state = tag.state.rawValue
        sinceMilliseconds = Int64(tag.sinceSeconds * 1000)
        isPulse = tag.isPulse
    }

    var tag: LiveTag? {
        LiveTag.State(rawValue: state).map {
            LiveTag(name: name, source: source, state: $0, sinceSeconds: Double(sinceMilliseconds) / 1000, isPulse: isPulse)
        }
    }
}

private struct StoredIncident: Codable {
    var category: String
    var zone: String
    var rule: String
    var firstMilliseconds: Int64
    var lastMilliseconds: Int64
    var isOver: Bool

    init(_ incident: ToldIncident) {
        category = incident.category
        zone = incident.zone
        rule = incident.rule
        firstMilliseconds = incident.firstSeen.millisecondsSince1970
        lastMilliseconds = incident.lastSeen.millisecondsSince1970
        isOver = incident.isOver
    }

    var told: ToldIncident {
        ToldIncident(
            category: category, zone: zone, rule: rule, firstSeen: WallTime(millisecondsSince1970: firstMilliseconds),
            lastSeen: WallTime(millisecondsSince1970: lastMilliseconds), isOver: isOver)
    }
}
