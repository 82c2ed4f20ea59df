// The case machine against its table: every listed step works, every other (state, action, role) is refused and changes nothing.

import Base
import Cases
import Domain
import Testing

private typealias Row = (from: CaseState?, action: CaseAction, roles: Set<Role>, to: CaseState?)

/// The table of the domain study, written down a second time: state, action, roles, next state (nil: the one before the suspension).
private let listed: [Row] =
    [
        (nil, .report, [.system, .gridworker, .dutyOfficer], .reported),
        (.reported, .decline, [.dutyOfficer], .declined),
        (.reported, .file, [.dutyOfficer, .system], .filed),
        (.reported, .merge, [.dutyOfficer, .system], .merged),
        (.filed, .merge, [.dutyOfficer, .system], .merged),
        (.dispatched, .merge, [.dutyOfficer, .system], .merged),
        (.filed, .dispatch, [.dispatcher, .system, .dutyOfficer], .dispatched),
        (.dispatched, .acknowledge, [.gridworker, .department], .acknowledged),
        (.dispatched, .returnTask, [.gridworker, .department], .filed),
        (.acknowledged, .returnTask, [.gridworker, .department], .filed),
        (.dispatched, .reassign, [.dispatcher, .townOffice], .dispatched),
        (.acknowledged, .reassign, [.dispatcher, .townOffice], .dispatched),
        (.handling, .reassign, [.dispatcher, .townOffice], .dispatched),
        (.dispatched, .proposeHandOver, [.gridworker], .dispatched),
        (.acknowledged, .proposeHandOver, [.gridworker], .acknowledged),
        (.handling, .proposeHandOver, [.gridworker], .handling),
        (.dispatched, .handOver, [.dispatcher, .townOffice, .gridworker], .dispatched),
        (.acknowledged, .handOver, [.dispatcher, .townOffice, .gridworker], .dispatched),
        (.handling, .handOver, [.dispatcher, .townOffice, .gridworker], .dispatched),
        (.acknowledged, .handle, [.gridworker, .department], .handling),
        (.acknowledged, .submitResult, [.gridworker, .department], .handled),
        (.handling, .submitResult, [.gridworker, .department], .handled),
        (.reported, .rehome, [.system], .reported),
        (.filed, .rehome, [.system], .filed),
        (.dispatched, .rehome, [.system], .dispatched),
        (.acknowledged, .rehome, [.system], .acknowledged),
        (.handling, .rehome, [.system], .handling),
        (.handled, .rehome, [.system], .handled),
        (.suspended, .rehome, [.system], .suspended),
        (.handled, .inspect, [.inspector, .townOffice], .inspecting),
        (.inspecting, .pass, [.inspector], .closed),
        (.inspecting, .fail, [.inspector], .dispatched),
        (.filed, .suspend, [.supervisor], .suspended),
        (.dispatched, .suspend, [.supervisor], .suspended),
        (.acknowledged, .suspend, [.supervisor], .suspended),
        (.handling, .suspend, [.supervisor], .suspended),
        (.suspended, .resume, [.dispatcher, .system], nil),
        (.closed, .reopen, [.dutyOfficer, .supervisor], .filed),
        (.closed, .archive, [.system], .archived),
        (.merged, .unmerge, [.dutyOfficer], nil),
    ]
    + open.flatMap { state -> [Row] in
        [
            (state, .extend, [.supervisor], state), (state, .supervise, [.supervisor], state),
            (state, .remind, [.dutyOfficer, .dispatcher, .supervisor, .townOffice], state), (state, .void, [.supervisor], .void),
            (state, .attach, [.system, .dutyOfficer], state), (state, .absorb, [.system, .dutyOfficer], state),
            (state, .release, [.dutyOfficer], state),
        ]
    }
    + open.filter { $0 != .reported && $0 != .suspended }.flatMap { state -> [Row] in
        [
            (state, .addTask, [.dispatcher], state), (state, .withdrawTask, [.dispatcher], state),
            (state, .acknowledgeTask, [.gridworker, .department], state), (state, .completeTask, [.gridworker, .department], state),
        ]
    }

