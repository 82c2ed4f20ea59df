// The ingest side as a whole: which cameras are read, by whom, and how they are doing.
// **camera → packets → looks → frames → detections → incidents** ══▶ outbox

package import Base
package import Domain
import Foundation
package import Logging
import Media
package import Pipelines
import Synchronization

/// How the ingest side runs; everything a deployment may want to change.
package struct IngestSettings: Sendable {
    /// Key pictures, or every picture.
    package var look: LookKind
    /// Dispatch workers; defaults to the cores of the machine.
    package var workers: Int
    package var session: CameraSession.Policy

    package init(
        look: LookKind = .key, workers: Int = ProcessInfo.processInfo.activeProcessorCount, session: CameraSession.Policy = .init()
    ) {
        self.look = look
        self.workers = workers
        self.session = session
    }
}

/// Reads all cameras of this node. Safe on any thread; `apply` and `stop` block and are for own threads.
package final class IngestService: Sendable {
    private struct Running {
        let task: CameraTask
        let reader: CameraReader
        let lane: CameraLane
        let session: SharedSession
    }

    private let settings: IngestSettings
    private let pipeline: Pipeline
    private let time: any TimeSource
    private let metrics: IngestMetrics
    private let log: Logger
    private let pool: WorkerPool
    private let recorder: IncidentRecorder
    private let pacer = SharedPacer()
    private let running = Mutex<[CameraID: Running]>([:])
    private let stopping = StopSignal()
    private let housekeeping = Mutex<OwnThread?>(nil)

    package init(
        settings: IngestSettings, pipeline: Pipeline, sink: any IncidentSink, time: any TimeSource, metrics: MetricsRegistry,
        log: Logger, onFatal: @escaping @Sendable (Failure) -> Void
    ) {
        self.settings = settings
        self.pipeline = pipeline
        self.time = time
        self.metrics = IngestMetrics(metrics)
        self.log = log
        pool = WorkerPool(width: settings.workers)
        recorder = IncidentRecorder(sink: sink, log: log, onFatal: onFatal)
        metrics.gauge("snowlight_cameras", "Cameras by state.") { [weak self] in
            let states = self?.health().values.map(\.state) ?? []
            return CameraState.allCases.map { state in ([("state", state.rawValue)], Double(states.count { $0 == state })) }
        }
        housekeeping.withLock {
            $0 = OwnThread(name: "housekeeping") { [weak self, stopping] in
                var logged: [CameraID: CameraState] = [:]
                var seconds = 0
                while !stopping.sleep(.seconds(1)) {
                    self?.keepHouse(&logged)
                    seconds += 1
                    // Half a minute of freed packets is a few megabytes; giving them back costs milliseconds.
                    if seconds % 30 == 0 { FFmpegLibrary.returnFreeMemory() }
                }
            }
        }
    }

    /// Makes exactly these cameras run: new ones start, missing ones end, changed ones reconnect, all others are not touched.
    /// - Parameter continuing: Incidents that were running when the process ended; used for cameras that start now.
    package func apply(_ tasks: [CameraTask], continuing: [RunningIncident] = []) {
        let wanted = Dictionary(tasks.map { ($0.camera.id, $0) }, uniquingKeysWith: { first, _ in first })
        let byCamera = Dictionary(grouping: continuing, by: \.key.camera)
        let ended: [Running] = running.withLock { current in
            let gone = current.filter { id, one in wanted[id].map { !$0.opensLike(one.task) || $0.camera != one.task.camera } ?? true }
            for id in gone.keys { current[id] = nil }
            return Array(gone.values)
        }
        end(ended, expiring: true)
        let orphaned = continuing.filter { wanted[$0.key.camera] == nil }
        for incident in orphaned where !recorder.offer(Observation(expiring: incident)) {
            // Offered again at the next start: the outbox still holds it open.
            log.warning("an incident of a removed camera stays open", metadata: ["key": "\(incident.key)"])
        }
        for (id, task) in wanted.sorted(by: { $0.key < $1.key }) where running.withLock({ $0[id] == nil }) {
            let session = SharedSession(policy: settings.session, time: time)
            let lane = CameraLane(
                camera: task.camera, pipeline: pipeline, look: settings.look, running: byCamera[id] ?? [], time: time, pool: pool,
                recorder: recorder, metrics: metrics, onDecoded: { session.decoded() })
            var cameraLog = log
            cameraLog[metadataKey: "camera"] = "\(id)"
            let reader = CameraReader(
                task: task, lane: lane, session: session, pacer: pacer, look: settings.look, time: time, metrics: metrics, log: cameraLog)
            running.withLock { $0[id] = Running(task: task, reader: reader, lane: lane, session: session) }
            reader.start()
        }
    }

    /// The state of every camera of this node.
    package func health() -> [CameraID: CameraHealth] {
        running.withLock { $0 }.mapValues { $0.session.examine() }
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
        recorder.stop()
    }

    private func end(_ ended: [Running], expiring: Bool) {
        for one in ended { one.reader.requestStop() }
        for one in ended {
            if !one.reader.join(timeout: .seconds(10)) {
                // Only a name lookup cannot be interrupted; the thread ends by itself when the resolver gives up.
                log.warning("a camera's thread is still waiting for the resolver", metadata: ["camera": "\(one.task.camera.id)"])
            }
            one.lane.close(expiring: expiring)
        }
    }

    /// Once a second: logs changes of state once and lets time pass for incidents of silent cameras.
    private func keepHouse(_ logged: inout [CameraID: CameraState]) {
        for (id, one) in running.withLock({ $0 }) {
            let health = one.session.examine()
            if logged.updateValue(health.state, forKey: id) != health.state {
                log.notice(
                    "camera state", metadata: ["camera": "\(id)", "state": "\(health.state.rawValue)", "reason": "\(health.reason)"])
            }
            if one.lane.hasOpenIncident.load(ordering: .relaxed) { one.lane.tick() }
        }
    }
}
