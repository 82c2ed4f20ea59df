// The rules of one camera, taken apart once so that a look only walks an array.
// pipelines × camera → **program** → rules → incidents

import Domain

/// A rule that applies to a camera, with what its pipeline says about incidents.
package struct RuleInForce: Hashable, Sendable {
    package var pipeline: String
    package var rule: Rule
    package var ledger: LedgerSettings
    /// The zone of its incidents; empty for the whole picture.
    package var zone: String
    /// Where its conditions ended up in the program.
    var when = 0
    var unless: [Int] = []

    /// The part of the incident key that this rule decides.
    package var key: LedgerKey { LedgerKey(zone: zone, category: rule.emit.category) }
}

/// Conditions in the order of evaluation: parts stand before what they are parts of. Cameras with equal facts share one.
package struct RuleProgram: Hashable, Sendable {
    enum Node: Hashable, Sendable {
        /// Known from the start: a static tag, or a zone that nobody has drawn.
        case constant(Truth)
        case detection(DetectionMatch, Quiet)
        case tag(TagPattern)
        case during(Schedule)
        case all(Range<Int>)
        case any(Range<Int>)
        case not(Int)
        /// With `Quiet`, breaks that are no longer than it do not count: one picture without the thing is no absence.
        case timed(Int, Timing, Quiet?)
    }

    /// How long something may be out of sight without being gone.
    struct Quiet: Hashable, Sendable {
        var seconds: Double
        var looks: Double

        func limit(_ spacing: LookSpacing) -> Double { max(seconds, looks * spacing.seconds) }
    }

    package private(set) var rules: [RuleInForce] = []
    private(set) var nodes: [Node] = []
    /// The parts of `all` and `any`, as indices into `nodes`.
    private(set) var parts: [Int] = []

    /// - Parameters:
    ///   - pipelines: Those that apply to the camera, in the order of their names.
    ///   - tags: The camera's static tags.
    ///   - zones: The names of the zones drawn into its picture.
    package init(_ pipelines: [Pipeline], tags: [String], zones: [String]) {
        for pipeline in pipelines {
            let quiet = Quiet(seconds: pipeline.ledger.quietSeconds, looks: pipeline.ledger.quietLooks)
            for rule in pipeline.rules {
                var inForce = RuleInForce(pipeline: pipeline.name, rule: rule, ledger: pipeline.ledger, zone: rule.zone)
                inForce.when = add(rule.when, tags, zones, quiet)
                inForce.unless = rule.unless.map { add($0, tags, zones, quiet) }
                rules.append(inForce)
            }
        }
    }

    /// The first rule that asks for movement and nothing else; nil when there is none.
    package var motionRule: RuleInForce? {
        rules.first { if case .detection(let match, _) = nodes[$0.when] { match.kind == .motion } else { false } }
    }

    /// True when a rule asks for detections of this kind.
    func asks(for kind: Detection.Kind) -> Bool {
        nodes.contains { node in
            if case .detection(let match, _) = node { match.kind == kind } else { false }
        }
    }

    /// Adds a condition behind its parts and returns its place.
    private mutating func add(_ condition: Condition, _ tags: [String], _ zones: [String], _ quiet: Quiet) -> Int {
        let node: Node
        switch condition {
        case .detection(let match):
            node = match.zone.map(zones.contains) == false ? .constant(.no) : .detection(match, quiet)
        case .tag(let pattern): node = tags.contains(where: pattern.matches) ? .constant(.yes) : .tag(pattern)
        case .during(let schedule): node = .during(schedule)
        case .all(let conditions): node = .all(addParts(conditions, tags, zones, quiet))
        case .any(let conditions): node = .any(addParts(conditions, tags, zones, quiet))
        case .not(let part): node = .not(add(part, tags, zones, quiet))
        case .timed(let part, let timing):
            let place = add(part, tags, zones, quiet)
            if case .detection = nodes[place] { node = .timed(place, timing, quiet) } else { node = .timed(place, timing, nil) }
        }
        nodes.append(node)
        return nodes.count - 1
    }

    private mutating func addParts(_ conditions: [Condition], _ tags: [String], _ zones: [String], _ quiet: Quiet) -> Range<Int> {
        let places = conditions.map { add($0, tags, zones, quiet) }
        parts += places
        return parts.count - places.count..<parts.count
    }
}

/// Whether a condition is satisfied; what cannot be told is neither.
package enum Truth: Int, Hashable, Sendable, Comparable {
    case no, unknown, yes

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The opposite; nobody knows the opposite of what nobody knows.
    package var inverse: Truth {
        switch self {
        case .no: .yes
        case .unknown: .unknown
        case .yes: .no
        }
    }
}

/// The usual distance of looks: falls slowly, because looks that come late now and then must not end anything.
package struct LookSpacing: Sendable, Hashable {
    package private(set) var seconds = 0.0
    private var last: Double?

    package init() {}

    /// Takes the time of a look.
    package mutating func note(atSeconds: Double) {
        if let last, atSeconds > last { seconds = max(atSeconds - last, 0.9 * seconds) }
        last = max(atSeconds, last ?? atSeconds)
    }
}
