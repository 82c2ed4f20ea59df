// The log of a case as people read it, the same on desk and phone.

import { timeText } from "./clock.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";
import { actorText, noteText } from "./places.js";

/** The log of a case, oldest first. */
export function timeline(events) {
    return el("ol", { class: "timeline", "data-role": "timeline", "aria-label": t("part.timeline") }, ...events.map((event) => {
        const note = noteText(event);
        return el("li", { "data-action": event.action, "data-to": event.to },
            el("time", { datetime: event.at }, timeText(event.at)),
            el("div", {}, el("strong", {}, word("done", event.action)), el("span", { class: "muted" }, ` ${actorText(event)}`), note && el("p", { class: "timeline-note" }, note)));
    }));
}
