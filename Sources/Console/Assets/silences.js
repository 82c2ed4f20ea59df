// **what is kept quiet**: the silences in force with what each holds, a form for another one, and the end of one before its time.

import * as api from "./api.js";
import { serverNow, timeText } from "./clock.js";
import { el } from "./dom.js";
import { learnedValues, t, word } from "./i18n.js";
import { Sheet } from "./sheet.js";

const hours = [1, 4, 12, 24, 168, 720];

/** One tab of the page of notices. For tests: rows are data-role=silence; the form's parts silence-scope, silence-value, silence-for, silence-reason, silence-send. */
export class Silences extends Sheet {
    cameras = [];
    grids = [];
    mayBeTotal = false;
    wish = { scope: "grid", value: "", hours: 4, reason: "", total: false };

    /** @param {{changed: (error?: Error) => void, redraw: () => void}} page */
    constructor(page) { super(page, "silence", ["what", "reason", "by", "until", "held"]); }

    async load() {
        const names = this.grids.length > 0 ? [] : [api.cameras(), api.grids()];
        const [silences, cameras, grids] = await Promise.all([api.silences(), ...names]);
        this.items = silences.items;
        if (cameras) Object.assign(this, { cameras: cameras.items, grids: grids.items });
    }

    /** What was typed as the API names it; nil when nothing of that name exists. */
    #chosen() {
        const { scope, value } = this.wish;
        const typed = value.trim();
        const found = this.#choices(scope).find(([code, name]) => typed === code || typed === name || typed === label(code, name));
        if (found) return found[0];
        return scope === "category" && /^[a-z][a-z0-9_.]*$/.test(typed) ? typed : null;
    }

    #choices(scope) {
        if (scope === "camera") return this.cameras.map((one) => [one.id, one.name]);
        if (scope === "grid") return this.grids.map((one) => [one.code, `${one.village} ${one.name}`]);
        return learnedValues("category").map((one) => [one, word("category", one)]);
    }

    #send() {
        const { wish } = this;
        const value = this.#chosen();
        if (value === null) return this.refuse(t("silence.unknown"));
        const until = new Date(serverNow() + wish.hours * 3_600_000).toISOString();
        return this.attempt(async () => {
            const made = await api.silence({ [wish.scope]: value, total: wish.total, reason: wish.reason, until });
            Object.assign(wish, { value: "", reason: "", total: false });
            this.note = t("silence.done", { time: timeText(made.until, { seconds: false }) });
        });
    }

    #end(id) {
        return this.attempt(async () => {
            await api.endSilence(id);
            this.note = t("silence.ended");
        });
    }

    row(one, heads) {
        const cells = [one.reason, one.author, timeText(one.until, { seconds: false }), String(one.held)];
        return el("tr", { "data-role": "silence", "data-id": one.id }, el("th", { scope: "row" }, this.#what(one), one.total && el("span", { class: "flag" }, t("silence.isTotal"))),
            ...cells.map((text, at) => el("td", { "data-name": heads[at + 1] }, text)),
            el("td", { class: "act" }, el("button", { type: "button", disabled: this.isSending, onclick: () => this.#end(one.id) }, t("silence.end"))));
    }

    #what(one) {
        return ["camera", "grid", "category"].filter((scope) => one[scope]).map((scope) => {
            const name = this.#choices(scope).find(([code]) => code === one[scope])?.[1] ?? one[scope];
            return `${t(`silence.scope.${scope}`)} ${name}`;
        }).join(" · ");
    }

    form() {
        const { wish } = this;
        const scope = el("select", { "data-role": "silence-scope", onchange: () => { Object.assign(wish, { scope: scope.value, value: "" }); this.page.redraw(); } },
            ...["grid", "camera", "category"].map((name) => el("option", { value: name, selected: name === wish.scope }, t(`silence.scope.${name}`))));
        const hint = { grid: "bind.searchHint", camera: "silence.cameraHint", category: "silence.categoryHint" }[wish.scope];
        const value = el("input", { type: "search", "data-role": "silence-value", list: "silence-values", required: true, autocomplete: "off", placeholder: t(hint), value: wish.value, oninput: () => { wish.value = value.value; } });
        const span = el("select", { "data-role": "silence-for", onchange: () => { wish.hours = Number(span.value); } },
            ...hours.map((count) => el("option", { value: count, selected: count === wish.hours }, t(`silence.for.${count}`))));
        const reason = el("input", { "data-role": "silence-reason", required: true, maxlength: 500, autocomplete: "off", value: wish.reason, oninput: () => { wish.reason = reason.value; } });
        const total = el("input", { type: "checkbox", "data-role": "silence-total", checked: wish.total, onchange: () => { wish.total = total.checked; } });
        return el("form", { class: "sheet-form", onsubmit: (event) => { event.preventDefault(); this.#send(); } },
            el("label", {}, t("silence.scope"), scope),
            el("label", { class: "wide" }, t("silence.value"), value, el("datalist", { id: "silence-values" }, ...this.#choices(wish.scope).map(([code, name]) => el("option", { value: label(code, name) })))),
            el("label", {}, t("silence.for"), span), el("label", { class: "wide" }, t("silence.reason"), reason),
            this.mayBeTotal && el("label", { class: "check" }, total, t("silence.total")),
            el("button", { type: "submit", class: "primary", "data-role": "silence-send", disabled: this.isSending }, t("silence.send")));
    }
}

const label = (code, name) => `${name} (${code})`;
