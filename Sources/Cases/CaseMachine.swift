// What may be done to a case, by whom, and what it becomes: a pure value without clock or storage.
// incidents → dispatcher → **cases** → pushes
//
//                decline ┌──────────┐
//              ┌────────▶│ declined │
//   report ┌───┴──────┐  └──────────┘
//   ──────▶│ reported │
//          └───┬──────┘
//              │ file
//          ┌───▼───┐ dispatch ┌────────────┐ acknowledge ┌──────────────┐ handle ┌──────────┐ submit_result ┌─────────┐
//          │ filed │─────────▶│ dispatched │────────────▶│ acknowledged │───────▶│ handling │──────────────▶│ handled │
//          └───▲───┘          └─────┬──────┘             └───┬──────┬───┘        └──────────┘               └────▲────┘
//              │       return       │         return         │      │                submit_result               │
//              └────────────────────┴────────────────────────┘      └────────────────────────────────────────────┘
//
// What each state promises: reported – someone must decide; filed – it has a number, a home grid and the command centre as its owner;
// dispatched – one person owns it and has not answered; acknowledged – that person has; handling – that person is at work;
// handled – a result is written and waits for inspection. The rows are §5.3 of the domain study that the first release needs.

package import Domain

/// One row of the transition table.
package struct CaseTransition: Sendable, Hashable {
    package let from: CaseState?
    package let action: CaseAction
    package let to: CaseState
    package let roles: Set<Role>
    /// Only the person the case is assigned to.
    package var assigneeOnly = false
    /// The reason or the result is part of the act.
    package var needsNote = false

    /// Every row, in the order of the domain study.
    package static let table = acts + rehomings

    private static let acts: [CaseTransition] = [
        Self(from: nil, action: .report, to: .reported, roles: [.system, .gridworker, .dutyOfficer]),
        Self(from: .reported, action: .decline, to: .declined, roles: [.dutyOfficer], needsNote: true),
        Self(from: .reported, action: .file, to: .filed, roles: [.dutyOfficer, .system]),
        Self(from: .filed, action: .dispatch, to: .dispatched, roles: [.dispatcher, .system]),
        Self(from: .dispatched, action: .acknowledge, to: .acknowledged, roles: workers, assigneeOnly: true),
        Self(from: .dispatched, action: .returnTask, to: .filed, roles: workers, assigneeOnly: true, needsNote: true),
        Self(from: .acknowledged, action: .returnTask, to: .filed, roles: workers, assigneeOnly: true, needsNote: true),
        Self(from: .acknowledged, action: .handle, to: .handling, roles: workers, assigneeOnly: true),
        Self(from: .acknowledged, action: .submitResult, to: .handled, roles: workers, assigneeOnly: true, needsNote: true),
        Self(from: .handling, action: .submitResult, to: .handled, roles: workers, assigneeOnly: true, needsNote: true),
    ]

    /// The map changed under it: the state stays, and what was only dispatched may get another assignee.
    private static let rehomings = CaseState.allCases.filter { RehomingStep($0) != .untouched }.map {
        Self(from: $0, action: .rehome, to: $0, roles: [.system], needsNote: true)
    }

    /// Those a case can be assigned to; departments take the professional matters.
    private static let workers: Set<Role> = [.gridworker, .department]
}

/// What someone wants to do to a case.
package struct CaseCommand: Sendable {
    package var action: CaseAction
    package var role: Role
    /// Who acts; compared with the assignee.
    package var actor: String
    /// The version the actor saw; 0 for a case that does not exist yet.
    package var expectedVersion: Int
    package var note: String
    /// Whom `dispatch` gives the case to.
    package var assignee: WorkerID?
    package var at: WallTime

    package init(
        _ action: CaseAction, role: Role, actor: String, expectedVersion: Int, note: String = "", assignee: WorkerID? = nil, at: WallTime
    ) {
        self.action = action
        self.role = role
        self.actor = actor
        self.expectedVersion = expectedVersion
        self.note = note
        self.assignee = assignee
        self.at = at
    }
}

