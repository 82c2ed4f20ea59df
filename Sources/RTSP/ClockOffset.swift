// How far a camera's clock is from ours: a label for people, never the base of a decision.
// camera ─RTSP─▶ **packets** ─▶ looks

package import Domain

/// Estimates the camera's wall clock minus ours from its sender reports.
///
/// A report arrives late and never early, so the least late of the last few tells the offset best. When the camera's clock is set,
/// the reports before are forgotten as soon as two in a row disagree with them.
package struct ClockOffset: Sendable {
    /// Reports that count; at one each 5 s that is a minute and a half, in which no clock drifts noticeably.
    package static let window = 16
    /// Later than this is no delay of a local network but a clock that was set.
    package static let stepMilliseconds: Int64 = 2000

    private var samples = InlineArray<16, Int64>(repeating: 0)
    private var count = 0
    private var next = 0
    private var doubted: Int64?

    /// Camera minus us; nil while the camera has not told a time.
    package private(set) var milliseconds: Int64?

    package init() {}

    /// Counts a report that arrived when our clock stood at `arrivalWall`; a camera without a clock changes nothing.
    package mutating func record(_ report: SenderReport, arrivalWall: WallTime) {
        guard let wall = report.wall else { return }
        let sample = wall.millisecondsSince1970 &- arrivalWall.millisecondsSince1970
        if let known = milliseconds, !Self.agree(sample, known) {
            guard let doubted, Self.agree(sample, doubted) else {
                doubted = sample
                return
            }
            count = 0
            next = 0
            add(doubted)
        }
        doubted = nil
        add(sample)
    }

    private mutating func add(_ sample: Int64) {
        samples[next] = sample
        next = (next + 1) % Self.window
        count = min(count + 1, Self.window)
        var best = samples[0]
        for index in 1..<max(count, 1) { best = max(best, samples[index]) }
        milliseconds = best
    }

    private static func agree(_ a: Int64, _ b: Int64) -> Bool { abs(a &- b) <= stepMilliseconds }
}
