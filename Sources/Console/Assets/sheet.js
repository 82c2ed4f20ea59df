// **what is in force and can be ended**: the part that silences, leave and theft reports share.

import { el } from "./dom.js";
import { t } from "./i18n.js";
import { problemText } from "./places.js";

/** A form for one more, a table of those in force, an end for each. A subclass has `load()`, `form()` and `row(one, heads)`. */
export class Sheet {
    items = [];
    problem = null;
    note = null;
    isSending = false;

    /**
     * @param {{changed: (error?: Error) => void, redraw: () => void}} page
     * @param {string} name The first word of its texts and of the names for tests.
     * @param {string[]} columns The last one of a row, which holds the end, has no head.
     */
    constructor(page, name, columns) { Object.assign(this, { page, name, columns }); }

    /** Says what is wrong with the form before anything is sent. */
    refuse(problem) {
        Object.assign(this, { problem, note: null });
        return this.page.redraw();
    }

    /** Does one thing at a time; what goes wrong is said above the table. */
    async attempt(deed) {
        if (this.isSending) return;
        Object.assign(this, { isSending: true, problem: null, note: null });
        this.page.redraw();
        let failure;
        try { await deed(); } catch (error) {
            failure = error;
            this.problem = this.sentence(error);
        }
        this.isSending = false;
        await this.page.changed(failure);
    }

    /** What the reader is told of a request that failed. */
    sentence(error) { return problemText(error); }

    render() {
        const { name } = this;
        const heads = this.columns.map((column) => t(`${name}.column.${column}`));
        return [
            el("p", { class: "muted" }, t(`${name}.what`)), this.form(),
            this.problem && el("p", { class: "problem", role: "alert", "data-role": `${name}-problem` }, this.problem),
            this.note && el("p", { class: "note", role: "status", "data-role": `${name}-note` }, this.note),
            this.items.length === 0 ? el("div", { class: "empty" }, el("p", { class: "empty-title" }, t(`${name}.none`)))
                : el("div", { class: "table-box" }, el("table", { class: "rows" },
                    el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)), el("th", {}))),
                    el("tbody", {}, ...this.items.map((one) => this.row(one, heads))))),
        ].filter(Boolean);
    }
}
