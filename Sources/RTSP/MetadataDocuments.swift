// ONVIF metadata: XML documents that a camera sends beside its pictures.
// camera ─RTSP─▶ **packets** ─▶ documents

/// One document of a camera's metadata stream.
package struct MetadataDocument: Sendable, Equatable {
    /// Text or gzip, as its first bytes say.
    package var bytes: [UInt8]
    package var timestamp: UInt32
}

/// Puts documents of `vnd.onvif.metadata` together (ONVIF Streaming Specification §5.2.1): a marker ends each of them.
package struct MetadataDepacketiser: Sendable {
    /// One document; scene descriptions with 100 objects have 50 KiB.
    package static let mostDocumentBytes = 256 * 1024

    package private(set) var problems = MediaProblems()
    package private(set) var documents = 0
    /// Documents of which packets are missing.
    package private(set) var lostDocuments = 0

    private enum Phase { case between, open, skipping }
    private var phase = Phase.between
    private var timestamp: UInt32?
    private var bytes: [UInt8] = []
    private var usesMarkers = false

    package init() {}

    /// Takes a packet and returns the document it completes.
    package mutating func receive(_ source: Span<UInt8>, _ header: RTPHeader, gap: Bool) -> MetadataDocument? {
        var finished: MetadataDocument?
        if gap {
            lose()
            if phase == .open { phase = .skipping }
        }
        if let timestamp, timestamp != header.timestamp {
            // Cameras without markers end a document by beginning the next.
            if usesMarkers { lose() } else { finished = deliver(timestamp) }
            phase = .between
        }
        timestamp = header.timestamp
        append(source, header.payload, afterGap: gap)
        if header.marker {
            // A call returns one document: the first marker of a stream whose packets before had none costs the document it ends.
            if finished == nil { finished = deliver(header.timestamp) } else { lose() }
            usesMarkers = true
            phase = .between
        }
        return finished
    }

    private mutating func append(_ source: Span<UInt8>, _ payload: Range<Int>, afterGap: Bool) {
        guard phase != .skipping, !payload.isEmpty else { return }
        if phase == .between {
            // Behind a gap, the first packets of the document may be among the missing ones.
            if afterGap, !Self.beginsDocument(source, payload) {
                lostDocuments &+= 1
                phase = .skipping
                return
            }
            phase = .open
        }
        guard bytes.count + payload.count <= Self.mostDocumentBytes else {
            problems.note(.overlongDocument)
            lose()
            phase = .skipping
            return
        }
        bytes.reserveCapacity(bytes.count + payload.count)
        for index in payload { bytes.append(source[index]) }
    }

    private mutating func deliver(_ timestamp: UInt32) -> MetadataDocument? {
        guard phase == .open else { return nil }
        documents &+= 1
        defer { bytes = [] }
        return MetadataDocument(bytes: bytes, timestamp: timestamp)
    }

    private mutating func lose() {
        if phase == .open { lostDocuments &+= 1 }
        bytes.removeAll(keepingCapacity: true)
    }

    /// True for `<`, behind blanks or a byte order mark, and for the magic number of gzip.
    private static func beginsDocument(_ source: Span<UInt8>, _ payload: Range<Int>) -> Bool {
        for index in payload.prefix(16) {
            switch source[index] {
            case 0x3C: return true
            case 0x1F: return true
            case 0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF: continue
            default: return false
            }
        }
        return false
    }
}
