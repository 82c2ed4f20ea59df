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

    package init(
        version: Int, at: WallTime, actor: String, role: Role, action: CaseAction, from: CaseState?, to: CaseState, note: String
    ) {
        self.version = version
        self.at = at
        self.actor = actor
        self.role = role
        self.action = action
        self.from = from
        self.to = to
        self.note = note
    }
}
