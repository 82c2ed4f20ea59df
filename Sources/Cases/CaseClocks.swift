// When each step of a case is due: a pure function of its log, the catalogue and the working calendar.
// case log → **clocks** → lists, statistics, escalation

package import Domain

/// A clock of a case; the raw value is the name in catalogue.yaml and in the HTTP API.
package enum CaseClock: String, Sendable, CaseIterable, Codable {
    /// From the report to the decision.
    case file
    /// From filing to somebody who has it.
    case dispatch
    /// From dispatch to the answer.
    case acknowledge
    /// From dispatch to the beginning of the work; emergencies only.
    case arrive
    /// From dispatch to the result.
    case handle
    /// From the result to the end of inspection.
    case inspect
}

/// A length of time, by the clock or by the working calendar.
package struct ClockSpan: Sendable, Hashable {
    package var milliseconds: Int64
    /// True when only working time counts.
    package var isWorkingTime: Bool

    package init(minutes: Int64, isWorkingTime: Bool = false) {
        milliseconds = minutes * 60_000
        self.isWorkingTime = isWorkingTime
    }

    /// Reads `10m`, `8h`, `2wh` (working hours) or `5wd` (working days of eight hours); 1 minute to 366 days.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count > 0, count <= 527_040 else { return nil }
        switch text.dropFirst(digits.count) {
        case "m": self.init(minutes: count)
        case "h": self.init(minutes: count * 60)
        case "wh": self.init(minutes: count * 60, isWorkingTime: true)
        case "wd": self.init(minutes: count * WorkingCalendar.minutesPerDay, isWorkingTime: true)
        default: return nil
        }
        guard milliseconds <= 527_040 * 60_000 else { return nil }
    }

    /// The moment at which the span has passed since `start`.
    package func end(from start: WallTime, _ calendar: WorkingCalendar) -> WallTime {
        isWorkingTime
            ? calendar.time(after: milliseconds, from: start)
            : WallTime(millisecondsSince1970: start.millisecondsSince1970 + milliseconds)
    }

    /// Spans per priority where a category says nothing else: what waits for a life counts by the clock, the rest by working time.
    package static func standard(_ clock: CaseClock, _ priority: Int) -> ClockSpan? {
        let minute = { (count: Int64) in ClockSpan(minutes: count) }
        let hours = { (count: Int64) in ClockSpan(minutes: count * 60, isWorkingTime: true) }
        switch (clock, priority) {
        case (.file, 1), (.dispatch, 1): return minute(5)
        case (.file, 2), (.dispatch, 2): return minute(15)
        case (.file, 3), (.dispatch, 3): return hours(4)
        case (.file, _), (.dispatch, _): return hours(8)
        case (.acknowledge, 1): return minute(2)
        case (.acknowledge, 2): return minute(10)
        case (.acknowledge, 3): return hours(2)
        case (.acknowledge, _): return hours(8)
        case (.arrive, 1): return minute(20)
        case (.arrive, _): return nil
        case (.handle, 1): return minute(120)
        case (.handle, 2): return minute(480)
        case (.handle, 3): return hours(16)
        case (.handle, _): return hours(40)
        case (.inspect, 1), (.inspect, 2): return hours(8)
        case (.inspect, _): return hours(16)
        }
    }
}

/// One clock of one case.
package struct ClockState: Sendable, Hashable {
    package var start: WallTime
    /// Nil while it stands because the case is suspended.
    package var due: WallTime?
    /// The end by which the work is judged: moved by extensions and suspensions, not by a failed inspection.
    package var judgedDue: WallTime
    /// When the step was done; nil while it runs.
    package var met: WallTime?
    /// What was left when it was suspended.
    fileprivate var left: Int64?
    fileprivate var isWorkingTime: Bool
    /// True after a failed inspection.
    fileprivate var isRestarted = false

    /// True when it was met too late, or runs and should have been met.
    package func isLate(_ now: WallTime) -> Bool { due.map { (met ?? now) > $0 } ?? false }
}

