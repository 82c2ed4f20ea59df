// The alert budget is the main constraint: what is too much for one person becomes a digest, never nothing.
// cases → escalation → silence → inhibit → roster → dedupe → flap → group → **budget** → channels

import Domain

/// Over the hourly budget of its recipient a notice waits for the next digest.
struct BudgetStage: Stage {
    let policy: PushPolicy

    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        let recipient = candidate.recipients[0]
        let key = "digest|\(recipient.id)"
        guard !candidate.goesAlone else { return .pass }
        // While a digest gathers, everything joins it: nothing newer overtakes what waits.
        if let held = try past.held(key) { return .hold(.budget, key: key, until: held.until) }
        guard try past.sent(to: recipient, since: now.adding(seconds: -3600)) >= policy.budgetPerHour else { return .pass }
        return .hold(.budget, key: key, until: now.adding(seconds: policy.digestEvery))
    }
}
