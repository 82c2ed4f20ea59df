// When a rule is meant to speak: kinds of days and times of day, on the district's clock.
// tags, detections, **calendar** → rules → incidents

package import Domain

/// A time of day on certain days; a time that passes midnight belongs to the day on which it began.
package struct Schedule: Hashable, Sendable, CustomStringConvertible {
    /// Which days.
    package enum Days: Hashable, Sendable {
        case all
        /// Days on which offices and schools are open, by the district's calendar.
        case working
        /// All other days.
        case free
        /// 0 is Monday.
        case weekdays(Set<Int>)
    }

    package var days: Days
    /// Minutes of the day: from the first to before the second; the whole day when both are equal.
    package var fromMinute: Int
    package var toMinute: Int

    package init(days: Days = .all, fromMinute: Int = 0, toMinute: Int = 0) {
        self.days = days
        self.fromMinute = fromMinute
        self.toMinute = toMinute
    }

    /// True when the minute lies in the schedule.
    package func contains(_ minute: LocalMinute, _ calendar: WorkingCalendar) -> Bool {
        let time = minute.minuteOfDay
        if fromMinute == toMinute { return includes(minute.day, calendar) }
        if fromMinute < toMinute { return time >= fromMinute && time < toMinute && includes(minute.day, calendar) }
        if time >= fromMinute { return includes(minute.day, calendar) }
        return time < toMinute && includes(minute.day - 1, calendar)
    }

    private func includes(_ day: Int, _ calendar: WorkingCalendar) -> Bool {
        switch days {
        case .all: true
        case .working: calendar.isWorkingDay(day)
        case .free: !calendar.isWorkingDay(day)
        case .weekdays(let weekdays): weekdays.contains(LocalMinute.weekday(of: day))
        }
    }

    /// The words of weekdays in a pipeline, Monday first.
    package static let weekdayWords = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// For people: `working days 07:00–18:30`.
    package var description: String {
        let which =
            switch days {
            case .all: "every day"
            case .working: "working days"
            case .free: "free days"
            case .weekdays(let weekdays): weekdays.sorted().map { Self.weekdayWords[$0] }.joined(separator: ", ")
            }
        return fromMinute == toMinute ? which : "\(which) \(Self.clock(fromMinute))–\(Self.clock(toMinute))"
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }
}
