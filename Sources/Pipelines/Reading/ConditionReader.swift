// Conditions, schedules and applicability as they are written.
// **YAML** → pipelines → rules

import Base
import Domain

/// Reads the conditions of one rule and remembers which zones they name, and where.
struct ConditionReader {
    private(set) var zones: [(name: String, line: Int)] = []

    /// Deeper than any rule that a person can follow.
    private static let depthLimit = 6
    private static let kinds = ["detection", "tag", "during", "all", "any", "not"]

    /// One condition: a mapping with exactly one kind, and perhaps a time.
    mutating func read(_ node: StrictYAML, depth: Int = 0) -> Condition? {
        guard depth < Self.depthLimit else {
            node.report("conditions lie at most \(Self.depthLimit) deep")
            return nil
        }
        let named = Self.kinds.filter { node.child($0) != nil }
        guard let kind = named.first, named.count == 1, let child = node.child(kind) else {
            let list = Self.kinds.joined(separator: ", ")
            if !node.isText, !node.isList {
                node.report("a condition has exactly one of \(list)" + (named.isEmpty ? "" : ", not \(named.joined(separator: " and "))"))
            }
            skip(node)
            return nil
        }
        let condition: Condition?
        switch kind {
        case "detection": condition = readDetection(child, in: node)
        case "tag": condition = readTag(child)
        case "during":
            let schedules = Schedule.readList(child).map(Condition.during)
            condition = schedules.count == 1 ? schedules[0] : schedules.isEmpty ? nil : .any(schedules)
        case "not": condition = read(child, depth: depth + 1).map(Condition.not)
        default:
            let parts = readParts(child, depth: depth)
            condition = parts.map { kind == "all" ? .all($0) : .any($0) }
        }
        let timing = readTiming(node)
        node.finish()
        guard let condition else { return nil }
        return timing.map { .timed(condition, $0) } ?? condition
    }

    /// `unless`: tags as plain text, or conditions.
    mutating func readUnless(_ node: StrictYAML) -> [Condition] {
        let elements = node.isText ? [node] : node.elements
        return elements.compactMap { element in element.isText ? readTag(element) : read(element) }
    }

    private mutating func readParts(_ node: StrictYAML, depth: Int) -> [Condition]? {
        let elements = node.elements
        guard !elements.isEmpty else {
            if node.isList { node.report("a list of conditions must not be empty") }
            return nil
        }
        let parts = elements.compactMap { read($0, depth: depth + 1) }
        return parts.count == elements.count ? parts : nil
    }

