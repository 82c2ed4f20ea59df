// What detection hands to the outbox: an observation under a key, not yet an incident with an identity.
// detections → **incidents** → outbox ══ZeroMQ══▶ dispatcher

package import Domain

/// One observation of an incident, identified by its key; the outbox gives it the id and the revision.
package struct IncidentDraft: Hashable, Sendable {
    package var key: IncidentKey
    /// `open` starts an incident unless one is running under this key; the others continue or end the running one.
    package var phase: IncidentPhase
    package var priority: Priority
    package var place: GeoPoint
    package var firstSeen: WallTime
    package var lastSeen: WallTime
    /// Observations since the detector opened this incident; the outbox adds what was counted before a restart.
    package var count: Int
    package var score: Int
    package var box: RelativeBox?
    package var reason: [String]
    /// Nil keeps the picture of the revision before.
    package var snapshot: SnapshotReference?
    package var drill: Bool
    /// Media time of the first and the latest observation in seconds, for a detector that starts again on the same source.
    package var mediaStartSeconds: Double
    package var mediaLastSeconds: Double

    package init(
        key: IncidentKey, phase: IncidentPhase, priority: Priority, place: GeoPoint, firstSeen: WallTime, lastSeen: WallTime,
        count: Int, score: Int, box: RelativeBox?, reason: [String], snapshot: SnapshotReference?, drill: Bool = false,
        mediaStartSeconds: Double = 0, mediaLastSeconds: Double = 0
    ) {
        self.key = key
        self.phase = phase
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
        self.mediaStartSeconds = mediaStartSeconds
        self.mediaLastSeconds = mediaLastSeconds
    }

    /// True when `part` may stand between the bars of a key on the wire.
    static func isKeyPart(_ part: String) -> Bool {
        part.utf8.count <= IncidentJSON.Limits.keyPartBytes && part.unicodeScalars.allSatisfy(isKeyScalar)
    }

    private static func isKeyScalar(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= 0x20 && scalar.value != 0x7F && scalar != "|" }

    /// The same observation inside the limits of the wire.
    ///
    /// Shortens and clamps instead of refusing: an incident must not be lost because its explanation was too long.
    func fitted() -> IncidentDraft {
        var fitted = self
        fitted.key.preset = Self.keyPart(key.preset)
        fitted.key.zone = Self.keyPart(key.zone)
        fitted.key.category = key.category.isEmpty ? "unknown" : Self.keyPart(key.category)
        // Four digits of year are all the wire can print; a clock that is that wrong is corrected by the dispatcher's own time.
        let years = Int64(0)...253_402_300_799_999
        fitted.firstSeen = WallTime(millisecondsSince1970: min(max(firstSeen.millisecondsSince1970, years.lowerBound), years.upperBound))
        fitted.lastSeen = WallTime(millisecondsSince1970: min(max(lastSeen.millisecondsSince1970, years.lowerBound), years.upperBound))
        fitted.count = min(max(count, 1), IncidentJSON.Limits.number)
        fitted.score = min(max(score, 0), 100)
        fitted.reason = reason.prefix(IncidentJSON.Limits.reasons).map { Self.clip($0, to: IncidentJSON.Limits.reasonBytes) }
        fitted.box = box.flatMap { box in
            guard [box.x, box.y, box.width, box.height].allSatisfy(\.isFinite) else { return nil }
            func unit(_ value: Double) -> Double { min(max(value, 0), 1) }
            return RelativeBox(x: unit(box.x), y: unit(box.y), width: unit(box.width), height: unit(box.height))
        }
        fitted.mediaStartSeconds = mediaStartSeconds.isFinite ? mediaStartSeconds : 0
        fitted.mediaLastSeconds = mediaLastSeconds.isFinite ? mediaLastSeconds : 0
        return fitted
    }

    private static func keyPart(_ part: String) -> String {
        guard !isKeyPart(part) else { return part }
        var scalars = String.UnicodeScalarView()
        for scalar in part.unicodeScalars { scalars.append(isKeyScalar(scalar) ? scalar : "_") }
        return clip(String(scalars), to: IncidentJSON.Limits.keyPartBytes)
    }

    /// The longest prefix of whole scalars with at most `limit` bytes.
    static func clip(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var scalars = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += UTF8.width(scalar)
            if used > limit { break }
            scalars.append(scalar)
        }
        return String(scalars)
    }
}

extension Restoration {
    /// The same inside the limits of the wire.
    func fitted() -> Restoration {
        var fitted = self
        fitted.by = IncidentDraft.clip(by, to: IncidentJSON.Limits.nameBytes)
        fitted.name = IncidentDraft.clip(name, to: IncidentJSON.Limits.nameBytes)
        fitted.note = IncidentDraft.clip(note, to: IncidentJSON.Limits.noteBytes)
        return fitted
    }
}

/// An incident that had not ended when the outbox was last written, for re-adoption after a restart.
package struct OpenIncident: Hashable, Sendable {
    /// The latest revision that was written.
    package var incident: Incident
    package var mediaStartSeconds: Double
    package var mediaLastSeconds: Double

    package init(incident: Incident, mediaStartSeconds: Double, mediaLastSeconds: Double) {
        self.incident = incident
        self.mediaStartSeconds = mediaStartSeconds
        self.mediaLastSeconds = mediaLastSeconds
    }
}
