// A camera at dusk that cannot decide: colour, infrared, colour again, each switch with its moment of dark and its settling exposure.
// **take ─▶ pictures** ─▶ file with its truth

import Foundation

/// When the infrared filter is out of the way, and what the picture does around the moments in which it swings.
struct InfraredSwitch: Hashable, Sendable {
    /// Time in one state; the first switch comes after it.
    var stateSeconds: Double
    private static let swingSeconds = 0.4
    private static let settleSeconds = 2.5

    func isInfrared(at seconds: Double) -> Bool { Int(seconds / stateSeconds) & 1 == 1 }

    /// Exposure during and after a switch: nearly dark while the filter swings, too bright just after, then as it should be.
    func exposure(at seconds: Double) -> Float {
        guard seconds >= stateSeconds else { return 1 }
        let since = seconds.truncatingRemainder(dividingBy: stateSeconds)
        if since < Self.swingSeconds { return 0.15 }
        return 1 + 0.7 * Float(exp(-(since - Self.swingSeconds) / Self.settleSeconds * 3))
    }
}
