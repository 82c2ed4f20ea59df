// A camera that opens a case every few minutes gets one word for all of them.
// cases → escalation → silence → inhibit → roster → dedupe → **flap** → group → budget → channels

import Cases
import Domain

/// From the n-th case of one camera and category within an hour on: one notice that says so, then digests until it has calmed down.
struct FlapStage: Stage {
    let policy: PushPolicy

    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        guard !candidate.goesAlone, candidate.step.kind == .task || candidate.step.kind == .unassigned else { return .pass }
        let (runs, flapping) = try past.raised(
            candidate.trouble, besides: candidate.followed.number, since: now.adding(seconds: -3600))
        guard runs + 1 >= policy.flapFrom else { return .pass }
        if flapping == 0 {
            candidate.step.kind = .flapping
            return .pass
        }
        let key = "flap|\(candidate.trouble)|\(candidate.recipients[0].id)"
        return .hold(.flapping, key: key, until: try past.held(key)?.until ?? now.adding(seconds: policy.digestEvery))
    }
}
