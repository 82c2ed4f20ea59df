// Sightings that belong together become one incident with a beginning and an end.
// rules → **incidents** ══▶ cases

package import Domain

// One incident a key (zone and category; camera and preset are the owner's; zone "" is the whole picture):
//
//            sighting                   no sighting for the quiet gap, not left
//   ┌──────┐ ─────────▶ ┌─────────┐ ────────────────────────────────────▶ ┌────────┐
//   │ none │  opened    │ running │ ◀──────────────────────────────────── │ fading │
//   └──────┘            └─────────┘     sighting where it was last seen    └────────┘
//    ▲ │ cooling down     │ │ updated, at most every 10 s                      │
//    └─┴──────────────────┴─┴──────────────────────────────────────────────────┘
//        ended: from running, when it left over the edge of the picture and the quiet gap passed, or when it has run for the
//        roll-over time (the next one opens with the same sighting); from fading, when the reopening time passed, or by a
//        sighting elsewhere, which opens the next incident. expired: nobody could tell for too long whether it goes on
//
// | state   | promises                                                                             |
// |---------|--------------------------------------------------------------------------------------|
// | none    | the next sighting opens an incident with a new number, unless the key is cooling down |
// | running | `ended` has not been said; every sighting extends it                                  |
// | fading  | as running, but only a sighting that touches its last place extends it                |
//
// `ended` or `expired` is said exactly once, when nothing can extend the incident any more; its end is the last sighting, not that
// moment. A busy place keeps one incident running instead of opening one a minute: after some openings within the window the gaps
// widen. Cooling down begins when an incident was delivered, not when it was made, and what is more urgent than that breaks through.

/// What tells the incidents of one camera apart.
package struct LedgerKey: Hashable, Sendable, Comparable {
    package var zone: String
    package var category: String

    package init(zone: String = "", category: String) {
        self.zone = zone
        self.category = category
    }

    /// The part of an incident's key that is not the camera's.
    package init(_ key: IncidentKey) { self.init(zone: key.zone, category: key.category) }

    package static func < (a: Self, b: Self) -> Bool { (a.zone, a.category) < (b.zone, b.category) }
}

/// Under which terms a sighting enters the ledger: what its rule and its pipeline say.
package struct LedgerTerms: Sendable, Hashable {
    package var priority: Priority
    package var settings: LedgerSettings
    /// The rule that speaks; given back with the events.
    package var rule: Int

    package init(priority: Priority, settings: LedgerSettings = .standard, rule: Int = 0) {
        self.priority = priority
        self.settings = settings
        self.rule = rule
    }
}

/// A change of one incident, to be sent on.
package struct LedgerEvent: Sendable, Hashable {
    /// What happened to it.
    package enum Kind: String, Sendable, CaseIterable { case opened, updated, ended, expired }

    package var kind: Kind
    /// Local to the ledger and never used twice.
    package var number: Int
    package var key: LedgerKey
    /// The most urgent one that was seen in it.
    package var priority: Priority
    /// The rule that opened it, or the more urgent one that spoke later; nil for an adopted incident that was never seen again.
    package var rule: Int?
    package var startSeconds: Double
    package var confirmedSeconds: Double
    package var lastSeconds: Double
    /// The last sighting; only with `ended` and `expired`.
    package var endSeconds: Double?
    /// Sightings at different times, as far as the ledger was told.
    package var count: Int
    /// Union of all sightings; nil when it was never seen in the picture.
    package var box: RelativeBox?
    package var score: Int
    /// Names of the zones it was seen in, sorted.
    package var zones: [String]
    package var reason: [String]
}

/// What became of a sighting.
package enum Absorption: Hashable, Sendable {
    case taken
    /// The key is cooling down for so many seconds more; nothing was opened.
    case coolingDown(seconds: Double)
}

