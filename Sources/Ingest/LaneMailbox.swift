// What waits for a camera's lane: pictures, metadata, news; bounded, and clear about when a worker must be called.
// camera → packets → **looks** → frames → detections → incidents

import Domain
import Media
import Pipelines
import Tagging

/// A coded picture with what its stream was when it came; a camera may change its resolution between two.
struct LookDelivery: Sendable {
    var picture: CodedPicture
    var parameters: StreamParameters
    var kind: LookKind
}

/// The mail of one lane: a value behind the lane's lock.
///
/// ```
///          something comes: call a worker              worker has taken it all
///   idle ─────────────────────────────────▶ scheduled ─────────────────────────▶ idle
///                                            │      ▲
///                                            └──────┘ something comes: the worker looks again before it goes
/// ```
///
/// Of key looks the newest wins. At full rate a backlog longer than two seconds is let go of, and everything waits for the next key picture.
struct LaneMailbox: Sendable {
    /// 2 s at 25 fps: longer backlogs show the past, not the street.
    static let fullRateCapacity = 50

    /// What a picture that comes does to those that wait.
    struct Outcome: Sendable, Hashable {
        /// Whether a worker must be called.
        var mustSchedule = false
        /// Pictures that were let go of.
        var overrun = 0
        /// True when a key picture was among them and none stands in its place, which would bring a report of its own.
        var hasLostKey = false
    }

    /// What a worker takes along, pictures aside.
    struct Taken: Sendable {
        var isRestarted: Bool
        var news: CameraTask?
        var metadata: [MetadataMail]
        var sensed: [TagAssertion]
        var delivered: [(key: IncidentKey, priority: Priority)]
    }

    private var pictures: [LookDelivery] = []
    private var metadata = MetadataMailbox()
    private var sensed = SensorMailbox()
    private var delivered: [(key: IncidentKey, priority: Priority)] = []
    private var news: CameraTask?
    private var isRestarted = false
    private var needsKey = true
    private var isScheduled = false
    private var isClosed = false
    /// True when running incidents end with the lane.
    private(set) var isExpiring = false

    mutating func put(_ delivery: LookDelivery) -> Outcome {
        let isKey = delivery.picture.isKey
        guard !isClosed, !needsKey || isKey else { return Outcome() }
        needsKey = false
        var outcome = Outcome()
        let isFull = delivery.kind == .full && pictures.count >= Self.fullRateCapacity
        if isFull || delivery.kind == .key && !pictures.isEmpty {
            outcome.overrun = pictures.count
            outcome.hasLostKey = !isKey && pictures.contains { $0.picture.isKey }
            pictures.removeAll(keepingCapacity: true)
            // What is predicted from pictures that were let go cannot be decoded.
            needsKey = !isKey
            if needsKey { return outcome }
        }
        pictures.append(delivery)
        outcome.mustSchedule = schedule()
        return outcome
    }

    /// Takes a piece of metadata; `lost` pieces had to go for it.
    mutating func put(_ piece: MetadataMail) -> (mustSchedule: Bool, lost: Int) {
        if isClosed { return (false, 0) }
        let lost = metadata.put(piece)
        return (schedule(), lost)
    }

    /// Takes what a sensor beside the camera has said; `lost` statements had to go for it.
    mutating func put(_ assertion: TagAssertion) -> (mustSchedule: Bool, lost: Int) {
        if isClosed { return (false, 0) }
        let lost = sensed.put(assertion)
        return (schedule(), lost)
    }

    /// The camera's row or its rules have changed; true when a worker must be called.
    mutating func put(_ task: CameraTask) -> Bool {
        if isClosed { return false }
        news = task
        return schedule()
    }

    /// An incident has reached those it is for; true when a worker must be called.
    mutating func put(delivered key: IncidentKey, _ priority: Priority) -> Bool {
        if isClosed { return false }
        delivered.append((key, priority))
        return schedule()
    }

    /// A new connection: what waits from the old one does not explain its pictures.
    mutating func restart() {
        pictures.removeAll(keepingCapacity: true)
        _ = metadata.takeAll()
        isRestarted = true
        needsKey = true
    }

    /// A picture that was wanted has not come whole.
    mutating func missed() { needsKey = true }

    /// No further mail; true when a worker must be called, to end what is running.
    mutating func close(expiring: Bool) -> Bool {
        isClosed = true
        isExpiring = expiring
        pictures.removeAll()
        return expiring && schedule()
    }

    /// True when a worker must be called; whoever gets true calls it.
    mutating func schedule() -> Bool {
        defer { isScheduled = true }
        return !isScheduled
    }

    /// Empties the box. The two arrays change places, so that neither is allocated again.
    mutating func take(_ into: inout [LookDelivery]) -> Taken {
        swap(&pictures, &into)
        defer {
            isRestarted = false
            news = nil
            delivered = []
        }
        return Taken(isRestarted: isRestarted, news: news, metadata: metadata.takeAll(), sensed: sensed.takeAll(), delivered: delivered)
    }

    /// True when nothing has come since `take`: the worker goes, and the next mail calls one.
    mutating func finish() -> Bool {
        guard pictures.isEmpty, metadata.pieces.isEmpty, sensed.assertions.isEmpty, delivered.isEmpty, news == nil, !isRestarted else {
            return false
        }
        isScheduled = false
        return true
    }
}
