// The gridworker's page, wired: stream → own cases → cards; taps → deeds → server. New cases come by themselves.

import * as api from "./api.js";
import { loadCatalogue } from "./catalogue.js";
import { serverNow, timeText } from "./clock.js";
import { Deeds } from "./deeds.js";
import { el, role, setText } from "./dom.js";
import { languageSwitch, onLanguage, suggestLanguage, t, translate } from "./i18n.js";
import { StatusLine, TabSign } from "./status.js";
import { Stream } from "./stream.js";
import { caseCard } from "./workcards.js";
import { CaseView } from "./workcase.js";
import { nextTask, ownTasks } from "./worktasks.js";

const openStates = new Set(["dispatched", "acknowledged", "handling"]);
const submittedStates = new Set(["handled", "inspecting"]);
/** States in which a finished task is still part of something. */
const jointStates = new Set(["filed", ...openStates, ...submittedStates, "suspended"]);

class WorkPage {
    cases = new Map();
    account = null;
    hasLoaded = false;

    constructor() {
        this.deeds = new Deeds({ changed: () => this.draw(), known: (no) => this.cases.get(no), done: (detail) => this.#took(detail), ended: () => this.stream.check() });
        this.caseView = new CaseView(role("case-view"), this.deeds, { back: () => this.#back() });
        this.stream = new Stream({ snapshot: () => this.#snapshot(), changed: (changes) => this.#changed(changes), moved: (status) => this.#moved(status) });
        this.status = new StatusLine({ retry: () => this.stream.retryNow() });
        this.sign = new TabSign();
    }

    start() {
        translate();
        languageSwitch(role("language"));
        onLanguage(() => { this.draw(); this.status.render(); });
        role("logout").addEventListener("click", () => api.logout().catch(() => {}).then(() => location.assign("/login")));
        addEventListener("hashchange", () => this.#route());
        setInterval(() => this.draw(), 30_000);
        this.draw();
        this.stream.start();
    }

    async #snapshot() {
        if (!this.account) {
            this.account = await api.me();
            this.deeds.user = this.account.user;
            suggestLanguage(this.account.language);
            loadCatalogue();
            setText(role("who"), this.account.name);
            // Only a name beside the worker's own: a phone without an answer does without.
            api.grids({ mine: 1 }).then(({ items }) => setText(role("grids"), items.map((grid) => `${grid.township} ${grid.name}`).join(t("list.comma"))), () => {});
        }
        const answer = await api.cases({ mine: 1, state: "open", limit: 500 });
        const listed = new Set(answer.items.map((item) => item.no));
        for (const no of this.cases.keys()) if (!listed.has(no)) this.cases.delete(no);
        for (const item of answer.items) { this.deeds.settle(item); this.#put(item); }
        this.hasLoaded = true;
        this.#route();
        this.draw();
        return answer.seq;
    }

    #changed(changes) {
        let isNews = false;
        for (const change of changes) {
            if (change.kind !== "case" || !change.case) continue;
            isNews ||= this.#place(change.case) === "todo" && this.#place(this.cases.get(change.case.no)) !== "todo";
            this.deeds.settle(change.case);
            this.#put(change.case);
            this.caseView.update(this.cases.get(change.case.no) ?? change.case);
        }
        // After a touch the phone may shake; before one the browser refuses without harm.
        if (isNews) navigator.vibrate?.(200);
        if (isNews) setText(role("status"), t("work.fresh"));
        this.draw();
    }

    /** Where a case stands for this reader: `todo`, `done` as far as it is theirs, or nowhere. */
    #place(item) {
        const user = this.account?.user;
        if (!item || !user) return null;
        const isHolder = item.assignee?.id === user;
        if ((isHolder && openStates.has(item.state)) || nextTask(item, user)) return "todo";
        if ((isHolder && submittedStates.has(item.state)) || (ownTasks(item, user).length > 0 && jointStates.has(item.state))) return "done";
        return null;
    }

    /** Takes a state unless a newer one is known; a case that went to someone else leaves the list. */
    #put(item) {
        const known = this.cases.get(item.no);
        if (known && known.version > item.version) return;
        if (this.#place(item)) this.cases.set(item.no, item);
        else this.cases.delete(item.no);
    }

    #took(detail) {
        this.#put(detail);
        this.caseView.update(detail);
        this.draw();
    }

    // MARK: what the worker does

    open(no) { location.hash = `c/${no}`; }

    #back() {
        // A case opened by its link has no list behind it in the history.
        if (this.cameFromList) history.back(); else location.hash = "";
    }

    get user() { return this.account?.user; }
    hasDraft(no, task) { return this.deeds.draft(no, task) !== ""; }
    forget(no) { this.deeds.forget(no); }

    /** The one button of a card: a result needs words, so it leads to where they are written. */
    primary(item, action, task) {
        if (action !== "submit_result" && action !== "complete_task") return this.deeds.send(item, action, "", task ? { task } : {});
        // After the page has turned to the case, which an earlier listener does.
        addEventListener("hashchange", () => this.caseView.write(task), { once: true });
        this.open(item.no);
    }

    #route() {
        if (!this.hasLoaded) return;
        const no = /^#c\/([\w-]+)$/.exec(location.hash)?.[1];
        const isCase = no !== undefined;
        if (isCase && !role("list-view").hidden) { this.listTop = scrollY; this.cameFromList = this.wasList; }
        this.wasList = !isCase;
        role("list-view").hidden = isCase;
        role("case-view").hidden = !isCase;
        if (isCase) {
            if (this.caseView.item?.no !== no) {
                this.caseView.open(this.cases.get(no) ?? { no, state: "", version: 0, category: "", priority: 4, incident_ids: [], actions: [] });
                scrollTo(0, 0);
                role("case-view").focus({ preventScroll: true });
            }
        } else if (this.caseView.item) {
            this.caseView.close();
            scrollTo(0, this.listTop ?? 0);
        }
        this.draw();
    }

    // MARK: what the page says

    #moved(status) {
        this.status.show(status);
        this.#signs();
    }

    #signs() { this.sign.show(`${t("work.title")} · ${t("brand")}`, this.#todo().length, this.status.status.state); }

    #todo() {
        return [...this.cases.values()].filter((item) => this.#place(item) === "todo")
            .sort((a, b) => a.priority - b.priority || (a.opened_at < b.opened_at ? -1 : 1));
    }

    /** Lists and case again. Cards that say the same keep their nodes, so that a tap never hits a button that was just replaced. */
    draw() {
        const todo = this.#todo();
        const done = [...this.cases.values()].filter((item) => this.#place(item) === "done").sort((a, b) => (a.opened_at < b.opened_at ? 1 : -1));
        this.#drawList(role("todo"), todo);
        this.#drawList(role("done"), done);
        role("done-section").hidden = done.length === 0;
        setText(role("todo-count"), this.hasLoaded ? String(todo.length) : "");
        this.#drawEmpty(todo.length);
        if (this.caseView.item) this.caseView.render();
        this.#signs();
    }

    #drawList(node, items) {
        const cards = items.map((item) => caseCard(item, this.deeds.of(item.no), this));
        const known = new Map([...node.children].map((card) => [card.dataset.no, card]));
        node.replaceChildren(...cards.map((card) => {
            const old = known.get(card.dataset.no);
            return old?.isEqualNode(card) && old.dataset.version === card.dataset.version ? old : card;
        }));
    }

    #drawEmpty(count) {
        const node = role("list-empty");
        node.hidden = count > 0;
        if (count > 0) return;
        if (!this.hasLoaded) return node.replaceChildren(el("p", {}, t("work.loading")));
        if (this.account && this.account.role !== "gridworker") return node.replaceChildren(el("p", {}, t("work.notWorker")), el("p", {}, el("a", { href: "/" }, t("work.toDesk"))));
        node.replaceChildren(el("p", { class: "empty-title" }, t("work.empty")), el("p", { class: "muted" }, t("work.emptyProof", { time: timeText(this.stream.status.dataAt ?? serverNow(), { seconds: false }) })));
    }
}

new WorkPage().start();
