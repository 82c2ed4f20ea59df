// What one look, or one tag, shows of an incident: the unit that the ledger folds together.
// detections and tags → **rules → incidents**

package import Domain

/// Evidence for one incident at one moment.
package struct Sighting: Sendable, Hashable {
    package var startSeconds: Double
    package var confirmedSeconds: Double
    package var lastSeconds: Double
    /// Nil when only tags say so.
    package var box: RelativeBox?
    /// Where it was at the latest look.
    package var lastBox: RelativeBox?
    /// True when everything was last seen at the edge of what is watched.
    package var left: Bool
    package var score: Int
    /// Names of the zones it was seen in, sorted.
    package var zones: [String]
    package var reason: [String]

    /// Nobody graded what a device asserts.
    package static let assertedScore = 100

    /// What a tag asserts.
    package init(startSeconds: Double, confirmedSeconds: Double, lastSeconds: Double, reason: [String]) {
        self.startSeconds = startSeconds
        self.confirmedSeconds = confirmedSeconds
        self.lastSeconds = lastSeconds
        box = nil
        lastBox = nil
        left = false
        score = Self.assertedScore
        zones = []
        self.reason = reason
    }

    /// What one detection shows.
    package init(_ detection: Detection) {
        startSeconds = detection.startSeconds
        confirmedSeconds = detection.confirmedSeconds
        lastSeconds = detection.lastSeconds
        box = detection.box
        lastBox = detection.lastBox
        left = detection.isAtEdge
        score = detection.score
        zones = detection.zones
        reason = detection.reason
    }

    /// What several show together: the earliest beginning, the highest score with its reason.
    package mutating func fold(_ other: Sighting) {
        startSeconds = min(startSeconds, other.startSeconds)
        confirmedSeconds = min(confirmedSeconds, other.confirmedSeconds)
        lastSeconds = max(lastSeconds, other.lastSeconds)
        // What was never seen in the picture cannot have left it.
        left = other.box == nil ? left : box == nil ? other.left : left && other.left
        box = united(box, other.box)
        lastBox = united(lastBox, other.lastBox)
        zones = merged(zones, other.zones)
        if other.score > score {
            score = other.score
            reason = other.reason
        }
    }

    /// What evidence of another kind adds: both reasons count, and the score is that of what was graded.
    package mutating func join(_ other: Sighting) {
        let (mine, theirs) = (box != nil, other.box != nil)
        let score = mine == theirs ? max(score, other.score) : mine ? self.score : other.score
        let reason = reason + other.reason
        fold(other)
        self.score = score
        self.reason = reason
    }
}

func united(_ a: RelativeBox?, _ b: RelativeBox?) -> RelativeBox? {
    guard let a else { return b }
    return b.map(a.union) ?? a
}

func merged(_ a: [String], _ b: [String]) -> [String] { a == b ? a : Set(a).union(b).sorted() }