/// The clocks of one case. Two replays of the same log give the same value, so nothing of it is stored.
package struct CaseClocks: Sendable, Hashable {
    /// Those that were ever started and still mean something.
    package private(set) var states: [CaseClock: ClockState] = [:]
    private let spans: [CaseClock: ClockSpan]
    private let calendar: WorkingCalendar
    private var suspendedFrom: CaseState?

    /// Replays a log in the order of its versions.
    package init(_ events: [CaseEvent], category: String, priority: Int, catalogue: Catalogue, calendar: WorkingCalendar) {
        let entry = catalogue[category]
        var spans: [CaseClock: ClockSpan] = [:]
        for clock in CaseClock.allCases { spans[clock] = entry?.clocks[clock] ?? ClockSpan.standard(clock, priority) }
        if entry?.duty != .emergency, priority != 1 { spans[.arrive] = nil }
        self.spans = spans
        self.calendar = calendar
        for event in events { follow(event) }
    }

    /// When a running clock ends; nil for one that is met, stands or never ran.
    package func due(_ clock: CaseClock) -> WallTime? { states[clock].flatMap { $0.met == nil ? $0.due : nil } }

    /// Running clocks with their ends.
    package var running: [CaseClock: WallTime] {
        var ends: [CaseClock: WallTime] = [:]
        for clock in CaseClock.allCases { ends[clock] = due(clock) }
        return ends
    }

    private mutating func follow(_ event: CaseEvent) {
        let now = event.at
        switch event.action {
        case .report: begin(.file, now)
        case .file:
            meet([.file], now)
            begin(.dispatch, now)
        case .dispatch:
            meet([.dispatch], now)
            for clock in [CaseClock.acknowledge, .arrive, .handle] { begin(clock, now) }
        // The new one has the full time to answer; the work is due when it was.
        case .reassign, .handOver: begin(.acknowledge, now)
        case .acknowledge: meet([.acknowledge], now)
        case .handle: meet([.arrive], now)
        case .submitResult:
            meet([.arrive, .handle], now)
            begin(.inspect, now)
        case .pass: meet([.inspect], now)
        case .fail:
            meet([.inspect], now)
            begin(.acknowledge, now)
            restart(.handle, now)
        case .returnTask, .reopen:
            drop([.acknowledge, .arrive, .handle, .inspect])
            begin(.dispatch, now)
        case .suspend: stop(now, from: event.from)
        case .resume: resume(now)
        case .extend: extend(event)
        case .decline, .merge, .void: drop(CaseClock.allCases.filter { states[$0]?.met == nil })
        case .rehome:
            guard event.detail.restarts == true else { break }
            for clock in [CaseClock.acknowledge, .arrive, .handle] { begin(clock, now) }
        case .proposeHandOver, .inspect, .supervise, .remind, .archive: break
        }
    }

    private mutating func begin(_ clock: CaseClock, _ now: WallTime) {
        guard let span = spans[clock] else { return }
        let end = span.end(from: now, calendar)
        states[clock] = ClockState(start: now, due: end, judgedDue: end, isWorkingTime: span.isWorkingTime)
    }

    /// Begins again and keeps the end by which the work is judged.
    private mutating func restart(_ clock: CaseClock, _ now: WallTime) {
        let judged = states[clock]?.judgedDue
        begin(clock, now)
        states[clock]?.isRestarted = true
        if let judged { states[clock]?.judgedDue = judged }
    }

    private mutating func meet(_ clocks: [CaseClock], _ now: WallTime) {
        for clock in clocks where states[clock]?.met == nil { states[clock]?.met = now }
    }

    private mutating func drop(_ clocks: [CaseClock]) { for clock in clocks { states[clock] = nil } }

    private mutating func stop(_ now: WallTime, from state: CaseState?) {
        suspendedFrom = state
        for (clock, value) in states {
            guard value.met == nil, let due = value.due else { continue }
            let left = remaining(value.isWorkingTime, now, due)
            states[clock]?.left = left
            states[clock]?.due = nil
        }
    }

    /// Negative when it was late already.
    private func remaining(_ isWorkingTime: Bool, _ now: WallTime, _ due: WallTime) -> Int64 {
        let plain = due.millisecondsSince1970 - now.millisecondsSince1970
        return isWorkingTime && plain > 0 ? calendar.worked(from: now, to: due) : plain
    }

    private mutating func resume(_ now: WallTime) {
        suspendedFrom = nil
        for (clock, value) in states {
            guard let left = value.left else { continue }
            let end =
                left > 0 && value.isWorkingTime
                ? calendar.time(after: left, from: now) : WallTime(millisecondsSince1970: now.millisecondsSince1970 + left)
            // A fair judgement leaves the time out in which nobody could work.
            if !value.isRestarted { states[clock]?.judgedDue = end }
            states[clock]?.due = end
            states[clock]?.left = nil
        }
    }

    /// Moves the clock of the work at hand.
    private mutating func extend(_ event: CaseEvent) {
        guard let until = event.detail.until.map({ WallTime(millisecondsSince1970: $0) }) else { return }
        let state = event.from == .suspended ? suspendedFrom : event.from
        let clock: CaseClock =
            switch state {
            case .reported: .file
            case .filed: .dispatch
            case .handled, .inspecting: .inspect
            default: .handle
            }
        guard let value = states[clock], value.met == nil else { return }
        states[clock]?.judgedDue = until
        if value.left != nil {
            let left = remaining(value.isWorkingTime, event.at, until)
            states[clock]?.left = left
        } else {
            states[clock]?.due = until
        }
    }
}
