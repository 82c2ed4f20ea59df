// Evaluates the rules of one camera at each look, each change of a tag and each tick: a pure value.
// detections, tags, calendar → **rules** → incidents

package import Domain

// One rule, at each evaluation (`when` is yes, no or unknown; *muted* is outside its hours, or while something under `unless` holds):
//
//             yes, not muted                       no, or yes and muted
//  ┌────────┐ ───────────────▶ ┌───────────┐ ─────────────────────────▶ ┌────────┐
//  │ silent │      opened      │ satisfied │           ended            │ silent │
//  └────────┘                  └───────────┘                            └────────┘
//   │ yes, muted: suppressed,   │ yes: continued
//   ▼ once an episode           ▼ unknown: uncertain, neither goes on nor ends
//
// | `when`  | silent                        | satisfied                        |
// |---------|-------------------------------|----------------------------------|
// | yes     | opened, or suppressed (muted) | continued; ended when muted      |
// | no      | –                             | ended                            |
// | unknown | –                             | uncertain                        |
//
// A mute that cannot be told any more stays as it was for a minute, and then mutes no longer: what hides evidence must be known.

/// What one rule says at one evaluation.
package struct RuleOutcome: Sendable, Hashable {
    /// The transitions of the table in RuleEngine.swift.
    package enum Kind: Hashable, Sendable {
        case opened, continued, uncertain, ended
        case suppressed(SuppressionReason)
    }

    package var kind: Kind
    /// Index into the program's rules.
    package var rule: Int
    /// With `opened`, `continued` and `suppressed`.
    package var sighting: Sighting?
}

/// The rules of one camera with what they remember. A value for one thread; nothing is allocated when nothing happens.
package struct RuleEngine: Sendable {
    package let program: RuleProgram
    package let calendar: WorkingCalendar

    struct RuleState: Sendable, Hashable {
        var isSatisfied = false
        var isMuted = false
        /// Since when nobody knows whether it is muted.
        var mutedUnknownSince: Double?
        /// When evidence was muted last; it is said again only after a pause.
        var suppressedSeconds = -Double.infinity
    }

    /// What one condition remembers besides its level.
    struct NodeState: Sendable, Hashable {
        /// The latest evidence of a detection, and whether the latest look showed it.
        var sighting: Sighting?
        var isPresent = false
        /// A tag's value at the latest change.
        var tag = Level.no
        var tagName = ""
        var pulseSeconds = -Double.infinity
        /// Since when the opposite holds.
        var since: Double?
        var timed = TimedState()
    }

    private(set) var levels: [Level]
    private(set) var states: [NodeState]
    private(set) var rules: [RuleState]
    private(set) var nowSeconds = -Double.infinity
    private(set) var minute = LocalMinute(day: 0, minuteOfDay: 0)
    private var tags: [LiveTag] = []
    private var startSeconds: Double?
    private var lookSeconds = -Double.infinity
    private var spacing = LookSpacing()

    /// Muted evidence is news again after this long without any; a busy street at night is one record an hour and not one a car.
    static let episodeSeconds = 60.0
    /// How long a mute outlives the knowledge of it.
    static let muteMemorySeconds = 60.0
    /// A pulse may be a little older than the first evaluation that sees it.
    private static let pulseSlackSeconds = 5.0

    package init(_ program: RuleProgram, calendar: WorkingCalendar = WorkingCalendar()) {
        self.program = program
        self.calendar = calendar
        levels = Array(repeating: .no, count: program.nodes.count)
        states = Array(repeating: NodeState(), count: program.nodes.count)
        rules = Array(repeating: RuleState(), count: program.rules.count)
    }

    /// True while time alone can change what a rule says: something holds, or has begun to.
    package var isAwake: Bool {
        for index in program.nodes.indices {
            switch program.nodes[index] {
            case .detection, .tag: if levels[index].truth == .yes { return true }
            case .timed: if levels[index].truth == .yes || states[index].timed.heldSeconds != nil { return true }
            default: break
            }
        }
        return false
    }

    /// Forgets what looks have shown: the camera was away. Tags are told by their own source.
    package mutating func forgetLooks() {
        for index in states.indices {
            states[index].sighting = nil
            states[index].isPresent = false
            states[index].timed.interrupt()
        }
        lookSeconds = -Double.infinity
        spacing = LookSpacing()
    }

    /// Evaluates all rules and adds what they say to `outcomes`.
    ///
    /// - Parameters:
    ///   - look: The detections of a look, nil when only time passed or tags changed.
    ///   - tags: All live tags of the camera as they are now.
    ///   - atSeconds: On the clock of looks; earlier than the time before counts as that.
    ///   - wall: Of the same moment, for the calendar.
    package mutating func note(
        look: [Detection]?, tags: [LiveTag], atSeconds: Double, wall: WallTime, into outcomes: inout [RuleOutcome]
    ) {
        nowSeconds = max(nowSeconds, atSeconds)
        minute = LocalMinute(wall)
        if startSeconds == nil { startSeconds = nowSeconds }
        if look != nil {
            lookSeconds = atSeconds
            spacing.note(atSeconds: atSeconds)
        }
        // Equal at once when nobody has touched the array since.
        if tags != self.tags { take(tags) }
        for index in program.nodes.indices { levels[index] = evaluate(index, look) }
        for index in rules.indices { advance(index, &outcomes) }
    }
}

