// A length of time as the catalogue and the ladder write it: by the clock on the wall, or counted in working time.
// catalogue.yaml → **spans** → clocks, escalation

package import Domain

/// A length of time, by the clock or by the working calendar.
package struct ClockSpan: Sendable, Hashable {
    package var milliseconds: Int64
    /// True when only working time counts.
    package var isWorkingTime: Bool

    package init(milliseconds: Int64, isWorkingTime: Bool = false) {
        self.milliseconds = milliseconds
        self.isWorkingTime = isWorkingTime
    }

    package init(minutes: Int64, isWorkingTime: Bool = false) {
        self.init(milliseconds: minutes * 60_000, isWorkingTime: isWorkingTime)
    }

    /// Reads `10m`, `8h`, `2wh` (working hours) or `5wd` (working days of eight hours); 1 minute to 366 days.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count > 0, count <= 527_040 else { return nil }
        switch text.dropFirst(digits.count) {
        case "m": self.init(minutes: count)
        case "h": self.init(minutes: count * 60)
        case "wh": self.init(minutes: count * 60, isWorkingTime: true)
        case "wd": self.init(minutes: count * WorkingCalendar.minutesPerDay, isWorkingTime: true)
        default: return nil
        }
        guard milliseconds <= 527_040 * 60_000 else { return nil }
    }

    /// The moment at which the span has passed since `start`.
    package func end(from start: WallTime, _ calendar: WorkingCalendar) -> WallTime {
        isWorkingTime
            ? calendar.time(after: milliseconds, from: start)
            : WallTime(millisecondsSince1970: start.millisecondsSince1970 + milliseconds)
    }

    /// Spans per priority where a category says nothing else: what waits for a life counts by the clock, the rest by working time.
    package static func standard(_ clock: CaseClock, _ priority: Int) -> ClockSpan? {
        let minute = { (count: Int64) in ClockSpan(minutes: count) }
        let hours = { (count: Int64) in ClockSpan(minutes: count * 60, isWorkingTime: true) }
        switch (clock, priority) {
        case (.file, 1), (.dispatch, 1): return minute(5)
        case (.file, 2), (.dispatch, 2): return minute(15)
        case (.file, 3), (.dispatch, 3): return hours(4)
        case (.file, _), (.dispatch, _): return hours(8)
        case (.acknowledge, 1): return minute(2)
        case (.acknowledge, 2): return minute(10)
        case (.acknowledge, 3): return hours(2)
        case (.acknowledge, _): return hours(8)
        case (.arrive, 1): return minute(20)
        case (.arrive, _): return nil
        case (.handle, 1): return minute(120)
        case (.handle, 2): return minute(480)
        case (.handle, 3): return hours(16)
        case (.handle, _): return hours(40)
        case (.inspect, 1), (.inspect, 2): return hours(8)
        case (.inspect, _): return hours(16)
        }
    }
}
