// **what an officer does with a case**: a button for each action that the server offers, and one small form for what it needs.
//
// For tests: [data-role=case-act][data-action] opens the form [data-role=act-form]; [data-role=act-send] sends it.

import * as api from "./api.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";
import { problemText } from "./places.js";

/** What an action needs beside the version: a note (`+` when it is required) and fields by name. */
const needs = {
    decline: ["note+"], file: [], merge: ["into"], dispatch: ["assignee"], reassign: ["assignee", "note"], hand_over: ["assignee", "note+"],
    inspect: [], pass: ["note"], fail: ["note+"], suspend: ["until", "note+"], resume: [], extend: ["until", "note+"], supervise: ["note+"],
    remind: ["note"], reopen: ["note+"], void: ["note+"],
};

/** The acts on one case. Keeps what is being written while the case behind it changes. */
export class CaseActs {
    /** @param {HTMLElement} node @param {{done: (detail: object) => void}} page */
    constructor(node, page) {
        this.node = node;
        this.page = page;
        this.item = null;
        this.action = null;
    }

    /** Shows what may be done now with a case; nil for none. */
    show(item) {
        const isOther = this.item?.no !== item?.no;
        const isSame = !isOther && this.item?.version === item?.version && String(this.item?.actions) === String(item?.actions);
        this.item = item;
        if (isSame || (this.action && !isOther && item?.actions.includes(this.action))) return;
        this.action = null;
        this.#render();
    }

    #render(problem = null) {
        const offered = (this.item?.actions ?? []).filter((action) => action in needs);
        if (offered.length === 0) return this.node.replaceChildren();
        if (!this.action) {
            return this.node.replaceChildren(
                el("div", { class: "case-acts" }, ...offered.map((action) =>
                    el("button", { type: "button", "data-role": "case-act", "data-action": action, onclick: () => this.#choose(action) }, word("act", action))),
                    problem && el("p", { class: "problem", role: "alert" }, problem)));
        }
        const fields = needs[this.action].map((need) => this.#field(need));
        this.form = el("form", { class: "case-acts", "data-role": "act-form", onsubmit: (event) => { event.preventDefault(); this.#send(); } },
            el("strong", {}, word("act", this.action)), ...fields, problem && el("p", { class: "problem", role: "alert" }, problem),
            el("button", { type: "submit", class: "primary", "data-role": "act-send" }, t("acts.send")),
            el("button", { type: "button", class: "quiet", "data-role": "act-cancel", onclick: () => this.#choose(null) }, t("acts.cancel")));
        this.node.replaceChildren(this.form);
        this.form.querySelector("textarea, input")?.focus();
    }

    #field(need) {
        const name = need.replace("+", "");
        const control = name === "note"
            ? el("textarea", { name, rows: 3, maxlength: 2000, required: need.endsWith("+") })
            : el("input", { name, type: name === "until" ? "datetime-local" : "text", required: true, autocomplete: "off" });
        return el("label", {}, el("span", {}, t(`acts.${name}`)), control);
    }

    #choose(action) {
        this.action = action;
        // What needs nothing is done at once.
        if (action && needs[action].length === 0) this.#send();
        else this.#render();
    }

    async #send() {
        const { item, action, form } = this;
        const values = form && needs[action].length > 0 ? Object.fromEntries(new FormData(form)) : {};
        if (values.until) values.until = new Date(values.until).toISOString();
        const { note = "", ...more } = values;
        try {
            const detail = await api.act(item.no, action, item.version, note.trim(), more);
            this.action = null;
            this.page.done(detail);
        } catch (error) {
            // A newer version is what the officer must see before trying again.
            if (error.status === 409) this.page.done(await api.caseDetail(item.no).catch(() => item));
            if (needs[action].length === 0) this.action = null;
            this.#render(error.status === 422 ? `${problemText(error)} ${error.message}` : problemText(error));
        }
    }
}
