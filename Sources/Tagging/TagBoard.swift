// The tags of one camera as they stand: what is on, since when, and for how long one may believe it.
// documents, messages → assertions → **tags** → incidents

package import Domain

/// One change of a camera's live tags.
package struct TagChange: Hashable, Sendable {
    package var tag: LiveTag
    /// What it was before; nil for a tag that was not there.
    package var before: LiveTag.State?
}

//             on                    off, gone                  lease runs out, connection ends
//   absent ────────▶ on ────────────────────────▶ off      on ─────────────────────────────────▶ unknown
//                    ▲                             │                                                 │
//                    └──────────── on ─────────────┴──────────────── on, off ◀───────────────────────┘
//
// | state   | promises                                                                                       |
// |---------|------------------------------------------------------------------------------------------------|
// | on      | the device said so, and again within its lease: 60 s, or three times as long as it usually takes |
// | off     | the device said so last; holds until it says otherwise or its connection ends                  |
// | unknown | nobody knows: cameras exist that say "on" and never "off"                                      |
//
// A pulse is on at its moment and leaves the board by itself.

/// The live tags of one camera. A plain value; every event takes the time and returns what has changed.
package struct TagBoard: Sendable {
    /// Properties a camera may have at once; the busiest known has 20.
    package static let mostProperties = 64
    /// An on-state that nobody repeats is believed for this long.
    package static let leaseSeconds = 60.0
    /// Devices that repeat themselves more rarely than every 20 minutes are not waited for.
    package static let longestLeaseSeconds = 3600.0
    /// How long rules can ask whether something has happened lately.
    package static let pulseSeconds = 60.0

    private struct Property: Sendable {
        var name: String
        var source: String
        var state: LiveTag.State
        var sinceSeconds: Double
        var heardSeconds: Double
        /// Said by the device; nil leaves it to its rhythm.
        var statedLeaseSeconds: Double?
        /// The longest of its latest distances between two equal statements.
        var rhythmSeconds = 0.0
        var isPulse: Bool

        var endsSeconds: Double {
            if isPulse { return sinceSeconds + pulseSeconds }
            guard state == .on else { return .infinity }
            return heardSeconds + (statedLeaseSeconds ?? min(max(TagBoard.leaseSeconds, 3 * rhythmSeconds), longestLeaseSeconds))
        }
    }

    private var properties: [UInt64: Property] = [:]
    /// Assertions that found no room.
    package private(set) var refused = 0

    package init() {}

    // MARK: events

    /// Takes what a device said, in its order.
    package mutating func apply(_ assertions: [TagAssertion], nowSeconds: Double) -> [TagChange] {
        changes {
            $0.letTimePass(nowSeconds)
            for assertion in assertions { $0.take(assertion, nowSeconds) }
        }
    }

    /// Lets time pass: leases run out, pulses leave. Call it at least once a second while `nextSeconds` is not nil.
    package mutating func expire(nowSeconds: Double) -> [TagChange] {
        guard let nextSeconds, nextSeconds < nowSeconds else { return [] }
        return changes { $0.letTimePass(nowSeconds) }
    }

    /// The camera's connection ended or began anew: what it said about itself is unknown until it says it again; sensors beside it go on.
    package mutating func disconnected(nowSeconds: Double) -> [TagChange] {
        changes { board in
            board.letTimePass(nowSeconds)
            for (identity, property) in board.properties where Self.isInBand(property.name) {
                if property.isPulse {
                    board.properties[identity] = nil
                } else if property.state != .unknown {
                    board.properties[identity]?.state = .unknown
                    board.properties[identity]?.sinceSeconds = nowSeconds
                }
            }
        }
    }

    // MARK: what stands on it

    /// When time alone changes something next; nil when it never does.
    package var nextSeconds: Double? {
        let next = properties.values.lazy.map(\.endsSeconds).min()
        return next == .infinity ? nil : next
    }

    /// The tags by name and source. Properties that differ in nothing else are one tag: on if one of them is, unknown if one of the
    /// others is.
    package func live() -> [LiveTag] {
        var tags: [LiveTag] = []
        for property in properties.values.sorted(by: { ($0.name, $0.source) < ($1.name, $1.source) }) {
            let tag = LiveTag(
                name: property.name, source: property.source, state: property.state, sinceSeconds: property.sinceSeconds,
                isPulse: property.isPulse)
            if let last = tags.last, last.name == tag.name, last.source == tag.source, last.isPulse == tag.isPulse {
                tags[tags.count - 1] = Self.joined(last, tag)
            } else {
                tags.append(tag)
            }
        }
        return tags
    }

    private static func joined(_ a: LiveTag, _ b: LiveTag) -> LiveTag {
        if a.state == b.state {
            // On since the first of them; off and unknown since the last of them; of pulses the latest.
            let isFirst = a.state == .on && !a.isPulse ? a.sinceSeconds <= b.sinceSeconds : a.sinceSeconds >= b.sinceSeconds
            return isFirst ? a : b
        }
        let order: [LiveTag.State] = [.on, .unknown, .off]
        return order.first { $0 == a.state || $0 == b.state } == a.state ? a : b
    }

    // MARK: changes

    private mutating func changes(_ body: (inout TagBoard) -> Void) -> [TagChange] {
        let before = Dictionary(live().map { (Key($0), $0) }, uniquingKeysWith: { first, _ in first })
        body(&self)
        let after = live()
        var changes = after.compactMap { tag -> TagChange? in
            let old = before[Key(tag)]
            guard old?.state != tag.state || tag.isPulse && old?.sinceSeconds != tag.sinceSeconds else { return nil }
            return TagChange(tag: tag, before: old?.state)
        }
        // What has left the board is over; a pulse was over when it came.
        let present = Set(after.map(Key.init))
        for tag in before.values.sorted(by: { ($0.name, $0.source) < ($1.name, $1.source) })
        where !present.contains(Key(tag)) && !tag.isPulse && tag.state != .off {
            var ended = tag
            ended.state = .off
            changes.append(TagChange(tag: ended, before: tag.state))
        }
        return changes
    }

    private struct Key: Hashable {
        var name: String
        var source: String
        var isPulse: Bool

        init(_ tag: LiveTag) { (name, source, isPulse) = (tag.name, tag.source, tag.isPulse) }
    }

    private mutating func letTimePass(_ nowSeconds: Double) {
        for (identity, property) in properties where property.endsSeconds < nowSeconds {
            if property.isPulse {
                properties[identity] = nil
            } else {
                properties[identity]?.state = .unknown
                properties[identity]?.sinceSeconds = property.endsSeconds
            }
        }
    }

    private mutating func take(_ assertion: TagAssertion, _ nowSeconds: Double) {
        switch assertion.claim {
        case .on, .off, .pulse: set(assertion, nowSeconds)
        case .gone: properties[assertion.identity] = nil
        case .allOff: turnOff(assertion.name, except: nil, assertion.atSeconds)
        case .onAlone:
            let key = assertion.name.prefix { $0 != "=" }
            turnOff(String(key), except: assertion.identity, assertion.atSeconds)
            set(assertion, nowSeconds)
        }
    }

    private mutating func set(_ assertion: TagAssertion, _ nowSeconds: Double) {
        let state: LiveTag.State = assertion.claim == .off ? .off : .on
        let isPulse = assertion.claim == .pulse
        if var property = properties[assertion.identity], property.isPulse == isPulse {
            if property.state == state {
                // Half-lives of memory: one long silence is forgotten again when the device is lively.
                property.rhythmSeconds = max(nowSeconds - property.heardSeconds, property.rhythmSeconds / 2)
            }
            if property.state != state || isPulse { property.sinceSeconds = assertion.atSeconds }
            property.state = state
            property.heardSeconds = nowSeconds
            property.statedLeaseSeconds = assertion.leaseSeconds
            properties[assertion.identity] = property
            return
        }
        guard properties[assertion.identity] != nil || makeRoom() else {
            refused &+= 1
            return
        }
        properties[assertion.identity] = Property(
            name: assertion.name, source: assertion.source, state: state, sinceSeconds: assertion.atSeconds, heardSeconds: nowSeconds,
            statedLeaseSeconds: assertion.leaseSeconds, isPulse: isPulse)
    }

    private mutating func turnOff(_ name: String, except identity: UInt64?, _ atSeconds: Double) {
        for (other, property) in properties
        where other != identity && !property.isPulse && property.state != .off
            && (property.name == name || property.name.hasPrefix(name + "="))
        {
            properties[other]?.state = .off
            properties[other]?.sinceSeconds = atSeconds
        }
    }

    /// Lets go of what has been quiet for longest when the board is full; false when everything on it is on.
    private mutating func makeRoom() -> Bool {
        guard properties.count >= Self.mostProperties else { return true }
        guard let oldest = properties.filter({ $0.value.state != .on }).min(by: { $0.value.heardSeconds < $1.value.heardSeconds }) else {
            return false
        }
        properties[oldest.key] = nil
        return true
    }

    /// What comes over the camera's own connection and is therefore unknown without it.
    private static func isInBand(_ name: String) -> Bool { ["onvif:", "ptz:", "sei:"].contains { name.hasPrefix($0) } }
}
