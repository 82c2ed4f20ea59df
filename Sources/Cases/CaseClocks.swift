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

/// One clock of one case.
package struct ClockState: Sendable, Hashable {
    package var start: WallTime
    /// Nil while it stands because the case is suspended.
    package var due: WallTime?
    /// The end by which the work is judged: moved by extensions and suspensions, not by a failed inspection.
    package var judgedDue: WallTime
    /// When the step was done; nil while it runs.
    package var met: WallTime?
    /// What was left when it was suspended; negative when it was late already.
    fileprivate var left: Int64?
    fileprivate var isWorkingTime: Bool
    /// True after a failed inspection.
    fileprivate var isRestarted = false

    fileprivate init(_ span: ClockSpan, from now: WallTime, _ calendar: WorkingCalendar) {
        let end = span.end(from: now, calendar)
        (start, due, judgedDue, isWorkingTime) = (now, end, end, span.isWorkingTime)
    }

    /// True when it was met too late, or runs and should have been met.
    package func isLate(_ now: WallTime) -> Bool { due.map { (met ?? now) > $0 } ?? false }

    fileprivate func remaining(_ now: WallTime, _ due: WallTime, _ calendar: WorkingCalendar) -> Int64 {
        let plain = due.millisecondsSince1970 - now.millisecondsSince1970
        return isWorkingTime && plain > 0 ? calendar.worked(from: now, to: due) : plain
    }

    fileprivate mutating func stop(_ now: WallTime, _ calendar: WorkingCalendar) {
        guard met == nil, let due else { return }
        left = remaining(now, due, calendar)
        self.due = nil
    }

    fileprivate mutating func resume(_ now: WallTime, _ calendar: WorkingCalendar) {
        guard let left else { return }
        let end =
            left > 0 && isWorkingTime
            ? calendar.time(after: left, from: now) : WallTime(millisecondsSince1970: now.millisecondsSince1970 + left)
        // A fair judgement leaves the time out in which nobody could work.
        if !isRestarted { judgedDue = end }
        due = end
        self.left = nil
    }

    /// The time of a more urgent case from now on, unless less was left anyway.
    fileprivate mutating func tighten(to span: ClockSpan, _ now: WallTime, _ calendar: WorkingCalendar) {
        guard met == nil else { return }
        let end = span.end(from: now, calendar)
        if let left {
            self.left = min(left, span.milliseconds)
        } else if let due, end < due {
            (self.due, isWorkingTime) = (end, span.isWorkingTime)
            judgedDue = min(end, judgedDue)
        }
    }

    fileprivate mutating func extend(to until: WallTime, _ now: WallTime, _ calendar: WorkingCalendar) {
        judgedDue = until
        if left != nil { left = remaining(now, until, calendar) } else { due = until }
    }
}

