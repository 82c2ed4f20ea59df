// Takes messages of sensors and tag readers: a thread of its own with one ROUTER socket.
// sensor ══**ROUTER**══▶ messages → tags → incidents

package import Base
package import Logging

/// Hears sensors until stopped and answers each message. All methods are safe on any thread; `start` and `stop` block.
///
/// Whoever may speak is decided as for ingest nodes: with a key by the allow-list, for each message anew; without one only on this
/// machine's own addresses.
package final class SensorListener: Sendable {
    /// What is done with a message and what is answered: called on the listener's thread with the name under which the sender's key
    /// stands, nil where no key is needed; must not block.
    package typealias Hear = @Sendable (_ message: [UInt8], _ name: String?) -> String

    private let access: BusAccess?
    private let log: Logger
    private let hear: Hear
    private let unauthorised: Counter
    private let unroutable: Counter
    private let thread: BoundThread

    /// - Parameters:
    ///   - endpoint: `ipc://…` or `tcp://address:port`, port 0 for any; without `access` only addresses of this machine.
    ///   - access: This side's key and who may speak; a `ZapHandler` must run.
    package init(endpoint: String, access: BusAccess?, log: Logger, metrics: MetricsRegistry, hear: @escaping Hear) throws {
        thread = try BoundThread(name: "sensors", endpoint: Endpoint.binding(endpoint, encrypted: access != nil))
        self.access = access
        self.log = log
        self.hear = hear
        unauthorised = metrics.counter(
            "snowlight_bus_bad_frames_total", "Frames that were no message and were dropped.",
            labels: [("side", "sensors"), ("reason", "unauthorised")])
        unroutable = metrics.counter("snowlight_sensor_answers_lost_total", "Answers to sensors that had no way back.")
    }

    /// Where sensors connect to, with the port the system chose; empty before `start`.
    package var boundEndpoint: String { thread.boundEndpoint }

    /// Binds and starts the thread; returns once sensors can connect.
    package func start() throws {
        try thread.start(.sensors, access.map { .server($0.pair, domain: .sensor) } ?? .none) { [self] in listen($0) }
        log.notice("sensors are heard", metadata: ["endpoint": "\(boundEndpoint)"])
    }

    /// Ends the thread after the message at hand and gives the endpoint back.
    package func stop() { thread.stop() }

    private func listen(_ socket: borrowing ZeroMQSocket) {
        let stopping = thread.stopping
        while !stopping.isRaised {
            do {
                _ = try socket.wait(sending: false, wakeUp: thread.wakeUp, timeout: .seconds(1))
                while !stopping.isRaised, let parts = try socket.receive() { try answer(parts, socket) }
            } catch {
                log.error("hearing sensors is interrupted", metadata: ["failure": "\(error)"])
                if (error as? Failure)?.kind == .cancelled || stopping.sleep(.seconds(1)) { return }
            }
        }
    }

    private func answer(_ parts: [[UInt8]], _ socket: borrowing ZeroMQSocket) throws {
        var name: String?
        if let access {
            // Asked for each message: a handshake is judged once and a connection lasts, but a key that was taken off falls silent now.
            guard let proven = socket.lastUserID, access.allowed.current.hasSensor(named: proven) else { return unauthorised.increment() }
            name = proven
        }
        // A message is one frame behind the route that libzmq puts in front; anything else is in no form.
        let text = hear(parts.count == 2 ? parts[1] : [], name)
        if try socket.send([parts[0], Array(text.utf8)]) != .sent { unroutable.increment() }
    }
}
