// A pipeline as data: which cameras it is for, how they are looked at, and the rules that make incidents there.
// detections and tags → **rules → incidents**

package import Detectors
import Domain

/// One detection pipeline, read from a YAML file.
package struct Pipeline: Sendable, Hashable {
    package var name: String
    package var applies = Applicability.everywhere
    /// Distance of looks on media time when pictures are not examined at full rate.
    package var lookEverySeconds = 2.0
    /// The longest a camera may go without a look; nil leaves it to the camera's priority.
    package var floorSeconds: Double?
    /// Whether an unconfirmed candidate may ask for every picture.
    package var mayPromote = true
    /// Nil when the file has no `motion` section.
    package var motion: MotionSettings?
    package var ledger = LedgerSettings.standard
    package var rules: [Rule]

    package init(name: String, rules: [Rule]) {
        self.name = name
        self.rules = rules
    }

    /// What runs where no file is named; equal to `pipelines/motion.yaml`, which a test holds.
    package static let standard: Pipeline = {
        var pipeline = Pipeline(
            name: "motion",
            rules: [Rule(name: "motion", when: .detection(DetectionMatch(.motion)), emit: Emission(category: "motion", priority: .four))])
        pipeline.motion = .standard
        return pipeline
    }()
}
