// RTP payloads of JPEG (RFC 2435) become pictures: the headers that stayed in the camera are written anew.
// camera ─RTSP─▶ **packets** ─▶ looks

/// Fragments of baseline JPEG; every picture is a key picture.
struct JPEGDepacketiser: Sendable {
    /// As for NAL units.
    static let mostPictureBytes = NALAssembly.mostPictureBytes
    /// Quality numbers with tables of their own that are remembered; cameras use one, or one for each quality setting.
    static let mostRememberedTables = 8

    enum Phase: Sendable { case between, open, skipping }

    var problems = MediaProblems()
    private(set) var pictureSize: PictureSize?
    private(set) var sizeChanges = 0

    private let describedWidth: Int
    private let describedHeight: Int
    private var phase = Phase.between
    private var isWanted = false
    private var facts = CodedPictureFacts(kind: .key, timestamp: 0)
    private var hasTimestamp = false
    private var hasBegun = false
    private var sawGap = false
    private var usesMarkers = false
    /// The scan's last two bytes, to know whether the end marker is already there.
    private var lastBytes: UInt16 = 0

    /// Tables by their quality number.
    private var remembered: [(quality: UInt8, tables: JPEGTables)] = []
    /// What the header below was written for.
    private var frame: JPEGFrame?
    private var header: [UInt8] = []

    init(width: Int, height: Int) {
        describedWidth = width
        describedHeight = height
    }

    mutating func receive(_ bytes: Span<UInt8>, _ header: RTPHeader, gap: Bool, into sink: inout (some PictureSink & ~Copyable)) {
        if gap { sawGap = true }
        if hasTimestamp, header.timestamp != facts.timestamp {
            if phase == .open {
                if gap { facts.isDamaged = true }
                finish(gap && usesMarkers ? .lost : .complete, into: &sink)
            }
            phase = .between
        } else if gap, phase == .open {
            facts.isDamaged = true
            finish(.lost, into: &sink)
            phase = .skipping
        }
        facts.timestamp = header.timestamp
        hasTimestamp = true
        fragment(bytes, header, into: &sink)
        guard header.marker else { return }
        if phase == .open { finish(.complete, into: &sink) }
        phase = .between
        usesMarkers = true
    }

    mutating func flush(into sink: inout (some PictureSink & ~Copyable)) {
        if phase == .open { giveUp(.lost, into: &sink) }
        phase = .between
        hasTimestamp = false
    }

    private mutating func fragment(_ bytes: Span<UInt8>, _ header: RTPHeader, into sink: inout (some PictureSink & ~Copyable)) {
        let end = header.payload.upperBound
        var at = header.payload.lowerBound
        guard at &+ 8 <= end else {
            noteDamage(.shortPacket)
            return
        }
        let offset = Int(bytes.uint32(at: at) & 0xFF_FFFF)
        let kind = bytes[at &+ 4]
        let quality = bytes[at &+ 5]
        var frame = JPEGFrame(kind: kind & 63, width: Int(bytes[at &+ 6]) &* 8, height: Int(bytes[at &+ 7]) &* 8)
        at &+= 8
        // Types 0 to 63 are without restart intervals, 64 to 127 the same with them; of those, 0 and 1 are described.
        guard kind < 128, frame.kind < 2 else {
            reject(.unsupportedJPEG, into: &sink)
            return
        }
        if kind >= 64 {
            guard at &+ 4 <= end else {
                noteDamage(.shortPacket)
                return
            }
            frame.restartInterval = bytes.uint16(at: at)
            at &+= 4
        }
        if offset == 0 {
            // The first fragment of the next picture, whose camera sets no markers and whose timestamp stands still.
            if phase == .open {
                if facts.sizeBytes > 0 { finish(.complete, into: &sink) } else { giveUp(.malformed, into: &sink) }
            }
            guard quality < 128 || readTables(bytes, &at, end, quality, &frame) else {
                reject(.missingTables, into: &sink)
                return
            }
            begin(&frame, quality, into: &sink)
        } else if phase == .between {
            if hasBegun { problems.note(.headlessPicture) }
            sawGap = true
            phase = .skipping
        }
        guard phase == .open else { return }
        guard offset == facts.sizeBytes else {
            problems.note(.offsetMismatch)
            giveUp(.malformed, into: &sink)
            return
        }
        append(bytes, at..<end, into: &sink)
    }

