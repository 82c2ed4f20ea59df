// The half that reads cameras: sessions, detection, the outbox, and the publisher that carries it to the dispatcher.
// **camera → … → incidents → outbox** ══ZeroMQ══▶ dispatcher

import Base
import Domain
import IncidentBus
import Ingest
import Logging
import ServiceLifecycle
import Storage
import Tagging

/// What the parts of one process share.
struct SharedParts: Sendable {
    let time = SystemTime()
    let metrics = MetricsRegistry()
    let log: Logger
    /// Files can no longer be trusted: end at once, recover at the next start. Nothing is flushed on purpose.
    let onFatal: @Sendable (Failure) -> Void
}

/// Every part of an ingest node. Its cameras come over the bus, in `serve` as well.
struct IngestHalf: Sendable {
    let outbox: Outbox
    let suppressions: SuppressionStore
    let restorer: SuppressionRestorer
    let publisher: IncidentPublisher
    let ingest: IngestService
    let roll: CameraRoll
    /// Nil when no sensors are heard.
    private let sensors: SensorListener?
    private let assignments: NodeAssignments

    /// Opens files and sockets. Nothing runs yet except the recorder, which waits for observations. Blocks.
    /// - Parameters:
    ///   - node: How this node proves who it is; nil on this machine's own addresses.
    ///   - access: Which sensors may speak; a doorkeeper must run.
    static func make(
        _ configuration: ServiceConfiguration, _ detection: Detection, endpoint: String, node: BusConfiguration.NodeKey?,
        access: BusAccess?, snapshots: SnapshotStore, _ shared: SharedParts
    ) throws -> IngestHalf {
        let (folder, time, metrics, log) = (configuration.dataDirectory, shared.time, shared.metrics, shared.log)
        let outbox = try Outbox.open(path: folder + "/outbox.sqlite", node: node.map { NodeID(named: $0.name) })
        var limits = SuppressionStore.Limits.standard
        limits.age = configuration.retention.suppressions
        let suppressions = try SuppressionStore.open(path: folder + "/suppressions.sqlite", limits: limits, time: time)
        if suppressions.wasDamaged { log.error("the suppressions of the last run could not be read and were deleted") }
        let deliveries = Deliveries()
        let roll = CameraRoll(detection, outbox: outbox, log: log) {
            ResourceNeed($0, automatic: configuration.transport, workers: configuration.workers)
        }
        let assignments = NodeAssignments(
            time: time, log: log, health: { roll.health() }, waiting: { outbox.depth() },
            compare: { roll.compare(with: $0) }, apply: { roll.apply($0) })
        let publisher = try IncidentPublisher(
            outbox: outbox, endpoint: endpoint, credentials: node?.credentials, assignments: assignments, log: log, metrics: metrics,
            onAcknowledged: { deliveries.acknowledged(through: $0) }, onFatal: shared.onFatal)
        let sink = OutboxSink(snapshots: snapshots, outbox: outbox, publisher: publisher, deliveries: deliveries)
        let restorer = SuppressionRestorer(store: suppressions, snapshots: snapshots, outbox: outbox) { roll.place(of: $0) }
        metrics.gauge("snowlight_suppressions_kept", "Suppressions that can be searched now.") {
            [([], Double(suppressions.figures.rows))]
        }
        metrics.gauge("snowlight_suppression_picture_bytes", "Bytes of their pictures.") {
            [([], Double(suppressions.figures.pictureBytes))]
        }
        let looks = try configuration.archive.map {
            LookKeeper(
                try LookArchive(directory: configuration.lookDirectory, bytesPerCamera: $0.bytesPerCamera, kept: $0.kept))
        }
        let ingest = IngestService(
            settings: IngestSettings(
                look: configuration.look, workers: configuration.workers,
                session: CameraSession.Policy(stallAfter: configuration.stallAfter, refusedRetry: configuration.refusedRetry),
                attention: configuration.attention, automatic: configuration.transport, recording: configuration.recording),
            sink: sink, suppressions: suppressions, clips: sink, looks: looks, time: time, metrics: metrics, log: log,
            onFatal: shared.onFatal)
        deliveries.tell { [weak ingest] in ingest?.delivered($0, priority: $1) }
        roll.connect(ingest, restorer)
        let sensors = try configuration.sensorEndpoint.map {
            try SensorListener(endpoint: $0, access: access, log: log, metrics: metrics) { message, name in
                ingest.hear(message, from: name.map(SensorSpeaker.key) ?? .local)
            }
        }
        return IngestHalf(
            outbox: outbox, suppressions: suppressions, restorer: restorer, publisher: publisher, ingest: ingest, roll: roll,
            sensors: sensors, assignments: assignments)
    }

    /// In the order of starting: the way out, then the cameras that use it and the sensors beside them.
    var services: [any Service] {
        [
            Stage(name: "publisher") {
                publisher.start()
            } stop: {
                publisher.stop()
            },
            Stage(name: "ingest") {
                assignments.start()
                try sensors?.start()
                // With port 0 nobody could know otherwise.
                if let sensors { print("snowlight: hearing sensors at \(sensors.boundEndpoint)", flushing: true) }
            } stop: {
                sensors?.stop()
                assignments.stop()
                ingest.stop()
            },
        ]
    }

    /// Closes the files. Blocks.
    func close() throws {
        try outbox.close()
        try suppressions.close()
    }
}
