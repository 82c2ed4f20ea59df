// One rule of a pipeline: when it speaks, when it keeps quiet, and what it says.
// detections and tags → **rules** → incidents

package import Domain

/// When something is an incident, and which.
package struct Rule: Hashable, Sendable {
    /// Unique in its pipeline.
    package var name: String
    package var when: Condition
    /// While one of these holds, the rule is muted and what it would have said is a suppression.
    package var unless: [Condition]
    /// Outside these times the rule is muted in the same way; empty means always.
    package var hours: [Schedule]
    package var emit: Emission

    package init(name: String, when: Condition, unless: [Condition] = [], hours: [Schedule] = [], emit: Emission) {
        self.name = name
        self.when = when
        self.unless = unless
        self.hours = hours
        self.emit = emit
    }

    /// The zone its incidents lie in: the one its condition names; empty when that names none or several.
    package var zone: String {
        let named = Set(when.zones)
        return named.count == 1 ? named.first! : ""  // Counted on the line above.
    }
}

/// How much of the time around an incident its clip shows.
package struct ClipWish: Hashable, Sendable {
    package var before: Duration
    package var after: Duration

    package init(before: Duration, after: Duration) {
        self.before = before
        self.after = after
    }
}

/// What a satisfied rule says.
package struct Emission: Hashable, Sendable {
    /// A key of the district's catalogue.
    package var category: String
    package var priority: Priority
    /// What its author expects to happen; the catalogue decides. Nil expects nothing.
    package var filing: FilingPolicy?
    package var snapshot: Bool
    /// A moving picture of its beginning; nil leaves that to the deployment.
    package var clip: ClipWish?

    package init(category: String, priority: Priority, filing: FilingPolicy? = nil, snapshot: Bool = true, clip: ClipWish? = nil) {
        self.category = category
        self.priority = priority
        self.filing = filing
        self.snapshot = snapshot
        self.clip = clip
    }
}
