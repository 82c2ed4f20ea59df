// Who may see a camera: nobody is asked, or Basic (RFC 2617 §2), or Digest (RFC 2617 §3) with MD5.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Foundation

/// Checks user and password of a request. The password never leaves it.
package struct Gate: Sendable, CustomStringConvertible {
    /// How a client proves who it is.
    package enum Scheme: String, Sendable, CaseIterable { case none, basic, digest }

    package let scheme: Scheme
    private let user: String
    private let password: String
    package static let realm = "Simulated camera"

    package init(scheme: Scheme, user: String = "", password: String = "") {
        self.scheme = scheme
        self.user = user
        self.password = password
    }

    package var description: String { "Gate(\(scheme.rawValue))" }

    /// The value of `WWW-Authenticate`; a camera that refuses everybody asks for Digest even when it needs nothing.
    package func challenge(nonce: String) -> String {
        scheme == .basic ? "Basic realm=\"\(Self.realm)\"" : "Digest realm=\"\(Self.realm)\", nonce=\"\(nonce)\""
    }

    /// True when the request may pass.
    package func admits(_ request: RTSPRequest, nonce: String) -> Bool {
        guard scheme != .none else { return true }
        guard let header = request["Authorization"], let space = header.firstIndex(of: " ") else { return false }
        let rest = String(header[header.index(after: space)...])
        switch (scheme, header[..<space].lowercased()) {
        case (.basic, "basic"): return Data("\(user):\(password)".utf8).base64EncodedString() == rest.filter { $0 != " " }
        case (.digest, "digest"):
            let given = Self.parameters(rest)
            guard given["username"] == user, given["realm"] == Self.realm, given["nonce"] == nonce, let uri = given["uri"] else {
                return false
            }
            let expected = Self.response(
                user: user, realm: Self.realm, password: password, method: request.method, uri: uri, nonce: nonce, qop: given["qop"],
                count: given["nc"], clientNonce: given["cnonce"])
            return given["response"]?.lowercased() == expected
        default: return false
        }
    }

    /// The digest a client must send (RFC 2617 §3.2.2.1); without `qop` as RFC 2069 had it.
    package static func response(
        user: String, realm: String, password: String, method: String, uri: String, nonce: String, qop: String? = nil, count: String? = nil,
        clientNonce: String? = nil
    ) -> String {
        let secret = MD5.hex(of: "\(user):\(realm):\(password)")
        let action = MD5.hex(of: "\(method):\(uri)")
        guard let qop else { return MD5.hex(of: "\(secret):\(nonce):\(action)") }
        return MD5.hex(of: "\(secret):\(nonce):\(count ?? ""):\(clientNonce ?? ""):\(qop):\(action)")
    }

    /// `a="b, c", d=e` as a table.
    static func parameters(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text[...]
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].drop { $0 == " " || $0 == "," }.lowercased()
            rest = rest[rest.index(after: equals)...]
            let value: Substring
            if rest.first == "\"" {
                rest = rest.dropFirst()
                value = rest.prefix { $0 != "\"" }
            } else {
                value = rest.prefix { $0 != "," && $0 != " " }
            }
            rest = rest[value.endIndex...].drop { $0 == "\"" }
            result[name] = String(value)
        }
        return result
    }
}
