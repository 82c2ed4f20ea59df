// One message of a batch: is it new, can it be true, which grid, which case?
// incidents ══ZeroMQ══▶ **inbox → incident → grid → case** → feed

import Base
import Domain
import Foundation
import Grids
import IncidentBus
import Storage

/// The messages of one transaction, one after the other.
struct Intake {
    /// Messages set aside for the first time; logged after the commit.
    private(set) var alarms: [(reason: String, node: NodeID, sequence: UInt64)] = []

    /// Stores one message, or finds that it is here already, or sets it aside.
    mutating func take(_ received: ReceivedIncident, _ transaction: inout CaseTransaction) throws -> CommitOutcome {
        let incident: Incident
        switch received.incident {
        case .success(let decoded): incident = decoded
        case .failure(let failure): return try quarantine(received, "\(failure)", transaction)
        }
        guard let sequence = Int64(exactly: received.sequence) else {
            return try quarantine(received, "the sequence number is not possible", transaction)
        }
        if let problem = IncidentCheck.problem(incident) { return try quarantine(received, problem, transaction) }
        let sql = transaction.sql
        let id = incident.id.description
        let inbox = try sql.row(
            "SELECT sha256 FROM inbox WHERE incident_id = $1 AND rev = $2", [.text(id), SQLValue(incident.revision)])
        if let inbox {
            if try inbox.text("sha256") == received.sha256 { return .duplicate }
            return try quarantine(received, "revision \(incident.revision) of \(id) was already received with other content", transaction)
        }
        guard let camera = transaction.registry.cameras[incident.key.camera] else {
            return try quarantine(received, "camera \(incident.key.camera) is not in the registry", transaction)
        }
        let stored = try sql.row(
            "SELECT rev, camera_id, preset, zone, category, grid_code FROM incident WHERE incident_id = $1", [.text(id)])
        if let stored, try !isSame(incident.key, stored) { return try quarantine(received, "incident \(id) changed its key", transaction) }

        try sql.run(
            "INSERT INTO inbox (incident_id, rev, node, epoch, seq, sha256, accepted_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                .text(id), SQLValue(incident.revision), .text(received.node.description), .integer(Int64(bitPattern: received.epoch)),
                .integer(sequence), .text(received.sha256), .integer(transaction.now.millisecondsSince1970),
            ])
        if let stored {
            // An older revision that was overtaken changes nothing any more.
            guard try stored.int("rev") < Int64(incident.revision) else { return .committed }
            try update(incident, sql)
            try transaction.publish(.incident, id, grid: stored.textOrNil("grid_code"))
        } else {
            try insert(incident, camera, received, &transaction)
        }
        return .committed
    }

    /// Sets a message aside; an alarm the first time.
    mutating func quarantine(_ received: ReceivedIncident, _ reason: String, _ transaction: CaseTransaction) throws -> CommitOutcome {
        let letter = DeadLetter(
            node: received.node, epoch: received.epoch, sequence: received.sequence, sha256: received.sha256, bytes: received.bytes,
            reason: reason)
        if try letter.insert(transaction.sql, now: transaction.now) { alarms.append((reason, received.node, received.sequence)) }
        return .quarantined(reason)
    }

    private func isSame(_ key: IncidentKey, _ row: SQLRow) throws -> Bool {
        try row.text("camera_id") == key.camera.digits && StoredText.unescape(row.text("preset")) == key.preset
            && StoredText.unescape(row.text("zone")) == key.zone && row.text("category") == key.category
    }

    /// The first revision that arrives, whatever its number: grid and filing are decided now and once.
    private mutating func insert(
        _ incident: Incident, _ camera: Camera, _ received: ReceivedIncident, _ transaction: inout CaseTransaction
    ) throws {
        let registry = transaction.registry
        let resolution = GridResolution(incident.key, camera: camera, reported: incident.place, registry: registry)
        let filing = registry.catalogue.filing(incident.key.category)
        let id = incident.id.description
        let grid = resolution.grid
        let filed = FiledIncident(incident, camera, resolution)
        let former = try transaction.predecessor(of: filed)
        var opening: CaseTransaction.Opening?
        if filing == .automatic, former.open == nil {
            opening = try transaction.open(
                filed, recurrenceOf: former.recurrence, role: .system, actor: "system", actorName: "system")
        }
        if opening == .numbersUsedUp {
            // Not lost and not blocking the bus: it waits in the feed as a proposal, and a person is told.
            alarms.append(("all case numbers of the day are used; \(id) waits in the feed", received.node, received.sequence))
        }
        try transaction.sql.run(
            """
            INSERT INTO incident (incident_id, rev, phase, camera_id, preset, zone, category, priority, lon_e7, lat_e7,
                first_seen_ms, last_seen_ms, observations, score, box_x, box_y, box_width, box_height, reason_json,
                snapshot_sha256, snapshot_bytes, drill, proposed, camera_name, township, village, grid_code, grid_name,
                method, grid_set, near_border, distance_m, neighbours_json, camera_moved_m, detected_ms, published_ms, accepted_ms, case_ms,
                clip_sha256, clip_bytes, restored_json)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
                $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41)
            """,
            [
                .text(id), SQLValue(incident.revision), .text(incident.phase.rawValue), .text(camera.id.digits),
                .text(StoredText.escape(incident.key.preset)), .text(StoredText.escape(incident.key.zone)), .text(incident.key.category),
                SQLValue(incident.priority.rawValue), .integer(Int64(camera.position.lonE7)), .integer(Int64(camera.position.latE7)),
                .integer(incident.firstSeen.millisecondsSince1970), .integer(incident.lastSeen.millisecondsSince1970),
                SQLValue(incident.count), SQLValue(incident.score), SQLValue(incident.box?.x), SQLValue(incident.box?.y),
                SQLValue(incident.box?.width), SQLValue(incident.box?.height), .text(try Self.json(incident.reason)),
                SQLValue(incident.snapshot?.sha256), SQLValue(incident.snapshot?.sizeBytes), incident.drill ? 1 : 0,
                filing == .propose || opening == .numbersUsedUp ? 1 : 0, .text(StoredText.escape(camera.name)),
                .text(StoredText.escape(resolution.township)),
                .text(StoredText.escape(resolution.village)), SQLValue(grid?.code.digits),
                SQLValue(grid.map { StoredText.escape($0.name) }),
                .text(resolution.method.rawValue), .text(resolution.gridSetVersion), resolution.nearBorder ? 1 : 0,
                SQLValue(resolution.distanceMetres), .text(try Self.json(resolution.neighbours)), SQLValue(resolution.cameraMovedMetres),
                .integer(incident.firstSeen.millisecondsSince1970),
                // The identity of restored evidence is as old as the evidence.
                SQLValue(incident.restoration?.at.millisecondsSince1970 ?? incident.id.mintedMilliseconds),
                .integer(transaction.now.millisecondsSince1970),
                opening == .opened ? .integer(transaction.now.millisecondsSince1970) : .null,
                SQLValue(incident.clip?.sha256), SQLValue(incident.clip?.sizeBytes),
                SQLValue(try incident.restoration.map { try Self.json(RestorationView($0)) }),
            ])
        // Whatever the catalogue says of its kind, an open case takes it in.
        if let row = former.open, try transaction.attach(filed, to: row, role: .system, actor: "system", actorName: "system") { return }
        // A case has put both into the feed.
        if opening != .opened { try transaction.publish(.incident, id, grid: grid?.code.digits) }
    }

    /// A newer revision; what was decided on the first one stays.
    private func update(_ incident: Incident, _ sql: any SQLConnection) throws {
        try sql.run(
            """
            UPDATE incident SET rev = $2, phase = $3, priority = $4, first_seen_ms = $5, last_seen_ms = $6, observations = $7, score = $8,
                box_x = $9, box_y = $10, box_width = $11, box_height = $12, reason_json = $13,
                snapshot_sha256 = COALESCE($14, snapshot_sha256), snapshot_bytes = COALESCE($15, snapshot_bytes), drill = $16,
                clip_sha256 = COALESCE($17, clip_sha256), clip_bytes = COALESCE($18, clip_bytes)
            WHERE incident_id = $1
            """,
            [
                .text(incident.id.description), SQLValue(incident.revision), .text(incident.phase.rawValue),
                SQLValue(incident.priority.rawValue), .integer(incident.firstSeen.millisecondsSince1970),
                .integer(incident.lastSeen.millisecondsSince1970), SQLValue(incident.count), SQLValue(incident.score),
                SQLValue(incident.box?.x), SQLValue(incident.box?.y), SQLValue(incident.box?.width), SQLValue(incident.box?.height),
                .text(try Self.json(incident.reason)), SQLValue(incident.snapshot?.sha256), SQLValue(incident.snapshot?.sizeBytes),
                incident.drill ? 1 : 0, SQLValue(incident.clip?.sha256), SQLValue(incident.clip?.sizeBytes),
            ])
    }

    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static func json(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
}

extension UUID7 {
    /// When the outbox took the incident: the milliseconds in a version 7 identity, nil for any other version.
    fileprivate var mintedMilliseconds: Int64? { high >> 12 & 0xF == 7 ? Int64(high >> 16) : nil }
}
