// Marks that carry meaning by form: priority (numeral + shape), state of a case, state of a camera's picture.

import { el, svg } from "./dom.js";
import { t, word } from "./i18n.js";

const shapes = {
    1: () => svg("polygon", { points: "8.4,0.6 19.6,0.6 27.4,8.4 27.4,19.6 19.6,27.4 8.4,27.4 0.6,19.6 0.6,8.4", class: "shape" }),
    2: () => svg("polygon", { points: "14,0.6 27.6,26.4 0.4,26.4", class: "shape" }),
    3: () => svg("polygon", { points: "14,-0.6 28.6,14 14,28.6 -0.6,14", class: "shape" }),
    4: () => svg("circle", { cx: 14, cy: 14, r: 13.4, class: "shape" }),
};

/**
 * The badge of a priority: 1 octagon, 2 triangle, 3 diamond, 4 circle, each with its numeral.
 * @param {number} priority @param {string} [size] `small` or nothing
 */
export function badge(priority, size = "") {
    const known = shapes[priority] ? priority : 4;
    const numeral = svg("text", { x: 14, y: known === 2 ? 23.6 : 19.4, class: "numeral" }, String(known));
    return el("span", { class: `badge ${size}`.trim(), "data-priority": known, role: "img", "aria-label": t(`priority.${known}`) },
        svg("svg", { viewBox: "0 0 28 28", "aria-hidden": "true" }, shapes[known](), numeral));
}

/** Where the work of a case stands, as a small circle that fills: given out ○, answered ◔, at work ◑, done ✓. */
function progress(state) {
    const ring = () => svg("circle", { cx: 6, cy: 6, r: 4.8 });
    const parts = {
        dispatched: () => [ring()],
        acknowledged: () => [ring(), svg("path", { d: "M6 6V1.200A4.800 4.800 0 0 1 10.800 6z", class: "full" })],
        handling: () => [ring(), svg("path", { d: "M6 1.200a4.800 4.800 0 0 1 0 9.600z", class: "full" })],
        handled: () => [svg("path", { d: "M1.500 6.500 4.700 9.500 10.500 2.500" })],
        closed: () => [svg("path", { d: "M1.500 6.500 4.700 9.500 10.500 2.500" })],
    };
    return parts[state]?.() ?? [svg("path", { d: "M2 6h8" })];
}

/**
 * The chip that says where a case stands; `none` says that nobody has filed one.
 * @param {string} state @param {string} [text] instead of the plain word
 */
export function stateChip(state, text = word("state", state)) {
    return el("span", { class: "chip", "data-state": state }, svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, ...progress(state)),
        el("span", {}, text));
}
