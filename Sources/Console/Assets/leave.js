// **who is on leave**: meanwhile their substitutes are told. The roster itself is the district's file; this is what changes from day to day.

import * as api from "./api.js";
import { serverNow, timeText } from "./clock.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { momentOf } from "./periods.js";
import { problemText } from "./places.js";

const longest = 366 * 86_400_000;

/** One tab of the page of notices. For tests: rows are data-role=leave; the form's parts leave-worker, leave-until, leave-reason, leave-send. */
export class Leave {
    items = [];
    grids = [];
    wish = { worker: "", until: "", reason: "" };
    problem = null;
    note = null;
    isSending = false;

    /** @param {{changed: (error?: Error) => void, redraw: () => void}} page */
    constructor(page) { this.page = page; }

    async load() {
        const [absences, grids] = await Promise.all([api.absences(), this.grids.length > 0 ? null : api.grids()]);
        this.items = absences.items;
        if (grids) this.grids = grids.items;
    }

    get #workers() { return this.grids.filter((grid) => grid.worker).map((grid) => ({ ...grid.worker, grid })); }

    #send() {
        const { wish } = this;
        const typed = wish.worker.trim();
        const worker = this.#workers.find((one) => typed === one.id || typed === label(one)) ?? this.#only(typed);
        // On leave until that day is over.
        const until = momentOf(wish.until) + 86_400_000;
        const problem = !worker ? t("leave.unknown") : !(until > serverNow() && until < serverNow() + longest) ? t("leave.past") : null;
        if (problem) {
            Object.assign(this, { problem, note: null });
            return this.page.redraw();
        }
        return this.#try(async () => {
            await api.setAbsence(worker.id, new Date(until).toISOString(), wish.reason);
            this.wish = { worker: "", until: "", reason: "" };
            this.note = t("leave.done", { name: worker.name, time: timeText(until, { seconds: false }) });
        });
    }

    /** The one of that name; names repeat, and then nobody is meant. */
    #only(name) {
        const found = this.#workers.filter((one) => one.name === name);
        return found.length === 1 ? found[0] : null;
    }

    #end(one) {
        return this.#try(async () => {
            await api.setAbsence(one.worker.id, new Date(serverNow() - 1000).toISOString(), t("leave.back"));
            this.note = t("leave.ended", { name: one.worker.name });
        });
    }

    async #try(deed) {
        if (this.isSending) return;
        Object.assign(this, { isSending: true, problem: null, note: null });
        this.page.redraw();
        let failure;
        try { await deed(); } catch (error) {
            failure = error;
            this.problem = problemText(error);
        }
        this.isSending = false;
        await this.page.changed(failure);
    }

    render() {
        const heads = ["worker", "grid", "until", "reason", "by"].map((name) => t(`leave.column.${name}`));
        return [
            el("p", { class: "muted" }, t("leave.what")), this.#form(),
            this.problem && el("p", { class: "problem", role: "alert", "data-role": "leave-problem" }, this.problem),
            this.note && el("p", { class: "note", role: "status", "data-role": "leave-note" }, this.note),
            this.items.length === 0 ? el("div", { class: "empty" }, el("p", { class: "empty-title" }, t("leave.none")))
                : el("div", { class: "table-box" }, el("table", { class: "rows" },
                    el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)), el("th", {}))),
                    el("tbody", {}, ...this.items.map((one) => this.#row(one, heads))))),
        ].filter(Boolean);
    }

    #row(one, heads) {
        const grid = this.grids.find((known) => known.code === one.grid);
        const cells = [grid ? `${grid.village} ${grid.name}` : one.grid ?? "–", timeText(one.until, { seconds: false }), one.reason, one.author];
        return el("tr", { "data-role": "leave", "data-id": one.worker.id }, el("th", { scope: "row" }, `${one.worker.name} (${one.worker.id})`),
            ...cells.map((text, at) => el("td", { "data-name": heads[at + 1] }, text)),
            el("td", { class: "act" }, el("button", { type: "button", disabled: this.isSending, onclick: () => this.#end(one) }, t("leave.end"))));
    }

    #form() {
        const { wish } = this;
        const field = (name, attributes) => {
            const input = el("input", { "data-role": `leave-${name}`, required: true, autocomplete: "off", value: wish[name], oninput: () => { wish[name] = input.value; }, ...attributes });
            return input;
        };
        return el("form", { class: "sheet-form", onsubmit: (event) => { event.preventDefault(); this.#send(); } },
            el("label", { class: "wide" }, t("leave.worker"), field("worker", { type: "search", list: "leave-workers", placeholder: t("leave.workerHint") }),
                el("datalist", { id: "leave-workers" }, ...this.#workers.map((one) => el("option", { value: label(one) })))),
            el("label", {}, t("leave.until"), field("until", { type: "date" })),
            el("label", { class: "wide" }, t("leave.reason"), field("reason", { maxlength: 500 })),
            el("button", { type: "submit", class: "primary", "data-role": "leave-send", disabled: this.isSending }, t("leave.send")));
    }
}

const label = (one) => `${one.name} · ${one.grid.village} ${one.grid.name} (${one.id})`;
