// **a list of cameras from outside**: file → difference → agreed → in force; one step back. Nothing is written before somebody has looked.

import * as api from "./api.js";
import { timeText } from "./clock.js";
import { el, role } from "./dom.js";
import { t, word } from "./i18n.js";
import { listFact } from "./listwords.js";
import { problemText } from "./places.js";

const verdicts = ["refused", "changed", "new"];
const systems = ["", "wgs84", "cgcs2000", "gcj02", "bd09"];
const mostRows = 300;
/** What the server takes, less what base64 adds. */
const mostBytes = 11 << 20;

/** The dialog. For tests: data-role=import carries data-state (`empty`, `looking`, `seen`, `done`); its parts are import-file, import-crs, import-apply, import-back, import-row. */
export class ListImport {
    /** @param {HTMLDialogElement} node @param {{changed: () => void, ended: () => void, grids: () => Map<string, object>}} page */
    constructor(node, page) {
        Object.assign(this, { node, page, file: null, crs: "" });
        this.#forget();
    }

    #forget() { Object.assign(this, { state: "empty", list: null, report: null, problem: null, note: null, isSending: false, isSure: false }); }

    open() {
        this.#forget();
        this.file = null;
        this.node.showModal();
        this.render();
        this.#try(async () => { this.list = await api.cameraList(); });
    }

    // MARK: what a person does