/// The running incidents of one camera: a pure state machine on the clock of looks.
package struct IncidentLedger: Sendable {
    private struct Running: Sendable {
        var number: Int
        var terms: LedgerTerms
        var isAdopted = false
        var startSeconds: Double
        var confirmedSeconds: Double
        var lastSeconds: Double
        /// When it was last certain, or at least not excluded, that it goes on.
        var aliveSeconds: Double
        var saidSeconds: Double
        var count: Int
        var box: RelativeBox?
        /// Where it was at the latest sighting.
        var lastBox: RelativeBox?
        var left = false
        var isUncertain = false
        var score: Int
        var zones: [String] = []
        var reason: [String]
    }

    /// What is remembered of a key between incidents; there are no more keys than rules and zones.
    private struct Memory: Sendable {
        var openings: [Double] = []
        /// When the latest incident ended; what outlives its incident starts the next one there.
        var endedSeconds: Double?
        var delivered: (seconds: Double, priority: Priority)?
    }

    private var running: [LedgerKey: Running] = [:]
    private var memories: [LedgerKey: Memory] = [:]
    private var nextNumber = 1
    private var spacing = LookSpacing()

    package init() {}

    /// True while at least one incident has not ended.
    package var hasRunning: Bool { !running.isEmpty }

    /// Learns the distance of looks, from which the quiet gap of slow cameras follows. Once a look, whatever it showed.
    package mutating func noteLook(atSeconds: Double) { spacing.note(atSeconds: atSeconds) }

    /// Takes a sighting.
    ///
    /// - Parameter events: What changed is added here.
    package mutating func absorb(
        _ sighting: Sighting, key: LedgerKey, terms: LedgerTerms, atSeconds: Double, into events: inout [LedgerEvent]
    ) -> Absorption {
        if let incident = running[key] {
            if isElsewhere(sighting, from: incident, key) {
                events.append(end(key, incident, .ended))
            } else if sighting.lastSeconds - incident.startSeconds >= incident.terms.settings.rollOverSeconds, !incident.isAdopted {
                events.append(end(key, incident, .ended))
                open(sighting, key, terms, continuing: incident, atSeconds: atSeconds, &events)
                return .taken
            } else {
                extend(key, incident, with: sighting, terms, atSeconds: atSeconds, &events)
                return .taken
            }
        }
        if let seconds = coolDown(key, terms, atSeconds: atSeconds) { return .coolingDown(seconds: seconds) }
        open(sighting, key, terms, continuing: nil, atSeconds: atSeconds, &events)
        return .taken
    }

    /// Keeps an incident from ending while nobody can tell whether it goes on.
    package mutating func hold(_ key: LedgerKey, atSeconds: Double) {
        running[key]?.aliveSeconds = atSeconds
        running[key]?.isUncertain = true
    }

    /// Lets time pass: ends what nothing can extend any more. Call it regularly, also when no look comes.
    package mutating func expire(atSeconds: Double, into events: inout [LedgerEvent]) {
        guard !running.isEmpty else { return }
        for (key, incident) in running.sorted(by: { $0.key < $1.key }) {
            if incident.isUncertain, atSeconds - incident.lastSeconds > incident.terms.settings.expireSeconds {
                events.append(end(key, incident, .expired))
            } else if atSeconds - incident.aliveSeconds > limitSeconds(key, incident) {
                events.append(end(key, incident, .ended))
            }
        }
    }

    /// Ends every running incident: the source has ended.
    package mutating func finish() -> [LedgerEvent] {
        running.sorted { $0.key < $1.key }.map { end($0.key, $0.value, .ended) }
    }

    /// Goes on under other rules: an incident whose key has terms continues under them, keeping its urgency; any other expires.
    package mutating func follow(_ terms: [LedgerKey: LedgerTerms]) -> [LedgerEvent] {
        running.sorted { $0.key < $1.key }.compactMap { key, incident in
            guard var next = terms[key] else { return end(key, incident, .expired) }
            next.priority = min(next.priority, incident.terms.priority)
            running[key]?.terms = next
            return nil
        }
    }

    /// Says again how a running incident stands, for whoever has got a picture of it.
    package func restate(_ key: LedgerKey) -> LedgerEvent? { running[key].map { event(.updated, key, $0) } }

    /// Hears that the latest incident of a key has reached those it is for; its cool-down begins now.
    package mutating func delivered(_ key: LedgerKey, priority: Priority, atSeconds: Double) {
        memories[key, default: Memory()].delivered = (atSeconds, priority)
    }

    /// Continues an incident that was running before a restart, so that it is neither doubled nor left open.
    package mutating func adopt(_ key: LedgerKey, terms: LedgerTerms, startSeconds: Double, lastSeconds: Double, count: Int) {
        guard running[key] == nil else { return }
        running[key] = Running(
            number: takeNumber(), terms: terms, isAdopted: true, startSeconds: startSeconds, confirmedSeconds: startSeconds,
            lastSeconds: lastSeconds, aliveSeconds: lastSeconds, saidSeconds: lastSeconds, count: count, box: nil, lastBox: nil, score: 0,
            reason: [])
    }
}

extension IncidentLedger {
    private func isBusy(_ key: LedgerKey, _ settings: LedgerSettings) -> Bool {
        (memories[key]?.openings.count ?? 0) >= settings.busyIncidents
    }

    /// How long after the last sighting an incident can still be extended.
    private func limitSeconds(_ key: LedgerKey, _ incident: Running) -> Double {
        let settings = incident.terms.settings
        return max(
            quietLimitSeconds(settings), incident.left ? 0 : settings.reopenSeconds, isBusy(key, settings) ? settings.busySeconds : 0)
    }

    private func quietLimitSeconds(_ settings: LedgerSettings) -> Double {
        max(settings.quietSeconds, settings.quietLooks * spacing.seconds)
    }

