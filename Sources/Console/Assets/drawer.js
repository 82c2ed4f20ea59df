// **one incident in full**: what and where, the picture, why it fired, how far it got, its case. Open things stay open and do not jump.

import * as api from "./api.js";
import { badge, stateChip } from "./badges.js";
import { timeText } from "./clock.js";
import { el } from "./dom.js";
import { CaseActs } from "./caseacts.js";
import { tieParts } from "./caseties.js";
import { casePart, receiptsPart, restoredPart, trustPart, wherePart, whyPart } from "./drawerparts.js";
import { isFileable } from "./feed.js";
import { FilmPart } from "./film.js";
import { t, word } from "./i18n.js";
import { pictureFigure } from "./picture.js";
import { placeText, problemText } from "./places.js";
import { toldPart } from "./told.js";

/** The drawer at the right. For tests: data-role=drawer carries data-id and data-loading. */
export class Drawer {
    /** @param {HTMLElement} node @param {{close: () => void, filed: (detail: object) => void, ended: () => void}} page */
    constructor(node, page) {
        this.node = node;
        this.page = page;
        this.mayFile = false;
        this.id = null;
    }

    /** Opens on an incident: at once with what the list knows, then with the whole. */
    open(item) {
        if (this.id === item.id) return;
        this.id = item.id;
        this.item = item;
        this.detail = null;
        this.receiptRows = null;
        this.problem = null;
        this.filing = false;
        this.pictureKey = null;
        this.node.hidden = false;
        this.node.dataset.id = item.id;
        this.#build();
        this.node.scrollTop = 0;
        this.load();
    }

    close() {
        this.id = null;
        this.film?.close();
        this.node.hidden = true;
        this.node.replaceChildren();
        delete this.node.dataset.id;
        clearTimeout(this.waiting);
    }

    /** The list has a newer state of this incident; the rest is asked for again, at most a few times a second. */
    changed(item) {
        if (item.id !== this.id) return;
        this.item = item;
        this.#fill();
        if (this.isWaiting) return;
        this.isWaiting = true;
        this.waiting = setTimeout(() => { this.isWaiting = false; this.load(); }, 250);
    }

    /** Asks for the whole incident. */
    async load() {
        const id = this.id;
        if (!id) return;
        this.node.dataset.loading = "true";
        try {
            const detail = await api.incident(id);
            if (id !== this.id) return;
            this.detail = detail;
            this.problem = null;
            if (detail.case) this.#loadTold(id);
        } catch (error) {
            if (id !== this.id) return;
            if (error.status === 401) this.page.ended();
            this.problem = problemText(error);
        }
        this.node.dataset.loading = "false";
        this.#fill();
    }

