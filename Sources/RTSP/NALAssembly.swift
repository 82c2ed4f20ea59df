// Units of H.264 and H.265 become pictures: where one begins and ends, which kind it is, what stands in front of it.
// camera ─RTSP─▶ **packets** ─▶ looks
//
// Longer than files are elsewhere: one state machine, each of whose parts reads what the others keep.

/// The access unit that is being received, and the unit within it.
///
/// ```
///             first slice of a picture         marker, later timestamp, delimiter, SPS and a first slice
///   between ─────────────────────────────▶ open ─────────────────────────────────────────────▶ between
///      │                                     │ loss or cap: given up                              ▲
///      │ slices without the first one        ▼                                                    │
///      └───────────────────────────────▶ skipping ────────────────────────────────────────────────┘
/// ```
/// Units in front of a picture are held back until its first slice tells its kind; everything else goes straight to the sink.
struct NALAssembly: Sendable {
    /// One picture's bytes; the largest key pictures of 4K cameras have about 2 MiB.
    static let mostPictureBytes = 8 * 1024 * 1024
    /// One picture's units; 4K in slices of one row each has 270.
    static let mostUnits = 1024
    /// Units held back in front of a picture. Parameter sets have some 100 bytes; makers' own SEI may have thousands.
    static let mostHeldBytes = 8 * 1024

    enum Phase: Sendable { case between, open, skipping }
    /// What becomes of the bytes of the unit that is being received.
    enum UnitState: Sendable { case none, coded, held, ignored, awaitingHeader }

    let isH265: Bool
    var sets: ParameterSets
    var problems = MediaProblems()
    /// Which user data is kept; empty for none.
    let userDataIDs: [[UInt8]]
    /// User data that nobody has taken yet.
    private(set) var userData: [[UInt8]] = []

    private(set) var phase = Phase.between
    private(set) var unit = UnitState.none
    private(set) var isWanted = false
    private var facts = CodedPictureFacts(kind: .predicted, timestamp: 0)
    private var timestamp: UInt32 = 0
    private var hasTimestamp = false
    /// A picture has begun since the connection was opened.
    private var hasBegun = false
    /// Packets are missing since the last picture.
    private var sawGap = false

    /// A marker ended the last picture, and the timestamp is still the same.
    private var endedByMarker = false
    private var usesMarkers = false
    /// The last packet had a marker.
    private var hadMarker = false
    /// Markers stand within pictures: only timestamps end them.
    private(set) var ignoresMarkers = false

    private var held: [UInt8] = []
    private var heldUnits = 0
    private var heldUnitStart = 0
    private var heldHeader = UnitHeader(isH265: false, first: 0, second: 0)
    private var holdsVPS = false
    private var holdsSPS = false
    private var holdsPPS = false
    private var holdsRecoveryPoint = false
    /// The first byte of a header of H.265 whose second one has not come.
    private var headerByte: UInt8?
    /// Zero bytes at the end of what was scanned, which may begin a start code.
    private var zeros = 0

    init(isH265: Bool, userDataIDs: [[UInt8]] = []) {
        self.isH265 = isH265
        self.userDataIDs = userDataIDs
        sets = ParameterSets(isH265: isH265)
    }

    // MARK: packets

    /// Says which picture the packet belongs to, before its units come.
    mutating func beginPacket(_ header: RTPHeader, gap: Bool, isFragmenting: Bool, into sink: inout (some PictureSink & ~Copyable)) {
        if gap { sawGap = true }
        if !hasTimestamp || header.timestamp != timestamp {
            // A marker in the last packet of a unit without end bit: its camera never sets that bit.
            let isCut = isFragmenting && (gap || !hadMarker)
            if isFragmenting {
                problems.note(.unendedFragment)
                if isCut { dropUnit() } else { close() }
            }
            if phase == .open {
                if gap || isCut { facts.isDamaged = true }
                // Without a gap the picture is whole, also if its camera sets markers rarely; with one, the marker may be what is missing.
                finish(isCut || gap && usesMarkers && !ignoresMarkers ? .lost : .complete, into: &sink)
            }
            phase = .between
            endedByMarker = false
            timestamp = header.timestamp
            hasTimestamp = true
        } else if gap {
            dropUnit()
            if phase == .open {
                facts.isDamaged = true
                finish(.lost, into: &sink)
                phase = .skipping
            }
        }
    }

