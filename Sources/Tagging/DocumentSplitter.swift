// Bytes of a metadata stream, cut anywhere, become whole documents; what could hurt a parser never reaches one.
// **bytes → documents** → assertions → tags

/// Why bytes of a metadata stream were not used. Metric label and text at once.
package enum MetadataRefusal: String, Sendable, CaseIterable {
    /// A document type or an entity: no camera needs one, and every attack on XML parsers does.
    case doctype
    /// More elements within each other than any schema has.
    case depth
    case attributes
    /// One tag of many kilobytes.
    case tag
    /// A document beyond 256 KiB.
    case size
    /// Bytes that belong to no document.
    case garbage
    /// Its root is another one.
    case foreign
    /// Its end never came.
    case unfinished
    case malformed
    /// Gzip that does not unpack, or whose end nobody can tell.
    case compression
    /// Documents came faster than a worker could read them.
    case overrun
}

/// Finds documents by their root element, byte by byte, so that it does not matter where packets begin and end.
///
/// ```
///             <?xml or <…MetadataStream             the root's end: a document
///   between ───────────────────────────▶ inside ─────────────────────────────▶ between
///      ▲                                    │ a cap is broken, <!DOCTYPE: refused
///      └──── <?xml or <…MetadataStream ── skipping ◀──┘
/// ```
/// A root within a document is the beginning of the next one: the end of the last was lost. The caps stand here, in front of libxml2,
/// because some of its own cost far more: it compares each attribute of an element with each other one.
package struct DocumentSplitter: Sendable {
    /// Scene descriptions with 100 objects have 50 KiB.
    package static let mostBytes = 256 << 10
    /// The deepest element of the schema stands 12 deep.
    package static let mostDepth = 32
    package static let mostAttributes = 64
    /// Bitmaps of motion cells are the longest attributes; 16 KiB are a bitmap of 98,304 cells.
    package static let mostTagBytes = 16 << 10
    /// The parts of a document come together; what has not come after two seconds was lost.
    package static let patienceSeconds = 2.0

    /// What came out.
    package enum Piece: Sendable, Equatable {
        /// One whole document, and whether it has anything that is read; the others are counted and need no parser.
        case document([UInt8], isRead: Bool)
        case refused(MetadataRefusal)
    }

    private enum Phase { case between, inside, skipping }
    private enum Token {
        case text, opened, startTag, endTag, instruction, declaration, comment, section
    }

    private var phase = Phase.between
    private var token = Token.text
    /// The document so far; while skipping or between documents, the tag that may begin one.
    private var bytes: [UInt8] = []
    private var tokenStart = 0
    private var depth = 0
    private var attributes = 0
    /// The quote a value within a tag began with.
    private var quote: UInt8?
    private var isRead = false
    private var heardSeconds = 0.0
    /// Said once for each run of bytes outside of documents.
    private var saidGarbage = false

    package init() {}

    /// Takes bytes as they came and appends what they complete.
    package mutating func feed(_ more: some Sequence<UInt8>, nowSeconds: Double, into pieces: inout [Piece]) {
        if nowSeconds - heardSeconds > Self.patienceSeconds, token != .text || phase == .inside { refuse(.unfinished, &pieces) }
        heardSeconds = nowSeconds
        for byte in more { take(byte, &pieces) }
    }

    /// The connection is over: an open document is let go of.
    package mutating func reset() { self = DocumentSplitter() }

    private mutating func take(_ byte: UInt8, _ pieces: inout [Piece]) {
        if byte == 0x3C {  // <
            // Within a tag it is always wrong, and what it begins may be right.
            if [.opened, .startTag, .endTag].contains(token) { refuse(phase == .inside ? .malformed : .garbage, &pieces) }
            if token == .text {
                tokenStart = bytes.count
                bytes.append(byte)
                token = .opened
                return
            }
        } else if token == .text, phase != .inside {
            return noteGarbage(byte, &pieces)
        }
        bytes.append(byte)
        if bytes.count > Self.mostBytes { return refuse(.size, &pieces) }
        switch token {
        case .text: break
        case .opened: open(byte, &pieces)
        case .startTag:
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == 0x22 || byte == 0x27 {
                quote = byte
            } else if byte == 0x3D {
                attributes &+= 1
                if attributes > Self.mostAttributes { return refuse(.attributes, &pieces) }
            } else if byte == 0x3E {
                return endStartTag(&pieces)
            }
            if bytes.count &- tokenStart > Self.mostTagBytes { refuse(.tag, &pieces) }
        case .endTag:
            if byte == 0x3E { endEndTag(&pieces) } else if bytes.count &- tokenStart > Self.mostTagBytes { refuse(.tag, &pieces) }
        case .instruction:
            if byte == 0x3E, endsWith([0x3F, 0x3E]) { endInstruction(&pieces) }
            if bytes.count &- tokenStart > Self.mostTagBytes { refuse(.tag, &pieces) }
        case .declaration: declare(&pieces)
        case .comment: if byte == 0x3E, bytes.count &- tokenStart >= 7, endsWith([0x2D, 0x2D, 0x3E]) { endToken() }
        case .section: if byte == 0x3E, endsWith([0x5D, 0x5D, 0x3E]) { endToken() }
        }
    }

    /// The byte behind `<`.
    private mutating func open(_ byte: UInt8, _ pieces: inout [Piece]) {
        switch byte {
        case 0x21: token = .declaration
        case 0x2F where phase == .inside: token = .endTag
        case 0x3F: token = .instruction
        case 0x41...0x5A, 0x5F, 0x61...0x7A, 0x80...0xFF:
            token = .startTag
            attributes = 0
            quote = nil
        default: refuse(phase == .inside ? .malformed : .garbage, &pieces)
        }
    }

    /// `<!` begins a comment, a section of text or what is refused.
    private mutating func declare(_ pieces: inout [Piece]) {
        let said = bytes[(tokenStart + 2)...]
        if said.elementsEqual([0x2D, 0x2D]) {
            token = .comment
        } else if said.elementsEqual(Self.section) {
            token = .section
        } else if !(said.elementsEqual([0x2D]) || Self.section.starts(with: said)) {
            refuse(.doctype, &pieces)
        }
    }

    private mutating func endStartTag(_ pieces: inout [Piece]) {
        let isEmpty = bytes[bytes.count - 2] == 0x2F
        let name = localName(from: tokenStart + 1)
        let isRoot = name == Self.root
        switch phase {
        case .inside where isRoot && depth > 0:
            pieces.append(.refused(.unfinished))
            begin(at: tokenStart)
        case .inside: break
        case .between where !isRoot: return refuse(.foreign, &pieces)
        case .skipping where !isRoot: return endToken()
        case .between, .skipping: begin(at: tokenStart)
        }
        if depth == 0, !isRoot { return refuse(.foreign, &pieces) }
        if depth == 1, name == Self.event || name == Self.movement { isRead = true }
        token = .text
        if !isEmpty { depth += 1 }
        if depth > Self.mostDepth { refuse(.depth, &pieces) } else if depth == 0 { finish(&pieces) }
    }

    private mutating func endEndTag(_ pieces: inout [Piece]) {
        token = .text
        depth -= 1
        if depth < 0 { refuse(.malformed, &pieces) } else if depth == 0 { finish(&pieces) }
    }

    /// `<?xml …?>` begins a document, wherever it stands.
    private mutating func endInstruction(_ pieces: inout [Piece]) {
        guard localName(from: tokenStart + 2) == Self.declaration else { return endToken() }
        if phase == .inside { pieces.append(.refused(.unfinished)) }
        begin(at: tokenStart)
        token = .text
    }

    /// A token that changes nothing is over; outside of documents nothing of it is kept.
    private mutating func endToken() {
        token = .text
        if phase != .inside { bytes.removeAll(keepingCapacity: true) }
    }

    private mutating func begin(at start: Int) {
        bytes.removeFirst(start)
        tokenStart = 0
        phase = .inside
        depth = 0
        isRead = false
        saidGarbage = false
    }

    private mutating func finish(_ pieces: inout [Piece]) {
        pieces.append(.document(bytes, isRead: isRead))
        bytes = []
        phase = .between
        token = .text
    }

    private mutating func refuse(_ reason: MetadataRefusal, _ pieces: inout [Piece]) {
        // While skipping, everything belongs to what was refused already.
        if phase != .skipping { pieces.append(.refused(reason)) }
        bytes = []
        tokenStart = 0
        phase = .skipping
        token = .text
        depth = 0
    }

    private mutating func noteGarbage(_ byte: UInt8, _ pieces: inout [Piece]) {
        guard phase == .between, !saidGarbage else { return }
        // Blanks and a byte order mark may stand between documents.
        guard ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains(byte) else { return }
        saidGarbage = true
        pieces.append(.refused(.garbage))
    }

    private func endsWith(_ end: [UInt8]) -> Bool {
        bytes.count &- tokenStart >= end.count &+ 2 && bytes.suffix(end.count).elementsEqual(end)
    }

    /// The name that begins at `start`, in lower case and without its prefixes.
    private func localName(from start: Int) -> [UInt8] {
        var name: [UInt8] = []
        for byte in bytes[start...].prefix(128) {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D, 0x2F, 0x3E, 0x3F: return name
            case 0x3A: name.removeAll(keepingCapacity: true)
            case 0x41...0x5A: name.append(byte | 0x20)
            default: name.append(byte)
            }
        }
        return name
    }

    private static let root = Array("metadatastream".utf8)
    private static let event = Array("event".utf8)
    private static let movement = Array("ptz".utf8)
    private static let declaration = Array("xml".utf8)
    private static let section = Array("[CDATA[".utf8)
}
