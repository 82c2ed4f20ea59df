// One camera's way from coded pictures to observations, always on at most one worker.
// camera → packets → **looks → frames → detections → incidents**

import Base
import Detectors
import Domain
import Foundation
import Media
import Pipelines
import Synchronization
import Tagging

/// The detector, rules and incident ledger of one camera behind its mailbox.
///
/// `deliver` and `tick` are called by the reader and housekeeping threads; `work` runs on one worker at a time.
final class CameraLane: Lane, @unchecked Sendable {
    // Unchecked: `work…` properties are touched only inside `work(on:)`, which the mailbox keeps to one worker at a time.

    /// Reconnecting and the detector's warm-up take most of a minute; only then does silence mean that an old incident is over.
    private static let adoptionSeconds = 60.0

    // Set once
    private let slot: Int
    private let attention: SharedAttention
    private let time: any TimeSource
    private let pool: WorkerPool
    private let recorder: IncidentRecorder
    private let metrics: IngestMetrics
    private let session: SharedSession
    private let recording: Recording
    private let tape: CameraTape
    // Under lock
    private let mail = Mutex(LaneMailbox())
    /// Read by the housekeeping thread to know whether time alone can change anything.
    let isAwake = Atomic<Bool>(false)
    let hasLiveTags = Atomic<Bool>(false)
    private let tags = Mutex<[LiveTag]>([])
    // Worker only
    private var workCamera: Camera
    private var workDetector: MotionDetector
    private var workPlace: LanePlace
    private var workClock = LookClock()
    private var workDecoder: (decoder: Decoder, parameters: StreamParameters)?
    private var workPictures: [LookDelivery] = []
    private var workUnsent: [Observation] = []
    private var workTags = LaneTags()
    private var workSuppressions: LaneSuppressions
    private var workArchive: LaneArchive?
    /// Incidents that opened between two looks and want a picture of the next one.
    private var workPictureless: [LedgerKey] = []
    /// Incidents of the process before this one, until a detection continues them or their time is over.
    private var workAdopted: [RunningIncident] = []
    private let workAdoptUntil: Double

    init(
        task: CameraTask, slot: Int, attention: SharedAttention, running: [RunningIncident], time: any TimeSource,
        pool: WorkerPool, recorder: IncidentRecorder, suppressions: SuppressionRecorder, metrics: IngestMetrics, session: SharedSession,
        recording: Recording, tape: CameraTape, archiver: LookArchiver?
    ) {
        let (camera, plan) = (task.camera, task.plan)
        workCamera = camera
        self.slot = slot
        self.attention = attention
        self.time = time
        self.pool = pool
        self.recorder = recorder
        self.metrics = metrics
        self.session = session
        self.recording = recording
        self.tape = tape
        workDetector = MotionDetector(plan.motion, areas: camera.areas)
        workPlace = LanePlace(task)
        workSuppressions = LaneSuppressions(camera: camera, plan: plan, recorder: suppressions, time: time)
        workArchive = LaneArchive(archiver, camera)
        let wall = time.wallNow
        let ours = running.filter { plan.makes($0.key) }
        workAdopted = ours.filter { wall.seconds(since: $0.lastSeen) <= Self.adoptionSeconds }
        workAdoptUntil = time.now.seconds + Self.adoptionSeconds
        // What was last seen before that is over, whatever happens now; the ledger ends it at the first chance.
        adopt(ours.filter { wall.seconds(since: $0.lastSeen) > Self.adoptionSeconds }, lastSeconds: nil)
        isAwake.store(!ours.isEmpty, ordering: .relaxed)
    }

    /// The camera's row or its rules have changed, and neither its address nor its areas. Never blocks.
    func follow(_ task: CameraTask) {
        if mail.withLock({ $0.put(task) }) { pool.submit(self) }
    }

    /// A new connection: history of the old one does not explain its pictures.
    func restart() { mail.withLock { $0.restart() } }

    /// The camera's live tags as they are now. Any thread.
    var liveTags: [LiveTag] { tags.withLock { $0 } }

    /// Hands over a piece of the camera's metadata. Never blocks; see `MetadataMailbox` for what happens when nobody reads it.
    func deliver(_ metadata: MetadataMail) { note(mail.withLock { $0.put(metadata) }) }

