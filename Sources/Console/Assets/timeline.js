// The log of a case as people read it, the same on desk and phone.

import { timeText } from "./clock.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";
import { actorText, noteText } from "./places.js";

/** The log of a case, oldest first; incidents that joined one after the other are one line. */
export function timeline(events) {
    return el("ol", { class: "timeline", "data-role": "timeline", "aria-label": t("part.timeline") }, ...runs(events).map(({ first, last, count }) => {
        const note = noteText(first);
        const { reference } = first.detail ?? {};
        return el("li", { "data-action": first.action, "data-to": first.to },
            el("time", { datetime: first.at }, timeText(first.at)),
            el("div", {}, el("strong", {}, word("done", first.action)), el("span", { class: "muted" }, ` ${actorText(first)}`),
                count > 1 && el("p", { class: "timeline-note" }, t("case.attached", { n: count, time: timeText(last.at) })),
                reference && el("p", { class: "timeline-note" }, t("case.reference", { no: reference })), note && el("p", { class: "timeline-note" }, note)));
    }));
}

/** What a machine keeps adding, told once; everything else stands for itself. */
function runs(events) {
    const lines = [];
    for (const event of events) {
        const line = lines.at(-1);
        if (event.action === "attach" && line?.last.action === "attach") Object.assign(line, { last: event, count: line.count + 1 });
        else lines.push({ first: event, last: event, count: 1 });
    }
    return lines;
}
