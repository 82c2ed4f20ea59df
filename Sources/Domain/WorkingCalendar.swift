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

    /// Minutes of the day that offices work, from 9 to 17 o'clock: a working day has eight hours.
    package static let officeMinutes = 9 * 60..<17 * 60
    /// What a working day counts.
    package static let minutesPerDay = Int64(officeMinutes.count)
    /// Longest stretch that is searched for working time; a calendar without working days then ends the search.
    private static let daysSearched = 4000

    /// The moment at which `milliseconds` of working time have passed since `start`.
    package func time(after milliseconds: Int64, from start: WallTime) -> WallTime {
        var left = max(milliseconds, 0)
        let first = LocalMinute(start).day
        for day in first..<first + Self.daysSearched {
            guard let open = office(day, since: start) else { continue }
            if left <= open.upperBound - open.lowerBound { return WallTime(millisecondsSince1970: open.lowerBound + left) }
            left -= open.upperBound - open.lowerBound
        }
        return WallTime(millisecondsSince1970: start.millisecondsSince1970 + left)
    }

    /// The working time between two moments in milliseconds; 0 when `end` is not later.
    package func worked(from start: WallTime, to end: WallTime) -> Int64 {
        guard start < end else { return 0 }
        let first = LocalMinute(start).day
        let last = min(LocalMinute(end).day, first + Self.daysSearched)
        return (first...last).reduce(0) { sum, day in
            guard let open = office(day, since: start) else { return sum }
            return sum + max(0, min(open.upperBound, end.millisecondsSince1970) - open.lowerBound)
        }
    }

    /// What of a day's office time lies at or after `start`, in milliseconds since 1970; nil when nothing does.
    private func office(_ day: Int, since start: WallTime) -> ClosedRange<Int64>? {
        guard isWorkingDay(day) else { return nil }
        let midnight = Int64(day) * 86_400_000 - 8 * 3_600_000
        let opens = midnight + Int64(Self.officeMinutes.lowerBound) * 60_000
        let closes = midnight + Int64(Self.officeMinutes.upperBound) * 60_000
        guard closes > start.millisecondsSince1970 else { return nil }
        return max(opens, start.millisecondsSince1970)...closes
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