    async #choose(file) {
        Object.assign(this, { report: null, problem: null, note: null, state: "empty", file: null });
        if (!file) return this.render();
        if (file.size > mostBytes) {
            this.problem = t("imp.tooLarge");
            return this.render();
        }
        const bytes = await file.arrayBuffer().then((buffer) => new Uint8Array(buffer), () => null);
        if (bytes) this.file = { name: file.name, text: base64(bytes) };
        else this.problem = t("imp.unreadable");
        if (this.file) await this.#look(); else this.render();
    }

    /** Asks what the file would do. */
    #look(note = null) {
        return this.#try(async () => {
            this.state = "looking";
            this.render();
            this.report = await api.importCameras({ file: this.file.text, crs: this.crs || null, dry_run: true });
            Object.assign(this, { list: this.report, state: "seen", note });
        });
    }

    #apply(partial) {
        return this.#try(async () => {
            const taken = await api.importCameras({ file: this.file.text, crs: this.crs || null, dry_run: false, base: this.list.base, partial });
            Object.assign(this, { list: taken, report: taken, state: "done", note: t("imp.done", { n: taken.cameras.toLocaleString("en") }) });
            this.page.changed();
        });
    }

    #takeBack() {
        if (!this.isSure) {
            this.isSure = true;
            this.render();
            role("import-back", this.node)?.focus();
            return;
        }
        this.#try(async () => {
            this.list = await api.takeBackCameras(this.list.base);
            Object.assign(this, { report: null, state: "done", isSure: false, note: t("imp.isBack", { n: this.list.cameras.toLocaleString("en") }) });
            this.page.changed();
        });
    }

    /** One request at a time; a failure is one sentence, and whoever was faster is looked at again. */
    async #try(deed) {
        if (this.isSending) return;
        Object.assign(this, { isSending: true, problem: null });
        this.render();
        let isStale = false;
        try { await deed(); } catch (error) {
            if (error.status === 401) return this.page.ended();
            isStale = error.status === 409;
            this.problem = isStale ? t("imp.stale") : error.status === 422 && error.message ? listFact(error.message) : problemText(error);
            this.state = this.report ? "seen" : "empty";
        }
        Object.assign(this, { isSending: false, isSure: false });
        this.render();
        if (isStale) await this.#again();
    }

    async #again() {
        const stale = t("imp.stale");
        if (this.file) return this.#look(stale);
        return this.#try(async () => { Object.assign(this, { list: await api.cameraList(), note: stale }); });
    }

    // MARK: what the dialog says

    render() {
        if (!this.node.open) return;
        const { list, report } = this;
        const focused = this.node.contains(document.activeElement) ? document.activeElement.dataset.role : null;
        this.node.dataset.state = this.state;
        this.node.replaceChildren(
            el("header", { class: "sheet-head" }, el("h2", {}, t("imp.open")),
                el("button", { type: "button", class: "quiet", "data-role": "import-close", "aria-label": t("imp.close"), onclick: () => this.node.close() }, "✕")),
            el("div", { class: "sheet-body" },
                el("p", { class: "muted" }, t("imp.what")), this.#chooser(),
                this.problem && el("p", { class: "problem", role: "alert", "data-role": "import-problem" }, this.problem),
                this.note && el("p", { class: "note", role: "status", "data-role": "import-note" }, this.note),
                this.state === "looking" && el("p", { class: "muted" }, t("imp.looking")),
                report && this.#difference(report), report && this.#diverted(report.diverted), list && this.#former(list)),
            ...(this.state === "seen" ? [this.#foot(report)] : []));
        if (focused) role(focused, this.node)?.focus({ preventScroll: true });
    }

    #chooser() {
        // Out of sight, because a browser says "no file" in its own language and forgets the name when the page is drawn again.
        const file = el("input", { type: "file", class: "visually-hidden", accept: ".csv,text/csv", "data-role": "import-file", onchange: () => this.#choose(file.files[0]) });
        const crs = el("select", { "data-role": "import-crs", onchange: () => { this.crs = crs.value; if (this.file) this.#look(); } },
            ...systems.map((name) => el("option", { value: name, selected: name === this.crs }, name === "" ? t("imp.crs.none") : t(`imp.crs.${name}`))));
        return el("div", { class: "sheet-form" }, el("label", {}, t("imp.crs"), crs),
            el("label", {}, t("imp.file"), el("span", { class: "file-choice" }, el("span", { class: "button" }, t("imp.choose")), file, el("span", {}, this.file?.name ?? ""))));
    }

    #difference(report) {
        const count = (name) => report.counts[name] ?? 0;
        const rows = report.rows.filter((row) => verdicts.includes(row.verdict)).sort((a, b) => verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict) || a.line - b.line);
        const warnings = report.rows.reduce((sum, row) => sum + row.warnings.length, 0);
        const sums = [...verdicts, "unchanged"].map((name) => el("div", { "data-verdict": name }, el("dt", {}, t(`imp.verdict.${name}`)), el("dd", {}, count(name).toLocaleString("en"))));
        const fits = report.crs.map((fit) => t("imp.fit", { crs: t(`imp.crs.${fit.declared}`), n: fit.standing[fit.declared] ?? 0, all: fit.cameras }));
        return el("section", { class: "sheet-part", "data-role": "import-difference" }, el("h3", {}, t("imp.difference")),
            el("dl", { class: "sums" }, ...sums), ...fits.map((text) => el("p", { class: "muted" }, text)),
            ...report.findings.map((one) => el("p", { class: one.severity === "error" ? "problem" : "note" }, (one.line ? t("imp.line", { n: one.line }) : "") + listFact(one.message))),
            warnings > 0 && el("p", { class: "muted" }, t("imp.warnings", { n: warnings })),
            rows.length > 0 && el("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": t("imp.difference") }, el("table", { class: "rows" },
                el("thead", {}, el("tr", {}, ...["line", "camera", "verdict", "what", "grid"].map((name) => el("th", { scope: "col" }, t(`imp.column.${name}`))))),
                el("tbody", {}, ...rows.slice(0, mostRows).map((row) => this.#row(row))))),
            rows.length > mostRows && el("p", { class: "muted" }, t("imp.more", { n: rows.length - mostRows })));
    }

    #row(row) {
        const changes = row.changes.map((one) => el("p", {}, `${word("imp.field", one.field)} ${listFact(one.text)}`, one.needs_review && el("span", { class: "flag" }, t("bind.view.review"))));
        return el("tr", { "data-role": "import-row", "data-verdict": row.verdict, "data-id": row.camera ?? "" },
            el("td", { class: "number", "data-name": t("imp.column.line") }, String(row.line)), el("td", {}, el("strong", {}, row.name), el("p", { class: "muted" }, row.camera ?? "–")),
            el("td", { class: "verdict", "data-name": t("imp.column.verdict") }, t(`imp.verdict.${row.verdict}`)),
            el("td", {}, ...changes, ...row.reasons.map((text) => el("p", {}, listFact(text))), ...row.warnings.map((text) => el("p", { class: "muted" }, listFact(text)))),
            el("td", { "data-name": t("imp.column.grid") }, this.#gridText(row.grid)));
    }

    #diverted(diverted) {
        const items = diverted.items.map((one) => el("li", { "data-role": "import-diverted" },
            `${one.no} · ${one.camera.name} · ${one.from?.name ?? t("place.unbound")} → ${one.to?.name ?? t("place.unbound")}`));
        return el("section", { class: "sheet-part" }, el("h3", {}, t("imp.diverted", { days: diverted.days })),
            el("p", {}, diverted.looked === 0 ? t("imp.divertedNone", { days: diverted.days }) : t("imp.divertedCount", { n: diverted.count, all: diverted.looked })),
            items.length > 0 && el("ol", { class: "plain-list" }, ...items),
            diverted.count > items.length && el("p", { class: "muted" }, t("imp.more", { n: diverted.count - items.length })));
    }

    #former(list) {
        const { former } = list;
        if (!former) return el("section", { class: "sheet-part" }, el("h3", {}, t("imp.back")), el("p", { class: "muted" }, t("imp.backNone")));
        return el("section", { class: "sheet-part" }, el("h3", {}, t("imp.back")),
            el("p", {}, t("imp.backWhat", { time: timeText(former.replaced_at, { seconds: false }), added: former.added, removed: former.removed, changed: former.changed })),
            el("button", { type: "button", "data-role": "import-back", disabled: this.isSending, onclick: () => this.#takeBack() }, t(this.isSure ? "imp.backSure" : "imp.backDo")));
    }

    #foot(report) {
        const refused = report.counts.refused ?? 0;
        const words = report.can_apply ? null : report.can_apply_partly ? t("imp.someRefused", { n: refused }) : refused > 0 || report.findings.some((one) => one.severity === "error") ? t("imp.nothingGood") : t("imp.nothingNew");
        return el("footer", { class: "sheet-foot" }, words && el("p", { class: "muted" }, words),
            report.can_apply_partly && el("button", { type: "button", "data-role": "import-partly", disabled: this.isSending, onclick: () => this.#apply(true) }, t("imp.applyPartly")),
            report.can_apply && el("button", { type: "button", class: "primary", "data-role": "import-apply", disabled: this.isSending, onclick: () => this.#apply(false) }, t("imp.apply")));
    }

    #gridText(code) {
        const grid = this.page.grids().get(code);
        return grid ? `${grid.village} ${grid.name}` : code ?? "–";
    }
}

/** The bytes as the API takes them; in pieces, because a call has a limit of arguments. */
function base64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
    return btoa(text);
}
