// **a page of tables, wired**: tabs over one pane, or a single part without tabs; each is loaded when it is looked at.

import * as api from "./api.js";
import { el, role } from "./dom.js";
import { greet, installHead, logInAgain } from "./frame.js";
import { languageSwitch, onLanguage, t, translate } from "./i18n.js";
import { problemText } from "./places.js";

/**
 * A part has `load()` and `render()`. For tests: data-role=pane carries data-part and data-state (`loading`, `shown`, `failed`); tabs are
 * data-role=part-tab.
 */
export class TabPage {
    problem = null;
    state = "loading";

    /**
     * @param {string} title The key of the page's name.
     * @param {(page: {changed: (error?: Error) => void, redraw: () => void}) => object} makeParts The parts by name, the first one shown first.
     * @param {(account: object, page: TabPage) => void} [welcome] Fits the parts to whoever is here.
     */
    constructor(title, makeParts, welcome = () => {}) {
        Object.assign(this, { title, welcome });
        this.parts = makeParts({ changed: (problem) => this.#after(problem), redraw: () => this.draw() });
        this.part = this.#named ?? Object.keys(this.parts)[0];
    }

    start() {
        translate();
        languageSwitch(role("language"));
        onLanguage(() => this.draw());
        installHead();
        for (const tab of this.#tabs) tab.addEventListener("click", () => {
            history.replaceState(null, "", `#${tab.dataset.part}`);
            this.show(tab.dataset.part);
        });
        // A link to another tab of the page that is open.
        addEventListener("hashchange", () => { if (this.#named) this.show(this.#named); });
        api.me().then((account) => {
            greet(account);
            this.welcome(account, this);
            this.show(this.part);
        }, (error) => this.#fail(error));
        this.draw();
    }

    /** The part that the address names. */
    get #named() {
        const hidden = this.#tabs.filter((tab) => tab.hidden).map((tab) => tab.dataset.part);
        return Object.keys(this.parts).find((name) => location.hash === `#${name}` && !hidden.includes(name));
    }

    get #tabs() { return [...document.querySelectorAll("[data-role=part-tab]")]; }

    /** Leaves one part only. */
    keepOnly(part) {
        for (const tab of this.#tabs) tab.hidden = tab.dataset.part !== part;
        this.part = part;
    }

    /** Turns to a part and loads what it shows. */
    async show(part) {
        this.part = part;
        this.state = "loading";
        this.draw();
        await this.#load(part);
    }

    async #load(part) {
        try {
            await this.parts[part].load();
            if (part !== this.part) return;
            this.state = "shown";
        } catch (error) {
            if (part !== this.part) return;
            return this.#fail(error);
        }
        this.draw();
    }

    #fail(error) {
        if (error.status === 401) return logInAgain();
        Object.assign(this, { problem: problemText(error), state: "failed" });
        this.draw();
    }

    /** Something was sent: the list is read again, or the session has ended. */
    #after(error) {
        if (error?.status === 401) return logInAgain();
        return this.#load(this.part);
    }

    draw() {
        document.title = `${t("brand")} ${t(this.title)}`;
        const pane = role("pane");
        const focused = pane.contains(document.activeElement) ? document.activeElement.dataset.role : null;
        for (const tab of this.#tabs) tab.setAttribute("aria-pressed", tab.dataset.part === this.part);
        Object.assign(pane.dataset, { state: this.state, part: this.part });
        const words = {
            loading: () => [0, 1, 2, 3].map(() => el("div", { class: "skeleton-line" })),
            shown: () => this.parts[this.part].render(),
            failed: () => [el("p", { class: "problem", role: "alert" }, this.problem), el("div", {}, el("button", { type: "button", onclick: () => this.show(this.part) }, t("retry")))],
        };
        pane.replaceChildren(...words[this.state]());
        if (focused) role(focused, pane)?.focus({ preventScroll: true });
    }
}
