// The JSON Lines of `snowlight detect`: one object a line, numbers rounded to what they mean.
// frames → detections → incidents → **lines**

package import Domain

/// Writes one JSON object on one line, members in the order they are added.
package struct DetectLine: Sendable, Hashable {
    private var members = ""

    /// - Parameter type: `incident`, `suppressed`, `health`, `frame` or `summary`.
    package init(type: String) { add("type", type) }

    /// The object as text, without the line's end.
    package var text: String { "{" + members + "}" }

    /// Adds text, escaped.
    package mutating func add(_ name: String, _ value: String) { append(name, Self.quoted(value)) }

    /// Adds a whole number.
    package mutating func add(_ name: String, _ value: Int) { append(name, String(value)) }

    /// Adds true or false.
    package mutating func add(_ name: String, _ value: Bool) { append(name, value ? "true" : "false") }

    /// Adds a list of texts.
    package mutating func add(_ name: String, _ values: [String]) {
        append(name, "[" + values.map(Self.quoted).joined(separator: ",") + "]")
    }

    /// Rounds to `digits` decimals; what is no number becomes null.
    package mutating func add(_ name: String, _ value: Double, digits: Int) { append(name, Self.rounded(value, digits)) }

    /// Four relative numbers, cut to 0…1, to a thousandth: a pixel of a 1,000 pixel picture.
    package mutating func add(_ name: String, _ box: RelativeBox?) {
        guard let box else { return append(name, "null") }
        let x = min(1, max(0, box.x))
        let y = min(1, max(0, box.y))
        let numbers = [x, y, min(1 - x, max(0, box.width)), min(1 - y, max(0, box.height))]
        append(name, "[" + numbers.map { Self.rounded($0, 3) }.joined(separator: ",") + "]")
    }

    /// An object of counters, sorted by name.
    package mutating func add(_ name: String, _ counts: [String: Int]) {
        let pairs = counts.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + String($0.value) }
        append(name, "{" + pairs.joined(separator: ",") + "}")
    }

    private mutating func append(_ name: String, _ json: String) {
        members += (members.isEmpty ? "" : ",") + Self.quoted(name) + ":" + json
    }

    private static func rounded(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "null" }
        var unit = 1
        for _ in 0..<digits { unit *= 10 }
        let scaled = Int((abs(value) * Double(unit)).rounded())
        var text = (value < 0 && scaled > 0 ? "-" : "") + String(scaled / unit)
        var fraction = String(scaled % unit)
        fraction = String(repeating: "0", count: digits - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        if !fraction.isEmpty { text += "." + fraction }
        return text
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
