// The fleet's system calls: TCP sockets that never block. Together with SocketsPoller.swift the only place with raw memory.
// scene ─▶ pictures ─▶ encodings ─▶ packets ─▶ **clients**

import Base
import Glibc

/// What became of an attempt to send.
enum SendOutcome: Equatable {
    /// So many bytes were taken; fewer than offered when the client is slow.
    case sent(Int)
    case gone
}

/// What became of an attempt to receive.
enum ReceiveOutcome: Equatable {
    case received(Int)
    case nothingYet
    case gone
}

/// One descriptor, closed with its owner.
final class Socket {
    let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Sends part of an array without waiting.
    func send(_ bytes: [UInt8], _ range: Range<Int>) -> SendOutcome {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "only bytes of the array are sent")
        return bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, !range.isEmpty else { return .sent(0) }
            while true {
                let count = Glibc.send(descriptor, start + range.lowerBound, range.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                if count >= 0 { return .sent(count) }
                switch errno {
                case EINTR: continue
                case EAGAIN, EWOULDBLOCK, ENOBUFS: return .sent(0)
                default: return .gone
                }
            }
        }
    }

    /// Reads what is there, at most the length of `buffer`.
    func receive(into buffer: inout [UInt8]) -> ReceiveOutcome {
        buffer.withUnsafeMutableBytes { buffer in
            while true {
                let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count > 0 { return .received(count) }
                if count == 0 { return .gone }
                switch errno {
                case EINTR: continue
                case EAGAIN, EWOULDBLOCK: return .nothingYet
                default: return .gone
                }
            }
        }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A whole tick goes out at once, and no more than `sendBufferBytes` waits in the kernel for a client that does not read.
    fileprivate func prepare(sendBufferBytes: Int) {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_SNDBUF, Int32(clamping: sendBufferBytes))
        // A client whose machine vanished is noticed even when nothing is sent to it.
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    fileprivate func allowReuse() { set(SOL_SOCKET, SO_REUSEADDR, 1) }
}

/// The listening socket.
final class SocketListener {
    let socket: Socket
    let port: Int

    /// - Throws: `Failure` of kind `invalidInput` for an address that is none, `unavailable` when it is in use or not ours.
    init(address: String, port: Int) throws {
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

    enum AcceptOutcome {
        case client(Socket)
        case nobody
        /// No descriptor is left; waiting clients stay in the queue.
        case exhausted
    }

    /// Takes one waiting client.
    func accept(sendBufferBytes: Int) -> AcceptOutcome {
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

/// The system's own words for the last error of this thread.
func systemWords() -> String { strerror(errno).map { String(cString: $0) } ?? "error \(errno)" }

/// Raises the limit of open descriptors to twice what is needed, or as far as it may be raised.
///
/// - Throws: `Failure` of kind `resourceExhausted` that says which limit is needed.
func raiseDescriptorLimit(needed: Int) throws {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    if limit.rlim_cur < rlim_t(needed * 2) {
        limit.rlim_cur = min(rlim_t(needed * 2), limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    guard limit.rlim_cur >= rlim_t(needed) else {
        throw Failure(
            .resourceExhausted, "\(needed) open files are needed and only \(limit.rlim_cur) are allowed: run 'ulimit -n \(needed)' first")
    }
}
