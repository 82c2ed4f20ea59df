// Detections that belong together become one incident with a beginning and an end.
// detections → **incidents** ══▶ cases

package import Domain

// One incident a zone of a camera (the camera, preset and category of the key are the owner's; "" is the whole picture):
//
//            detection                  no detection for the quiet gap, not left
//   ┌──────┐ ─────────▶ ┌─────────┐ ────────────────────────────────────▶ ┌────────┐
//   │ none │  opened    │ running │ ◀──────────────────────────────────── │ fading │
//   └──────┘            └─────────┘     detection where it was last seen   └────────┘
//      ▲                  │ updated, at most every 10 s                        │
//      └──────────────────┴────────────────────────────────────────────────────┘
//        ended: from running, when it left over the edge of the picture and the quiet gap passed; from fading,
//        when the reopening time passed, or by a detection elsewhere, which opens the next incident
//
// | state   | promises                                                                             |
// |---------|--------------------------------------------------------------------------------------|
// | none    | the next detection opens an incident with a new number                               |
// | running | `ended` has not been said; every detection extends it                                 |
// | fading  | as running, but only a detection that touches its last place extends it               |
//
// `ended` is said exactly once, when nothing can extend the incident any more; its end is the last sighting, not that moment.
// A busy place keeps one incident running instead of opening one a minute: after some openings within the window the gaps widen.

/// When incidents are updated and ended; the shipped values stand in `pipelines/motion.yaml`.
package struct LedgerSettings: Sendable, Hashable {
    /// Without a detection for this long, or this many looks, an incident fades; it ends at once when everything was last seen
    /// at the edge, for what comes next is somebody else.
    package var quietSeconds = 1.5
    package var quietLooks = 1.25
    /// A fading incident is continued by what appears in its place within this time.
    package var reopenSeconds = 10.0
    package var updateEverySeconds = 10.0
    /// After this many openings within the window the gaps widen to `busySeconds`.
    package var busyIncidents = 8
    package var busyWindowSeconds = 600.0
    package var busySeconds = 60.0

    package init() {}

    /// The values of `pipelines/motion.yaml`; a test holds them equal.
    package static let standard = LedgerSettings()
}

/// A change of one incident, to be sent on.
package struct LedgerEvent: Sendable, Hashable {
    /// What happened to it.
    package enum Kind: String, Sendable, CaseIterable { case opened, updated, ended }

    package var kind: Kind
    /// Local to the ledger and never used twice.
    package var number: Int
    package var zone: String
    package var startSeconds: Double
    package var confirmedSeconds: Double
    package var lastSeconds: Double
    /// The last sighting; only with `ended`.
    package var endSeconds: Double?
    /// Looks at which it was seen, as far as the ledger was told.
    package var count: Int
    /// Union of all sightings; nil only for an adopted incident that was never seen again.
    package var box: RelativeBox?
    package var score: Int
    /// Names of the zones it was seen in, sorted.
    package var zones: [String]
    package var reason: [String]
}

/// The running incidents of one camera and one pipeline: a pure state machine on media time.
package struct IncidentLedger: Sendable {
    private struct Running: Sendable {
        var number: Int
        var startSeconds: Double
        var confirmedSeconds: Double
        var lastSeconds: Double
        var saidSeconds: Double
        var count: Int
        var box: RelativeBox?
        /// Where it was at the latest sighting.
        var lastBox: RelativeBox?
        var left = false
        var score: Int
        var zones: [String] = []
        var reason: [String]
    }

    private let settings: LedgerSettings
    private var running: [String: Running] = [:]
    private var nextNumber = 1
    private var lastLookSeconds: Double?
    private var spacingSeconds = 0.0
    private var openings: [Double] = []
    /// When the latest incident of a zone ended; a track that outlives its incident starts the next one there.
    private var endedSeconds: [String: Double] = [:]

    package init(_ settings: LedgerSettings) { self.settings = settings }

    /// True while at least one incident has not ended.
    package var hasRunning: Bool { !running.isEmpty }

    /// Takes the detections of one look; an empty list counts as a look too.
    ///
    /// - Parameter zone: The zone these detections were made in; each zone has an incident of its own.
    package mutating func absorb(_ detections: [Detection], atSeconds: Double, zone: String = "") -> [LedgerEvent] {
        // Looks that come late now and then must not end an incident: the spacing falls slowly.
        if let lastLookSeconds, atSeconds > lastLookSeconds { spacingSeconds = max(atSeconds - lastLookSeconds, 0.9 * spacingSeconds) }
        lastLookSeconds = max(atSeconds, lastLookSeconds ?? atSeconds)
        var events = expire(atSeconds: atSeconds)
        guard let first = detections.first else { return events }
        let sighting = Sighting(detections, first)
        if let incident = running[zone], isElsewhere(sighting, from: incident, atSeconds: atSeconds) {
            events.append(end(incident, zone: zone))
            running[zone] = nil
        }
        if running[zone] == nil {
            events.append(open(sighting, atSeconds: atSeconds, zone: zone))
        } else if let event = extend(with: sighting, atSeconds: atSeconds, zone: zone) {
            events.append(event)
        }
        return events
    }

    /// Lets time pass: ends what nothing can extend any more. Call it regularly, also when no look comes.
    package mutating func expire(atSeconds: Double) -> [LedgerEvent] {
        guard !running.isEmpty else { return [] }
        var events: [LedgerEvent] = []
        for (zone, incident) in running.sorted(by: { $0.key < $1.key }) where atSeconds - incident.lastSeconds > limitSeconds(incident) {
            events.append(end(incident, zone: zone))
            running[zone] = nil
        }
        return events
    }

    /// Ends every running incident: the source has ended.
    package mutating func finish() -> [LedgerEvent] {
        let all = running.sorted { $0.key < $1.key }
        running.removeAll()
        return all.map { end($0.value, zone: $0.key) }
    }

    /// Continues an incident that was running before a restart, so that it is neither doubled nor left open.
    package mutating func adopt(startSeconds: Double, lastSeconds: Double, count: Int, zone: String = "") {
        guard running[zone] == nil else { return }
        running[zone] = Running(
            number: takeNumber(), startSeconds: startSeconds, confirmedSeconds: startSeconds, lastSeconds: lastSeconds,
            saidSeconds: lastSeconds, count: count, box: nil, lastBox: nil, score: 0, reason: [])
    }
}

