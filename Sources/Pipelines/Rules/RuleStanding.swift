// Why a rule is satisfied, or why not, condition by condition with numbers.
// rules → **explanations**

import Domain

/// One condition of a rule, as it stands.
package struct ConditionStanding: Sendable, Hashable {
    /// How deep it lies in the rule's condition; 0 is the whole of it.
    package var depth: Int
    package var text: String
    package var truth: Truth
    /// True when the camera's row and the calendar decide it, whatever is seen or said.
    package var isDecided = false
    /// How far it has come; empty when there is no more to say.
    package var note: String
}

/// One rule that applies to a camera, as it stands.
package struct RuleStanding: Sendable, Hashable {
    package var pipeline: String
    package var rule: String
    package var zone: String
    package var isSatisfied: Bool
    package var conditions: [ConditionStanding]
}

extension RuleEngine {
    /// How every rule stands since the latest evaluation. Allocates; for people who ask.
    package var standings: [RuleStanding] {
        program.rules.indices.map { index in
            let inForce = program.rules[index]
            var conditions: [ConditionStanding] = []
            explain(inForce.rule.when, inForce.when, depth: 0, &conditions)
            for (condition, place) in zip(inForce.rule.unless, inForce.unless) {
                conditions.append(
                    ConditionStanding(depth: 0, text: "unless \(condition)", truth: levels[place].truth.inverse, note: ""))
            }
            if !inForce.rule.hours.isEmpty {
                let isOpen = inForce.rule.hours.contains { $0.contains(minute, calendar) }
                conditions.append(
                    ConditionStanding(
                        depth: 0, text: "only " + inForce.rule.hours.map(\.description).joined(separator: "; "),
                        truth: isOpen ? .yes : .no, isDecided: true, note: ""))
            }
            return RuleStanding(
                pipeline: inForce.pipeline, rule: inForce.rule.name, zone: inForce.zone, isSatisfied: rules[index].isSatisfied,
                conditions: conditions)
        }
    }

    private func explain(_ condition: Condition, _ place: Int, depth: Int, _ lines: inout [ConditionStanding]) {
        var line = ConditionStanding(depth: depth, text: "\(condition)", truth: levels[place].truth, note: "")
        if case .during = condition { line.isDecided = true }
        if case .constant(let truth) = program.nodes[place] {
            line.truth = truth
            line.isDecided = true
            line.note = truth == .yes ? "a static tag of this camera" : "the zone is not drawn on this camera"
        }
        switch (condition, program.nodes[place]) {
        case (.timed(let part, let timing), .timed(let partPlace, _, _)):
            line.note = progress(place, timing)
            lines.append(line)
            if case .constant = program.nodes[partPlace] { explain(part, partPlace, depth: depth + 1, &lines) }
        case (.all(let parts), .all(let range)), (.any(let parts), .any(let range)):
            line.text = if case .all = condition { "all of" } else { "any of" }
            lines.append(line)
            for (part, index) in zip(parts, range) { explain(part, program.parts[index], depth: depth + 1, &lines) }
        case (.not(let part), .not(let partPlace)):
            line.text = "not"
            lines.append(line)
            explain(part, partPlace, depth: depth + 1, &lines)
        default:
            if !line.isDecided, case .detection = condition, let sighting = states[place].sighting {
                line.note = "seen last \(Spoken.seconds(nowSeconds - sighting.lastSeconds)) ago"
            }
            lines.append(line)
        }
    }
}