/// Acts on a task, which must be there first.
private let taskActs: Set<CaseAction> = [.acknowledgeTask, .completeTask, .withdrawTask]

private let open: [CaseState] = [.reported, .filed, .dispatched, .acknowledged, .handling, .handled, .inspecting, .suspended]

private let me = WorkerID("w1")!  // A valid id.
private let other = WorkerID("w2")!  // A valid id.
private let now = WallTime(millisecondsSince1970: 1_795_000_000_000)

/// The acts that lead to a state, done by those who may do them.
private let ways: [CaseState: [CaseAction]] = [
    .reported: [], .declined: [.decline], .filed: [.file], .dispatched: [.file, .dispatch], .merged: [.file, .merge],
    .acknowledged: [.file, .dispatch, .acknowledge], .handling: [.file, .dispatch, .acknowledge, .handle],
    .handled: [.file, .dispatch, .acknowledge, .submitResult], .inspecting: [.file, .dispatch, .acknowledge, .submitResult, .inspect],
    .closed: [.file, .dispatch, .acknowledge, .submitResult, .inspect, .pass],
    .archived: [.file, .dispatch, .acknowledge, .submitResult, .inspect, .pass, .archive],
    .suspended: [.file, .dispatch, .acknowledge, .suspend], .void: [.void],
]

/// A case that went its way to a state; with the assignee `w1` where somebody has it.
private func machine(_ state: CaseState?, traits: CaseTraits = CaseTraits(isEmergency: true)) throws -> CaseMachine {
    var machine = CaseMachine(traits: traits)
    guard let state else { return machine }
    for action in [.report] + (try #require(ways[state])) {
        let row = try #require(listed.first { $0.from == machine.state && $0.action == action })
        let role = try #require(row.roles.sorted { $0.rawValue < $1.rawValue }.first { $0 != .gridworker } ?? row.roles.first)
        let actor = [.acknowledge, .submitResult, .handle].contains(action) ? "w1" : role.rawValue
        guard case .advanced = machine.apply(command(action, role, version: machine.version, actor: actor)) else {
            Issue.record("\(action) must lead to \(state)")
            break
        }
    }
    #expect(machine.state == state)
    return machine
}

private func command(
    _ action: CaseAction, _ role: Role, version: Int, actor: String? = nil, note: String = "done", assignee: WorkerID? = me,
    at: WallTime = now
) -> CaseCommand {
    var detail = CaseEventDetail()
    detail.until = at.adding(seconds: 3600).millisecondsSince1970
    detail.into = "511011-20261123-00001"
    detail.result = .rectified
    if taskActs.contains(action) { detail.task = 1 }
    let isWorker = role == .gridworker || role == .department
    return CaseCommand(
        action, role: role, actor: actor ?? (isWorker ? "w1" : role.rawValue), expectedVersion: version, note: note, assignee: assignee,
        detail: detail, at: at)
}