// MARK: conditions

extension RuleEngine {
    private mutating func evaluate(_ index: Int, _ look: [Detection]?) -> Level {
        switch program.nodes[index] {
        case .constant(let truth): return Level(truth: truth)
        case .detection(let match, let quiet): return evaluate(match, quiet, index, look)
        case .tag: return tagLevel(index)
        case .during(let schedule): return schedule.contains(minute, calendar) ? Level(truth: .yes) : .no
        case .all(let range): return all(range)
        case .any(let range): return any(range)
        case .not(let part):
            let truth = levels[part].truth.inverse
            states[index].since = truth == .yes ? states[index].since ?? nowSeconds : nil
            return Level(truth: truth, start: states[index].since ?? -.infinity, last: nowSeconds)
        case .timed(let part, let timing, let quiet):
            return states[index].timed.note(levels[part], timing, quietSeconds: quiet?.limit(spacing) ?? 0, now: nowSeconds)
        }
    }

    private mutating func evaluate(_ match: DetectionMatch, _ quiet: RuleProgram.Quiet, _ index: Int, _ look: [Detection]?) -> Level {
        if let look {
            // What was known already says nothing about what else is there, so only what is new counts if anything is.
            let known = states[index].sighting?.lastSeconds ?? -.infinity
            let hasNews = look.contains { $0.lastSeconds > known && match.matches($0) }
            var sighting: Sighting?
            for detection in look where match.matches(detection) && (!hasNews || detection.lastSeconds > known) {
                if sighting == nil { sighting = Sighting(detection) } else { sighting?.fold(Sighting(detection)) }
            }
            states[index].isPresent = sighting != nil
            if sighting != nil { states[index].sighting = sighting }
        } else if states[index].isPresent, nowSeconds - lookSeconds > quiet.limit(spacing) {
            // No look for so long that the last one says nothing about now.
            states[index].isPresent = false
        }
        guard states[index].isPresent, let sighting = states[index].sighting else { return .no }
        return Level(truth: .yes, start: sighting.startSeconds, confirmed: sighting.confirmedSeconds, last: sighting.lastSeconds)
    }

