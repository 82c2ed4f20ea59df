// Where a new incident belongs when its place and kind had a case before: to that case, to a new one that recurs, or to a new one.
// incidents → **belonging** → cases

package import Domain
import Storage

/// An earlier case of the same place and kind.
package struct FormerCase: Sendable, Hashable {
    package var state: CaseState
    /// When an inspector closed it; nil for one that was never closed.
    package var closedAt: WallTime?

    package init(state: CaseState, closedAt: WallTime? = nil) {
        self.state = state
        self.closedAt = closedAt
    }
}

/// What becomes of a new incident.
package enum Belonging: Sendable, Hashable {
    /// It joins the open case at this index: one place, one kind, one case, one ladder.
    case attach(Int)
    /// It begins a case that names the closed one at this index as the one that came back.
    case recurrence(Int)
    /// It begins a case of its own.
    case separate

    /// A matter that comes back within so many days of its closing is the same matter again; the evidence of both can still be compared,
    /// because it is kept at least as long. Machines never reopen: that is for people, within `CaseMachine.reopenDays`.
    package static let recurrenceDays = 30

    /// - Parameter former: The newest first; merged ones replaced by those they were merged into.
    package init(after former: [FormerCase], now: WallTime) {
        // What was declined or voided was no matter, so that nothing comes back.
        if let open = former.firstIndex(where: { !$0.state.isTerminal }) {
            self = .attach(open)
        } else if let last = former.firstIndex(where: { $0.closedAt.map { now.days(since: $0) <= Self.recurrenceDays } ?? false }) {
            self = .recurrence(last)
        } else {
            self = .separate
        }
    }
}

extension WallTime {
    /// Whole days since `other`, the begun one counted.
    fileprivate func days(since other: WallTime) -> Int { Int((seconds(since: other) / 86_400).rounded(.up)) }
}

extension CaseTransaction {
    /// A decision with the row it speaks of.
    enum Predecessor {
        case attach(CaseRow)
        case recurrence(of: String)
        case none

        /// The case that takes the incident in.
        var open: CaseRow? { if case .attach(let row) = self { row } else { nil } }
        /// The number of the case that came back.
        var recurrence: String? { if case .recurrence(let number) = self { number } else { nil } }
    }

    /// Earlier cases that are looked at, and merges that are followed; more of either is a mistake of people and not worth a search.
    private static let formerCases = 8

    /// What an incident finds when it comes.
    func predecessor(of incident: FiledIncident) throws -> Predecessor {
        guard let key = incident.key else { return .none }
        let found = try sql.rows(
            """
            SELECT c.* FROM "case" c WHERE c.incident_key = $1 AND c.drill = $2 ORDER BY c.opened_ms DESC, c.case_id DESC LIMIT $3
            """, [.text(key), incident.drill ? 1 : 0, SQLValue(Self.formerCases)])
        guard !found.isEmpty else { return .none }
        let rows = try found.map { try followMerges(CaseRow($0)) }
        let former = try rows.map { row in
            let state = CaseState(rawValue: try row.row.text("state")) ?? .void
            return FormerCase(state: state, closedAt: state == .closed || state == .archived ? try closing(of: row) : nil)
        }
        switch Belonging(after: former, now: now) {
        case .attach(let index): return .attach(rows[index])
        case .recurrence(let index): return .recurrence(of: try rows[index].row.text("case_no"))
        case .separate: return .none
        }
    }

    /// The case that holds the incidents of a merged one.
    private func followMerges(_ row: CaseRow) throws -> CaseRow {
        var row = row
        for _ in 0..<Self.formerCases {
            guard try row.row.text("state") == CaseState.merged.rawValue, let into = try row.row.textOrNil("merged_into"),
                let next = try sql.row("SELECT c.* FROM \"case\" c WHERE c.case_no = $1", [.text(into)])
            else { break }
            row = try CaseRow(next)
        }
        return row
    }

    private func closing(of row: CaseRow) throws -> WallTime? {
        let event = try sql.row(
            "SELECT at_ms FROM case_event WHERE case_id = $1 AND action = $2 ORDER BY version DESC LIMIT 1",
            [.text(row.id), .text(CaseAction.pass.rawValue)])
        return try event.map { WallTime(millisecondsSince1970: try $0.int("at_ms")) }
    }

    /// Puts one more incident into an open case, with a line in its log. False when the incident has a case already.
    mutating func attach(_ incident: FiledIncident, to row: CaseRow, role: Role, actor: String, actorName: String) throws -> Bool {
        let claimed = try sql.run(
            "INSERT INTO case_incident (incident_id, case_id) VALUES ($1, $2) ON CONFLICT (incident_id) DO NOTHING",
            [.text(incident.id), .text(row.id)])
        guard claimed == 1 else { return false }
        var machine = try row.machine(CaseLog.events(of: row.id, in: sql), registry)
        let (before, urgency) = (machine.priority, priority(of: incident).rawValue)
        var detail = CaseEventDetail()
        detail.incident = incident.id
        detail.priority = urgency
        let rise = before.flatMap { urgency < $0 ? "; priority \($0) → \(urgency)" : nil } ?? ""
        try mustPerform(
            CaseCommand(
                .attach, role: role, actor: actor, expectedVersion: machine.version, note: "incident \(incident.id)\(rise)", detail: detail,
                at: now),
            on: &machine, caseID: row.id, actorName: actorName)
        try noteFiling(of: incident.id)
        try inheritReceipts(of: row.id, machine, to: [incident.id])
        let grid = try row.row.textOrNil("grid_code")
        try publish(.case, row.row.text("case_no"), grid: grid)
        try publish(.incident, incident.id, grid: grid)
        return true
    }

    /// Nobody is told of a case anew because an incident joined it: who was told of the case was told of the incident, and who acknowledged
    /// the case has acknowledged it.
    func inheritReceipts(of caseID: String, _ machine: CaseMachine, to incidents: [String]) throws {
        let told = try sql.row(
            """
            SELECT 1 AS told FROM case_incident ci JOIN incident i ON i.incident_id = ci.incident_id
            WHERE ci.case_id = $1 AND i.pushed_ms IS NOT NULL LIMIT 1
            """, [.text(caseID)])
        var receipts: [String] = told == nil ? [] : ["pushed_ms"]
        if let state = machine.state, [.acknowledged, .handling, .handled, .inspecting].contains(state) {
            receipts.append("acknowledged_ms")
        }
        for receipt in receipts {
            for id in incidents {
                try sql.run(
                    "UPDATE incident SET \(receipt) = $2 WHERE incident_id = $1 AND \(receipt) IS NULL",
                    [.text(id), .integer(now.millisecondsSince1970)])
            }
        }
    }
}
