// Who that is, today: whoever is off duty receives nothing, and the step goes to the next one who is there.
// cases → escalation → silence → inhibit → **roster** → dedupe → flap → group → budget → channels

import Cases
import Domain

/// Finds the recipients of a step, or of the nearest step above it that has any. The district is always there.
struct RosterStage: Stage {
    let registry: Registry
    let duty: DutyHours

    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        for level in LadderLevel.allCases where level >= candidate.step.level {
            let found = try recipients(candidate, level, past, now: now)
            if found.isEmpty { continue }
            candidate.recipients = found
            return .pass
        }
        return .drop(.offDuty, "nobody is on duty")
    }

    private func recipients(_ candidate: Candidate, _ level: LadderLevel, _ past: any Recollection, now: WallTime) throws -> [Recipient] {
        let followed = candidate.followed
        switch level {
        case .worker:
            guard let id = followed.log.last?.assignee else { return [] }
            if let worker = registry.workers[id] { return try available([worker], followed, past, now: now) }
            // A department has no shift; what it has in place of one is its own business.
            return registry.objection(to: id, category: followed.category, now: now) == nil ? [.department(id)] : []
        case .substitute:
            let assignee = followed.log.last?.assignee
            // Nobody in the grid stands in for a department.
            if let assignee, registry.workers[assignee] == nil { return [] }
            let others = registry.workers.values.filter { $0.grid == followed.grid && $0.id != assignee }
            return try available(others.sorted { $0.id < $1.id }, followed, past, now: now)
        case .village: return followed.grid.map { [.office($0.village.digits)] } ?? []
        case .township: return followed.grid.map { [.office($0.village.township)] } ?? []
        case .district: return [.office(registry.districtCode)]
        }
    }

    private func available(_ workers: [Gridworker], _ followed: FollowedCase, _ past: any Recollection, now: WallTime) throws
        -> [Recipient]
    {
        guard duty.contains(now) else { return [] }
        // R5, R6, by the gate that every assignment passes: what no gridworker may have reaches none, whoever it is assigned to.
        let admitted = workers.filter { registry.objection(to: $0.id, category: followed.category, now: now) == nil }
        return try admitted.filter { try !past.isAbsent($0.id) }.map { .worker($0.id) }
    }
}
