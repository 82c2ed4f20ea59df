// Small text tools for what stands on the wire: ASCII comparison, numbers, hex and base64, all without Foundation.
// **camera ─RTSP─▶** packets ─▶ looks

/// True for blank, tab, CR, LF and NUL: what cameras leave around names and values.
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A || byte == 0 }

/// True for the bytes of an RFC 7230 token.
func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
        UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
        UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default: false
    }
}

private func lowered(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

extension StringProtocol {
    /// The text without blanks at both ends.
    var trimmed: String { lineText(ArraySlice(utf8)) }

    /// Compares as ASCII without regard to case: header names, parameter names and schemes.
    func isSame(as other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8) { lowered($0) == lowered($1) }
    }

    /// True when the text starts with `prefix`, without regard to ASCII case.
    func starts(withText prefix: String) -> Bool {
        self.utf8.count >= prefix.utf8.count
            && self.utf8.prefix(prefix.utf8.count).elementsEqual(prefix.utf8) { lowered($0) == lowered($1) }
    }

    /// The number its leading digits make; nil without a digit or beyond `limit`.
    func leadingNumber(limit: Int = Int(Int32.max)) -> Int? {
        var value: Int?
        for byte in utf8 {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
            let next = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
            guard next <= limit else { return nil }
            value = next
        }
        return value
    }

    /// The printable ASCII of the text, cut at `limit` bytes: what may stand in a log or a failure's context.
    func printable(limit: Int) -> String {
        String(decoding: utf8.lazy.filter { $0 >= 0x20 && $0 < 0x7F }.prefix(limit), as: UTF8.self)
    }
}

/// A camera's bytes as text: without blanks at the ends, and with blanks for control characters, which would start lines in our requests.
func lineText(_ bytes: ArraySlice<UInt8>) -> String {
    var slice = bytes
    while let first = slice.first, isBlank(first) { slice.removeFirst() }
    while let last = slice.last, isBlank(last) { slice.removeLast() }
    for byte in slice where byte < 0x20 || byte == 0x7F {
        return lineText(ArraySlice(slice.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }))
    }
    return String(decoding: slice, as: UTF8.self)
}

/// Text as it may stand in a line of ours.
func withoutControls(_ text: String) -> String {
    for byte in text.utf8 where byte < 0x20 || byte == 0x7F {
        return String(decoding: text.utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
    return text
}

/// The bytes of a range as an array.
func copied(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    for index in range { result.append(bytes[index]) }
    return result
}

/// Lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var result: [UInt8] = []
    for byte in bytes {
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
    }
    return String(decoding: result, as: UTF8.self)
}

/// Base64 of RFC 4648, and a reader that forgives what cameras write.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Base64 with padding.
    static func encoded(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let second = start + 1 < bytes.count ? bytes[start + 1] : 0
            let third = start + 2 < bytes.count ? bytes[start + 2] : 0
            let group = UInt32(bytes[start]) << 16 | UInt32(second) << 8 | UInt32(third)
            result.append(alphabet[Int(group >> 18 & 63)])
            result.append(alphabet[Int(group >> 12 & 63)])
            result.append(start + 1 < bytes.count ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            result.append(start + 2 < bytes.count ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Decodes up to the first byte that is not base64; padding may be missing, too much or wrong. At most `limit` bytes come out.
    static func decoded(_ text: some StringProtocol, limit: Int) -> [UInt8] {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for byte in text.utf8 {
            if isBlank(byte) { continue }
            guard let value = value(of: byte), result.count < limit else { break }
            group = (group << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        return result
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        // The URL-safe alphabet is met as well.
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
