// **what an officer does with a case**: a button for each action that the server offers, and one small form for what it needs.
//
// For tests: [data-role=case-act][data-action] opens the form [data-role=act-form]; [data-role=act-send] sends it.

import * as api from "./api.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";
import { problemText } from "./places.js";

/** What an action needs beside the version: a note (`+` when it is required) and fields by name. */
const needs = {
    decline: ["note+"], file: [], merge: ["into", "note+"], unmerge: ["note+"], dispatch: ["assignee"], reassign: ["assignee", "note"], hand_over: ["assignee", "note+"],
    acknowledge: ["reference"], handle: [], submit_result: ["result", "note+"], return: ["note+"], inspect: [], pass: ["note"], fail: ["note+"], suspend: ["until", "note+"], resume: [], extend: ["until", "note+"], supervise: ["note+"],
    remind: ["note"], reopen: ["note+"], void: ["note+"], add_task: ["assignee", "note+"], acknowledge_task: ["reference"], complete_task: ["note+"],
    withdraw_task: ["note+"],
};

const results = ["seen", "rectified", "no_trace"];

/** Acts on one task of several: their buttons stand beside the task. */
const ofTasks = new Set(["acknowledge_task", "complete_task", "withdraw_task"]);

/** The acts on one case. Keeps what is being written while the case behind it changes. */
export class CaseActs {
    /** @param {HTMLElement} node @param {{done: (detail: object) => void}} page */
    constructor(node, page) {
        this.node = node;
        this.page = page;
        this.item = null;
        this.action = null;
        this.wish = {};
    }

    /**
     * Opens the form of an act that was chosen elsewhere: on another case than the one shown (`subject`), or with some of its fields given (`fixed`).
     * @param {{subject?: {no: string, version: number}, fixed?: object}} wish
     */
    begin(action, wish = {}) { this.#choose(action, wish); }

    /** Shows what may be done now with a case; nil for none. */
    show(item) {
        const isOther = this.item?.no !== item?.no;
        const isSame = !isOther && this.item?.version === item?.version && String(this.item?.actions) === String(item?.actions);
        this.item = item;
        const isOpen = this.action && (this.wish.subject || ofTasks.has(this.action) || item?.actions.includes(this.action));
        if (isSame || (isOpen && !isOther)) return;
        this.action = null;
        this.wish = {};
        this.#render();
    }

    #render(problem = null) {
        const offered = (this.item?.actions ?? []).filter((action) => action in needs && !ofTasks.has(action));
        if (!this.action && offered.length === 0 && !problem) return this.node.replaceChildren();
        if (!this.action) {
            return this.node.replaceChildren(
                el("div", { class: "case-acts" }, ...offered.map((action) =>
                    el("button", { type: "button", "data-role": "case-act", "data-action": action, onclick: () => this.#choose(action) }, word("act", action))),
                    problem && el("p", { class: "problem", role: "alert" }, problem)));
        }
        const fields = this.#needs().map((need) => this.#field(need));
        this.form = el("form", { class: "case-acts", "data-role": "act-form", onsubmit: (event) => { event.preventDefault(); this.#send(); } },
            el("strong", {}, [word("act", this.action), this.wish.fixed?.into ?? this.wish.subject?.no ?? this.wish.fixed?.task].filter(Boolean).join(" ")), ...fields, problem && el("p", { class: "problem", role: "alert" }, problem),
            el("button", { type: "submit", class: "primary", "data-role": "act-send" }, t("acts.send")),
            el("button", { type: "button", class: "quiet", "data-role": "act-cancel", onclick: () => this.#choose(null) }, t("acts.cancel")));
        this.node.replaceChildren(this.form);
        // The whole form, not only its first field.
        this.form.scrollIntoView({ block: "nearest" });
        this.form.querySelector("textarea, input, select")?.focus({ preventScroll: true });
    }

    /** What is still to be said. */
    #needs() { return needs[this.action].filter((need) => !(need.replace("+", "") in (this.wish.fixed ?? {}))); }

    #field(need) {
        const name = need.replace("+", "");
        const controls = {
            note: () => el("textarea", { name, rows: 3, maxlength: 2000, required: need.endsWith("+") }),
            result: () => el("select", { name }, ...results.map((result) => el("option", { value: result }, t(`result.${result}`)))),
            until: () => el("input", { name, type: "datetime-local", required: true }),
            assignee: () => el("input", { name, list: "act-workers", required: true, autocomplete: "off", onfocus: () => offerWorkers() }),
            reference: () => el("input", { name, maxlength: 64, autocomplete: "off" }),
        };
        const control = (controls[name] ?? (() => el("input", { name, required: true, autocomplete: "off" })))();
        return el("label", {}, el("span", {}, t(`acts.${name}`)), control, name === "assignee" && el("datalist", { id: "act-workers" }));
    }

    #choose(action, wish = {}) {
        this.action = action;
        this.wish = wish;
        // What needs nothing is done at once.
        if (action && this.#needs().length === 0) this.#send();
        else this.#render();
    }

    async #send() {
        const { item, action, form, wish } = this;
        const subject = wish.subject ?? item;
        const values = form && this.#needs().length > 0 ? Object.fromEntries(new FormData(form)) : {};
        if (values.until) values.until = new Date(values.until).toISOString();
        if (!values.reference) delete values.reference;
        const { note = "", ...more } = values;
        try {
            const detail = await api.act(subject.no, action, subject.version, note.trim(), { ...wish.fixed, ...more });
            this.action = null;
            this.wish = {};
            this.page.done(detail);
        } catch (error) {
            // A newer version is what the officer must see before trying again.
            if (error.status === 409) {
                this.page.done(await api.caseDetail(item.no).catch(() => item));
                // The version of the other case is chosen with the case, and must be seen anew as well.
                if (wish.fixed?.into_version !== undefined) this.action = null;
            }
            if (this.action && this.#needs().length === 0) this.action = null;
            if (!this.action) this.wish = {};
            this.#render(error.status === 422 ? `${problemText(error)} ${error.message}` : problemText(error));
        }
    }
}

/** Names for the accounts that may be meant; a department's is typed. Without an answer the field is a field. */
async function offerWorkers() {
    const { items } = await api.grids().catch(() => ({ items: [] }));
    const workers = items.filter((grid) => grid.worker).map((grid) => el("option", { value: grid.worker.id }, `${grid.worker.name} · ${grid.village} ${grid.name}`));
    document.getElementById("act-workers")?.replaceChildren(...workers);
}
