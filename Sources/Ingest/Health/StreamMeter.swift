// The distance of key pictures and the bit rate of one stream, measured as its pictures arrive.
// **camera → packets → looks** → frames → detections → incidents

import Base

/// The distance of key pictures and the bit rate of one stream, from the arrival of coded pictures.
struct StreamMeter: Sendable {
    /// Longer groups do not widen the time a camera may be silent: a stream with one key picture in five minutes is broken.
    static let longestGroup = Duration.seconds(60)

    /// Nothing for so long is a hole, and a hole is no group of pictures.
    private static let hole = Duration.seconds(5)

    private var lastKey: Duration?
    private var lastArrival: Duration?
    private var gaps: [Duration] = []
    private var windowStart: Duration?
    private var windowBytes = 0
    private(set) var bitsPerSecond: Double?

    /// The longest of the last four distances of key pictures.
    var group: Duration? { gaps.max() }

    /// A new connection: the hole before it is no group of pictures.
    mutating func restart() {
        lastKey = nil
        lastArrival = nil
        windowStart = nil
        windowBytes = 0
    }

    mutating func arrived(now: Duration, bytes: Int, isKey: Bool) {
        if let lastArrival, now - lastArrival > Self.hole { restart() }
        lastArrival = now
        if isKey {
            if let lastKey, now > lastKey {
                if gaps.count == 4 { gaps.removeFirst() }
                gaps.append(min(now - lastKey, Self.longestGroup))
            }
            lastKey = now
        }
        guard let start = windowStart else {
            windowStart = now
            return
        }
        windowBytes += bytes
        // Ten seconds hold several groups of pictures of an ordinary camera, so that key pictures do not make the rate jump.
        if now - start >= .seconds(10) {
            bitsPerSecond = Double(windowBytes) * 8 / (now - start).seconds
            windowStart = now
            windowBytes = 0
        }
    }
}
