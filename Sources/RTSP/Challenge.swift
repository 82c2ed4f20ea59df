// What a camera asks for with 401: the challenges of WWW-Authenticate, as cameras write them.
// **camera ─RTSP─▶** packets ─▶ looks

/// One challenge of a `WWW-Authenticate` header.
package struct Challenge: Sendable, Equatable {
    /// Challenges of one answer that are looked at; cameras offer up to three.
    package static let most = 8
    /// Parameters of one challenge that are looked at; RFC 7616 knows ten.
    static let mostParameters = 32
    /// The longest realm, nonce or opaque that is echoed; a longer one would fill our request.
    static let longestValue = 1024

    /// A parameter in both forms.
    private struct Parameter: Sendable, Equatable {
        let name: String
        /// What the camera means, without escapes.
        let value: String
        /// What stands between the quotes and is sent back unchanged.
        let raw: String
    }

    package let scheme: String
    private var parameters: [Parameter] = []

    /// What the camera means by the parameter; the name in any case.
    package subscript(_ name: String) -> String? { parameters.first { $0.name.isSame(as: name) }?.value }

    /// The parameter exactly as it stood between the quotes.
    func raw(_ name: String) -> String? { parameters.first { $0.name.isSame(as: name) }?.raw }

    /// True when only the nonce was too old and the credentials are not in question.
    package var isStale: Bool { self["stale"].map { $0.isSame(as: "true") } ?? false }

    /// Reads the values of all `WWW-Authenticate` headers of one answer.
    ///
    /// Several challenges may share a value. Quotes may be missing at either end, and text without a name is passed over.
    package static func read(_ values: [String]) -> [Challenge] {
        var result: [Challenge] = []
        for value in values {
            var reader = ChallengeText(bytes: Array(value.utf8))
            while let word = reader.nextWord() {
                if word.role == .parameter {
                    let (value, raw) = reader.value()
                    guard !result.isEmpty, result[result.count - 1].parameters.count < mostParameters else { continue }
                    result[result.count - 1].parameters.append(Parameter(name: word.text, value: value, raw: raw))
                } else if word.role == .scheme {
                    guard result.count < most else { return result }
                    result.append(Challenge(scheme: word.text))
                }
            }
        }
        return result
    }
}

/// A place in the text of a header value.
private struct ChallengeText {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// `=` follows a parameter, a blank and more text a scheme; `auth-int` of an unquoted `qop=auth,auth-int` is neither.
    enum Role { case parameter, scheme, neither }

    /// The next token; behind a parameter the position lies behind the sign.
    mutating func nextWord() -> (text: String, role: Role)? {
        while position < bytes.count, !isTokenByte(bytes[position]) { position += 1 }
        let start = position
        while position < bytes.count, isTokenByte(bytes[position]) { position += 1 }
        guard start < position else { return nil }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        var next = position
        while next < bytes.count, isBlank(bytes[next]) { next += 1 }
        let isSpoken = text.isSame(as: "Digest") || text.isSame(as: "Basic")
        guard next < bytes.count else { return (text, .scheme) }
        guard bytes[next] == UInt8(ascii: "=") else {
            return (text, isSpoken || (next > position && bytes[next] != UInt8(ascii: ",")) ? .scheme : .neither)
        }
        position = next + 1
        return (text, .parameter)
    }

    /// The value behind `=`: quoted with escapes, or everything up to the next comma (`realm=IP Camera`).
    mutating func value() -> (value: String, raw: String) {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: ",") { position += 1 }
            var text = String(decoding: bytes[start..<position], as: UTF8.self).trimmed
            // The opening quote is missing.
            if text.hasSuffix("\"") { text.removeLast() }
            return (text, text)
        }
        let start = position + 1
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") && end + 1 < bytes.count ? 2 : 1
        }
        end = min(end, bytes.count)
        position = min(end + 1, bytes.count)
        // The closing quote is missing: what ends here is the next parameter's opening quote.
        if let comma = startOfParameter(before: end, notBefore: start) {
            end = comma
            position = comma
        }
        return (unescaped(bytes[start..<end]), String(decoding: bytes[start..<end], as: UTF8.self))
    }

    /// The comma of a text that ends in `, name=`.
    private func startOfParameter(before end: Int, notBefore start: Int) -> Int? {
        var index = end - 1
        guard index > start, bytes[index] == UInt8(ascii: "="), end < bytes.count else { return nil }
        index -= 1
        let nameEnd = index
        while index >= start, isTokenByte(bytes[index]) { index -= 1 }
        guard index < nameEnd else { return nil }
        while index >= start, isBlank(bytes[index]) { index -= 1 }
        return index >= start && bytes[index] == UInt8(ascii: ",") ? index : nil
    }

    /// Only `\"` and `\\` are escapes: a realm such as `CORP\camera` is written without doubling.
    private func unescaped(_ slice: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var index = slice.startIndex
        while index < slice.endIndex {
            if slice[index] == UInt8(ascii: "\\"), index + 1 < slice.endIndex,
                slice[index + 1] == UInt8(ascii: "\"") || slice[index + 1] == UInt8(ascii: "\\")
            {
                index += 1
            }
            result.append(slice[index])
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }
}
