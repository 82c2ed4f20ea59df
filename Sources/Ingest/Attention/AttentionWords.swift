// The closed vocabulary of the attention scheduler: why a key picture is looked at, and why not. Metric labels and log text.
// camera → packets → **looks** → frames → detections → incidents

/// Why a key picture is decoded.
package enum LookReason: Int, Sendable, CaseIterable {
    /// Waiting for the next key picture would break the camera's floor.
    case floor
    /// What recent looks saw is worth another one.
    case attention
    /// Predicted pictures became larger than usual, on a camera where that has meant something.
    case wakeUp
    /// The camera has a full-rate place.
    case promoted
    /// Nothing has been seen of this camera since it was added or since its stream began.
    case first
    /// A viewer, a live tag or a priority tag asks for it.
    case requested
    /// Nothing asks for it and nobody else needs the budget.
    case spare
}

/// Why a key picture is not decoded.
package enum RefusalReason: Int, Sendable, CaseIterable {
    /// The floor is kept without it and nothing asks for more: the normal case.
    case quiet
    /// Something asks for it, but the camera has just been looked at.
    case paced
    /// The camera's last look is still with the workers.
    case inFlight
    /// Its attention is below the price of a look.
    case price
    /// The floors of all cameras cost more than the budget.
    case overload
    /// The workers are behind.
    case backlog
}

/// What becomes of a key picture whose bytes are about to come.
package enum KeyDecision: Sendable, Equatable {
    case look(LookReason)
    case skip
}
