// Which pictures of a stream are looked at: key pictures if there are enough of them, otherwise pictures at the same distance; and
// every picture for a while after something that is not yet confirmed.
// packets → **looks** → frames → detections

package import Domain

/// Decides on media time which pictures are due, and whether predicted pictures have to be decoded for it.
///
/// A candidate promotes the source as it promotes a camera in the service: from the next key picture on (at once where all pictures
/// are decoded anyway) every picture is due, until no candidate was seen for six seconds.
package struct LookRhythm: Sendable {
    /// As long as a camera of the service keeps its place without a candidate; see `AttentionScheduler.Policy`.
    private static let quietStaySeconds = 6.0

    /// Time between two looks; nil examines every picture.
    package let everySeconds: Double?
    /// True while every picture is due because of a candidate.
    package private(set) var isPromoted = false
    private var candidateSeconds = -Double.infinity
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
        guard let everySeconds, !isPromoted, let last = lastLookSeconds, atSeconds >= last else { return true }
        // Half a picture at 25 a second early is on time; a step backwards is a new start.
        return atSeconds - last >= everySeconds - 0.02
    }

    /// True when a picture at this time shall be examined; remembers it as the latest look.
    package mutating func isDue(atSeconds: Double) -> Bool {
        guard wouldBeDue(atSeconds: atSeconds) else { return false }
        lastLookSeconds = atSeconds
        return true
    }

    /// What the next look is: one of many, or a single one.
    package var kind: LookKind { everySeconds == nil || isPromoted ? .full : .key }

    /// True when predicted pictures have to be decoded.
    package var needsPredicted: Bool { !keyPicturesSuffice || isPromoted }

    /// Hears that the latest look showed something that every picture would settle.
    package mutating func noteCandidate(atSeconds: Double) {
        candidateSeconds = atSeconds
        if everySeconds != nil, !keyPicturesSuffice { isPromoted = true }
    }

    /// Begins or ends a promotion; before a key picture is decoded, because only there one can begin.
    package mutating func meetKey(atSeconds: Double) {
        guard everySeconds != nil else { return }
        isPromoted = (0...Self.quietStaySeconds).contains(atSeconds - candidateSeconds)
    }

    /// Ends a promotion in the middle of a group of pictures, where all of them are decoded anyway.
    package mutating func meetPredicted(atSeconds: Double) {
        if isPromoted, !keyPicturesSuffice { meetKey(atSeconds: atSeconds) }
    }
}
