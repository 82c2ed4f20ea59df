// What a screen reader is told without being asked: seldom and short; at once only for priority 1 and a lost connection.

import { role, setText } from "./dom.js";
import { t, word } from "./i18n.js";
import { placeText } from "./places.js";

const quietMilliseconds = 5_000;

/** Collects news for the `status` line and writes it at most every five seconds. */
export class Herald {
    waiting = [];
    spokenAt = -Infinity;

    /** New incidents. */
    tell(items) {
        const urgent = items.find((item) => item.priority === 1);
        if (urgent) setText(role("alert"), `${t("priority.1")} ${word("category", urgent.category)} ${placeText(urgent)}`);
        this.waiting.push(...items.map((item) => item.priority));
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#speak(), Math.max(0, this.spokenAt + quietMilliseconds - performance.now()));
    }

    /** The stream changed its state; the banner speaks for a loss by itself. */
    moved(status) {
        if (status.state === "live") setText(role("status"), t("link.live"));
    }

    #speak() {
        this.spokenAt = performance.now();
        setText(role("status"), t("herald.new", { n: this.waiting.length, p: t(`priority.${Math.min(...this.waiting)}`) }));
        this.waiting = [];
    }
}
