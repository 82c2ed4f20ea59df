// One camera's suppressions: from what the detector did not believe to a record with a picture of the moment.
// frames → detections; **suppressions** ══▶ their own file

import Base
import Detectors
import Domain
import Media
import Pipelines

/// Belongs to one camera's lane; on one worker at a time.
struct LaneSuppressions: Sendable {
    private var camera: Camera
    /// What a movement that the detector does not believe would have been; nil where no rule asks for movement alone.
    private var motionRule: Rule?
    private let recorder: SuppressionRecorder
    private let time: any TimeSource
    private var generator = SystemRandomNumberGenerator()
    private var lastPictureSeconds = -Double.infinity
    /// Taken when something was first followed: once it is given up, it is no longer in the picture.
    private var candidate: (jpeg: [UInt8], atSeconds: Double)?

    init(camera: Camera, plan: CameraPlan, recorder: SuppressionRecorder, time: any TimeSource) {
        self.camera = camera
        motionRule = plan.program.motionRule?.rule
        self.recorder = recorder
        self.time = time
    }

    /// The camera's row or its rules have changed.
    mutating func follow(_ camera: Camera, _ plan: CameraPlan) {
        self.camera = camera
        motionRule = plan.program.motionRule?.rule
    }

    /// The camera stands elsewhere: other zones, other rules, and nothing that was followed there.
    mutating func move(_ camera: Camera, _ plan: CameraPlan) {
        follow(camera, plan)
        candidate = nil
    }

    /// Records what one look did not believe, and keeps a picture of what is still being followed.
    ///
    /// A few milliseconds when a picture is due, which is seldom; else nothing.
    mutating func note(_ examination: Examination, in frame: borrowing Frame) {
        let now = time.now.seconds
        if examination.hasCandidate, candidate == nil { candidate = picture(frame).map { ($0, now) } }
        if let taken = candidate, now - taken.atSeconds > PictureAllowance.cameraSeconds { candidate = nil }
        for suppression in examination.suppressions {
            let jpeg: [UInt8]?
            if suppression.reason.isOfTrack {
                // The present picture would show a place where nothing is.
                jpeg = candidate?.jpeg
                candidate = nil
            } else {
                jpeg = picture(frame)
            }
            let seen = RuleSuppression(
                rule: motionRule?.name ?? "", zone: zone(of: suppression.box), category: motionRule?.emit.category ?? "motion",
                priority: motionRule?.emit.priority ?? .four, reason: suppression.reason, facts: [suppression.note],
                box: suppression.box, atSeconds: suppression.atSeconds)
            record(seen, jpeg)
        }
        // What was followed is either told with a picture of its own or given up above.
        if !examination.hasCandidate { candidate = nil }
    }

    /// Records what a rule had and did not tell. Rules are asked between looks as well, so there is no picture of the moment.
    mutating func note(_ suppression: RuleSuppression) { record(suppression, nil) }

    /// Hands over one decision not to tell. Never blocks.
    private mutating func record(_ seen: RuleSuppression, _ jpeg: [UInt8]?) {
        let at = time.wall(ofSeconds: seen.atSeconds)
        let record = SuppressionRecord(
            id: SuppressionID(at: at, using: &generator), camera: camera.id, zone: seen.zone, rule: seen.rule, category: seen.category,
            priority: seen.priority, reason: seen.reason, facts: seen.facts, box: seen.box, at: at)
        recorder.offer(SuppressedEvidence(record: record, jpeg: jpeg))
    }

    /// The first zone that holds the middle of the evidence; empty when none does.
    private func zone(of box: RelativeBox?) -> String {
        guard let box else { return "" }
        return camera.areas.zones.first { $0.contains(x: box.x + box.width / 2, y: box.y + box.height / 2) }?.name ?? ""
    }

    /// A small picture when this camera and all together have one left; nil also when it cannot be coded.
    private mutating func picture(_ frame: borrowing Frame) -> [UInt8]? {
        let now = time.now
        guard now.seconds - lastPictureSeconds >= PictureAllowance.cameraSeconds, recorder.takePicture(now: now) else { return nil }
        lastPictureSeconds = now.seconds
        // A record without a picture still explains.
        return try? frame.jpeg(maxWidth: 640, quality: 70, masking: camera.areas.privacyMasks)
    }
}

extension SuppressionReason {
    /// True for evidence that was followed for a while and is gone when it is given up.
    fileprivate var isOfTrack: Bool { self == .unconfirmed || self == .flutter || self == .lowScore }
}
