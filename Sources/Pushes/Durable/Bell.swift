// Wakes a loop that waits: when there is something to do, or when its time has come.

import Synchronization

/// One waiting task and any number of ringers. A ring while nobody waits is kept, once.
final class Bell: Sendable {
    private let rings: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation

    init() { (rings, ringer) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    func ring() { ringer.yield() }

    /// Returns at the next ring, after `limit`, or when the task is cancelled. For one task at a time.
    func wait(atMost limit: Duration) async {
        let ringer = ringer
        let timer = Task {
            // Only a timer that ran to its end rings; a cancelled one would wake the next wait.
            if (try? await Task.sleep(for: limit)) != nil { ringer.yield() }
        }
        var iterator = rings.makeAsyncIterator()
        _ = await iterator.next()
        timer.cancel()
    }
}
