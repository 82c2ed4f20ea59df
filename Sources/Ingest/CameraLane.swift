// One camera's way from coded pictures to observations, always on at most one worker.
// camera → packets → **looks → frames → detections → incidents**

import Base
import Detectors
package import Domain
import Foundation
import Media
import Pipelines
import Synchronization

/// One revision of what a camera observes, on its way to the outbox. Carries the picture until it is stored.
package struct Observation: Sendable {
    package var key: IncidentKey
    package var phase: IncidentPhase
    package var priority: Priority
    package var place: GeoPoint
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    package var count: Int
    package var score: Int
    package var box: RelativeBox?
    package var reason: [String]
    /// JPEG of the confirming picture; only with phase `open`.
    package var jpeg: [UInt8]?
}

extension Observation {
    /// The end of an incident whose camera is no longer read.
    init(expiring incident: RunningIncident) {
        self.init(
            key: incident.key, phase: .expired, priority: incident.priority, place: incident.place, firstSeen: incident.firstSeen,
            lastSeen: incident.lastSeen, count: 1, score: incident.score, box: nil, reason: ["camera removed"], jpeg: nil)
    }
}

/// An incident that was running when the process ended, to be continued instead of doubled.
package struct RunningIncident: Sendable {
    package var key: IncidentKey
    package var priority: Priority
    package var place: GeoPoint
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    package var score: Int

    package init(key: IncidentKey, priority: Priority, place: GeoPoint, firstSeen: WallTime, lastSeen: WallTime, score: Int) {
        self.key = key
        self.priority = priority
        self.place = place
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.score = score
    }
}

/// The mailbox, detector and incident ledger of one camera.
///
/// `deliver` and `tick` are called by the reader and housekeeping threads; `work` runs on one worker at a time.
/// Full mailbox: in key mode the newest picture wins; at full rate everything waits for the next key picture.
final class CameraLane: Lane, @unchecked Sendable {
    /// A coded picture with what its stream was when it came; a camera may change its resolution between two.
    struct Delivery {
        var picture: CodedPicture
        var parameters: StreamParameters
        var arrivalSeconds: Double
    }

    // Unchecked: `work…` properties are touched only inside `work(on:)`, which `scheduled` keeps to one worker at a time.
    struct Mail {
        var pictures: [Delivery] = []
        var restarted = false
        var scheduled = false
        var needsKey = true
        var closed = false
        var expiring = false
    }

    /// 2 s at 25 fps: longer backlogs show the past, not the street.
    private static let fullRateCapacity = 50
    /// Reconnecting and the detector's warm-up take most of a minute; only then does silence mean that an old incident is over.
    private static let adoptionSeconds = 60.0

    // Set once
    let camera: Camera
    private let pipeline: Pipeline
    private let look: LookKind
    private let time: any TimeSource
    private let pool: WorkerPool
    private let recorder: IncidentRecorder
    private let metrics: IngestMetrics
    private let onDecoded: @Sendable () -> Void
    // Under lock
    private let mail = Mutex(Mail())
    /// Read by the housekeeping thread to know whether time alone can change anything.
    let hasOpenIncident = Atomic<Bool>(false)
    // Worker only
    private var workDetector: MotionDetector
    private var workLedger: IncidentLedger
    private var workClock = LookClock()
    private var workDecoder: (decoder: Decoder, parameters: StreamParameters)?
    private var workUnsent: [Observation] = []
    /// Incidents of the process before this one, until a detection continues them or their time is over.
    private var workAdopted: [RunningIncident] = []
    private let workAdoptUntil: Double

