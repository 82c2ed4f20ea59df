// **one camera**: which grid answers for it, why, who said so, and the form that says otherwise.

import * as api from "./api.js";
import { timeText } from "./clock.js";
import { el, role } from "./dom.js";
import { pairs, section } from "./drawerparts.js";
import { t, word } from "./i18n.js";
import { pictureFigure } from "./picture.js";
import { problemText } from "./places.js";

/** As GridSetLife.reasonLimit. */
const longestReason = 500;

/** Why a camera must be looked at again, in the reader's language. */
export function reviewText(review) {
    const moved = /^moved (\d+) m since/.exec(review);
    if (moved) return t("bind.review.moved", { m: moved[1] });
    const gone = /^bound to grid (\d{15}),/.exec(review);
    return gone ? t("bind.review.gone", { grid: gone[1] }) : review;
}

/** The drawer at the right. For tests: data-role=drawer carries data-id and data-state; the form's parts are bind-scope, bind-name, bind-grid, bind-reason, bind. */
export class BindingDrawer {
    /** @param {HTMLElement} node @param {{close: () => void, bound: () => void, ended: () => void, grids: () => Map<string, object>}} page */
    constructor(node, page) {
        this.node = node;
        this.page = page;
        this.camera = null;
        this.mayBind = false;
    }

    open(camera) {
        if (this.camera?.id === camera.id) return;
        Object.assign(this, { camera, picture: null, detail: null, problem: null, note: null, wish: null, isSending: false });
        this.node.hidden = false;
        this.node.dataset.id = camera.id;
        this.render();
        this.#load();
    }

    close() {
        this.camera = null;
        this.node.hidden = true;
        this.node.replaceChildren();
        delete this.node.dataset.id;
    }

