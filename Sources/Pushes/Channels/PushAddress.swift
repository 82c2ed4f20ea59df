// Where a request goes. Paths and queries of group robots are passwords, so this type never prints them.
// decisions → channels → **address** → sender

import Foundation

/// An http or https address whose text shows no more than scheme, host and port.
package struct PushAddress: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package let isSecure: Bool
    /// In small letters, without brackets.
    package let host: String
    package let port: Int
    /// Path and query, percent-encoded, beginning with `/`. Secret.
    package let target: String

    /// Nil for anything but http and https, and for addresses with a user, a password or a fragment.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http", let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.password == nil, parts.fragment == nil
        else { return nil }
        isSecure = scheme == "https"
        self.host = host.trimmingCharacters(in: ["[", "]"]).lowercased()
        port = parts.port ?? (isSecure ? 443 : 80)
        guard (1...65_535).contains(port) else { return nil }
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        target = path + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
    }

    /// The same address with more in its query; names and values must be percent-encoded.
    func adding(query: String) -> PushAddress { PushAddress(self, target: target + (target.contains("?") ? "&" : "?") + query) }

    /// The same host with `/` as its path.
    var root: PushAddress { PushAddress(self, target: "/") }

    private init(_ other: PushAddress, target: String) {
        isSecure = other.isSecure
        host = other.host
        port = other.port
        self.target = target
    }

    /// The whole address, for the one who connects. Secret.
    package var url: String { origin + target }

    private var origin: String { "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    package var description: String { origin + "/…" }
    package var debugDescription: String { description }
}

/// A text that no log, error or answer may show.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "•••" }
    package var debugDescription: String { description }
}
