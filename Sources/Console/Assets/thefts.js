// **theft reports**: which stolen two-wheelers are looked for. A report is entered with the tag's number, seen without it, and closed.
//
// For tests: rows are data-role=theft with data-number; the form's parts theft-number, theft-tag, theft-days, theft-reason, theft-send; a
// row's theft-close opens its theft-why, which theft-end sends.

import * as api from "./api.js";
import { serverNow, timeText } from "./clock.js";
import { el, role } from "./dom.js";
import { knows, t } from "./i18n.js";
import { problemText } from "./places.js";
import { Sheet } from "./sheet.js";
import { TabPage } from "./tabpage.js";

/** How long a report may be open; the longest is what the server takes without being told. */
const days = [7, 14, 30];
const longestDays = 30;

class Thefts extends Sheet {
    isOff = false;
    mayKeep = false;
    wish = { number: "", tag: "", days: longestDays, reason: "" };
    /** The report whose closing is being explained. */
    closing = { number: null, reason: "" };

    constructor(page) { super(page, "theft", ["number", "by", "opened", "expires"]); }

    async load() {
        try {
            this.items = (await api.thefts()).items;
            this.isOff = false;
        } catch (error) {
            if (error.code !== "off") throw error;
            this.isOff = true;
        }
    }

    sentence(error) {
        const key = `theft.problem.${error.status === 400 ? error.field : error.code}`;
        return knows(key) ? t(key) : problemText(error);
    }

    render() {
        if (this.isOff) return [el("div", { class: "empty", "data-role": "theft-off" }, el("p", { class: "empty-title" }, t("theft.off")), el("p", { class: "muted" }, t("theft.offHow")))];
        return super.render();
    }

    #send() {
        const { wish } = this;
        const report = { number: wish.number.trim(), tag: wish.tag.replace(/[\s:-]/g, ""), reason: wish.reason };
        if (wish.days < longestDays) report.expires = new Date(serverNow() + wish.days * 86_400_000).toISOString();
        return this.attempt(async () => {
            const made = await api.openTheft(report);
            this.wish = { ...wish, number: "", tag: "", reason: "" };
            this.note = t("theft.done", { number: made.number, time: timeText(made.expires, { seconds: false }) });
        });
    }

    #ask(number) {
        this.closing = { number, reason: "" };
        this.page.redraw();
        role("theft-why")?.focus();
    }

    #end() {
        const { number, reason } = this.closing;
        return this.attempt(async () => {
            await api.closeTheft(number, reason);
            this.closing = { number: null, reason: "" };
            this.note = t("theft.closed", { number });
        });
    }

    row(one, heads) {
        const cells = [one.opened_by_name, timeText(one.opened, { seconds: false }), timeText(one.expires, { seconds: false })];
        return el("tr", { "data-role": "theft", "data-number": one.number }, el("th", { scope: "row" }, one.number),
            ...cells.map((text, at) => el("td", { "data-name": heads[at + 1] }, text)),
            el("td", { class: "act" }, this.mayKeep && (this.closing.number === one.number ? this.#why()
                : el("button", { type: "button", "data-role": "theft-close", disabled: this.isSending, onclick: () => this.#ask(one.number) }, t("theft.close")))));
    }

    #why() {
        const { closing } = this;
        const reason = el("input", { "data-role": "theft-why", required: true, maxlength: 500, autocomplete: "off", "aria-label": t("theft.why"), placeholder: t("theft.why"), value: closing.reason, oninput: () => { closing.reason = reason.value; } });
        return el("form", { class: "row-form", onsubmit: (event) => { event.preventDefault(); this.#end(); } }, reason,
            el("button", { type: "submit", class: "primary", "data-role": "theft-end", disabled: this.isSending }, t("theft.end")),
            el("button", { type: "button", class: "quiet", "data-role": "theft-keep", onclick: () => this.#ask(null) }, t("acts.cancel")));
    }

    form() {
        if (!this.mayKeep) return null;
        const { wish } = this;
        const field = (name, attributes) => {
            const input = el("input", { "data-role": `theft-${name}`, required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false", value: wish[name], oninput: () => { wish[name] = input.value; }, ...attributes });
            return input;
        };
        const span = el("select", { "data-role": "theft-days", onchange: () => { wish.days = Number(span.value); } },
            ...days.map((count) => el("option", { value: count, selected: count === wish.days }, t("theft.days", { n: count }))));
        return el("form", { class: "sheet-form", onsubmit: (event) => { event.preventDefault(); this.#send(); } },
            el("label", {}, t("theft.number"), field("number", { maxlength: 64, placeholder: "R-2026-118" })),
            el("label", { class: "wide" }, t("theft.tag"), field("tag", { maxlength: 200, placeholder: t("theft.tagHint") })),
            el("label", {}, t("theft.for"), span), el("label", { class: "wide" }, t("theft.reason"), field("reason", { maxlength: 500 })),
            el("button", { type: "submit", class: "primary", "data-role": "theft-send", disabled: this.isSending }, t("theft.send")));
    }
}

new TabPage("theft.title", (page) => ({ thefts: new Thefts(page) }), (account, page) => {
    page.parts.thefts.mayKeep = account.role === "dutyOfficer";
}).start();
