// Things in words: where something is, who did something, what a note means.

import { knows, t, word } from "./i18n.js";
import { reasonText } from "./reasons.js";

/** Township · village · grid; says plainly when no grid contains the place. */
export function placeText(item) {
    return [item.township, item.village, item.grid?.name ?? t("place.unbound")].filter(Boolean).join(" · ");
}

/** Who wrote a line of a case's log. */
export function actorText(event) {
    if (event.role === "system") return t("role.system");
    const name = event.actor_name || event.actor;
    const office = word("role", event.role);
    return name && name !== office ? `${name} (${office})` : office;
}

/** A note as people read it: reasons chosen from a list travel as words of the API, and the dispatcher writes short English facts. */
export function noteText(event) {
    return event.action === "return" && knows(`return.${event.note}`) ? t(`return.${event.note}`) : reasonText(event.note ?? "");
}

/** A failed request in one clear sentence. */
export function problemText(error) {
    if (error.kind === "network") return t("error.network");
    if (knows(`error.${error.status}`)) return t(`error.${error.status}`);
    return error.status >= 500 ? t("error.server", { status: error.status }) : t("error.refused", { status: error.status });
}