@Test func everyStateActionAndRoleIsDecidedByTheTable() throws {
    let states: [CaseState?] = [nil] + CaseState.allCases
    var accepted = 0
    for state in states {
        for action in CaseAction.allCases {
            for role in Role.allCases {
                var machine = try machine(state)
                if action == .handOver, role == .gridworker, machine.assignee != nil {
                    _ = machine.apply(command(.proposeHandOver, .gridworker, version: machine.version, assignee: me))
                }
                if taskActs.contains(action) { _ = machine.apply(command(.addTask, .dispatcher, version: machine.version)) }
                let before = machine
                let row = listed.first { $0.from == state && $0.action == action && $0.roles.contains(role) }
                switch machine.apply(command(action, role, version: before.version)) {
                case .advanced(let event):
                    accepted += 1
                    #expect(row != nil, "\(String(describing: state)) \(action) \(role) must be refused")
                    #expect(machine.state == row?.to ?? before.mergedFrom ?? .acknowledged)
                    #expect(machine.version == before.version + 1 && event.version == machine.version)
                    #expect(event.from == state && event.to == machine.state && event.role == role && event.at == now)
                case .refused(let why):
                    #expect(row == nil, "\(String(describing: state)) \(action) \(role): \(why)")
                    #expect(machine == before)
                    // The reason tells which half does not fit.
                    let roleFitsSomewhere = listed.contains { $0.action == action && $0.roles.contains(role) }
                    let stateFits = listed.contains { $0.action == action && $0.from == state }
                    #expect(why == (roleFitsSomewhere && !stateFits ? .notPossible(action, from: state) : .roleMayNot(role, action)))
                }
                let actor = role == .gridworker || role == .department ? "w1" : role.rawValue
                #expect(before.actions(role: role, actor: actor, now: now).contains(action) == (row != nil))
            }
        }
    }
    #expect(accepted == listed.reduce(0) { $0 + $1.roles.count })
    #expect(Set(CaseTransition.table.map(\.action)) == Set(CaseAction.allCases))
}

@Test func onlyTheAssigneeWorksOnACase() throws {
    for row in listed
    where row.roles.contains(.gridworker) && row.action != .report && row.action != .handOver && !taskActs.contains(row.action) {
        var machine = try machine(row.from)
        #expect(
            machine.apply(command(row.action, .gridworker, version: machine.version, actor: "w2")) == .refused(.notTheAssignee))
        #expect(machine.actions(role: .gridworker, actor: "w2", now: now).isEmpty)
    }
}

/// Every guard that a request can fail, at every row that has it.
@Test func whatARowNeedsMustBeThere() throws {
    for row in CaseTransition.table {
        let role = try #require(row.roles.first)
        for guarded in row.guards {
            var machine = try machine(row.from)
            if row.guards.contains(.receiverOnly) { continue }
            if taskActs.contains(row.action) { _ = machine.apply(command(.addTask, .dispatcher, version: machine.version)) }
            var wish = command(row.action, role, version: machine.version)
            let expected: CaseRefusal
            switch guarded {
            case .note: (wish.note, expected) = ("\u{3000} \n\t", .noteMissing(row.action))
            case .names: (wish.assignee, expected) = (nil, .assigneeMissing)
            case .until: (wish.detail.until, expected) = (now.millisecondsSince1970, .untilMissing)
            case .target: (wish.detail.into, expected) = (nil, .targetMissing)
            case .recent: (wish.at, expected) = (now.adding(seconds: 7 * 86_400 + 1), .closedTooLongAgo(days: 7))
            case .notTheHandler: (wish.actor, expected) = ("w1", .handlerMayNotInspect)
            case .emergencyOnly:
                machine = try plain(row.from)
                expected = .noEmergency
            case .ownTask: (wish.actor, expected) = ("w2", .notTheTaskHolder(1))
            case .openTask: (wish.detail.task, expected) = (2, .taskMissing)
            case .room:
                for _ in 0..<CaseTask.limit { _ = machine.apply(command(.addTask, .dispatcher, version: machine.version)) }
                wish.expectedVersion = machine.version
                expected = .tooManyTasks(limit: CaseTask.limit)
            case .tasksDone:
                guard case .advanced = machine.apply(command(.addTask, .dispatcher, version: machine.version)) else { continue }
                wish.expectedVersion = machine.version
                expected = .tasksOpen([1])
            case .assigneeOnly, .receiverOnly, .rectified: continue
            }
            let before = machine
            #expect(machine.apply(wish) == .refused(expected), "\(row.action) \(guarded)")
            #expect(machine == before && expected.field != nil)
        }
        var machine = try machine(row.from)
        if taskActs.contains(row.action) { _ = machine.apply(command(.addTask, .dispatcher, version: machine.version)) }
        let long = command(row.action, role, version: machine.version, note: String(repeating: "长", count: 2001))
        #expect(machine.apply(long) == .refused(.noteTooLong(limit: 2000)))
    }
}

