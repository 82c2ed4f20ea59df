// The doorkeeper: libzmq asks it about every key before a connection may speak.
// outbox ══**CURVE + ZAP**══▶ dispatcher

package import Base
package import Logging
import Synchronization

/// Answers authentication requests (ZeroMQ RFC 27) on a thread and a socket of its own. One for a process: libzmq knows one address for it.
///
/// While it does not run, nobody gets in: sockets with a key enforce their domain. Start it before they are bound.
package final class ZapHandler: Sendable {
    private static let endpoint = "inproc://zeromq.zap.01"

    private let allowed: AllowListBox
    private let log: Logger
    private let accepted: Counter
    private let refused: Counter
    private let wakeUp: WakeUp
    private let stopping = StopSignal()
    private let thread = Mutex<OwnThread?>(nil)

    /// - Parameter allowed: Looked at once a second for a changed file, never while a request waits.
    package init(allowed: AllowListBox, log: Logger, metrics: MetricsRegistry) throws {
        self.allowed = allowed
        self.log = log
        let help = "Connections by what the allow-list said."
        accepted = metrics.counter("snowlight_bus_handshakes_total", help, labels: [("result", "accepted")])
        refused = metrics.counter("snowlight_bus_handshakes_total", help, labels: [("result", "refused")])
        wakeUp = try WakeUp()
    }

    /// Binds and starts the thread; returns once handshakes are answered.
    package func start() throws {
        let outcome = BoundedQueue<Result<Void, Failure>>(capacity: 1)
        let thread = OwnThread(name: "zap") { [self] in
            do {
                let socket = try ZeroMQSocket(.doorkeeper)
                try socket.bind(inproc: Self.endpoint)
                _ = outcome.offer(.success(()))
                serve(socket)
                socket.release(Self.endpoint)
            } catch {
                _ = outcome.offer(.failure(error as? Failure ?? Failure(.internal, "the ZAP handler failed", cause: error)))
            }
        }
        self.thread.withLock { $0 = thread }
        try (outcome.take(timeout: .seconds(30)) ?? .failure(Failure(.deadlineExceeded, "the ZAP handler does not start"))).get()
    }

    /// Ends the thread: from now on nobody gets in.
    package func stop() {
        stopping.raise()
        wakeUp.wake()
        thread.withLock { $0 }?.join()
    }

    private func serve(_ socket: borrowing ZeroMQSocket) {
        let time = SystemTime()
        var refreshDue = time.now + .seconds(1)
        while !stopping.isRaised {
            do {
                _ = try socket.wait(sending: false, wakeUp: wakeUp, timeout: refreshDue - time.now)
                while let request = try socket.receive(limit: 8) {
                    _ = try socket.send(ZapReply(request, allowed.current, count: { ($0 ? accepted : refused).increment() }).frames)
                }
            } catch {
                log.error("a handshake could not be answered", metadata: ["failure": "\(error)"])
                if (error as? Failure)?.kind == .cancelled || stopping.sleep(.seconds(1)) { return }
            }
            guard time.now >= refreshDue else { continue }
            refreshDue = time.now + .seconds(1)
            switch allowed.refresh() {
            case .success(let list)?: log.notice("the allow-list was read again", metadata: ["keys": "\(list.count)"])
            case .failure(let failure)?:
                log.error("the allow-list was not read again; the one in force stays", metadata: ["failure": "\(failure)"])
            case nil: break
            }
        }
    }
}

/// The answer to one authentication request. A pure value.
///
/// A key that is not on the list gets 300 and no reason: 400 makes libzmq 4.3.4 clients give up for good, and a key may be added a
/// moment later.
struct ZapReply {
    let frames: [[UInt8]]

    /// - Parameter request: version, request id, domain, address, identity, mechanism, and for CURVE the 32 bytes of the client's key.
    init(_ request: [[UInt8]], _ allowed: AllowList, count: (Bool) -> Void) {
        var name: String?
        if request.count == 7, request[0] == Array("1.0".utf8), request[5] == Array("CURVE".utf8),
            let domain = ZapDomain(rawValue: String(decoding: request[2], as: UTF8.self)), let key = CurveKey(z85: request[6])
        {
            name = allowed.name(of: key, in: domain)
        }
        count(name != nil)
        frames = [
            Array("1.0".utf8), request.count > 1 ? request[1] : [], Array((name == nil ? "300" : "200").utf8),
            Array((name == nil ? "not now" : "OK").utf8), Array((name ?? "").utf8), [],
        ]
    }
}

extension CurveKey {
    /// The text of 32 raw bytes; nil for any other number of bytes.
    init?(z85 bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#")
        var text = ""
        for start in stride(from: 0, to: 32, by: 4) {
            var word = bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            var digits: [Character] = []
            for _ in 0..<5 {
                digits.append(alphabet[Int(word % 85)])
                word /= 85
            }
            text += String(digits.reversed())
        }
        self.init(text)
    }
}