    private mutating func readDetection(_ child: StrictYAML, in node: StrictYAML) -> Condition? {
        guard let text = child.string() else { return nil }
        let kind = Detection.Kind(rawValue: text)
        if kind == nil {
            child.report("'\(text)' is no detection; known are \(Detection.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        var match = DetectionMatch(kind ?? .motion)
        if let zone = node.child("zone"), let name = zone.string() {
            match.zone = name
            zones.append((name, zone.line))
        }
        if let score = node.child("score")?.int(in: 0...100) { match.minimumScore = score }
        return kind == nil ? nil : .detection(match)
    }

    private func readTag(_ node: StrictYAML) -> Condition? { TagPattern(node).map(Condition.tag) }

    private func readTiming(_ node: StrictYAML) -> Timing? {
        var (held, within, count) = (0.0, 0.0, 1)
        node.seconds("for", 0.1...86_400, &held)
        node.seconds("within", 0.1...86_400, &within)
        node.integer("count", 2...100, &count)
        if within > 0, held > within {
            node.child("for")?.report("what must hold for longer than it is looked back at can never be: for must not exceed within")
        }
        if count > 1, within == 0 { node.child("count")?.report("count needs within: how many times in how long") }
        if count > 1, within > 0, Double(count) * held > within {
            node.child("count")?.report("\(count) times 'for' do not fit into 'within'")
        }
        guard held > 0 || within > 0 else { return nil }
        return Timing(forSeconds: held, withinSeconds: within > 0 ? within : nil, count: within > 0 ? count : 1)
    }

    /// Asks for every key, so that one mistake is not followed by others about the same line.
    private func skip(_ node: StrictYAML) {
        for key in Self.kinds + ["zone", "score", "for", "within", "count"] { _ = node.child(key) }
        node.finish()
    }
}

extension Schedule {
    /// One schedule, or a list of them of which any may hold.
    static func readList(_ node: StrictYAML) -> [Schedule] {
        node.isList ? node.elements.compactMap(read) : read(node).map { [$0] } ?? []
    }

    private static func read(_ node: StrictYAML) -> Schedule? {
        let days = node.child("days").map(readDays) ?? .all
        let from = node.child("from")
        let to = node.child("to")
        node.finish()
        if (from == nil) != (to == nil) { node.report("from and to belong together: write both, or none for the whole day") }
        let fromMinute = from.map(readTime) ?? 0
        let toMinute = to.map(readTime) ?? 0
        guard let days, let fromMinute, let toMinute else { return nil }
        if let from, fromMinute == toMinute { from.report("from and to are the same: leave both out for the whole day") }
        return Schedule(days: days, fromMinute: fromMinute, toMinute: toMinute)
    }

    private static func readDays(_ node: StrictYAML) -> Days? {
        let hint = "days must be all, working, free, or a list of \(weekdayWords.joined(separator: ", "))"
        if node.isText {
            switch node.string() {
            case "all": return .all
            case "working": return .working
            case "free": return .free
            default:
                node.report(hint)
                return nil
            }
        }
        let words = node.elements.compactMap { $0.string() }
        let weekdays = words.compactMap { weekdayWords.firstIndex(of: $0) }
        guard !weekdays.isEmpty, weekdays.count == words.count else {
            node.report(hint)
            return nil
        }
        return .weekdays(Set(weekdays))
    }

    /// `07:30`, up to `24:00`.
    private static func readTime(_ node: StrictYAML) -> Int? {
        guard let text = node.string() else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 2, parts[1].utf8.count == 2, let hour = Int(parts[0]), let minute = Int(parts[1]),
            (0..<60).contains(minute), (0...24).contains(hour), hour < 24 || minute == 0
        else {
            node.report("'\(text)' is no time of day: write \"07:30\", from \"00:00\" to \"24:00\"")
            return nil
        }
        return hour * 60 + minute
    }
}

extension Applicability {
    /// Reads the `applies` mapping; everything that stands in it must hold.
    static func read(_ node: StrictYAML, depth: Int = 0) -> Applicability {
        var parts: [Applicability] = []
        if let child = node.child("tags") {
            parts.append(.tags(elements(child).compactMap(TagPattern.init)))
        }
        if let child = node.child("cameras") {
            let ids = elements(child).compactMap { element -> CameraID? in
                guard let text = element.string() else { return nil }
                let id = CameraID(text)
                if id == nil { element.report("'\(text)' is no camera: 20 digits, in quotes so that they stay text") }
                return id
            }
            parts.append(.cameras(Set(ids)))
        }
        if let child = node.child("zones") { parts.append(.zones(elements(child).compactMap { $0.string() })) }
        if depth < 4 {
            if let child = node.child("all") { parts.append(.all(child.elements.map { read($0, depth: depth + 1) })) }
            if let child = node.child("any") { parts.append(.any(child.elements.map { read($0, depth: depth + 1) })) }
            if let child = node.child("not") { parts.append(.not(read(child, depth: depth + 1))) }
        }
        node.finish()
        if parts.isEmpty { node.report("says nothing: name tags, cameras, zones, all, any or not, or leave applies out for every camera") }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private static func elements(_ node: StrictYAML) -> [StrictYAML] {
        let elements = node.elements
        if elements.isEmpty, node.isList { node.report("the list must not be empty") }
        return elements
    }
}

extension TagPattern {
    /// Reads a scalar; a finding and nil when it is no tag.
    fileprivate init?(_ node: StrictYAML) {
        guard let text = node.string() else { return nil }
        guard let pattern = TagPattern(text) else {
            node.report("'\(text)' is no tag: write kind:name such as scene:fire_lane, with at most one '*'")
            return nil
        }
        self = pattern
    }
}
