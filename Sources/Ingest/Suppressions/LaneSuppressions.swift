// One camera's suppressions: from what the detector did not believe to a record with a picture of the moment.
// frames → detections; **suppressions** ══▶ their own file

import Base
import Detectors
import Domain
import Media

/// Belongs to one camera's lane; on one worker at a time.
struct LaneSuppressions: Sendable {
    /// What the incident would have been.
    struct WouldBe: Sendable {
        var rule = ""
        /// Nil where no rule names one: then the place in the picture decides.
        var zone: String?
        var category: String
        var priority: Priority
    }

    private let camera: Camera
    private let recorder: SuppressionRecorder
    private let time: any TimeSource
    private var generator = SystemRandomNumberGenerator()
    private var lastPictureSeconds = -Double.infinity
    /// Taken when something was first followed: once it is given up, it is no longer in the picture.
    private var candidate: (jpeg: [UInt8], atSeconds: Double)?

    init(camera: Camera, recorder: SuppressionRecorder, time: any TimeSource) {
        self.camera = camera
        self.recorder = recorder
        self.time = time
    }

    /// Records what one look did not believe, and keeps a picture of what is still being followed.
    ///
    /// A few milliseconds when a picture is due, which is seldom; else nothing.
    mutating func note(_ examination: Examination, as wouldBe: WouldBe, in frame: borrowing Frame) {
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
            record(suppression.reason, [suppression.note], suppression.box, wouldBe, atSeconds: suppression.atSeconds, jpeg)
        }
        // What was followed is either told with a picture of its own or given up above.
        if !examination.hasCandidate { candidate = nil }
    }

    /// Hands over one decision not to tell. Never blocks.
    private mutating func record(
        _ reason: SuppressionReason, _ facts: [String], _ box: RelativeBox?, _ wouldBe: WouldBe, atSeconds: Double, _ jpeg: [UInt8]?
    ) {
        let at = time.wallNow.adding(seconds: atSeconds - time.now.seconds)
        let record = SuppressionRecord(
            id: SuppressionID(at: at, using: &generator), camera: camera.id, zone: wouldBe.zone ?? zone(of: box), rule: wouldBe.rule,
            category: wouldBe.category, priority: wouldBe.priority, reason: reason, facts: facts, box: box, at: at)
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
        return try? frame.jpeg(maxWidth: 640, quality: 70)  // A record without a picture still explains.
    }
}

extension SuppressionReason {
    /// True for evidence that was followed for a while and is gone when it is given up.
    fileprivate var isOfTrack: Bool { self == .unconfirmed || self == .flutter || self == .lowScore }
}