    /// Hands over what a sensor beside the camera has said. Never blocks; see `SensorMailbox` likewise.
    func deliver(_ assertion: TagAssertion) { note(mail.withLock { $0.put(assertion) }) }

    private func note(_ outcome: (mustSchedule: Bool, lost: Int)) {
        if outcome.lost > 0 { metrics.tags.overrun(outcome.lost) }
        if outcome.mustSchedule { pool.submit(self) }
    }

    /// Hands over one coded picture. Never blocks.
    ///
    /// - Parameter kind: `key` for a look at this picture alone, `full` for one of a row of pictures, each decoded.
    func deliver(_ picture: CodedPicture, _ parameters: StreamParameters, kind: LookKind) {
        let outcome = mail.withLock { $0.put(LookDelivery(picture: picture, parameters: parameters, kind: kind)) }
        if outcome.overrun > 0 { metrics.looksDropped("overrun").increment(by: UInt64(outcome.overrun)) }
        if outcome.hasLostKey { attention.dropped(slot) }
        if outcome.mustSchedule { pool.submit(self) }
    }

    /// A picture that was wanted has not come whole. Never blocks.
    func missed(isKey: Bool) {
        metrics.decodeErrors.increment()
        session.damaged()
        if isKey { attention.failed(slot) }
        mail.withLock { $0.missed() }
    }

    /// Lets time pass for rules and running incidents when no picture comes. Never blocks.
    func tick() {
        if mail.withLock({ $0.schedule() }) { pool.submit(self) }
    }

    /// An incident has reached those it is for. Never blocks.
    func delivered(_ key: IncidentKey, _ priority: Priority) {
        if mail.withLock({ $0.put(delivered: key, priority) }) { pool.submit(self) }
    }

    /// No further pictures. When `expiring`, running incidents end; otherwise they stay open for the next start to continue.
    func close(expiring: Bool) {
        if mail.withLock({ $0.close(expiring: expiring) }) { pool.submit(self) }
    }

    func work(on worker: Worker) {
        while true {
            let taken = mail.withLock { $0.take(&workPictures) }
            if let news = taken.news { work(by: news) }
            for (key, priority) in taken.delivered { workPlace.delivered(key, priority: priority, atSeconds: time.now.seconds) }
            if taken.isRestarted {
                workTags.restart(now: time.now.seconds)
                workDetector.reset()
                workPlace.watch.forgetLooks()
                workClock = LookClock()
                workDecoder = nil
            }
            // Tags first: rules see a picture with what the camera itself said before it.
            noteTags(taken.metadata, taken.sensed)
            turn()
            examine(workPictures, worker)
            workPictures.removeAll(keepingCapacity: true)
            let expiring = mail.withLock { $0.isExpiring }
            if expiring || time.now.seconds > workAdoptUntil { adoptWaiting(lastSeconds: nil) }
            settle(expiring ? workPlace.watch.finish() : watch(nil, atSeconds: time.now.seconds), jpeg: nil)
            if mail.withLock({ $0.finish() }) { return }
        }
    }

    /// Works by another row or plan from here on; incidents that a rule still makes go on.
    private func work(by task: CameraTask) {
        workCamera = task.camera
        let (areas, plan) = (workPlace.camera.areas, workPlace.watch.plan)
        if workPlace.plan(by: task) != plan { adoptWaiting(lastSeconds: nil) }
        let ended = workPlace.follow(task)
        workSuppressions.follow(workPlace.camera, workPlace.watch.plan)
        if workPlace.watch.plan.motion != plan.motion || workPlace.camera.areas != areas { renewDetector() }
        settle(ended, jpeg: nil)
    }

    private func renewDetector() { workDetector = MotionDetector(workPlace.watch.plan.motion, areas: workPlace.camera.areas) }

    /// Reads metadata, lets tags age, and asks for looks while one is on.
    private func noteTags(_ metadata: [MetadataMail], _ sensed: [TagAssertion]) {
        let asked = workTags.absorb(metadata, sensed, now: time.now.seconds, wall: time.wallNow, metrics.tags)
        if let asked { attention.request(slot, until: .seconds(asked)) }
        tags.withLock { $0 = workTags.live }
        hasLiveTags.store(workTags.isAwake, ordering: .relaxed)
    }