    /// Reads the tags anew for every condition that names some.
    private mutating func take(_ tags: [LiveTag]) {
        self.tags = tags
        for index in program.nodes.indices {
            guard case .tag(let pattern) = program.nodes[index] else { continue }
            var level = Level.no
            var pulse = states[index].pulseSeconds
            for tag in tags where pattern.matches(tag.name) {
                if tag.isPulse {
                    guard tag.state == .on, tag.sinceSeconds > states[index].pulseSeconds,
                        tag.sinceSeconds >= (startSeconds ?? nowSeconds) - Self.pulseSlackSeconds
                    else { continue }
                    level.pulses += 1
                    if tag.sinceSeconds > pulse {
                        pulse = tag.sinceSeconds
                        states[index].tagName = tag.said
                    }
                } else if tag.state == .on, level.truth != .yes || tag.sinceSeconds < level.start {
                    level.truth = .yes
                    level.start = tag.sinceSeconds
                    level.confirmed = tag.sinceSeconds
                    states[index].tagName = tag.said
                } else if tag.state == .unknown, level.truth == .no {
                    level.truth = .unknown
                }
            }
            states[index].pulseSeconds = pulse
            states[index].tag = level
        }
    }

    private mutating func tagLevel(_ index: Int) -> Level {
        var level = states[index].tag
        level.last = nowSeconds
        guard level.pulses > 0 else { return level }
        states[index].tag.pulses = 0
        if level.truth != .yes {
            level.truth = .yes
            level.start = states[index].pulseSeconds
            level.confirmed = level.start
        }
        return level
    }

    /// Holds since the last of them began.
    private func all(_ range: Range<Int>) -> Level {
        var level = Level(truth: .yes)
        for place in range {
            let part = levels[program.parts[place]]
            level.truth = min(level.truth, part.truth)
            level.start = max(level.start, part.start)
            level.confirmed = max(level.confirmed, part.confirmed)
            level.last = min(level.last, part.last)
            level.pulses = max(level.pulses, part.pulses)
        }
        return level.truth == .yes ? level : Level(truth: level.truth)
    }

    /// Holds since the first of those that hold began.
    private func any(_ range: Range<Int>) -> Level {
        var level = Level.no
        for place in range {
            let part = levels[program.parts[place]]
            if part.truth == .yes, level.truth == .yes {
                level.start = min(level.start, part.start)
                level.confirmed = min(level.confirmed, part.confirmed)
                level.last = max(level.last, part.last)
                level.pulses = min(level.pulses, part.pulses)
            } else if part.truth > level.truth {
                level = part.truth == .yes ? part : Level(truth: part.truth)
            }
        }
        return level
    }
}

// MARK: rules

extension RuleEngine {
    private mutating func advance(_ index: Int, _ outcomes: inout [RuleOutcome]) {
        let truth = levels[program.rules[index].when].truth
        if truth == .no && !rules[index].isSatisfied && program.rules[index].unless.isEmpty { return }
        let muted = updateMute(index)
        switch truth {
        case .unknown:
            if rules[index].isSatisfied { outcomes.append(RuleOutcome(kind: .uncertain, rule: index, sighting: nil)) }
        case .yes where muted == nil:
            let kind = rules[index].isSatisfied ? RuleOutcome.Kind.continued : .opened
            rules[index].isSatisfied = true
            outcomes.append(RuleOutcome(kind: kind, rule: index, sighting: sighting(index)))
        case .yes, .no:
            if rules[index].isSatisfied { outcomes.append(RuleOutcome(kind: .ended, rule: index, sighting: nil)) }
            rules[index].isSatisfied = false
            guard truth == .yes, let muted else { return }
            if nowSeconds - rules[index].suppressedSeconds > Self.episodeSeconds {
                outcomes.append(RuleOutcome(kind: .suppressed(muted), rule: index, sighting: mutedSighting(index, muted)))
            }
            rules[index].suppressedSeconds = nowSeconds
        }
    }

