// What applies to one camera: which rules, how it is looked at, and with which numbers. Decided once, not per look.
// pipelines × camera → **plan** → rules → incidents

package import Detectors
package import Domain

/// Everything that pipelines decide about one camera. Equal plans need no restart.
package struct CameraPlan: Hashable, Sendable {
    /// The names of the pipelines that apply, sorted.
    package var pipelines: [String]
    package var program: RuleProgram
    /// One detector serves all rules: see `PipelineSet.motion(of:)` for whose numbers it has.
    package var motion: MotionSettings
    /// The shortest that any of them asks for; nil leaves it to the camera's priority.
    package var floorSeconds: Double?
    /// Whether any of them lets a candidate ask for every picture.
    package var mayPromote: Bool
    package var calendar: WorkingCalendar

    /// - Parameter pipelines: Those that apply, in the order of their names.
    package init(_ pipelines: [Pipeline], tags: [String], zones: [String], calendar: WorkingCalendar = WorkingCalendar()) {
        self.pipelines = pipelines.map(\.name)
        program = RuleProgram(pipelines, tags: tags, zones: zones)
        motion = PipelineSet.motion(of: pipelines)?.motion ?? .standard
        floorSeconds = pipelines.compactMap(\.floorSeconds).min()
        mayPromote = pipelines.contains(where: \.mayPromote)
        self.calendar = calendar
    }

    /// True when one of its rules makes incidents of this key, at the position at which a camera stands before it has spoken of any.
    package func makes(_ key: IncidentKey) -> Bool { key.preset.isEmpty && program.rules.contains { $0.key == LedgerKey(key) } }

    /// One pipeline on a camera without tags, zones or calendar.
    package init(_ pipeline: Pipeline) { self.init([pipeline], tags: [], zones: []) }
}
