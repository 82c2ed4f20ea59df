// TCP sockets that never block: the system calls of everything that speaks RTSP itself. With its neighbours the one place in this
// module with raw memory.
// **camera ─RTSP─▶** packets

import Glibc

/// What became of an attempt to send.
package enum SendOutcome: Equatable {
    /// So many bytes were taken; fewer than offered when the client is slow.
    case sent(Int)
    case gone
}

/// What became of an attempt to receive.
package enum ReceiveOutcome: Equatable {
    case received(Int)
    case nothingYet
    case gone
}

/// What became of an attempt to connect.
package enum ConnectOutcome: Equatable {
    case connected
    /// Readiness to write tells when it is decided; `finishConnecting()` then says how.
    case inProgress
    /// The system's error number.
    case failed(Int32)
}

/// One TCP descriptor that never blocks, closed with its owner. Confined to one thread at a time.
package final class Socket {
    let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Starts to connect; does not wait.
    ///
    /// - Throws: `Failure` of kind `resourceExhausted` when no descriptor is left.
    package static func connect(to address: SocketAddress) throws -> (socket: Socket, outcome: ConnectOutcome) {
        let descriptor = Glibc.socket(
            Int32(address.family), Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(.resourceExhausted, "no socket can be opened: \(systemWords())") }
        let socket = Socket(owning: descriptor)
        socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        // A peer whose machine vanished is noticed even when nothing is sent to it.
        socket.set(SOL_SOCKET, SO_KEEPALIVE, 1)
        let status = address.withPointer { Glibc.connect(descriptor, $0, $1) }
        if status == 0 { return (socket, .connected) }
        return (socket, errno == EINPROGRESS ? .inProgress : .failed(errno))
    }

    /// How a connection that was in progress has ended; ask after readiness.
    package func finishConnecting() -> ConnectOutcome {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { return .failed(errno) }
        return error == 0 ? .connected : .failed(error)
    }

    /// Sends part of an array without waiting.
    package func send(_ bytes: [UInt8], _ range: Range<Int>) -> SendOutcome {
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

    /// Reads what is there into `buffer` from `offset` on, at most to its end.
    package func receive(into buffer: inout [UInt8], at offset: Int = 0) -> ReceiveOutcome {
        precondition(offset >= 0 && offset < buffer.count, "there is no room to read into")
        return buffer.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return .nothingYet }
            while true {
                let count = recv(descriptor, start + offset, buffer.count - offset, Int32(MSG_DONTWAIT))
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
    func prepare(sendBufferBytes: Int) {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_SNDBUF, Int32(clamping: sendBufferBytes))
        // A client whose machine vanished is noticed even when nothing is sent to it.
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
    }

    func allowReuse() { set(SOL_SOCKET, SO_REUSEADDR, 1) }
}

/// The system's own words for an error number.
package func systemWords(_ error: Int32 = errno) -> String { strerror(error).map { String(cString: $0) } ?? "error \(error)" }
