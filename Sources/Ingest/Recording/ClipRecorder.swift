// The seconds around an incident: pictures from before it, pictures as they come, one MP4 in the store.
// **packets ─▶ clip** ─▶ incidents ══▶ outbox

import Base
import Domain
import Logging
import Media
import Pipelines
import Synchronization

/// Joins a clip to the incident that it was begun for; minted with the observation that opens it. Means nothing after a restart.
package struct ClipTicket: Hashable, Sendable {
    package let number: UInt64
}

/// Where finished clips become durable. Called on the clip recorder's own thread; may block; returns after fsync.
package protocol ClipSink: Sendable {
    /// Stores the clip and adds it to the incident that was opened with the ticket.
    ///
    /// - Returns: False when that incident is not recorded yet: ask again.
    /// - Throws: `.resourceExhausted` means that there is no room: the incident stays without clip.
    func attach(_ mp4: [UInt8], to ticket: ClipTicket) throws -> Bool
    /// The ticket will not be used.
    func forget(_ ticket: ClipTicket)
}

/// Makes clips on one thread of its own. `begin` and `tick` never wait.
///
/// At most `mostAtOnce` clips are in the making; an incident beyond that has none, which is counted. What a clip gathers is bounded by
/// `mostBytes`: then it ends early.
final class ClipRecorder: Sendable {
    /// A storm that opens more incidents at once is one event, and sixteen clips show it.
    static let mostAtOnce = 16
    /// A quarter of a minute at 8 Mbit/s.
    static let mostBytes = 16 << 20
    /// Behind the end of a clip; then the camera has stopped sending.
    private static let patience = Duration.seconds(5)

    private let sink: any ClipSink
    private let time: any TimeSource
    private let log: Logger
    private let metrics: IngestMetrics
    private let onFatal: @Sendable (Failure) -> Void
    private let making = Mutex<[ClipTicket: Take]>([:])
    private let finished = BoundedQueue<Take>(capacity: ClipRecorder.mostAtOnce)
    private let lastNumber = Atomic<UInt64>(0)
    private let stopping = StopSignal()
    private let thread = Mutex<OwnThread?>(nil)

    /// - Parameter onFatal: Told when the disk can no longer be trusted, as for observations.
    init(
        sink: any ClipSink, time: any TimeSource, metrics: IngestMetrics, log: Logger, onFatal: @escaping @Sendable (Failure) -> Void
    ) {
        self.sink = sink
        self.time = time
        self.metrics = metrics
        self.log = log
        self.onFatal = onFatal
        thread.withLock { $0 = OwnThread(name: "clips", stackBytes: 2 << 20) { self.run() } }
    }

    /// Begins a clip of an incident that opens now.
    ///
    /// - Parameter startSeconds: When it was first seen, on the process clock.
    /// - Returns: What the observation carries; nil when too many clips are in the making.
    func begin(_ wish: ClipWish, camera: Camera, tape: CameraTape, startSeconds: Double) -> ClipTicket? {
        let now = time.now
        let ticket = ClipTicket(number: lastNumber.add(1, ordering: .relaxed).newValue)
        let take = Take(
            ticket: ticket, camera: camera, tape: tape, openedSeconds: now.seconds, untilSeconds: (now + wish.after).seconds,
            deadline: now + wish.after + Self.patience
        ) { [finished] in _ = finished.offer($0) }
        let isAccepted = making.withLock { making in
            guard making.count < Self.mostAtOnce else { return false }
            making[ticket] = take
            return true
        }
        guard isAccepted else {
            metrics.clips(.tooMany).increment()
            return nil
        }
        tape.join(take, sinceSeconds: startSeconds - wish.before.seconds)
        return ticket
    }

    /// Ends clips whose cameras have stopped sending.
    func tick(now: Duration) {
        for take in making.withLock({ Array($0.values) }) where now >= take.deadline { take.end() }
    }

    /// Stores what there is of clips in the making and ends the thread. Blocks.
    func stop() {
        for take in making.withLock({ Array($0.values) }) { take.end() }
        stopping.raise()
        finished.close()
        thread.withLock { $0 }?.join()
    }

    private func run() {
        while true {
            guard let take = finished.take(timeout: .seconds(1)) else {
                if stopping.isRaised { return }
                continue
            }
            take.tape.leave(take)
            let result = keep(take)
            metrics.clips(result).increment()
            if result != .stored { sink.forget(take.ticket) }
            making.withLock { $0[take.ticket] = nil }
        }
    }

    private func keep(_ take: Take) -> ClipResult {
        do {
            guard let mp4 = try take.mp4() else { return .empty }
            while try !sink.attach(mp4, to: take.ticket) {
                // The incident waits for the disk like this clip; when the process ends first, the next one knows nothing of the ticket.
                if stopping.sleep(.milliseconds(200)) { return .unrecorded }
            }
            return .stored
        } catch {
            let failure = error as? Failure ?? Failure(.internal, "making a clip failed", cause: error)
            if failure.kind == .dataLoss { onFatal(failure) }
            log.warning("an incident has no clip", metadata: ["camera": "\(take.camera.id)", "failure": "\(failure)"])
            return failure.kind == .resourceExhausted ? .noRoom : .failed
        }
    }
}

/// What became of a clip: metric label.
enum ClipResult: String, CaseIterable {
    case stored, empty, failed, unrecorded
    case tooMany = "too_many"
    case noRoom = "no_room"
}

/// One clip in the making.
private final class Take: PictureTaker {
    private struct State {
        var pictures: [TapedPicture] = []
        var bytes = 0
        var isOver = false
    }

    let ticket: ClipTicket
    let camera: Camera
    let tape: CameraTape
    let deadline: Duration
    private let openedSeconds: Double
    private let untilSeconds: Double
    private let onEnd: @Sendable (Take) -> Void
    private let state = Mutex(State())

    init(
        ticket: ClipTicket, camera: Camera, tape: CameraTape, openedSeconds: Double, untilSeconds: Double, deadline: Duration,
        onEnd: @escaping @Sendable (Take) -> Void
    ) {
        self.ticket = ticket
        self.camera = camera
        self.tape = tape
        self.openedSeconds = openedSeconds
        self.untilSeconds = untilSeconds
        self.deadline = deadline
        self.onEnd = onEnd
    }

    func take(_ taped: TapedPicture) -> Bool {
        let isFull = state.withLock { state in
            if state.isOver { return true }
            guard taped.seconds <= untilSeconds, state.bytes + taped.picture.heldBytes <= ClipRecorder.mostBytes else { return true }
            state.pictures.append(taped)
            state.bytes += taped.picture.heldBytes
            return false
        }
        if isFull { end() }
        return !isFull
    }

    /// Hands the clip over as it is; harmless when repeated.
    func end() {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        if isFirst { onEnd(self) }
    }

    /// The clip as a file; nil when no picture came. CPU for seconds when it must be coded again.
    func mp4() throws -> [UInt8]? {
        let pictures = Film.oneHead(state.withLock { $0.pictures }, around: openedSeconds)
        guard let first = pictures.first else { return nil }
        var film = try Film(privacy: camera.areas.privacyMasks, codec: first.parameters.codec, rhythm: .group)
        var bytes: [UInt8] = []
        for taped in pictures { bytes += try film.append(taped) }
        bytes += try film.finish()
        return bytes.isEmpty ? nil : bytes
    }
}
