// **which grid does each camera belong to**, wired: filters → list and map → drawer; a binding counts for the next incident.

import * as api from "./api.js";
import { BindingDrawer } from "./bindingdrawer.js";
import { el, role, setText } from "./dom.js";
import { ListImport } from "./listimport.js";
import { greet, installHead, installTabs, logInAgain, stepRows } from "./frame.js";
import { languageSwitch, onLanguage, t, translate, word } from "./i18n.js";
import { MapPane } from "./mappane.js";
import { problemText } from "./places.js";

/** What the list can be narrowed to, in the order of urgency. */
const views = {
    all: () => true,
    review: (camera) => camera.review !== null,
    unbound: (camera) => camera.grid === null,
    border: (camera) => camera.near_border,
    manual: (camera) => camera.method.endsWith("manual"),
};
const step = 300;

/** The page. For tests: data-role=pane carries data-state (`loading`, `shown`, `empty`, `failed`); each row data-id, data-grid, data-method. */
class CameraPage {
    cameras = [];
    grids = new Map();
    shown = step;
    problem = null;
    state = "loading";

    constructor() {
        this.map = new MapPane({ open: () => {}, openCamera: (id) => this.open(id) });
        this.drawer = new BindingDrawer(role("drawer"), { close: () => this.close(), bound: () => this.load(), ended: () => logInAgain(), grids: () => this.grids });
        this.list = new ListImport(role("import"), { changed: () => this.load(), ended: () => logInAgain(), grids: () => this.grids });
        const wanted = new URLSearchParams(location.search);
        this.filter = { text: wanted.get("text") ?? "", show: wanted.get("show") in views ? wanted.get("show") : "all" };
    }

    start() {
        translate();
        languageSwitch(role("language"));
        onLanguage(() => this.redraw());
        installHead(() => this.map.restyle());
        role("filters").addEventListener("submit", (event) => event.preventDefault());
        role("import-open").addEventListener("click", () => this.list.open());
        role("filter-text").addEventListener("input", () => this.#choose());
        role("filter-show").addEventListener("change", () => this.#choose());
        role("more").addEventListener("click", () => { this.shown += step; this.#draw(); });
        role("list").addEventListener("keydown", (event) => stepRows(event, "[data-role=camera]"));
        installTabs();
        document.addEventListener("keydown", (event) => { if (event.code === "Escape" && !event.isComposing && !role("drawer").hidden) this.close(); });
        this.redraw();
        this.map.load();
        this.load().then(() => {
            const id = /^#(\d{20})$/.exec(location.hash)?.[1];
            if (id) this.open(id);
        });
        api.me().then((account) => this.#welcome(account), () => {});
        api.gridShapes().then((shapes) => this.map.setGrids(shapes), () => {});
    }

    #welcome(account) {
        greet(account);
        this.drawer.mayBind = account.role === "operator";
        role("import-open").hidden = account.role !== "operator";
        this.drawer.render();
    }

    /** Loads cameras and grids again; what is open stays open. */
    async load() {
        try {
            const [cameras, grids] = await Promise.all([api.cameras(), api.grids()]);
            this.cameras = cameras.items;
            this.grids = new Map(grids.items.map((grid) => [grid.code, grid]));
            this.map.setCameras(this.cameras);
            const open = this.cameras.find((one) => one.id === this.drawer.camera?.id);
            if (open) this.map.selectCamera(open);
            this.state = "shown";
        } catch (error) {
            if (error.status === 401) return logInAgain();
            this.problem = problemText(error);
            this.state = "failed";
        }
        this.#draw();
    }

    #choose() {
        this.filter = { text: role("filter-text").value.trim(), show: role("filter-show").value };
        this.shown = step;
        const words = new URLSearchParams(Object.entries(this.filter).filter(([name, value]) => value !== "" && !(name === "show" && value === "all")));
        history.replaceState(null, "", words.size > 0 ? `?${words}` : location.pathname);
        this.#draw();
    }

    open(id) {
        const camera = this.cameras.find((one) => one.id === id);
        if (!camera) return;
        document.querySelector(".work-area").dataset.drawer = "open";
        this.drawer.open(camera);
        this.map.selectCamera(camera);
        this.#mark();
    }

    close() {
        const id = this.drawer.camera?.id;
        if (!id) return;
        document.querySelector(".work-area").dataset.drawer = "closed";
        this.drawer.close();
        this.map.selectCamera(null);
        this.#mark();
        this.#row(id)?.focus({ preventScroll: true });
    }

    // MARK: what the page says

    redraw() {
        for (const node of document.querySelectorAll("[data-i18n-placeholder]")) node.placeholder = t(node.dataset.i18nPlaceholder);
        document.title = `${t("brand")} ${t("bind.title")}`;
        if (document.activeElement !== role("filter-text")) role("filter-text").value = this.filter.text;
        this.map.restyle();
        this.#draw();
        this.drawer.render();
        this.list.render();
    }

    #draw() {
        const { text, show } = this.filter;
        const fits = this.cameras.filter((camera) => views[show](camera) && (text === "" || camera.name.includes(text) || camera.id.includes(text) || (camera.grid ?? "").includes(text) || this.#gridName(camera.grid).includes(text)));
        role("filter-show").replaceChildren(...Object.keys(views).map((name) => el("option", { value: name, selected: name === show }, t("bind.viewCount", { view: t(`bind.view.${name}`), n: this.cameras.filter(views[name]).length }))));
        setText(role("counts"), this.state === "shown" ? t("bind.count", { n: fits.length.toLocaleString("en"), all: this.cameras.length.toLocaleString("en") }) : "");
        role("list").replaceChildren(...fits.slice(0, this.shown).map((camera) => this.#line(camera)));
        role("more").hidden = fits.length <= this.shown;
        const state = this.state === "shown" && fits.length === 0 ? "empty" : this.state;
        role("pane").dataset.state = state;
        const words = {
            loading: () => Array.from({ length: 8 }, () => el("div", { class: "skeleton-row" })),
            shown: () => [],
            empty: () => [el("p", { class: "empty-title" }, t("bind.none"))],
            failed: () => [el("p", { class: "problem", role: "alert" }, this.problem), el("button", { type: "button", onclick: () => this.load() }, t("retry"))],
        };
        role("words").replaceChildren(...words[state]());
        this.#mark();
    }

    #line(camera) {
        return el("li", {}, el("button", { type: "button", class: "camera-row", "data-role": "camera", "data-id": camera.id, "data-grid": camera.grid ?? "", "data-method": camera.method, "data-review": String(camera.review !== null), onclick: () => this.open(camera.id) },
            el("span", { class: "camera-name" }, camera.name),
            el("span", { class: "camera-grid" }, camera.grid ? this.#gridName(camera.grid) : t(camera.method === "village" ? "bind.village" : "place.unbound")),
            el("span", { class: "camera-id" }, camera.id),
            el("span", { class: "camera-how" }, camera.review !== null && el("span", { class: "flag" }, t("bind.view.review")), camera.near_border && el("span", { class: "flag" }, t("bind.view.border")), word("method", camera.method))));
    }

    #gridName(code) {
        const grid = this.grids.get(code);
        return grid ? `${grid.village} ${grid.name}` : code ?? "";
    }

    #mark() {
        for (const row of role("list").querySelectorAll("[data-role=camera]")) row.setAttribute("aria-current", row.dataset.id === this.drawer.camera?.id);
    }

    #row(id) { return role("list").querySelector(`[data-id="${CSS.escape(id)}"]`); }
}

new CameraPage().start();
