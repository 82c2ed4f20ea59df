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
    /// The task of joint handling.
    package var task: Int?
    /// The number under which an outside system took it over.
    package var reference: String?
    /// The version of the other case that the reader saw; nil when the reader does not mind.
    package var intoVersion: Int?

    /// Longest reference in characters: twice what case systems print.
    package static let referenceLimit = 64

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
        if wish.action == .merge || wish.action == .unmerge {
            return try join(wish, on: &machine, row, reading, by: reader).map { try $0.naming(CaseLog.events(of: row.id, in: sql)) }
        }
        var detail = CaseEventDetail()
        detail.until = wish.until?.millisecondsSince1970
        if [.acknowledgeTask, .completeTask, .withdrawTask].contains(wish.action) { detail.task = wish.task }
        if [.acknowledge, .acknowledgeTask].contains(wish.action) { detail.reference = wish.reference }
        if wish.action == .submitResult { detail.result = wish.result ?? .seen }
        let command = CaseCommand(
            wish.action, role: reader.role, actor: reader.id, expectedVersion: wish.expectedVersion, note: wish.note,
            assignee: wish.assignee, detail: detail, at: now)
        if case .refused(let why) = try perform(command, on: &machine, caseID: row.id, actorName: reader.name) {
            return try why.naming(CaseLog.events(of: row.id, in: sql))
        }
        switch wish.action {
        case .file:
            let grid = try row.row.textOrNil("grid_code").flatMap { GridCode($0) }
            if let step = try dispatch(by: route(category: row.row.text("category"), grid: grid), machine) {
                try mustPerform(step, on: &machine, caseID: row.id, actorName: "system")
            }
        case .dispatch, .reassign, .handOver: try moveHandling(row, to: machine.assignee)
        default: break
        }
        return nil
    }

    /// The handling grid is that of whoever has it; the home grid stays.
    private func moveHandling(_ row: CaseRow, to assignee: WorkerID?) throws {
        let home = try row.row.textOrNil("grid_code")
        let grid = assignee.flatMap { registry.workers[$0]?.grid.digits } ?? home
        try sql.run("UPDATE \"case\" SET handling_grid = $2 WHERE case_id = $1", [.text(row.id), SQLValue(grid)])
    }
}

extension CaseRefusal {
    /// People know each other by name; the log keeps the account beside it.
    fileprivate func naming(_ log: [LoggedEvent]) -> CaseRefusal {
        guard case .staleVersion(let expected, let actual, var latest) = self,
            let line = log.last(where: { !$0.event.action.isObservation })
        else { return self }
        latest?.actor = line.actorName
        return .staleVersion(expected: expected, actual: actual, latest: latest)
    }
}
