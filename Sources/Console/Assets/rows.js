// **incident → row**: one line pair of the feed, made once and written in place from then on.
//
// For tests: article[data-role=row] carries data-id, data-priority, data-phase, data-case (state or "none"), data-case-no, data-selected.

import { badge, stateChip } from "./badges.js";
import { ageText, timeText } from "./clock.js";
import { el, setText } from "./dom.js";
import { isOngoing } from "./feed.js";
import { t, word } from "./i18n.js";
import { cameraText, placeText } from "./places.js";

/** Makes the empty row of an incident; `patchRow` fills it. */
export function makeRow(item) {
    const cell = (name, tag = "span") => el(tag, { class: `row-${name}`, "data-cell": name });
    return el("article", { class: "row", "data-role": "row", "data-id": item.id, tabindex: "-1", "aria-setsize": "-1" },
        el("span", { class: "row-badge", "data-cell": "badge" }),
        el("div", { class: "row-main" },
            el("div", { class: "row-line" }, cell("category", "strong"), cell("count"), cell("phase"), cell("flags")),
            el("div", { class: "row-line row-second" }, cell("place"), cell("camera"))),
        el("div", { class: "row-side" },
            el("div", { class: "row-line" }, cell("age"), cell("time", "time")),
            el("div", { class: "row-line" }, cell("chip"))));
}

/**
 * Writes the state of an incident into its row.
 * @param {HTMLElement} row @param {object} item @param {number} index @param {{total: number, selected: boolean, isCurrent: boolean}} view
 */
export function patchRow(row, item, index, view) {
    const cells = row.cells ??= Object.fromEntries([...row.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));
    const state = item.case?.state ?? "none";
    set(row, "priority", item.priority);
    set(row, "phase", item.phase);
    set(row, "case", state);
    set(row, "caseNo", item.case?.no ?? "");
    set(row, "selected", view.selected);
    set(row, "drill", Boolean(item.drill));
    set(row, "ongoing", isOngoing(item));
    row.setAttribute("aria-posinset", index + 1);
    row.setAttribute("aria-setsize", view.total);
    row.setAttribute("aria-current", view.selected);
    row.tabIndex = view.isCurrent ? 0 : -1;
    const category = word("category", item.category);
    setText(cells.category, category);
    setText(cells.count, item.count > 1 ? `×${item.count}` : "");
    cells.count.title = item.count > 1 ? t("row.count", { n: item.count }) : "";
    setText(cells.place, placeText(item));
    setText(cells.camera, cameraText(item));
    setText(cells.age, ageText(item.first_seen));
    setText(cells.time, timeText(item.first_seen));
    cells.time.setAttribute("datetime", item.first_seen);
    setText(cells.phase, isOngoing(item) ? t("phase.ongoing") : word("phase", item.phase));
    const drawn = `${item.priority}|${state}|${item.drill}|${item.proposed}|${item.restored}|${t("language.code")}`;
    if (row.drawn !== drawn) {
        row.drawn = drawn;
        cells.badge.replaceChildren(badge(item.priority));
        cells.chip.replaceChildren(stateChip(state));
        cells.flags.replaceChildren(
            ...[item.drill && t("flag.drill"), item.proposed && t("flag.proposed"), item.restored && t("flag.restored")].filter(Boolean).map((text) => el("span", { class: "flag" }, text)));
    }
    row.setAttribute("aria-label", [t(`priority.${item.priority}`), category, placeText(item), cameraText(item), timeText(item.first_seen), word("state", state)].filter(Boolean).join(", "));
}

/** Writes only what passes with time. */
export function tickRow(row, item) {
    if (row.cells) setText(row.cells.age, ageText(item.first_seen));
}

function set(row, name, value) {
    const text = String(value);
    if (row.dataset[name] !== text) row.dataset[name] = text;
}
