// Which hosts may be spoken to: those that are listed, and behind a listed name no address of an inner network, unless that is listed too.
// push outbox → **guard** → sender → channels

import Foundation

/// The list of hosts. Whoever can write an address into a file must not reach what only this machine can reach.
package struct HostGuard: Sendable, Hashable {
    /// In small letters.
    let hosts: Set<String>
    /// Those of them whose addresses may be private.
    let privateHosts: Set<String>

    package init(hosts: Set<String> = [], privateHosts: Set<String> = []) {
        self.hosts = hosts.union(privateHosts)
        self.privateHosts = privateHosts
    }

    /// What speaks against an address before its name is looked up; nil when nothing does.
    package func problem(_ address: PushAddress) -> String? {
        if !hosts.contains(address.host) { return "the host \(address.host) does not stand in allow_hosts or allow_private" }
        // A secret must not cross a public network in the clear.
        if !address.isSecure, !privateHosts.contains(address.host) { return "the host \(address.host) needs https" }
        return nil
    }

    /// What speaks against the numeric address a name led to; nil when nothing does.
    package func problem(_ numeric: String, of host: String) -> String? {
        if privateHosts.contains(host) { return nil }
        return Self.isPublic(numeric) ? nil : "the host \(host) leads to an address that is not public"
    }

    /// True for addresses of the public internet; false for private, local, shared, multicast and reserved ones and for anything else.
    package static func isPublic(_ numeric: String) -> Bool {
        if let bytes = octets(numeric) { return isPublic(bytes) }
        guard let words = words(numeric) else { return false }
        // An IPv4 address in IPv6 clothes: mapped, or through a translator (RFC 6052).
        if words[0..<5].allSatisfy({ $0 == 0 }), words[5] == 0xFFFF || words[5] == 0 { return isPublic(low(words)) && words[5] == 0xFFFF }
        if words[0] == 0x64, words[1] == 0xFF9B { return isPublic(low(words)) }
        // Global unicast without documentation (RFC 3849), Teredo and 6to4, which carry other addresses.
        guard words[0] & 0xE000 == 0x2000 else { return false }
        return !(words[0] == 0x2001 && (words[1] == 0xDB8 || words[1] == 0)) && words[0] != 0x2002
    }

    private static func isPublic(_ b: [UInt8]) -> Bool {
        switch (b[0], b[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (224..., _): false
        case (100, 64...127), (172, 16...31), (198, 18...19): false
        // Protocol assignments and documentation: RFC 6890, RFC 5737.
        case (192, 0) where b[2] == 0 || b[2] == 2: false
        case (198, 51) where b[2] == 100: false
        case (203, 0) where b[2] == 113: false
        default: true
        }
    }

    private static func low(_ words: [UInt16]) -> [UInt8] { words[6...7].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }

    /// Four decimal numbers and nothing else.
    private static func octets(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { part in (1...3).contains(part.utf8.count) ? UInt8(part) : nil }
        return bytes.count == 4 ? bytes : nil
    }

    /// The eight words of an IPv6 address.
    private static func words(_ text: String) -> [UInt16]? {
        var text = String(text.prefix { $0 != "%" })
        // The last 32 bits may be written as four decimal numbers.
        if let colon = text.lastIndex(of: ":"), text[colon...].contains(".") {
            guard let b = octets(String(text[text.index(after: colon)...])) else { return nil }
            let pair = [UInt16(b[0]) << 8 | UInt16(b[1]), UInt16(b[2]) << 8 | UInt16(b[3])]
            text = text[...colon] + pair.map { String($0, radix: 16) }.joined(separator: ":")
        }
        let halves = text.components(separatedBy: "::")
        guard halves.count <= 2 else { return nil }
        let read = halves.map { half in
            half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0, radix: 16) }
        }
        guard read.allSatisfy({ !$0.contains(nil) }) else { return nil }
        let found = read.map { $0.compactMap(\.self) }
        if halves.count == 1 { return found[0].count == 8 ? found[0] : nil }
        let missing = 8 - found[0].count - found[1].count
        return missing >= 1 ? found[0] + Array(repeating: 0, count: missing) + found[1] : nil
    }
}