    async #load() {
        const { id } = this.camera;
        try {
            const detail = await api.camera(id);
            if (this.camera?.id !== id) return;
            this.detail = detail;
            this.wish ??= { scope: "camera", name: "", grid: detail.binding.grid?.code ?? "", reason: "" };
        } catch (error) {
            if (this.camera?.id !== id) return;
            if (error.status === 401) return this.page.ended();
            this.problem = problemText(error);
        }
        this.render();
    }

    /** Writes everything again. */
    render() {
        const { camera, detail } = this;
        if (!camera) return;
        this.node.dataset.state = detail ? "shown" : this.problem ? "failed" : "loading";
        const scrolled = this.node.querySelector(".drawer-body")?.scrollTop ?? 0;
        this.node.replaceChildren(
            el("header", { class: "drawer-head" },
                el("div", { class: "drawer-title" }, el("h2", {}, camera.name), el("p", {}, camera.id)),
                el("button", { type: "button", class: "quiet drawer-close", "data-role": "drawer-close", "aria-label": t("drawer.close"), onclick: () => this.page.close() }, el("kbd", {}, "Esc"), el("span", { class: "drawer-cross", "aria-hidden": "true" }, "✕"))),
            el("div", { class: "drawer-body", role: "region", tabindex: "0", "aria-label": t("bind.drawer") },
                ...(detail ? this.#parts() : this.problem ? [el("p", { class: "problem", role: "alert" }, this.problem)] : [0, 1, 2].map(() => el("div", { class: "skeleton-line" })))));
        this.node.querySelector(".drawer-body").scrollTop = scrolled;
    }

    #parts() {
        const { camera, detail: { binding, ptz } } = this;
        // Kept over renders: each new one would ask the camera again.
        this.picture ??= el("div", { class: "drawer-picture" }, pictureFigure({ url: `/api/cameras/${encodeURIComponent(camera.id)}/snapshot.jpg`, alt: t("bind.picture", { camera: camera.name }) }));
        const others = binding.neighbours.map((grid) => grid.name).join(t("list.comma"));
        return [
            binding.review && el("p", { class: "review", "data-role": "review" }, reviewText(binding.review)),
            this.picture,
            section("answer", t("bind.answer"), pairs([
                [t("bind.grid"), el("span", { "data-role": "answer" }, binding.grid ? this.#gridText(binding.grid.code) : t(binding.method === "village" ? "bind.village" : "place.unbound"))],
                [t("bind.method"), word("method", binding.method) + (binding.share === null ? "" : ` · ${Math.round(binding.share * 100)} %`)],
                binding.stands_in && [t("bind.stands"), this.#gridText(binding.stands_in.code)],
                others && [t("bind.neighbours"), others],
                [t("trust.place"), `${camera.lon.toFixed(6)}, ${camera.lat.toFixed(6)}`],
                ptz && [t("bind.ptz"), t("bind.ptzYes")],
                [t("bind.gridSet"), binding.grid_set.split("-")[0]],
            ])),
            this.mayBind && section("bind", t("bind.change"), this.#form()),
            section("history", t("bind.history"), binding.history.length === 0 ? el("p", { class: "muted" }, t("bind.noHistory")) : el("ol", { class: "bind-history" }, ...binding.history.map((one) => this.#decision(one)))),
        ].filter(Boolean);
    }

    #form() {
        const { wish } = this;
        const scope = el("select", { "data-role": "bind-scope", onchange: () => { wish.scope = scope.value; wish.name = ""; this.render(); } },
            ...["camera", "preset", "zone"].map((name) => el("option", { value: name, selected: name === wish.scope }, t(`bind.scope.${name}`))));
        const name = wish.scope !== "camera" && el("label", {}, t(`bind.name.${wish.scope}`), el("input", { "data-role": "bind-name", required: true, maxlength: 64, list: "bind-names", value: wish.name, autocomplete: "off", oninput: (event) => { wish.name = event.target.value; } }),
            el("datalist", { id: "bind-names" }, ...(wish.scope === "zone" ? this.detail.zones : []).map((zone) => el("option", { value: zone }))));
        const near = new Set([this.detail.binding.stands_in?.code, ...this.detail.binding.neighbours.map((grid) => grid.code)].filter(Boolean));
        const codes = [...near, ...[...this.page.grids().keys()].filter((code) => !near.has(code))];
        const grid = el("select", { "data-role": "bind-grid", onchange: () => { wish.grid = grid.value; } },
            el("option", { value: "", selected: wish.grid === "" }, t("bind.automatic")), ...codes.map((code) => el("option", { value: code, selected: code === wish.grid }, this.#gridText(code))));
        const reason = el("textarea", { "data-role": "bind-reason", rows: 2, maxlength: longestReason, required: true, placeholder: t("bind.reasonHint"), oninput: () => { wish.reason = reason.value; } });
        reason.value = wish.reason;
        return el("form", { class: "bind-form", onsubmit: (event) => { event.preventDefault(); this.bind(); } },
            el("label", {}, t("bind.scope"), scope), name, el("label", {}, t("bind.to"), grid), el("label", {}, t("bind.reason"), reason),
            this.problem && el("p", { class: "problem", role: "alert", "data-role": "bind-problem" }, this.problem),
            this.note && el("p", { class: "note", role: "status", "data-role": "bind-done" }, this.note),
            el("div", { class: "restore-buttons" }, el("button", { type: "submit", class: "primary", "data-role": "bind", disabled: this.isSending }, t(this.isSending ? "bind.sending" : "bind.send"))));
    }

    /** Sends what the form says; whoever was faster is shown and what was written stays. */
    async bind() {
        const { camera, wish, detail } = this;
        if (this.isSending) return;
        Object.assign(this, { isSending: true, problem: null, note: null });
        this.render();
        try {
            const binding = await api.bindCamera(camera.id, { scope: wish.scope, name: wish.name, grid: wish.grid === "" ? null : wish.grid, reason: wish.reason, expected_version: detail.binding.version });
            if (this.camera?.id !== camera.id) return this.page.bound();
            detail.binding = binding;
            wish.reason = "";
            this.note = t("bind.done");
            this.page.bound();
        } catch (error) {
            if (error.status === 401) return this.page.ended();
            if (this.camera?.id !== camera.id) return;
            this.problem = error.status === 409 ? t("bind.stale") : problemText(error);
            if (error.status === 409) detail.binding = (await api.camera(camera.id).catch(() => detail)).binding;
        }
        this.isSending = false;
        this.render();
        role("bind-reason", this.node)?.focus({ preventScroll: true });
    }

    #decision(one) {
        const place = one.has_ground ? t("bind.ground") : one.grid ? this.#gridText(one.grid) : t("bind.automatic");
        const what = one.scope === "camera" ? "" : `${t(`bind.scope.${one.scope}`)} ${one.name}: `;
        const span = one.to ? t("bind.span", { from: timeText(one.from), to: timeText(one.to) }) : t("bind.since", { from: timeText(one.from) });
        return el("li", { "data-role": "decision", "data-scope": one.scope }, el("strong", {}, what + place), el("p", {}, `${span} · ${one.by.name}`), el("p", {}, one.reason));
    }

    #gridText(code) {
        const grid = this.page.grids().get(code);
        return grid ? `${grid.village} ${grid.name} (${code.slice(-6)})` : code;
    }
}
