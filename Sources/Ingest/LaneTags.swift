// What a camera's metadata says, on its way through the camera's lane: read by a worker, kept on a board, told to the scheduler.
// camera → packets → **documents → tags** → incidents

import Base
import Domain
import Tagging

/// Bytes that a camera sent beside its pictures, waiting for a worker.
struct MetadataMail: Sendable {
    enum Form {
        /// An ONVIF document; a marker said where it ends.
        case document
        /// A packet of ONVIF metadata; FFmpeg does not tell where documents end.
        case packet
        /// Registered user data of a picture.
        case userData
    }

    var bytes: [UInt8]
    var form: Form
    var arrival: Duration
}

/// Metadata that waits for a worker, bounded in pieces and bytes. Full: everything that waits is let go of, because newer documents say
/// what is now, and the rest of one that was cut open is worth nothing.
struct MetadataMailbox: Sendable {
    /// A document of 100 objects comes in 36 packets.
    static let mostPieces = 128
    static let mostBytes = 512 << 10

    private(set) var pieces: [MetadataMail] = []
    private var byteCount = 0

    /// Takes a piece; returns how many had to go for it.
    mutating func put(_ mail: MetadataMail) -> Int {
        var lost = 0
        if pieces.count >= Self.mostPieces || byteCount + mail.bytes.count > Self.mostBytes { lost = takeAll().count }
        pieces.append(mail)
        byteCount += mail.bytes.count
        return lost
    }

    /// Empties the box.
    mutating func takeAll() -> [MetadataMail] {
        defer {
            pieces = []
            byteCount = 0
        }
        return pieces
    }
}

/// What sensors beside a camera have said, waiting for a worker. Full: the oldest goes, because a newer statement says what is now.
struct SensorMailbox: Sendable {
    /// As many as a board holds.
    static let most = TagBoard.mostProperties

    private(set) var assertions: [TagAssertion] = []

    /// Takes a statement; returns how many had to go for it.
    mutating func put(_ assertion: TagAssertion) -> Int {
        let lost = assertions.count >= Self.most ? 1 : 0
        assertions.removeFirst(lost)
        assertions.append(assertion)
        return lost
    }

    /// Empties the box.
    mutating func takeAll() -> [TagAssertion] {
        defer { assertions = [] }
        return assertions
    }
}

/// The tags of one camera, on a worker: one at a time, CPU only.
struct LaneTags: Sendable {
    /// A sensor that is stuck shall not take the looks of others for ever.
    private static let stateAsksSeconds = 60.0
    private static let pulseAsksSeconds = 10.0

    private var reader = MetadataReader()
    private var board = TagBoard()
    /// All live tags as they are now; the same array until something changes.
    private(set) var live: [LiveTag] = []

    /// True while time alone changes something.
    var isAwake: Bool { board.nextSeconds != nil }

    /// A new connection: what the camera said on the old one is unknown until it says it again.
    mutating func restart(now: Double) {
        reader.restart()
        note(board.disconnected(nowSeconds: now))
    }

    /// Reads what has come and lets time pass; returns until when looks are asked for, nil when nobody asks.
    ///
    /// - Parameter sensed: What sensors beside the camera have said.
    mutating func absorb(
        _ mail: [MetadataMail], _ sensed: [TagAssertion] = [], now: Double, wall: WallTime, _ metrics: TagMetrics
    ) -> Double? {
        var changes = board.expire(nowSeconds: now)
        if !sensed.isEmpty { changes += board.apply(sensed, nowSeconds: now) }
        for piece in mail {
            let seconds = piece.arrival.seconds
            let said =
                piece.form == .userData
                ? reader.readUserData(piece.bytes, arrivalSeconds: seconds)
                : reader.read(
                    piece.bytes, isWhole: piece.form == .document, arrivalSeconds: seconds,
                    arrivalWall: wall.adding(seconds: seconds - now))
            if !said.isEmpty { changes += board.apply(said, nowSeconds: now) }
        }
        if !mail.isEmpty { metrics.add(reader.takeFigures()) }
        note(changes)
        return changes.compactMap(Self.asksUntil).max()
    }

    private mutating func note(_ changes: [TagChange]) {
        // A pulse leaves without a change: it was over when it came.
        if !changes.isEmpty || live.contains(where: \.isPulse) { live = board.live() }
    }

    /// Where the camera looks is no reason to look; that something is on, is.
    private static func asksUntil(_ change: TagChange) -> Double? {
        guard change.tag.state == .on, !change.tag.name.hasPrefix("ptz:") else { return nil }
        return change.tag.sinceSeconds + (change.tag.isPulse ? pulseAsksSeconds : stateAsksSeconds)
    }
}

/// Counters of metadata. Of a topic that is denied its number is all that is ever known.
final class TagMetrics: Sendable {
    private let documents: Counter
    private let used: Counter
    private let denied: Counter
    private let unlisted: Counter
    private let refusedByReason: [MetadataRefusal: Counter]

    init(_ registry: MetricsRegistry) {
        func messages(_ verdict: String) -> Counter {
            registry.counter(
                "snowlight_metadata_messages_total", "Events in the metadata of cameras, by what became of them.",
                labels: [("verdict", verdict)])
        }
        documents = registry.counter("snowlight_metadata_documents_total", "Metadata documents received whole.")
        used = messages("used")
        denied = messages("denied")
        unlisted = messages("unlisted")
        refusedByReason = registry.counters("snowlight_metadata_refused_total", "Metadata that was not used.", label: "reason")
    }

    /// Metadata that no worker came to read in time.
    func overrun(_ pieces: Int) { refused(.overrun, pieces) }

    func add(_ figures: MetadataFigures) {
        documents.increment(by: UInt64(figures.documents))
        used.increment(by: UInt64(figures.notifications))
        denied.increment(by: UInt64(figures.denied))
        unlisted.increment(by: UInt64(figures.unlisted))
        for (reason, count) in figures.refused { refused(reason, count) }
    }

    private func refused(_ reason: MetadataRefusal, _ count: Int) {
        refusedByReason[reason]!.increment(by: UInt64(count))  // All cases are present.
    }
}
