// One case on the phone: where, what it looked like, what happened, and the two or three things its gridworker can do.
//
// The parts are made once; a text that is being written is never replaced under the finger.

import * as api from "./api.js";
import { badge, stateChip } from "./badges.js";
import { ageText, timeText } from "./clock.js";
import { noteLimit } from "./deeds.js";
import { el, setText } from "./dom.js";
import { timeline } from "./timeline.js";
import { t, word } from "./i18n.js";
import { pictureFigure } from "./picture.js";
import { problemText } from "./places.js";
import { conflictText, deedLine, dueLine, placeLines, primaryAction, primaryLabel } from "./workcards.js";
import { othersParts, OwnTasks } from "./worktasks.js";

const results = ["seen", "rectified", "no_trace"];
const reasons = ["wrong_grid", "professional", "no_access", "unsafe", "nothing_found"];

/** The case view. For tests: data-no, data-state; [data-role=note], [data-role=result], [data-role=primary], [data-role=return], [data-role=reason][data-reason]. */
export class CaseView {
    /** @param {HTMLElement} node @param {import("./deeds.js").Deeds} deeds @param {{back: () => void}} page */
    constructor(node, deeds, page) {
        this.node = node;
        this.deeds = deeds;
        this.page = page;
    }

    /** Shows a case: what the list knows at once, then the rest. */
    async open(item) {
        const isSame = this.item?.no === item.no;
        this.item = item;
        if (!isSame) {
            this.detail = null;
            this.isReturning = false;
            this.problem = null;
            this.isRestored = this.deeds.draft(item.no) !== "";
            this.#build();
            this.#picture(item);
        }
        this.render();
        await this.load();
    }

    /** Leads to where words are needed: the result of the case, or of one of its tasks. */
    write(task) {
        if (task) this.ownTasks?.focus(task);
        else this.note?.focus();
    }

    close() { this.item = this.detail = null; this.node.replaceChildren(); }

    /** A newer state from the stream or from an act. */
    update(item) {
        if (this.item?.no !== item.no) return;
        const isNewer = item.version !== this.item.version;
        this.item = item;
        if (item.events) this.detail = item;
        this.render();
        if (isNewer && !item.events) this.load();
    }

    async load() {
        const { no } = this.item;
        try {
            const detail = await api.caseDetail(no);
            if (this.item?.no !== no) return;
            this.detail = detail;
            if (detail.version >= this.item.version) this.item = detail;
            this.problem = null;
        } catch (error) {
            if (this.item?.no !== no) return;
            this.problem = error.status === 404 ? t("conflict.gone") : problemText(error);
        }
        this.render();
    }

    #build() {
        const part = (name, tag = "div") => (this[`${name}Part`] = el(tag, { class: `case-${name}` }));
        this.note = el("textarea", { id: "note", "data-role": "note", rows: 4, maxlength: noteLimit, oninput: () => this.#typed() });
        this.note.value = this.deeds.draft(this.item.no);
        this.noteLine = el("p", { class: "note-line", "data-role": "note-line" });
        this.noteLabel = el("label", { for: "note" });
        this.result = el("select", { id: "result", "data-role": "result" }, ...results.map((result) => el("option", { value: result })));
        this.resultLabel = el("label", { for: "result" });
        part("deed").setAttribute("aria-live", "polite");
        this.noteBlock = el("div", { class: "note-block", hidden: true }, this.noteLabel, this.note, this.noteLine, this.resultLabel, this.result);
        this.node.replaceChildren(part("head", "header"), part("place"), part("pic"), part("conflict"), part("own"), this.noteBlock, this.deedPart, part("act"), part("others"), part("log"));
        this.ownTasks = new OwnTasks(this.ownPart, this.deeds);
    }

    /** The picture is the incident's; when this reader may not see it there is simply none. */
    async #picture(item) {
        const detail = item.incident_ids?.[0] ? await api.incident(item.incident_ids[0]).catch(() => null) : null;
        if (this.item?.no !== item.no || !detail?.has_snapshot || !detail.snapshot_url) return;
        this.picPart.replaceChildren(pictureFigure({
            url: detail.snapshot_url, box: detail.box, alt: t("picture.alt", { camera: detail.camera.name, time: timeText(detail.first_seen) }),
        }));
    }

