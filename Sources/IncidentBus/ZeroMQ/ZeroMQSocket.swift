// A socket of libzmq with the options of WIRE.md. The only file that sends and receives.
// outbox ══**DEALER ⇄ ROUTER**══▶ dispatcher

import Base
import CZeroMQ
import Foundation

/// What a socket is for.
package enum ZeroMQRole: Sendable {
    /// Ingest: connects.
    case dealer
    /// Dispatcher: binds.
    case router
    /// Ingest: binds, for sensors and readers of tags.
    case sensors
    /// Feed: binds, and drops what a reader does not take.
    case feed
    /// Follows a feed: connects and subscribes to everything. For tests and tools.
    case follower
    /// Answers libzmq's questions about keys, inside the process.
    case doorkeeper

    var type: Int32 {
        switch self {
        case .dealer: ZMQ_DEALER
        case .router, .sensors: ZMQ_ROUTER
        case .feed: ZMQ_XPUB
        case .follower: ZMQ_SUB
        case .doorkeeper: ZMQ_REP
        }
    }

    /// Whoever sends more in one frame loses the connection.
    var maximumBytes: Int64 { self == .sensors ? 4 << 10 : 256 << 10 }
}

/// What became of a message that was handed to a socket.
package enum SendOutcome: Hashable, Sendable {
    case sent
    /// Nobody is connected or the queue is full; nothing of the message was taken.
    case wouldBlock
    /// ROUTER only: the addressed peer is gone.
    case unroutable
}

/// What ended a wait.
package struct Readiness: Sendable {
    package var canReceive: Bool
    package var canSend: Bool
}

