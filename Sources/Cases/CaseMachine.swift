// What may be done to a case, by whom, and what it becomes: a pure value without clock or storage.
// incidents → dispatcher → **cases** → pushes
//
//   report ┌──────────┐ decline ┌──────────┐
//   ──────▶│ reported │────────▶│ declined │
//          └───┬──────┘         └──────────┘
//              │ file
//          ┌───▼───┐ dispatch ┌────────────┐ acknowledge ┌──────────────┐ handle ┌──────────┐ submit_result ┌─────────┐
//          │ filed │─────────▶│ dispatched │────────────▶│ acknowledged │───────▶│ handling │──────────────▶│ handled │
//          └─▲─▲───┘          └─┬────▲───▲─┘             └───┬──────┬───┘        └──────────┘               └──▲───┬──┘
//            │ │     return     │    │   │      return       │      │           submit_result                  │   │ inspect
//            │ └────────────────┴────┼───┼───────────────────┘      └──────────────────────────────────────────┘   │
//            │ reopen                │   └─ reassign, hand_over of dispatched, acknowledged, handling              │
//          ┌─┴──────┐      pass      │ fail                                                              ┌─────────▼──┐
//          │ closed │◀───────────────┼───────────────────────────────────────────────────────────────────│ inspecting │
//          └─┬──────┘                └───────────────────────────────────────────────────────────────────└────────────┘
//            │ archive ──▶ archived
//
// reported, filed, dispatched ── merge ──▶ merged ── unmerge ──▶ where it was
// filed … handling ── suspend ──▶ suspended ── resume ──▶ where it was        every open state ── void ──▶ void
// every open state ── attach, absorb, release, extend, supervise, remind ──▶ itself
//
// What each state promises: reported – someone must decide; filed – it has a home grid and the command centre as its owner;
// dispatched – one person owns it and has not answered; acknowledged – that person has; handling – that person is at work;
// handled – a result is written and waits for inspection; inspecting – somebody other than the handler looks at it; closed – the
// inspector agreed; suspended – its clocks stand; merged – its incidents are with another case. declined, archived and void are final. An
// emergency takes the rows report, file and dispatch in one transaction: it skips the waiting and never the record.

package import Domain

/// What someone wants to do to a case.
package struct CaseCommand: Sendable {
    package var action: CaseAction
    package var role: Role
    /// Who acts; compared with the assignee.
    package var actor: String
    /// The version the actor saw; 0 for a case that does not exist yet.
    package var expectedVersion: Int
    package var note: String
    /// Whom `dispatch`, `reassign` and `hand_over` give the case to, to whom a hand-over is proposed, or who gets a task.
    package var assignee: WorkerID?
    package var detail: CaseEventDetail
    package var at: WallTime

    package init(
        _ action: CaseAction, role: Role, actor: String, expectedVersion: Int, note: String = "", assignee: WorkerID? = nil,
        detail: CaseEventDetail = CaseEventDetail(), at: WallTime
    ) {
        self.action = action
        self.role = role
        self.actor = actor
        self.expectedVersion = expectedVersion
        self.note = note
        self.assignee = assignee
        self.detail = detail
        self.at = at
    }
}

/// What a category says about all its cases.
package struct CaseTraits: Sendable, Hashable {
    package var isHazard: Bool
    package var isEmergency: Bool

    package init(isHazard: Bool = false, isEmergency: Bool = false) {
        self.isHazard = isHazard
        self.isEmergency = isEmergency
    }
}