    private func isElsewhere(_ sighting: Sighting, from incident: Running, _ key: LedgerKey) -> Bool {
        // What left the picture does not come back elsewhere a moment later; what left a zone is still nearby.
        let isOther = incident.left && sighting.zones.isEmpty
        let isFading = sighting.startSeconds - incident.aliveSeconds > (isOther ? 0 : quietLimitSeconds(incident.terms.settings))
        guard isFading, !isBusy(key, incident.terms.settings), let place = incident.lastBox, let box = sighting.lastBox else {
            return false
        }
        return !place.touches(box)
    }

    /// Seconds until the key may open again; nil when it may now.
    private func coolDown(_ key: LedgerKey, _ terms: LedgerTerms, atSeconds: Double) -> Double? {
        guard terms.settings.coolDownSeconds > 0, let delivered = memories[key]?.delivered, terms.priority >= delivered.priority else {
            return nil
        }
        let rest = delivered.seconds + terms.settings.coolDownSeconds - atSeconds
        return rest > 0 ? rest : nil
    }

    private mutating func takeNumber() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    private mutating func open(
        _ sighting: Sighting, _ key: LedgerKey, _ terms: LedgerTerms, continuing previous: Running?, atSeconds: Double,
        _ events: inout [LedgerEvent]
    ) {
        var memory = memories[key, default: Memory()]
        memory.openings.removeAll { atSeconds - $0 > terms.settings.busyWindowSeconds }
        if previous == nil {
            if memory.openings.count >= terms.settings.busyIncidents { memory.openings.removeFirst() }
            memory.openings.append(atSeconds)
        }
        memories[key] = memory
        let earliest = memory.endedSeconds ?? -.infinity
        var incident = Running(
            number: takeNumber(), terms: terms, startSeconds: max(sighting.startSeconds, earliest),
            confirmedSeconds: max(sighting.confirmedSeconds, earliest), lastSeconds: sighting.lastSeconds,
            aliveSeconds: sighting.lastSeconds, saidSeconds: atSeconds, count: 1, box: sighting.box, lastBox: sighting.lastBox,
            left: sighting.left, score: sighting.score, zones: sighting.zones, reason: sighting.reason)
        if let previous {
            // Nothing between the two is left out: the next begins where the last one ended.
            incident.startSeconds = previous.lastSeconds
            incident.confirmedSeconds = previous.lastSeconds
            incident.terms.priority = min(terms.priority, previous.terms.priority)
            incident.reason.insert("continues an incident of \(Spoken.seconds(previous.lastSeconds - previous.startSeconds))", at: 0)
        }
        running[key] = incident
        events.append(event(.opened, key, incident))
    }

    /// Folds a sighting into the running incident; an event when the last one is long enough ago, or when it has become more urgent.
    private mutating func extend(
        _ key: LedgerKey, _ known: Running, with sighting: Sighting, _ terms: LedgerTerms, atSeconds: Double, _ events: inout [LedgerEvent]
    ) {
        var incident = known
        if sighting.lastSeconds > incident.lastSeconds {
            incident.count += 1
            incident.lastSeconds = sighting.lastSeconds
            if let box = sighting.lastBox { incident.lastBox = box }
        }
        // That something has left may be known only from the look after the last sighting.
        if sighting.lastSeconds >= incident.lastSeconds { incident.left = sighting.left }
        incident.aliveSeconds = max(incident.aliveSeconds, sighting.lastSeconds)
        incident.isUncertain = false
        incident.box = united(incident.box, sighting.box)
        incident.zones = merged(incident.zones, sighting.zones)
        if sighting.score > incident.score || incident.reason.isEmpty {
            incident.score = max(incident.score, sighting.score)
            incident.reason = sighting.reason
        }
        let isMoreUrgent = terms.priority < incident.terms.priority
        if isMoreUrgent || incident.isAdopted {
            let priority = min(terms.priority, incident.terms.priority)
            incident.terms = terms
            incident.terms.priority = priority
            if isMoreUrgent { incident.reason = sighting.reason }
        }
        incident.isAdopted = false
        let isDue = isMoreUrgent || atSeconds - incident.saidSeconds >= terms.settings.updateEverySeconds
        if isDue { incident.saidSeconds = atSeconds }
        running[key] = incident
        if isDue { events.append(event(.updated, key, incident)) }
    }

    private mutating func end(_ key: LedgerKey, _ incident: Running, _ kind: LedgerEvent.Kind) -> LedgerEvent {
        memories[key, default: Memory()].endedSeconds = incident.lastSeconds
        running[key] = nil
        return event(kind, key, incident)
    }

    private func event(_ kind: LedgerEvent.Kind, _ key: LedgerKey, _ incident: Running) -> LedgerEvent {
        LedgerEvent(
            kind: kind, number: incident.number, key: key, priority: incident.terms.priority,
            rule: incident.isAdopted ? nil : incident.terms.rule, startSeconds: incident.startSeconds,
            confirmedSeconds: incident.confirmedSeconds, lastSeconds: incident.lastSeconds,
            endSeconds: kind == .ended || kind == .expired ? incident.lastSeconds : nil, count: incident.count, box: incident.box,
            score: incident.score, zones: incident.zones, reason: incident.reason)
    }
}
