// The section `pushes` of the configuration file.
// **configuration** → decisions → channels

package import Base
import Cases

/// What the configuration says about pushes; without a section, the console alone.
package struct PushSettings: Sendable {
    package var policy = PushPolicy()
    /// The channels file.
    package var channelsPath: String?
    /// Where readers reach the console, for links in notices.
    package var console: String?

    package init() {}

    /// Reads the section; findings go to the node.
    /// - Parameter resolved: Makes a path absolute.
    package static func read(_ node: StrictYAML, _ resolved: (String) -> String) -> PushSettings {
        var settings = PushSettings()
        settings.channelsPath = node.child("channels")?.string().map(resolved)
        if let child = node.child("console"), let text = child.string() {
            if PushAddress(text) == nil || text.hasSuffix("/") {
                child.report("console must be an http or https address without a '/' at its end")
            }
            settings.console = text
        }
        func seconds(_ key: String, _ range: ClosedRange<Duration>, _ path: WritableKeyPath<PushPolicy, Double>) {
            if let value = node.child(key)?.duration(in: range) { settings.policy[keyPath: path] = value.seconds }
        }
        seconds("group_wait", .zero ... .seconds(60), \.groupWait)
        seconds("group_wait_at_most", .seconds(1) ... .seconds(300), \.groupWaitAtMost)
        seconds("group_interval", .zero ... .seconds(3600), \.groupInterval)
        seconds("digest_every", .seconds(60) ... .seconds(86_400), \.digestEvery)
        if let value = node.child("group_from")?.int(in: 2...1000) { settings.policy.groupFrom = value }
        if let value = node.child("budget_per_hour")?.int(in: 1...1000) { settings.policy.budgetPerHour = value }
        if let value = node.child("flap_from")?.int(in: 2...1000) { settings.policy.flapFrom = value }
        if let child = node.child("duty_hours"), let text = child.string() {
            settings.policy.ladder.duty.minutes = hours(text)
            if settings.policy.ladder.duty.minutes == nil { child.report("duty_hours must be a span within one day such as 08:00-20:00") }
        }
        if let ladder = node.child("ladder") {
            for priority in 1...4 {
                if let child = ladder.child("p\(priority)") { waits(child, &settings.policy.ladder.waits[priority - 1]) }
            }
            ladder.finish()
        }
        node.finish()
        return settings
    }

    private static func waits(_ node: StrictYAML, _ waits: inout LadderPolicy.Waits) {
        if let steps = node.child("steps") {
            let found = steps.elements.compactMap(span)
            let isOneKind = Set(found.map(\.isWorkingTime)).count == 1
            if found.count == waits.steps.count, isOneKind, zip(found, found.dropFirst()).allSatisfy({ $0.milliseconds < $1.milliseconds })
            {
                waits.steps = found
            } else {
                steps.report(
                    "steps must be four rising times, all by the clock or all in working time: to substitute, village, township and district"
                )
            }
        }
        if let value = node.child("silent_after").flatMap(span) { waits.silentAfter = value }
        node.finish()
    }

    /// A time by the clock such as `90s` or `2h`, or in working time such as `2wh` or `1wd`; 1 second to 30 days.
    private static func span(_ node: StrictYAML) -> ClockSpan? {
        let range: ClosedRange<Duration> = .seconds(1) ... .seconds(30 * 86_400)
        if let text = node.string(), let span = ClockSpan(text), span.isWorkingTime, span.milliseconds <= 30 * 86_400_000 { return span }
        return node.duration(in: range).map { ClockSpan(milliseconds: Int64(($0.seconds * 1000).rounded())) }
    }

    /// `08:00-20:00` as minutes of the day.
    static func hours(_ text: String) -> Range<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).compactMap { end -> Int? in
            let parts = end.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]), let minute = Int(parts[1]),
                (0...24).contains(hour), (0..<60).contains(minute), hour < 24 || minute == 0
            else { return nil }
            return hour * 60 + minute
        }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }
}
