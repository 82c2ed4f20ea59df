// The listening side of TCP, for servers of ours.
// camera ─RTSP─▶ packets

import Glibc

/// The listening socket.
package final class SocketListener {
    package let socket: Socket
    package let port: Int

    /// - Throws: `Failure` of kind `invalidInput` for an address that is none, `unavailable` when it is in use or not ours.
    package init(address: String, port: Int) throws {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = UInt16(port).bigEndian
        guard inet_pton(AF_INET, address, &place.sin_addr) == 1 else {
            throw Failure(.invalidInput, "'\(address)' is no IPv4 address to listen at")
        }
        let descriptor = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(.resourceExhausted, "no socket can be opened: \(systemWords())") }
        let socket = Socket(owning: descriptor)
        socket.allowReuse()
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &place) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } }
        guard bound == 0, listen(descriptor, 4096) == 0 else {
            throw Failure(.unavailable, "cannot listen at \(address):\(port): \(systemWords())")
        }
        var actual = sockaddr_in()
        var actualSize = size
        _ = withUnsafeMutablePointer(to: &actual) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &actualSize) }
        }
        self.port = Int(UInt16(bigEndian: actual.sin_port))
        self.socket = socket
    }

    /// What became of an attempt to accept.
    package enum AcceptOutcome {
        case client(Socket)
        case nobody
        /// No descriptor is left; waiting clients stay in the queue.
        case exhausted
    }

    /// Takes one waiting client.
    package func accept(sendBufferBytes: Int) -> AcceptOutcome {
        while true {
            let descriptor = Glibc.accept(socket.descriptor, nil, nil)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                let client = Socket(owning: descriptor)
                client.prepare(sendBufferBytes: sendBufferBytes)
                return .client(client)
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            default: return .nobody
            }
        }
    }
}
