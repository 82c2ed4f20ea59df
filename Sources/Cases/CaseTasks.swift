// Joint handling: parts of a case that others do beside the one who has it, each with a state and a clock of its own.
// case log → **tasks** → case machine, pages

package import Domain

/// One part of the work on a case. The case closes when all of them are done.
package struct CaseTask: Sendable, Hashable {
    /// Where a task stands.
    package enum State: String, Sendable, CaseIterable {
        case assigned, acknowledged, done, withdrawn

        /// True when nothing is left to do.
        package var isOver: Bool { self == .done || self == .withdrawn }
    }

    /// Counted from 1 in its case.
    package let number: Int
    package let assignee: WorkerID
    /// What is to be done.
    package let note: String
    package let since: WallTime
    package var state = State.assigned
    /// What was done.
    package var answer = ""
    /// The number under which an outside system took it over.
    package var reference: String?
    package var doneAt: WallTime?

    /// Tasks of one case: more departments than a district has.
    package static let limit = 16
}

/// The tasks of one case as its log tells them. A value.
package struct CaseTasks: Sendable, Hashable {
    /// In the order of their numbers.
    package private(set) var all: [CaseTask] = []

    package init() {}

    /// Those that somebody still has.
    package var open: [CaseTask] { all.filter { !$0.state.isOver } }

    /// The task of that number; nil when there is none.
    package subscript(_ number: Int?) -> CaseTask? { number.flatMap { all.indices.contains($0 - 1) ? all[$0 - 1] : nil } }

    /// Takes the next event of the case's log.
    package mutating func follow(_ event: CaseEvent) {
        guard let number = event.detail.task else { return }
        switch event.action {
        case .addTask:
            guard number == all.count + 1, let assignee = event.detail.assignee.flatMap({ WorkerID($0) }) else { return }
            all.append(CaseTask(number: number, assignee: assignee, note: event.note, since: event.at))
        case .acknowledgeTask: change(number) { ($0.state, $0.reference) = (.acknowledged, event.detail.reference) }
        case .completeTask: change(number) { ($0.state, $0.answer, $0.doneAt) = (.done, event.note, event.at) }
        case .withdrawTask: change(number) { $0.state = .withdrawn }
        default: return
        }
    }

    private mutating func change(_ number: Int, _ step: (inout CaseTask) -> Void) {
        guard all.indices.contains(number - 1) else { return }
        step(&all[number - 1])
    }

    /// Why the named task is not for `actor` to change; nil when it is. An actor of nil is somebody who may change any.
    func objection(to action: CaseAction, _ number: Int?, by actor: String?) -> CaseRefusal? {
        guard let task = self[number] else { return .taskMissing }
        if task.state.isOver || (action == .acknowledgeTask && task.state != .assigned) { return .taskOver(task.number, task.state) }
        if let actor, task.assignee.text != actor { return .notTheTaskHolder(task.number) }
        return nil
    }

    /// What `actor` could do to a task now.
    func actions(_ task: CaseTask, among offered: [CaseAction], actor: String) -> [CaseAction] {
        offered.filter { action in
            switch action {
            case .acknowledgeTask, .completeTask: objection(to: action, task.number, by: actor) == nil
            case .withdrawTask: objection(to: action, task.number, by: nil) == nil
            default: false
            }
        }
    }
}

/// A task as pages show it.
package struct CaseTaskView: Encodable, Sendable, Hashable {
    package var task: Int
    package var assignee: NamedReference
    package var state: String
    package var note: String
    package var answer: String
    /// The number that an outside system gave it.
    @NullWhenNil package var reference: String?
    package var since: String
    @NullWhenNil package var due: String?
    package var late: Bool
    @NullWhenNil package var doneAt: String?
    /// What this reader may do to it now.
    package var actions: [String]

    enum CodingKeys: String, CodingKey {
        case task, assignee, state, note, answer, reference, since, due, late, actions
        case doneAt = "done_at"
    }
}
