// Tells readers of the feed that there is something newer; what it is they read from the database.
// cases → **feed** → SSE, webhooks

import Synchronization

/// The newest feed sequence, handed to any number of readers. Safe on any thread; never blocks.
///
/// Each reader keeps only the newest number it has not taken yet, so a storm costs a slow reader nothing.
package final class FeedSignal: Sendable {
    private struct State {
        var newest: Int64 = 0
        var nextID = 0
        var readers: [Int: AsyncStream<Int64>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// A stream of the newest sequence, beginning with the one known now. Ends its subscription when it is dropped or cancelled.
    package func subscribe() -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock {
            $0.nextID += 1
            $0.readers[$0.nextID] = continuation
            if $0.newest > 0 { continuation.yield($0.newest) }
            return $0.nextID
        }
        continuation.onTermination = { [weak self] _ in self?.forget(id) }
        return stream
    }

    /// Hands out `sequence` unless a newer one was announced before. Call it after the commit.
    package func announce(_ sequence: Int64) {
        state.withLock {
            guard sequence > $0.newest else { return }
            $0.newest = sequence
            // Under the lock, so that no reader gets an older number after a newer one.
            for reader in $0.readers.values { reader.yield(sequence) }
        }
    }

    /// The newest sequence announced in this process; 0 before the first.
    package var newest: Int64 { state.withLock { $0.newest } }

    /// How many readers are subscribed, for metrics and tests.
    package var readers: Int { state.withLock { $0.readers.count } }

    private func forget(_ id: Int) { state.withLock { _ = $0.readers.removeValue(forKey: id) } }
}
