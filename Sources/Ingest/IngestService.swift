// The ingest side as a whole: which cameras are read, by whom, and how they are doing.
// **camera → packets → looks → frames → detections → incidents** ══▶ outbox

package import Base
package import Domain
import Foundation
package import Logging
import Media
import Pipelines
import Synchronization
package import Tagging

/// How the ingest side runs; everything a deployment may want to change.
package struct IngestSettings: Sendable {
    /// What is looked at.
    package var look: LookMode
    /// Dispatch workers; defaults to the cores of the machine.
    package var workers: Int
    package var session: CameraSession.Policy
    package var attention: AttentionScheduler.Policy
    /// How cameras whose row says `auto` are read.
    package var automatic: Transport
    package var recording: RecordingSettings

    package init(
        look: LookMode = .key, workers: Int = ProcessInfo.processInfo.activeProcessorCount, session: CameraSession.Policy = .init(),
        attention: AttentionScheduler.Policy = .init(), automatic: Transport = .native, recording: RecordingSettings = .init()
    ) {
        self.look = look
        self.workers = workers
        self.session = session
        self.attention = attention
        self.automatic = automatic
        self.recording = recording
    }
}

/// Reads all cameras of this node. Safe on any thread; `apply` and `stop` block and are for own threads.
package final class IngestService: Sendable {
    private struct Running {
        var task: CameraTask
        let feed: any CameraFeed
        let lane: CameraLane
        let session: SharedSession
        let slot: Int
        let network: CameraNetwork
        let tape: CameraTape

        var place: Recording.Place {
            Recording.Place(camera: task.camera, tape: tape, slot: slot, bytesPerSecond: session.facts().bitsPerSecond.map { $0 / 8 })
        }
    }

    private let settings: IngestSettings
    private let time: any TimeSource
    private let metrics: IngestMetrics
    private let log: Logger
    private let pool: WorkerPool
    private let recorder: IncidentRecorder
    private let suppressions: SuppressionRecorder
    /// Nil when no looks are kept.
    private let archiver: LookArchiver?
    private let pacer = SharedPacer()
    private let attention: SharedAttention
    private let reactor: Reactor
    private let recording: Recording
    private let sensors: SensorRoom
    private let running = Mutex<[CameraID: Running]>([:])
    private let stopping = StopSignal()
    private let housekeeping = Mutex<OwnThread?>(nil)
    private let ledger = Mutex(HealthLedger())

    package init(
        settings: IngestSettings, sink: any IncidentSink, suppressions: any SuppressionSink, clips: (any ClipSink)? = nil,
        looks: (any LookSink)? = nil, time: any TimeSource, metrics: MetricsRegistry, log: Logger,
        onFatal: @escaping @Sendable (Failure) -> Void
    ) {
        self.settings = settings
        self.time = time
        let counters = IngestMetrics(metrics)
        self.metrics = counters
        self.log = log
        pool = WorkerPool(width: settings.workers, time: time)
        recorder = IncidentRecorder(sink: sink, time: time, log: log, onFatal: onFatal)
        self.suppressions = SuppressionRecorder(sink: suppressions, metrics: self.metrics, log: log)
        archiver = looks.map { LookArchiver(sink: $0, time: time, metrics: counters, log: log) }
        attention = SharedAttention(mode: settings.look, policy: settings.attention, time: time)
        reactor = Reactor(time: time, attention: attention, pool: pool)
        sensors = SensorRoom(time: time, metrics: metrics, log: log)
        recording = Recording(
            settings.recording, sink: clips, attention: attention, time: time, metrics: self.metrics, log: log,
            onFatal: onFatal)
        metrics.gauge("snowlight_cameras", "Cameras by state.") { [weak self] in
            let states = self?.health().values.map(\.state) ?? []
            return CameraState.allCases.map { state in ([("state", state.rawValue)], Double(states.count { $0 == state })) }
        }
        IngestGauges.register(attention, reactor, recording, in: metrics)
        reactor.start()
        housekeeping.withLock {
            $0 = OwnThread(name: "housekeeping") { [weak self, stopping] in
                var seconds = 0
                while !stopping.sleep(.seconds(1)) {
                    self?.keepHouse()
                    seconds += 1
                    // Half a minute of freed packets is a few megabytes; giving them back costs milliseconds.
                    if seconds % 30 == 0 { FFmpegLibrary.returnFreeMemory() }
                }
            }
        }
    }

    /// Makes exactly these cameras run: new ones start, missing ones end, those that are reached in another way reconnect, other changes
    /// are followed while the camera streams, and all others are not touched.
    /// - Parameter continuing: Incidents that were running when the process ended; used for cameras that start now.
    package func apply(_ tasks: [CameraTask], continuing: [RunningIncident] = []) {
        let wanted = Dictionary(tasks.map { ($0.camera.id, $0) }, uniquingKeysWith: { first, _ in first })
        let byCamera = Dictionary(grouping: continuing, by: \.key.camera)
        let (ended, changed): ([Running], [Running]) = running.withLock { current in
            let gone = current.filter { id, one in wanted[id].map { $0.mustReconnect(from: one.task) } ?? true }
            for id in gone.keys { current[id] = nil }
            let changed = current.filter { id, one in wanted[id] != one.task }.keys
            for id in changed { current[id]?.task = wanted[id]! }  // What is not wanted is gone.
            return (Array(gone.values), changed.compactMap { current[$0] })
        }
        end(ended, expiring: true)
        for one in changed {
            attention.change(
                one.slot, one.task.camera.priority, floorSeconds: one.task.floorSeconds, mayPromote: one.task.mayPromote)
            one.lane.follow(one.task)
        }
        for incident in continuing where !OutageReport.categories.contains(incident.key.category) || wanted[incident.key.camera] == nil {
            let task = wanted[incident.key.camera]
            if task?.plan.makes(incident.key) == true { continue }
            let orphaned = Observation(expiring: incident, because: task == nil ? "camera removed" : "no rule makes it any more")
            // Offered again at the next start: the outbox still holds it open.
            if !recorder.offer(orphaned) { log.warning("an orphaned incident stays open", metadata: ["key": "\(incident.key)"]) }
        }
        for (id, task) in wanted.sorted(by: { $0.key < $1.key }) where running.withLock({ $0[id] == nil }) {
            let one = makeRunning(task, continuing: byCamera[id] ?? [])
            running.withLock { $0[id] = one }
            one.feed.start()
        }
        sensors.stand(wanted.values.map(\.camera))
        adoptOutages(continuing.filter { wanted[$0.key.camera] != nil }, wanted)
    }

    /// Outages that were open when the process ended go on, or end when their cameras are back.
    private func adoptOutages(_ incidents: [RunningIncident], _ wanted: [CameraID: CameraTask]) {
        let health = incidents.filter { OutageReport.categories.contains($0.key.category) }
        guard !health.isEmpty else { return }
        let (now, wall) = (time.now, time.wallNow)
        let unknown = ledger.withLock { ledger in
            for task in wanted.values {
                _ = ledger.note(
                    task.camera, CameraNetwork(url: task.camera.url),
                    CameraHealth(state: .connecting, reason: "first connection", since: wall, lastPicture: nil), now: now)
            }
            return health.filter { !ledger.adopt($0, place: $0.place, now: now, wall: wall) }
        }
        for incident in unknown where !recorder.offer(Observation(expiring: incident, because: "camera removed")) {
            log.warning("an outage that is over stays open", metadata: ["key": "\(incident.key)"])
        }
    }

    private func makeRunning(_ task: CameraTask, continuing: [RunningIncident]) -> Running {
        let (camera, session) = (task.camera, SharedSession(policy: settings.session, time: time))
        let slot = attention.add(camera.priority, floorSeconds: task.floorSeconds, mayPromote: task.mayPromote)
        let tape = recording.makeTape(slot: slot)
        let lane = CameraLane(
            task: task, slot: slot, attention: attention, running: continuing, time: time, pool: pool,
            recorder: recorder, suppressions: suppressions, metrics: metrics, session: session, recording: recording, tape: tape,
            archiver: archiver)
        var cameraLog = log
        cameraLog[metadataKey: "camera"] = "\(camera.id)"
        let makeReader: AutomaticFeed.FallbackMaker = { [pacer, attention, time, metrics, cameraLog] why, onEnd in
            CameraReader(
                task: task, lane: lane, tape: tape, session: session, pacer: pacer, slot: slot, attention: attention, why: why,
                onEnd: onEnd, time: time, metrics: metrics, log: cameraLog)
        }
        let makeNative: AutomaticFeed.NativeMaker = { [pacer, attention, time, metrics, cameraLog, reactor] onUnsupported in
            NativeCamera(
                task: task, lane: lane, tape: tape, session: session, slot: slot, attention: attention, pacer: pacer, metrics: metrics,
                time: time, log: cameraLog, reactor: reactor, onUnsupported: onUnsupported)
        }
        let feed: any CameraFeed
        switch camera.transport == .auto ? settings.automatic : camera.transport {
        case .ffmpeg: feed = makeReader("") { false }
        case .native where camera.transport == .native: feed = makeNative { _ in false }
        case .native, .auto: feed = AutomaticFeed(time: time, makeNative: makeNative, makeFallback: makeReader)
        }
        return Running(
            task: task, feed: feed, lane: lane, session: session, slot: slot, network: CameraNetwork(url: camera.url),
            tape: tape)
    }

    /// The state of every camera of this node.
    package func health() -> [CameraID: CameraHealth] {
        running.withLock { $0 }.mapValues { $0.session.examine() }
    }

    /// What is known about one camera's stream; nil for a camera that is not read here.
    package func detail(of camera: CameraID) -> CameraDetail? {
        running.withLock { $0[camera] }.map { CameraDetail(facts: $0.session.facts(), changes: $0.session.changes) }
    }

    /// What a camera's devices assert now; empty for a camera that is not read here.
    package func liveTags(of camera: CameraID) -> [LiveTag] { running.withLock { $0[camera] }?.lane.liveTags ?? [] }

    /// Takes a message of a sensor or tag reader and returns what to answer. Any thread; never blocks.
    package func hear(_ message: [UInt8], from speaker: SensorSpeaker) -> String {
        let outcome = sensors.hear(message, from: speaker)
        if case .assert(let assertion, let cameras) = outcome {
            let lanes = running.withLock { running in cameras.compactMap { running[$0]?.lane } }
            for lane in lanes { lane.deliver(assertion) }
        }
        return outcome.answer
    }

    /// Says which theft reports are open: what tag readers see is compared with these. Any thread; never blocks.
    package func compare(with reports: [TheftReport]) { sensors.compare(with: reports) }

    /// Hears that an incident of this node has reached the dispatcher, from where it is shown and pushed. Any thread; never blocks.
    package func delivered(_ key: IncidentKey, priority: Priority) {
        running.withLock { $0[key.camera] }?.lane.delivered(key, priority)
    }

    /// Opens a live view of a camera. Does not wait.
    ///
    /// - Throws: `Failure`: `notFound` for a camera that is not read here, `unavailable` while it shows nothing, `resourceExhausted` when
    ///   there are too many views.
    package func watch(_ camera: CameraID) throws -> LiveView { try recording.watch(streaming(camera)) }

    /// The camera's newest key picture as a masked JPEG. Blocks until one comes, at most ten seconds.
    ///
    /// - Throws: As `watch`, and `deadlineExceeded`.
    package func snapshot(of camera: CameraID) throws -> [UInt8] { try recording.snapshot(streaming(camera)) }

    private func streaming(_ camera: CameraID) throws -> Recording.Place {
        guard let one = running.withLock({ $0[camera] }) else { throw Failure(.notFound, "this camera is not read here") }
        let health = one.session.examine()
        guard health.state == .streaming else { throw Failure(.unavailable, "the camera shows no picture: \(health.reason)") }
        return one.place
    }

    /// Ends all sessions, records what is queued, joins every thread. Blocks at most about 15 s.
    ///
    /// Running incidents are left open in the outbox: the next start continues them.
    package func stop() {
        stopping.raise()
        housekeeping.withLock { $0 }?.join()
        end(
            running.withLock { current in
                defer { current = [:] }
                return Array(current.values)
            }, expiring: false)
        reactor.stop()
        recorder.stop()
        // Behind the recorder: a clip belongs to an incident that is on disk.
        recording.stop()
        suppressions.stop()
        archiver?.stop()
    }

    private func end(_ ended: [Running], expiring: Bool) {
        for one in ended { one.feed.requestStop() }
        for one in ended {
            if !one.feed.join(timeout: .seconds(10)) {
                // Only a name lookup cannot be interrupted; the thread ends by itself when the resolver gives up.
                log.warning("a camera's thread is still waiting for the resolver", metadata: ["camera": "\(one.task.camera.id)"])
            }
            one.lane.close(expiring: expiring)
            recording.end(one.task.camera, one.tape)
            attention.remove(one.slot)
        }
    }

    /// Once a second: tells stalls of ours from stalls of cameras, logs changes of state once, reports cameras that are lost, and lets
    /// time pass for incidents of silent cameras.
    private func keepHouse() {
        let now = time.now
        let cameras = running.withLock { $0 }
        ledger.withLock { keepHouse(cameras, &$0, now: now) }
        recording.keepHouse(now: now) { cameras.values.map(\.place) }
    }

    private func keepHouse(_ cameras: [CameraID: Running], _ ledger: inout HealthLedger, now: Duration) {
        let stall = ledger.examineOwnStall(now: now, oldestLookAge: pool.oldestWaiting(now: now), diskWaitingSince: recorder.waitingSince)
        for (id, one) in cameras {
            one.session.ours(stall, now: now)
            let health = one.session.examine()
            if ledger.note(one.task.camera, one.network, health, now: now) {
                log.notice(
                    "camera state", metadata: ["camera": "\(id)", "state": "\(health.state.rawValue)", "reason": "\(health.reason)"])
            }
            if one.lane.isAwake.load(ordering: .relaxed) || one.lane.hasLiveTags.load(ordering: .relaxed) { one.lane.tick() }
        }
        ledger.forget(except: cameras.keys)
        for observation in ledger.tick(now: now, wall: time.wallNow) { metrics.incidents(observation.key.category).increment() }
        ledger.send { recorder.offer($0) }
    }
}
