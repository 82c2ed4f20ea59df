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

const openStates = new Set(["dispatched", "acknowledged", "handling"]);
const submittedStates = new Set(["handled", "inspecting"]);

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
            isNews ||= !this.cases.has(change.case.no) && this.#isMine(change.case) && openStates.has(change.case.state);
            this.deeds.settle(change.case);
            this.#put(change.case);
            this.caseView.update(this.cases.get(change.case.no) ?? change.case);
        }
        // After a touch the phone may shake; before one the browser refuses without harm.
        if (isNews) navigator.vibrate?.(200);
        if (isNews) setText(role("status"), t("work.fresh"));
        this.draw();
    }

    #isMine(item) { return item.assignee?.id === this.account?.user; }

    /** Takes a state unless a newer one is known; a case that went to someone else leaves the list. */
    #put(item) {
        const known = this.cases.get(item.no);
        if (known && known.version > item.version) return;
        if (this.#isMine(item) && (openStates.has(item.state) || submittedStates.has(item.state))) this.cases.set(item.no, item);
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

    hasDraft(no) { return this.deeds.draft(no) !== ""; }
    forget(no) { this.deeds.forget(no); }

    /** The one button of a card: a result needs words, so it leads to where they are written. */
    primary(item, action) {
        if (action !== "submit_result") return this.deeds.send(item, action);
        this.open(item.no);
        requestAnimationFrame(() => this.caseView.note?.focus());
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
        return [...this.cases.values()].filter((item) => openStates.has(item.state))
            .sort((a, b) => a.priority - b.priority || (a.opened_at < b.opened_at ? -1 : 1));
    }

    /** Lists and case again. Cards that say the same keep their nodes, so that a tap never hits a button that was just replaced. */
    draw() {
        const todo = this.#todo();
        const done = [...this.cases.values()].filter((item) => submittedStates.has(item.state)).sort((a, b) => (a.opened_at < b.opened_at ? 1 : -1));
        this.#drawList(role("todo"), todo);
        this.#drawList(role("done"), done);
        role("done-section").hidden = done.length === 0;
        setText(role("todo-count"), this.hasLoaded ? String(todo.length) : "");
        setText(role("grids"), [...new Set([...this.cases.values()].map((item) => [item.township, item.grid?.name].filter(Boolean).join(" ")))].slice(0, 2).join(t("list.comma")) || (this.account?.grids ?? []).join(" "));
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