    /// Follows a camera that is turned: each place has its own background, zones, rules and incidents.
    private func turn() {
        switch workPlace.note(workTags.live, now: time.now.seconds) {
        case .none, .turning: break
        case .returned:
            workDetector.reset()
            workPlace.watch.forgetLooks()
        case .moved:
            // What runs there cannot be seen any more, whether it was continued since the start or not.
            adoptWaiting(lastSeconds: nil)
            settle(workPlace.watch.finish(), jpeg: nil)
            workPictureless = []
            workPlace.move()
            renewDetector()
            workSuppressions.move(workPlace.camera, workPlace.watch.plan)
        }
    }

    /// Decodes and examines what has come and tells the scheduler what it cost and what was seen.
    private func examine(_ pictures: [LookDelivery], _ worker: Worker) {
        var fullRate = (cpuSeconds: 0.0, pictures: 0, hasCandidate: false)
        for delivery in pictures {
            let before = threadCPUSeconds()
            let seen = examine(delivery, worker)
            let used = threadCPUSeconds() - before
            if delivery.picture.isKey {
                if let seen {
                    attention.finished(slot, cpuSeconds: used, change: seen.foreground, hasCandidate: seen.hasCandidate)
                } else {
                    attention.failed(slot)
                }
            } else {
                fullRate.cpuSeconds += used
                fullRate.pictures += 1
                fullRate.hasCandidate = fullRate.hasCandidate || seen?.hasCandidate == true
            }
        }
        guard fullRate.pictures > 0 else { return }
        attention.finishedFullRate(
            slot, cpuSeconds: fullRate.cpuSeconds, pictures: fullRate.pictures, hasCandidate: fullRate.hasCandidate)
    }

    /// What was seen in one picture; nil when nothing could be.
    private func examine(_ delivery: LookDelivery, _ worker: Worker) -> (foreground: Double, hasCandidate: Bool)? {
        let (picture, parameters) = (delivery.picture, delivery.parameters)
        let seconds = workClock.seconds(ptsSeconds: picture.ptsSeconds, arrivalSeconds: picture.arrival.seconds)
        var seen: (foreground: Double, hasCandidate: Bool)?
        var isDamaged = false
        do {
            let outcome: DecodeOutcome
            switch delivery.kind {
            case .key:
                // Predicted pictures behind this one are another decoder's; a place at full rate begins with a decoder of its own.
                workDecoder = nil
                outcome = try worker.decoders.decodeKey(picture, parameters) { frame in
                    seen = examine(frame, atSeconds: seconds, .key, worker)
                    isDamaged = frame.isDamaged
                }
            case .full:
                if workDecoder?.parameters != parameters {
                    workDecoder = (try Decoder(parameters, skipLoopFilter: false), parameters)
                }
                // Set on the lines above.
                outcome = try workDecoder!.decoder.decode(picture) { frame in
                    seen = examine(frame, atSeconds: seconds, .full, worker) ?? seen
                    isDamaged = isDamaged || frame.isDamaged
                }
            }
            if case .damaged = outcome { isDamaged = true }
        } catch {
            // One camera's stream never ends a worker; its health shows the missing pictures.
            isDamaged = true
            workDecoder = nil
        }
        if isDamaged {
            metrics.decodeErrors.increment()
            session.damaged()
        } else if seen != nil, picture.isKey {
            workArchive?.note(picture, parameters, tags: workTags.live, atSeconds: seconds, wall: time.wall(ofSeconds: seconds))
        }
        return seen
    }

    private func examine(
        _ frame: borrowing Frame, atSeconds seconds: Double, _ kind: LookKind, _ worker: Worker
    ) -> (foreground: Double, hasCandidate: Bool)? {
        metrics.looks(kind).increment()
        if frame.isDamaged { return nil }
        metrics.frames.increment()
        session.decoded()
        // A picture that is on its way from one place to another shows nothing that could be compared.
        if workPlace.isTurning { return (0, false) }
        let (isKey, chroma) = (frame.isKey, frame.chromaDeviation)
        let examination = frame.withLuma { luma, shape in
            workDetector.examine(
                luma, shape, atSeconds: seconds, kind: kind, isKeyPicture: isKey, chroma: chroma, scratch: &worker.scratch)
        }
        workSuppressions.note(examination, in: frame)
        if !examination.detections.isEmpty {
            for detection in examination.detections { metrics.detections(detection.kind).increment() }
            adoptWaiting(lastSeconds: seconds)
        }
        let events = watch(examination, atSeconds: seconds)
        if !events.isEmpty {
            var jpeg: [UInt8]?
            if events.contains(where: wantsPicture) {
                do {
                    jpeg = try frame.jpeg(maxWidth: 1280, quality: 82, masking: workCamera.areas.privacyMasks)
                } catch { metrics.decodeErrors.increment() }
            }
            settle(events, jpeg: jpeg)
        }
        return (examination.foreground, examination.hasCandidate || !examination.detections.isEmpty)
    }

