// One case as a card on the phone: badge, what, where in words, since when, state, and exactly one primary button.
//
// For tests: article[data-role=case-card] carries data-no, data-state, data-version; its button is [data-role=primary][data-action].

import { badge, stateChip } from "./badges.js";
import { ageText, serverNow, timeText } from "./clock.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";
import { problemText } from "./places.js";
import { nextTask, ownTasks, taskAction, taskChip, taskDue, waitingLine } from "./worktasks.js";

/** What a tap on the primary button does next, of what the reader may do; nil when nothing is left to do. */
export function primaryAction(item) {
    return ["acknowledge", "handle", "submit_result"].find((action) => item.actions?.includes(action)) ?? null;
}

/** Township, village, grid and camera in words, the nearest first. */
export function placeLines(item) {
    const near = item.place_text || [item.township, item.village, item.grid?.name].filter(Boolean).join("·") || t("place.unbound");
    const parts = near.split("·");
    return parts.length > 1 ? [parts.at(-1), parts.slice(0, -1).join(" · ")] : [near, ""];
}

/** By when the next step is due, and whether that has passed; nothing when no clock runs. */
export function dueLine(item) {
    const [clock, at] = Object.entries(item.due ?? {}).sort((a, b) => (a[1] < b[1] ? -1 : 1))[0] ?? [];
    if (!clock) return null;
    const time = timeText(at, { seconds: false });
    const isLate = Date.parse(at) < serverNow();
    return el("p", { class: "case-due", "data-role": "due", "data-clock": clock, "data-late": String(isLate) }, `${t(`clock.${clock}`)} ${isLate ? t("clock.late", { time }) : time}`);
}

/** What was done, and to which task where it was one. */
const deedName = (deed) => [deed.task && t("tasks.own", { n: deed.task }), t(`act.${deed.action}`)].filter(Boolean).join(" · ");

/** The sentence about the last deed on a case, if there is one to say. */
export function deedLine(deed) {
    if (!deed) return null;
    const line = (text, extra) => el("p", { class: `deed deed-${deed.state}`, "data-role": "deed", "data-deed": deed.state, role: "status" }, text, extra);
    if (deed.state === "sending") return line(t("act.sending"));
    if (deed.state === "delivered") return line(`${deedName(deed)} · ${t("act.delivered", { time: timeText(deed.at, { seconds: false }) })}`);
    if (deed.state === "failed") return line(`${problemText(deed.error)} ${deed.error.kind === "network" || deed.error.status >= 500 ? t("act.notDelivered") : ""}`);
    return null;
}

/** The sentence of a conflict: who did what and when, and what became of the reader's own deed. */
export function conflictText(deed, hasDraft) {
    if (deed.isGone) return t("conflict.gone");
    const { latest } = deed;
    const text = latest
        ? t("conflict", { who: latest.role === "system" ? t("role.system") : latest.actor_name || latest.actor, time: timeText(latest.at), what: word("done", latest.action) })
        : t("conflict.plain");
    return hasDraft ? `${text}${t("conflict.keptNote")}` : text;
}

/** The label of the primary button. */
export const primaryLabel = (action, deed) => (deed?.state === "sending" && deed.action === action ? t("act.sending") : t(`act.${action}`));

/** The card of a case in the list. */
export function caseCard(item, deed, page) {
    const task = nextTask(item, page.user);
    // Whose case it is does that first; a task of theirs waits inside.
    const action = primaryAction(item) ?? (task && taskAction(task));
    const named = primaryAction(item) ? null : task?.task;
    const mine = ownTasks(item, page.user);
    const isGuest = item.assignee?.id !== page.user && mine.length > 0;
    const [near, far] = placeLines(item);
    const open = () => page.open(item.no);
    return el("article", { class: "card", "data-role": "case-card", "data-no": item.no, "data-state": item.state, "data-version": item.version, "data-drill": item.drill || null },
        el("button", { type: "button", class: "card-face", onclick: open, "aria-label": `${t(`priority.${item.priority}`)} ${word("category", item.category)} ${near}` },
            el("span", { class: "card-head" }, badge(item.priority), el("strong", {}, word("category", item.category)), item.drill && el("span", { class: "flag" }, t("flag.drill")), isGuest ? taskChip(task ?? mine.at(-1)) : stateChip(item.state)),
            el("span", { class: "card-near" }, near), el("span", { class: "card-far" }, far),
            el("span", { class: "card-time" }, `${t("work.opened", { time: timeText(item.opened_at, { seconds: false }) })} · ${ageText(item.opened_at)}`)),
        ...mine.filter(taskAction).map((one) => el("div", { class: "card-task", "data-role": "card-task", "data-task": one.task }, el("strong", {}, t("tasks.own", { n: one.task })), el("p", {}, one.note), taskDue(one))),
        waitingLine(item, page.user),
        deedLine(deed),
        deed?.state === "conflict" && el("div", { class: "conflict", "data-role": "conflict", role: "alert" }, el("p", {}, conflictText(deed, page.hasDraft(item.no, deed.task))),
            el("button", { type: "button", "data-role": "conflict-ok", onclick: () => page.forget(item.no) }, t("conflict.ok"))),
        action && el("button", { type: "button", class: "primary", "data-role": "primary", "data-action": action, disabled: deed?.state === "sending", onclick: () => page.primary(item, action, named) }, primaryLabel(action, deed)));
}