/// One case as the transition table sees it. A value; the caller serialises access.
package struct CaseMachine: Sendable, Hashable {
    package let traits: CaseTraits
    /// Nil before the report.
    package private(set) var state: CaseState?
    /// The number of events so far.
    package private(set) var version: Int
    package private(set) var assignee: WorkerID?
    /// Who submitted the newest result.
    package private(set) var handler: String?
    package private(set) var result: CaseResult?
    /// Where it goes on when it is resumed.
    package private(set) var suspendedFrom: CaseState?
    /// Where it goes on when the merge is taken back.
    package private(set) var mergedFrom: CaseState?
    /// The last version that changed more than what was observed: whoever saw that one saw what counts.
    package private(set) var settledVersion = 0
    /// Parts of the work that others do.
    package private(set) var tasks = CaseTasks()
    private var urgency = CaseUrgency()
    /// To whom a hand-over is proposed.
    package private(set) var proposed: WorkerID?
    package private(set) var closedAt: WallTime?
    /// The most urgent that the report, joined incidents and merged cases make it; nil where a report of old says nothing.
    package var priority: Int? { urgency.priority }
    /// The newest event of a person or a decision, to tell a late actor who was faster.
    package private(set) var latest: CaseEvent?

    /// Longest note in characters: a page of text, far below the 64 KiB of a request.
    package static let noteLimit = 2000
    /// A case that comes back later than this is a new one.
    package static let reopenDays = 7
    /// Days from closing to the archive: the least that evidence is kept, and long after the last day on which it may be reopened.
    package static let archiveDays = 30

    /// A case that nobody has reported yet.
    package init(traits: CaseTraits = CaseTraits()) {
        self.traits = traits
        version = 0
    }

    /// A case as its log tells it: nothing that decides about it is kept anywhere else.
    package init(traits: CaseTraits, log: [(event: CaseEvent, assignee: WorkerID?)]) {
        self.init(traits: traits)
        for line in log { follow(line.event, assignee: line.assignee) }
    }

    /// Applies a command, or says why not and stays as it was.
    ///
    /// The version is looked at before state and assignee, because both may have changed under someone who acts on an old screen. Incidents
    /// that joined meanwhile make no screen old.
    package mutating func apply(_ command: CaseCommand) -> Result {
        let named = CaseTransition.table.filter { $0.action == command.action }
        guard named.contains(where: { $0.roles.contains(command.role) }) else {
            return .refused(.roleMayNot(command.role, command.action))
        }
        guard (settledVersion...version).contains(command.expectedVersion) else {
            return .refused(.staleVersion(expected: command.expectedVersion, actual: version, latest: latest))
        }
        let fitting = named.filter { $0.from == state }
        guard !fitting.isEmpty else { return .refused(.notPossible(command.action, from: state)) }
        guard let row = fitting.first(where: { $0.roles.contains(command.role) }) else {
            return .refused(.roleMayNot(command.role, command.action))
        }
        guard let to = row.to ?? (state == .merged ? mergedFrom : suspendedFrom) else {
            return .refused(.notPossible(command.action, from: state))
        }
        guard command.note.count <= Self.noteLimit else { return .refused(.noteTooLong(limit: Self.noteLimit)) }
        for one in CaseGuard.allCases where row.guards.contains(one) {
            if let refusal = refusal(one, command) { return .refused(refusal) }
        }
        var event = CaseEvent(
            version: version + 1, at: command.at, actor: command.actor, role: command.role, action: command.action, from: state, to: to,
            note: command.note, detail: command.detail)
        if command.action == .addTask {
            (event.detail.task, event.detail.assignee) = (tasks.all.count + 1, command.assignee?.text)
        }
        if command.action == .proposeHandOver { event.detail.proposed = command.assignee?.text }
        if command.action == .rehome, command.assignee != nil { event.detail.restarts = true }
        follow(event, assignee: owner(after: row, command, to))
        return .advanced(event)
    }

    /// What `actor` could do now, in the order of the table; whether a note or a name is still missing does not count.
    package func actions(role: Role, actor: String, now: WallTime) -> [CaseAction] {
        CaseTransition.table.filter { row in
            row.from == state && row.roles.contains(role) && row.guards.allSatisfy { mayBe($0, actor: actor, now: now) }
        }.map(\.action)
    }

    /// What a command led to.
    package enum Result: Sendable, Hashable {
        case advanced(CaseEvent)
        case refused(CaseRefusal)
    }

    private mutating func follow(_ event: CaseEvent, assignee: WorkerID?) {
        switch event.action {
        case .suspend: suspendedFrom = event.from
        case .merge: mergedFrom = event.from
        case .unmerge: mergedFrom = nil
        case .submitResult: (handler, result) = (event.actor, event.detail.result ?? .seen)
        case .proposeHandOver: proposed = event.detail.proposed.flatMap { WorkerID($0) }
        case .pass: closedAt = event.at
        default: break
        }
        // A proposal lasts until the case moves; a suspension only interrupts it.
        let moves = event.from != event.to || event.action == .reassign || event.action == .handOver
        if moves, event.action != .suspend, event.action != .resume { proposed = nil }
        if event.from == .suspended, event.to != .suspended { suspendedFrom = nil }
        urgency.follow(event)
        tasks.follow(event)
        state = event.to
        version = event.version
        self.assignee = assignee
        if !event.action.isObservation { (settledVersion, latest) = (version, event) }
    }

    private func owner(after row: CaseTransition, _ command: CaseCommand, _ to: CaseState) -> WorkerID? {
        if command.action == .rehome, to == .dispatched { return command.assignee ?? assignee }
        if row.guards.contains(.receiverOnly) { return WorkerID(command.actor) }
        if to == .dispatched, row.guards.contains(.names), ![.proposeHandOver, .addTask].contains(command.action) {
            return command.assignee
        }
        return to == .filed && row.from != .suspended && row.from != to ? nil : assignee
    }

    private func refusal(_ one: CaseGuard, _ command: CaseCommand) -> CaseRefusal? {
        switch one {
        case .note: command.note.allSatisfy(\.isWhitespace) ? .noteMissing(command.action) : nil
        case .names: command.assignee == nil ? .assigneeMissing : nil
        case .until: (command.detail.until ?? .min) > command.at.millisecondsSince1970 ? nil : .untilMissing
        case .target: command.detail.into == nil ? .targetMissing : nil
        case .assigneeOnly: mayBe(one, actor: command.actor, now: command.at) ? nil : .notTheAssignee
        case .receiverOnly: mayBe(one, actor: command.actor, now: command.at) ? nil : .notTheReceiver
        case .notTheHandler: mayBe(one, actor: command.actor, now: command.at) ? nil : .handlerMayNotInspect
        case .emergencyOnly: mayBe(one, actor: command.actor, now: command.at) ? nil : .noEmergency
        case .rectified: mayBe(one, actor: command.actor, now: command.at) ? nil : .notRectified
        case .recent: mayBe(one, actor: command.actor, now: command.at) ? nil : .closedTooLongAgo(days: Self.reopenDays)
        case .ownTask: tasks.objection(to: command.action, command.detail.task, by: command.actor)
        case .openTask: tasks.objection(to: command.action, command.detail.task, by: nil)
        case .room: tasks.all.count < CaseTask.limit ? nil : .tooManyTasks(limit: CaseTask.limit)
        case .tasksDone: tasks.open.isEmpty ? nil : .tasksOpen(tasks.open.map(\.number))
        }
    }

    /// False when nothing in the request could satisfy the guard.
    private func mayBe(_ one: CaseGuard, actor: String, now: WallTime) -> Bool {
        switch one {
        case .note, .names, .until, .target: true
        case .assigneeOnly: assignee?.text == actor
        case .receiverOnly: proposed?.text == actor
        case .notTheHandler: handler != actor && assignee?.text != actor && !tasks.all.contains { $0.assignee.text == actor }
        case .ownTask: tasks.open.contains { $0.assignee.text == actor }
        case .openTask: !tasks.open.isEmpty
        case .room: tasks.all.count < CaseTask.limit
        case .tasksDone: tasks.open.isEmpty
        case .emergencyOnly: traits.isEmergency
        case .rectified: !traits.isHazard || result == .rectified || result == .noTrace
        case .recent: closedAt.map { now.millisecondsSince1970 - $0.millisecondsSince1970 <= Int64(Self.reopenDays) * 86_400_000 } ?? false
        }
    }
}
