// A camera's URL taken apart and checked.
// **camera ─RTSP─▶** packets ─▶ looks

import Base

/// The parts of `rtsp[s]://host[:port]/path?query`, without user information.
package struct RTSPAddress: Sendable, Equatable {
    /// Far above every camera's path, and what FFmpeg 5.1 keeps, so that both readers accept the same settings.
    static let longestPath = 1000

    package let isTLS: Bool
    package let host: String
    package let port: Int
    /// Starts with `/` or is empty; holds the query; only printable ASCII.
    package let path: String

    /// `host:port`, for messages.
    package var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package init(_ url: String) throws {
        // The text of a refused URL is never repeated: it may hold a password in a place where none belongs.
        func refuse(_ why: String) -> Failure { Failure(.invalidInput, "the camera's URL \(why): correct it in the settings") }
        guard let mark = url.firstRange(of: "://") else { throw refuse("does not start with rtsp://") }
        switch url[..<mark.lowerBound].lowercased() {
        case "rtsp": isTLS = false
        case "rtsps": isTLS = true
        default: throw refuse("does not start with rtsp://")
        }
        let rest = url[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { throw refuse("holds a user name; credentials have a file of their own") }
        let (host, port) = try Self.split(authority, defaultPort: isTLS ? 322 : 554, refuse)
        self.host = host
        self.port = port
        var path = ""
        for byte in rest[authority.endIndex...].utf8 {
            // A fragment never travels; everything that is not printable ASCII is escaped.
            if byte == UInt8(ascii: "#") { break }
            guard byte >= 0x20, byte != 0x7F else { throw refuse("holds a control character") }
            path += byte > 0x20 && byte < 0x7F ? String(UnicodeScalar(byte)) : percent(byte)
        }
        if path.hasPrefix("?") { path = "/" + path }
        guard path.utf8.count <= Self.longestPath else { throw refuse("has a path of more than \(Self.longestPath) bytes") }
        self.path = path
    }

    private static func split(
        _ authority: Substring, defaultPort: Int, _ refuse: (String) -> Failure
    ) throws -> (host: String, port: Int) {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw refuse("has a bracket that is not closed") }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":") else { throw refuse("has text behind the bracket") }
            portText = tail.isEmpty ? nil : tail.dropFirst()
            guard host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }), host.contains(":") else {
                throw refuse("has no IPv6 address in its brackets")
            }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw refuse("names no host") }
        if !authority.hasPrefix("[") {
            guard host.utf8.count <= 253, host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }) else {
                throw refuse("has a host name with characters that no host name has")
            }
        }
        guard let portText, !portText.isEmpty else { return (String(host), defaultPort) }
        guard portText.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(portText), (1...65_535).contains(port) else {
            throw refuse("has a port that is not a number from 1 to 65535")
        }
        return (String(host), port)
    }
}

private func percent(_ byte: UInt8) -> String {
    "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}
