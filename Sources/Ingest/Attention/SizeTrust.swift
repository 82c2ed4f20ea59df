// Whether one camera's coded sizes have anything to do with what its pictures show. Learned on looks that happen anyway.
// packets → **looks** → frames → detections

import Foundation

/// Trust 0 … 1: of the looks where coded sizes or pictures said that something began, the share where both did.
///
/// Only beginnings count. While someone stays in view every look would agree, and one visit would be worth ten observations; when
/// the view empties, sizes still tell of what the picture no longer shows.
/// Constant rates give changes without deviation, exposure and "smart" codecs deviations without change; both lower it.
struct SizeTrust: Sendable {
    private var agreed: Float = 0
    private var disagreed: Float = 0
    private var learnedSeconds = 0.0
    /// Wake-ups in a row that showed nothing: one long deviation must neither buy every key picture nor ruin the camera's name.
    private(set) var falseInRow: UInt8 = 0
    private var sawChange = false
    /// Something began that sizes did not show; the group after it decides.
    private var owesProof = false

    /// Trust now; the prior counts as one observation.
    func value(_ policy: AttentionScheduler.Policy) -> Double {
        (policy.trustPrior + Double(agreed)) / (1 + Double(agreed + disagreed))
    }

    /// Takes in one look: whether sizes deviated in the group before it, and whether its picture had changed.
    mutating func learn(deviated: Bool, changed: Bool, nowSeconds: Double, _ policy: AttentionScheduler.Policy) {
        defer { sawChange = changed }
        if owesProof {
            owesProof = false
            return deviated ? observe(agreed: 1, nowSeconds, policy) : observe(disagreed: 1, nowSeconds, policy)
        }
        if sawChange { return }
        switch (deviated, changed) {
        case (true, true):
            observe(agreed: 1, nowSeconds, policy)
            falseInRow = 0
        case (true, false):
            observe(disagreed: 1 / Float(1 + falseInRow), nowSeconds, policy)
            if falseInRow < 100 { falseInRow += 1 }
        // Whoever came in just before this key picture makes large pictures only after it.
        case (false, true): owesProof = true
        case (false, false): falseInRow /= 2
        }
    }

    private mutating func observe(
        agreed yes: Float = 0, disagreed no: Float = 0, _ nowSeconds: Double, _ policy: AttentionScheduler.Policy
    ) {
        let kept = Float(policy.trustMemory * exp2(-max(0, nowSeconds - learnedSeconds) / policy.trustHalfLifeSeconds))
        agreed = agreed * kept + yes
        disagreed = disagreed * kept + no
        learnedSeconds = nowSeconds
    }
}
