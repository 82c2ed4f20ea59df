// Things in words: where something is, who did something, what a note means.

import { knows, t, word } from "./i18n.js";
import { reasonText } from "./reasons.js";

/** True for what is wrong with Snowlight itself: it is at no place, whichever camera it was noticed by. */
export const isOurOwn = (item) => item.category?.startsWith("service.") ?? false;

/** The camera's name; nothing for what is at no place. */
export const cameraText = (item) => (isOurOwn(item) ? "" : item.camera.name);

/** Township · village · grid; says plainly when no grid contains the place. */
export function placeText(item) {
    if (isOurOwn(item)) return t("place.own");
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
    // Which incident it was stands in the case's own list; a number of 36 digits tells nobody anything.
    if (event.role === "system" && /^incident [\da-f-]{36}$/.test(event.note ?? "")) return "";
    return event.action === "return" && knows(`return.${event.note}`) ? t(`return.${event.note}`) : reasonText(event.note ?? "");
}

/** A failed request in one clear sentence. */
export function problemText(error) {
    if (error.kind === "network") return t("error.network");
    if (knows(`error.${error.status}`)) return t(`error.${error.status}`);
    return error.status >= 500 ? t("error.server", { status: error.status }) : t("error.refused", { status: error.status });
}
