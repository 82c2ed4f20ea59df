// Who keeps a pre-roll when the budget is not enough for all.
// camera → **packets** → clips, live pictures

package import Domain

/// Chooses the cameras whose last seconds are kept. Pure.
///
/// 4,100 cameras of half a megabit fill 2.7 GB in ten seconds, and a ring shared by all of them would hold one second each, which shows
/// nothing. So a few keep their full length: higher priority first, then those where something has been going on, then those that keep
/// one already, so that the choice does not flutter.
package enum PreRollPlan {
    /// One camera that could keep a pre-roll.
    package struct Wish: Sendable {
        package var slot: Int
        package var priority: Priority
        /// Something was seen there lately, or a live tag asks for attention.
        package var isHot: Bool
        /// Nil while it has not been measured.
        package var bytesPerSecond: Double?
        package var isKept: Bool

        package init(slot: Int, priority: Priority, isHot: Bool, bytesPerSecond: Double?, isKept: Bool) {
            self.slot = slot
            self.priority = priority
            self.isHot = isHot
            self.bytesPerSecond = bytesPerSecond
            self.isKept = isKept
        }
    }

    /// What a camera costs that has not been measured: half a megabit, the usual sub-stream.
    private static let usualBytesPerSecond = 66_000.0
    /// Descriptions of pictures at 25 a second, as `CodedPicture.heldBytes` counts them.
    private static let overheadBytesPerSecond = 16_000.0
    /// A group more than asked for is kept, and bit rates rise when something moves.
    private static let groupSeconds = 2.0
    private static let filledShare = 0.9

    /// The slots that keep their last `seconds`, as many as fit into `budgetBytes`.
    package static func choose(_ wishes: [Wish], seconds: Double, budgetBytes: Int) -> Set<Int> {
        let ranked = wishes.sorted { a, b in
            if a.priority != b.priority { return a.priority < b.priority }
            if a.isHot != b.isHot { return a.isHot }
            if a.isKept != b.isKept { return a.isKept }
            return a.slot < b.slot
        }
        var left = Double(budgetBytes) * filledShare
        var chosen: Set<Int> = []
        for wish in ranked {
            let need = ((wish.bytesPerSecond ?? usualBytesPerSecond) + overheadBytesPerSecond) * (seconds + groupSeconds)
            // A camera that does not fit leaves its place to smaller ones behind it.
            guard need <= left else { continue }
            left -= need
            chosen.insert(wish.slot)
        }
        return chosen
    }
}
