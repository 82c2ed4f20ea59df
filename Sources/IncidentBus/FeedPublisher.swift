// Tells whoever listens what has changed: a thread of its own with one XPUB socket.
// cases → **feed** ══XPUB══▶ anyone

package import Base
package import Logging

/// One message of the feed: a topic to subscribe to, and JSON.
package struct FeedMessage: Sendable, Hashable {
    /// At most 64 bytes: libzmq 4.3.4 confuses the subscriptions of longer ones.
    package var topic: String
    package var body: [UInt8]

    package init(topic: String, body: [UInt8]) {
        self.topic = topic
        self.body = body
    }
}

/// Where the feed is read. Called on the publisher's thread; may block.
package protocol FeedSource: Sendable {
    /// The newest sequence on disk.
    func newestFeedSequence() throws -> Int64
    /// What came behind `after`, in order, from at most `limit` sequences, and how far it reaches.
    func feedMessages(after: Int64, limit: Int) throws -> (messages: [FeedMessage], reached: Int64)
    /// Says where the feed stands.
    func feedHeartbeat(at sequence: Int64) throws -> FeedMessage
}

/// Publishes the feed until stopped. All methods are safe on any thread; `start` and `stop` block.
///
/// A reader that does not keep up loses messages, as with every PUB socket; the heartbeat tells it so and the HTTP API has them.
package final class FeedPublisher: Sendable {
    private static let batch = 256
    /// Only whether there are any matters; a reader that subscribes to more is served all the same.
    private static let topicLimit = 4096
    private static let heartbeat: Duration = .seconds(1)

    private let source: any FeedSource
    private let access: BusAccess?
    private let log: Logger
    private let sent: Counter
    private let thread: BoundThread

    /// - Parameters:
    ///   - endpoint: `ipc://…` or `tcp://address:port`; without `access` only addresses of this machine.
    ///   - access: This side's key and who may read; a `ZapHandler` must run.
    package init(endpoint: String, source: any FeedSource, access: BusAccess? = nil, log: Logger, metrics: MetricsRegistry) throws {
        thread = try BoundThread(name: "feed", endpoint: Endpoint.binding(endpoint, encrypted: access != nil))
        self.source = source
        self.access = access
        self.log = log
        sent = metrics.counter("snowlight_feed_messages_total", "Messages handed to the feed socket, heartbeats included.")
    }

    /// Where readers connect to, with the port the system chose; empty before `start`.
    package var boundEndpoint: String { thread.boundEndpoint }

    /// Says that the feed has grown. Does not block.
    package func notify() { thread.wakeUp.wake() }

    /// Binds and starts the thread; returns once readers can connect.
    package func start() throws {
        try thread.start(.feed, access.map { .server($0.pair, domain: .reader) } ?? .none) { [self] in publish($0) }
        log.notice("the feed is open", metadata: ["endpoint": "\(boundEndpoint)"])
    }

    /// Ends the thread and gives the endpoint back.
    package func stop() { thread.stop() }

    private func publish(_ socket: borrowing ZeroMQSocket) {
        let (time, stopping) = (SystemTime(), thread.stopping)
        var (cursor, topics, beatDue): (Int64?, Set<[UInt8]>, Duration) = (nil, [], .zero)
        while !stopping.isRaised {
            do {
                _ = try socket.wait(sending: false, wakeUp: thread.wakeUp, timeout: beatDue - time.now)
                // Subscriptions arrive as messages: 1 or 0, then the topic.
                while let change = try socket.receive()?.first {
                    let topic = Array(change.dropFirst())
                    if change.first == 0 { topics.remove(topic) } else if topics.count < Self.topicLimit { topics.insert(topic) }
                }
                // With nobody there the database is left alone; who comes begins with a heartbeat and asks for the rest over HTTP.
                cursor = try topics.isEmpty ? nil : send(socket, behind: cursor ?? source.newestFeedSequence())
                guard time.now >= beatDue else { continue }
                beatDue = time.now + Self.heartbeat
                if let cursor { try send(socket, source.feedHeartbeat(at: cursor)) }
            } catch {
                log.error("the feed is interrupted", metadata: ["failure": "\(error)"])
                if (error as? Failure)?.kind == .cancelled || stopping.sleep(.seconds(1)) { return }
            }
        }
    }

    /// Sends everything that is new and returns how far that reaches.
    private func send(_ socket: borrowing ZeroMQSocket, behind start: Int64) throws -> Int64 {
        var cursor = start
        while !thread.stopping.isRaised {
            let (messages, reached) = try source.feedMessages(after: cursor, limit: Self.batch)
            for message in messages { try send(socket, message) }
            guard reached > cursor else { return cursor }
            cursor = reached
        }
        return cursor
    }

    private func send(_ socket: borrowing ZeroMQSocket, _ message: FeedMessage) throws {
        _ = try socket.send([Array(message.topic.utf8), message.body])
        sent.increment()
    }
}
