// Tells the ingest side which of its incidents have reached the dispatcher: only then does a cool-down begin.
// incidents ══ZeroMQ══▶ dispatcher; **the way back**

import Domain
import IncidentBus
import Synchronization

/// Incidents between the outbox and the dispatcher's acknowledgement. Any thread.
final class Deliveries: Sendable {
    private typealias Delivery = (sequence: UInt64, key: IncidentKey, priority: Priority)

    private struct State {
        /// In the order of their numbers.
        var pending: ArraySlice<Delivery> = []
        /// What the dispatcher has; it may be quicker than whoever notes what was written.
        var acknowledged: UInt64 = 0
        var tell: @Sendable (IncidentKey, Priority) -> Void = { _, _ in }

        mutating func take() -> ArraySlice<Delivery> {
            let delivered = pending.prefix { $0.sequence <= acknowledged }
            pending.removeFirst(delivered.count)
            return delivered
        }
    }

    /// A dispatcher that is away for long: what is forgotten here repeats itself instead of cooling down, and nothing is lost.
    private static let limit = 65_536
    private let state = Mutex(State())

    /// Names who is to hear of deliveries.
    func tell(_ listener: @escaping @Sendable (IncidentKey, Priority) -> Void) { state.withLock { $0.tell = listener } }

    /// Notes incidents that have just been written, the last of them under this number or a lower one.
    func recorded(_ incidents: [Incident], last: UInt64) {
        settle { state in
            for (offset, incident) in incidents.enumerated() where incident.phase == .open {
                state.pending.append((last - UInt64(incidents.count - 1 - offset), incident.key, incident.priority))
            }
            if state.pending.count > Self.limit { state.pending.removeFirst(state.pending.count - Self.limit) }
        }
    }

    /// Hears that the dispatcher has committed everything up to this number.
    func acknowledged(through sequence: UInt64) { settle { $0.acknowledged = max($0.acknowledged, sequence) } }

    private func settle(_ change: (inout State) -> Void) {
        let (delivered, tell) = state.withLock { state in
            change(&state)
            return (state.take(), state.tell)
        }
        for one in delivered { tell(one.key, one.priority) }
    }
}
