// A camera's URL taken apart, checked, and put together with its credentials for FFmpeg alone.
// **camera ─RTSP─▶** packets ─▶ looks ─▶ frames

import Base
import Glibc

/// User and password of a camera. Printing one shows neither.
package struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let user: String
    let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    package var description: String { "Credentials(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The parts of `rtsp[s]://host[:port]/path?query`, without user information.
struct RTSPAddress {
    /// FFmpeg 5.1 cuts `user:password` at 127 bytes without a word, and a cut password locks the account.
    static let longestEncodedCredentials = 127
    /// FFmpeg 5.1 keeps path and query in 1,024 bytes.
    static let longestPath = 1000

    let isTLS: Bool
    let host: String
    let port: Int
    /// Starts with `/` or is empty; holds the query; only printable ASCII.
    let path: String

    /// `host:port`, for messages.
    var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    init(_ url: String) throws {
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

    /// The URL for FFmpeg. It holds the password: it is handed to FFmpeg and goes nowhere else.
    func url(with credentials: Credentials?) throws -> String {
        var userInformation = ""
        if let credentials {
            // FFmpeg decodes first and splits at the first colon then; HTTP digest forbids the colon as well.
            guard !credentials.user.contains(":") else {
                throw Failure(.invalidInput, "the camera's user name holds a colon, which RTSP cannot carry: rename the user")
            }
            let encoded = escaped(credentials.user) + ":" + escaped(credentials.password)
            guard encoded.utf8.count <= Self.longestEncodedCredentials else {
                throw Failure(
                    .unsupported,
                    "user and password of the camera are too long: escaped, they may take \(Self.longestEncodedCredentials - 1) bytes")
            }
            userInformation = encoded + "@"
        }
        return (isTLS ? "rtsps://" : "rtsp://") + userInformation + place + path
    }

    /// Looks the host up, because FFmpeg reports an unknown host as a plain I/O error.
    ///
    /// Blocks without a deadline of ours (getaddrinfo cannot be interrupted); runs on the camera's own thread.
    func resolve() throws {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &found)
        if let found { freeaddrinfo(found) }
        guard status != 0 else { return }
        let words = gai_strerror(status).map { String(cString: $0) } ?? "error \(status)"
        throw Failure(
            .unavailable, "host \(host) is not known (\(words)): correct the address in the settings, or look at the name server",
            context: [("camera", place)])
    }
}

private func percent(_ byte: UInt8) -> String {
    "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
private func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            result.unicodeScalars.append(UnicodeScalar(byte))
        default: result += percent(byte)
        }
    }
}
