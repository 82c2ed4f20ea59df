// How long and how often something has held: the memory behind `for`, `within` and `count`.
// detections and tags → **rules** → incidents

/// A condition's present value with the time of its evidence, on the clock of looks.
struct Level: Sendable, Hashable {
    var truth: Truth
    /// When what holds began, when it was certain, and when it was seen last.
    var start = -Double.infinity
    var confirmed = -Double.infinity
    var last = Double.infinity
    /// How many times it happened just now, for what happens and does not last.
    var pulses = 0

    static let no = Level(truth: .no)
    static let unknown = Level(truth: .unknown)
}

// One condition with a time, at each evaluation:
//
//           part yes                        held ≥ for
//  ┌──────┐ ───────▶ ┌─────────┐ ───────────────────────────▶ ┌──────┐ an occurrence is counted once,
//  │ idle │          │ holding │                              │ held │ `within` looks back to the last
//  └──────┘ ◀─────── └─────────┘ ◀── part no, beyond quiet ── └──────┘
//           part unknown, or no beyond the quiet time: the time starts again from zero
//
// | input   | idle                    | holding, held                                        |
// |---------|-------------------------|------------------------------------------------------|
// | yes     | begins at its evidence  | goes on                                              |
// | no      | –                       | goes on within the quiet time, otherwise idle        |
// | unknown | –                       | idle: nobody saw that it went on                     |

/// What one timed condition remembers; bounded by its count.
struct TimedState: Sendable, Hashable {
    private var since: Double?
    /// Before this nothing counts any more.
    private var brokenAt = -Double.infinity
    private var lastHeld = -Double.infinity
    /// The beginning that was counted last.
    private var counted = -Double.infinity
    /// When it was last satisfied, apart from `within`.
    private var lastTrue = -Double.infinity
    /// The latest occurrences, oldest first.
    private var times: [Double] = []

    /// How long the part has held without a break; nil when it does not.
    var heldSeconds: Double? { since.map { max(0, lastHeld - $0) } }
    /// How many occurrences are remembered that lie within the time.
    func occurrences(_ timing: Timing, now: Double) -> Int { times.count { now - $0 <= timing.withinSeconds ?? 0 } }

    /// Takes the part's present value and returns the condition's.
    ///
    /// - Parameter quietSeconds: A break no longer than this does not count.
    mutating func note(_ part: Level, _ timing: Timing, quietSeconds: Double, now: Double) -> Level {
        var level = hold(part, timing, quietSeconds: quietSeconds, now: now)
        guard let within = timing.withinSeconds else { return level }
        if level.truth == .yes {
            lastTrue = max(lastTrue, min(now, level.last))
            let isNew = part.pulses > 0 || level.start > counted || times.isEmpty
            if isNew {
                counted = level.start
                for _ in 0..<min(timing.count, max(1, part.pulses)) {
                    if times.count == timing.count { times.removeFirst() }
                    times.append(level.confirmed.isFinite ? level.confirmed : now)
                }
            }
        }
        let isSatisfied = timing.count == 1 ? now - lastTrue <= within : times.count == timing.count && now - times[0] <= within
        guard isSatisfied else { return part.truth == .unknown ? .unknown : .no }
        level.truth = .yes
        level.start = times[0]
        level.confirmed = times[times.count - 1]
        level.last = now
        level.pulses = 0
        return level
    }

    /// `for`: satisfied from the moment on at which it has held that long.
    private mutating func hold(_ part: Level, _ timing: Timing, quietSeconds: Double, now: Double) -> Level {
        switch part.truth {
        case .yes:
            // It began after it was seen last: between two evaluations it was gone.
            if since != nil, part.start - lastHeld > quietSeconds { end(at: lastHeld) }
            let begin = since ?? max(part.start, brokenAt)
            since = begin
            lastHeld = min(now, part.last)
            // What only happens has no length.
            let isLongEnough = part.pulses > 0 ? timing.forSeconds == 0 : lastHeld - begin >= timing.forSeconds
            guard isLongEnough else { return .no }
            var level = part
            if part.pulses == 0 { level.start = begin }
            if timing.forSeconds > 0 { level.confirmed = begin + timing.forSeconds }
            if part.pulses > 0 { since = nil }
            return level
        case .no:
            guard let begin = since else { return .no }
            if now - lastHeld > quietSeconds {
                end(at: lastHeld)
            } else if lastHeld - begin >= timing.forSeconds {
                return Level(truth: .yes, start: begin, confirmed: begin + timing.forSeconds, last: lastHeld)
            }
            return .no
        case .unknown:
            end(at: now)
            return .unknown
        }
    }

    /// Nobody has seen whether it went on.
    mutating func interrupt() {
        if since != nil { end(at: lastHeld) }
    }

    private mutating func end(at seconds: Double) {
        since = nil
        brokenAt = seconds
    }
}
