// **incidents of priority 1 that nobody has taken in hand → the strip above everything**, whatever the list below is doing.

import { badge, stateChip } from "./badges.js";
import { ageText } from "./clock.js";
import { el, setText } from "./dom.js";
import { isOngoing, needsEyes } from "./feed.js";
import { t, word } from "./i18n.js";
import { cameraText, placeText } from "./places.js";

const shown = 3;

/** The strip; at most three lines and the number of the others. */
export class UrgentStrip {
    /** @param {HTMLElement} node @param {(id: string) => void} open */
    constructor(node, open) {
        this.node = node;
        this.open = open;
        this.drawn = "";
    }

    /** Draws the strip when it says something else than before. */
    show(items) {
        const urgent = items.filter((item) => item.priority === 1 && needsEyes(item));
        this.node.hidden = urgent.length === 0;
        const lines = urgent.slice(0, shown);
        const drawn = JSON.stringify([t("language.code"), urgent.length, lines.map((item) => [item.id, item.phase, item.case?.state])]);
        if (drawn !== this.drawn) {
            this.drawn = drawn;
            this.node.replaceChildren(...lines.map((item) => this.#line(item)));
            if (urgent.length > shown) this.node.append(el("p", { class: "strip-more" }, t("strip.more", { n: urgent.length - shown })));
        }
        for (const item of lines) {
            const age = this.node.querySelector(`[data-id="${CSS.escape(item.id)}"] .strip-age`);
            if (age) setText(age, ageText(item.first_seen));
        }
    }

    #line(item) {
        return el("button", { type: "button", class: "strip-line", "data-role": "strip-line", "data-id": item.id, onclick: () => this.open(item.id) },
            badge(1), el("strong", {}, word("category", item.category)), el("span", { class: "strip-place" }, [placeText(item), cameraText(item)].filter(Boolean).join(" · ")),
            el("span", { class: "muted" }, isOngoing(item) ? t("phase.ongoing") : word("phase", item.phase)),
            el("span", { class: "strip-age" }, ageText(item.first_seen)), stateChip(item.case?.state ?? "none"));
    }
}
