// How urgent a case is, and since when: read from its log.
// case log → **urgency** → case machine, clocks, escalation

package import Domain

/// The priority of one case as its log tells it: that of its report, of the incidents that joined, of the cases merged into it.
package struct CaseUrgency: Sendable, Hashable {
    /// Of the report and the incidents; nil where neither says anything.
    private var own: Int?
    /// Of the cases merged into it, by number.
    private var absorbed: [String: Int] = [:]
    /// When it last became more urgent than it was; nil while it is as it was reported.
    package private(set) var since: WallTime?

    package init() {}

    /// Replays a log in the order of its versions.
    package init(_ events: some Sequence<CaseEvent>) {
        for event in events { follow(event) }
    }

    /// 1 to 4, 1 the most urgent.
    package var priority: Int? { ([own].compactMap(\.self) + absorbed.values).min() }

    /// Takes the next event.
    package mutating func follow(_ event: CaseEvent) {
        let before = priority
        switch (event.action, event.detail.priority) {
        case (.report, let given?): own = given
        case (.attach, let given?): own = min(own ?? given, given)
        case (.absorb, let given?): absorbed[event.detail.source ?? ""] = given
        case (.release, _): absorbed[event.detail.source ?? ""] = nil
        default: return
        }
        if let before, let priority, priority < before { since = event.at }
    }

    /// The log without merges that were taken back: nobody's time was shortened by a mistake.
    package static func settled(_ events: [CaseEvent]) -> [CaseEvent] {
        var kept = events
        for event in events where event.action == .release {
            kept.removeAll { $0.detail.source == event.detail.source && $0.version < event.version && $0.action == .absorb }
        }
        return kept
    }
}