/// One libzmq socket. Confined to the thread that made it; `deinit` closes it without lingering.
package struct ZeroMQSocket: ~Copyable {
    private let handle: UnsafeMutableRawPointer
    private let context: ZeroMQContext
    private let incoming = ZeroMQMessage()

    /// Opens a socket with every option set before it can meet a peer.
    package init(_ role: ZeroMQRole, security: BusSecurity = .none, context: ZeroMQContext = .shared) throws {
        handle = try Self.open(role, security, context)
        self.context = context
    }

    deinit { zmq_close(handle) }

    private static func open(
        _ role: ZeroMQRole, _ security: BusSecurity, _ context: ZeroMQContext
    ) throws -> UnsafeMutableRawPointer {
        guard let socket = zmq_socket(context.handle, role.type) else { throw ZeroMQFailure.last("cannot open a ZeroMQ socket") }
        for (option, value) in options(role) + options(security) {
            var value = value
            guard zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size) == 0 else { throw refused(option, socket) }
        }
        var maximumBytes = role.maximumBytes
        guard zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &maximumBytes, MemoryLayout<Int64>.size) == 0 else {
            throw refused(ZMQ_MAXMSGSIZE, socket)
        }
        for (option, text) in texts(role, security) where zmq_setsockopt(socket, option, text, text.utf8.count) != 0 {
            throw refused(option, socket)
        }
        return socket
    }

    private static func refused(_ option: Int32, _ socket: UnsafeMutableRawPointer) -> Failure {
        let failure = ZeroMQFailure.last("cannot set a ZeroMQ option", [("option", "\(option)")])
        zmq_close(socket)
        return failure
    }

    /// Options of type int, each with its reason. No ROUTING_ID: fixed identities are refused on a fast reconnect, or stolen.
    private static func options(_ role: ZeroMQRole) -> [(Int32, Int32)] {
        var options: [(Int32, Int32)] = [
            (ZMQ_LINGER, 0),  // The outbox is durable; closing must never hang.
            (ZMQ_SNDHWM, 512),  // Twice the credit, so that credit is the window.
            (ZMQ_RCVHWM, 512),
            (ZMQ_HANDSHAKE_IVL, 5000),  // Half-open connections go away.
            (ZMQ_HEARTBEAT_IVL, 2000), (ZMQ_HEARTBEAT_TIMEOUT, 6000), (ZMQ_HEARTBEAT_TTL, 6000),
            (ZMQ_TCP_KEEPALIVE, 1), (ZMQ_TCP_KEEPALIVE_IDLE, 30), (ZMQ_TCP_KEEPALIVE_INTVL, 10), (ZMQ_TCP_KEEPALIVE_CNT, 3),
        ]
        switch role {
        case .follower, .doorkeeper: break
        case .feed: options += [(ZMQ_BACKLOG, 128)]
        case .dealer:
            options += [
                (ZMQ_IMMEDIATE, 1),  // Fail fast when nobody is connected instead of queueing what the outbox keeps anyway.
                (ZMQ_CONNECT_TIMEOUT, 5000), (ZMQ_RECONNECT_IVL, 200), (ZMQ_RECONNECT_IVL_MAX, 5000),
            ]
        case .router, .sensors:
            options += [
                (ZMQ_ROUTER_MANDATORY, 1),  // Know that an answer had no way back.
                (ZMQ_BACKLOG, 512),
            ]
        }
        return options
    }

    /// ZMQ_ZAP_ENFORCE_DOMAIN of zmq_draft.h: 4.3.4 knows it, its stable header does not name it.
    private static let enforceDomain: Int32 = 93

    private static func options(_ security: BusSecurity) -> [(Int32, Int32)] {
        guard case .server = security else { return [] }
        // Without this a server whose ZAP handler is not there lets everybody in who knows its public key.
        return [(ZMQ_CURVE_SERVER, 1), (enforceDomain, 1)]
    }

    private static func texts(_ role: ZeroMQRole, _ security: BusSecurity) -> [(Int32, String)] {
        let subscription = role == .follower ? [(ZMQ_SUBSCRIBE, "")] : []
        switch security {
        case .none: return subscription
        // Enforcing means nothing as long as the domain is empty.
        case .server(let pair, let domain): return [(ZMQ_CURVE_SECRETKEY, pair.secret), (ZMQ_ZAP_DOMAIN, domain.rawValue)]
        case .client(let pair, let server):
            return subscription + [
                (ZMQ_CURVE_SERVERKEY, server.text), (ZMQ_CURVE_PUBLICKEY, pair.publicKey.text), (ZMQ_CURVE_SECRETKEY, pair.secret),
            ]
        }
    }

    /// Starts connecting; libzmq keeps trying in the background.
    package func connect(_ endpoint: Endpoint) throws {
        guard zmq_connect(handle, endpoint.text) == 0 else {
            throw ZeroMQFailure.last("cannot connect", [("endpoint", endpoint.text)])
        }
    }

    /// Binds and returns the endpoint that others can connect to, with the port the system chose.
    package func bind(_ endpoint: Endpoint) throws -> String {
        guard zmq_bind(handle, endpoint.text) == 0 else { throw ZeroMQFailure.last("cannot bind", [("endpoint", endpoint.text)]) }
        var bytes = [UInt8](repeating: 0, count: 512)
        var size = bytes.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &size) == 0 else { throw ZeroMQFailure.last("cannot read the endpoint") }
        return String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
    }

    /// Binds to a name inside the process.
    func bind(inproc name: String) throws {
        guard zmq_bind(handle, name) == 0 else { throw ZeroMQFailure.last("cannot bind", [("endpoint", name)]) }
    }

    /// Gives a name inside the process back at once; closing would do so a moment later.
    func release(_ name: String) { zmq_unbind(handle, name) }

    /// The name that the ZAP handler gave the peer of the message received last; nil without CURVE.
    ///
    /// Read from the last frame: 4.3.4 loses it on the routing frame.
    var lastUserID: String? { incoming.property("User-Id") }

    /// Stops listening and waits, at most 2 s, until the listener is gone.
    ///
    /// libzmq closes listeners in the background; without the wait a successor finds the address in use. The file of an ipc
    /// endpoint stays: binding replaces it, and removing it could hit a successor.
    package func unbind(_ bound: String) {
        let channel = "inproc://closed-\(UInt64.random(in: 0 ... .max))"
        let events = ZMQ_EVENT_CLOSED | ZMQ_EVENT_CLOSE_FAILED
        guard zmq_socket_monitor(handle, channel, events) == 0, let monitor = zmq_socket(context.handle, ZMQ_PAIR) else { return }
        defer {
            zmq_socket_monitor(handle, nil, 0)
            zmq_close(monitor)
        }
        guard zmq_connect(monitor, channel) == 0, zmq_unbind(handle, bound) == 0 else { return }
        var items = [zmq_pollitem_t(socket: monitor, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)]
        while zmq_poll(&items, 1, 2000) < 0 && zmq_errno() == EINTR {}
    }

    /// Lets what was sent leave for so long after the socket is closed; closing does not wait for it.
    package func linger(milliseconds: Int32) {
        var value = milliseconds
        zmq_setsockopt(handle, ZMQ_LINGER, &value, MemoryLayout<Int32>.size)
    }

    /// Hands over one message of several frames without waiting.
    package func send(_ parts: [[UInt8]]) throws -> SendOutcome {
        for (index, part) in parts.enumerated() {
            let flags = ZMQ_DONTWAIT | (index + 1 < parts.count ? ZMQ_SNDMORE : 0)
            while zmq_send(handle, part, part.count, flags) < 0 {
                switch zmq_errno() {
                case EINTR: continue
                // libzmq rolls back the frames before this one.
                case EAGAIN: return .wouldBlock
                case EHOSTUNREACH: return .unroutable
                default: throw ZeroMQFailure.last("cannot send")
                }
            }
        }
        return .sent
    }

    /// Takes one message without waiting; nil when there is none. Frames beyond `limit` are read and dropped, but counted in the
    /// result by one empty frame, so that such a message never looks well formed.
    package func receive(limit: Int = 4) throws -> [[UInt8]]? {
        guard try incoming.receive(from: handle) else { return nil }
        var parts = [incoming.bytes]
        while incoming.hasMore {
            // Frames of one message arrive together; the next one is there.
            guard try incoming.receive(from: handle) else { break }
            if parts.count < limit { parts.append(incoming.bytes) } else if parts.count == limit { parts.append([]) }
        }
        return parts
    }

    /// Sleeps until something can be received, sent (when `sending`), the wake-up is called, or `timeout` has passed.
    ///
    /// A signal ends the wait early with nothing ready; loops ask again anyway.
    package func wait(sending: Bool, wakeUp: WakeUp, timeout: Duration) throws -> Readiness {
        let interest = Int16(ZMQ_POLLIN) | (sending ? Int16(ZMQ_POLLOUT) : 0)
        var items = [
            zmq_pollitem_t(socket: handle, fd: 0, events: interest, revents: 0),
            zmq_pollitem_t(socket: nil, fd: wakeUp.descriptor, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        let milliseconds = Int((max(0, timeout.seconds) * 1000).rounded(.up))
        if zmq_poll(&items, 2, milliseconds) < 0 && zmq_errno() != EINTR { throw ZeroMQFailure.last("cannot wait for a socket") }
        if items[1].revents != 0 { wakeUp.clear() }
        return Readiness(canReceive: items[0].revents & Int16(ZMQ_POLLIN) != 0, canSend: items[0].revents & Int16(ZMQ_POLLOUT) != 0)
    }
}
