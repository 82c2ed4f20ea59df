// Free text on its way into and out of the tables.

/// Free text as a column holds it: U+0000 written as `\0` and `\` as `\\`, so that every text comes back as it was.
///
/// PostgreSQL refuses U+0000 in text, and GRDB hands SQLite a C string that ends at the first one.
package enum StoredText {
    /// The text as it is stored.
    package static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\\") }) else { return text }
        return text.replacing("\\", with: "\\\\").replacing("\0", with: "\\0")
    }

    /// The text as it was.
    package static func unescape(_ stored: String) -> String {
        guard stored.utf8.contains(UInt8(ascii: "\\")) else { return stored }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(stored.utf8.count)
        var escaped = false
        for byte in stored.utf8 {
            if escaped {
                bytes.append(byte == UInt8(ascii: "0") ? 0 : byte)
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