extension IncidentLedger {
    /// What one look saw, folded over its detections.
    private struct Sighting {
        var startSeconds: Double
        var confirmedSeconds: Double
        var lastSeconds: Double
        var box: RelativeBox
        var lastBox: RelativeBox
        var left: Bool
        var score: Int
        var zones: [String]
        var reason: [String]

        init(_ detections: [Detection], _ first: Detection) {
            startSeconds = first.startSeconds
            confirmedSeconds = first.confirmedSeconds
            lastSeconds = first.lastSeconds
            box = first.box
            lastBox = first.lastBox
            left = true
            score = first.score
            zones = first.zones
            reason = first.reason
            for detection in detections {
                startSeconds = min(startSeconds, detection.startSeconds)
                confirmedSeconds = min(confirmedSeconds, detection.confirmedSeconds)
                lastSeconds = max(lastSeconds, detection.lastSeconds)
                box = box.union(detection.box)
                lastBox = lastBox.union(detection.lastBox)
                left = left && detection.isAtEdge
                zones = merged(zones, detection.zones)
                if detection.score > score {
                    score = detection.score
                    reason = detection.reason
                }
            }
        }
    }

    private var isBusy: Bool { openings.count >= settings.busyIncidents }

    /// How long after the last sighting an incident can still be extended.
    private func limitSeconds(_ incident: Running) -> Double {
        max(quietLimitSeconds, incident.left ? 0 : settings.reopenSeconds, isBusy ? settings.busySeconds : 0)
    }

    private var quietLimitSeconds: Double { max(settings.quietSeconds, settings.quietLooks * spacingSeconds) }

    private func isElsewhere(_ sighting: Sighting, from incident: Running, atSeconds: Double) -> Bool {
        let fading = sighting.startSeconds - incident.lastSeconds > quietLimitSeconds
        guard fading, !isBusy, let place = incident.lastBox else { return false }
        return !place.touches(sighting.lastBox)
    }

    private mutating func takeNumber() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    private mutating func open(_ sighting: Sighting, atSeconds: Double, zone: String) -> LedgerEvent {
        openings.removeAll { atSeconds - $0 > settings.busyWindowSeconds }
        if openings.count >= settings.busyIncidents { openings.removeFirst() }
        openings.append(atSeconds)
        let incident = Running(
            number: takeNumber(), startSeconds: max(sighting.startSeconds, endedSeconds[zone] ?? sighting.startSeconds),
            confirmedSeconds: max(sighting.confirmedSeconds, endedSeconds[zone] ?? sighting.confirmedSeconds),
            lastSeconds: sighting.lastSeconds, saidSeconds: atSeconds, count: 1, box: sighting.box, lastBox: sighting.lastBox,
            left: sighting.left, score: sighting.score, zones: sighting.zones, reason: sighting.reason)
        running[zone] = incident
        return event(.opened, incident, zone: zone)
    }

    /// Folds a sighting into the running incident; an event when the last one is long enough ago.
    private mutating func extend(with sighting: Sighting, atSeconds: Double, zone: String) -> LedgerEvent? {
        guard var incident = running[zone] else { return nil }
        if sighting.lastSeconds > incident.lastSeconds {
            incident.count += 1
            incident.lastSeconds = sighting.lastSeconds
            incident.lastBox = sighting.lastBox
            incident.left = sighting.left
        }
        incident.box = incident.box?.union(sighting.box) ?? sighting.box
        incident.zones = merged(incident.zones, sighting.zones)
        if sighting.score > incident.score || incident.reason.isEmpty {
            incident.score = max(incident.score, sighting.score)
            incident.reason = sighting.reason
        }
        let isDue = atSeconds - incident.saidSeconds >= settings.updateEverySeconds
        if isDue { incident.saidSeconds = atSeconds }
        running[zone] = incident
        return isDue ? event(.updated, incident, zone: zone) : nil
    }

    private mutating func end(_ incident: Running, zone: String) -> LedgerEvent {
        endedSeconds[zone] = incident.lastSeconds
        return event(.ended, incident, zone: zone)
    }

    private func event(_ kind: LedgerEvent.Kind, _ incident: Running, zone: String) -> LedgerEvent {
        LedgerEvent(
            kind: kind, number: incident.number, zone: zone, startSeconds: incident.startSeconds,
            confirmedSeconds: incident.confirmedSeconds, lastSeconds: incident.lastSeconds,
            endSeconds: kind == .ended ? incident.lastSeconds : nil, count: incident.count, box: incident.box, score: incident.score,
            zones: incident.zones, reason: incident.reason)
    }
}

private func merged(_ a: [String], _ b: [String]) -> [String] { a == b ? a : Set(a).union(b).sorted() }
