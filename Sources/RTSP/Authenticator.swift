// Answers a camera's challenge: Digest (RFC 2069, 2617, 7616) in the strongest form both speak, Basic when nothing better is offered.
// **camera ─RTSP─▶** packets ─▶ looks

import Crypto
package import Domain

/// Credentials and the challenge they answer. Printing one shows neither.
package struct Authenticator: Sendable, CustomStringConvertible, CustomReflectable {
    /// What a 401 means.
    package enum Verdict: Sendable, Equatable {
        /// Send the request again with `authorisation`.
        case answer
        /// User and password are wrong: another try counts as one more bad login.
        case refused
        /// The camera asks in a way that is not spoken here, or would learn the password in clear after a digest.
        case notSpoken
        /// User or password hold what no header can carry.
        case unusable
    }

    /// How a challenge is answered; a later case is preferred.
    enum Method: Int, Comparable {
        case basic, md5, md5Session, sha256Session, sha256

        static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
        var isSession: Bool { self == .md5Session || self == .sha256Session }
        var isSHA256: Bool { self == .sha256 || self == .sha256Session }
    }

    private let credentials: Credentials
    private var challenge: Challenge?
    private var method = Method.basic
    private var usesQuality = false
    private var clientNonce = ""
    /// Requests answered with this nonce.
    private var count: UInt32 = 0
    private var isStaleInARow = 0
    /// An answer with this challenge was accepted, so the password is right.
    private var isProven = false
    /// Nonces that may expire one after the other without a request accepted in between.
    static let mostStaleInARow = 2

    package init(_ credentials: Credentials) { self.credentials = credentials }

    package var description: String { "Authenticator(redacted)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Takes the `WWW-Authenticate` values of a 401.
    ///
    /// - Parameters:
    ///   - wasAnswered: The refused request carried an answer. Then only an expired nonce is answered again: one the camera calls
    ///     stale (twice in a row), or another one after the password has proved right.
    ///   - generator: Source of the client's nonce.
    package mutating func take(_ values: [String], wasAnswered: Bool, using generator: inout some RandomNumberGenerator) -> Verdict {
        let offers = Challenge.read(values).compactMap { challenge in Self.method(for: challenge).map { (challenge, $0) } }
        // Of equals the first: the camera lists what it prefers.
        var best: (challenge: Challenge, method: Method)?
        for offer in offers where best.map({ $0.method < offer.1 }) ?? true { best = offer }
        guard let best else { return wasAnswered ? .refused : .notSpoken }
        if wasAnswered {
            guard best.method != .basic, isRenewed(by: best.challenge) else { return .refused }
        }
        // Whoever asks for a digest first and then for the password in clear is not to be told it.
        if best.method == .basic, let challenge, !challenge.scheme.isSame(as: "Basic") { return .notSpoken }
        guard isUsable(for: best.method) else { return .unusable }
        challenge = best.challenge
        method = best.method
        usesQuality = Self.offersAuth(best.challenge) == true
        count = 0
        clientNonce = hexadecimal((0..<2).flatMap { _ in Self.bytes(UInt64.random(in: .min ... .max, using: &generator)) })
        return .answer
    }

    /// A request with an answer was accepted.
    package mutating func accepted() {
        isStaleInARow = 0
        isProven = challenge != nil
    }

    private mutating func isRenewed(by fresh: Challenge) -> Bool {
        if fresh.isStale {
            isStaleInARow += 1
            return isStaleInARow <= Self.mostStaleInARow
        }
        // Some cameras let nonces expire without saying so.
        guard isProven, fresh["nonce"] != challenge?["nonce"] else { return false }
        isProven = false
        return true
    }

    /// The value of `Authorization` for a request; nil before a challenge was taken.
    ///
    /// - Parameter url: Exactly as in the request line.
    package mutating func authorisation(method verb: String, url: String) -> String? {
        guard let challenge else { return nil }
        if method == .basic { return "Basic " + Base64.encoded(Array("\(credentials.user):\(credentials.password)".utf8)) }
        count &+= 1
        let digits = String(count, radix: 16)
        let counter = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        let nonce = challenge["nonce"] ?? ""
        let response = Self.response(
            method, user: credentials.user, realm: challenge["realm"] ?? "", password: credentials.password, nonce: nonce,
            quality: usesQuality ? (counter, clientNonce) : nil, clientNonce: clientNonce, verb: verb, url: url)
        var fields = [
            "username=\"\(Self.escaped(credentials.user))\"", "realm=\"\(challenge.raw("realm") ?? "")\"",
            "nonce=\"\(challenge.raw("nonce") ?? "")\"", "uri=\"\(url)\"", "response=\"\(response)\"",
        ]
        // Echoed only when it was sent: cameras of RFC 2069 do not know the parameter.
        if let algorithm = challenge["algorithm"], !algorithm.isEmpty { fields.append("algorithm=\(algorithm)") }
        if let opaque = challenge.raw("opaque") { fields.append("opaque=\"\(opaque)\"") }
        if usesQuality { fields += ["qop=auth", "nc=\(counter)"] }
        if usesQuality || method.isSession { fields.append("cnonce=\"\(clientNonce)\"") }
        return "Digest " + fields.joined(separator: ", ")
    }

    // MARK: The digest

    /// The `response` of RFC 7616 §3.4.1.
    ///
    /// - Parameter quality: Counter and client nonce with `qop=auth`; nil as in RFC 2069.
    static func response(
        _ method: Method, user: String, realm: String, password: String, nonce: String, quality: (counter: String, clientNonce: String)?,
        clientNonce: String, verb: String, url: String
    ) -> String {
        var secret = hash(method, "\(user):\(realm):\(password)")
        if method.isSession { secret = hash(method, "\(secret):\(nonce):\(clientNonce)") }
        let request = hash(method, "\(verb):\(url)")
        guard let quality else { return hash(method, "\(secret):\(nonce):\(request)") }
        return hash(method, "\(secret):\(nonce):\(quality.counter):\(quality.clientNonce):auth:\(request)")
    }

    private static func hash(_ method: Method, _ text: String) -> String {
        let bytes = Array(text.utf8)
        return method.isSHA256 ? hexadecimal(SHA256.hash(data: bytes)) : hexadecimal(Insecure.MD5.hash(data: bytes))
    }

    private static func method(for challenge: Challenge) -> Method? {
        if challenge.scheme.isSame(as: "Basic") { return .basic }
        guard challenge.scheme.isSame(as: "Digest"), let nonce = challenge.raw("nonce"), !nonce.isEmpty else { return nil }
        for name in ["nonce", "realm", "opaque", "algorithm"] {
            guard challenge.raw(name)?.utf8.count ?? 0 <= Challenge.longestValue else { return nil }
        }
        guard offersAuth(challenge) != false else { return nil }
        switch challenge["algorithm"]?.uppercased() ?? "" {
        case "", "MD5": return .md5
        case "MD5-SESS": return .md5Session
        case "SHA-256": return .sha256
        case "SHA-256-SESS": return .sha256Session
        default: return nil
        }
    }

    /// Nil without any `qop`, as in RFC 2069; false when only others are offered.
    private static func offersAuth(_ challenge: Challenge) -> Bool? {
        guard let text = challenge["qop"] else { return nil }
        let offered = text.split { $0 == "," || $0 == " " }
        return offered.isEmpty ? nil : offered.contains { $0.isSame(as: "auth") }
    }

    /// A control character would end the header; Basic has no way to carry a colon in the user's name.
    private func isUsable(for method: Method) -> Bool {
        if method == .basic { return !credentials.user.utf8.contains(UInt8(ascii: ":")) }
        return !credentials.user.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    private static func escaped(_ text: String) -> String {
        String(
            decoding: text.utf8.flatMap { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") ? [UInt8(ascii: "\\"), $0] : [$0] },
            as: UTF8.self)
    }

    private static func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) } }
}
