// Documents of ONVIF metadata come out whole or not at all.

import RTSP
import Testing

private struct Documents {
    var depacketiser = MetadataDepacketiser()
    var tracker = SequenceTracker()
    var sequence: UInt16 = 65_533
    var found: [String] = []

    mutating func send(_ text: String, _ timestamp: UInt32, marker: Bool = false) {
        let packet = rtp(Array(text.utf8), sequence: sequence, timestamp: timestamp, marker: marker, payloadType: 107)
        sequence &+= 1
        let arrival = tracker.receive(RTPHeader(packet.span, 0..<packet.count)!.sequence)
        if let document = depacketiser.receive(packet.span, RTPHeader(packet.span, 0..<packet.count)!, gap: arrival.isGap) {
            found.append(String(decoding: document.bytes, as: UTF8.self))
        }
    }
    mutating func lose() { sequence &+= 1 }
}

@Suite struct Metadata {
    @Test func markersEndDocuments() {
        var documents = Documents()
        documents.send("<a>", 1)
        documents.send("b", 1)
        documents.send("</a>", 1, marker: true)
        documents.send("<c/>", 2, marker: true)
        documents.send("<d/>", 2, marker: true)
        #expect(documents.found == ["<a>b</a>", "<c/>", "<d/>"] && documents.depacketiser.documents == 3)
    }

    @Test func timestampsDoWithoutMarkers() {
        var documents = Documents()
        for time in UInt32(1)...3 {
            documents.send("<a>", time)
            documents.send("\(time)</a>", time)
        }
        #expect(documents.found == ["<a>1</a>", "<a>2</a>"] && documents.depacketiser.lostDocuments == 0)
    }

    @Test func everyLostPacketCostsItsDocumentOnly() {
        let parts = (0..<4).flatMap { time in ["<a>", "\(time)", "</a>"].enumerated().map { (UInt32(time), $1, $0 == 2) } }
        for missing in parts.indices {
            var documents = Documents()
            for (index, part) in parts.enumerated() {
                if index == missing { documents.lose() } else { documents.send(part.1, part.0, marker: part.2) }
            }
            let expected = (0..<4).filter { $0 != missing / 3 }.map { "<a>\($0)</a>" }
            // The very first packet cannot be missed: nothing came before it.
            #expect(documents.found == (missing == 0 ? ["0</a>"] + expected : expected), "packet \(missing)")
            // Nor can the last, as nothing came after it.
            let isNoticed = missing > 0 && missing < parts.count - 1
            #expect(documents.depacketiser.lostDocuments == (isNoticed ? 1 : 0), "packet \(missing)")
        }
    }

    @Test func documentsAreCapped() {
        var documents = Documents()
        let part = String(repeating: "x", count: 60_000)
        for _ in 0..<5 { documents.send(part, 1) }
        documents.send("", 1, marker: true)
        documents.send("<a/>", 2, marker: true)
        #expect(documents.found == ["<a/>"])
        #expect(documents.depacketiser.problems[.overlongDocument] == 1 && documents.depacketiser.lostDocuments == 1)
    }

    @Test func compressedDocumentsBeginBehindAGapAsWell() {
        var depacketiser = MetadataDepacketiser()
        let packet = rtp([0x1F, 0x8B, 8], sequence: 1, timestamp: 7, marker: true)
        let document = depacketiser.receive(packet.span, RTPHeader(packet.span, 0..<packet.count)!, gap: true)
        #expect(document?.bytes == [0x1F, 0x8B, 8] && document?.timestamp == 7)
    }
}
