// Hours and days on the district's clock: midnight, weekends, public holidays and the weekends worked for them.

import Base
import Domain
import Pipelines
import Testing

/// 2026-10-01 (a Thursday) begins the national holiday; Saturday 2026-10-10 is worked for it.
private let calendarText = "holidays: [2026-10-01..2026-10-07]\nworking_days: [2026-10-10]\n"

/// A Beijing time as wall time.
private func wall(_ date: String, _ time: String) throws -> WallTime {
    try #require(WallTime("\(date)T\(time):00.000Z")).adding(seconds: -8 * 3600)
}

@Test func theCalendarKnowsHolidaysAndWorkedWeekends() throws {
    let (calendar, diagnostics) = WorkingCalendar.read(yaml: calendarText, file: "calendar.yaml")
    #expect(diagnostics.isEmpty)
    let read = try #require(calendar)
    for (date, works) in [
        ("2026-09-30", true), ("2026-10-01", false), ("2026-10-07", false), ("2026-10-08", true), ("2026-10-10", true),
        ("2026-10-11", false),
    ] { #expect(read.isWorkingDay(try #require(LocalMinute.day(date))) == works, "\(date)") }
}

@Test(arguments: [
    ("holidays: [2026-02-30]\n", "is no date"), ("holidays: [2026-10-07..2026-10-01]\n", "is no date"),
    ("holidays: [2026-01-01..2026-12-31]\n", "at most 60 days"), ("hollidays: []\n", "unknown key"), ("holidays: soon\n", "must be a list"),
])
func aWrongCalendarIsNamedWithItsLine(yaml: String, message: String) {
    let (calendar, diagnostics) = WorkingCalendar.read(yaml: yaml, file: "calendar.yaml")
    #expect(calendar == nil)
    #expect(diagnostics.first?.line == 1 && diagnostics.first?.message.contains(message) == true, "\(diagnostics)")
}

@Test(arguments: [
    // Days, from, to; a date and time of day in Beijing; inside?
    (Schedule(), "2026-10-03", "03:00", true),
    (Schedule(fromMinute: 420, toMinute: 510), "2026-09-28", "07:00", true),
    (Schedule(fromMinute: 420, toMinute: 510), "2026-09-28", "08:30", false),
    (Schedule(days: .working, fromMinute: 420, toMinute: 510), "2026-10-01", "07:30", false),
    (Schedule(days: .working, fromMinute: 420, toMinute: 510), "2026-10-10", "07:30", true),
    (Schedule(days: .free), "2026-10-01", "00:00", true),
    (Schedule(days: .free), "2026-10-10", "12:00", false),
    // Friday night belongs to Friday, also on Saturday morning; Sunday night is no working night, also on Monday morning.
    (Schedule(days: .working, fromMinute: 1320, toMinute: 360), "2026-09-25", "23:00", true),
    (Schedule(days: .working, fromMinute: 1320, toMinute: 360), "2026-09-26", "05:59", true),
    (Schedule(days: .working, fromMinute: 1320, toMinute: 360), "2026-09-26", "06:00", false),
    (Schedule(days: .working, fromMinute: 1320, toMinute: 360), "2026-09-28", "05:00", false),
    (Schedule(days: .weekdays([0])), "2026-09-28", "23:59", true),
    (Schedule(days: .weekdays([0])), "2026-09-29", "00:00", false),
    (Schedule(fromMinute: 0, toMinute: 1440), "2026-09-29", "23:59", true),
])
func aScheduleKnowsItsMinutes(schedule: Schedule, date: String, time: String, isInside: Bool) throws {
    let calendar = try #require(WorkingCalendar.read(yaml: calendarText, file: "c").0)
    #expect(schedule.contains(LocalMinute(try wall(date, time)), calendar) == isInside)
}
