// Where a socket connects to: an address of either family, read from text or looked up by name.
// **camera ─RTSP─▶** packets

import Glibc

/// An IPv4 or IPv6 address with a port.
package struct SocketAddress: Sendable {
    private var storage = sockaddr_storage()
    private var length = socklen_t(0)

    var family: sa_family_t { storage.ss_family }

    /// Reads `192.0.2.7` or `2001:db8::7` without asking anybody; nil for a name.
    package init?(literal host: String, port: Int) {
        precondition((1...65_535).contains(port), "a TCP port is 1 to 65535")
        var four = sockaddr_in()
        if inet_pton(AF_INET, host, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = UInt16(port).bigEndian
            withUnsafePointer(to: &four) { copy($0, bytes: MemoryLayout<sockaddr_in>.size) }
            return
        }
        var six = sockaddr_in6()
        guard inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else { return nil }
        six.sin6_family = sa_family_t(AF_INET6)
        six.sin6_port = UInt16(port).bigEndian
        withUnsafePointer(to: &six) { copy($0, bytes: MemoryLayout<sockaddr_in6>.size) }
    }

    private init(_ found: UnsafePointer<sockaddr>, bytes: Int) { copy(found, bytes: bytes) }

    private mutating func copy(_ source: UnsafeRawPointer, bytes: Int) {
        let kept = min(bytes, MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutableBytes(of: &storage) { $0.baseAddress?.copyMemory(from: source, byteCount: kept) }
        length = socklen_t(kept)
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafeBytes(of: storage) { bytes in
            // Bound for the call, as the sockets interface of C expects it.
            body(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), length)  // A sockaddr_storage is never empty.
        }
    }

    /// Looks a host name up. Blocks without a deadline of ours (getaddrinfo cannot be interrupted); own thread only.
    ///
    /// - Throws: `Failure` of kind `unavailable` that names the host.
    package static func resolve(host: String, port: Int) throws -> SocketAddress {
        if let literal = SocketAddress(literal: host, port: port) { return literal }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard status == 0, let first = found?.pointee, let address = first.ai_addr else {
            let words = gai_strerror(status).map { String(cString: $0) } ?? "error \(status)"
            throw Failure(
                .unavailable,
                "host \(host) is not known (\(words)): correct the address in the settings, or look at the name server",
                context: [("camera", "\(host):\(port)")])
        }
        return SocketAddress(address, bytes: Int(first.ai_addrlen))
    }
}
