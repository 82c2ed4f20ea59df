// Statements as an ONVIF document, and the document as interleaved RTP packets.
// scene ─▶ **documents ─▶ packets** ─▶ clients

package import Domain

/// Writes `tt:MetadataStream` documents (ONVIF Streaming Specification §5.2).
package enum MetadataText {
    /// What a device did to the properties of a document.
    package enum Operation: String, Sendable { case initialized = "Initialized", changed = "Changed" }

    /// One document of several statements.
    ///
    /// - Parameter wall: The wall clock at a moment of the camera's own time. What has never changed is as old as ONVIF wants it: 1970.
    package static func document(
        _ statements: [MetadataStatement], _ operation: Operation, wall: (_ cameraSeconds: Double) -> WallTime
    ) -> String {
        let head =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tt:MetadataStream xmlns:tt=\"http://www.onvif.org/ver10/schema\""
            + " xmlns:wsnt=\"http://docs.oasis-open.org/wsn/b-2\" xmlns:tns1=\"http://www.onvif.org/ver10/topics\"><tt:Event>"
        return head + statements.map { message($0, operation, wall) }.joined() + "</tt:Event></tt:MetadataStream>\n"
    }

    private static func message(_ statement: MetadataStatement, _ operation: Operation, _ wall: (Double) -> WallTime) -> String {
        let time = statement.atSeconds.map { wall($0).description } ?? "1970-01-01T00:00:00Z"
        // What only happens is no property and has no operation.
        let said = statement.isOn == nil ? "" : " PropertyOperation=\"\(operation.rawValue)\""
        let data =
            if let name = statement.topic.stateName, let isOn = statement.isOn { item(name, "\(isOn)") } else { item("ObjectId", "1") }
        return "<wsnt:NotificationMessage>"
            + "<wsnt:Topic Dialect=\"http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet\">tns1:\(statement.topic.path)</wsnt:Topic>"
            + "<wsnt:Message><tt:Message UtcTime=\"\(time)\"\(said)>"
            + "<tt:Source>\(item(statement.topic.sourceName, statement.topic.rule))</tt:Source><tt:Data>\(data)</tt:Data>"
            + "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    }

    private static func item(_ name: String, _ value: String) -> String { "<tt:SimpleItem Name=\"\(name)\" Value=\"\(value)\"/>" }
}

/// Cuts documents into RTP packets; the marker stands on the last packet of each.
package struct MetadataPacketiser: Sendable {
    package static let payloadType: UInt8 = 107
    private let ssrc: UInt32
    private var sequence: UInt16
    private let mostPayloadBytes: Int

    package init(ssrc: UInt32, firstSequence: UInt16, mostPayloadBytes: Int = 1400) {
        self.ssrc = ssrc
        sequence = firstSequence
        self.mostPayloadBytes = mostPayloadBytes
    }

    /// The packets of one document as they go down the wire, `$` included.
    package mutating func packets(of document: String, timestamp: UInt32, channel: UInt8) -> [UInt8] {
        var rest = Array(document.utf8)[...]
        var wire: [UInt8] = []
        while !rest.isEmpty {
            let payload = rest.prefix(mostPayloadBytes)
            rest = rest.dropFirst(payload.count)
            let length = payload.count + 12
            wire += [0x24, channel, UInt8(length >> 8), UInt8(length & 255), 0x80, Self.payloadType | (rest.isEmpty ? 0x80 : 0)]
            wire += [UInt8(sequence >> 8), UInt8(sequence & 255)]
            for word in [timestamp, ssrc] { wire += (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
            wire += payload
            sequence &+= 1
        }
        return wire
    }
}
