// Which cameras are lost, and whether one cause explains many of them. Pure: states and time in, actions out.
// camera → packets → looks → frames → **detections → incidents**

package import Domain

/// Debounces losses of cameras and folds common ones into a single incident each.
///
/// One camera:
/// ```
///            not streaming              60 s, and not streaming now
///   up ───────────────────────▶ down ───────────────────────────────▶ lost (told alone, or as a member of a common failure)
///    ▲                            │                                     │
///    └────── 30 s streaming ──────┴────────────── 30 s streaming ───────┘
/// ```
/// A camera that comes and goes never streams for 30 s, so it stays down: one incident however long that lasts.
///
/// When a camera becomes due, the ledger asks who else **fell** within 30 s of it, back again or not: a power cut of a
/// minute is one cause, although half of the fleet is back before the other half is due. If the largest scope that fits
/// still misses enough cameras, it becomes one incident for all of them, named by its most precise name (a fleet on one
/// NVR is the NVR). Cameras that had been down before count neither for nor against.
///
/// | event | own stall | otherwise |
/// |---|---|---|
/// | camera due, its scope has a common failure not older than 5 min | silent | joins it |
/// | camera due, many fell with it | silent | `commonLost`; smaller common failures of the same window merge into it |
/// | camera due, alone | silent | `lost` |
/// | members of a common failure joined or came back | silent | `commonChanged`, at most once a minute |
/// | 80 % of a common failure back | silent | `commonRestored`; the rest has another 60 s, then each is due again |
/// | 5 min without a return, and less than the share missing | silent | the same, as `narrowed` |
/// | own stall, own stall over for 30 s | `ownStall` | `ownRecovered`; every camera that is down has another 60 s |
///
/// Nothing that happens during a stall of ours is forgotten; it is told when the stall is over and if it is still so.
package struct OutageLedger: Sendable {
    /// A common failure that is running.
    private struct Running: Sendable {
        var anchor: CameraID
        var since: Duration
        /// When the latest member came back, or it was opened.
        var lastReturn: Duration
        var members: Set<CameraID>
        var lost: Set<CameraID>
        /// When it was told last, and with which numbers.
        var told: (at: Duration, members: Int, lost: Int)

        /// Opened or adopted now: the latest return is not known or none.
        init(anchor: CameraID, since: Duration, members: [CameraID], now: Duration) {
            self.anchor = anchor
            self.since = since
            lastReturn = now
            self.members = Set(members)
            lost = self.members
            told = (now, members.count, members.count)
        }
    }

    private let policy: OutagePolicy
    private var tracks: [CameraID: OutageTrack] = [:]
    private var common: [OutageScope: Running] = [:]
    /// What happened between ticks or during a stall of ours, in order.
    private var untold: [OutageAction] = []
    private var own: OwnStall?
    private var ownToldWith: (stall: OwnStall, anchor: CameraID)?
    private var ownLast: Duration = .zero

    package init(policy: OutagePolicy = .init()) { self.policy = policy }

    // MARK: events

    /// The state of one camera; repeat it or tell changes only, as is convenient. `connecting` enrols a camera and says nothing else.
    package mutating func state(_ camera: CameraID, _ network: CameraNetwork, _ state: CameraState, reason: String, now: Duration) {
        var track = tracks[camera] ?? OutageTrack(camera: camera, network: network)
        if track.network != network {
            remove(camera)
            track = OutageTrack(camera: camera, network: network)
        }
        // Before it falls again: the outage before may have ended between two ticks.
        if track.isBack(now: now, after: policy.restoredAfter) { settle(&track, now: now) }
        track.turn(state, reason, now: now)
        tracks[camera] = track
    }

    /// The camera is no longer read. An incident of its own ends as withdrawn.
    package mutating func remove(_ camera: CameraID) {
        guard let track = tracks.removeValue(forKey: camera) else { return }
        switch track.standing {
        case .untold: break
        case .reported: untold.append(.withdrawn(track.outage))
        case .member(let scope):
            common[scope]?.members.remove(camera)
            common[scope]?.lost.remove(camera)
        }
    }

    /// A stall of ours began or goes on (repeat it freely), or is over (nil).
    package mutating func ours(_ stall: OwnStall?, now: Duration) {
        if stall != nil || own != nil { ownLast = now }
        own = stall
    }

    /// Continues an incident of the process before this one. Enrol the cameras first.
    /// - Returns: False when its camera is gone or the key is none of ours: the caller lets it expire.
    package mutating func adopt(_ key: IncidentKey, since: Duration, now: Duration) -> Bool {
        switch key.category {
        case OutageReport.cameraLost:
            guard tracks[key.camera]?.standing == .untold else { return false }
            tracks[key.camera]?.adopt(since: since, now: now, .reported)
            return true
        case OutageReport.commonFailure:
            guard let scope = OutageScope(key.zone), common[scope] == nil else { return false }
            let members = tracks.values.filter { scope.contains($0.network) && $0.standing == .untold }.map(\.camera)
            guard !members.isEmpty else { return false }
            for camera in members { tracks[camera]?.adopt(since: since, now: now, .member(scope)) }
            common[scope] = Running(anchor: key.camera, since: since, members: members, now: now)
            return true
        case OutageReport.ownStall:
            guard ownToldWith == nil else { return false }
            ownToldWith = (OwnStall(OwnStall.Cause(rawValue: key.zone) ?? .machine, since: since), key.camera)
            ownLast = now
            return true
        default: return false
        }
    }

    /// Time passes; returns what is to be told now, in order. Call once a second: a tick is one pass over the cameras.
    package mutating func tick(now: Duration) -> [OutageAction] {
        for camera in tracks.values.filter({ $0.isBack(now: now, after: policy.restoredAfter) }).map(\.camera).sorted() {
            guard var track = tracks[camera] else { continue }
            settle(&track, now: now)
            tracks[camera] = track
        }
        var actions = tellOwn(now: now)
        if own != nil || ownToldWith != nil { return actions }
        endCommon(now: now)
        tellDue(now: now)
        tellChanged(now: now)
        actions += untold
        untold = []
        return actions
    }

    /// Cameras with an incident of their own, and common failures, that are running.
    package var running: (cameras: Int, common: Int) { (tracks.values.count { $0.standing == .reported }, common.count) }

    // MARK: one camera

    private mutating func settle(_ track: inout OutageTrack, now: Duration) {
        switch track.standing {
        case .untold: break
        case .reported: untold.append(.restored(track.outage))
        case .member(let scope):
            common[scope]?.lost.remove(track.camera)
            common[scope]?.lastReturn = now
        }
        track.settle()
    }

    // MARK: our own stall

    private mutating func tellOwn(now: Duration) -> [OutageAction] {
        if let own, ownToldWith == nil, let anchor = tracks.keys.min() {
            ownToldWith = (own, anchor)
            return [.ownStall(own, anchor: anchor)]
        }
        guard own == nil, let told = ownToldWith, now - ownLast >= policy.restoredAfter else { return [] }
        ownToldWith = nil
        for (camera, track) in tracks where track.downSince != nil { tracks[camera]?.quietUntil = now + policy.lostAfter }
        return [.ownRecovered(told.stall, anchor: told.anchor)]
    }

    // MARK: common failures

    private mutating func endCommon(now: Duration) {
        for (scope, one) in common.sorted(by: { $0.key.description < $1.key.description }) {
            guard let ending = ending(scope, one, now: now) else { continue }
            untold.append(.commonRestored(describe(scope, one), ending))
            common[scope] = nil
            for camera in one.lost {
                tracks[camera]?.standing = .untold
                tracks[camera]?.quietUntil = now + policy.lostAfter
            }
            // The explanation is used up: those who came back explain nobody who stays away.
            for (camera, track) in tracks where scope.contains(track.network) && track.downSince == nil { tracks[camera]?.droppedAt = nil }
        }
    }

    private mutating func tellChanged(now: Duration) {
        for (scope, one) in common.sorted(by: { $0.key.description < $1.key.description })
        where one.told.members != one.members.count || one.told.lost != one.lost.count {
            guard now - one.told.at >= policy.retellAfter else { continue }
            common[scope]?.told = (now, one.members.count, one.lost.count)
            untold.append(.commonChanged(describe(scope, one)))
        }
    }

    private func ending(_ scope: OutageScope, _ one: Running, now: Duration) -> OutageAction.Ending? {
        if one.lost.count * 100 <= one.members.count * (100 - policy.backPercent) { return .recovered }
        // A third of a fleet that stays away is no failure of the fleet: it is a dozen switches, each worth its own incident.
        guard now - one.lastReturn >= policy.joinWithin else { return nil }
        let total = tracks.values.count { scope.contains($0.network) }
        let percent = scope == .fleet ? policy.fleetPercent : policy.sharePercent
        return one.lost.count * 100 < total * percent ? .narrowed : nil
    }

    private mutating func tellDue(now: Duration) {
        var due = tracks.values.filter { $0.isDue(now: now, after: policy.lostAfter) }.sorted { $0.camera < $1.camera }
        guard !due.isEmpty else { return }
        for track in due {
            if let scope = joinable(track) {
                tracks[track.camera]?.standing = .member(scope)
                common[scope]?.members.insert(track.camera)
                common[scope]?.lost.insert(track.camera)
            }
        }
        let scopes: [(OutageTrack) -> OutageScope] = [{ _ in .fleet }, { .subnet($0.network.subnet) }, { .host($0.network.host) }]
        for scope in scopes {
            due = due.filter { tracks[$0.camera]?.standing == .untold }
            if due.isEmpty { return }
            let grouped = Dictionary(grouping: tracks.values, by: scope)
            for key in Set(due.map(scope)).sorted(by: { $0.description < $1.description }) {
                // Every due camera is in its group.
                openCommon(key, grouped[key]!, now: now)
            }
        }
        for track in due where tracks[track.camera]?.standing == .untold {
            tracks[track.camera]?.standing = .reported
            untold.append(.lost(track.outage))
        }
    }

    /// The running common failure a due camera belongs to, the largest first.
    private func joinable(_ track: OutageTrack) -> OutageScope? {
        let scopes: [OutageScope] = [.fleet, .subnet(track.network.subnet), .host(track.network.host)]
        return scopes.first { scope in
            guard let one = common[scope], let down = track.downSince else { return false }
            return down >= one.since - policy.window && down <= one.since + policy.joinWithin
        }
    }

    /// Opens a common failure of `scope` if enough of its cameras fell within one window with a camera that is due.
    private mutating func openCommon(_ scope: OutageScope, _ group: [OutageTrack], now: Duration) {
        let least = if case .host = scope { policy.hostCameras } else { policy.subnetCameras }
        guard group.count >= least, let window = fullestWindow(scope, group, now: now) else { return }
        let fallen = group.filter { $0.canFall(into: scope) && $0.droppedAt.map(window.contains) ?? false }
        let downBefore = group.count { track in track.downSince != nil && !(track.droppedAt.map { $0 >= window.lowerBound } ?? false) }
        let percent = scope == .fleet ? policy.fleetPercent : policy.sharePercent
        guard fallen.count * 100 >= (group.count - downBefore) * percent else { return }
        let members = fallen.filter { $0.downSince != nil }
        guard members.count(where: { !$0.isStreaming }) >= least else { return }
        let named = mostPrecise(scope, group)
        guard common[named] == nil else { return }
        for (smaller, one) in common.sorted(by: { $0.key.description < $1.key.description })
        where members.contains(where: { $0.standing == .member(smaller) }) {
            untold.append(.commonRestored(describe(smaller, one), .merged(into: named)))
            common[smaller] = nil
            // Those who fell in another window are due by themselves again.
            for camera in one.lost { tracks[camera]?.standing = .untold }
        }
        let ids = members.map(\.camera)
        for camera in ids { tracks[camera]?.standing = .member(named) }
        // `members` holds at least `least`.
        let one = Running(anchor: ids.min()!, since: window.lowerBound, members: ids, now: now)
        common[named] = one
        untold.append(.commonLost(describe(named, one)))
    }

    /// The window in which most cameras of the group fell, among those that hold a due one.
    private func fullestWindow(_ scope: OutageScope, _ group: [OutageTrack], now: Duration) -> ClosedRange<Duration>? {
        let falls = group.filter { $0.canFall(into: scope) }.compactMap { track in
            track.droppedAt.map { (at: $0, isDue: track.isDue(now: now, after: policy.lostAfter)) }
        }.sorted { $0.at < $1.at }
        var best: (count: Int, range: ClosedRange<Duration>)?
        var (last, due) = (0, 0)
        for (first, fall) in falls.enumerated() {
            while last < falls.count && falls[last].at <= fall.at + policy.window {
                if falls[last].isDue { due += 1 }
                last += 1
            }
            if due > 0 && last - first > best?.count ?? 0 { best = (last - first, fall.at...fall.at + policy.window) }
            if fall.isDue { due -= 1 }
        }
        return best?.range
    }

    /// The smallest scope that holds the same cameras: it says more.
    private func mostPrecise(_ scope: OutageScope, _ group: [OutageTrack]) -> OutageScope {
        guard let first = group.first?.network else { return scope }
        if group.allSatisfy({ $0.network.host == first.host }) { return .host(first.host) }
        if group.allSatisfy({ $0.network.subnet == first.subnet }) { return .subnet(first.subnet) }
        return scope
    }

    private func describe(_ scope: OutageScope, _ one: Running) -> CommonOutage {
        CommonOutage(
            scope: scope, anchor: one.anchor, since: one.since, cameras: one.members.count, stillLost: one.lost.count,
            total: tracks.values.count { scope.contains($0.network) }, examples: Array(one.members.sorted().prefix(5)))
    }
}
