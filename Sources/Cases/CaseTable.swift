// The transition table of a case: every row that exists, and what must hold for it beside the role.
// incidents → dispatcher → **cases: the table** → pushes

package import Domain

/// What must hold beside state and role.
package enum CaseGuard: Sendable, Hashable, CaseIterable {
    /// Only the one the case is assigned to.
    case assigneeOnly
    /// Only the one to whom a hand-over was proposed.
    case receiverOnly
    /// Whoever handled a case never inspects it.
    case notTheHandler
    /// Only where waiting costs lives: priority 1 or a category of the duty `emergency`.
    case emergencyOnly
    /// The reason or the result is part of the act.
    case note
    /// Somebody must be named to have it.
    case names
    /// A time must be named, and it must lie ahead.
    case until
    /// Another case must be named.
    case target
    /// A hazard ends when it was put right or is gone, not when it was seen (R9).
    case rectified
    /// Within seven days of closing; later it is a new case.
    case recent
    /// Only a task of one's own that is not over.
    case ownTask
    /// Only a task that is not over.
    case openTask
    /// A case has at most so many tasks.
    case room
    /// Nothing ends while somebody still has a part of it.
    case tasksDone
}

/// One row of the transition table.
package struct CaseTransition: Sendable, Hashable {
    package let from: CaseState?
    package let action: CaseAction
    /// Nil for `resume` and `unmerge`, which lead back to where the case was.
    package let to: CaseState?
    package let roles: Set<Role>
    package let guards: Set<CaseGuard>

    /// Every row, in the order of the domain study.
    package static let table = acts + rehomings

    private static let acts: [CaseTransition] = [
        rows([nil], .report, to: .reported, [.system, .gridworker, .dutyOfficer]),
        rows([.reported], .decline, to: .declined, [.dutyOfficer], [.note]),
        rows([.reported], .file, to: .filed, [.dutyOfficer, .system]),
        rows([.reported, .filed, .dispatched], .merge, to: .merged, [.dutyOfficer, .system], [.target, .note, .tasksDone]),
        rows([.merged], .unmerge, to: nil, [.dutyOfficer], [.note]),
        staying(open, .absorb, [.dutyOfficer, .system]),
        staying(open, .release, [.dutyOfficer]),
        staying(open, .attach, [.system, .dutyOfficer]),
        rows([.filed], .dispatch, to: .dispatched, [.dispatcher, .system], [.names]),
        rows([.filed], .dispatch, to: .dispatched, [.dutyOfficer], [.names, .emergencyOnly]),
        rows([.dispatched], .acknowledge, to: .acknowledged, workers, [.assigneeOnly]),
        rows([.dispatched, .acknowledged], .returnTask, to: .filed, workers, [.assigneeOnly, .note]),
        rows(assigned, .reassign, to: .dispatched, [.dispatcher, .townOffice], [.names]),
        staying(assigned, .proposeHandOver, [.gridworker], [.assigneeOnly, .names, .note]),
        rows(assigned, .handOver, to: .dispatched, [.dispatcher, .townOffice], [.names, .note]),
        rows(assigned, .handOver, to: .dispatched, [.gridworker], [.receiverOnly]),
        rows([.acknowledged], .handle, to: .handling, workers, [.assigneeOnly]),
        rows([.acknowledged, .handling], .submitResult, to: .handled, workers, [.assigneeOnly, .note]),
        rows([.handled], .inspect, to: .inspecting, [.inspector, .townOffice], [.notTheHandler]),
        rows([.inspecting], .pass, to: .closed, [.inspector], [.notTheHandler, .rectified, .tasksDone]),
        rows([.inspecting], .fail, to: .dispatched, [.inspector], [.notTheHandler, .note]),
        rows([.filed] + assigned, .suspend, to: .suspended, [.supervisor], [.note, .until]),
        rows([.suspended], .resume, to: nil, [.dispatcher, .system]),
        staying(open, .extend, [.supervisor], [.note, .until]),
        staying(open, .supervise, [.supervisor], [.note]),
        staying(open, .remind, [.dutyOfficer, .dispatcher, .supervisor, .townOffice]),
        staying(joint, .addTask, [.dispatcher], [.names, .note, .room]),
        staying(joint, .acknowledgeTask, workers, [.ownTask]),
        staying(joint, .completeTask, workers, [.ownTask, .note]),
        staying(joint, .withdrawTask, [.dispatcher], [.openTask, .note]),
        rows([.closed], .reopen, to: .filed, [.dutyOfficer, .supervisor], [.note, .recent]),
        rows([.closed], .archive, to: .archived, [.system]),
        rows(open, .void, to: .void, [.supervisor], [.note]),
    ].flatMap { $0 }

    /// The map changed under it: the state stays, and what was only dispatched may get another assignee.
    private static let rehomings = CaseState.allCases.filter { RehomingStep($0) != .untouched }.flatMap {
        staying([$0], .rehome, [.system], [.note])
    }

    /// Those a case can be assigned to; departments take the professional matters.
    private static let workers: Set<Role> = [.gridworker, .department]
    /// States in which somebody has it and has not finished.
    private static let assigned: [CaseState] = [.dispatched, .acknowledged, .handling]
    /// States in which several may work on it.
    private static let joint: [CaseState] = [.filed] + assigned + [.handled, .inspecting]
    private static let open = CaseState.allCases.filter { !$0.isTerminal }

    private static func rows(
        _ from: [CaseState?], _ action: CaseAction, to: CaseState?, _ roles: Set<Role>, _ guards: Set<CaseGuard> = []
    ) -> [CaseTransition] {
        from.map { Self(from: $0, action: action, to: to, roles: roles, guards: guards) }
    }

    private static func staying(
        _ states: [CaseState], _ action: CaseAction, _ roles: Set<Role>, _ guards: Set<CaseGuard> = []
    ) -> [CaseTransition] {
        states.map { Self(from: $0, action: action, to: $0, roles: roles, guards: guards) }
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
    /// Nobody proposed a hand-over to the one who asks.
    case notTheReceiver
    case handlerMayNotInspect
    case noEmergency
    case noteMissing(CaseAction)
    case noteTooLong(limit: Int)
    case assigneeMissing
    /// The one who was named may not have this case, and why.
    case notAdmitted(String)
    case untilMissing
    case targetMissing
    /// Someone was faster at the other case.
    case staleTarget(target: String, expected: Int, actual: Int)
    /// Two cases that do not go together, and why.
    case notMergeable(String)
    case notRectified
    case closedTooLongAgo(days: Int)
    case taskMissing
    case taskOver(Int, CaseTask.State)
    case notTheTaskHolder(Int)
    case tooManyTasks(limit: Int)
    case tasksOpen([Int])

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
        case .notTheReceiver: return "nobody proposed to hand this case over to you"
        case .handlerMayNotInspect: return "whoever handled a case does not inspect it"
        case .noEmergency: return "only an emergency is dispatched by the duty officer"
        case .noteMissing(let action): return "\(action.rawValue) needs a note"
        case .noteTooLong(let limit): return "the note is longer than \(limit) characters"
        case .assigneeMissing: return "someone must be named to have the case"
        case .notAdmitted(let why): return why
        case .untilMissing: return "a time that lies ahead must be named"
        case .targetMissing: return "another open case must be named"
        case .staleTarget(let target, let expected, let actual):
            return "case \(target) changed meanwhile: now version \(actual), you saw \(expected)"
        case .notMergeable(let why): return why
        case .notRectified: return "a hazard closes when it was rectified or left no trace, not when it was seen"
        case .closedTooLongAgo(let days): return "closed more than \(days) days ago: report it anew"
        case .taskMissing: return "a task of this case must be named"
        case .taskOver(let task, let state): return "task \(task) is \(state.rawValue)"
        case .notTheTaskHolder(let task): return "task \(task) was given to someone else"
        case .tooManyTasks(let limit): return "a case has at most \(limit) tasks"
        case .tasksOpen(let tasks):
            return "not before every task is done or withdrawn; open: \(tasks.map(String.init).joined(separator: ", "))"
        }
    }

    /// The field of the request that caused it, for the answer of the HTTP API.
    package var field: String? {
        switch self {
        case .staleVersion: "expected_version"
        case .staleTarget: "into_version"
        case .notPossible, .roleMayNot, .noEmergency, .closedTooLongAgo, .handlerMayNotInspect: "action"
        case .noteMissing, .noteTooLong: "note"
        case .assigneeMissing, .notAdmitted: "assignee"
        case .untilMissing: "until"
        case .targetMissing, .notMergeable: "into"
        case .notRectified: "result"
        case .taskMissing, .taskOver, .notTheTaskHolder: "task"
        case .tooManyTasks, .tasksOpen: "action"
        case .notTheAssignee, .notTheReceiver: nil
        }
    }
}
