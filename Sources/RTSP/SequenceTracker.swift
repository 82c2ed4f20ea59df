// Which RTP packets arrived and which did not.
// camera ─RTSP─▶ **packets** ─▶ looks

/// Follows the sequence numbers of one source (RFC 3550 appendix A.1).
///
/// Over TCP nothing is overtaken on the way, so a packet that comes late is dropped and counted; nothing is kept to put it in place.
package struct SequenceTracker: Sendable {
    /// What a packet's number says.
    package enum Arrival: Sendable, Equatable {
        case inOrder
        /// As many packets are missing in front of this one.
        case gap(Int)
        /// It was here before: drop it.
        case duplicate
        /// Its turn is over, or its number jumped and nothing confirms the jump yet: drop it.
        case late
        /// The camera began to count anew; packets are missing in front of this one, nobody knows how many.
        case restarted

        /// True for packets that do not go to the depacketiser.
        package var isDropped: Bool { self == .duplicate || self == .late }

        /// What the depacketiser is told as `gap`.
        package var isGap: Bool {
            switch self {
            case .gap, .restarted: true
            case .inOrder, .duplicate, .late: false
            }
        }
    }

    /// A jump up to here is loss, one beyond it a restart (MAX_DROPOUT of RFC 3550).
    package static let longestGap: UInt16 = 3000
    /// A number this far back is late, one before it a restart (MAX_MISORDER of RFC 3550).
    package static let longestDelay: UInt16 = 100

    package private(set) var received = 0
    package private(set) var lost = 0
    package private(set) var duplicated = 0
    package private(set) var late = 0
    package private(set) var restarts = 0
    /// Cycles of 65,536 above, the highest number received below.
    package private(set) var extendedHighest: UInt32 = 0
    /// Packets that should have come since the last restart, for receiver reports.
    package var expected: UInt32 { hasStarted ? extendedHighest &- extendedFirst &+ 1 : 0 }

    private var hasStarted = false
    private var extendedFirst: UInt32 = 0
    /// Bit n: the packet n before the highest has come.
    private var recent: UInt64 = 0
    /// The number that would confirm a jump.
    private var confirmation: UInt16?

    package init() {}

    /// Counts a packet and says how it follows the ones before.
    package mutating func receive(_ sequence: UInt16) -> Arrival {
        let step = sequence &- UInt16(truncatingIfNeeded: extendedHighest)
        if hasStarted, step == 1 {
            extendedHighest &+= 1
            recent = recent << 1 | 1
            received &+= 1
            confirmation = nil
            return .inOrder
        }
        guard hasStarted else {
            start(sequence)
            return .inOrder
        }
        if step == 0 {
            duplicated &+= 1
            return .duplicate
        }
        if step <= Self.longestGap {
            extendedHighest &+= UInt32(step)
            recent = step < 64 ? recent << UInt64(step) | 1 : 1
            received &+= 1
            lost &+= Int(step) &- 1
            confirmation = nil
            return .gap(Int(step) &- 1)
        }
        let back = 0 &- step
        if confirmation != sequence, back <= Self.longestDelay {
            guard back < 64, recent >> UInt64(back) & 1 == 1 else {
                if back < 64 { recent |= 1 << UInt64(back) }
                late &+= 1
                return .late
            }
            duplicated &+= 1
            return .duplicate
        }
        guard confirmation == sequence else {
            confirmation = sequence &+ 1
            late &+= 1
            return .late
        }
        restarts &+= 1
        start(sequence)
        return .restarted
    }

    private mutating func start(_ sequence: UInt16) {
        hasStarted = true
        extendedHighest = UInt32(sequence)
        extendedFirst = UInt32(sequence)
        recent = 1
        received &+= 1
        confirmation = nil
    }
}
