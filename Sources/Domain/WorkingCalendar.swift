// Which days the district works: weekends, public holidays, and the weekends that are worked for them (调休).

/// The working days of a district, in the time of its people: Asia/Shanghai, UTC+8 without daylight saving since 1991.
package struct WorkingCalendar: Hashable, Sendable {
    /// Days that are free although they fall on Monday to Friday, by `LocalMinute.day`.
    package var holidays: Set<Int>
    /// Days that are worked although they fall on a weekend, by `LocalMinute.day`; these outrank `holidays`.
    package var workingDays: Set<Int>

    /// Without a list, Monday to Friday are worked.
    package init(holidays: Set<Int> = [], workingDays: Set<Int> = []) {
        self.holidays = holidays
        self.workingDays = workingDays
    }

    /// True when offices and schools are open on this day.
    package func isWorkingDay(_ day: Int) -> Bool {
        workingDays.contains(day) || (LocalMinute.weekday(of: day) < 5 && !holidays.contains(day))
    }
}

/// A minute as a clock on the district's wall shows it.
package struct LocalMinute: Hashable, Sendable {
    /// Days since 1 January 1970.
    package var day: Int
    /// 0 ..< 1440.
    package var minuteOfDay: Int

    package init(day: Int, minuteOfDay: Int) {
        self.day = day
        self.minuteOfDay = minuteOfDay
    }

    /// The minute that runs at `wall`.
    package init(_ wall: WallTime) {
        let minutes = Int((Double(wall.millisecondsSince1970 + 8 * 3_600_000) / 60_000).rounded(.down))
        day = Int((Double(minutes) / 1440).rounded(.down))
        minuteOfDay = minutes - day * 1440
    }

    /// 0 is Monday, 6 is Sunday; 1 January 1970 was a Thursday.
    package static func weekday(of day: Int) -> Int { ((day + 3) % 7 + 7) % 7 }

    /// The number of a date such as `2026-10-01`; nil for anything that is no day of the calendar.
    package static func day(_ date: String) -> Int? {
        guard let midnight = WallTime(date + "T00:00:00.000Z"), midnight.description.hasPrefix(date) else { return nil }
        return Int(midnight.millisecondsSince1970 / 86_400_000)
    }
}