/// Why a command was refused. Nothing has changed.
package enum CaseRefusal: Sendable, Hashable, CustomStringConvertible {
    /// No row of the table lets this role do this action.
    case roleMayNot(Role, CaseAction)
    /// Someone was faster; `latest` says who, when and what.
    case staleVersion(expected: Int, actual: Int, latest: CaseEvent?)
    /// The action does not fit the state, whoever asks.
    case notPossible(CaseAction, from: CaseState?)
    /// The case is not assigned to the one who asks.
    case notTheAssignee
    case noteMissing(CaseAction)
    case noteTooLong(limit: Int)
    case assigneeMissing

    package var description: String {
        switch self {
        case .roleMayNot(let role, let action): return "a \(role.rawValue) may not \(action.rawValue) a case"
        case .staleVersion(let expected, let actual, let latest):
            guard let latest else { return "the case is at version \(actual), not \(expected)" }
            let change = "\(latest.from?.rawValue ?? "new") → \(latest.to.rawValue)"
            return "changed meanwhile: \(latest.actor) did \(latest.action.rawValue) (\(change)) at \(latest.at);"
                + " now version \(actual), you saw \(expected)"
        case .notPossible(let action, let from): return "\(action.rawValue) is not possible in state \(from?.rawValue ?? "none")"
        case .notTheAssignee: return "the case is assigned to someone else"
        case .noteMissing(let action): return "\(action.rawValue) needs a note"
        case .noteTooLong(let limit): return "the note is longer than \(limit) characters"
        case .assigneeMissing: return "dispatch needs someone to give the case to"
        }
    }

    /// The field of the request that caused it, for the answer of the HTTP API.
    package var field: String? {
        switch self {
        case .staleVersion: "expected_version"
        case .notPossible, .roleMayNot: "action"
        case .noteMissing, .noteTooLong: "note"
        case .notTheAssignee, .assigneeMissing: nil
        }
    }
}

/// One case as the transition table sees it. A value; the caller serialises access.
package struct CaseMachine: Sendable, Hashable {
    /// Nil before the report.
    package private(set) var state: CaseState?
    /// The number of events so far.
    package private(set) var version: Int
    package private(set) var assignee: WorkerID?
    /// The event that led here, to tell a late actor who was faster.
    package private(set) var latest: CaseEvent?

    /// Longest note in characters: a page of text, far below the 64 KiB of a request.
    package static let noteLimit = 2000

    /// A case that nobody has reported yet.
    package init() { self.init(state: nil, version: 0, assignee: nil, latest: nil) }

    package init(state: CaseState?, version: Int, assignee: WorkerID?, latest: CaseEvent?) {
        self.state = state
        self.version = version
        self.assignee = assignee
        self.latest = latest
    }

    /// Applies a command, or says why not and stays as it was.
    ///
    /// The version is looked at before state and assignee, because both may have changed under someone who acts on an old screen.
    package mutating func apply(_ command: CaseCommand) -> Result {
        let rows = CaseTransition.table.filter { $0.action == command.action }
        guard rows.contains(where: { $0.roles.contains(command.role) }) else { return .refused(.roleMayNot(command.role, command.action)) }
        guard command.expectedVersion == version else {
            return .refused(.staleVersion(expected: command.expectedVersion, actual: version, latest: latest))
        }
        guard let row = rows.first(where: { $0.from == state }) else { return .refused(.notPossible(command.action, from: state)) }
        guard row.roles.contains(command.role) else { return .refused(.roleMayNot(command.role, command.action)) }
        if row.assigneeOnly, assignee?.text != command.actor { return .refused(.notTheAssignee) }
        guard command.note.count <= Self.noteLimit else { return .refused(.noteTooLong(limit: Self.noteLimit)) }
        if row.needsNote, command.note.allSatisfy(\.isWhitespace) { return .refused(.noteMissing(command.action)) }
        if command.action == .dispatch, command.assignee == nil { return .refused(.assigneeMissing) }

        let event = CaseEvent(
            version: version + 1, at: command.at, actor: command.actor, role: command.role, action: command.action, from: state, to: row.to,
            note: command.note)
        switch row.to {
        case .dispatched: assignee = command.action == .rehome ? command.assignee ?? assignee : command.assignee
        case .filed: assignee = nil
        default: break
        }
        state = row.to
        version += 1
        latest = event
        return .advanced(event)
    }

    /// What `actor` could do now, in the order of the table.
    package func actions(role: Role, actor: String) -> [CaseAction] {
        CaseTransition.table.filter {
            $0.from == state && $0.roles.contains(role) && (!$0.assigneeOnly || assignee?.text == actor)
        }.map(\.action)
    }

    /// What a command led to.
    package enum Result: Sendable, Hashable {
        case advanced(CaseEvent)
        case refused(CaseRefusal)
    }
}
