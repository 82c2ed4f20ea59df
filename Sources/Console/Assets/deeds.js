// **what a gridworker does → server**: one request per deed however often it is tapped, and nothing typed is ever lost.

import * as api from "./api.js";
import { serverNow } from "./clock.js";
import { keep, recall } from "./dom.js";

/** Longest note, as CaseMachine.noteLimit. */
export const noteLimit = 2_000;

/** What a case, or the task that was named, is after each action. */
const outcome = { acknowledge: "acknowledged", handle: "handling", submit_result: "handled", return: "filed", acknowledge_task: "acknowledged", complete_task: "done" };

/** What is being sent, what was delivered, what failed, per case; and the drafts of this account on this phone. */
export class Deeds {
    /** @param {{changed: (no: string) => void, known: (no: string) => object | undefined, done: (detail: object) => void, ended: () => void}} page */
    constructor(page) {
        this.page = page;
        this.byCase = new Map();
        this.user = "";
    }

    /** The state of the last deed on a case: `{state: sending|delivered|failed|conflict, action, task, at, error, latest}`. */
    of(no) { return this.byCase.get(no) ?? null; }

    forget(no) {
        this.byCase.delete(no);
        this.page.changed(no);
    }

    /**
     * Sends an action for the version that the reader saw. While one is on its way, further taps on the same case do nothing. `more.task`
     * names the task that it is about.
     * @returns {Promise<boolean>} true when the server has it
     */
    async send(item, action, note = "", more = {}) {
        if (this.of(item.no)?.state === "sending") return false;
        const { task } = more;
        this.#set(item.no, { state: "sending", action, task });
        try {
            this.#delivered(await api.act(item.no, action, item.version, note, more), action, task);
            return true;
        } catch (error) {
            if (error.status === 409) return this.#conflict(item, action, task);
            if (error.status === 401) this.page.ended();
            this.#set(item.no, { state: "failed", action, task, note, version: item.version, error });
            // The stream may have been faster than the failure.
            const known = this.page.known(item.no);
            if (known) this.settle(known);
            return this.of(item.no).state === "delivered";
        }
    }

    /** Someone was faster, or our own first attempt arrived and only its answer was lost. */
    async #conflict(item, action, task) {
        const detail = await api.caseDetail(item.no).catch(() => null);
        const mine = detail?.events?.find((event) => event.version > item.version && event.actor === this.user && event.action === action && (!task || event.detail?.task === task));
        if (mine) {
            this.#delivered(detail, action, task);
            return true;
        }
        this.#set(item.no, { state: "conflict", action, task, latest: detail?.events?.at(-1) ?? null, isGone: !detail });
        if (detail) this.page.done(detail);
        return false;
    }

    /** The stream shows that a deed without an answer has arrived after all: nobody but the assignee could have done it. */
    settle(item) {
        const deed = this.of(item.no);
        const { action, task } = deed ?? {};
        const state = task ? item.tasks?.find((one) => one.task === task)?.state : item.state;
        if (deed?.state !== "failed" || item.version <= deed.version || state !== outcome[action]) return;
        keep(this.#key(item.no, task), null);
        this.#set(item.no, { state: "delivered", action, task, at: Date.parse(item.updated_at) || serverNow() });
    }

    #delivered(detail, action, task) {
        keep(this.#key(detail.no, task), null);
        this.#set(detail.no, { state: "delivered", action, task, at: serverNow() });
        this.page.done(detail);
    }

    #set(no, deed) {
        this.byCase.set(no, deed);
        this.page.changed(no);
    }

    /** The unsent text for a case, or for one task of it. */
    draft(no, task) { return recall(this.#key(no, task)) ?? ""; }

    /** Keeps the text at each keystroke, before anything can go wrong; false when this phone refuses to store it. */
    keepDraft(no, text, task) { return keep(this.#key(no, task), text === "" ? null : text); }

    #key(no, task) { return `snowlight.draft.${this.user}.${no}${task ? `.${task}` : ""}`; }
}
