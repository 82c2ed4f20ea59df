// What a notification asserts: which tag, which property of it, on, off, over, or just now.
// **documents → assertions** → tags → incidents

import Domain

extension Notification {
    /// Names of the items that hold a property's state, by topic of the ONVIF specifications and as makers write them.
    private static let stateNames: Set<String> = [
        "ismotion", "state", "isinside", "logicalstate", "istamper", "isalarm", "failed", "active", "alarm", "isactive", "value",
    ]
    /// Items that name one of a device's rules or inputs, the best first.
    private static let sourceNames = ["rule", "rulename", "inputtoken", "token", "source", "videosource"]

    /// The assertions of this notification; empty when it says nothing that can be told.
    ///
    /// - Parameters:
    ///   - arrivalSeconds: When its last byte came, on the clock of looks.
    ///   - arrivalWall: The same moment as a label.
    func assertions(arrivalSeconds: Double, arrivalWall: WallTime) -> [TagAssertion] {
        guard let topic else { return [] }
        let seconds = arrivalSeconds - DeviceTime.age(time, at: arrivalWall)
        if topic.path.hasPrefix("PTZController/") { return presetAssertions(topic, seconds) }
        let name = "onvif:" + topic.path
        let isBare = source.isEmpty && key.isEmpty && data.isEmpty
        guard let claim = claim(topic, isBare: isBare) else { return [] }
        // Topic, source and key tell a property; items come in any order. What an item of the key says, such as an object's number, is
        // needed to tell two apart and for nothing else.
        let items = (source.map { "s\($0.name)=\($0.value)" } + key.map { "k\($0.name)=\($0.value)" }).sorted()
        return [
            TagAssertion(
                name: name, source: sourceText, identity: TagAssertion.identity([name, topic.isPulse ? "pulse" : ""] + items), claim: claim,
                atSeconds: seconds)
        ]
    }

    private func claim(_ topic: Topic, isBare: Bool) -> TagAssertion.Claim? {
        if topic.isPulse {
            // Its creation and its end are not that it happened.
            return operation == .initialized || operation == .deleted ? nil : .pulse
        }
        if operation == .deleted { return .gone }
        if let state { return state ? .on : .off }
        // "No motion" is an empty message on some cameras, with its source or without.
        if isBare { return .allOff }
        if data.isEmpty { return operation == nil || operation == .changed ? .off : nil }
        return operation == nil ? .pulse : nil
    }

    /// The state among the data; nil when there is none that can be told.
    private var state: Bool? {
        if let named = data.first(where: { Self.stateNames.contains($0.name.lowercased()) && Self.truth($0.value) != nil }) {
            return Self.truth(named.value)
        }
        let truths = data.compactMap { Self.truth($0.value) }
        return truths.count == 1 ? truths[0] : nil
    }

    private static func truth(_ text: String) -> Bool? {
        switch text.trimmed.lowercased() {
        case "true", "1", "active", "on", "yes", "alarm": true
        case "false", "0", "inactive", "off", "no", "normal": false
        default: nil
        }
    }

    private var sourceText: String {
        for name in Self.sourceNames {
            if let item = source.first(where: { $0.name.lowercased() == name }) { return TagText.plain(item.value) }
        }
        return TagText.plain(source.sorted { $0.name < $1.name }.map(\.value).joined(separator: "."))
    }

    /// A camera that can be turned stands at one preset, or at none while it turns.
    private func presetAssertions(_ topic: Topic, _ seconds: Double) -> [TagAssertion] {
        let token = (data + source + key).first { $0.name.lowercased() == "presettoken" }.map { TagText.plain($0.value) }
        let standsNowhere = TagAssertion(name: "ptz:preset", claim: .allOff, atSeconds: seconds)
        func moving(_ claim: TagAssertion.Claim) -> TagAssertion { TagAssertion(name: "ptz:moving", claim: claim, atSeconds: seconds) }
        switch topic.path {
        case "PTZController/PTZPresets/Invoked": return [standsNowhere, moving(.on)]
        case "PTZController/PTZPresets/Left": return [standsNowhere]
        case "PTZController/PTZPresets/Aborted": return [standsNowhere, moving(.off)]
        case "PTZController/PTZPresets/Reached":
            guard let token, !token.isEmpty else { return [moving(.off)] }
            // It stands there until it is moved: a position does not get stuck as an alarm does.
            return [TagAssertion(name: "ptz:preset=\(token)", claim: .onAlone, atSeconds: seconds, leaseSeconds: .infinity), moving(.off)]
        default: return []
        }
    }
}

/// A device's own time: a hint about the last seconds and nothing more.
enum DeviceTime {
    /// Beyond this a camera's clock is taken for wrong; properties never seen since the start say 1970.
    static let mostSeconds = 5.0

    /// How long ago something happened; 0 when the device's clock cannot be believed.
    static func age(_ text: String?, at wall: WallTime) -> Double {
        guard let text, let time = parsed(text) else { return 0 }
        let age = wall.seconds(since: time)
        return age > 0 && age <= mostSeconds ? age : 0
    }

    /// `2026-11-23T02:24:57Z` with any number of digits behind the second; nil for everything else.
    private static func parsed(_ text: String) -> WallTime? {
        let bytes = text.trimmed.utf8
        guard bytes.count >= 20, bytes.last == 0x5A else { return nil }
        let head = bytes.prefix(19)
        let rest = bytes.dropFirst(19).dropLast()
        guard rest.isEmpty || rest.first == 0x2E else { return nil }
        let digits = Array(rest.dropFirst().prefix(3)) + [0x30, 0x30, 0x30]
        return WallTime(String(decoding: Array(head) + [0x2E] + digits.prefix(3) + [0x5A], as: UTF8.self))
    }
}
