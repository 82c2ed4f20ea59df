// ONVIF topics: one spelling for all makers, and which of them may become tags at all.
// **documents → assertions** → tags → incidents

/// What is done with a message of a topic.
enum TopicVerdict: Equatable {
    case allowed
    /// About persons, plates or counts of people: its content is let go of at once.
    case denied
    /// Nothing here knows what it means.
    case unlisted
}

/// A topic without prefixes, such as `RuleEngine/CellMotionDetector/Motion`.
struct Topic: Equatable {
    let path: String
    let verdict: TopicVerdict

    /// Reads a topic as cameras write it: prefixes on any segment, other topics in front of it, blanks around it.
    ///
    /// Nil for what is no topic: no segments, too many, or other characters than those of XML names.
    init?(_ text: String) {
        var segments: [Substring] = []
        for written in text.split(separator: "/") {
            let words = written.split(separator: ":", omittingEmptySubsequences: false)
            guard let name = words.last.map({ $0.trimmed }), !name.isEmpty else { continue }
            guard TagText.isPlain(name) else { return nil }
            // `tns1:VideoSource/tns1:Device/Trigger/DigitalInput` is said by cameras that mean the last one.
            if words.count > 1, Self.roots.contains(name) { segments = [] }
            segments.append(name)
        }
        guard (1...Self.mostSegments).contains(segments.count) else { return nil }
        path = segments.joined(separator: "/")
        verdict = Self.allowedPaths.contains(path) ? .allowed : Self.verdict(segments)
    }

    /// The deepest topic of the specification has five.
    private static let mostSegments = 8

    /// Where topics begin (ONVIF Core Specification §9.6, and what Analytics and Imaging add).
    private static let roots: Set<Substring> = [
        "Device", "VideoSource", "VideoEncoder", "VideoAnalytics", "RuleEngine", "PTZController", "AudioSource", "AudioEncoder",
        "AudioAnalytics", "UserAlarm", "MediaControl", "RecordingConfig", "RecordingHistory", "Monitoring", "Configuration",
    ]

    /// What denies a topic wherever it stands in it. Analytics specification, and `RuleEngine/MyRuleDetector` of several makers.
    private static let deniedWords: [[UInt8]] = [
        "face", "plate", "person", "people", "human", "body", "visitor", "loiter", "count", "recogni", "identi", "gender", "crowd",
        "queue", "pedestrian", "customer",
    ].map { Array($0.utf8) }

    /// `*` is any one segment, at the end also several.
    private static let allowed: [[Substring]] = [
        "VideoSource/MotionAlarm", "VideoSource/GlobalSceneChange/*", "VideoSource/ImageTooDark/*", "VideoSource/ImageTooBlurry/*",
        "VideoSource/ImageTooBright/*", "VideoSource/SignalLoss", "RuleEngine/CellMotionDetector/Motion",
        "RuleEngine/MotionRegionDetector/Motion", "RuleEngine/LineDetector/Crossed", "RuleEngine/FieldDetector/ObjectsInside",
        "RuleEngine/ObjectAbandoned", "RuleEngine/ObjectRemoved", "RuleEngine/TamperDetector/Tamper",
        "RuleEngine/Radiometry/TemperatureAlarm", "RuleEngine/SmokeDetector/*", "RuleEngine/FireDetector/*", "Device/Trigger/DigitalInput",
        "Device/HardwareFailure/*", "Device/Sensor/*",
        "PTZController/*",
    ].map { $0.split(separator: "/") }
    /// Those without `*`: nearly all messages are of one of them, and none of them holds a denied word.
    private static let allowedPaths = Set(allowed.filter { $0.last != "*" }.map { $0.joined(separator: "/") })

    /// What happens at a moment, whatever its message looks like.
    private static let pulses: Set<String> = ["RuleEngine/LineDetector/Crossed"]

    var isPulse: Bool { Self.pulses.contains(path) }

    private static func verdict(_ segments: [Substring]) -> TopicVerdict {
        let isDenied = segments.contains { segment in
            let lowercase = Array(segment.lowercased().utf8)
            return deniedWords.contains { word in lowercase.indices.contains { lowercase[$0...].starts(with: word) } }
        }
        if isDenied { return .denied }
        return allowed.contains { matches($0, segments) } ? .allowed : .unlisted
    }

    private static func matches(_ pattern: [Substring], _ segments: [Substring]) -> Bool {
        guard pattern.last == "*" else { return pattern == segments }
        return segments.count >= pattern.count && segments.starts(with: pattern.dropLast())
    }
}

extension StringProtocol {
    /// Without blanks and line ends around it.
    var trimmed: Substring {
        let start = self[...].drop { $0.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return Substring(start[...end])
    }
}