    /// Ends the picture if the packet's marker says so.
    @inline(__always)
    mutating func endPacket(marker: Bool, isFragmenting: Bool, into sink: inout (some PictureSink & ~Copyable)) {
        hadMarker = marker
        // A marker within a unit is none.
        guard marker, !ignoresMarkers, !isFragmenting, phase != .between else { return }
        if phase == .open { finish(.complete, into: &sink) }
        phase = .between
        usesMarkers = true
        endedByMarker = true
    }

    /// Counts a packet in the middle of a unit nobody wants. False when it needs the long way.
    @inline(__always)
    mutating func countUnwanted(_ bytes: Int, timestamp: UInt32) -> Bool {
        guard timestamp == self.timestamp else { return false }
        if unit == .ignored { return true }
        guard unit == .coded, !isWanted, facts.sizeBytes &+ bytes <= Self.mostPictureBytes else { return false }
        facts.sizeBytes &+= bytes
        return true
    }

    /// The connection ends: what is open is complete only if its last packet had a marker that was not believed.
    mutating func flush(into sink: inout (some PictureSink & ~Copyable)) {
        if phase == .open {
            if !hadMarker { facts.isDamaged = true }
            finish(hadMarker ? .complete : .lost, into: &sink)
        }
        phase = .between
        hasTimestamp = false
        endedByMarker = false
        unit = .none
        releaseHeld()
    }

    /// Empties the user data.
    mutating func takeUserData() -> [[UInt8]] {
        defer { userData = [] }
        return userData
    }

    /// Something of the current picture could not be used.
    mutating func noteDamage(_ problem: MediaProblem) {
        problems.note(problem)
        if phase == .open { facts.isDamaged = true }
    }

    /// A fragment came whose unit's start did not.
    mutating func noteOrphan(_ header: UnitHeader) {
        // While a picture is skipped, its fragments are nothing new.
        guard phase != .skipping else { return }
        noteDamage(.orphanFragment)
        guard phase == .between, header.role == .coded else { return }
        skipHeadless()
    }

    // MARK: units

    /// A unit of which all bytes are here.
    mutating func whole(_ bytes: Span<UInt8>, _ range: Range<Int>, into sink: inout (some PictureSink & ~Copyable)) {
        unit = .awaitingHeader
        headerByte = nil
        append(bytes, range, into: &sink)
        close()
    }

    /// Begins a unit whose header does not stand in front of its bytes.
    mutating func open(
        _ header: UnitHeader, _ bytes: Span<UInt8>, _ body: Range<Int>, into sink: inout (some PictureSink & ~Copyable)
    ) {
        begin(header, bytes, body, into: &sink)
        append(bytes, body, into: &sink)
    }

