// Evidence that was not believed, said once per episode and not once per picture.
// blobs → tracks → detections; **suppressions** beside them

import Domain

/// Remembers what was reported lately, so that a lamp that flickers for an hour is one entry and not ninety thousand.
struct SuppressionEpisodes: Sendable {
    private struct Episode {
        var reason: SuppressionReason
        var box: RelativeBox
        var lastSeconds: Double
    }

    /// Quiet time after which the same place and reason are news again.
    private let quietSeconds = 10.0
    private let limit = 16
    private var episodes: [Episode] = []

    init() { episodes.reserveCapacity(limit) }

    /// True when this is news: no entry of the same reason touches the same place within the quiet time.
    mutating func isNews(_ reason: SuppressionReason, _ box: RelativeBox, atSeconds: Double) -> Bool {
        episodes.removeAll { atSeconds - $0.lastSeconds > quietSeconds || atSeconds < $0.lastSeconds }
        if let known = episodes.firstIndex(where: { $0.reason == reason && $0.box.touches(box) }) {
            episodes[known].lastSeconds = atSeconds
            episodes[known].box = episodes[known].box.union(box)
            return false
        }
        guard episodes.count < limit else { return false }
        episodes.append(Episode(reason: reason, box: box, lastSeconds: atSeconds))
        return true
    }
}
