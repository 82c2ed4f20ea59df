// Tags that travel inside the pictures, as user data under an identifier that is known here.
// **user data → assertions** → tags → incidents

/// User data of H.264 and H.265 pictures (`user_data_unregistered`) that asserts a tag; `docs/tags.md` has the form.
///
/// Everybody may put anything there, so an identifier says who speaks. One form is known; user data under others is never copied.
package enum UserDataTags {
    /// `a7f1c06e-3d52-4b8e-9f14-58c2e0d7b961`: one flat JSON object behind it.
    package static let identifiers: [[UInt8]] = [
        [0xA7, 0xF1, 0xC0, 0x6E, 0x3D, 0x52, 0x4B, 0x8E, 0x9F, 0x14, 0x58, 0xC2, 0xE0, 0xD7, 0xB9, 0x61]
    ]
    private static let identifierBytes = 16
    private static let mostBytes = 512

    /// What the user data asserts; nil when it is not in the form.
    static func assertion(_ bytes: [UInt8], arrivalSeconds: Double) -> TagAssertion? {
        guard identifiers.contains(Array(bytes.prefix(identifierBytes))),
            var members = FlatJSON.read(Array(bytes.dropFirst(identifierBytes)), most: mostBytes),
            let name = members.takeName("tag"), let claim = members.takeClaim("state"), let lease = members.takeLease("lease_s"),
            members.isEmpty
        else { return nil }
        return TagAssertion(name: "sei:" + name, claim: claim, atSeconds: arrivalSeconds, leaseSeconds: lease.seconds)
    }
}

/// How long an on-state is said to hold; nil leaves it to the board.
struct StatedLease {
    var seconds: Double?
}

/// Members are taken out one by one; what is left at the end is not known here, and the message is refused.
extension [String: FlatJSON.Value] {
    /// A word of letters, digits and `_.-`.
    mutating func takeName(_ key: String) -> String? {
        guard case .text(let text)? = removeValue(forKey: key), TagText.isPlain(text) else { return nil }
        return text
    }

    /// `on`, `off` or `pulse`.
    mutating func takeClaim(_ key: String) -> TagAssertion.Claim? {
        switch removeValue(forKey: key) {
        case .text("on"): .on
        case .text("off"): .off
        case .text("pulse"): .pulse
        default: nil
        }
    }

    /// Seconds from 5 to an hour, or nothing; nil when there is something else.
    mutating func takeLease(_ key: String) -> StatedLease? {
        switch removeValue(forKey: key) {
        case nil: StatedLease()
        case .number(let seconds) where (5...TagBoard.longestLeaseSeconds).contains(seconds): StatedLease(seconds: seconds)
        default: nil
        }
    }

    /// Text of at most 64 bytes, or nothing (`""`); nil when there is something else.
    mutating func takeText(_ key: String) -> String? {
        switch removeValue(forKey: key) {
        case nil: ""
        case .text(let text) where text.utf8.count <= TagText.most: text
        default: nil
        }
    }
}
