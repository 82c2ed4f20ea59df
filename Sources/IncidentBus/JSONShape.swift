// What is checked about JSON from the network before a parser sees it: size, encoding, depth.

/// Limits on JSON text that a stranger wrote.
enum JSONShape {
    /// Our deepest value is three levels; eight leave room for later fields.
    static let maximumDepth = 8

    /// What is wrong with `bytes` as one JSON object, or nil. One pass, no recursion.
    static func problem(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= FrameLimits.payloadBytes else { return "the text has \(bytes.count) bytes, more than 64 KiB" }
        // A zero byte is valid UTF-8 but not valid JSON; Foundation's parser would take it for UTF-16.
        guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else { return "the text is not UTF-8" }
        guard bytes.first == UInt8(ascii: "{") else { return "the text is not a JSON object" }
        var depth = 0
        var inString = false
        var escaped = false
        for byte in bytes {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > maximumDepth { return "values are nested more than \(maximumDepth) deep" }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return nil
    }
}
