// Stored looks once more, under other rules: what would have been told, beside what was.
// **archive** ─▶ looks → detections → incidents

import Detectors
package import Domain

/// One camera's looks under one plan, on the wall clock of the archive. A value for one thread.
package struct ReplayRun: Sendable {
    private let origin: WallTime
    private var detector: MotionDetector
    private var watch: CameraWatch
    private var tags: [LiveTag] = []
    private var lastSeconds = -Double.infinity
    private var told: [ToldIncident] = []

    /// Between two looks a camera was away when they are this far apart: 3 of the longest floors.
    private static let absenceSeconds = 60.0

    /// - Parameter origin: Any time before the first record.
    package init(_ plan: CameraPlan, areas: PictureAreas, origin: WallTime) {
        self.origin = origin
        detector = MotionDetector(plan.motion, areas: areas)
        watch = CameraWatch(plan)
    }

    /// The camera's live tags from now on; `sinceSeconds` of each is a time since 1970.
    package mutating func note(tags: [LiveTag], at: WallTime) {
        self.tags = tags.map { tag in
            var tag = tag
            tag.sinceSeconds = tag.sinceSeconds - Double(origin.millisecondsSince1970) / 1000 + 1
            return tag
        }
        take(watch.note(look: nil, tags: self.tags, atSeconds: seconds(at), wall: at).events)
    }

    /// The next look.
    ///
    /// - Parameter chroma: Mean deviation of the colour planes from grey; nil when there are none.
    package mutating func look(_ luma: Span<UInt8>, _ shape: PlaneShape, chroma: Double?, at: WallTime) {
        let atSeconds = seconds(at)
        if atSeconds - lastSeconds > Self.absenceSeconds {
            detector.reset()
            watch.forgetLooks()
        }
        // Rules that wait are asked once a second while the service runs; here at the times that can matter at all.
        if lastSeconds > 0, watch.isAwake { pass(from: lastSeconds, to: atSeconds) }
        let examination = detector.examine(luma, shape, atSeconds: atSeconds, kind: .key, isKeyPicture: true, chroma: chroma)
        take(watch.note(examination, tags: tags, atSeconds: atSeconds, wall: at).events)
        lastSeconds = atSeconds
    }

    /// All incidents, in the order they began. Those that still run end at the last look.
    package mutating func finish() -> [ToldIncident] {
        if lastSeconds > 0 { pass(from: lastSeconds, to: lastSeconds + 1) }
        take(watch.finish())
        return told.sorted { ($0.firstSeen, $0.category, $0.zone) < ($1.firstSeen, $1.category, $1.zone) }
    }

    private mutating func pass(from: Double, to: Double) {
        var second = from + 1
        while second < to, watch.isAwake {
            take(watch.note(look: nil, tags: tags, atSeconds: second, wall: wall(second)).events)
            second += 1
        }
    }

    private mutating func take(_ events: [LedgerEvent]) {
        for event in events where event.endSeconds != nil {
            told.append(
                ToldIncident(
                    category: event.key.category, zone: event.key.zone, rule: watch.rule(of: event)?.name ?? "",
                    firstSeen: wall(event.startSeconds), lastSeen: wall(event.lastSeconds), isOver: true))
        }
    }

    /// On the clock of this run, which begins at 1 so that 0 is before everything.
    private func seconds(_ at: WallTime) -> Double { at.seconds(since: origin) + 1 }

    private func wall(_ seconds: Double) -> WallTime { origin.adding(seconds: seconds - 1) }
}

/// What a replay tells against what was told, for one camera.
package struct ReplayDifference: Sendable, Hashable {
    /// Told then and by the replay.
    package var same: [ToldIncident] = []
    /// Told then and not by the replay.
    package var gone: [ToldIncident] = []
    /// Only told by the replay.
    package var new: [ToldIncident] = []

    /// Two incidents of one category and zone are the same when their times come this close: looks are seconds apart.
    private static let nearSeconds = 30.0

    /// Pairs each incident with at most one of the other side, the earliest first.
    package init(then: [ToldIncident], replayed: [ToldIncident]) {
        var left = replayed
        for incident in then.sorted(by: { $0.firstSeen < $1.firstSeen }) {
            let match = left.firstIndex {
                $0.category == incident.category && $0.zone == incident.zone
                    && $0.firstSeen.seconds(since: incident.lastSeen) <= Self.nearSeconds
                    && incident.firstSeen.seconds(since: $0.lastSeen) <= Self.nearSeconds
            }
            if let match {
                left.remove(at: match)
                same.append(incident)
            } else {
                gone.append(incident)
            }
        }
        new = left
    }

    /// One incident for each that was told: openings with their ends, ends without opening, openings that are still running.
    package static func join(_ told: [ToldIncident]) -> [ToldIncident] {
        var joined: [ToldIncident] = []
        for incident in told {
            let open = joined.lastIndex {
                !$0.isOver && $0.category == incident.category && $0.zone == incident.zone && $0.firstSeen <= incident.lastSeen
            }
            if incident.isOver, let open { joined[open] = incident } else { joined.append(incident) }
        }
        return joined
    }
}
