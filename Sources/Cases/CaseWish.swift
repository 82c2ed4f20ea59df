// What a person asks for on a case, and what it does to the case's row beside its log.
// pages → **wish** → case machine → log, feed

import Base
package import Domain
import Storage

/// One request of `POST /api/cases/{no}/actions`.
package struct CaseWish: Sendable, Hashable {
    package var action: CaseAction
    package var expectedVersion: Int
    package var note: String
    /// Whom to give it to, or to whom to propose it.
    package var assignee: WorkerID?
    /// The end of a suspension, or a new due time.
    package var until: WallTime?
    package var result: CaseResult?
    /// The case to merge into.
    package var into: CaseNumber?

    package init(_ action: CaseAction, expectedVersion: Int, note: String = "") {
        self.action = action
        self.expectedVersion = expectedVersion
        self.note = note
    }
}

extension CaseTransaction {
    /// Runs the wish through the machine and does what its step means. Nil when it is done.
    mutating func carryOut(
        _ wish: CaseWish, on machine: inout CaseMachine, _ row: CaseRow, _ reading: CaseReading, by reader: Reader
    ) throws -> CaseRefusal? {
        var detail = CaseEventDetail()
        detail.until = wish.until?.millisecondsSince1970
        if wish.action == .submitResult { detail.result = wish.result ?? .seen }
        var target: CaseRow?
        if wish.action == .merge {
            target = try wish.into.flatMap { try mergeTarget($0, of: row, reading, for: reader) }
            detail.into = try target?.row.text("case_no")
        }
        let command = CaseCommand(
            wish.action, role: reader.role, actor: reader.id, expectedVersion: wish.expectedVersion, note: wish.note,
            assignee: wish.assignee, detail: detail, at: now)
        if case .refused(let why) = try perform(command, on: &machine, caseID: row.id, actorName: reader.name) {
            return try why.naming(CaseLog.events(of: row.id, in: sql).last)
        }
        switch wish.action {
        case .file:
            let grid = try row.row.textOrNil("grid_code").flatMap { GridCode($0) }
            if let step = try dispatch(by: route(category: row.row.text("category"), grid: grid), machine),
                case .refused(let why) = try perform(step, on: &machine, caseID: row.id, actorName: "system")
            {
                throw Failure(.internal, "the dispatcher refused its own step: \(why)", context: [("case", row.id)])
            }
        case .dispatch, .reassign, .handOver: try moveHandling(row, to: machine.assignee)
        case .merge: if let target { try moveIncidents(from: row, to: target) }
        default: break
        }
        return nil
    }

    /// An open case of the same category: another category would bring a matter where the gate never let it.
    private func mergeTarget(_ number: CaseNumber, of row: CaseRow, _ reading: CaseReading, for reader: Reader) throws -> CaseRow? {
        guard let target = try reading.caseRow(number.text, for: reader), target.id != row.id else { return nil }
        let isOpen = CaseState(rawValue: try target.row.text("state"))?.isTerminal == false
        return try isOpen && target.row.text("category") == row.row.text("category") ? target : nil
    }

    /// The handling grid is that of whoever has it; the home grid stays.
    private func moveHandling(_ row: CaseRow, to assignee: WorkerID?) throws {
        let home = try row.row.textOrNil("grid_code")
        let grid = assignee.flatMap { registry.workers[$0]?.grid.digits } ?? home
        try sql.run("UPDATE \"case\" SET handling_grid = $2 WHERE case_id = $1", [.text(row.id), SQLValue(grid)])
    }

    /// Evidence goes where the work goes on.
    private mutating func moveIncidents(from row: CaseRow, to target: CaseRow) throws {
        try sql.run("UPDATE case_incident SET case_id = $2 WHERE case_id = $1", [.text(row.id), .text(target.id)])
        try publishCase(target.id, number: target.row.text("case_no"), grid: target.row.textOrNil("grid_code"))
    }
}

extension CaseRefusal {
    /// People know each other by name; the log keeps the account beside it.
    fileprivate func naming(_ line: LoggedEvent?) -> CaseRefusal {
        guard case .staleVersion(let expected, let actual, var latest) = self, let line else { return self }
        latest?.actor = line.actorName
        return .staleVersion(expected: expected, actual: actual, latest: latest)
    }
}
