// **one suppression in full**: why it was not told, its picture and numbers, and the button that says that it was an event.

import * as api from "./api.js";
import { timeText } from "./clock.js";
import { el } from "./dom.js";
import { pairs, section } from "./drawerparts.js";
import { t, word } from "./i18n.js";
import { pictureFigure } from "./picture.js";
import { problemText } from "./places.js";
import { reasonText, whyNot } from "./reasons.js";

/** As SuppressionRoutes.longestReason. */
const longestReason = 500;

/** The drawer at the right. For tests: data-role=drawer carries data-id; the form's parts are restore-open, restore-note, restore. */
export class DoubtDrawer {
    /** @param {HTMLElement} node @param {{close: () => void, restored: (item: object) => void, ended: () => void}} page */
    constructor(node, page) {
        this.node = node;
        this.page = page;
        this.item = null;
        this.mayRestore = false;
    }

    open(item) {
        if (this.item?.id === item.id) return;
        Object.assign(this, { item, isAsking: false, isSending: false, problem: null, note: "" });
        this.node.hidden = false;
        this.node.dataset.id = item.id;
        this.render();
    }

    close() {
        this.item = null;
        this.node.hidden = true;
        this.node.replaceChildren();
        delete this.node.dataset.id;
    }

    /** Writes everything again. */
    render() {
        const { item } = this;
        if (!item) return;
        this.foot = el("footer", { class: "drawer-foot" });
        this.node.replaceChildren(
            el("header", { class: "drawer-head" },
                el("div", { class: "drawer-title" }, el("h2", {}, word("doubt", item.reason)), el("p", {}, [item.camera.name, item.grid?.name].filter(Boolean).join(" · "))),
                el("button", { type: "button", class: "quiet drawer-close", "data-role": "drawer-close", "aria-label": t("drawer.close"), onclick: () => this.page.close() }, el("kbd", {}, "Esc"), el("span", { class: "drawer-cross", "aria-hidden": "true" }, "✕"))),
            el("div", { class: "drawer-body", role: "region", tabindex: "0", "aria-label": t("doubt.drawer") },
                el("p", { class: "doubt-sentence", "data-role": "sentence" }, t("doubt.because", { why: whyNot(item.reason) })),
                el("div", { class: "drawer-picture" }, this.#picture()),
                item.restored && this.#restoration(),
                section("numbers", t("doubt.numbers"), el("ol", { class: "reasons" }, ...item.facts.map((fact) => el("li", {}, reasonText(fact))))),
                section("where", t("doubt.facts"), pairs([
                    [t("doubt.at"), timeText(item.at)],
                    [t("trust.camera"), item.camera.id],
                    item.zone && [t("doubt.zone"), item.zone],
                    item.rule && [t("doubt.rule"), item.rule],
                    [t("doubt.category"), word("category", item.category)],
                ]))),
            this.foot);
        this.#fillFoot();
    }

    #picture() {
        const { item } = this;
        const alt = t("picture.alt", { camera: item.camera.name, time: timeText(item.at) });
        if (item.picture !== "kept") return pictureFigure({ url: null, alt, absent: t(`doubt.picture.${item.picture}`) });
        return pictureFigure({ url: `/api/suppressions/${encodeURIComponent(item.id)}/picture.jpg`, box: item.box, alt });
    }

    #restoration() {
        const { restored } = this.item;
        return section("restored", t("doubt.restored"), el("p", { class: "note", "data-role": "became" }, t("doubt.became"), " ", el("a", { href: "/" }, t("doubt.toDesk"))), pairs([
            [t("restored.by"), restored.name || restored.by], [t("restored.at"), timeText(restored.at)], [t("restored.note"), restored.note],
        ]));
    }

    #fillFoot() {
        const mayAsk = this.mayRestore && !this.item.restored;
        this.foot.hidden = !mayAsk;
        if (!mayAsk) return this.foot.replaceChildren();
        if (!this.isAsking) {
            return this.foot.replaceChildren(el("button", { type: "button", class: "primary", "data-role": "restore-open", onclick: () => this.#askWhy(true) }, t("restore.open")));
        }
        const note = el("textarea", { id: "restore-note", "data-role": "restore-note", rows: 3, maxlength: longestReason, required: true, placeholder: t("restore.placeholder"), oninput: () => { this.note = note.value; } });
        note.value = this.note;
        this.foot.replaceChildren(el("form", { class: "restore", onsubmit: (event) => { event.preventDefault(); this.restore(); } },
            el("label", { for: "restore-note" }, t("restore.why")), note,
            this.problem && el("p", { class: "problem", role: "alert" }, this.problem),
            el("div", { class: "restore-buttons" },
                el("button", { type: "button", onclick: () => this.#askWhy(false) }, t("restore.cancel")),
                el("button", { type: "submit", class: "primary", "data-role": "restore", disabled: this.isSending }, t(this.isSending ? "restore.sending" : "restore.send")))));
        note.focus();
    }

    #askWhy(isAsking) {
        this.isAsking = isAsking;
        this.problem = null;
        this.#fillFoot();
    }

    /** Sends the word of the reader; a second press while the first is on its way does nothing. */
    async restore() {
        const { item } = this;
        const note = this.note.trim();
        if (this.isSending || note === "") return;
        this.isSending = true;
        this.problem = null;
        this.#fillFoot();
        let restored = null;
        try {
            restored = await api.restoreSuppression(item.id, note);
        } catch (error) {
            if (error.status === 401) return this.page.ended();
            if (this.item?.id === item.id) this.problem = `${problemText(error)} ${t("restore.notDone")}`;
        }
        if (restored) this.page.restored(restored);
        if (this.item?.id !== item.id) return;
        this.isSending = false;
        if (!restored) return this.#fillFoot();
        this.item = restored;
        this.render();
    }
}
