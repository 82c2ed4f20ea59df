// A queue between two threads with a fixed capacity; what happens when it is full is the caller's stated policy.

import Foundation

/// First in, first out, at most `capacity` elements. Safe on any thread; `take` blocks and is for own threads only.
package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // Unchecked: every stored property below is guarded by `condition`.
    private let condition = NSCondition()
    private var elements: [Element?]
    private var head = 0
    private var used = 0
    private var closed = false

    package init(capacity: Int) {
        precondition(capacity > 0, "a queue without room cannot pass anything on")
        elements = Array(repeating: nil, count: capacity)
    }

    /// Appends without waiting; false when full or closed, and the element stays with the caller.
    package func offer(_ element: Element) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !closed, used < elements.count else { return false }
        elements[(head + used) % elements.count] = element
        used += 1
        condition.signal()
        return true
    }

    /// Appends, waiting for room; false when closed. Blocks; for own threads only.
    package func put(_ element: Element) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while used == elements.count && !closed { condition.wait() }
        guard !closed else { return false }
        elements[(head + used) % elements.count] = element
        used += 1
        condition.broadcast()
        return true
    }

    /// Removes the oldest, waiting at most `timeout`; nil on time-out or when closed and empty. Blocks.
    package func take(timeout: Duration) -> Element? {
        let deadline = Date(timeIntervalSinceNow: timeout.seconds)
        condition.lock()
        defer { condition.unlock() }
        while used == 0 {
            if closed || !condition.wait(until: deadline) { break }
        }
        guard used > 0 else { return nil }
        let element = elements[head]
        elements[head] = nil
        head = (head + 1) % elements.count
        used -= 1
        condition.broadcast()
        return element
    }

    package var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return used
    }

    /// Refuses new elements and wakes everybody; what is inside can still be taken.
    package func close() {
        condition.lock()
        closed = true
        condition.broadcast()
        condition.unlock()
    }
}
