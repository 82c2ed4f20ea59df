// The JSON body of an INCIDENT frame: shape of an incident on the wire, snake_case, unknown fields ignored.
// incidents → outbox ══**F1**══▶ dispatcher → cases

import Base
package import Domain
import Foundation

/// Writes and reads one revision of an incident as JSON of at most 64 KiB. Pure; both directions are held by golden bytes.
///
/// ```json
/// {"v":1,"seq":88121,"type":"incident.opened","incident_id":"019ab…","rev":1,
///  "key":"51101100001320000001||z2|motion","camera_id":"51101100001320000001","preset":"","zone":"z2","category":"motion",
///  "priority":3,"drill":false,"place":{"lon":105.0757,"lat":29.5925,"crs":"wgs84"},
///  "first_seen":"2026-11-23T02:24:57.628Z","last_seen":"2026-11-23T02:27:58.010Z","count":37,"score":71,
///  "box":[0.1,0.2,0.3,0.4],"why":["…"],"evidence":[{"kind":"snapshot","sha256":"…","size":40213}],"gb":{"method":5,"type":2}}
/// ```
///
/// `evidence` holds at most one `snapshot` (JPEG) and one `clip` (MP4); other kinds are ignored. An incident that a person made of
/// suppressed evidence also has
/// `"restored":{"suppressed":"lighting","by":"duty","name":"值班员","note":"…","at":"2026-11-23T03:00:00.000Z"}`.
package enum IncidentJSON {
    /// Bounds on texts and lists; the writer shortens to them, the reader refuses beyond them.
    package enum Limits {
        /// Each part of a key, in bytes.
        package static let keyPartBytes = 64
        package static let reasons = 32
        package static let reasonBytes = 512
        package static let evidence = 16
        /// The account and the name of a person.
        package static let nameBytes = 256
        /// What a person wrote.
        package static let noteBytes = 2048
        /// Enough for a lifetime of updates, and far from overflow.
        package static let number = 1_000_000_000
    }

    /// The body for `incident` under its number on the bus. The incident fits the limits; `IncidentDraft` sees to that.
    package static func encode(_ incident: Incident, sequence: UInt64) -> [UInt8] {
        WireJSON.encode(Envelope(incident, sequence: sequence))
    }

    /// Reads a body.
    /// - Throws: `.invalidInput` with a sentence that names the field.
    package static func decode(_ bytes: [UInt8]) throws -> Incident { try read(bytes).incident }

    /// Reads a body that must carry the number of its frame.
    package static func decode(_ bytes: [UInt8], sequence: UInt64) throws -> Incident {
        let (incident, stated) = try read(bytes)
        if let stated, stated != sequence { throw invalid("'seq' is \(stated) in a frame with the number \(sequence)") }
        return incident
    }

    private static func read(_ bytes: [UInt8]) throws -> (incident: Incident, sequence: UInt64?) {
        if let problem = JSONShape.problem(bytes) { throw invalid(problem) }
        let envelope: Envelope
        do { envelope = try JSONDecoder().decode(Envelope.self, from: Data(bytes)) } catch let error as DecodingError {
            throw invalid(sentence(error))
        } catch { throw invalid("the text is not JSON") }
        return (try envelope.incident(), envelope.sequence)
    }

    fileprivate static func invalid(_ problem: String) -> Failure {
        Failure(.invalidInput, "an incident message was refused: \(problem)")
    }

    /// Names the field; never repeats the value, which may be anything.
    private static func sentence(_ error: DecodingError) -> String {
        func name(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            let keys = context.codingPath + (last.map { [$0] } ?? [])
            return keys.isEmpty
                ? "the text" : "'" + keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".") + "'"
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(name(context, key)) is missing"
        case .valueNotFound(_, let context): return "\(name(context)) is null"
        case .typeMismatch(_, let context): return "\(name(context)) has the wrong type"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "the text is not JSON, or a number in it does not fit" : "\(name(context)) is not acceptable"
        @unknown default: return "the text does not fit"
        }
    }
}

