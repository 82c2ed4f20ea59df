// **a detector's facts → sentences**. Detectors write short English facts with numbers; known shapes are said in the reader's language.

import { language, t } from "./i18n.js";

/** The shapes of Detectors/Words.swift; a fact of another shape is shown as it came. */
const shapes = [
    ["moved", /^moved (?<cells>[\d.]+) cells in (?<s>[\d.]+) s, seen at (?<hits>\d+) of (?<looks>\d+) looks$/],
    ["area", /^(?<p>[\d.]+ ?%) of the picture, (?<cells>\d+) cells$/],
    ["strength", /^(?<n>[\d.]+) times the threshold$/],
    ["removed", /^camera removed$/],
];

/**
 * One fact of `reason` as the reader reads it.
 * @param {string} fact
 */
export function reasonText(fact) {
    if (language() === "en") return fact;
    for (const [key, shape] of shapes) {
        const found = shape.exec(fact);
        if (found) return t(`reason.${key}`, found.groups ?? {});
    }
    return fact;
}