    /** Asks who was told; without an answer the rest of the drawer stands. */
    async #loadTold(id) {
        const rows = await api.receipts(id).catch(() => null);
        if (id !== this.id || !rows) return;
        this.receiptRows = rows;
        this.#fill();
    }

    /** Files the incident; a second press while the first is on its way does nothing. */
    async file() {
        const id = this.id;
        if (!id || !this.mayFile || this.filing || !isFileable(this.item)) return;
        this.filing = true;
        this.fileProblem = null;
        this.#fill();
        try {
            const filed = await api.fileIncident(id);
            this.page.filed(filed);
        } catch (error) {
            if (id === this.id) this.fileProblem = `${problemText(error)} ${t("file.notDone")}`;
        }
        if (id !== this.id) return;
        this.filing = false;
        await this.load();
    }

    /** Writes everything again, for another language. */
    render() {
        if (!this.id) return;
        const top = this.body.scrollTop;
        this.pictureKey = null;
        this.#build();
        this.body.scrollTop = top;
    }

    #build() {
        this.film?.close();
        const part = (name) => (this[name] = el("div", { class: `drawer-${name}` }));
        this.body = el("div", { class: "drawer-body", role: "region", tabindex: "0", "aria-label": t("drawer.label") }, part("where"), part("picture"), part("moving"), part("restored"), part("why"), part("trust"), part("receipts"), part("told"), part("case"), part("acts"), part("ties"));
        this.caseActs = new CaseActs(this.acts, { done: () => this.load() });
        this.film = new FilmPart(this.moving);
        this.head = el("header", { class: "drawer-head" });
        this.foot = el("footer", { class: "drawer-foot" });
        this.node.replaceChildren(this.head, this.body, this.foot);
        this.#fill();
    }

    #fill() {
        const { item, detail } = this;
        const whole = detail ? { ...detail, ...item } : item;
        replaceWhenChanged(this.head, [
            badge(item.priority),
            el("div", { class: "drawer-title" }, el("h2", {}, word("category", item.category)), el("p", {}, placeText(item))),
            stateChip(item.case?.state ?? "none"),
            el("button", { type: "button", class: "quiet drawer-close", "data-role": "drawer-close", "aria-label": t("drawer.close"), onclick: () => this.page.close() }, el("kbd", {}, "Esc"), el("span", { class: "drawer-cross", "aria-hidden": "true" }, "✕")),
        ]);
        this.#fillPicture(whole);
        if (detail) {
            this.film.show(whole);
            replaceWhenChanged(this.where, [wherePart(whole)].filter(Boolean));
            replaceWhenChanged(this.restored, [restoredPart(whole)].filter(Boolean));
            replaceWhenChanged(this.why, [whyPart(whole)]);
            replaceWhenChanged(this.trust, [trustPart(whole)]);
            replaceWhenChanged(this.receipts, [receiptsPart(whole)]);
            replaceWhenChanged(this.told, [toldPart(this.receiptRows, whole.case_detail)].filter(Boolean));
            replaceWhenChanged(this.case, [casePart(whole)]);
            this.caseActs.show(whole.case_detail);
            replaceWhenChanged(this.ties, tieParts(whole.case_detail, (action, wish) => this.caseActs.begin(action, wish)));
        } else {
            replaceWhenChanged(this.why, this.problem
                ? [el("p", { class: "problem" }, this.problem), el("button", { type: "button", onclick: () => this.load() }, t("retry"))]
                : [1, 2, 3, 4].map(() => el("div", { class: "skeleton-line" })));
        }
        this.#fillFoot();
    }

    #fillPicture(whole) {
        const url = whole.has_snapshot ? this.detail?.snapshot_url ?? `/api/incidents/${encodeURIComponent(whole.id)}/snapshot.jpg` : null;
        // The box comes with the detail; until then the place for the picture is kept.
        const key = this.detail || !url ? `${url}|${this.detail?.box}|${this.detail?.evidence_deleted_at}` : null;
        if (key === null || key === this.pictureKey) return;
        this.pictureKey = key;
        const alt = t("picture.alt", { camera: whole.camera.name, time: timeText(whole.first_seen) });
        const deleted = this.detail?.evidence_deleted_at;
        this.picture.replaceChildren(pictureFigure({ url, box: this.detail?.box, alt, absent: deleted ? t("picture.deleted", { time: timeText(deleted, { seconds: false }) }) : undefined }));
    }

    #fillFoot() {
        const canFile = this.mayFile && isFileable(this.item);
        const nodes = [];
        if (this.fileProblem) nodes.push(el("p", { class: "problem", role: "alert" }, this.fileProblem));
        if (canFile || this.filing) {
            nodes.push(el("button", { type: "button", class: "primary", "data-role": "file", "aria-keyshortcuts": "F", disabled: this.filing, onclick: () => this.file() },
                this.filing ? t("file.sending") : t("file"), this.filing ? null : el("kbd", {}, "F")));
        }
        this.foot.hidden = nodes.length === 0;
        replaceWhenChanged(this.foot, nodes);
    }
}

/** Replaces children only when they would look different, and gives the focus back to the same control. */
function replaceWhenChanged(node, children) {
    if (node.childNodes.length === children.length && children.every((child, index) => child.isEqualNode(node.childNodes[index]))) return;
    const focused = node.contains(document.activeElement) ? document.activeElement.dataset.role : null;
    node.replaceChildren(...children);
    if (focused) node.querySelector(`[data-role="${focused}"]`)?.focus();
}
