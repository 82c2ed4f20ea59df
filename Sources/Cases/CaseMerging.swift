// Two cases that are one matter: the one goes into the other with all its incidents, and comes back when that was a mistake.
// duplicate candidates → **merge, un-merge** → case log, feed

import Base
package import Domain
import Storage

/// What decides whether a case can go into another.
package struct MergeSide: Sendable, Hashable {
    package var number: String
    package var state: CaseState
    package var category: String
    package var drill: Bool
    package var incidents: Int

    package init(number: String, state: CaseState, category: String, drill: Bool, incidents: Int) {
        self.number = number
        self.state = state
        self.category = category
        self.drill = drill
        self.incidents = incidents
    }

    /// Incidents that one merge may move: its line in the log names each of them.
    package static let movable = 1000

    /// Why this case does not go into `target`; nil when it does.
    package func obstacle(into target: MergeSide) -> String? {
        if number == target.number { return "a case is not merged into itself" }
        if target.state.isTerminal { return "case \(target.number) is \(target.state.rawValue): only an open case takes in another" }
        if category != target.category {
            return "case \(target.number) is of category \(target.category): only cases of one category are merged"
        }
        if drill != target.drill { return "a drill is not merged with what really happened" }
        if incidents > Self.movable {
            return "case \(number) holds more than \(Self.movable) incidents: merge case \(target.number) into it instead"
        }
        return nil
    }

    /// Why a case that went into this one cannot come back; nil when it can.
    package var obstacleToRelease: String? {
        guard state.isTerminal else { return nil }
        return "case \(number) is \(state.rawValue): what was merged into it stays with it"
    }
}

extension CaseTransaction {
    /// Merges a case into another open one, or takes that back. Nil when it is done.
    mutating func join(
        _ wish: CaseWish, on machine: inout CaseMachine, _ row: CaseRow, _ reading: CaseReading, by reader: Reader
    ) throws -> CaseRefusal? {
        let isMerge = wish.action == .merge
        var detail = CaseEventDetail()
        let into = isMerge ? wish.into : try row.row.textOrNil("merged_into").flatMap { CaseNumber($0) }
        let target = try into.flatMap { try reading.caseRow($0.text, for: reader) }
        detail.into = try target?.row.text("case_no")
        let ids =
            isMerge
            ? try incidents(of: row.id) : try CaseLog.events(of: row.id, in: sql).last { $0.event.action == .merge }?.event.detail.incidents
        if isMerge { detail.incidents = ids }
        let command = CaseCommand(
            wish.action, role: reader.role, actor: reader.id, expectedVersion: wish.expectedVersion, note: wish.note, detail: detail,
            at: now)
        // Asked before anything is written: the other case may refuse.
        var probe = machine
        if case .refused(let why) = probe.apply(command) { return why }
        guard let target else { return isMerge ? .targetMissing : .notMergeable("nobody knows any more into which case it was merged") }
        let (source, goal) = (try side(row, ids?.count ?? 0), try side(target, 0))
        if let why = isMerge ? source.obstacle(into: goal) : goal.obstacleToRelease { return .notMergeable(why) }
        var other = try target.machine(CaseLog.events(of: target.id, in: sql), registry)
        guard (other.settledVersion...other.version).contains(wish.intoVersion ?? other.version) else {
            return .staleTarget(target: goal.number, expected: wish.intoVersion ?? 0, actual: other.version)
        }
        // Restoring gives it back to whoever had it: the gate may say no by now.
        if case .refused(let why) = try perform(command, on: &machine, caseID: row.id, actorName: reader.name) { return why }
        var beside = CaseEventDetail()
        beside.source = source.number
        if isMerge { beside.priority = try machine.priority ?? Int(row.row.int("priority")) }
        try mustPerform(
            CaseCommand(
                isMerge ? .absorb : .release, role: reader.role, actor: reader.id, expectedVersion: other.version, note: wish.note,
                detail: beside, at: now), on: &other, caseID: target.id, actorName: reader.name)
        try move(ids ?? [], from: isMerge ? row : target, to: isMerge ? target : row)
        try sql.run(
            "UPDATE \"case\" SET merged_into = $2 WHERE case_id = $1", [.text(row.id), isMerge ? .text(goal.number) : .null])
        if isMerge { try inheritReceipts(of: target.id, other, to: ids ?? []) }
        try publishCase(target.id, number: goal.number, grid: target.row.textOrNil("grid_code"))
        return nil
    }

    private func incidents(of caseID: String) throws -> [String] {
        // One more than may be moved, so that too many are seen to be too many.
        try sql.rows(
            "SELECT incident_id FROM case_incident WHERE case_id = $1 ORDER BY incident_id LIMIT $2",
            [.text(caseID), SQLValue(MergeSide.movable + 1)]
        ).map { try $0.text("incident_id") }
    }

    private func side(_ row: CaseRow, _ incidents: Int) throws -> MergeSide {
        MergeSide(
            number: try row.row.text("case_no"), state: CaseState(rawValue: try row.row.text("state")) ?? .void,
            category: try row.row.text("category"), drill: try row.row.int("drill") != 0, incidents: incidents)
    }

    /// Those that are still where they went: evidence is where the work goes on.
    private func move(_ incidents: [String], from: CaseRow, to: CaseRow) throws {
        for id in incidents {
            try sql.run(
                "UPDATE case_incident SET case_id = $3 WHERE incident_id = $1 AND case_id = $2", [.text(id), .text(from.id), .text(to.id)])
        }
    }
}
