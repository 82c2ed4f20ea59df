// What people do about an incident: the states, actions and roles of a case.
// incidents → dispatcher → **cases** → pushes

/// Who may do something. Words as in the glossary.
package enum Role: String, Sendable, CaseIterable {
    case dutyOfficer, dispatcher, gridworker, department, townOffice, inspector, supervisor, `operator`, auditor, admin
    /// The machine itself: timers, automatic filing, routing.
    case system
}

/// Where a case stands.
package enum CaseState: String, Sendable, CaseIterable {
    case reported, declined, filed, dispatched, acknowledged, handling, handled, inspecting, closed, archived, suspended, merged
    case void

    /// True when no further work is expected.
    package var isTerminal: Bool {
        switch self {
        case .declined, .closed, .archived, .merged, .void: true
        default: false
        }
    }
}

/// What someone does to a case; the raw value is the `action` of the HTTP API.
package enum CaseAction: String, Sendable, CaseIterable {
    case report, file, decline, dispatch, acknowledge, returnTask = "return", handle, submitResult = "submit_result"
    /// Another grid set was published and another grid is its home.
    case rehome
    /// To someone else of the same standing.
    case reassign
    /// The assignee asks that a neighbour takes it; nothing moves before the neighbour or the town agrees.
    case proposeHandOver = "propose_hand_over"
    /// To another grid or to a department.
    case handOver = "hand_over"
    case inspect, pass, fail
    case suspend, resume, extend, supervise, remind
    case merge, reopen, archive, void
    /// A merge is taken back: the case goes on where it was.
    case unmerge
    /// Another case was merged into this one.
    case absorb
    /// A case that was merged into this one went its own way again.
    case release
    /// One more incident of the same place and kind joined the case.
    case attach
    /// Joint handling: somebody else gets a part of the work.
    case addTask = "add_task"
    case acknowledgeTask = "acknowledge_task"
    case completeTask = "complete_task"
    case withdrawTask = "withdraw_task"

    /// True for what is noted beside the work: it changes neither where a case stands nor who has it, and nobody who acts on the case as it
    /// was before must be told that it changed.
    package var isObservation: Bool { self == .attach }

    /// True for what is written into a case's log without anybody working on the case itself: no sign of work of the one who has it.
    package var isBeside: Bool {
        switch self {
        case .attach, .absorb, .release, .addTask, .acknowledgeTask, .completeTask, .withdrawTask: true
        default: false
        }
    }
}

/// What was found or done when a case was handled; the raw value is the `result` of the HTTP API.
package enum CaseResult: String, Sendable, CaseIterable, Codable {
    /// Put right, and the note says how.
    case rectified
    /// Nothing was there any more.
    case noTrace = "no_trace"
    /// It was there and was looked at; no end for a hazard.
    case seen
}

/// What an action carries beside its note; part of the hashed log line.
package struct CaseEventDetail: Hashable, Sendable, Codable {
    /// The report: what the case was about and where, as statistics count it for ever.
    package var category: String?
    package var priority: Int?
    package var drill: Bool?
    package var grid: String?
    package var township: String?
    /// A new due time, or when a suspension ends: milliseconds since 1970.
    package var until: Int64?
    package var result: CaseResult?
    /// The case into which this one was merged.
    package var into: String?
    /// The incidents that went with a merge, so that they can come back.
    package var incidents: [String]?
    /// The case that was merged into this one, or left it again.
    package var source: String?
    /// The incident that joined.
    package var incident: String?
    /// The task of joint handling.
    package var task: Int?
    /// To whom the task was given.
    package var assignee: String?
    /// The number that an outside system gave to what it took over.
    package var reference: String?
    /// The case, closed a while ago, of the same place and kind.
    package var recurrenceOf: String?
    /// To whom a hand-over was proposed.
    package var proposed: String?
    /// True when the map gave it to somebody else, who has the full time.
    package var restarts: Bool?

    package init() {}

    /// True when there is nothing beside the note.
    package var isEmpty: Bool { self == Self() }

    enum CodingKeys: String, CodingKey {
        case category, priority, drill, grid, township, until, result, into, incidents, source, incident, task, assignee, proposed, restarts
        case reference
        case recurrenceOf = "recurrence_of"
    }
}

/// What happens to a new incident of a category.
package enum FilingPolicy: String, Sendable, CaseIterable {
    /// It is shown; the duty officer may file it with one key.
    case feed
    /// It is shown marked as a proposal for the duty officer.
    case propose
    /// It becomes a case by itself, in the transaction that stores it.
    case automatic
}

/// One line of a case's append-only log.
package struct CaseEvent: Hashable, Sendable {
    package var version: Int
    package var at: WallTime
    package var actor: String
    package var role: Role
    package var action: CaseAction
    package var from: CaseState?
    package var to: CaseState
    package var note: String
    package var detail: CaseEventDetail

    package init(
        version: Int, at: WallTime, actor: String, role: Role, action: CaseAction, from: CaseState?, to: CaseState, note: String,
        detail: CaseEventDetail = CaseEventDetail()
    ) {
        self.version = version
        self.at = at
        self.actor = actor
        self.role = role
        self.action = action
        self.from = from
        self.to = to
        self.note = note
        self.detail = detail
    }
}
