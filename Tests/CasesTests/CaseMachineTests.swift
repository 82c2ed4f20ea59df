// The case machine against its table: every listed step works, every other (state, action, role) is refused and changes nothing.

import Base
import Cases
import Domain
import Testing

/// The rows of the domain study that this release needs, written down a second time: state, action, roles, next state.
private let listed: [(from: CaseState?, action: CaseAction, roles: Set<Role>, to: CaseState)] = [
    (nil, .report, [.system, .gridworker, .dutyOfficer], .reported),
    (.reported, .decline, [.dutyOfficer], .declined),
    (.reported, .file, [.dutyOfficer, .system], .filed),
    (.filed, .dispatch, [.dispatcher, .system], .dispatched),
    (.dispatched, .acknowledge, [.gridworker, .department], .acknowledged),
    (.dispatched, .returnTask, [.gridworker, .department], .filed),
    (.acknowledged, .returnTask, [.gridworker, .department], .filed),
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
]

private let me = WorkerID("w1")!  // A valid id.
private let now = WallTime(millisecondsSince1970: 1_795_000_000_000)

private func machine(_ state: CaseState?, version: Int = 3, assignee: WorkerID? = me) -> CaseMachine {
    CaseMachine(state: state, version: version, assignee: assignee, latest: nil)
}

private func command(_ action: CaseAction, _ role: Role, version: Int = 3, actor: String = "w1", note: String = "done") -> CaseCommand {
    CaseCommand(action, role: role, actor: actor, expectedVersion: version, note: note, assignee: me, at: now)
}

@Test func everyStateActionAndRoleIsDecidedByTheTable() {
    let states: [CaseState?] = [nil] + CaseState.allCases
    var accepted = 0
    for state in states {
        for action in CaseAction.allCases {
            for role in Role.allCases {
                var machine = machine(state)
                let before = machine
                let row = listed.first { $0.from == state && $0.action == action && $0.roles.contains(role) }
                switch machine.apply(command(action, role)) {
                case .advanced(let event):
                    accepted += 1
                    #expect(row != nil, "\(String(describing: state)) \(action) \(role) must be refused")
                    #expect(machine.state == row?.to && machine.version == 4 && event.version == 4)
                    #expect(event.from == state && event.to == row?.to && event.role == role && event.at == now)
                case .refused(let why):
                    #expect(row == nil, "\(String(describing: state)) \(action) \(role): \(why)")
                    #expect(machine == before)
                    // The reason tells which half does not fit.
                    let roleFitsSomewhere = listed.contains { $0.action == action && $0.roles.contains(role) }
                    #expect(why == (roleFitsSomewhere ? .notPossible(action, from: state) : .roleMayNot(role, action)))
                }
                let offered = before.actions(role: role, actor: "w1").contains(action)
                #expect(offered == (row != nil))
            }
        }
    }
    #expect(accepted == listed.reduce(0) { $0 + $1.roles.count })
}

@Test func onlyTheAssigneeWorksOnACase() {
    for row in listed where row.roles.contains(.gridworker) && row.action != .report {
        var machine = machine(row.from)
        #expect(machine.apply(command(row.action, .gridworker, actor: "w2")) == .refused(.notTheAssignee))
        #expect(machine.actions(role: .gridworker, actor: "w2").isEmpty)
    }
}

@Test func returningSubmittingAndDecliningNeedWords() {
    for (action, state, role) in [
        (CaseAction.returnTask, CaseState.dispatched, Role.gridworker), (.submitResult, .handling, .gridworker),
        (.decline, .reported, .dutyOfficer),
    ] {
        for empty in ["", " \n\t", "\u{3000}"] {
            var machine = machine(state)
            #expect(machine.apply(command(action, role, note: empty)) == .refused(.noteMissing(action)))
        }
        var machine = machine(state)
        #expect(machine.apply(command(action, role, note: String(repeating: "长", count: 2001))) == .refused(.noteTooLong(limit: 2000)))
        guard case .advanced = machine.apply(command(action, role, note: String(repeating: "长", count: 2000))) else {
            Issue.record("a note of 2,000 characters fits")
            continue
        }
    }
}

@Test func aLateActorIsToldWhoWasFaster() {
    let latest = CaseEvent(
        version: 4, at: now, actor: "网格员1", role: .gridworker, action: .acknowledge, from: .dispatched, to: .acknowledged, note: "")
    var machine = CaseMachine(state: .acknowledged, version: 4, assignee: me, latest: latest)
    guard case .refused(let why) = machine.apply(command(.acknowledge, .gridworker, version: 3)) else {
        Issue.record("a stale version must be refused")
        return
    }
    #expect(why == .staleVersion(expected: 3, actual: 4, latest: latest))
    #expect(why.field == "expected_version")
    #expect(
        why.description
            == "changed meanwhile: 网格员1 did acknowledge (dispatched → acknowledged) at \(now); now version 4, you saw 3")
    // A version from the future is as wrong as one from the past.
    #expect(machine.apply(command(.handle, .gridworker, version: 5)) == .refused(.staleVersion(expected: 5, actual: 4, latest: latest)))
}

@Test func dispatchNamesAnAssigneeAndReturningForgetsHim() {
    var nobody = machine(.filed, assignee: nil)
    let empty = CaseCommand(.dispatch, role: .system, actor: "system", expectedVersion: 3, at: now)
    #expect(nobody.apply(empty) == .refused(.assigneeMissing))
    var returned = machine(.dispatched)
    _ = returned.apply(command(.returnTask, .gridworker))
    #expect(returned.state == .filed && returned.assignee == nil)
}

/// Random commands never leave the table, never skip a version, and always leave exactly one owner for a dispatched case.
@Test(arguments: [11, 12, 13] as [UInt64]) func randomWalksStayInsideTheTable(seed: UInt64) throws {
    print("seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
        var machine = CaseMachine()
        for _ in 0..<40 {
            let before = machine
            let action = try #require(CaseAction.allCases.randomElement(using: &generator))
            let role = try #require(Role.allCases.randomElement(using: &generator))
            let stale = Int.random(in: 0..<4, using: &generator) == 0 ? 1 : 0
            switch machine.apply(command(action, role, version: machine.version - stale)) {
            case .refused: #expect(machine == before)
            case .advanced(let event):
                #expect(machine.version == before.version + 1 && machine.latest == event && stale == 0)
                #expect(
                    listed.contains { $0.from == before.state && $0.to == machine.state && $0.action == action && $0.roles.contains(role) })
                if [.dispatched, .acknowledged, .handling].contains(machine.state) { #expect(machine.assignee == me) }
            }
        }
    }
}
