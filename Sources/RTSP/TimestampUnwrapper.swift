// RTP timestamps as one line of time that neither wraps nor jumps.
// camera ─RTSP─▶ **packets** ─▶ looks

/// Turns 32-bit RTP timestamps, which wrap every 13 hours at 90 kHz, into ticks since the first one.
///
/// Small steps back are kept, as pictures may come in another order than they are shown. A large jump means that the camera set its
/// clock or began anew: the line then goes on from where it was, one usual step later, and the jump is counted.
package struct TimestampUnwrapper: Sendable {
    /// Ticks a second; 90,000 for video.
    package let clockRate: Int
    /// How often the camera's timestamps jumped.
    package private(set) var jumps = 0
    /// What the last timestamp became.
    package private(set) var ticks: Int64 = 0

    private var last: UInt32?
    /// The last step forward, taken for the unknown one of a jump.
    private var usualStep: Int64 = 0

    /// Further ahead is a jump: an hour-long freeze of a camera ends its connection, a minute is seen on slow time-lapse streams.
    package static let longestStepSeconds = 60
    /// Further back is a jump: reordered pictures lie a few frames apart.
    package static let longestStepBackSeconds = 1

    /// - Parameter clockRate: Ticks a second from the description; nonsense counts as 90,000, which all video uses.
    package init(clockRate: Int) {
        self.clockRate = (1...10_000_000).contains(clockRate) ? clockRate : 90_000
    }

    /// Ticks from the first timestamp to this one.
    package mutating func unwrap(_ timestamp: UInt32) -> Int64 {
        guard let last else {
            self.last = timestamp
            return ticks
        }
        self.last = timestamp
        let step = Int64(Int32(bitPattern: timestamp &- last))
        if step > Int64(Self.longestStepSeconds &* clockRate) || step < -Int64(Self.longestStepBackSeconds &* clockRate) {
            jumps &+= 1
            ticks &+= usualStep
        } else {
            if step > 0 { usualStep = step }
            ticks &+= step
        }
        return ticks
    }

    /// Seconds from the first timestamp to this one.
    package mutating func seconds(_ timestamp: UInt32) -> Double { Double(unwrap(timestamp)) / Double(clockRate) }
}
