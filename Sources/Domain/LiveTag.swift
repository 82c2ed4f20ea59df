// What a device asserts at the moment: the third kind of evidence beside static tags and detections.
// camera → packets → **tags** → incidents

/// A tag with its present state, as rules see it.
package struct LiveTag: Hashable, Sendable {
    /// Whether the device says so, says not, or cannot be asked.
    package enum State: String, Sendable {
        case on, off
        /// The device was away, or said nothing for longer than its lease: neither on nor off may be concluded.
        case unknown
    }

    /// Kind and name, e.g. `onvif:RuleEngine/ObjectAbandoned`, `io:door-7/open`, `ptz:moving`.
    package var name: String
    /// Which of the device's rules, inputs or tokens it is; empty when there is only one.
    package var source: String
    package var state: State
    /// When it took this state, on the clock of looks (monotonic seconds of arrival).
    package var sinceSeconds: Double
    /// True for what only happens (a line was crossed): `on` at `sinceSeconds`, without a duration.
    package var isPulse: Bool

    package init(name: String, source: String = "", state: State, sinceSeconds: Double, isPulse: Bool = false) {
        self.name = name
        self.source = source
        self.state = state
        self.sinceSeconds = sinceSeconds
        self.isPulse = isPulse
    }
}
