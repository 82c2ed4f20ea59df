// Live pictures of one camera for one viewer, and how many viewers there may be.
// camera → **packets ─▶ live pictures** → pages

import Base
import Domain
import Media
import Synchronization

/// One viewer's pictures as fragmented MP4, the first from the last key picture on. Ends when the camera is removed, the viewer is too
/// slow, no picture comes for a quarter of a minute, or the process stops.
package final class LiveView: Sendable {
    /// The head, then a fragment for each picture; ends with the view.
    package let pieces: AsyncStream<[UInt8]>
    private let onTaken: @Sendable (Int) -> Void
    private let onClose: @Sendable () -> Void

    fileprivate init(
        pieces: AsyncStream<[UInt8]>, onTaken: @escaping @Sendable (Int) -> Void, onClose: @escaping @Sendable () -> Void
    ) {
        self.pieces = pieces
        self.onTaken = onTaken
        self.onClose = onClose
    }

    deinit { onClose() }

    /// Tells that a piece has left, so that a slow viewer can be told from a fast one.
    package func taken(_ bytes: Int) { onTaken(bytes) }

    /// Ends the view and gives its place back; harmless when repeated. Does not wait.
    package func close() { onClose() }
}

/// All viewers of this node. Any thread.
final class LiveViews: Sendable {
    /// A thread each, so few; a district looks at a handful of cameras at a time.
    static let most = 16
    static let mostOfOneCamera = 4
    /// Decoding and coding again costs a tenth of a core and more.
    static let mostRecoded = 2

    private struct State {
        var running: [Int: Viewer] = [:]
        var next = 0
        var isStopping = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.running.count } }

    /// The cameras somebody watches.
    var watched: Set<CameraID> { state.withLock { Set($0.running.values.map(\.camera)) } }

    /// - Throws: `Failure` of kind `resourceExhausted` with a sentence for the viewer.
    func open(_ camera: Camera, tape: CameraTape) throws -> LiveView {
        let isRecoded = Film.isRecoded(tape.codec, privacy: camera.areas.privacyMasks)
        let (pieces, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let (viewer, number) = try state.withLock { state in
            func refuse(_ why: String) -> Failure { Failure(.resourceExhausted, why) }
            guard !state.isStopping else { throw Failure(.unavailable, "the server is stopping") }
            guard state.running.count < Self.most else { throw refuse("\(Self.most) live views are open already; close one") }
            guard state.running.values.count(where: { $0.camera == camera.id }) < Self.mostOfOneCamera else {
                throw refuse("\(Self.mostOfOneCamera) live views of this camera are open already; close one")
            }
            guard !isRecoded || state.running.values.count(where: \.isRecoded) < Self.mostRecoded else {
                throw refuse("this camera's pictures are coded again for each viewer, and \(Self.mostRecoded) such views are open already")
            }
            let viewer = Viewer(camera: camera, isRecoded: isRecoded, continuation: continuation)
            let number = state.next
            state.next += 1
            state.running[number] = viewer
            return (viewer, number)
        }
        let close = { @Sendable [weak self, weak viewer] in
            guard let viewer else { return }
            tape.leave(viewer)
            viewer.end()
            _ = self?.state.withLock { $0.running.removeValue(forKey: number) }
        }
        viewer.start(onEnd: close)
        tape.join(viewer, sinceSeconds: .infinity)
        return LiveView(pieces: pieces, onTaken: { [weak viewer] in viewer?.taken($0) }, onClose: close)
    }

    /// Ends the views of a camera that is no longer read.
    func end(_ camera: CameraID) {
        for viewer in state.withLock({ Array($0.running.values) }) where viewer.camera == camera { viewer.end() }
    }

    /// Ends all views and joins their threads. Blocks, as long as one picture is being coded.
    func stop() {
        let viewers = state.withLock { state in
            state.isStopping = true
            return Array(state.running.values)
        }
        for viewer in viewers { viewer.end() }
        for viewer in viewers { viewer.join() }
    }
}

/// One viewer's thread between the camera's tape and the answer to its request.
private final class Viewer: PictureTaker {
    /// The pre-roll's last group comes at once: 20 s at 25 pictures a second.
    private static let mostWaiting = 512
    /// A viewer behind by this much cannot carry the stream: at half a megabit it is two minutes, at 8 Mbit/s eight seconds.
    private static let mostUntakenBytes = 8 << 20
    private static let patience = 15

    let camera: CameraID
    let isRecoded: Bool
    private let privacy: [Zone]
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let waiting = BoundedQueue<TapedPicture>(capacity: Viewer.mostWaiting)
    private let untakenBytes = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private let thread = Mutex<OwnThread?>(nil)

    init(camera: Camera, isRecoded: Bool, continuation: AsyncStream<[UInt8]>.Continuation) {
        self.camera = camera.id
        self.isRecoded = isRecoded
        privacy = camera.areas.privacyMasks
        self.continuation = continuation
    }

    func start(onEnd: @escaping @Sendable () -> Void) {
        thread.withLock {
            $0 = OwnThread(name: "live \(camera.digits.suffix(9))", stackBytes: 2 << 20) {
                self.run()
                onEnd()
            }
        }
    }

    func take(_ taped: TapedPicture) -> Bool {
        // A picture that finds no room breaks everything behind it, and the viewer is too far behind anyway.
        if waiting.offer(taped) { return true }
        end()
        return false
    }

    func taken(_ bytes: Int) { untakenBytes.subtract(bytes, ordering: .relaxed) }

    func end() {
        isOver.store(true, ordering: .relaxed)
        waiting.close()
        continuation.finish()
    }

    func join() { thread.withLock { $0 }?.join() }

    private func run() {
        defer { end() }
        var film: Film?
        var silentSeconds = 0
        while !isOver.load(ordering: .relaxed) {
            guard let taped = waiting.take(timeout: .seconds(1)) else {
                silentSeconds += 1
                if silentSeconds >= Self.patience { return }
                continue
            }
            silentSeconds = 0
            // What cannot be put into an MP4 ends the view; the page says so and offers to try again.
            guard let piece = try? piece(of: taped, &film) else { return }
            guard !piece.isEmpty else { continue }
            guard untakenBytes.add(piece.count, ordering: .relaxed).newValue <= Self.mostUntakenBytes else { return }
            continuation.yield(piece)
        }
    }

    private func piece(of taped: TapedPicture, _ film: inout Film?) throws -> [UInt8] {
        if film == nil { film = try Film(privacy: privacy, codec: taped.parameters.codec, rhythm: .picture) }
        return try film?.append(taped) ?? []
    }
}
