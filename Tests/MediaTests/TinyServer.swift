// A TCP server on a thread of its own that behaves as badly as a test wants.

import Base
import Glibc
import Synchronization

/// Accepts one connection after the other on a free port of 127.0.0.1 and hands each to `serve`.
final class TinyServer: Sendable {
    /// One accepted connection. Own thread of the server only.
    final class Connection {
        private let descriptor: Int32
        private let stop: StopSignal
        private var unread: [UInt8] = []

        init(_ descriptor: Int32, _ stop: StopSignal) {
            self.descriptor = descriptor
            self.stop = stop
        }

        deinit { close(descriptor) }

        /// False once the other side is gone.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let written = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if written <= 0 { return false }
                sent += written
            }
            return true
        }

        @discardableResult
        func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        /// The next RTSP request with its head complete, or nil when the other side is gone or the test is over.
        func request() -> String? {
            while true {
                if let end = headEnd() {
                    let text = String(decoding: unread[..<end], as: UTF8.self)
                    unread.removeFirst(end)
                    return text
                }
                guard receive(within: 100) else { return nil }
            }
        }

        /// Waits until the other side hangs up or the test is over.
        func waitForEnd() {
            while receive(within: 50) { unread.removeAll() }
        }

        private func headEnd() -> Int? {
            guard unread.count >= 4 else { return nil }
            for index in 0...unread.count - 4 where unread[index..<index + 4].elementsEqual([13, 10, 13, 10]) { return index + 4 }
            return nil
        }

        private func receive(within milliseconds: Int32) -> Bool {
            while !stop.isRaised {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&waiting, 1, milliseconds) == 0 { continue }
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return false }
                unread += buffer[..<count]
                return true
            }
            return false
        }

        /// Sleeps; false when the test is over.
        func pause(_ duration: Duration) -> Bool { !stop.sleep(duration) }
    }

    let port: Int
    private let stop = StopSignal()
    private let thread: OwnThread

    init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(.unavailable, "no port for the test's server") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let stop = stop
        thread = OwnThread(name: "tiny-server") {
            while !stop.isRaised {
                var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 50) > 0 else { continue }
                let accepted = accept(listener, nil, nil)
                if accepted >= 0 { serve(Connection(accepted, stop)) }
            }
            close(listener)
        }
    }

    func shutDown() {
        stop.raise()
        thread.join()
    }
}

/// Runs `body` on a thread of its own and waits for its result, so that nothing blocks where tests run.
func onOwnThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        _ = OwnThread(name: "media-test") { continuation.resume(with: Result { try body() }) }
    }
}

/// What a server saw, for the test to look at.
final class Seen: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
