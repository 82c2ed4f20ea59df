// Who is told next when nobody answers, and when: read from the case's log alone, so that a restart finds the same answer.
// cases → **escalation** → stages → channels
//
// A run begins when a case is handed to somebody (task), when it waits for somebody to be found (unassigned), and when the one who
// acknowledged has been silent for too long (reminder). It ends with the next event that moves the case, and at the latest above the
// district: there is nobody further up to wake, so no case is still being pushed weeks later.

package import Cases
package import Domain

/// The steps of the ladder, from the one who should act upwards.
package enum LadderLevel: Int, Sendable, Hashable, CaseIterable, Comparable {
    case worker, substitute, village, township, district

    /// The word in notices, rows and events.
    package var word: String {
        switch self {
        case .worker: "worker"
        case .substitute: "substitute"
        case .village: "village"
        case .township: "township"
        case .district: "district"
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// How long each step waits for an answer, by priority.
package struct LadderPolicy: Sendable, Hashable {
    /// Of one priority.
    package struct Waits: Sendable, Hashable {
        /// From the beginning of a run to substitute, village, township and district; rising.
        package var steps: [ClockSpan]
        /// How long the one who acknowledged may show no sign of work.
        package var silentAfter: ClockSpan

        package init(steps: [ClockSpan], silentAfter: ClockSpan) {
            precondition(steps.count == LadderLevel.allCases.count - 1, "one wait for each step above the worker")
            self.steps = steps
            self.silentAfter = silentAfter
        }

        /// The waits as they were, the first of them the time a category gives for the answer; nothing follows before it.
        package func answering(within span: ClockSpan?) -> Waits {
            guard let span else { return self }
            var waits = self
            waits.steps[0] = span
            return waits
        }
    }

    /// For priorities 1 to 4. The first step follows when the clock of the answer has run out; like that clock, priorities 3 and 4 count
    /// working time.
    package var waits: [Waits]
    /// When gridworkers are on duty, and the calendar of working time; priorities 3 and 4 wait for it.
    package var duty: DutyHours

    package init(waits: [Waits] = LadderPolicy.standard, duty: DutyHours = DutyHours()) {
        precondition(waits.count == 4, "there are four priorities")
        self.waits = waits
        self.duty = duty
    }

    /// Where the configuration says nothing else.
    package static let standard = [
        Waits(steps: minutes(2, 4, 6, 8), silentAfter: ClockSpan(minutes: 20)),
        Waits(steps: minutes(10, 20, 30, 40), silentAfter: ClockSpan(minutes: 120)),
        Waits(steps: workingHours(2, 4, 8, 16), silentAfter: ClockSpan(minutes: 480, isWorkingTime: true)),
        Waits(steps: workingHours(8, 12, 16, 24), silentAfter: ClockSpan(minutes: 1440, isWorkingTime: true)),
    ]

    private static func minutes(_ counts: Int64...) -> [ClockSpan] { counts.map { ClockSpan(minutes: $0) } }
    private static func workingHours(_ counts: Int64...) -> [ClockSpan] { counts.map { ClockSpan(minutes: $0 * 60, isWorkingTime: true) } }
}

/// One step of a run.
package struct LadderStep: Sendable, Hashable {
    /// The version of the event that began the run.
    package var run: Int
    package var level: LadderLevel
    package var kind: NoticeKind
    package var due: WallTime
    /// When the next step follows; nil at the end of the ladder.
    package var next: WallTime?
}

/// The run a case is in.
package enum Ladder {
    /// The version that names the run the log is in; nil while nobody has to be told.
    package static func run(_ log: [CaseMoment]) -> Int? { beginning(log)?.version }

    /// All steps of the run, the past ones too, lowest first.
    ///
    /// - Parameters:
    ///   - answer: What the category gives for an answer, where that is not what its priority does.
    ///   - urgentSince: Since when the case has its priority, where that is not its first: nobody is late by a time that did not run yet.
    package static func steps(
        _ log: [CaseMoment], priority: Priority, policy: LadderPolicy, answer: ClockSpan? = nil, urgentSince: WallTime? = nil
    ) -> [LadderStep] {
        guard let start = beginning(log) else { return [] }
        let waits = policy.waits[priority.rawValue - 1].answering(within: answer)
        let since = max(start.at, urgentSince ?? start.at)
        // Emergencies know no shift.
        func onDuty(_ due: WallTime) -> WallTime { priority <= .two ? due : policy.duty.next(from: due) }
        switch start.kind {
        case .unassigned: return [LadderStep(run: start.version, level: .district, kind: .unassigned, due: start.at, next: nil)]
        case .task, .reminder:
            let origin = onDuty(start.kind == .reminder ? waits.silentAfter.end(from: since, policy.duty.calendar) : since)
            var dues = [origin]
            // A long time for the answer pushes back what follows it.
            for wait in waits.steps { dues.append(max(dues[dues.count - 1], onDuty(wait.end(from: origin, policy.duty.calendar)))) }
            return LadderLevel.allCases.map { level in
                LadderStep(
                    run: start.version, level: level, kind: start.kind == .task && level > .worker ? .escalation : start.kind,
                    due: dues[level.rawValue], next: level < .district ? dues[level.rawValue + 1] : nil)
            }
        default: return []
        }
    }

    private static func beginning(_ log: [CaseMoment]) -> (version: Int, at: WallTime, kind: NoticeKind)? {
        guard let last = log.last else { return nil }
        switch last.to {
        case .dispatched, .filed:
            // Events that leave the case with the same person in the same state do not begin again.
            let since = log.reversed().prefix { $0.to == last.to && $0.assignee == last.assignee }.last ?? last
            return (since.version, since.at, last.to == .filed ? .unassigned : .task)
        // Any event is a sign of work, so the silence is counted from the newest.
        case .acknowledged, .handling: return (last.version, last.at, .reminder)
        default: return nil
        }
    }
}
