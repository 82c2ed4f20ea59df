// When incidents are updated, joined, ended and kept from repeating.
// rules → **incidents** ══▶ cases

/// The `incident` section of a pipeline; the shipped values stand in `pipelines/motion.yaml`.
package struct LedgerSettings: Sendable, Hashable {
    /// Without a sighting for this long, or this many looks, an incident fades; it ends at once when everything was last seen
    /// at the edge, for what comes next is somebody else.
    package var quietSeconds = 1.5
    package var quietLooks = 1.25
    /// A fading incident is continued by what appears in its place within this time.
    package var reopenSeconds = 10.0
    package var updateEverySeconds = 10.0
    /// After this many openings within the window the gaps widen to `busySeconds`.
    package var busyIncidents = 8
    package var busyWindowSeconds = 600.0
    package var busySeconds = 60.0
    /// An incident that lasts longer ends, and the next one says that it continues it.
    package var rollOverSeconds = 21_600.0
    /// After an incident was delivered, the next of its key waits this long, unless it is more urgent; 0 never waits.
    package var coolDownSeconds = 0.0
    /// When nobody can tell for this long whether it goes on, an incident expires.
    package var expireSeconds = 600.0

    package init() {}

    /// The values of `pipelines/motion.yaml`; a test holds them equal.
    package static let standard = LedgerSettings()
}