    /// More bytes of the unit. Start codes within units that are held back begin another unit; within slices the decoder finds them.
    mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>, into sink: inout (some PictureSink & ~Copyable)) {
        var rest = range
        while !rest.isEmpty {
            switch unit {
            case .none, .ignored: return
            case .coded:
                appendCoded(bytes, rest, into: &sink)
                return
            case .held:
                guard let next = hold(bytes, rest) else { return }
                endAtStartCode()
                rest = next..<rest.upperBound
            case .awaitingHeader:
                let next = bytes[rest.lowerBound]
                rest = rest.lowerBound &+ 1..<rest.upperBound
                if !isH265 {
                    begin(UnitHeader(isH265: false, first: next, second: 0), bytes, rest, into: &sink)
                } else if let first = headerByte {
                    headerByte = nil
                    begin(UnitHeader(isH265: true, first: first, second: next), bytes, rest, into: &sink)
                } else {
                    headerByte = next
                }
            }
        }
    }

    /// The unit is complete.
    mutating func close() {
        if unit == .held { keepHeldUnit() }
        unit = .none
    }

    /// The rest of the unit will not come.
    mutating func dropUnit() {
        if unit == .held { held.removeLast(held.count - heldUnitStart) }
        unit = .none
    }

    /// Decides from a unit's header what becomes of its bytes.
    private mutating func begin(
        _ header: UnitHeader, _ bytes: Span<UInt8>, _ body: Range<Int>, into sink: inout (some PictureSink & ~Copyable)
    ) {
        unit = .ignored
        guard header.first & 0x80 == 0 else {
            noteDamage(.forbiddenBit)
            return
        }
        switch header.role {
        case .coded: beginCoded(header, SliceStart(header, bytes, body), into: &sink)
        case .parameterSet, .information, .delimiter, .none:
            // Parameter sets in an open picture say nothing yet: GStreamer repeats them in front of every slice of a key picture.
            if header.beginsPicture, phase != .open || header.role == .delimiter {
                if phase == .open { finish(.complete, into: &sink) }
                phase = .between
                endedByMarker = false
            }
            heldUnitStart = held.count
            heldHeader = header
            appendHeldStartCode()
            held.append(header.first)
            if isH265 { held.append(header.second) }
            zeros = header.role == .none && header.first == 0 ? (isH265 && header.second == 0 ? 2 : 1) : 0
            unit = .held
        case .passedOver: break
        case .foreign: problems.note(.foreignLayer)
        }
    }

    private mutating func beginCoded(_ header: UnitHeader, _ slice: SliceStart, into sink: inout (some PictureSink & ~Copyable)) {
        if phase == .open, heldUnits > 0 {
            if slice.isFirst == false {
                // They stood between the slices of one picture, which has its sets in front already.
                releaseHeld()
            } else if slice.isFirst == true || holdsSPS {
                // Units in front of a picture came, and then its slice: no marker and no new timestamp told of the new picture.
                finish(.complete, into: &sink)
                phase = .between
            }
        }
        if phase == .between {
            if slice.isFirst == false {
                if endedByMarker, !sawGap {
                    // The picture goes on behind its marker: it was handed on too early, this once.
                    problems.note(.earlyMarker)
                    ignoresMarkers = true
                    phase = .skipping
                    releaseHeld()
                    return
                }
                if sawGap || !hasBegun {
                    skipHeadless()
                    return
                }
            }
            beginPicture(header, slice, into: &sink)
        }
        guard phase == .open else { return }
        facts.nalCount &+= 1
        facts.sizeBytes &+= header.bytes
        guard facts.nalCount <= Self.mostUnits else {
            giveUp(.tooLarge, into: &sink)
            return
        }
        unit = .coded
        if isWanted {
            sink.appendStartCode()
            sink.append(byte: header.first)
            if isH265 { sink.append(byte: header.second) }
        }
    }

    private mutating func beginPicture(_ header: UnitHeader, _ slice: SliceStart, into sink: inout (some PictureSink & ~Copyable)) {
        // Streams without IDR send SPS or a recovery point in front of a picture of I slices, which serves as well.
        let isIntra = slice.type == .i && !isH265 && (holdsSPS || holdsRecoveryPoint)
        facts = CodedPictureFacts(kind: header.isRandomAccess || isIntra ? .key : .predicted, timestamp: timestamp)
        facts.sliceType = slice.type
        facts.followsGap = sawGap
        facts.isDamaged = slice.isFirst == false
        facts.nalCount = heldUnits
        facts.sizeBytes = held.count &- 4 &* heldUnits
        isWanted = sink.begin(facts.kind)
        if isWanted {
            if facts.kind == .key, !(holdsSPS && holdsPPS && (holdsVPS || !isH265)) { sink.append(sets.annexB.span) }
            if !held.isEmpty { sink.append(held.span) }
        }
        releaseHeld()
        phase = .open
        hasBegun = true
        sawGap = false
        endedByMarker = false
    }

    @inline(__always)
    private mutating func appendCoded(_ bytes: Span<UInt8>, _ range: Range<Int>, into sink: inout (some PictureSink & ~Copyable)) {
        facts.sizeBytes &+= range.count
        guard facts.sizeBytes <= Self.mostPictureBytes else {
            giveUp(.tooLarge, into: &sink)
            return
        }
        if isWanted { sink.append(bytes.extracting(range)) }
    }

    private mutating func giveUp(_ completion: PictureCompletion, into sink: inout (some PictureSink & ~Copyable)) {
        facts.isDamaged = true
        finish(completion, into: &sink)
        phase = .skipping
        unit = .ignored
    }

    private mutating func finish(_ completion: PictureCompletion, into sink: inout (some PictureSink & ~Copyable)) {
        facts.completion = completion
        isWanted = false
        // What refers to a picture that was given up lacks it like one that never came.
        if completion != .complete { sawGap = true }
        sink.end(facts)
    }

    private mutating func skipHeadless() {
        if hasBegun { problems.note(.headlessPicture) }
        sawGap = true
        phase = .skipping
        unit = .ignored
        releaseHeld()
    }

    // MARK: units in front of a picture

    /// Copies bytes of the held unit up to a start code and returns where the unit behind it begins.
    private mutating func hold(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for index in range {
            let byte = bytes[index]
            if byte == 1, zeros >= 2 { return index &+ 1 }
            zeros = byte == 0 ? zeros &+ 1 : 0
            guard held.count < Self.mostHeldBytes || makeRoom() else {
                problems.note(.overlongPrefix)
                dropUnit()
                unit = .ignored
                return nil
            }
            held.append(byte)
        }
        return nil
    }

    private mutating func appendHeldStartCode() {
        held.append(0)
        held.append(0)
        held.append(0)
        held.append(1)
    }

    private mutating func endAtStartCode() {
        problems.note(.startCode)
        // The zero bytes are part of the start code.
        while held.count > heldUnitStart + 4, held.last == 0 { held.removeLast() }
        zeros = 0
        close()
        unit = .awaitingHeader
        headerByte = nil
    }

    /// Parameter sets matter more than what stands in front of them.
    private mutating func makeRoom() -> Bool {
        guard heldHeader.role == .parameterSet, heldUnitStart > 0 else { return false }
        problems.note(.overlongPrefix)
        held.removeFirst(heldUnitStart)
        heldUnitStart = 0
        forgetHeld()
        return held.count < Self.mostHeldBytes
    }

    private mutating func keepHeldUnit() {
        let start = heldUnitStart + 4
        let isWhole = held.count > start + heldHeader.bytes
        switch heldHeader.role {
        case .parameterSet where isWhole:
            sets.record(held[start...])
            switch heldHeader.type {
            case 7, 33: holdsSPS = true
            case 8, 34: holdsPPS = true
            default: holdsVPS = true
            }
            heldUnits += 1
        case .information where isWhole:
            if !isH265, SEIMessages.isRecoveryPoint(held[(start + 1)...]) { holdsRecoveryPoint = true }
            if !userDataIDs.isEmpty, userData.count < SEIMessages.mostUserData {
                userData += SEIMessages.userData(held[(start + heldHeader.bytes)...], userDataIDs)
            }
            heldUnits += 1
        case .none:
            // The first bytes of a packet may be a start code; anything else of no type is damage.
            if held.count > start { noteDamage(.refusedPacking) }
            held.removeLast(held.count - heldUnitStart)
        default: held.removeLast(held.count - heldUnitStart)
        }
    }

    private mutating func releaseHeld() {
        held.removeAll(keepingCapacity: true)
        heldUnitStart = 0
        forgetHeld()
    }

    private mutating func forgetHeld() {
        heldUnits = 0
        holdsVPS = false
        holdsSPS = false
        holdsPPS = false
        holdsRecoveryPoint = false
    }
}
