// When gridworkers are on duty: hours of the working days.
// cases → **escalation** → stages → channels

package import Domain

/// The hours of a working day in which gridworkers are told things; the default is always.
package struct DutyHours: Sendable, Hashable {
    package var calendar: WorkingCalendar
    /// The minutes of the day; nil means day and night, every day.
    package var minutes: Range<Int>?

    package init(calendar: WorkingCalendar = WorkingCalendar(), minutes: Range<Int>? = nil) {
        self.calendar = calendar
        self.minutes = minutes
    }

    /// True while a shift runs.
    package func contains(_ time: WallTime) -> Bool { next(from: time) == time }

    /// `time` itself when it is on duty, or the beginning of the next shift. A calendar without a working day within a year counts as
    /// always on duty: a mistake in a file must not swallow a notice.
    package func next(from time: WallTime) -> WallTime {
        guard let minutes else { return time }
        let local = LocalMinute(time)
        if calendar.isWorkingDay(local.day) {
            if minutes.contains(local.minuteOfDay) { return time }
            if local.minuteOfDay < minutes.lowerBound { return start(of: local.day, minutes) }
        }
        for day in local.day + 1...local.day + 366 where calendar.isWorkingDay(day) { return start(of: day, minutes) }
        return time
    }

    private func start(of day: Int, _ minutes: Range<Int>) -> WallTime {
        // Days are counted in Beijing, eight hours ahead.
        WallTime(millisecondsSince1970: (Int64(day) * 1440 + Int64(minutes.lowerBound) - 480) * 60_000)
    }
}