/// What GB/T 28181 would call this alarm, so that it can be exchanged later.
///
/// Source: GB/T 28181 alarm vocabulary as read from WVP; method 5 is video, 2 the device; type 5/2 is motion detection.
package struct AlarmKind: Hashable, Sendable, Codable {
    package var method: Int
    package var type: Int

    /// The kind of a category; anything a camera shows counts as motion in its picture unless it is about the picture itself.
    package static func of(category: String) -> AlarmKind {
        switch category {
        case "camera.lost": AlarmKind(method: 2, type: 1)
        case "camera.tampered": AlarmKind(method: 5, type: 11)
        case "camera.covered": AlarmKind(method: 5, type: 13)
        default: AlarmKind(method: 5, type: 2)
        }
    }
}

extension IncidentPhase {
    /// The `type` of the wire.
    fileprivate var wireType: String { self == .open ? "incident.opened" : "incident.\(rawValue)" }

    fileprivate init?(wireType: String) {
        guard let phase = Self.allCases.first(where: { $0.wireType == wireType }) else { return nil }
        self = phase
    }
}

/// The JSON object field by field.
private struct Envelope: Codable {
    struct Place: Codable {
        var lon, lat: Double
        var crs: String
    }

    struct Evidence: Codable {
        var kind: String
        var sha256: String?
        var size: Int?
    }

    struct Restored: Codable {
        var suppressed, by, name, note, at: String
    }

    var version: Int
    var sequence: UInt64?
    var type, incidentID: String
    var revision: Int
    var key: String?
    var camera: String
    var preset, zone: String?
    var category: String
    var priority: Int
    var drill: Bool?
    var place: Place
    var firstSeen, lastSeen: String
    var count, score: Int
    var box: [Double]?
    var why: [String]?
    var evidence: [Evidence]?
    var alarm: AlarmKind?
    var restored: Restored?

    enum CodingKeys: String, CodingKey {
        case version = "v"
        case sequence = "seq"
        case type
        case incidentID = "incident_id"
        case revision = "rev"
        case key
        case camera = "camera_id"
        case preset, zone, category, priority, drill, place
        case firstSeen = "first_seen"
        case lastSeen = "last_seen"
        case count, score, box, why, evidence, restored
        case alarm = "gb"
    }

    init(_ incident: Incident, sequence: UInt64) {
        version = 1
        self.sequence = sequence
        type = incident.phase.wireType
        incidentID = incident.id.description
        revision = incident.revision
        key = incident.key.description
        camera = incident.key.camera.digits
        preset = incident.key.preset
        zone = incident.key.zone
        category = incident.key.category
        priority = incident.priority.rawValue
        drill = incident.drill
        place = Place(lon: incident.place.lon, lat: incident.place.lat, crs: CoordinateSystem.wgs84.rawValue)
        firstSeen = incident.firstSeen.description
        lastSeen = incident.lastSeen.description
        count = incident.count
        score = incident.score
        box = incident.box.map { [$0.x, $0.y, $0.width, $0.height] }
        why = incident.reason
        evidence = [("snapshot", incident.snapshot), ("clip", incident.clip)].compactMap { kind, stored in
            stored.map { Evidence(kind: kind, sha256: $0.sha256, size: $0.sizeBytes) }
        }
        alarm = AlarmKind.of(category: incident.key.category)
        restored = incident.restoration.map {
            Restored(suppressed: $0.suppressed.rawValue, by: $0.by, name: $0.name, note: $0.note, at: $0.at.description)
        }
    }

