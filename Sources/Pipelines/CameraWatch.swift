// The rules and the ledger of one camera in one value: what a lane and a run on media time both drive.
// detections, tags, calendar → **rules → incidents**

package import Detectors
package import Domain

/// Evidence that satisfied a rule and yet became no incident.
package struct RuleSuppression: Sendable, Hashable {
    package var rule: String
    package var zone: String
    package var category: String
    package var priority: Priority
    package var reason: SuppressionReason
    /// Short facts with numbers, the most important first.
    package var facts: [String]
    package var box: RelativeBox?
    package var atSeconds: Double

    package init(
        rule: String, zone: String, category: String, priority: Priority, reason: SuppressionReason, facts: [String], box: RelativeBox?,
        atSeconds: Double
    ) {
        self.rule = rule
        self.zone = zone
        self.category = category
        self.priority = priority
        self.reason = reason
        self.facts = facts
        self.box = box
        self.atSeconds = atSeconds
    }
}

/// What one evaluation brought; both empty almost always.
package struct Watched: Sendable {
    package var events: [LedgerEvent] = []
    package var suppressions: [RuleSuppression] = []
}

/// Turns what is seen at one camera into incidents. A value for one thread.
package struct CameraWatch: Sendable {
    package private(set) var plan: CameraPlan
    private var engine: RuleEngine
    private var ledger = IncidentLedger()
    /// Nil when no rule asks for what stays.
    private var stillThings: StillThings?
    private var outcomes: [RuleOutcome] = []
    /// What the detector says of the camera itself, as a tag that rules can name.
    private var tampering: LiveTag?
    /// When evidence met a cool-down last, so that it is said once.
    private var coolingSeconds: [LedgerKey: Double] = [:]

    package init(_ plan: CameraPlan) {
        self.plan = plan
        engine = RuleEngine(plan.program, calendar: plan.calendar)
        stillThings = plan.program.asks(for: .changedStatic) ? StillThings() : nil
    }

    /// True while time alone can change anything: an incident runs, or something has begun that a rule waits for.
    package var isAwake: Bool { ledger.hasRunning || engine.isAwake }

    /// What each rule waits for, as of the latest evaluation.
    package var standings: [RuleStanding] { engine.standings }

    /// The rule that spoke; nil for an adopted incident that was never seen again.
    package func rule(of event: LedgerEvent) -> Rule? { event.rule.map { plan.program.rules[$0].rule } }

    /// Takes what a look has shown, with what has come to rest since.
    package mutating func note(_ examination: Examination, tags: [LiveTag], atSeconds: Double, wall: WallTime) -> Watched {
        tampering = examination.tamper.map { tamper in
            if let tampering, tampering.source == tamper.rawValue { return tampering }
            return LiveTag(name: "camera:tampered", source: tamper.rawValue, state: .on, sinceSeconds: atSeconds)
        }
        var look = examination.detections
        stillThings?.note(examination, atSeconds: atSeconds, into: &look)
        return note(look: look, tags: tags, atSeconds: atSeconds, wall: wall)
    }

    /// Takes a look, a change of tags, or only the time; evaluates every rule and lets the ledger follow.
    ///
    /// - Parameters:
    ///   - look: The detections of a look; nil when none was taken.
    ///   - tags: All live tags of the camera as they are now.
    ///   - atSeconds: On the clock of looks.
    ///   - wall: Of the same moment.
    package mutating func note(look: [Detection]?, tags: [LiveTag], atSeconds: Double, wall: WallTime) -> Watched {
        var watched = Watched()
        if look != nil { ledger.noteLook(atSeconds: atSeconds) }
        engine.note(look: look, tags: tampering.map { tags + [$0] } ?? tags, atSeconds: atSeconds, wall: wall, into: &outcomes)
        ledger.expire(atSeconds: atSeconds, into: &watched.events)
        guard !outcomes.isEmpty else { return watched }
        for outcome in outcomes { follow(outcome, atSeconds: atSeconds, &watched) }
        outcomes.removeAll(keepingCapacity: true)
        return watched
    }

    /// The camera was away: what looks have shown does not explain the next ones. Running incidents go on if they can.
    package mutating func forgetLooks() {
        engine.forgetLooks()
        stillThings?.forget()
        tampering = nil
    }

    /// Goes on by another plan: what runs continues where a rule of it makes the same key, and expires where none does.
    ///
    /// What rules were waiting for begins again.
    package mutating func follow(_ next: CameraPlan) -> [LedgerEvent] {
        plan = next
        engine = RuleEngine(next.program, calendar: next.calendar)
        stillThings = next.program.asks(for: .changedStatic) ? StillThings() : nil
        coolingSeconds = [:]
        let terms = next.program.rules.enumerated().map { index, rule in
            (rule.key, LedgerTerms(priority: rule.rule.emit.priority, settings: rule.ledger, rule: index))
        }
        return ledger.follow(Dictionary(terms, uniquingKeysWith: { first, _ in first })).map { event in
            var event = event
            event.rule = nil  // A rule of the plan that is gone.
            return event
        }
    }

    /// Ends every running incident: the source has ended.
    package mutating func finish() -> [LedgerEvent] { ledger.finish() }

    /// Hears that an incident has reached those it is for.
    package mutating func delivered(_ key: LedgerKey, priority: Priority, atSeconds: Double) {
        ledger.delivered(key, priority: priority, atSeconds: atSeconds)
    }

    /// How a running incident stands; nil when there is none under the key.
    package func restate(_ key: LedgerKey) -> LedgerEvent? { ledger.restate(key) }

    /// Continues an incident that was running before a restart; nothing happens when no rule makes incidents of this key any more.
    package mutating func adopt(_ key: LedgerKey, priority: Priority, startSeconds: Double, lastSeconds: Double, count: Int) {
        guard let index = plan.program.rules.firstIndex(where: { $0.key == key }) else { return }
        ledger.adopt(
            key, terms: LedgerTerms(priority: priority, settings: plan.program.rules[index].ledger, rule: index),
            startSeconds: startSeconds, lastSeconds: lastSeconds, count: count)
    }

    private mutating func follow(_ outcome: RuleOutcome, atSeconds: Double, _ watched: inout Watched) {
        let inForce = plan.program.rules[outcome.rule]
        switch outcome.kind {
        case .ended: return
        case .uncertain: ledger.hold(inForce.key, atSeconds: atSeconds)
        case .opened, .continued:
            guard let sighting = outcome.sighting else { return }
            let terms = LedgerTerms(priority: inForce.rule.emit.priority, settings: inForce.ledger, rule: outcome.rule)
            let absorption = ledger.absorb(sighting, key: inForce.key, terms: terms, atSeconds: atSeconds, into: &watched.events)
            guard case .coolingDown(let seconds) = absorption else { return }
            let before = coolingSeconds.updateValue(atSeconds, forKey: inForce.key)
            guard atSeconds - (before ?? -.infinity) > RuleEngine.episodeSeconds else { return }
            let words = "delivered lately; cooling down for \(Spoken.seconds(seconds)) more"
            watched.suppressions.append(RuleSuppression(inForce, .coolDown, sighting, words, atSeconds: atSeconds))
        case .suppressed(let reason):
            guard let sighting = outcome.sighting else { return }
            watched.suppressions.append(RuleSuppression(inForce, reason, sighting, nil, atSeconds: atSeconds))
        }
    }
}

extension RuleSuppression {
    fileprivate init(_ inForce: RuleInForce, _ reason: SuppressionReason, _ sighting: Sighting, _ first: String?, atSeconds: Double) {
        self.init(
            rule: inForce.rule.name, zone: inForce.zone, category: inForce.rule.emit.category, priority: inForce.rule.emit.priority,
            reason: reason, facts: (first.map { [$0] } ?? []) + sighting.reason, box: sighting.lastBox ?? sighting.box,
            atSeconds: atSeconds)
    }
}
