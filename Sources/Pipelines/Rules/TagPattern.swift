// Which tags a rule means: a name, or names with one part left open.
// tags → **rules** → incidents

/// `scene:fire_lane` means exactly that tag, `onvif:RuleEngine/*` all whose name begins so, `io:*/water_level_high` that of any sensor.
package struct TagPattern: Hashable, Sendable, CustomStringConvertible {
    private let start: String
    /// What follows the `*`; nil when there is none.
    private let end: String?

    /// Nil for what can be no tag: without a kind, with blanks, or with more than one `*`.
    package init?(_ text: String) {
        let parts = text.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count <= 2, let mark = parts[0].firstIndex(of: ":"), mark != parts[0].startIndex,
            parts.count == 2 || parts[0].index(after: mark) < parts[0].endIndex, text.utf8.count <= 128,
            !text.unicodeScalars.contains(where: { $0.value < 0x21 })
        else { return nil }
        start = String(parts[0])
        end = parts.count == 2 ? String(parts[1]) : nil
    }

    /// True when a tag of this name is meant.
    package func matches(_ name: String) -> Bool {
        guard let end else { return name == start }
        return name.utf8.count >= start.utf8.count + end.utf8.count && name.hasPrefix(start) && name.hasSuffix(end)
    }

    /// As it is written in a pipeline.
    package var description: String { end.map { start + "*" + $0 } ?? start }
}