    private mutating func append(_ bytes: Span<UInt8>, _ scan: Range<Int>, into sink: inout (some PictureSink & ~Copyable)) {
        facts.sizeBytes &+= scan.count
        guard facts.sizeBytes <= Self.mostPictureBytes else {
            giveUp(.tooLarge, into: &sink)
            return
        }
        guard isWanted, !scan.isEmpty else { return }
        let last = UInt16(bytes[scan.upperBound &- 1])
        lastBytes = (scan.count > 1 ? UInt16(bytes[scan.upperBound &- 2]) : lastBytes & 255) << 8 | last
        sink.append(bytes.extracting(scan))
    }

    private mutating func begin(_ frame: inout JPEGFrame, _ quality: UInt8, into sink: inout (some PictureSink & ~Copyable)) {
        frame.width = Self.size(frame.width, describedWidth)
        frame.height = Self.size(frame.height, describedHeight)
        guard frame.width > 0, frame.height > 0 else {
            reject(.unsupportedJPEG, into: &sink)
            return
        }
        frame.quality = quality
        let size = PictureSize(width: frame.width, height: frame.height)
        if pictureSize != size {
            pictureSize = size
            sizeChanges += 1
        }
        facts = CodedPictureFacts(kind: .key, timestamp: facts.timestamp)
        facts.nalCount = 1
        facts.followsGap = sawGap
        phase = .open
        hasBegun = true
        sawGap = false
        lastBytes = 0
        isWanted = sink.begin(.key)
        guard isWanted else { return }
        if frame != self.frame {
            self.frame = frame
            frame.write(into: &header)
        }
        sink.append(header.span)
    }

    /// Reads the quantisation tables in front of a picture's scan, or recalls those of the same number (RFC 2435 §3.1.8).
    private mutating func readTables(
        _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, _ quality: UInt8, _ frame: inout JPEGFrame
    ) -> Bool {
        guard at &+ 4 <= end else { return false }
        let precision = bytes[at &+ 1]
        let length = Int(bytes.uint16(at: at &+ 2))
        at &+= 4
        guard at &+ length <= end else { return false }
        let place = at
        at &+= length
        let known = remembered.firstIndex { $0.quality == quality }
        guard length > 0 else {
            // 255 means tables that change with each picture, so that old ones are never meant.
            guard quality != 255, let known else { return false }
            frame.tables = remembered[known].tables
            return true
        }
        if let known, remembered[known].tables.equals(bytes, place..<at, precision) {
            frame.tables = remembered[known].tables
            return true
        }
        guard let tables = JPEGTables(bytes, place..<at, precision) else { return false }
        frame.tables = tables
        if let known {
            remembered[known].tables = tables
        } else {
            if remembered.count == Self.mostRememberedTables { remembered.removeFirst() }
            remembered.append((quality, tables))
        }
        return true
    }

    /// A size of 0 is told by the description only; one above 2040 shows its lower bits here and is told there as well.
    private static func size(_ told: Int, _ described: Int) -> Int {
        guard (1...65_535).contains(described) else { return told }
        return told == 0 || described > 2040 && (described + 7) / 8 & 255 == told / 8 ? described : told
    }

    private mutating func noteDamage(_ problem: MediaProblem) {
        problems.note(problem)
        if phase == .open { facts.isDamaged = true }
    }

    private mutating func reject(_ problem: MediaProblem, into sink: inout (some PictureSink & ~Copyable)) {
        problems.note(problem)
        if phase == .open { giveUp(.malformed, into: &sink) }
        phase = .skipping
    }

    private mutating func giveUp(_ completion: PictureCompletion, into sink: inout (some PictureSink & ~Copyable)) {
        facts.isDamaged = true
        finish(completion, into: &sink)
        phase = .skipping
    }

    private mutating func finish(_ completion: PictureCompletion, into sink: inout (some PictureSink & ~Copyable)) {
        if isWanted, completion == .complete, lastBytes != 0xFFD9 {
            sink.append(byte: 0xFF)
            sink.append(byte: 0xD9)
        }
        isWanted = false
        facts.completion = completion
        if completion != .complete { sawGap = true }
        sink.end(facts)
        phase = .between
    }
}