    /// Why the rule must keep quiet now; nil when it may speak.
    private mutating func updateMute(_ index: Int) -> SuppressionReason? {
        let rule = program.rules[index]
        var truth = Truth.no
        for condition in rule.unless { truth = max(truth, levels[condition].truth) }
        if truth == .unknown, rules[index].isMuted {
            let since = rules[index].mutedUnknownSince ?? nowSeconds
            rules[index].mutedUnknownSince = since
            if nowSeconds - since > Self.muteMemorySeconds { rules[index].isMuted = false }
        } else {
            rules[index].isMuted = truth == .yes
            rules[index].mutedUnknownSince = nil
        }
        if !rule.rule.hours.isEmpty, !rule.rule.hours.contains(where: { $0.contains(minute, calendar) }) { return .schedule }
        return rules[index].isMuted ? .tagMuted : nil
    }

    /// The evidence that satisfies a rule, with the times of the whole condition.
    private func sighting(_ index: Int) -> Sighting {
        let rule = program.rules[index]
        let level = levels[rule.when]
        var sighting =
            evidence(rule.when)
            ?? Sighting(startSeconds: nowSeconds, confirmedSeconds: nowSeconds, lastSeconds: nowSeconds, reason: ["\(rule.rule.when)"])
        if level.start.isFinite { sighting.startSeconds = level.start }
        if level.last.isFinite { sighting.lastSeconds = level.last }
        sighting.lastSeconds = max(sighting.lastSeconds, sighting.startSeconds)
        sighting.confirmedSeconds = max(level.confirmed.isFinite ? level.confirmed : nowSeconds, sighting.startSeconds)
        return sighting
    }

    private func mutedSighting(_ index: Int, _ reason: SuppressionReason) -> Sighting {
        var sighting = sighting(index)
        let rule = program.rules[index]
        if reason == .schedule {
            sighting.reason.insert("speaks only " + rule.rule.hours.map(\.description).joined(separator: "; "), at: 0)
        } else {
            let causes = zip(rule.unless, rule.rule.unless).filter { levels[$0.0].truth != .no }.map { "\($0.1)" }
            sighting.reason.insert("muted by " + (causes.isEmpty ? "what was known last" : causes.joined(separator: ", ")), at: 0)
        }
        return sighting
    }

    /// What is seen of a condition that holds; nil where there is nothing to see.
    private func evidence(_ index: Int) -> Sighting? {
        switch program.nodes[index] {
        case .constant, .during, .not: return nil
        case .detection: return states[index].sighting
        case .tag:
            let (state, level) = (states[index], levels[index])
            let start = level.truth == .yes ? level.start : state.pulseSeconds
            let words = level.truth == .yes && level.pulses == 0 ? "on for \(Spoken.seconds(nowSeconds - start))" : "happened"
            return state.tagName.isEmpty
                ? nil
                : Sighting(startSeconds: start, confirmedSeconds: start, lastSeconds: nowSeconds, reason: ["\(state.tagName) \(words)"])
        case .all(let range), .any(let range):
            var sum: Sighting?
            for place in range where levels[program.parts[place]].truth == .yes {
                guard let part = evidence(program.parts[place]) else { continue }
                if sum == nil { sum = part } else { sum?.join(part) }
            }
            return sum
        case .timed(let part, let timing, _):
            var sighting = evidence(part)
            // A tag says itself how long it is on.
            if case .tag = program.nodes[part], timing.count == 1 { return sighting }
            sighting?.reason.append(progress(index, timing))
            return sighting
        }
    }

    /// How far a timed condition has come, in numbers.
    func progress(_ index: Int, _ timing: Timing) -> String {
        var words: [String] = []
        let state = states[index].timed
        if timing.forSeconds > 0 {
            words.append("held for \(Spoken.seconds(state.heldSeconds ?? 0)) of \(Spoken.seconds(timing.forSeconds))")
        }
        if let within = timing.withinSeconds {
            words.append("\(state.occurrences(timing, now: nowSeconds)) of \(timing.count) times within \(Spoken.seconds(within))")
        }
        return words.joined(separator: ", ")
    }
}

extension LiveTag {
    /// The tag with what tells it from others of its name: the device's rule or input, or the number of a report.
    fileprivate var said: String { source.isEmpty ? name : "\(name) (\(source))" }
}
