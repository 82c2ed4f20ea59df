// A camera that is covered or lost reports nothing one could send somebody for.
// cases → escalation → silence → **inhibit** → roster → dedupe → flap → group → budget → channels

import Cases
import Domain

/// Holds cases of a camera while that camera has a fault of its own; the fault is what somebody is told.
///
/// Only the same camera counts: a case without a camera is never inhibited. Faults do not inhibit each other's repair.
struct InhibitStage: Stage {
    /// What makes a camera's content doubtful.
    static let faults = ["camera.lost", "camera.tampered", "maintenance.camera"]

    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer {
        guard !candidate.isUrgent, !Self.faults.contains(candidate.followed.category), candidate.followed.cameras.count == 1,
            let fault = try past.fault(of: candidate.followed.cameras[0])
        else { return .pass }
        return .later(.inhibited, until: now.adding(seconds: 60), fault)
    }
}