    init(
        camera: Camera, pipeline: Pipeline, look: LookKind, running: [RunningIncident], time: any TimeSource, pool: WorkerPool,
        recorder: IncidentRecorder, metrics: IngestMetrics, onDecoded: @escaping @Sendable () -> Void
    ) {
        self.camera = camera
        self.pipeline = pipeline
        self.look = look
        self.time = time
        self.pool = pool
        self.recorder = recorder
        self.metrics = metrics
        self.onDecoded = onDecoded
        workDetector = MotionDetector(pipeline.motion)
        workLedger = IncidentLedger(pipeline.ledger)
        let wall = time.wallNow
        let ours = running.filter { $0.key.category == pipeline.category }
        workAdopted = ours.filter { wall.seconds(since: $0.lastSeen) <= Self.adoptionSeconds }
        workAdoptUntil = time.now.seconds + Self.adoptionSeconds
        // What was last seen before that is over, whatever happens now; the ledger ends it at the first chance.
        adopt(ours.filter { wall.seconds(since: $0.lastSeen) > Self.adoptionSeconds }, lastSeconds: nil)
        hasOpenIncident.store(!ours.isEmpty, ordering: .relaxed)
    }

    /// A new connection: history of the old one does not explain its pictures.
    func restart() {
        mail.withLock {
            $0.pictures.removeAll(keepingCapacity: true)
            $0.restarted = true
            $0.needsKey = true
        }
    }

    /// Hands over one coded picture. Never blocks.
    func deliver(_ picture: CodedPicture, _ parameters: StreamParameters, arrivalSeconds: Double) {
        let schedule: Bool = mail.withLock {
            if $0.closed { return false }
            if $0.needsKey && !picture.isKey { return false }
            $0.needsKey = false
            switch look {
            case .key:
                if !$0.pictures.isEmpty {
                    metrics.looksDropped("overrun").increment(by: UInt64($0.pictures.count))
                    $0.pictures.removeAll(keepingCapacity: true)
                }
            case .full:
                if $0.pictures.count >= Self.fullRateCapacity {
                    metrics.looksDropped("overrun").increment(by: UInt64($0.pictures.count))
                    $0.pictures.removeAll(keepingCapacity: true)
                    $0.needsKey = !picture.isKey
                    if $0.needsKey { return false }
                }
            }
            $0.pictures.append(Delivery(picture: picture, parameters: parameters, arrivalSeconds: arrivalSeconds))
            return Self.takeSchedule(&$0)
        }
        if schedule { pool.submit(self) }
    }

    /// Lets time pass for running incidents when no picture comes. Never blocks.
    func tick() {
        if mail.withLock({ Self.takeSchedule(&$0) }) { pool.submit(self) }
    }

    /// No further pictures. When `expiring`, running incidents end; otherwise they stay open for the next start to continue.
    func close(expiring: Bool) {
        let schedule = mail.withLock {
            $0.closed = true
            $0.expiring = expiring
            $0.pictures.removeAll()
            return expiring && Self.takeSchedule(&$0)
        }
        if schedule { pool.submit(self) }
    }

    private static func takeSchedule(_ mail: inout Mail) -> Bool {
        if mail.scheduled { return false }
        mail.scheduled = true
        return true
    }

    func work(on worker: Worker) {
        while true {
            let (pictures, restarted) = mail.withLock {
                let taken = ($0.pictures, $0.restarted)
                $0.pictures.removeAll(keepingCapacity: true)
                $0.restarted = false
                return taken
            }
            if restarted {
                workDetector.reset()
                workClock = LookClock()
                workDecoder = nil
            }
            for delivery in pictures { examine(delivery, worker) }
            let expiring = mail.withLock { $0.expiring }
            if expiring || time.now.seconds > workAdoptUntil { adoptWaiting(lastSeconds: nil) }
            settle(expiring ? workLedger.finish() : workLedger.expire(atSeconds: time.now.seconds), jpeg: nil)
            let finished = mail.withLock {
                guard $0.pictures.isEmpty && !$0.restarted else { return false }
                $0.scheduled = false
                return true
            }
            if finished { return }
        }
    }

