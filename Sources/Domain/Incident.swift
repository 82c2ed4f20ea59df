// What a machine observed at a place, with a start and an end.
// camera → packets → looks → frames → **detections → incidents** → cases → pushes

/// One thing a detector noticed in one camera, on that camera's media time.
package struct Detection: Hashable, Sendable {
    /// What was noticed.
    package enum Kind: String, Sendable, CaseIterable {
        /// A confirmed moving track.
        case motion
        /// Something appeared and stays where it was put.
        case changedStatic = "changed_static"
    }

    package var kind: Kind
    /// When the track was first seen, in seconds of media time.
    package var startSeconds: Double
    /// When it was confirmed, in seconds of media time.
    package var confirmedSeconds: Double
    /// The latest sighting, in seconds of media time.
    package var lastSeconds: Double
    /// Union of all sightings.
    package var box: RelativeBox
    /// 0…100.
    package var score: Int
    /// Why it fired: short facts with numbers, in the order of importance, for people.
    package var reason: [String]
    /// Where it was at the latest sighting.
    package var lastBox: RelativeBox
    /// True when it has left: the latest sighting touched the edge of what is watched, or its place was seen empty since. The next
    /// thing seen may be a different one.
    package var isAtEdge: Bool
    /// Names of the zones it was seen in; empty when the whole picture is watched.
    package var zones: [String]

    /// - Parameter lastBox: `box` when left out.
    package init(
        kind: Kind, startSeconds: Double, confirmedSeconds: Double, lastSeconds: Double, box: RelativeBox, score: Int,
        reason: [String], lastBox: RelativeBox? = nil, isAtEdge: Bool = false, zones: [String] = []
    ) {
        self.kind = kind
        self.startSeconds = startSeconds
        self.confirmedSeconds = confirmedSeconds
        self.lastSeconds = lastSeconds
        self.box = box
        self.score = score
        self.reason = reason
        self.lastBox = lastBox ?? box
        self.isAtEdge = isAtEdge
        self.zones = zones
    }
}

/// Why evidence did not become an incident: log text, metric label and screen text at once.
package enum SuppressionReason: String, Sendable, CaseIterable {
    case lighting, ghost, global, flutter, unconfirmed, warmup
    case pictureQuality = "picture_quality"
    case lowScore = "low_score"
    /// The rule was satisfied outside its hours.
    case schedule
    /// The rule was satisfied while something that mutes it held: a turning camera, tampering.
    case tagMuted = "tag_muted"
    /// The same was delivered a short while ago.
    case coolDown = "cool_down"
    /// Rain, snow or insects: many small changes that count only once they are large.
    case precipitation
    /// The camera's night vision went on or off.
    case infraredSwitch = "infrared_switch"
    /// The camera was covered, turned, blinded or without a signal.
    case tampered
}

/// Life of an incident: `open → updated* → ended | expired`.
package enum IncidentPhase: String, Sendable, CaseIterable {
    case open, updated, ended, expired
}

/// The key under which observations extend one incident: `camera|preset|zone|category`.
package struct IncidentKey: Hashable, Sendable, CustomStringConvertible {
    package var camera: CameraID
    package var preset: String
    package var zone: String
    package var category: String

    package init(camera: CameraID, preset: String = "", zone: String = "", category: String) {
        self.camera = camera
        self.preset = preset
        self.zone = zone
        self.category = category
    }

    package var description: String { "\(camera)|\(preset)|\(zone)|\(category)" }
}

/// A stored picture or clip: the SHA-256 of its bytes as 64 hexadecimal digits, and its size in bytes.
package struct SnapshotReference: Hashable, Sendable {
    package var sha256: String
    package var sizeBytes: Int

    package init(sha256: String, sizeBytes: Int) {
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
    }
}

/// One revision of an incident as it crosses the bus; the same id always means the same incident.
package struct Incident: Hashable, Sendable {
    package var id: IncidentID
    /// 1 for the first message, higher for each update.
    package var revision: Int
    package var phase: IncidentPhase
    package var key: IncidentKey
    package var priority: Priority
    /// Where the camera said it stood when this was observed.
    package var place: GeoPoint
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    /// Observations folded into this incident so far.
    package var count: Int
    package var score: Int
    package var box: RelativeBox?
    package var reason: [String]
    package var snapshot: SnapshotReference?
    /// Comes with a later revision: it shows what happened after the opening as well.
    package var clip: SnapshotReference?
    package var drill: Bool
    /// Set when a person made it of suppressed evidence.
    package var restoration: Restoration?

    package init(
        id: IncidentID, revision: Int, phase: IncidentPhase, key: IncidentKey, priority: Priority, place: GeoPoint,
        firstSeen: WallTime, lastSeen: WallTime, count: Int, score: Int, box: RelativeBox?, reason: [String],
        snapshot: SnapshotReference?, drill: Bool
    ) {
        self.id = id
        self.revision = revision
        self.phase = phase
        self.key = key
        self.priority = priority
        self.place = place
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.count = count
        self.score = score
        self.box = box
        self.reason = reason
        self.snapshot = snapshot
        self.drill = drill
    }
}
