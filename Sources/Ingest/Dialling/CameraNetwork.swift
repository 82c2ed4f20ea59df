// Where a camera hangs on the network, as far as its URL tells: whose failure it shares and whose budget it takes.
// **camera** → packets → looks → frames → detections → incidents

import Glibc

/// A piece of network that fails and dials as one: `10.1.2.0/24`, `2001:db8:1:2::/64`, or a host name by itself.
package struct Subnet: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// The subnet of a host as it stands in a URL, without brackets; a name is never looked up.
    package init(host: String) {
        var four = in_addr()
        var six = in6_addr()
        let address = host.prefix { $0 != "%" }
        if inet_pton(AF_INET, String(address), &four) == 1 {
            text = Self.text(ofIPv4: UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, String(address), &six) == 1 {
            let words = six.__in6_u.__u6_addr32
            if words.0 == 0 && words.1 == 0 && words.2 == UInt32(0xFFFF).bigEndian {
                text = Self.text(ofIPv4: UInt32(bigEndian: words.3))
            } else {
                let parts = [words.0, words.1].map { UInt32(bigEndian: $0) }.flatMap { [$0 >> 16, $0 & 0xFFFF] }
                text = parts.map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
            }
        } else {
            text = host.lowercased()
        }
    }

    /// Reads back what `text` printed.
    package init(text: String) { self.text = text }

    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }

    private static func text(ofIPv4 address: UInt32) -> String { "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).0/24" }
}

/// Host and subnet of one camera; cameras behind one NVR share the host.
package struct CameraNetwork: Hashable, Sendable {
    package let host: String
    package let subnet: Subnet

    package init(host: String) {
        self.host = host.lowercased()
        subnet = Subnet(host: host)
    }

    /// Takes the host out of `rtsp://host[:port]/…`; a URL without one is a network of its own, because it can fail only alone.
    package init(url: String) {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let whole = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // User information is refused elsewhere; here it must not end up in the name of a network.
        let authority = whole.lastIndex(of: "@").map { whole[whole.index(after: $0)...] } ?? whole
        if authority.hasPrefix("[") {
            self.init(host: String(authority.dropFirst().prefix { $0 != "]" }))
        } else {
            let host = authority.prefix { $0 != ":" }
            self.init(host: host.isEmpty ? String(rest) : String(host))
        }
    }
}