    private func examine(_ delivery: Delivery, _ worker: Worker) {
        let (picture, parameters) = (delivery.picture, delivery.parameters)
        let seconds = workClock.seconds(ptsSeconds: picture.ptsSeconds, arrivalSeconds: delivery.arrivalSeconds)
        do {
            let outcome: DecodeOutcome
            switch look {
            case .key:
                outcome = try worker.decoders.decodeKey(picture, parameters) { frame in examine(frame, atSeconds: seconds, worker) }
            case .full:
                if workDecoder?.parameters != parameters {
                    workDecoder = (try Decoder(parameters, skipLoopFilter: false), parameters)
                }
                // Set on the lines above.
                outcome = try workDecoder!.decoder.decode(picture) { frame in examine(frame, atSeconds: seconds, worker) }
            }
            if case .damaged = outcome { metrics.decodeErrors.increment() }
        } catch {
            // One camera's stream never ends a worker; its health shows the missing pictures.
            metrics.decodeErrors.increment()
            workDecoder = nil
        }
    }

    private func examine(_ frame: borrowing Frame, atSeconds seconds: Double, _ worker: Worker) {
        metrics.looks(look).increment()
        if frame.isDamaged {
            metrics.decodeErrors.increment()
            return
        }
        metrics.frames.increment()
        onDecoded()
        let kind = look
        let examination = frame.withLuma { luma, shape in
            workDetector.examine(luma, shape, atSeconds: seconds, kind: kind, scratch: &worker.scratch)
        }
        for suppression in examination.suppressions { metrics.suppressed(suppression.reason).increment() }
        if !examination.detections.isEmpty { metrics.detections(.motion).increment(by: UInt64(examination.detections.count)) }
        if !examination.detections.isEmpty { adoptWaiting(lastSeconds: seconds) }
        let events = workLedger.absorb(examination.detections, atSeconds: seconds)
        guard !events.isEmpty else { return }
        var jpeg: [UInt8]?
        if events.contains(where: { $0.kind == .opened }) {
            do { jpeg = try frame.jpeg(maxWidth: 1280, quality: 82) } catch { metrics.decodeErrors.increment() }
        }
        settle(events, jpeg: jpeg)
    }

    /// Hands incidents from before a restart to the ledger: continued at `lastSeconds`, or as old as they are.
    private func adopt(_ incidents: [RunningIncident], lastSeconds: Double?) {
        let (now, wall) = (time.now.seconds, time.wallNow)
        for incident in incidents {
            workLedger.adopt(
                startSeconds: now - wall.seconds(since: incident.firstSeen),
                lastSeconds: lastSeconds ?? now - wall.seconds(since: incident.lastSeen), count: 0, zone: incident.key.zone)
        }
    }

    /// The same for those that were waiting for a detection.
    private func adoptWaiting(lastSeconds: Double?) {
        guard !workAdopted.isEmpty else { return }
        adopt(workAdopted, lastSeconds: lastSeconds)
        workAdopted = []
    }

    /// Turns ledger events into observations and hands them to the recorder; what does not fit waits here, latest per key.
    private func settle(_ events: [LedgerEvent], jpeg: [UInt8]?) {
        let now = time.now.seconds
        let wall = time.wallNow
        for event in events {
            let phase: IncidentPhase
            switch event.kind {
            case .opened: phase = .open
            case .updated: phase = .updated
            case .ended: phase = .ended
            }
            if phase == .open { metrics.incidents(pipeline.category).increment() }
            let observation = Observation(
                key: IncidentKey(camera: camera.id, zone: event.zone, category: pipeline.category), phase: phase,
                priority: pipeline.priority,
                place: camera.position, firstSeen: wall.adding(seconds: event.startSeconds - now),
                lastSeen: wall.adding(seconds: event.lastSeconds - now), count: event.count, score: event.score, box: event.box,
                reason: event.reason, jpeg: phase == .open ? jpeg : nil)
            // An update supersedes an earlier update that is still waiting, so that a slow disk never grows this list.
            if phase != .open, let last = workUnsent.last, last.phase == .updated { workUnsent.removeLast() }
            workUnsent.append(observation)
        }
        while let first = workUnsent.first, recorder.offer(first) { workUnsent.removeFirst() }
        hasOpenIncident.store(workLedger.hasRunning || !workUnsent.isEmpty || !workAdopted.isEmpty, ordering: .relaxed)
    }
}
