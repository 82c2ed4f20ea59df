// The cameras that the dispatcher has given this node, made to run by the rules of this node.
// dispatcher ══ASSIGN══▶ **cameras** → packets → looks → frames → detections → incidents

import Base
import Domain
import IncidentBus
import Ingest
import Logging
import Pipelines
import Synchronization

/// How a node detects: its rules, and the calendar they look at.
struct Detection: Sendable {
    var pipelines: PipelineSet
    var calendar: WorkingCalendar

    /// The cameras with their logins and plans, as the ingest side wants them.
    func tasks(_ grants: [CameraGrant]) -> [CameraTask] {
        let plans = pipelines.plans(for: grants.map(\.row.camera), calendar: calendar)
        return grants.map { grant in
            let camera = grant.row.camera
            let presetPlans = camera.presets.keys.map { preset in
                (preset, pipelines.plans(for: [camera.standing(at: preset)], calendar: calendar)[camera.id]!)  // As below.
            }
            return CameraTask(
                camera: camera, credentials: grant.row.login,
                plan: plans[camera.id]!,  // Every camera asked for has a plan.
                presetPlans: Dictionary(uniqueKeysWithValues: presetPlans))
        }
    }
}

/// Keeps the assignment in force. Safe on any thread; `apply` and `replace` block.
final class CameraRoll: Sendable {
    private struct State {
        var detection: Detection
        var grants: [CameraGrant]?
        var places: [CameraID: GeoPoint] = [:]
        var ingest: IngestService?
        var restorer: SuppressionRestorer?
    }

    private let outbox: Outbox
    private let log: Logger
    private let need: @Sendable ([Camera]) -> ResourceNeed
    private let state: Mutex<State>
    /// One change at a time: an assignment and a reload may come together.
    private let turn = Mutex<Void>(())

    /// - Parameter need: What reading these cameras takes of the system.
    init(_ detection: Detection, outbox: Outbox, log: Logger, need: @escaping @Sendable ([Camera]) -> ResourceNeed) {
        self.outbox = outbox
        self.need = need
        self.log = log
        state = Mutex(State(detection: detection))
    }

    /// Names who reads the cameras, before the first assignment comes.
    func connect(_ ingest: IngestService, _ restorer: SuppressionRestorer) {
        state.withLock { ($0.ingest, $0.restorer) = (ingest, restorer) }
    }

    /// The state of every camera of this node.
    func health() -> [CameraID: CameraHealth] { state.withLock { $0.ingest }?.health() ?? [:] }

    /// Where a camera of this node stands; nil for any other.
    func place(of camera: CameraID) -> GeoPoint? { state.withLock { $0.places[camera] } }

    /// Says which theft reports are open.
    func compare(with reports: [TheftReport]) { state.withLock { $0.ingest }?.compare(with: reports) }

    /// Makes exactly these cameras run. The first time, incidents that were running when the process ended go on.
    func apply(_ grants: [CameraGrant]) {
        turn.withLock { _ in
            let (isFirst, ingest, detection, restorer) = state.withLock { state in
                defer {
                    state.grants = grants
                    state.places = Dictionary(
                        grants.map { ($0.row.camera.id, $0.row.camera.position) }, uniquingKeysWith: { first, _ in first })
                }
                return (state.grants == nil, state.ingest, state.detection, state.restorer)
            }
            guard let ingest else { return }
            let need = need(grants.map(\.row.camera))
            // More cameras than this machine can hold: those that find no descriptor say so one by one.
            if let failure = ResourceLimits.read(raisingFilesTo: need).examine(need).first {
                log.error("this node is given more than it can read", metadata: ["failure": "\(failure)"])
            }
            ingest.apply(detection.tasks(grants), continuing: isFirst ? interrupted() : [])
            if isFirst, let restorer { finishRestorations(restorer) }
        }
    }

    /// Puts other rules in force; cameras for which nothing changes are not touched.
    func replace(_ detection: Detection) {
        turn.withLock { _ in
            let (ingest, grants) = state.withLock { state in
                state.detection = detection
                return (state.ingest, state.grants)
            }
            guard let ingest, let grants else { return }
            ingest.apply(detection.tasks(grants))
        }
    }

    private func interrupted() -> [RunningIncident] {
        do { return try outbox.openIncidents().map(RunningIncident.init) } catch {
            // They stay open in the outbox: what is seen next under their keys continues them.
            log.error("running incidents cannot be read", metadata: ["failure": "\(error)"])
            return []
        }
    }

    private func finishRestorations(_ restorer: SuppressionRestorer) {
        do {
            let finished = try restorer.finishInterrupted()
            if finished > 0 { log.notice("interrupted restorations became incidents", metadata: ["count": "\(finished)"]) }
        } catch { log.error("interrupted restorations wait for the next start", metadata: ["failure": "\(error)"]) }
    }
}
