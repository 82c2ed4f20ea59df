// Everything that wants more of a camera than looks: pre-roll, clips, live pictures and pictures on request.
// camera → **packets** → clips, live pictures, snapshots

import Base
import Domain
import Logging
import Media
package import Pipelines
import Synchronization

/// What is kept besides looks.
package struct RecordingSettings: Sendable {
    /// The last seconds of the cameras that fit into `preRollBytes`; nil keeps none and costs nothing.
    package var preRoll: Duration?
    package var preRollBytes: Int
    /// What the clip of an incident shows whose rule does not say; nil makes none for those.
    package var clip: ClipWish?

    package init(preRoll: Duration? = nil, preRollBytes: Int = 512 << 20, clip: ClipWish? = nil) {
        self.preRoll = preRoll
        self.preRollBytes = preRollBytes
        self.clip = clip
    }
}

/// The recording side of one node. Any thread; `snapshot` and `stop` block.
final class Recording: Sendable {
    /// One camera as housekeeping shows it.
    struct Place: Sendable {
        var camera: Camera
        var tape: CameraTape
        var slot: Int
        var bytesPerSecond: Double?
    }

    /// Each waits on a thread of its own.
    private static let mostSnapshots = 8
    /// Two groups of the longest kind that is not broken.
    private static let snapshotPatience = Duration.seconds(10)
    /// Choosing sorts all cameras, and a ring that changes hands is empty at first.
    private static let planPeriod = Duration.seconds(5)

    private let settings: RecordingSettings
    private let preRoll: SharedPreRoll?
    private let clips: ClipRecorder?
    private let views: LiveViews
    private let attention: SharedAttention
    private let time: any TimeSource
    private let snapshots = Atomic<Int>(0)
    private let nextPlan = Mutex(Duration.zero)

    /// - Parameter sink: Where clips go; without it there are none.
    init(
        _ settings: RecordingSettings, sink: (any ClipSink)?, attention: SharedAttention, time: any TimeSource, metrics: IngestMetrics,
        log: Logger, onFatal: @escaping @Sendable (Failure) -> Void
    ) {
        self.settings = settings
        self.attention = attention
        self.time = time
        preRoll = settings.preRoll.map { SharedPreRoll(keptSeconds: $0.seconds, budgetBytes: settings.preRollBytes) }
        clips = sink.map { ClipRecorder(sink: $0, time: time, metrics: metrics, log: log, onFatal: onFatal) }
        views = LiveViews()
    }

    /// Bytes of pictures kept for pre-rolls now.
    var preRollBytes: Int { preRoll?.bytes ?? 0 }
    /// Open live views.
    var viewers: Int { views.count }

    /// The tape of a camera that begins to be read.
    func makeTape(slot: Int) -> CameraTape { CameraTape(slot: slot, preRoll: preRoll) }

    /// Begins the clip of an incident that opens now; nil when none is wanted or possible.
    ///
    /// - Parameter wish: What its rule asks for; outranks the settings.
    func beginClip(_ camera: Camera, _ tape: CameraTape, wish: ClipWish?, startSeconds: Double) -> ClipTicket? {
        guard let clips, let wish = wish ?? settings.clip else { return nil }
        return clips.begin(wish, camera: camera, tape: tape, startSeconds: startSeconds)
    }

    /// Opens a live view; the camera is read fully and looked at while it is open.
    ///
    /// - Throws: `Failure` of kind `resourceExhausted` when there are too many.
    func watch(_ place: Place) throws -> LiveView {
        attention.request(place.slot, until: time.now + .seconds(5))
        return try views.open(place.camera, tape: place.tape)
    }

    /// The newest key picture as a masked JPEG: at once from a pre-roll, else the next one that comes. Blocks.
    ///
    /// - Throws: `Failure` of kind `deadlineExceeded` when none comes in time.
    func snapshot(_ place: Place) throws -> [UInt8] {
        guard snapshots.add(1, ordering: .relaxed).newValue <= Self.mostSnapshots else {
            snapshots.subtract(1, ordering: .relaxed)
            throw Failure(.resourceExhausted, "too many pictures are being fetched at the moment")
        }
        defer { snapshots.subtract(1, ordering: .relaxed) }
        let taker = OnePicture()
        place.tape.join(taker, sinceSeconds: .infinity)
        defer { place.tape.leave(taker) }
        guard let taped = taker.wait(Self.snapshotPatience) else {
            throw Failure(.deadlineExceeded, "no key picture came in \(Int(Self.snapshotPatience.seconds)) s")
        }
        var jpeg: [UInt8]?
        _ = try DecoderPool(capacity: 1).decodeKey(taped.picture, taped.parameters) { frame in
            jpeg = try frame.jpeg(maxWidth: 1920, quality: 85, masking: place.camera.areas.privacyMasks)
        }
        guard let jpeg else { throw Failure(.dataLoss, "the camera's picture cannot be decoded") }
        return jpeg
    }

    /// Once a second: clips and looks go on, and who keeps a pre-roll is chosen anew.
    ///
    /// - Parameter places: All cameras; only asked for when somebody watches or chooses.
    func keepHouse(now: Duration, _ places: () -> [Place]) {
        clips?.tick(now: now)
        let watched = views.watched
        if !watched.isEmpty {
            for place in places() where watched.contains(place.camera.id) { attention.request(place.slot, until: now + .seconds(3)) }
        }
        guard let kept = settings.preRoll, nextPlan.withLock({ now >= $0 }) else { return }
        nextPlan.withLock { $0 = now + Self.planPeriod }
        choose(places(), kept)
    }

    private func choose(_ places: [Place], _ kept: Duration) {
        let wishes = places.map {
            PreRollPlan.Wish(
                slot: $0.slot, priority: $0.camera.priority, isHot: attention.isHot($0.slot), bytesPerSecond: $0.bytesPerSecond,
                isKept: $0.tape.keepsPreRoll)
        }
        let chosen = PreRollPlan.choose(wishes, seconds: kept.seconds, budgetBytes: settings.preRollBytes)
        for place in places where chosen.contains(place.slot) != place.tape.keepsPreRoll {
            place.tape.keepPreRoll(chosen.contains(place.slot))
        }
    }

    /// A camera is no longer read.
    func end(_ camera: Camera, _ tape: CameraTape) {
        views.end(camera.id)
        tape.keepPreRoll(false)
    }

    /// Ends views, stores clips in the making, joins all threads. After the last observation was recorded. Blocks.
    func stop() {
        views.stop()
        clips?.stop()
    }
}

/// Waits for one picture.
private final class OnePicture: PictureTaker {
    private let box = BoundedQueue<TapedPicture>(capacity: 1)

    func take(_ taped: TapedPicture) -> Bool {
        _ = box.offer(taped)
        return false
    }

    func wait(_ timeout: Duration) -> TapedPicture? { box.take(timeout: timeout) }
}
