// What a case has to do with: the incidents that joined it, the tasks of others, cases that may be the same matter or were.
//
// For tests: [data-role=part-incidents], [data-role=task][data-task], [data-role=duplicate][data-no], [data-role=merged][data-no];
// their buttons are [data-role=tie-act][data-action].

import { stateChip } from "./badges.js";
import { timeText } from "./clock.js";
import { section } from "./drawerparts.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";

/** Incidents listed; the rest is a number. */
const listed = 8;

/** A button that begins an act on this case or on one it has to do with. */
const button = (action, begin, wish = {}) =>
    el("button", { type: "button", "data-role": "tie-act", "data-action": action, onclick: () => begin(action, wish) }, word("act", action));

/** The parts of a case that has such ties; nothing where there are none. `begin(action, {subject, fixed})` opens the form of an act. */
export function tieParts(item, begin) {
    if (!item) return [];
    return [incidentsPart(item), tasksPart(item, begin), linksPart(item), mergedPart(item, begin), duplicatesPart(item, begin)].filter(Boolean);
}

function incidentsPart(item) {
    const list = item.incidents ?? [];
    if (list.length < 2) return null;
    const more = item.incident_count - Math.min(list.length, listed);
    return section("incidents", t("ties.incidents", { n: item.incident_count }), el("ul", { class: "ties" },
        ...list.slice(0, listed).map((one) => el("li", {}, el("time", { datetime: one.first_seen }, timeText(one.first_seen)), el("span", {}, one.camera.name), el("span", { class: "muted" }, t(`phase.${one.phase}`)))),
        more > 0 && el("li", { class: "muted" }, t("ties.more", { n: more }))));
}

function tasksPart(item, begin) {
    if ((item.tasks ?? []).length === 0) return null;
    return section("tasks", t("ties.tasks"), el("ul", { class: "ties" }, ...item.tasks.map((task) =>
        el("li", { "data-role": "task", "data-task": task.task, "data-state": task.state },
            el("strong", {}, `${task.task} · ${task.assignee.name}`), el("span", { class: "muted" }, t(`task.${task.state}`)),
            task.due && el("span", { class: "muted" }, task.late ? t("clock.late", { time: timeText(task.due) }) : `${t("clock.handle")} ${timeText(task.due)}`),
            el("p", {}, task.note), task.reference && el("span", { class: "muted" }, t("case.reference", { no: task.reference })), task.answer && el("p", { class: "note" }, task.answer),
            ...(task.actions ?? []).map((action) => button(action, begin, { fixed: { task: task.task } }))))));
}

function linksPart(item) {
    const lines = [
        item.recurrence_of && t("ties.recurrenceOf", { no: item.recurrence_of }), item.merged_into && t("ties.mergedInto", { no: item.merged_into }),
        ...(item.recurrences ?? []).map((one) => t("ties.recurrence", { no: one.no, time: timeText(one.opened_at) })),
    ].filter(Boolean);
    return lines.length > 0 ? section("links", t("ties.links"), ...lines.map((line) => el("p", { class: "note" }, line))) : null;
}

function mergedPart(item, begin) {
    if ((item.merged ?? []).length === 0) return null;
    const mayUndo = (item.actions ?? []).includes("remind");
    return section("merged", t("ties.merged"), el("ul", { class: "ties" }, ...item.merged.map((one) =>
        el("li", { "data-role": "merged", "data-no": one.no, "data-version": one.version }, el("strong", {}, one.no), el("span", { class: "muted" }, one.place_text),
            mayUndo && button("unmerge", begin, { subject: one })))));
}

function duplicatesPart(item, begin) {
    if ((item.duplicates ?? []).length === 0) return null;
    const mayMerge = (item.actions ?? []).includes("merge");
    return section("duplicates", t("ties.duplicates"), el("ul", { class: "ties" }, ...item.duplicates.map((one) =>
        el("li", { "data-role": "duplicate", "data-no": one.no, "data-version": one.version }, el("strong", {}, one.no), stateChip(one.state), el("span", { class: "muted" }, likeness(one)),
            mayMerge && one.mergeable && button("merge", begin, { fixed: { into: one.no, into_version: one.version } })))));
}

/** Why two cases may be one matter. */
function likeness(one) {
    const where = one.distance_m === null ? t("ties.sameGrid") : t("ties.metres", { m: one.distance_m });
    return `${where} · ${t(one.minutes < 0 ? "ties.after" : "ties.before", { n: Math.abs(one.minutes) })}`;
}
