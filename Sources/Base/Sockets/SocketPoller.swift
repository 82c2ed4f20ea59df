// Readiness of sockets by poll(2): who connects, who says something, who can take more.
// **camera ─RTSP─▶** packets

import Glibc

/// Waits for sockets; one thread. What is watched is said anew with each wait, so nothing has to be kept in step.
///
/// poll(2) and not epoll(7): a serving loop that looks at a twentieth of its clients in each slot asks for few, and Swift's Glibc
/// module does not show epoll.
package struct SocketPoller {
    /// What happened to one socket.
    package struct Event {
        /// The key given with `watch`.
        package let key: Int
        package let isReadable: Bool
        package let isWritable: Bool
    }

    private var entries: [pollfd] = []
    private var keys: [Int] = []

    package init() {}

    /// Watches a socket in the next wait for what comes in and, if wanted, for room to send.
    package mutating func watch(_ socket: Socket, key: Int, writing: Bool = false) {
        entries.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN | (writing ? POLLOUT : 0)), revents: 0))
        keys.append(key)
    }

    /// Waits at most so long, returns what happened and forgets what was watched.
    package mutating func wait(milliseconds: Int) -> [Event] {
        defer {
            entries.removeAll(keepingCapacity: true)
            keys.removeAll(keepingCapacity: true)
        }
        guard poll(&entries, nfds_t(entries.count), Int32(milliseconds)) > 0 else { return [] }
        var events: [Event] = []
        for index in entries.indices where entries[index].revents != 0 {
            let happened = Int32(entries[index].revents)
            events.append(
                Event(
                    key: keys[index], isReadable: happened & (POLLIN | POLLERR | POLLHUP | POLLNVAL) != 0,
                    isWritable: happened & POLLOUT != 0))
        }
        return events
    }
}