/// The same state without an emergency.
private func plain(_ state: CaseState?) throws -> CaseMachine {
    var machine = CaseMachine()
    for (action, role) in [(CaseAction.report, Role.system), (.file, .system)] {
        _ = machine.apply(command(action, role, version: machine.version))
    }
    #expect(machine.state == state)
    return machine
}

@Test func aHazardClosesOnlyWhenItWasPutRight() throws {
    for result in CaseResult.allCases {
        for isHazard in [true, false] {
            var machine = try machine(.handling, traits: CaseTraits(isHazard: isHazard, isEmergency: true))
            var submit = command(.submitResult, .gridworker, version: machine.version)
            submit.detail.result = result
            _ = machine.apply(submit)
            _ = machine.apply(command(.inspect, .inspector, version: machine.version))
            let outcome = machine.apply(command(.pass, .inspector, version: machine.version))
            if isHazard, result == .seen {
                #expect(outcome == .refused(.notRectified) && machine.state == .inspecting)
                // Sent back, put right, closed: the same person works on it.
                _ = machine.apply(command(.fail, .inspector, version: machine.version))
                #expect(machine.state == .dispatched && machine.assignee == me)
            } else {
                #expect(machine.state == .closed)
            }
        }
    }
}

@Test func aProposalMovesNothingUntilItsReceiverTakesIt() throws {
    var machine = try machine(.handling)
    _ = machine.apply(command(.proposeHandOver, .gridworker, version: machine.version, assignee: other))
    #expect(machine.assignee == me && machine.state == .handling && machine.proposed == other)
    #expect(
        machine.apply(command(.handOver, .gridworker, version: machine.version, actor: "w3")) == .refused(.notTheReceiver))
    #expect(machine.actions(role: .gridworker, actor: "w2", now: now) == [.handOver])
    _ = machine.apply(command(.handOver, .gridworker, version: machine.version, actor: "w2"))
    #expect(machine.assignee == other && machine.state == .dispatched && machine.proposed == nil)
}

@Test func aSuspensionLeadsBackToWhereItWas() throws {
    for state in [CaseState.filed, .dispatched, .acknowledged, .handling] {
        var machine = try machine(state)
        let assignee = machine.assignee
        _ = machine.apply(command(.suspend, .supervisor, version: machine.version))
        _ = machine.apply(command(.extend, .supervisor, version: machine.version))
        #expect(machine.state == .suspended && machine.assignee == assignee)
        _ = machine.apply(command(.resume, .system, version: machine.version))
        #expect(machine.state == state && machine.assignee == assignee && machine.suspendedFrom == nil)
    }
}

@Test func aLateActorIsToldWhoWasFaster() throws {
    var machine = try machine(.acknowledged)
    let latest = try #require(machine.latest)
    guard case .refused(let why) = machine.apply(command(.acknowledge, .gridworker, version: 3)) else {
        Issue.record("a stale version must be refused")
        return
    }
    #expect(why == .staleVersion(expected: 3, actual: 4, latest: latest))
    #expect(why.field == "expected_version")
    #expect(
        why.description == "changed meanwhile: w1 did acknowledge (dispatched → acknowledged) at \(now); now version 4, you saw 3")
    // A version from the future is as wrong as one from the past.
    #expect(machine.apply(command(.handle, .gridworker, version: 5)) == .refused(.staleVersion(expected: 5, actual: 4, latest: latest)))
}