    func incident() throws -> Incident {
        func require<T>(_ value: T?, _ problem: String) throws -> T {
            guard let value else { throw IncidentJSON.invalid(problem) }
            return value
        }
        let numbers = 1...IncidentJSON.Limits.number
        guard version == 1 else { throw IncidentJSON.invalid("'v' is \(version); this dispatcher reads 1") }
        let phase = try require(IncidentPhase(wireType: type), "'type' is not an incident type")
        let id = try require(UUID7(incidentID), "'incident_id' is not a UUID")
        guard numbers.contains(revision) else { throw IncidentJSON.invalid("'rev' is out of range") }
        let key = try incidentKey()
        let priority = try require(Priority(rawValue: priority), "'priority' is not 1 to 4")
        guard place.crs == CoordinateSystem.wgs84.rawValue else { throw IncidentJSON.invalid("'place.crs' is not wgs84") }
        let point = try require(GeoPoint(lon: place.lon, lat: place.lat), "'place' is not on Earth")
        let first = try require(WallTime(firstSeen), "'first_seen' is not a time such as 2026-11-23T02:24:57.628Z")
        let last = try require(WallTime(lastSeen), "'last_seen' is not a time such as 2026-11-23T02:24:57.628Z")
        guard first <= last else { throw IncidentJSON.invalid("'last_seen' is before 'first_seen'") }
        guard numbers.contains(count) else { throw IncidentJSON.invalid("'count' is out of range") }
        guard (0...100).contains(score) else { throw IncidentJSON.invalid("'score' is not 0 to 100") }
        let reasons = why ?? []
        guard reasons.count <= IncidentJSON.Limits.reasons, reasons.allSatisfy({ $0.utf8.count <= IncidentJSON.Limits.reasonBytes }) else {
            throw IncidentJSON.invalid("'why' is too long")
        }
        var incident = Incident(
            id: id, revision: revision, phase: phase, key: key, priority: priority, place: point, firstSeen: first, lastSeen: last,
            count: count, score: score, box: try relativeBox(), reason: reasons, snapshot: try stored("snapshot"), drill: drill ?? false)
        incident.clip = try stored("clip")
        incident.restoration = try restoration()
        return incident
    }

    private func restoration() throws -> Restoration? {
        guard let restored else { return nil }
        guard let reason = SuppressionReason(rawValue: restored.suppressed) else {
            throw IncidentJSON.invalid("'restored.suppressed' is no reason that this dispatcher knows")
        }
        guard let at = WallTime(restored.at) else { throw IncidentJSON.invalid("'restored.at' is not a time") }
        guard restored.by.utf8.count <= IncidentJSON.Limits.nameBytes, restored.name.utf8.count <= IncidentJSON.Limits.nameBytes,
            restored.note.utf8.count <= IncidentJSON.Limits.noteBytes
        else { throw IncidentJSON.invalid("'restored' is too long") }
        return Restoration(suppressed: reason, by: restored.by, name: restored.name, note: restored.note, at: at)
    }

    private func incidentKey() throws -> IncidentKey {
        guard let id = CameraID(camera) else { throw IncidentJSON.invalid("'camera_id' is not 20 digits") }
        let parts = [preset ?? "", zone ?? "", category]
        guard parts.allSatisfy(IncidentDraft.isKeyPart) else {
            throw IncidentJSON.invalid("'preset', 'zone' or 'category' is too long or holds a control character or '|'")
        }
        guard !category.isEmpty else { throw IncidentJSON.invalid("'category' is empty") }
        let own = IncidentKey(camera: id, preset: parts[0], zone: parts[1], category: category)
        if let key, key != own.description { throw IncidentJSON.invalid("'key' does not agree with its parts") }
        return own
    }

    private func relativeBox() throws -> RelativeBox? {
        guard let box else { return nil }
        guard box.count == 4, box.allSatisfy({ (0...1).contains($0) }) else {
            throw IncidentJSON.invalid("'box' is not four numbers from 0 to 1")
        }
        return RelativeBox(x: box[0], y: box[1], width: box[2], height: box[3])
    }

    private func stored(_ kind: String) throws -> SnapshotReference? {
        let all = evidence ?? []
        guard all.count <= IncidentJSON.Limits.evidence else { throw IncidentJSON.invalid("'evidence' is too long") }
        guard let found = all.first(where: { $0.kind == kind }) else { return nil }
        guard let digest = found.sha256, digest.utf8.count == 64,
            digest.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 }), let size = found.size,
            (0...IncidentJSON.Limits.number).contains(size)
        else { throw IncidentJSON.invalid("'evidence' has no sha256 of 64 hexadecimal digits with a size") }
        return SnapshotReference(sha256: digest, sizeBytes: size)
    }
}
