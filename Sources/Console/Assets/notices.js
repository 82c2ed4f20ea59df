// **who was told, what is kept quiet, who is on leave**, wired: three tabs over one pane; each list is loaded when it is looked at.

import * as api from "./api.js";
import { badge } from "./badges.js";
import { timeText } from "./clock.js";
import { el, role } from "./dom.js";
import { greet, installHead, logInAgain } from "./frame.js";
import { languageSwitch, onLanguage, t, translate, word } from "./i18n.js";
import { Leave } from "./leave.js";
import { problemText } from "./places.js";
import { Silences } from "./silences.js";

/** The newest notices to the offices of the command centre. */
class Notices {
    items = [];

    async load() { this.items = (await api.notices({ limit: 100 })).items; }

    render() {
        if (this.items.length === 0) return [el("div", { class: "empty" }, el("p", { class: "empty-title" }, t("notice.none")), el("p", { class: "muted" }, t("notice.noneProof")))];
        return [el("ol", { class: "notice-list" }, ...this.items.map((one) => el("li", { "data-role": "notice", "data-kind": one.kind },
            badge(one.priority),
            el("strong", {}, [word("notice.kind", one.kind), word("level", one.level), one.count > 1 && t("notice.more", { n: one.count }), one.drill && t("flag.drill")].filter(Boolean).join(" · ")),
            el("time", { datetime: one.at }, timeText(one.at)),
            el("p", {}, one.text))))];
    }
}

/** The page. For tests: data-role=pane carries data-part and data-state (`loading`, `shown`, `failed`). */
class NoticePage {
    role = "";
    problem = null;
    state = "loading";

    constructor() {
        const page = { changed: (problem) => this.#after(problem), redraw: () => this.draw() };
        this.parts = { notices: new Notices(), silences: new Silences(page), leave: new Leave(page) };
        this.part = Object.keys(this.parts).find((name) => location.hash === `#${name}`) ?? "notices";
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
        api.me().then((account) => this.#welcome(account), (error) => this.#fail(error));
        this.draw();
    }

    get #tabs() { return [...document.querySelectorAll("[data-role=notices-tab]")]; }

    #welcome(account) {
        greet(account);
        // A town office keeps its roster; notices and silences are the district's.
        if (account.role === "townOffice") {
            for (const tab of this.#tabs) tab.hidden = tab.dataset.part !== "leave";
            this.part = "leave";
        }
        this.parts.silences.mayBeTotal = account.role === "supervisor";
        this.show(this.part);
    }

    /** Turns to a tab and loads what it shows. */
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
        document.title = `${t("brand")} ${t("notice.title")}`;
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

new NoticePage().start();
