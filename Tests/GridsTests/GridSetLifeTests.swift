// The life of a grid set against its table, and what keeps a set from being published.

import Domain
import Testing

@testable import Grids

/// The table, written down a second time.
private let listed: [(from: GridSetState, action: GridSetAction, roles: Set<Role>, to: GridSetState)] = [
    (.draft, .check, [.operator, .supervisor, .system], .checked), (.checked, .publish, [.supervisor, .system], .published),
    (.draft, .withdraw, [.operator, .supervisor], .retired), (.checked, .withdraw, [.operator, .supervisor], .retired),
    (.published, .retire, [.system], .retired),
]

private let now = WallTime(millisecondsSince1970: 1_795_000_000_000)

private func life(_ state: GridSetState, author: String = "drawer") -> GridSetLife {
    GridSetLife(state: state, author: author, validFrom: now)
}

private func findings(
    coverage: [String] = [], orphans: [GridCode] = [], basedOn: Int = 1, inForce: Int = 1
) -> GridSetFindings {
    GridSetFindings(coverage: coverage, orphans: orphans, basedOn: basedOn, inForce: inForce)
}

@Test func everyStateActionAndRoleOfAGridSetIsDecidedByTheTable() {
    for state in GridSetState.allCases {
        for action in GridSetAction.allCases {
            for role in Role.allCases {
                var set = life(state)
                let row = listed.first { $0.from == state && $0.action == action && $0.roles.contains(role) }
                let refusal = set.apply(action, role: role, actor: "other", findings: findings(), now: now)
                #expect((refusal == nil) == (row != nil), "\(state) \(action) \(role)")
                #expect(set.state == row?.to ?? state)
            }
        }
    }
}

@Test func fourEyesPublishAGridSet() {
    var set = life(.checked, author: "zhang")
    #expect(set.apply(.publish, role: .supervisor, actor: "zhang", findings: findings(), now: now) == .ownWork(author: "zhang"))
    #expect(set.state == .checked)
    #expect(set.apply(.publish, role: .supervisor, actor: "li", findings: findings(), now: now) == nil && set.state == .published)
    #expect("\(GridSetRefusal.ownWork(author: "zhang"))" == "zhang drew this grid set; somebody else must publish it")
}

@Test(arguments: [
    (
        findings(orphans: [code(3)]), "grid 511011001001003 has no active full-time gridworker"
    ),
    (
        findings(orphans: [code(3), code(4)]),
        "2 grids have no active full-time gridworker: 511011001001003, 511011001001004"
    ),
    (findings(coverage: ["a", "b", "c", "d"]), "the grids do not cover the district exactly once: a; b; c; and more"),
    (findings(basedOn: 1, inForce: 2), "it was drawn from grid set 1, but 2 is in force; draw it again from that one"),
])
func whatKeepsAGridSetFromItsWay(_ found: GridSetFindings, _ sentence: String) {
    for (state, action) in [(GridSetState.draft, GridSetAction.check), (.checked, .publish)] {
        var set = life(state)
        let refusal = set.apply(action, role: .supervisor, actor: "li", findings: found, now: now)
        #expect(refusal.map { "\($0)" } == sentence && set.state == state)
    }
}

@Test func aGridSetIsNotPublishedBeforeItsDateAndNotWithoutAReason() {
    var set = GridSetLife(state: .checked, author: "zhang", validFrom: now.adding(seconds: 1))
    #expect(
        set.apply(.publish, role: .supervisor, actor: "li", findings: findings(), now: now) == .tooEarly(validFrom: now.adding(seconds: 1)))
    #expect(set.apply(.publish, role: .supervisor, actor: "li", findings: findings(), now: now.adding(seconds: 1)) == nil)
    #expect(GridSetLife.complaint(aboutReason: " \n") == .reasonMissing && GridSetLife.complaint(aboutReason: "动态调整") == nil)
    #expect(GridSetLife.complaint(aboutReason: String(repeating: "长", count: 501)) == .reasonTooLong(limit: 500))
}
