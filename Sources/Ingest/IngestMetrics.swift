// The counters of the ingest side, one per arrow, under the names of the interface contract.

import Base
import Domain

/// Why a suppression or a look could not be kept; the raw value is the metric's label.
enum KeepingLoss: String, CaseIterable {
    /// More came than the disk took.
    case queue
    /// The disk refused them.
    case disk
}

/// Counters made once and kept; incrementing is safe on any thread.
final class IngestMetrics: Sendable {
    let packets: Counter
    let frames: Counter
    let decodeErrors: Counter
    let tags: TagMetrics
    private let keyLooks: Counter
    private let fullLooks: Counter
    private let dropped: [String: Counter]
    private let suppressedByReason: [SuppressionReason: Counter]
    private let detectionsByKind: [Detection.Kind: Counter]
    private let suppressionsDroppedByCause: [KeepingLoss: Counter]
    private let archiveDroppedByCause: [KeepingLoss: Counter]
    let archived: Counter
    let suppressionsDeleted: Counter
    let suppressionPicturesDeleted: Counter
    private let reconnectsByKind: [Failure.Kind: Counter]
    private let clipsByResult: [ClipResult: Counter]
    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        packets = registry.counter("snowlight_packets_total", "Coded pictures received from cameras.")
        frames = registry.counter("snowlight_frames_total", "Pictures decoded without damage.")
        decodeErrors = registry.counter("snowlight_decode_errors_total", "Pictures that could not be decoded or came out damaged.")
        tags = TagMetrics(registry)
        keyLooks = registry.counter("snowlight_looks_total", "Coded pictures decoded.", labels: [("kind", LookKind.key.rawValue)])
        fullLooks = registry.counter("snowlight_looks_total", "Coded pictures decoded.", labels: [("kind", LookKind.full.rawValue)])
        dropped = Dictionary(
            uniqueKeysWithValues: ["overrun"].map {
                ($0, registry.counter("snowlight_looks_dropped_total", "Looks not taken.", labels: [("reason", $0)]))
            })
        suppressedByReason = registry.counters(
            "snowlight_suppressed_total", "Evidence that did not become an incident.", label: "reason")
        detectionsByKind = registry.counters(
            "snowlight_detections_total", "Confirmed detections seen in looks.", label: "kind")
        clipsByResult = registry.counters(
            "snowlight_clips_total", "Clips of incidents.", label: "result")
        suppressionsDroppedByCause = registry.counters(
            "snowlight_suppressions_dropped_total", "Suppressions that could not be kept.", label: "reason")
        archived = registry.counter("snowlight_looks_archived_total", "Looks kept for a replay.")
        archiveDroppedByCause = registry.counters(
            "snowlight_looks_archive_dropped_total", "Looks and tags that could not be kept for a replay.", label: "reason")
        let deleted = { (what: String) in
            registry.counter(
                "snowlight_suppressions_deleted_total", "Kept suppressions that made room or grew too old.", labels: [("what", what)])
        }
        suppressionsDeleted = deleted("record")
        suppressionPicturesDeleted = deleted("picture")
        reconnectsByKind = registry.counters(
            "snowlight_reconnects_total", "Connections that failed or ended.", label: "reason")
    }

    func looks(_ kind: LookKind) -> Counter { kind == .key ? keyLooks : fullLooks }
    func looksDropped(_ reason: String) -> Counter { dropped[reason]! }  // Reasons are the literals above.
    func suppressed(_ reason: SuppressionReason) -> Counter { suppressedByReason[reason]! }  // All cases are present.
    func archiveDropped(_ cause: KeepingLoss) -> Counter { archiveDroppedByCause[cause]! }  // All cases are present.
    func suppressionsDropped(_ cause: KeepingLoss) -> Counter { suppressionsDroppedByCause[cause]! }  // All cases are present.
    func detections(_ kind: Detection.Kind) -> Counter { detectionsByKind[kind]! }  // All cases are present.
    func reconnects(_ kind: Failure.Kind) -> Counter { reconnectsByKind[kind]! }  // All cases are present.
    func clips(_ result: ClipResult) -> Counter { clipsByResult[result]! }  // All cases are present.
    func incidents(_ category: String) -> Counter {
        registry.counter("snowlight_incidents_total", "Incidents opened.", labels: [("category", category)])
    }
}

extension MetricsRegistry {
    /// One counter for each case of a closed list, all of them shown from the start.
    func counters<Case: CaseIterable & Hashable & RawRepresentable<String>>(
        _ name: String, _ help: String, label: String
    ) -> [Case: Counter] {
        Dictionary(uniqueKeysWithValues: Case.allCases.map { ($0, counter(name, help, labels: [(label, $0.rawValue)])) })
    }
}