/// Random commands never leave the table, never skip a version, keep one owner, and a replay of the log gives the same case.
@Test(arguments: [11, 12, 13] as [UInt64]) func randomWalksStayInsideTheTable(seed: UInt64) throws {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
        let traits = CaseTraits(isHazard: Bool.random(using: &generator), isEmergency: Bool.random(using: &generator))
        var machine = CaseMachine(traits: traits)
        var log: [(event: CaseEvent, assignee: WorkerID?)] = []
        for _ in 0..<60 {
            let before = machine
            let action = try #require(CaseAction.allCases.randomElement(using: &generator))
            let role = try #require(Role.allCases.randomElement(using: &generator))
            let stale = Int.random(in: 0..<4, using: &generator) == 0 ? 1 : 0
            switch machine.apply(command(action, role, version: machine.version - stale)) {
            case .refused: #expect(machine == before)
            case .advanced(let event):
                log.append((event, machine.assignee))
                #expect(machine.version == before.version + 1)
                // Only an incident that joined meanwhile makes no screen old.
                #expect(stale == 0 || before.settledVersion < before.version)
                #expect((machine.latest == event) == !action.isObservation)
                #expect(
                    listed.contains {
                        let back = before.state == .merged ? before.mergedFrom : before.suspendedFrom
                        return $0.from == before.state && ($0.to ?? back) == machine.state && $0.action == action
                            && $0.roles.contains(role)
                    })
                if [.dispatched, .acknowledged, .handling].contains(machine.state) { #expect(machine.assignee == me) }
                #expect(CaseMachine(traits: traits, log: log) == machine)
            }
        }
    }
}

@Test func anIncidentThatJoinsMakesNoScreenOld() throws {
    var machine = try machine(.dispatched)
    let seen = machine.version
    for priority in [3, 1, 2] {
        var attach = command(.attach, .system, version: machine.version, note: "")
        attach.detail.priority = priority
        _ = machine.apply(attach)
    }
    #expect(machine.version == seen + 3 && machine.settledVersion == seen && machine.priority == 1)
    guard case .advanced = machine.apply(command(.acknowledge, .gridworker, version: seen)) else {
        Issue.record("what was seen still holds")
        return
    }
    // Another person's act does.
    guard case .refused(.staleVersion) = machine.apply(command(.handle, .gridworker, version: seen + 3)) else {
        Issue.record("an old screen")
        return
    }
}

@Test func aMergeLeadsBackToWhereItWas() throws {
    for state in [CaseState.reported, .filed, .dispatched] {
        var machine = try machine(state)
        let before = machine
        _ = machine.apply(command(.merge, .dutyOfficer, version: machine.version))
        #expect(machine.state == .merged && machine.actions(role: .dutyOfficer, actor: "x", now: now) == [.unmerge])
        _ = machine.apply(command(.unmerge, .dutyOfficer, version: machine.version))
        #expect(machine.state == state && machine.assignee == before.assignee && machine.mergedFrom == nil)
    }
}

@Test func theMostUrgentOfAllThatJoinedCounts() {
    func event(_ version: Int, _ action: CaseAction, _ priority: Int?, source: String? = nil) -> CaseEvent {
        var detail = CaseEventDetail()
        (detail.priority, detail.source) = (priority, source)
        return CaseEvent(
            version: version, at: now.adding(seconds: Double(version)), actor: "x", role: .system, action: action, from: .filed, to: .filed,
            note: "", detail: detail)
    }
    let steps: [(CaseEvent, priority: Int?, since: Int?)] = [
        (event(1, .report, 3), 3, nil), (event(2, .attach, 4), 3, nil), (event(3, .absorb, 1, source: "a"), 1, 3),
        (event(4, .attach, 2), 1, 3), (event(5, .release, nil, source: "a"), 2, 3), (event(6, .absorb, 2, source: "b"), 2, 3),
    ]
    var urgency = CaseUrgency()
    for (event, priority, since) in steps {
        urgency.follow(event)
        #expect(urgency.priority == priority && urgency.since == since.map { now.adding(seconds: Double($0)) }, "\(event.version)")
    }
    // A merge that was taken back made nothing urgent.
    let settled = CaseUrgency(CaseUrgency.settled(steps.map(\.0)))
    #expect(settled.priority == 2 && settled.since == now.adding(seconds: 4))
}
