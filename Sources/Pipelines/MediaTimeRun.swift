// One pipeline over one source on media time: what `snowlight detect` does, without files, sockets or clocks.
// frames → **detections → incidents** → lines

import Detectors
package import Domain

/// What a run was asked to do, as it is repeated in the summary.
package struct MediaTimeRequest: Sendable {
    /// The source as it may be shown: without user and password.
    package var source: String
    /// Its `applies` is not asked: whoever names a pipeline means it.
    package var pipeline: Pipeline
    package var zones: [Zone]
    package var tags: [String]
    /// Distance of looks; nil examines every picture.
    package var everySeconds: Double?
    /// Adds a line for every picture examined.
    package var frames: Bool

    package init(source: String, pipeline: Pipeline, zones: [Zone], tags: [String], everySeconds: Double?, frames: Bool) {
        self.source = source
        self.pipeline = pipeline
        self.zones = zones
        self.tags = tags
        self.everySeconds = everySeconds
        self.frames = frames
    }
}

/// Turns pictures into lines. A value; one thread at a time.
package struct MediaTimeRun: Sendable {
    package let request: MediaTimeRequest
    /// True when the latest look showed something that every picture would settle, and the pipeline lets it ask for that.
    package private(set) var wantsPromotion = false
    private var detector: MotionDetector
    private var watch: CameraWatch
    private let firstWall: WallTime
    private var state: DetectorState?
    private var quality = PictureQuality.good
    private var shape: (width: Int, height: Int)?
    private var lastSeconds = 0.0
    private var pictures = 0
    private var looks = 0
    private var damaged = 0
    private var damagedUnsaid = 0
    private var damagedSaidSeconds = -Double.infinity
    private var promotedLooks = 0
    private var incidents = 0
    private var suppressed: [String: Int] = [:]

    /// - Parameter firstWall: When the first picture was taken, for rules that keep hours.
    package init(_ request: MediaTimeRequest, firstWall: WallTime) {
        self.request = request
        self.firstWall = firstWall
        let plan = CameraPlan([request.pipeline], tags: request.tags, zones: request.zones.map(\.name))
        detector = MotionDetector(plan.motion, areas: PictureAreas(zones: request.zones))
        watch = CameraWatch(plan)
    }

    /// Counts a picture that was read, whether it is looked at or not.
    package mutating func notePicture() { pictures += 1 }

    /// Examines one picture and returns what there is to say.
    ///
    /// - Parameters:
    ///   - kind: One of many looks or a single one; as the request says when left out.
    ///   - isKeyPicture: Whether it was coded anew; as the kind of look says when left out.
    ///   - chroma: Mean deviation of the colour planes from grey; nil when there are none.
    package mutating func examine(
        _ luma: Span<UInt8>, _ plane: PlaneShape, atSeconds: Double, kind: LookKind? = nil, isKeyPicture: Bool? = nil,
        chroma: Double? = nil
    ) -> [DetectLine] {
        var lines: [DetectLine] = []
        looks += 1
        let kind = kind ?? (request.everySeconds == nil ? .full : .key)
        if kind == .full, request.everySeconds != nil { promotedLooks += 1 }
        lastSeconds = max(lastSeconds, atSeconds)
        let examination = detector.examine(
            luma, plane, atSeconds: atSeconds, kind: kind, isKeyPicture: isKeyPicture, chroma: chroma)
        wantsPromotion = examination.hasCandidate && request.everySeconds != nil && request.pipeline.mayPromote
        let hasNewSize = shape.map { $0 != (plane.width, plane.height) } ?? false
        if examination.state != state || hasNewSize {
            lines.append(health(atSeconds, examination.state, plane, hasNewSize: hasNewSize))
        }
        if examination.quality != quality { lines.append(health(atSeconds, examination.quality)) }
        quality = examination.quality
        for change in examination.tamperChanges { lines.append(health(change)) }
        state = examination.state
        shape = (plane.width, plane.height)
        for suppression in examination.suppressions { lines.append(line(suppression)) }
        let watched = watch.note(examination, tags: [], atSeconds: atSeconds, wall: firstWall.adding(seconds: atSeconds))
        for suppression in watched.suppressions { lines.append(line(suppression)) }
        for event in watched.events where event.endSeconds != nil { lines.append(line(event)) }
        if request.frames {
            var frame = DetectLine(type: "frame")
            frame.add("t_s", atSeconds, digits: 3)
            frame.add("foreground", examination.foreground, digits: 4)
            frame.add("state", examination.state.rawValue)
            frame.add("detections", examination.detections.count)
            lines.append(frame)
        }
        return lines
    }

    /// Counts a picture that could not be decoded whole; said at most once a second of media time.
    package mutating func noteDamage(_ note: String, atSeconds: Double) -> [DetectLine] {
        damaged += 1
        damagedUnsaid += 1
        lastSeconds = max(lastSeconds, atSeconds)
        guard abs(atSeconds - damagedSaidSeconds) >= 1 else { return [] }
        var line = DetectLine(type: "health")
        line.add("t_s", atSeconds, digits: 2)
        line.add("kind", "quality")
        line.add("state", "damaged")
        line.add("pictures", damagedUnsaid)
        line.add("note", note)
        damagedUnsaid = 0
        damagedSaidSeconds = atSeconds
        return [line]
    }

    /// Ends what is still running and closes with the summary.
    ///
    /// - Parameter ending: `end` of the file, `interrupted` by a person, or `failed`.
    package mutating func finish(ending: String) -> [DetectLine] {
        var lines = watch.finish().map { line($0) }
        lines += watch.standings.map(line)
        var summary = DetectLine(type: "summary")
        summary.add("source", request.source)
        summary.add("pipeline", request.pipeline.name)
        summary.add("tags", request.tags)
        summary.add("look", request.everySeconds == nil ? "full" : "key")
        if let every = request.everySeconds { summary.add("look_every_s", every, digits: 3) }
        summary.add("duration_s", lastSeconds, digits: 2)
        if let shape { summary.add("size", "\(shape.width)x\(shape.height)") }
        summary.add("pictures", pictures)
        summary.add("looks", looks)
        summary.add("promoted_looks", promotedLooks)
        summary.add("damaged", damaged)
        summary.add("incidents", incidents)
        summary.add("suppressed", suppressed)
        summary.add("ending", ending)
        lines.append(summary)
        return lines
    }

    private func health(_ atSeconds: Double, _ state: DetectorState, _ plane: PlaneShape, hasNewSize: Bool) -> DetectLine {
        var line = DetectLine(type: "health")
        line.add("t_s", atSeconds, digits: 2)
        line.add("kind", "state")
        line.add("state", state.rawValue)
        if shape == nil || hasNewSize { line.add("size", "\(plane.width)x\(plane.height)") }
        return line
    }

    private func health(_ atSeconds: Double, _ quality: PictureQuality) -> DetectLine {
        var line = DetectLine(type: "health")
        line.add("t_s", atSeconds, digits: 2)
        line.add("kind", "quality")
        line.add("state", quality.rawValue)
        return line
    }

    private func health(_ change: TamperChange) -> DetectLine {
        var line = DetectLine(type: "health")
        line.add("t_s", change.atSeconds, digits: 2)
        line.add("kind", "tamper")
        line.add("tamper", change.tamper.rawValue)
        line.add("phase", change.isSet ? "set" : "clear")
        line.add("since_s", change.sinceSeconds, digits: 2)
        line.add("note", change.note)
        return line
    }

    private mutating func line(_ suppression: Suppression) -> DetectLine {
        suppressed[suppression.reason.rawValue, default: 0] += 1
        var line = DetectLine(type: "suppressed")
        line.add("reason", suppression.reason.rawValue)
        line.add("t_s", suppression.atSeconds, digits: 2)
        line.add("box", suppression.box)
        line.add("note", suppression.note)
        return line
    }

    private mutating func line(_ suppression: RuleSuppression) -> DetectLine {
        suppressed[suppression.reason.rawValue, default: 0] += 1
        var line = DetectLine(type: "suppressed")
        line.add("reason", suppression.reason.rawValue)
        line.add("t_s", suppression.atSeconds, digits: 2)
        line.add("box", suppression.box)
        line.add("note", suppression.facts.joined(separator: "; "))
        line.add("rule", suppression.rule)
        return line
    }

    /// How a rule stood at the end: for whoever asks why nothing was found.
    private func line(_ standing: RuleStanding) -> DetectLine {
        var line = DetectLine(type: "rule")
        line.add("rule", standing.rule)
        line.add("satisfied", standing.isSatisfied)
        line.add(
            "conditions",
            standing.conditions.map {
                String(repeating: "  ", count: $0.depth) + "\($0.truth): \($0.text)" + ($0.note.isEmpty ? "" : " (\($0.note))")
            })
        return line
    }

    private mutating func line(_ event: LedgerEvent) -> DetectLine {
        incidents += 1
        var line = DetectLine(type: "incident")
        line.add("category", event.key.category)
        line.add("start_s", event.startSeconds, digits: 2)
        line.add("confirmed_s", event.confirmedSeconds, digits: 2)
        line.add("end_s", event.endSeconds ?? event.lastSeconds, digits: 2)
        line.add("box", event.box)
        line.add("zones", event.zones)
        line.add("score", event.score)
        line.add("count", event.count)
        line.add("priority", event.priority.rawValue)
        if let rule = watch.rule(of: event) { line.add("rule", rule.name) }
        line.add("reason", event.reason)
        return line
    }
}
