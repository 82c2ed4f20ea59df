// The cookie that carries a session: never readable by scripts, never sent from another site.

import Hummingbird

/// Name and attributes of the session cookie.
///
/// Browsers accept `__Host-` and `Secure` only over HTTPS, so plain HTTP on a closed network uses the bare name.
struct SessionCookie: Sendable {
    let secure: Bool

    var name: String { secure ? "__Host-sid" : "sid" }

    /// The token a request brings, if it looks like one of ours.
    func token(of request: Request) -> String? {
        guard let value = request.cookies[name]?.value, value.utf8.count == 64 else { return nil }
        return value
    }

    /// Sets the token for as long as a session lives.
    func set(_ token: String) -> String { attributes(token, maxAgeSeconds: Accounts.sessionSeconds) }

    /// Makes the browser forget the token.
    var clear: String { attributes("", maxAgeSeconds: 0) }

    private func attributes(_ value: String, maxAgeSeconds: Int) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(maxAgeSeconds); HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "")
    }
}
