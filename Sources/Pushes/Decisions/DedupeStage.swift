// One run of a case tells each person once.
// cases → escalation → silence → inhibit → roster → **dedupe** → flap → group → budget → channels

import Cases
import Domain

/// Drops what the recipient was told already: as the substitute of somebody on leave, or before a restart.
struct DedupeStage: Stage {
    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        let recipient = candidate.recipients[0]
        guard try past.isTold(recipient, of: candidate.followed.number, run: candidate.step.run) else { return .pass }
        return .drop(.duplicate, "\(recipient.id) was told in this run")
    }
}
