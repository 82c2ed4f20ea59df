// Where the bus may be reached; anything that would leave this machine unencrypted is refused.
// incidents → outbox ══**endpoint**══▶ dispatcher

import Base

/// A checked ZeroMQ endpoint: `ipc:///path` or `tcp://address:port`.
///
/// Without CURVE there is neither secrecy nor proof of who speaks, so only this machine's own addresses are accepted then.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Checks an endpoint to bind. A port of 0 or `*` lets the system choose.
    package static func binding(_ text: String, encrypted: Bool = false) throws -> Endpoint {
        try Endpoint(text, verb: "bind", encrypted)
    }

    /// Checks an endpoint to connect to.
    package static func connecting(_ text: String, encrypted: Bool = false) throws -> Endpoint {
        try Endpoint(text, verb: "connect to", encrypted)
    }

    package var description: String { text }

    private init(_ text: String, verb: String, _ encrypted: Bool) throws {
        guard !text.utf8.contains(0) else { throw Failure(.invalidInput, "an endpoint holds a zero byte") }
        if text.hasPrefix("ipc://") {
            let path = text.dropFirst(6)
            // sockaddr_un holds 108 bytes with the closing zero.
            guard (1...107).contains(path.utf8.count) else {
                throw Failure(
                    .invalidInput, "the path of an ipc endpoint has 1 to 107 bytes, this one \(path.utf8.count)",
                    context: [("endpoint", text)])
            }
            self.text = text
            return
        }
        guard text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"), text.distance(from: text.startIndex, to: colon) > 5 else {
            throw Failure(.invalidInput, "an endpoint is ipc:///path or tcp://address:port", context: [("endpoint", text)])
        }
        let host = text[text.index(text.startIndex, offsetBy: 6)..<colon]
        let port = text[text.index(after: colon)...]
        let binding = verb == "bind"
        guard binding && port == "*" || UInt16(port).map({ binding || $0 > 0 }) == true else {
            throw Failure(.invalidInput, "the port of an endpoint is a number up to 65535", context: [("endpoint", text)])
        }
        guard encrypted || Self.isLoopback(host, resolvingNames: !binding) else {
            throw Failure(
                .invalidInput,
                "refusing to \(verb) \(text) without CURVE: it is not a loopback address, and anyone could read or forge incidents",
                context: [("endpoint", text)])
        }
        self.text = "tcp://\(host):\(port == "0" ? "*" : String(port))"
    }

    /// 127.0.0.0/8 or ::1; the name `localhost` only where libzmq resolves names.
    private static func isLoopback(_ host: Substring, resolvingNames: Bool) -> Bool {
        if host == "[::1]" || (resolvingNames && host == "localhost") { return true }
        let bytes = host.split(separator: ".", omittingEmptySubsequences: false)
        return bytes.count == 4 && bytes[0] == "127" && bytes.allSatisfy { $0.count <= 3 && UInt8($0) != nil }
    }
}
