// Which pictures of a stream are looked at: key pictures if there are enough of them, otherwise pictures at the same distance.
// packets → **looks** → frames → detections

/// Decides on media time which pictures are due, and whether predicted pictures have to be decoded for it.
package struct LookRhythm: Sendable {
    /// Time between two looks; nil examines every picture.
    package let everySeconds: Double?
    private var lastKeySeconds: Double?
    private var keyGaps = 0
    private var longestKeyGapSeconds = 0.0
    private var lastLookSeconds: Double?

    package init(everySeconds: Double?) { self.everySeconds = everySeconds }

    /// Learns the distance of key pictures.
    package mutating func noteKey(atSeconds: Double) {
        if let lastKeySeconds, atSeconds > lastKeySeconds {
            keyGaps += 1
            longestKeyGapSeconds = max(longestKeyGapSeconds, atSeconds - lastKeySeconds)
        }
        lastKeySeconds = atSeconds
    }

    /// Says that the stream ended, so that a long last stretch without a key picture counts as well.
    package mutating func noteEnd(atSeconds: Double) {
        if let lastKeySeconds { longestKeyGapSeconds = max(longestKeyGapSeconds, atSeconds - lastKeySeconds) }
    }

    /// True when key pictures alone come often enough; false until two gaps between key pictures were seen.
    package var keyPicturesSuffice: Bool {
        guard let everySeconds else { return false }
        // A tenth more, because encoders round the distance to whole pictures.
        return keyGaps >= 2 && longestKeyGapSeconds <= everySeconds * 1.1
    }

    /// True when a picture at this time would be examined; remembers nothing.
    package func wouldBeDue(atSeconds: Double) -> Bool {
        guard let everySeconds, let last = lastLookSeconds, atSeconds >= last else { return true }
        // Half a picture at 25 a second early is on time; a step backwards is a new start.
        return atSeconds - last >= everySeconds - 0.02
    }

    /// True when a picture at this time shall be examined; remembers it as the latest look.
    package mutating func isDue(atSeconds: Double) -> Bool {
        guard wouldBeDue(atSeconds: atSeconds) else { return false }
        lastLookSeconds = atSeconds
        return true
    }
}