    /// Evaluates the rules over a look, or over the time that has passed: here what was seen meets what was said.
    private func watch(_ examination: Examination?, atSeconds seconds: Double) -> [LedgerEvent] {
        let wall = time.wallNow
        guard let examination else { return note(workPlace.watch.note(look: nil, tags: workTags.live, atSeconds: seconds, wall: wall)) }
        var events = note(workPlace.watch.note(examination, tags: workTags.live, atSeconds: seconds, wall: wall))
        if !workPictureless.isEmpty { events += workPictureless.compactMap { workPlace.watch.restate($0) } }
        return events
    }

    private func note(_ watched: Watched) -> [LedgerEvent] {
        for suppression in watched.suppressions { workSuppressions.note(suppression) }
        return watched.events
    }

    private func wantsPicture(_ event: LedgerEvent) -> Bool {
        guard workPlace.watch.rule(of: event)?.emit.snapshot == true else { return false }
        return event.kind == .opened || workPictureless.contains(event.key)
    }

    /// The clip of an incident that opens: as its rule says, or else as the deployment does.
    private func beginClip(_ event: LedgerEvent) -> ClipTicket? {
        let wish = workPlace.watch.rule(of: event)?.emit.clip
        return recording.beginClip(workCamera, tape, wish: wish, startSeconds: event.startSeconds)
    }

    /// Hands incidents from before a restart to the ledger: continued at `lastSeconds`, or as old as they are.
    private func adopt(_ incidents: [RunningIncident], lastSeconds: Double?) {
        let (now, wall) = (time.now.seconds, time.wallNow)
        for incident in incidents {
            workPlace.watch.adopt(
                LedgerKey(incident.key), priority: incident.priority, startSeconds: now - wall.seconds(since: incident.firstSeen),
                lastSeconds: lastSeconds ?? now - wall.seconds(since: incident.lastSeen), count: 0)
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
            case .expired: phase = .expired
            }
            if phase == .open { metrics.incidents(event.key.category).increment() }
            let picture = wantsPicture(event) ? jpeg : nil
            if phase == .open && picture == nil && wantsPicture(event) {
                workPictureless.append(event.key)
            } else if picture != nil || event.endSeconds != nil {
                workPictureless.removeAll { $0 == event.key }
            }
            let observation = Observation(
                key: IncidentKey(camera: workCamera.id, preset: workPlace.preset, zone: event.key.zone, category: event.key.category),
                phase: phase, priority: event.priority, place: workCamera.position,
                firstSeen: wall.adding(seconds: event.startSeconds - now), lastSeen: wall.adding(seconds: event.lastSeconds - now),
                count: event.count, score: event.score, box: event.box,
                reason: event.reason, jpeg: picture, clip: phase == .open ? beginClip(event) : nil)
            // What comes later supersedes an update that is still waiting, so that a slow disk never grows this list; a picture is kept.
            if phase != .open {
                workUnsent.removeAll { $0.phase == .updated && $0.key == observation.key && $0.jpeg == nil }
            }
            workUnsent.append(observation)
            if phase != .updated {
                workArchive?.note(
                    ToldIncident(
                        category: event.key.category, zone: event.key.zone, rule: workPlace.watch.rule(of: event)?.name ?? "",
                        firstSeen: observation.firstSeen, lastSeen: observation.lastSeen, isOver: phase != .open), wall: wall)
            }
        }
        while let first = workUnsent.first, recorder.offer(first) { workUnsent.removeFirst() }
        isAwake.store(workPlace.watch.isAwake || !workUnsent.isEmpty || !workAdopted.isEmpty, ordering: .relaxed)
    }
}
