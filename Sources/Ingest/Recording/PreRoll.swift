// The last seconds of many cameras under one memory budget.
// camera → **packets** → clips, live pictures

/// Keeps the latest pictures of each camera, from a key picture on, as far as one budget over all of them goes.
///
/// Pictures stand in groups, a key picture with what is predicted from it; only whole groups are let go, so that what is kept can always
/// be decoded. A group goes when the one behind it reaches back far enough, or, when the budget is used up, when it is the oldest of all
/// cameras: then everybody keeps the same stretch of time. A picture without its group is refused.
///
/// A value for one thread, without clock; generic over the picture, so that the rules can be tried without one. Each event costs O(1)
/// amortised.
package struct PreRoll<Picture: Sendable>: Sendable {
    /// One picture with what the ring must know of it.
    package struct Entry: Sendable {
        package var picture: Picture
        package var isKey: Bool
        package var seconds: Double
    }

    private struct Group {
        var serial: UInt64
        var startSeconds: Double
        var bytes = 0
        var entries: [Entry] = []
    }

    private struct Ring {
        var groups: [Group] = []
        /// The last group goes on.
        var isOpen = false
    }

    private let keptSeconds: Double
    private let budgetBytes: Int
    private var rings: [Ring] = []
    /// Every group by age; those that are gone are passed over. Before `head` all are.
    private var order: [(slot: Int, serial: UInt64)] = []
    private var head = 0
    private var nextSerial: UInt64 = 0
    private var liveGroups = 0
    /// Held now, over all cameras.
    package private(set) var bytes = 0

    /// - Parameters:
    ///   - keptSeconds: How far back each camera's pictures reach at least while the budget allows it; at most one group more.
    ///   - budgetBytes: Never exceeded after a call returns.
    package init(keptSeconds: Double, budgetBytes: Int) {
        precondition(keptSeconds > 0 && budgetBytes >= 0, "a pre-roll reaches back and has a budget")
        self.keptSeconds = keptSeconds
        self.budgetBytes = budgetBytes
    }

    /// Adds the camera's next picture; false when it is predicted and its group is not here.
    @discardableResult
    package mutating func append(_ picture: Picture, isKey: Bool, seconds: Double, bytes size: Int, slot: Int) -> Bool {
        precondition(slot >= 0 && size >= 0, "slots are dense small integers and pictures have a size")
        while rings.count <= slot { rings.append(Ring()) }
        if isKey {
            rings[slot].groups.append(Group(serial: nextSerial, startSeconds: seconds))
            rings[slot].isOpen = true
            order.append((slot, nextSerial))
            nextSerial += 1
            liveGroups += 1
        }
        guard rings[slot].isOpen else { return false }
        let last = rings[slot].groups.count - 1
        rings[slot].groups[last].entries.append(Entry(picture: picture, isKey: isKey, seconds: seconds))
        rings[slot].groups[last].bytes += size
        bytes += size
        while rings[slot].groups.count > 1, rings[slot].groups[1].startSeconds <= seconds - keptSeconds { removeFirst(slot) }
        while bytes > budgetBytes, removeOldest() {}
        if order.count - head > 2 * liveGroups + 1024 { compact() }
        return rings[slot].isOpen
    }

    /// A picture is missing: what is predicted from it is refused until the next key picture.
    package mutating func interrupt(_ slot: Int) {
        if rings.indices.contains(slot) { rings[slot].isOpen = false }
    }

    /// Lets go of everything of one camera.
    package mutating func clear(_ slot: Int) {
        guard rings.indices.contains(slot) else { return }
        while !rings[slot].groups.isEmpty { removeFirst(slot) }
    }

    /// What is kept of a camera, beginning with the last key picture at or before `sinceSeconds`, or the oldest one.
    package func entries(_ slot: Int, sinceSeconds: Double) -> [Entry] {
        guard rings.indices.contains(slot) else { return [] }
        let groups = rings[slot].groups
        let first = groups.lastIndex { $0.startSeconds <= sinceSeconds } ?? 0
        return groups[min(first, groups.count)...].flatMap(\.entries)
    }

    /// True when the next predicted picture of this camera belongs to what is kept.
    package func isOpen(_ slot: Int) -> Bool { rings.indices.contains(slot) && rings[slot].isOpen }

    private mutating func removeFirst(_ slot: Int) {
        let gone = rings[slot].groups.removeFirst()
        bytes -= gone.bytes
        liveGroups -= 1
        if rings[slot].groups.isEmpty { rings[slot].isOpen = false }
    }

    private mutating func removeOldest() -> Bool {
        while head < order.count {
            let (slot, serial) = order[head]
            head += 1
            // Serials grow and groups leave at the front, so an older one in front means that this one is still there.
            if let first = rings[slot].groups.first, first.serial <= serial {
                removeFirst(slot)
                return true
            }
        }
        return false
    }

    private mutating func compact() {
        order = order[head...].filter { entry in rings[entry.slot].groups.first.map { $0.serial <= entry.serial } ?? false }
        head = 0
    }
}
