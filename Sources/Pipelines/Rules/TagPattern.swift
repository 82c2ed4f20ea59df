// Which tags a rule means: a name, or the beginning of names.
// tags → **rules** → incidents

/// `scene:fire_lane` means exactly that tag; `onvif:RuleEngine/*` means all whose name begins so.
package struct TagPattern: Hashable, Sendable, CustomStringConvertible {
    private let text: String
    private let isPrefix: Bool

    /// Nil for what can be no tag: without a kind, with blanks, or with `*` anywhere but at the end.
    package init?(_ text: String) {
        let name = text.hasSuffix("*") ? String(text.dropLast()) : text
        let mark = name.firstIndex(of: ":")
        guard let mark, mark != name.startIndex, name.index(after: mark) < name.endIndex || text.hasSuffix("*"), name.utf8.count <= 128,
            !name.unicodeScalars.contains(where: { $0.value < 0x21 || $0 == "*" })
        else { return nil }
        self.text = name
        isPrefix = text.hasSuffix("*")
    }

    /// True when a tag of this name is meant.
    package func matches(_ name: String) -> Bool { isPrefix ? name.hasPrefix(text) : name == text }

    /// As it is written in a pipeline.
    package var description: String { isPrefix ? text + "*" : text }
}
