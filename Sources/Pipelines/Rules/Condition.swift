// What a rule asks for, as data: detections in zones, tags, times, and how they are joined.
// detections and tags → **rules** → incidents

package import Domain

/// A condition that is satisfied, not satisfied, or cannot be told.
package indirect enum Condition: Hashable, Sendable {
    case detection(DetectionMatch)
    case tag(TagPattern)
    case during(Schedule)
    case all([Condition])
    case any([Condition])
    case not(Condition)
    case timed(Condition, Timing)
}

/// Which detections are meant.
package struct DetectionMatch: Hashable, Sendable {
    package var kind: Detection.Kind
    /// Nil means anywhere that is watched.
    package var zone: String?
    package var minimumScore: Int

    package init(_ kind: Detection.Kind, zone: String? = nil, minimumScore: Int = 0) {
        self.kind = kind
        self.zone = zone
        self.minimumScore = minimumScore
    }

    /// True when the detection is meant.
    package func matches(_ detection: Detection) -> Bool {
        guard detection.kind == kind, detection.score >= minimumScore else { return false }
        guard let zone else { return true }
        return detection.zones.contains(zone)
    }
}

/// How long and how often a condition must have held, in seconds of the looks' clock.
package struct Timing: Hashable, Sendable {
    /// Held without a break for this long; 0 asks only whether it holds.
    package var forSeconds: Double
    /// It is enough that this was so at some time in the last so many seconds; nil asks for now.
    package var withinSeconds: Double?
    /// This many separate times within `withinSeconds`.
    package var count: Int

    package init(forSeconds: Double = 0, withinSeconds: Double? = nil, count: Int = 1) {
        precondition(count == 1 || withinSeconds != nil, "times are counted within a time")
        self.forSeconds = forSeconds
        self.withinSeconds = withinSeconds
        self.count = count
    }
}

extension Condition {
    /// The zones it names, in the order of reading.
    package var zones: [String] {
        switch self {
        case .detection(let match): match.zone.map { [$0] } ?? []
        case .tag, .during: []
        case .all(let parts), .any(let parts): parts.flatMap(\.zones)
        case .not(let part), .timed(let part, _): part.zones
        }
    }
}

extension Condition: CustomStringConvertible {
    /// One line for people, e.g. `changed_static in zone lane for 180 s`.
    package var description: String {
        switch self {
        case .detection(let match): "\(match)"
        case .tag(let pattern): "tag \(pattern)"
        case .during(let schedule): "\(schedule)"
        case .all(let parts): "all of (" + parts.map(\.description).joined(separator: "; ") + ")"
        case .any(let parts): "any of (" + parts.map(\.description).joined(separator: "; ") + ")"
        case .not(let part): "not \(part)"
        case .timed(let part, let timing): "\(part) \(timing)"
        }
    }
}

extension DetectionMatch: CustomStringConvertible {
    package var description: String {
        kind.rawValue + (zone.map { " in zone \($0)" } ?? "") + (minimumScore > 0 ? " with score \(minimumScore) or more" : "")
    }
}

extension Timing: CustomStringConvertible {
    package var description: String {
        var words: [String] = []
        if forSeconds > 0 { words.append("for \(Spoken.seconds(forSeconds))") }
        if let withinSeconds {
            words.append(
                count > 1 ? "\(count) times within \(Spoken.seconds(withinSeconds))" : "within the last \(Spoken.seconds(withinSeconds))")
        }
        return words.joined(separator: ", ")
    }
}

/// Numbers as people read them.
enum Spoken {
    /// Tenths below ten seconds, whole seconds below ten minutes, minutes above.
    static func seconds(_ value: Double) -> String {
        guard value.isFinite else { return "all the time" }
        let value = max(0, value)
        if value >= 600 { return "\(Int((value / 60).rounded())) min" }
        let tenths = Int((value * 10).rounded())
        return value < 10 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10) s" : "\(Int(value.rounded())) s"
    }
}