    #typed() {
        const isKept = this.deeds.keepDraft(this.item.no, this.note.value);
        this.isRestored = false;
        this.isMissing = false;
        this.#noteLine(isKept);
    }

    #noteLine(isKept = true) {
        const left = noteLimit - this.note.value.length;
        const text = this.isMissing ? t("note.missing") : this.isRestored ? t("note.restored") : this.note.value !== "" && isKept ? t("note.kept") : "";
        setText(this.noteLine, left < 200 ? `${text} ${t("note.left", { n: left })}`.trim() : text);
    }

    /** Writes the state of the case around the text field. */
    render() {
        const { item, deed } = { item: this.item, deed: this.item && this.deeds.of(this.item.no) };
        if (!item) return;
        this.node.dataset.no = item.no;
        this.node.dataset.state = item.state;
        this.node.dataset.version = item.version;
        const [near, far] = placeLines(item);
        this.headPart.replaceChildren(
            el("button", { type: "button", class: "back", "data-role": "back", onclick: () => this.page.back() }, `‹ ${t("work.back")}`), stateChip(item.state));
        this.placePart.replaceChildren(
            el("h1", {}, badge(item.priority), el("span", {}, word("category", item.category)), item.drill && el("span", { class: "flag" }, t("flag.drill"))),
            el("p", { class: "case-near" }, near), el("p", { class: "case-far" }, far),
            el("p", { class: "case-facts" }, `${item.no} · ${t("work.opened", { time: timeText(item.opened_at, { seconds: false }) })} · ${ageText(item.opened_at)}`),
            ...[dueLine(item)].filter(Boolean));
        this.conflictPart.replaceChildren(...(deed?.state === "conflict" ? [this.#conflict(deed)] : []));
        this.deedPart.replaceChildren(...[this.problem && el("p", { class: "problem" }, this.problem), deedLine(deed)].filter(Boolean));
        const isForResult = item.actions?.includes("submit_result");
        this.noteBlock.hidden = !isForResult;
        this.ownTasks.render(item, deed);
        setText(this.noteLabel, t("note.label"));
        this.note.placeholder = t("note.placeholder");
        setText(this.resultLabel, t("result.label"));
        for (const option of this.result.options) setText(option, t(`result.${option.value}`));
        if (deed?.state === "delivered" && !deed.task && this.deeds.draft(item.no) === "") this.note.value = "";
        this.note.disabled = deed?.state === "sending";
        this.#noteLine();
        this.actPart.replaceChildren(...(this.isReturning ? this.#returning() : this.#actions(deed)));
        this.othersPart.replaceChildren(...othersParts(item, this.deeds.user));
        if (this.detail) this.logPart.replaceChildren(el("h2", {}, t("case.timeline")), timeline(this.detail.events ?? []));
    }

    #conflict(deed) {
        return el("div", { class: "conflict", "data-role": "conflict", role: "alert" }, el("p", {}, conflictText(deed, (deed.task ? this.ownTasks.text(deed.task) : this.note.value.trim()) !== "")),
            el("button", { type: "button", "data-role": "conflict-ok", onclick: () => this.deeds.forget(this.item.no) }, t("conflict.ok")));
    }

    #actions(deed) {
        const { item } = this;
        const isSending = deed?.state === "sending";
        const first = primaryAction(item);
        // Whoever writes a result has begun: the text field and its button go together.
        const list = [first, item.actions?.includes("submit_result") ? "submit_result" : null].filter((action, index, all) => action && all.indexOf(action) === index);
        const nodes = list.map((action, index) => el("button", {
            type: "button", class: index === 0 ? "primary" : "", "data-role": index === 0 ? "primary" : "secondary", "data-action": action, disabled: isSending, onclick: () => this.act(action),
        }, deed?.state === "failed" && deed.action === action ? t("act.again") : primaryLabel(action, deed)));
        if (item.actions?.includes("return")) nodes.push(el("button", { type: "button", "data-role": "return", disabled: isSending, onclick: () => this.#return(true) }, t("act.return")));
        return nodes;
    }

    #returning() {
        return [el("h2", {}, t("return.title")),
            ...reasons.map((reason) => el("button", { type: "button", "data-role": "reason", "data-reason": reason, onclick: () => this.#sendReturn(reason) }, t(`return.${reason}`))),
            el("button", { type: "button", class: "quiet", "data-role": "return-cancel", onclick: () => this.#return(false) }, t("return.cancel"))];
    }

    #missing() {
        this.isMissing = true;
        this.#noteLine();
        this.note.focus();
    }

    #return(isOn) { this.isReturning = isOn; this.render(); }

    #sendReturn(reason) {
        this.isReturning = false;
        this.deeds.send(this.item, "return", reason);
    }

    /** Does the action; a result needs words first. */
    act(action) {
        const note = this.note.value.trim();
        if (action === "submit_result" && note === "") return this.#missing();
        const isResult = action === "submit_result";
        this.deeds.send(this.item, action, isResult ? note : "", isResult ? { result: this.result.value } : {});
    }
}