/// The clocks of one case. Two replays of the same log give the same value, so nothing of it is stored.
package struct CaseClocks: Sendable, Hashable {
    /// Those that were ever started and still mean something.
    package private(set) var states: [CaseClock: ClockState] = [:]
    /// Of the tasks of joint handling, by their numbers.
    package private(set) var tasks: [Int: ClockState] = [:]
    private let entry: CatalogueEntry?
    private let calendar: WorkingCalendar
    private var spans: [CaseClock: ClockSpan]
    private var urgency = CaseUrgency()
    private var suspendedFrom: CaseState?

    /// Replays a log in the order of its versions.
    ///
    /// - Parameter priority: Of a report that does not say its own.
    package init(_ events: [CaseEvent], category: String, priority: Int, catalogue: Catalogue, calendar: WorkingCalendar) {
        entry = catalogue[category]
        self.calendar = calendar
        spans = Self.spans(entry, events.first?.detail.priority ?? priority)
        for event in CaseUrgency.settled(events) { follow(event) }
    }

    private static func spans(_ entry: CatalogueEntry?, _ priority: Int) -> [CaseClock: ClockSpan] {
        var spans: [CaseClock: ClockSpan] = [:]
        for clock in CaseClock.allCases { spans[clock] = entry?.clocks[clock] ?? ClockSpan.standard(clock, priority) }
        if entry?.duty != .emergency, priority != 1 { spans[.arrive] = nil }
        return spans
    }

    /// When a running clock ends; nil for one that is met, stands or never ran.
    package func due(_ clock: CaseClock) -> WallTime? { states[clock].flatMap { $0.met == nil ? $0.due : nil } }

    /// Running clocks with their ends.
    package var running: [CaseClock: WallTime] {
        var ends: [CaseClock: WallTime] = [:]
        for clock in CaseClock.allCases { ends[clock] = due(clock) }
        return ends
    }

    /// When a suspension that was to last until `until` ends by itself: then, or at the first working moment from then on where the work is
    /// measured in working time.
    package func resumption(_ until: WallTime) -> WallTime {
        spans[.handle]?.isWorkingTime == true ? calendar.time(after: 0, from: until) : until
    }

    private mutating func follow(_ event: CaseEvent) {
        let now = event.at
        let before = urgency.priority
        urgency.follow(event)
        if let before, let priority = urgency.priority, priority < before { tighten(priority, event) }
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
        case .resume, .unmerge: resume(now)
        case .extend: extend(event)
        // A merge may be taken back.
        case .merge: stop(now, from: nil)
        case .decline, .void:
            drop(CaseClock.allCases.filter { states[$0]?.met == nil })
            tasks = tasks.filter { $0.value.met != nil }
        case .addTask, .completeTask, .withdrawTask: followTask(event)
        case .rehome:
            guard event.detail.restarts == true else { break }
            for clock in [CaseClock.acknowledge, .arrive, .handle] { begin(clock, now) }
        case .proposeHandOver, .inspect, .supervise, .remind, .archive, .attach, .absorb, .release, .acknowledgeTask: break
        }
    }

    private mutating func begin(_ clock: CaseClock, _ now: WallTime) {
        if let span = spans[clock] { states[clock] = ClockState(span, from: now, calendar) }
    }

    /// Begins again and keeps the end by which the work is judged.
    private mutating func restart(_ clock: CaseClock, _ now: WallTime) {
        let judged = states[clock]?.judgedDue
        begin(clock, now)
        states[clock]?.isRestarted = true
        if let judged { states[clock]?.judgedDue = judged }
    }

    private mutating func tighten(_ priority: Int, _ event: CaseEvent) {
        spans = Self.spans(entry, priority)
        for (clock, span) in spans { states[clock]?.tighten(to: span, event.at, calendar) }
        if let span = spans[.handle] { for task in tasks.keys { tasks[task]?.tighten(to: span, event.at, calendar) } }
        if states[.arrive] == nil, event.from == .dispatched || event.from == .acknowledged { begin(.arrive, event.at) }
    }

    private mutating func meet(_ clocks: [CaseClock], _ now: WallTime) {
        for clock in clocks where states[clock]?.met == nil { states[clock]?.met = now }
    }

    private mutating func drop(_ clocks: [CaseClock]) { for clock in clocks { states[clock] = nil } }

    private mutating func stop(_ now: WallTime, from state: CaseState?) {
        suspendedFrom = state
        for clock in states.keys { states[clock]?.stop(now, calendar) }
        for task in tasks.keys { tasks[task]?.stop(now, calendar) }
    }

    private mutating func resume(_ now: WallTime) {
        suspendedFrom = nil
        for clock in states.keys { states[clock]?.resume(now, calendar) }
        for task in tasks.keys { tasks[task]?.resume(now, calendar) }
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
        if states[clock]?.met == nil { states[clock]?.extend(to: until, event.at, calendar) }
    }

    /// A task has the time that the work as a whole has, from the moment it is given.
    private mutating func followTask(_ event: CaseEvent) {
        guard let task = event.detail.task else { return }
        switch event.action {
        case .addTask: tasks[task] = spans[.handle].map { ClockState($0, from: event.at, calendar) }
        case .completeTask: tasks[task]?.met = event.at
        default: tasks[task] = nil
        }
    }
}
