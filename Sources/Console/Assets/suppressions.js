// **what was not told**, wired: filters → list → drawer; "this was an event" → incident. Nothing here moves by itself: it is a record.

import * as api from "./api.js";
import { serverNow, timeText } from "./clock.js";
import { el, role, setText } from "./dom.js";
import { DoubtDrawer } from "./doubtdrawer.js";
import { greet, installHead, logInAgain, stepRows } from "./frame.js";
import { languageSwitch, onLanguage, t, translate, word } from "./i18n.js";
import { problemText } from "./places.js";
import { reasonText } from "./reasons.js";

const spans = { hour: 3_600_000, day: 86_400_000, all: Infinity };

/** The page. For tests: data-role=pane carries data-state (`loading`, `shown`, `empty`, `failed`); each row data-id, data-reason, data-restored. */
class DoubtPage {
    items = [];
    cameras = [];
    reasons = [];
    next = null;
    kept = null;
    problem = null;
    state = "loading";
    asked = 0;

    constructor() {
        this.drawer = new DoubtDrawer(role("drawer"), { close: () => this.close(), restored: (item) => this.#replace(item), ended: () => logInAgain() });
        const wanted = new URLSearchParams(location.search);
        this.filter = { camera: wanted.get("camera") ?? "", reason: wanted.get("reason") ?? "", span: wanted.get("span") in spans ? wanted.get("span") : "day" };
    }

    start() {
        translate();
        languageSwitch(role("language"));
        onLanguage(() => this.redraw());
        installHead();
        role("filters").addEventListener("submit", (event) => { event.preventDefault(); this.#choose(); });
        for (const name of ["camera", "reason", "span"]) role(`filter-${name}`).addEventListener("change", () => this.#choose());
        role("more").addEventListener("click", () => this.more());
        role("list").addEventListener("keydown", (event) => stepRows(event, "[data-role=suppression]"));
        document.addEventListener("keydown", (event) => { if (event.code === "Escape" && !event.isComposing && !role("drawer").hidden) this.close(); });
        this.redraw();
        this.load();
        api.me().then((account) => this.#welcome(account), () => {});
        api.cameras().then((answer) => { this.cameras = answer.items; this.#drawFilters(); }, () => {});
        const id = /^#([\w-]{36})$/.exec(location.hash)?.[1];
        if (id) api.suppression(id).then((item) => this.open(item), () => {});
    }

    #welcome(account) {
        greet(account);
        this.drawer.mayRestore = account.role === "dutyOfficer";
        this.drawer.render();
    }

    // MARK: what is asked

    /** Loads the first page of what the filters say. */
    async load() {
        this.items = [];
        this.next = null;
        this.#enter("loading");
        await this.#ask();
    }

    /** Loads what is older. */
    async more() {
        role("more").disabled = true;
        await this.#ask(this.next);
        role("more").disabled = false;
    }

    /** One page; an answer that a newer question has overtaken is dropped. */
    async #ask(after = undefined) {
        this.asked += 1;
        const asked = this.asked;
        const { camera, reason, span } = this.filter;
        const from = spans[span] === Infinity ? "" : new Date(serverNow() - spans[span]).toISOString();
        try {
            const answer = await api.suppressions({ camera, reason, from, after: after ?? "", limit: 50 });
            if (asked !== this.asked) return;
            this.items.push(...answer.items);
            this.next = answer.next;
            this.kept = answer.kept;
            if (this.reasons.length === 0) { this.reasons = answer.reasons; this.#drawFilters(); }
            this.#enter(this.items.length > 0 ? "shown" : "empty");
        } catch (error) {
            if (asked !== this.asked) return;
            if (error.status === 401) return logInAgain();
            this.problem = problemText(error);
            this.#enter("failed");
        }
    }

    #choose() {
        const typed = role("filter-camera").value.trim();
        const found = this.cameras.find((one) => one.id === typed || one.name === typed || cameraLabel(one) === typed);
        // Names repeat: the field says which camera it became.
        if (found) role("filter-camera").value = cameraLabel(found);
        this.filter = { camera: found?.id ?? typed, reason: role("filter-reason").value, span: role("filter-span").value };
        const words = new URLSearchParams(Object.entries(this.filter).filter(([name, value]) => value !== "" && !(name === "span" && value === "day")));
        history.replaceState(null, "", words.size > 0 ? `?${words}` : location.pathname);
        this.close();
        this.load();
    }

    // MARK: what a person does

    open(item) {
        document.querySelector(".work-area").dataset.drawer = "open";
        this.drawer.open(item);
        this.#mark();
    }

    close() {
        const id = this.drawer.item?.id;
        if (!id) return;
        document.querySelector(".work-area").dataset.drawer = "closed";
        this.drawer.close();
        this.#mark();
        this.#row(id)?.focus({ preventScroll: true });
    }

    #replace(item) {
        const at = this.items.findIndex((one) => one.id === item.id);
        if (at < 0) return;
        this.items[at] = item;
        this.#row(item.id)?.parentElement.replaceWith(this.#line(item));
        this.#mark();
    }

    // MARK: what the page says

    redraw() {
        for (const node of document.querySelectorAll("[data-i18n-placeholder]")) node.placeholder = t(node.dataset.i18nPlaceholder);
        document.title = `${t("brand")} ${t("doubt.title")}`;
        this.#drawFilters();
        this.#enter(this.state);
        this.drawer.render();
    }

    #drawFilters() {
        const options = (name, list) => role(`filter-${name}`).replaceChildren(...list.map(([value, text]) => el("option", { value, selected: value === this.filter[name] }, text)));
        options("reason", [["", t("doubt.anyReason")], ...this.reasons.map((reason) => [reason, word("doubt", reason)])]);
        options("span", Object.keys(spans).map((span) => [span, t(`doubt.span.${span}`)]));
        role("camera-names").replaceChildren(...this.cameras.map((camera) => el("option", { value: cameraLabel(camera) })));
        const camera = this.cameras.find((one) => one.id === this.filter.camera);
        if (document.activeElement !== role("filter-camera")) role("filter-camera").value = camera ? cameraLabel(camera) : this.filter.camera;
    }

    #enter(state) {
        this.state = state;
        role("pane").dataset.state = state;
        role("list").replaceChildren(...this.items.map((item) => this.#line(item)));
        role("more").hidden = state !== "shown" || this.next === null;
        const { rows, oldest, days } = this.kept ?? {};
        setText(role("kept"), this.kept === null ? "" : rows > 0 ? t("doubt.kept", { n: rows.toLocaleString("en"), time: timeText(oldest, { seconds: false }), days }) : t("doubt.keptNone", { days }));
        const words = {
            loading: () => Array.from({ length: 8 }, () => el("div", { class: "skeleton-row" })),
            shown: () => [],
            empty: () => [el("p", { class: "empty-title" }, t(rows > 0 ? "doubt.none" : "doubt.nothing")), el("p", { class: "muted" }, t("doubt.noneProof"))],
            failed: () => [el("p", { class: "problem", role: "alert" }, this.problem), el("button", { type: "button", onclick: () => this.load() }, t("retry"))],
        };
        role("words").replaceChildren(...words[state]());
        this.#mark();
    }

    #line(item) {
        const facts = item.facts.map(reasonText).join(t("list.comma"));
        return el("li", {}, el("button", { type: "button", class: "doubt", "data-role": "suppression", "data-id": item.id, "data-reason": item.reason, "data-restored": String(item.restored !== null), onclick: () => this.open(item) },
            el("span", { class: "doubt-head" }, el("strong", {}, word("doubt", item.reason)), item.restored && el("span", { class: "flag" }, t("doubt.restored"))),
            el("span", { class: "doubt-fact", title: facts }, facts),
            el("span", { class: "doubt-where" }, [item.camera.name, item.zone, item.grid?.name].filter(Boolean).join(" · ")),
            el("time", { class: "doubt-time", datetime: item.at }, timeText(item.at))));
    }

    #mark() {
        for (const row of role("list").querySelectorAll("[data-role=suppression]")) row.setAttribute("aria-current", row.dataset.id === this.drawer.item?.id);
    }

    #row(id) { return role("list").querySelector(`[data-id="${CSS.escape(id)}"]`); }
}

const cameraLabel = (camera) => `${camera.name} (${camera.id})`;

new DoubtPage().start();
