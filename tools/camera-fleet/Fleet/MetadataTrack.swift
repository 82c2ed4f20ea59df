// What a camera's own analytics say about its scene, and when: as true as the scene's truth.
// **scene** ─▶ documents ─▶ packets ─▶ clients

import Domain

/// The form in which cameras of a fleet send metadata.
package enum MetadataKind: String, Sendable, CaseIterable { case onvif }

/// One property or event of a camera's analytics.
package struct MetadataTopic: Sendable, Hashable {
    /// As in ONVIF, without prefix.
    package var path: String
    /// The item of the data that holds its state; nil for what only happens.
    package var stateName: String?
    /// The item of the source that names the rule, and its value.
    package var sourceName: String
    package var rule: String

    static let motion = MetadataTopic(
        path: "RuleEngine/CellMotionDetector/Motion", stateName: "IsMotion", sourceName: "Rule", rule: "MotionInDefinedCells")
    static let line = MetadataTopic(path: "RuleEngine/LineDetector/Crossed", stateName: nil, sourceName: "Rule", rule: "Line-1")
    static let abandoned = MetadataTopic(
        path: "RuleEngine/ObjectAbandoned", stateName: "State", sourceName: "Rule", rule: "Abandoned-1")
    static let tamper = MetadataTopic(path: "RuleEngine/TamperDetector/Tamper", stateName: "IsTamper", sourceName: "Rule", rule: "Tamper-1")
    static let sceneChange = MetadataTopic(
        path: "VideoSource/GlobalSceneChange/AnalyticsService", stateName: "State", sourceName: "Source", rule: "1")
    static let smoke = MetadataTopic(path: "RuleEngine/SmokeDetector/Smoke", stateName: "State", sourceName: "Rule", rule: "Smoke-1")
    static let blurred = MetadataTopic(
        path: "VideoSource/ImageTooBlurry/AnalyticsService", stateName: "State", sourceName: "Source", rule: "1")
}

/// Something said at a moment.
package struct MetadataStatement: Sendable, Equatable {
    package var topic: MetadataTopic
    /// Nil for what only happens.
    package var isOn: Bool?
    /// When it became so, in seconds of the camera's own time; nil when it has never changed.
    package var atSeconds: Double?
}

/// The statements of one scene, which come round with its loop.
package struct MetadataTrack: Sendable {
    private struct Edge {
        var topic: MetadataTopic
        var isOn: Bool?
        /// Within the loop.
        var seconds: Double
    }

    private let edges: [Edge]
    private let loopSeconds: Double
    /// All state properties, in the order in which they are announced.
    private let properties: [MetadataTopic]

    package init(events: [SceneEvent], loopSeconds: Double) {
        self.loopSeconds = loopSeconds
        var edges: [Edge] = []
        func during(_ event: SceneEvent, _ topic: MetadataTopic) {
            edges.append(Edge(topic: topic, isOn: true, seconds: event.startSeconds))
            edges.append(Edge(topic: topic, isOn: false, seconds: event.endSeconds))
        }
        for event in events {
            switch event.kind {
            case "walker", "vehicle":
                during(event, .motion)
                // The line lies where everybody is half of the time.
                edges.append(Edge(topic: .line, isOn: nil, seconds: (event.startSeconds + event.endSeconds) / 2))
            case "parked", "blocked": during(event, .abandoned)
            case "smoke": during(event, .smoke)
            case "covered": during(event, .tamper)
            case "turned": during(event, .sceneChange)
            case "defocused": during(event, .blurred)
            // Light, rain and a frozen picture are nothing a camera's own analytics notice.
            default: break
            }
        }
        self.edges = edges.sorted { $0.seconds < $1.seconds }
        properties = [.motion, .abandoned, .tamper, .sceneChange, .blurred, .smoke]
    }

    /// What is said between two moments of the camera's own time, which goes on over all loops; the first is left out.
    package func statements(after: Double, through: Double) -> [MetadataStatement] {
        edges.flatMap { edge -> [MetadataStatement] in
            let first = ((after - edge.seconds) / loopSeconds).rounded(.down) + 1
            let last = ((through - edge.seconds) / loopSeconds).rounded(.down)
            guard first <= last else { return [] }
            return (Int(first)...Int(last)).map {
                MetadataStatement(topic: edge.topic, isOn: edge.isOn, atSeconds: edge.seconds + Double($0) * loopSeconds)
            }
        }.sorted { $0.atSeconds ?? 0 < $1.atSeconds ?? 0 }
    }

    /// The state of every property: what a camera says at a synchronisation point.
    package func standing(atSeconds seconds: Double) -> [MetadataStatement] {
        properties.map { topic in
            let latest = statements(after: seconds - loopSeconds, through: seconds).last { $0.topic == topic }
            return MetadataStatement(topic: topic, isOn: latest?.isOn ?? false, atSeconds: latest?.atSeconds)
        }
    }
}
