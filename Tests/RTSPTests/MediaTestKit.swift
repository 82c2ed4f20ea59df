// A sink that remembers and judges, and a camera that packs pictures the way RFC 6184 and RFC 7798 say, or wrongly on request.

import RTSP

/// Remembers pictures and any breach of the sink's contract.
struct RecordingSink: PictureSink {
    struct Picture: Equatable {
        var facts: CodedPictureFacts
        var bytes: [UInt8]
    }

    var wantsKey = true
    var wantsPredicted = true
    /// Bytes are compared in most tests; the fuzz loop only counts them.
    var keepsPictures = true
    private(set) var pictures: [Picture] = []
    private(set) var begun = 0
    private(set) var ended = 0
    private(set) var violations: [String] = []
    private(set) var mostBytes = 0
    private var open: (kind: PictureKind, isWanted: Bool)?
    private var bytes: [UInt8] = []
    private var size = 0

    init(wantsKey: Bool = true, wantsPredicted: Bool = true) {
        self.wantsKey = wantsKey
        self.wantsPredicted = wantsPredicted
    }

    mutating func begin(_ kind: PictureKind) -> Bool {
        if open != nil { violations.append("begin within a picture") }
        let isWanted = kind == .key ? wantsKey : wantsPredicted
        open = (kind, isWanted)
        begun += 1
        bytes = []
        size = 0
        return isWanted
    }

    mutating func append(_ span: Span<UInt8>) {
        check()
        size += span.count
        mostBytes = max(mostBytes, size)
        guard keepsPictures else { return }
        for index in span.indices { bytes.append(span[index]) }
    }

    mutating func append(byte: UInt8) {
        check()
        size += 1
        mostBytes = max(mostBytes, size)
        if keepsPictures { bytes.append(byte) }
    }

    mutating func end(_ picture: CodedPictureFacts) {
        if open == nil { violations.append("end without begin") }
        if open.map({ $0.kind != picture.kind }) ?? false { violations.append("begin and end disagree") }
        if picture.completion != .complete, !picture.isDamaged { violations.append("given up and not damaged") }
        open = nil
        ended += 1
        if keepsPictures { pictures.append(Picture(facts: picture, bytes: bytes)) }
    }

    var isOpen: Bool { open != nil }

    private mutating func check() {
        if open == nil { violations.append("bytes outside of a picture") }
        if open?.isWanted == false { violations.append("bytes of an unwanted picture") }
    }
}

/// The bytes of an RTP packet.
func rtp(
    _ payload: [UInt8], sequence: UInt16, timestamp: UInt32, marker: Bool, payloadType: UInt8 = 96, ssrc: UInt32 = 0x1122_3344
) -> [UInt8] {
    [
        0x80, (marker ? 0x80 : 0) | payloadType, UInt8(sequence >> 8), UInt8(sequence & 255), UInt8(timestamp >> 24),
        UInt8(timestamp >> 16 & 255), UInt8(timestamp >> 8 & 255), UInt8(timestamp & 255), UInt8(ssrc >> 24), UInt8(ssrc >> 16 & 255),
        UInt8(ssrc >> 8 & 255), UInt8(ssrc & 255),
    ] + payload
}

/// A packet before it is numbered.
struct Payload: Equatable {
    var bytes: [UInt8]
    var timestamp: UInt32
    var marker = false

    init(_ bytes: [UInt8], _ timestamp: UInt32, marker: Bool = false) {
        self.bytes = bytes
        self.timestamp = timestamp
        self.marker = marker
    }
}

/// Everything from packets to pictures, as the reader of a connection puts it together.
struct Reception {
    var depacketiser: Depacketiser
    var tracker = SequenceTracker()
    var sink = RecordingSink()
    var sequence: UInt16

    init(
        _ kind: DepacketiserKind, parameterSets: [[UInt8]] = [], width: Int = 0, height: Int = 0, sequence: UInt16 = 65_530,
        sink: RecordingSink = RecordingSink(), userDataIDs: [[UInt8]] = []
    ) throws {
        depacketiser = try Depacketiser(
            encoding: kind, parameterSets: parameterSets, width: width, height: height, userDataIDs: userDataIDs)
        self.sequence = sequence
        self.sink = sink
    }

    mutating func send(_ payload: Payload) {
        take(rtp(payload.bytes, sequence: sequence, timestamp: payload.timestamp, marker: payload.marker))
        sequence &+= 1
    }

    mutating func send(_ payloads: [Payload]) { for payload in payloads { send(payload) } }

    /// The packet is lost on the way.
    mutating func lose(_ count: UInt16 = 1) { sequence &+= count }

    mutating func take(_ packet: [UInt8]) {
        let bytes = packet.span
        guard let header = RTPHeader(bytes, 0..<bytes.count) else { return }
        let arrival = tracker.receive(header.sequence)
        guard !arrival.isDropped else { return }
        depacketiser.receive(bytes, header, gap: arrival.isGap, into: &sink)
    }

    mutating func flush() { depacketiser.flush(into: &sink) }

    var facts: [CodedPictureFacts] { sink.pictures.map(\.facts) }
    var completions: [PictureCompletion] { facts.map(\.completion) }
}

/// The units of Annex B bytes.
func units(_ bytes: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var start: Int?
    var index = 0
    func end(_ upTo: Int) {
        guard let start else { return }
        var last = upTo
        while last > start, bytes[last - 1] == 0 { last -= 1 }
        result.append(Array(bytes[start..<last]))
    }
    while index + 2 < bytes.count {
        if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
            end(index)
            start = index + 3
            index += 3
        } else {
            index += 1
        }
    }
    end(bytes.count)
    return result
}

/// Units with the start codes our depacketiser writes.
func annexB(_ units: [[UInt8]]) -> [UInt8] { units.flatMap { [0, 0, 0, 1] + $0 } }

/// Packs units like a camera.
struct Packer {
    var isH265 = false
    var maxBytes = 60
    var aggregatesSets = true
    var setsEndBit = true

    /// All packets of one picture, the last one marked.
    func payloads(_ units: [[UInt8]], _ timestamp: UInt32) -> [Payload] {
        var result: [Payload] = []
        var sets: [[UInt8]] = []
        for unit in units {
            let type = isH265 ? unit[0] >> 1 & 63 : unit[0] & 31
            if aggregatesSets, isH265 ? (32...34).contains(type) : type == 7 || type == 8 {
                sets.append(unit)
                continue
            }
            if !sets.isEmpty { result.append(Payload(aggregation(sets), timestamp)) }
            sets = []
            result += fragments(unit).map { Payload($0, timestamp) }
        }
        if !sets.isEmpty { result.append(Payload(aggregation(sets), timestamp)) }
        result[result.count - 1].marker = true
        return result
    }

    func aggregation(_ units: [[UInt8]]) -> [UInt8] {
        (isH265 ? [96, 1] : [0x78]) + units.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
    }

    func fragments(_ unit: [UInt8]) -> [[UInt8]] {
        guard unit.count > maxBytes else { return [unit] }
        let head = isH265 ? 2 : 1
        let type = isH265 ? unit[0] >> 1 & 63 : unit[0] & 31
        let body = Array(unit.dropFirst(head))
        let room = maxBytes - head - 1
        return stride(from: 0, to: body.count, by: room).map { from in
            let to = min(from + room, body.count)
            let mark = type | (from == 0 ? 0x80 : 0) | (to == body.count && setsEndBit ? 0x40 : 0)
            return (isH265 ? [unit[0] & 0x81 | 98, unit[1], mark] : [unit[0] & 0xE0 | 28, mark]) + body[from..<to]
        }
    }
}
