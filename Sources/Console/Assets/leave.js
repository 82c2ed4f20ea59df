// **who is on leave**: meanwhile their substitutes are told. The roster itself is the district's file; this is what changes from day to day.

import * as api from "./api.js";
import { serverNow, timeText } from "./clock.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";
import { momentOf } from "./periods.js";
import { Sheet } from "./sheet.js";

const longest = 366 * 86_400_000;

/** One tab of the page of notices. For tests: rows are data-role=leave; the form's parts leave-worker, leave-until, leave-reason, leave-send. */
export class Leave extends Sheet {
    grids = [];
    wish = { worker: "", until: "", reason: "" };

    /** @param {{changed: (error?: Error) => void, redraw: () => void}} page */
    constructor(page) { super(page, "leave", ["worker", "grid", "until", "reason", "by"]); }

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
        if (problem) return this.refuse(problem);
        return this.attempt(async () => {
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
        return this.attempt(async () => {
            await api.setAbsence(one.worker.id, new Date(serverNow() - 1000).toISOString(), t("leave.back"));
            this.note = t("leave.ended", { name: one.worker.name });
        });
    }

    row(one, heads) {
        const grid = this.grids.find((known) => known.code === one.grid);
        const cells = [grid ? `${grid.village} ${grid.name}` : one.grid ?? "–", timeText(one.until, { seconds: false }), one.reason, one.author];
        return el("tr", { "data-role": "leave", "data-id": one.worker.id }, el("th", { scope: "row" }, `${one.worker.name} (${one.worker.id})`),
            ...cells.map((text, at) => el("td", { "data-name": heads[at + 1] }, text)),
            el("td", { class: "act" }, el("button", { type: "button", disabled: this.isSending, onclick: () => this.#end(one) }, t("leave.end"))));
    }

    form() {
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
