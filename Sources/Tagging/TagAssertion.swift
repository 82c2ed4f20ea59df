// What a device says about one of its tags, whatever form it came in.
// **documents, user data, messages → assertions** → tags → incidents

/// One statement of a device: this tag is in this state from here on.
package struct TagAssertion: Hashable, Sendable {
    /// What is said about the tag.
    package enum Claim: Hashable, Sendable {
        case on, off
        /// It happened; there is no duration.
        case pulse
        /// The device no longer has this property.
        case gone
        /// On, and everything else `key=…` with the same key is off: a camera stands at one preset at a time.
        case onAlone
        /// Everything of this name, or `name=…`, is off, whatever its source: what an empty message means.
        case allOff
    }

    /// As `LiveTag.name`.
    package var name: String
    /// As `LiveTag.source`.
    package var source: String
    /// Tells properties of one device apart: two with the same name and source may still be two, such as two objects in one field.
    package var identity: UInt64
    package var claim: Claim
    /// When it became so, on the clock of looks.
    package var atSeconds: Double
    /// How long an on-state holds without being said again; nil leaves it to the board, infinity is for positions and not for alarms.
    package var leaseSeconds: Double?

    /// - Parameter identity: Nil when name and source tell everything.
    package init(
        name: String, source: String = "", identity: UInt64? = nil, claim: Claim, atSeconds: Double, leaseSeconds: Double? = nil
    ) {
        self.name = name
        self.source = source
        self.identity = identity ?? Self.identity([name, source])
        self.claim = claim
        self.atSeconds = atSeconds
        self.leaseSeconds = leaseSeconds
    }

    /// A number for a list of texts; seeded anew in each process, so that no camera can make two of them meet.
    static func identity(_ parts: [String]) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(parts)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}

/// What may stand in a tag's name or source: text that is safe in a log, a metric and a page.
enum TagText {
    /// Longer names are no names.
    static let most = 64

    /// Letters, digits and `_.-`; everything else becomes `_`, and what is too long is cut.
    static func plain(_ text: some StringProtocol, most: Int = Self.most) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(most).map { scalar in
                    isPlain(scalar) ? scalar : "_"
                }))
    }

    /// True when `plain` would change nothing.
    static func isPlain(_ text: some StringProtocol, most: Int = Self.most) -> Bool {
        !text.isEmpty && text.unicodeScalars.count <= most && text.unicodeScalars.allSatisfy(isPlain)
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": true
        default: false
        }
    }
}
