// Periods as the district counts them: days begin at midnight in Beijing, weeks on Monday, and what is not over ends now.

const beijing = 8 * 3_600_000;
const day = 86_400_000;

/** The periods that can be chosen; `custom` takes two dates. */
export const periods = ["today", "week", "lastWeek", "month", "lastMonth", "year", "custom"];

/**
 * Begin and end of a named period in milliseconds since 1970, the end not included.
 * @param {string} period @param {number} now
 */
export function spanOf(period, now) {
    const local = new Date(now + beijing);
    const [year, month, date] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
    const midnight = (y, m, d) => Date.UTC(y, m, d) - beijing;
    const monday = midnight(year, month, date - ((local.getUTCDay() + 6) % 7));
    // Until the end of today, so that a reload within the day asks the same.
    const tonight = midnight(year, month, date + 1);
    return {
        today: { from: midnight(year, month, date), to: tonight },
        week: { from: monday, to: tonight },
        lastWeek: { from: monday - 7 * day, to: monday },
        month: { from: midnight(year, month, 1), to: tonight },
        lastMonth: { from: midnight(year, month - 1, 1), to: midnight(year, month, 1) },
        year: { from: midnight(year, 0, 1), to: tonight },
    }[period];
}

/** The day in Beijing as a date field has it: `2026-11-25`. */
export const dateText = (milliseconds) => new Date(milliseconds + beijing).toISOString().slice(0, 10);

/** Midnight in Beijing at the beginning of a date field's day; NaN for none. */
export const momentOf = (date) => Date.parse(`${date}T00:00:00Z`) - beijing;
