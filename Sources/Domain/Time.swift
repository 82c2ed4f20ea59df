// Labels of time. Durations and deadlines use `ContinuousClock`; these values are for people and for the log.

/// Wall-clock time in milliseconds since 1970 UTC: a label, never the base of a deadline.
///
/// Lies in the years 0 to 9999, which have a text of one form; what files and messages claim beyond is the nearest of them.
package struct WallTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let millisecondsSince1970: Int64

    private static let years: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    package init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = min(max(millisecondsSince1970, Self.years.lowerBound), Self.years.upperBound)
    }

    /// Seconds from `other` to here; negative when here is earlier.
    package func seconds(since other: WallTime) -> Double {
        Double(millisecondsSince1970 - other.millisecondsSince1970) / 1000
    }

    /// This time moved by `seconds`, rounded to milliseconds; not moved by what is no number.
    package func adding(seconds: Double) -> WallTime {
        let milliseconds = (seconds * 1000).rounded()
        guard !milliseconds.isNaN else { return self }
        // Longer than all years there are, and small enough to be added.
        let most = 1e15
        return WallTime(millisecondsSince1970: millisecondsSince1970 + Int64(min(max(milliseconds, -most), most)))
    }

    /// The calendar date and time of day at `offsetHours` east of Greenwich (proleptic Gregorian).
    package func civil(offsetHours: Int) -> (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int) {
        let local = millisecondsSince1970 + Int64(offsetHours) * 3_600_000
        let days = local >= 0 ? local / 86_400_000 : (local - 86_399_999) / 86_400_000
        let inDay = Int(local - days * 86_400_000)
        // Days to civil date after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"; era of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        let year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        return (year, month, day, inDay / 3_600_000, inDay / 60_000 % 60, inDay / 1000 % 60, inDay % 1000)
    }

    /// The Beijing date `yyyymmdd`; Asia/Shanghai has kept UTC+8 without daylight saving since 1991.
    package var beijingDate: String {
        let date = civil(offsetHours: 8)
        return padded(date.year, 4) + padded(date.month, 2) + padded(date.day, 2)
    }

    /// ISO 8601 in UTC with milliseconds, e.g. `2026-11-23T02:24:57.628Z`.
    package var description: String {
        let date = civil(offsetHours: 0)
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T" + padded(date.hour, 2) + ":"
            + padded(date.minute, 2) + ":" + padded(date.second, 2) + "." + padded(date.millisecond, 3) + "Z"
    }

    /// Parses exactly what `description` prints; nil for anything else.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] == 0x54, bytes[13] == 0x3A, bytes[16] == 0x3A,
            bytes[19] == 0x2E, bytes[23] == 0x5A
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30 && byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), let millisecond = number(20..<23),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        // Civil date to days, the inverse of the above.
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        millisecondsSince1970 = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millisecond
    }

    package static func < (a: Self, b: Self) -> Bool { a.millisecondsSince1970 < b.millisecondsSince1970 }
}

private func padded(_ value: Int, _ digits: Int) -> String {
    let text = String(value)
    return text.count >= digits ? text : String(repeating: "0", count: digits - text.count) + text
}
