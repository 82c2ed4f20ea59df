// Times as people here read them: Asia/Shanghai, by the server's clock, because desks and phones run wrong.

import { t } from "./i18n.js";

const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Shanghai", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
let aheadMilliseconds = 0;

/** Learns from a heartbeat how far this computer's clock is off. */
export function setServerNow(iso) {
    const server = Date.parse(iso);
    if (Number.isFinite(server)) aheadMilliseconds = server - Date.now();
}

/** The server's time now, in milliseconds since 1970. */
export const serverNow = () => Date.now() + aheadMilliseconds;

function fields(milliseconds) {
    return Object.fromEntries(parts.formatToParts(milliseconds).map((part) => [part.type, part.value]));
}

/** `14:03:22`, with the day in front when it is not today; `–` for nothing. */
export function timeText(time, { seconds = true } = {}) {
    const milliseconds = typeof time === "number" ? time : Date.parse(time ?? "");
    if (!Number.isFinite(milliseconds)) return "–";
    const at = fields(milliseconds);
    const today = fields(serverNow());
    const clock = seconds ? `${at.hour}:${at.minute}:${at.second}` : `${at.hour}:${at.minute}`;
    if (at.day === today.day && at.month === today.month && at.year === today.year) return clock;
    return (at.year === today.year ? "" : `${at.year}-`) + `${at.month}-${at.day} ${clock}`;
}

/** A length of time in words with at most two units. */
export function spanText(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    if (seconds < 120) return t("span.seconds", { n: seconds });
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return t("span.minutes", { n: minutes });
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return t("span.hours", { h: hours, m: minutes % 60 });
    return t("span.days", { d: Math.floor(hours / 24), h: hours % 24 });
}

/** How long ago something was. */
export const ageText = (iso) => spanText(serverNow() - Date.parse(iso));

/** From one time to a later one: `+0.2 s`, `+3 min`. */
export function deltaText(from, to) {
    const milliseconds = Math.max(0, Date.parse(to) - Date.parse(from));
    if (milliseconds < 60_000) return `+${(milliseconds / 1000).toFixed(milliseconds < 9_950 ? 1 : 0)} s`;
    return `+${spanText(milliseconds)}`;
}
