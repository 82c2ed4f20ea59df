// An open theft report as it reaches those who compare tags with it.
// **theft reports** ══▶ sightings → tags → incidents

/// What is known of a report wherever sightings are compared: neither the tag's number nor anything about the owner.
package struct TheftReport: Hashable, Sendable {
    /// The number of the report with the police.
    package var number: String
    /// The tag under each key of the district: 64 lower-case hexadecimal digits each.
    package var tokens: [String]
    package var expires: WallTime

    package init(number: String, tokens: [String], expires: WallTime) {
        self.number = number
        self.tokens = tokens
        self.expires = expires
    }
}
