// **joint handling on the phone**: this reader's own tasks of a case, each with its field and its button, and what the others still have.
//
// For tests: [data-role=own-task][data-task][data-state] holds [data-role=task-note] and [data-role=task-act][data-action];
// [data-role=tasks-waiting] says what is still open.

import { stateChip } from "./badges.js";
import { tieParts } from "./caseties.js";
import { serverNow, timeText } from "./clock.js";
import { noteLimit } from "./deeds.js";
import { el, setText } from "./dom.js";
import { t, word } from "./i18n.js";

/** The case states that a task's own states look like. */
const looks = { assigned: "dispatched", acknowledged: "acknowledged", done: "handled" };

/** The tasks of a case that this reader has or had. */
export const ownTasks = (item, user) => (item.tasks ?? []).filter((task) => task.assignee.id === user && task.state !== "withdrawn");

/** The one thing to do next with a task; nil when it is done. */
export const taskAction = (task) => (task.actions ?? [])[0] ?? null;

/** The first of this reader's tasks with something left to do. */
export const nextTask = (item, user) => ownTasks(item, user).find(taskAction) ?? null;

/** Where a task stands, in the form of a case. */
export const taskChip = (task) => stateChip(looks[task.state] ?? task.state, t(`task.${task.state}`));

/** The tasks that somebody else still has, in one sentence; nothing when none is. */
export function waitingLine(item, user) {
    const open = (item.tasks ?? []).filter((task) => task.assignee.id !== user && ["assigned", "acknowledged"].includes(task.state));
    if (open.length === 0) return null;
    const names = [...new Set(open.map((task) => task.assignee.name))].join(t("list.comma"));
    return el("p", { class: "tasks-waiting", "data-role": "tasks-waiting" }, t("tasks.waiting", { n: open.length, names }));
}

/** By when a task is due; nothing when no clock runs. */
export function taskDue(task) {
    if (!task.due) return null;
    const time = timeText(task.due, { seconds: false });
    const isLate = Date.parse(task.due) < serverNow();
    return el("p", { class: "case-due", "data-late": String(isLate) }, `${t("clock.handle")} ${isLate ? t("clock.late", { time }) : time}`);
}

/** The tasks of the open case. Fields are made once; a text that is being written is never replaced under the finger. */
export class OwnTasks {
    /** @param {HTMLElement} node @param {import("./deeds.js").Deeds} deeds */
    constructor(node, deeds) {
        Object.assign(this, { node, deeds });
        this.blocks = new Map();
    }

    /** What is written about a task and not sent. */
    text(task) { return this.blocks.get(task)?.note.value.trim() ?? ""; }

    focus(task) { this.blocks.get(task)?.note.focus(); }

    /** Writes the state of the tasks around their fields. */
    render(item, deed) {
        this.item = item;
        const open = ownTasks(item, this.deeds.user).filter(taskAction);
        for (const number of this.blocks.keys()) if (!open.some((task) => task.task === number)) this.blocks.delete(number);
        for (const task of open) this.#fill(this.blocks.get(task.task) ?? this.#make(task), task, deed);
        const nodes = open.map((task) => this.blocks.get(task.task).node);
        // Unchanged nodes stay where they are: moving one takes the focus from its field.
        if (nodes.length !== this.node.children.length || nodes.some((one, at) => this.node.children[at] !== one)) this.node.replaceChildren(...nodes);
    }

    #make({ task }) {
        const { no } = this.item;
        const id = `task-note-${task}`;
        const block = {
            head: el("div", { class: "own-task-head" }), label: el("label", { for: id }), line: el("p", { class: "note-line" }), isMissing: false,
            note: el("textarea", { id, "data-role": "task-note", rows: 3, maxlength: noteLimit, oninput: () => {
                const isKept = this.deeds.keepDraft(no, block.note.value, task);
                block.isMissing = false;
                setText(block.line, isKept && block.note.value !== "" ? t("note.kept") : "");
            } }),
            button: el("button", { type: "button", class: "primary", "data-role": "task-act", onclick: () => this.act(task) }),
        };
        block.note.value = this.deeds.draft(no, task);
        block.isRestored = block.note.value !== "";
        block.words = el("div", { class: "note-block" }, block.label, block.note, block.line);
        block.node = el("section", { class: "own-task", "data-role": "own-task", "data-task": task }, block.head, block.words, block.button);
        this.blocks.set(task, block);
        return block;
    }

    #fill(block, task, deed) {
        const action = taskAction(task);
        const isOurs = deed?.task === task.task;
        block.node.dataset.state = task.state;
        block.head.replaceChildren(...[el("h2", {}, t("tasks.own", { n: task.task }), taskChip(task)), el("p", { class: "own-task-what" }, task.note), taskDue(task)].filter(Boolean));
        block.words.hidden = action !== "complete_task";
        setText(block.label, t("tasks.answer"));
        block.note.placeholder = t("note.placeholder");
        block.note.disabled = isOurs && deed.state === "sending";
        if (block.isMissing) setText(block.line, t("tasks.answerMissing"));
        else if (block.isRestored) setText(block.line, t("note.restored"));
        block.button.dataset.action = action;
        block.button.disabled = deed?.state === "sending";
        setText(block.button, isOurs && deed.state === "sending" ? t("act.sending") : isOurs && deed.state === "failed" && deed.action === action ? t("act.again") : word("act", action));
    }

    /** Does the next thing to a task; finishing one needs words first. */
    act(number) {
        const block = this.blocks.get(number);
        const action = block.button.dataset.action;
        const note = block.note.value.trim();
        if (action === "complete_task" && note === "") {
            block.isMissing = true;
            setText(block.line, t("tasks.answerMissing"));
            return block.note.focus();
        }
        block.isRestored = false;
        return this.deeds.send(this.item, action, action === "complete_task" ? note : "", { task: number });
    }
}

/** What the others do, who has the case, and what came before; the reader's open tasks stand above. */
export function othersParts(item, user) {
    const tasks = (item.tasks ?? []).filter((task) => task.assignee.id !== user || !taskAction(task)).map((task) => ({ ...task, actions: [] }));
    const isGuest = item.assignee?.id !== user && ownTasks(item, user).length > 0;
    const holder = item.assignee?.name ?? word("owner", item.owner);
    return [
        isGuest && el("p", { class: "case-holder", "data-role": "case-holder" }, t("tasks.holder", { who: holder, state: word("state", item.state) })),
        waitingLine(item, user),
        ...tieParts({ ...item, tasks, incidents: [], merged: [], duplicates: [] }, () => {}),
    ].filter(Boolean);
}
