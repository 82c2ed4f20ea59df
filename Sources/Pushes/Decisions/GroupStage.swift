// Thunder over a township is one notice, not four hundred.
// cases → escalation → silence → inhibit → roster → dedupe → flap → **group** → budget → channels

import Domain

/// Lets the cases of a township gather for a moment; whoever flushes the group makes one notice of many and leaves few as they are.
struct GroupStage: Stage {
    let policy: PushPolicy

    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        guard !candidate.goesAlone, policy.groupWait > 0 else { return .pass }
        let office = candidate.township
        let key = "group|\(office.id)"
        if let last = try past.lastGroup(office), now < last.adding(seconds: policy.groupInterval) {
            return .hold(.grouped, key: key, until: last.adding(seconds: policy.groupInterval))
        }
        let latest = (try past.held(key)?.first ?? now).adding(seconds: policy.groupWaitAtMost)
        return .hold(.grouped, key: key, until: min(now.adding(seconds: policy.groupWait), latest))
    }
}
