// Somebody has said that this place is to be quiet for a while, and why.
// cases → escalation → **silence** → inhibit → roster → dedupe → flap → group → budget → channels

import Cases
package import Domain

/// One silence: what it covers, who wants it, why, and until when. It ends by itself.
package struct Silence: Sendable, Hashable {
    package var id: String
    /// Nil covers every camera; likewise below.
    package var camera: CameraID?
    package var grid: GridCode?
    package var category: String?
    /// Holds priority 1 as well.
    package var total: Bool
    package var author: String
    package var reason: String
    package var from: WallTime
    package var until: WallTime

    /// The longest silence: 30 days. What should be quiet for longer belongs into the catalogue.
    package static let longest = 30 * 86_400.0

    package init(
        id: String, camera: CameraID?, grid: GridCode?, category: String?, total: Bool, author: String, reason: String, from: WallTime,
        until: WallTime
    ) {
        self.id = id
        self.camera = camera
        self.grid = grid
        self.category = category
        self.total = total
        self.author = author
        self.reason = reason
        self.from = from
        self.until = until
    }

    func covers(_ candidate: Candidate, at now: WallTime) -> Bool {
        guard from <= now, now < until, total || !candidate.isUrgent else { return false }
        let followed = candidate.followed
        // All cameras of the case: one that still speaks is heard.
        if let camera, followed.cameras.isEmpty || followed.cameras.contains(where: { $0 != camera }) { return false }
        if let grid, followed.grid != grid { return false }
        if let category, followed.category != category { return false }
        return true
    }
}

/// Holds what a silence covers until it ends; what is still open then is told.
struct SilenceStage: Stage {
    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        let found = candidate
        let covering = try past.silences().filter { $0.covers(found, at: now) }.max { $0.until < $1.until }
        guard let covering else { return .pass }
        return .later(.silenced, until: covering.until, "\(covering.author): \(covering.reason)")
    }
}
