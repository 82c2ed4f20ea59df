// What the outage ledger tells: cameras lost and restored, common failures, stalls of ours.
// camera → packets → looks → frames → **detections → incidents**

package import Domain

/// A piece of the installation that can fail as one.
package enum OutageScope: Hashable, Sendable, CustomStringConvertible {
    /// One address with several cameras: an NVR or an encoder.
    case host(String)
    case subnet(Subnet)
    case fleet

    /// As the zone of an incident's key: `host:…`, `subnet:…`, `fleet`.
    package var description: String {
        switch self {
        case .host(let host): "host:\(host)"
        case .subnet(let subnet): "subnet:\(subnet)"
        case .fleet: "fleet"
        }
    }

    /// Reads what `description` printed; nil for anything else.
    package init?(_ text: String) {
        if text == "fleet" {
            self = .fleet
        } else if text.hasPrefix("host:") {
            self = .host(String(text.dropFirst(5)))
        } else if text.hasPrefix("subnet:") {
            self = .subnet(Subnet(text: String(text.dropFirst(7))))
        } else {
            return nil
        }
    }

    /// Larger scopes have higher ranks.
    var rank: Int {
        switch self {
        case .host: 0
        case .subnet: 1
        case .fleet: 2
        }
    }

    /// True when a camera hangs on it.
    package func contains(_ network: CameraNetwork) -> Bool {
        switch self {
        case .host(let host): network.host == host
        case .subnet(let subnet): network.subnet == subnet
        case .fleet: true
        }
    }
}

/// One camera that is lost, or was.
package struct CameraOutage: Hashable, Sendable {
    package var camera: CameraID
    /// When it last stopped being reliably there, on the monotonic clock.
    package var since: Duration
    /// The latest state that was not streaming, with its reason.
    package var state: CameraState
    package var reason: String
    /// How often it went away since then; above 1 it comes and goes.
    package var drops: Int
}

/// A failure that many cameras share.
package struct CommonOutage: Hashable, Sendable {
    package var scope: OutageScope
    /// The camera whose id the incident carries: the smallest of those lost when it was opened.
    package var anchor: CameraID
    /// When the first of them went, on the monotonic clock.
    package var since: Duration
    /// Cameras that are part of it so far.
    package var cameras: Int
    /// Of those, not back yet.
    package var stillLost: Int
    /// Cameras of the scope.
    package var total: Int
    /// Up to five of them, in order.
    package var examples: [CameraID]
}

/// What is to be told now.
package enum OutageAction: Hashable, Sendable {
    /// How a common failure ends.
    package enum Ending: Hashable, Sendable {
        case recovered
        /// Nobody came back for `joinWithin`, and what is missing is no longer most of the scope: it is told in smaller pieces.
        case narrowed
        /// It turned out to be part of something larger.
        case merged(into: OutageScope)
    }

    case lost(CameraOutage)
    case restored(CameraOutage)
    /// A lost camera was taken out of the configuration.
    case withdrawn(CameraOutage)
    case commonLost(CommonOutage)
    /// More cameras have joined, or some are back.
    case commonChanged(CommonOutage)
    case commonRestored(CommonOutage, Ending)
    case ownStall(OwnStall, anchor: CameraID)
    case ownRecovered(OwnStall, anchor: CameraID)
}

/// When something is told, with sources in the initialiser.
package struct OutagePolicy: Sendable, Hashable {
    package var lostAfter: Duration
    package var restoredAfter: Duration
    package var window: Duration
    package var joinWithin: Duration
    package var retellAfter: Duration
    package var hostCameras: Int
    package var subnetCameras: Int
    package var sharePercent: Int
    package var fleetPercent: Int
    package var backPercent: Int

    /// - Parameters:
    ///   - lostAfter: 60 s not streaming; a camera that is restarted is back by then.
    ///   - restoredAfter: 30 s streaming in one piece.
    ///   - window: 30 s; one cause shows within stall detection (15 s) plus the longest group of pictures.
    ///   - joinWithin: 5 min; stragglers of the same cause. Later losses have a cause of their own; after as long without a return the rest has too.
    ///   - retellAfter: 60 s between two reports of how a common failure stands.
    ///   - hostCameras: 5 of an NVR.
    ///   - subnetCameras: 8 of a subnet, and the least for the fleet too.
    ///   - sharePercent: 60 % of the host or subnet.
    ///   - fleetPercent: 50 % of the fleet.
    ///   - backPercent: 80 % of the members back end a common failure; what remains is told one by one.
    package init(
        lostAfter: Duration = .seconds(60), restoredAfter: Duration = .seconds(30), window: Duration = .seconds(30),
        joinWithin: Duration = .seconds(300), retellAfter: Duration = .seconds(60), hostCameras: Int = 5, subnetCameras: Int = 8,
        sharePercent: Int = 60, fleetPercent: Int = 50, backPercent: Int = 80
    ) {
        self.lostAfter = lostAfter
        self.restoredAfter = restoredAfter
        self.window = window
        self.joinWithin = joinWithin
        self.retellAfter = retellAfter
        self.hostCameras = hostCameras
        self.subnetCameras = subnetCameras
        self.sharePercent = sharePercent
        self.fleetPercent = fleetPercent
        self.backPercent = backPercent
    }
}
