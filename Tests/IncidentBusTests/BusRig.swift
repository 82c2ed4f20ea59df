// A publisher and a receiver of their own, joined by a real socket.

import Base
import Domain
import IncidentBus

/// One of each, wired over `endpoint`.
struct BusRig: Sendable {
    let outboxPath: String
    let endpoint: String
    let outbox: Outbox
    let committer: MemoryCommitter
    let receiver: IncidentReceiver
    let publisher: IncidentPublisher
    let metrics = MetricsRegistry()

    init(
        _ endpoint: String, directory: String, committer: MemoryCommitter = MemoryCommitter(),
        onFatal: @escaping @Sendable (Failure) -> Void = { _ in }
    ) throws {
        outboxPath = directory + "/outbox.sqlite"
        outbox = try Outbox.open(path: outboxPath)
        self.committer = committer
        receiver = try IncidentReceiver(endpoint: endpoint, committer: committer, log: quiet, metrics: metrics, onFatal: onFatal)
        try receiver.start()
        self.endpoint = receiver.boundEndpoint
        publisher = try IncidentPublisher(
            outbox: outbox, endpoint: self.endpoint, log: quiet, metrics: metrics, timing: hurried, onFatal: onFatal)
        publisher.start()
    }

    func append(_ drafts: [IncidentDraft]) throws -> [String] {
        let written = try outbox.append(drafts)
        publisher.notify()
        return written.map { "\($0.id)/\($0.revision)" }
    }

    /// Everything is committed, acknowledged and marked.
    func settles() async throws -> Bool { try await eventually { outbox.depth().rows == 0 } }

    func stop() throws {
        publisher.stop()
        receiver.stop()
        try outbox.close()
    }
}
