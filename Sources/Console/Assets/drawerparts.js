// The parts of the drawer, each from an incident's detail to a node: why it fired, trust, receipts, case.

import { stateChip } from "./badges.js";
import { deltaText, spanText, timeText } from "./clock.js";
import { el } from "./dom.js";
import { isOngoing } from "./feed.js";
import { t, word } from "./i18n.js";
import { isOurOwn } from "./places.js";
import { reasonText, whyNot } from "./reasons.js";
import { timeline } from "./timeline.js";

/** The clocks of a case in the order in which they run. */
const clocks = ["file", "dispatch", "acknowledge", "arrive", "handle", "inspect"];

/** A part of a drawer with its heading. */
export const section = (name, title, ...children) =>
    el("section", { class: `part part-${name}`, "data-role": `part-${name}` }, el("h3", {}, title), ...children);

/** Names and values; what is nothing is left out. */
export const pairs = (list) => el("dl", { class: "pairs" }, ...list.filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

/** Where it is, in words, and how sure that is. */
export function wherePart(detail) {
    const { resolution } = detail;
    if (isOurOwn(detail)) return null;
    const lines = [el("p", { class: "where-camera" }, detail.camera.name)];
    if (!detail.grid) lines.push(el("p", { class: "note" }, t("place.unboundLong")));
    if (resolution?.near_border) {
        const others = (resolution.neighbours ?? []).map((grid) => grid.name).join(t("list.comma"));
        const metres = Math.round(resolution.distance_m ?? 0);
        lines.push(el("p", { class: "note", "data-role": "near-border" }, others ? t("place.border", { m: metres, others }) : t("place.borderOnly", { m: metres })));
    }
    if (resolution?.camera_moved_m) lines.push(el("p", { class: "note" }, t("place.moved", { m: Math.round(resolution.camera_moved_m) })));
    return el("div", { class: "where" }, ...lines);
}

/** Why it fired, the most important fact first. */
export function whyPart(detail) {
    const list = detail.reason ?? [];
    return section("why", t("part.why"),
        list.length > 0 ? el("ol", { class: "reasons" }, ...list.map((reason) => el("li", {}, reasonText(reason)))) : el("p", { class: "muted" }, t("why.none")));
}

/** Who made it of suppressed evidence, and why the machine had not told; nothing for what a machine reported. */
export function restoredPart(detail) {
    const { restoration } = detail;
    if (!restoration) return null;
    return section("restored", t("part.restored"), el("p", { class: "note" }, t("doubt.because", { why: whyNot(restoration.suppressed) })), pairs([
        [t("restored.by"), restoration.name || restoration.by], [t("restored.at"), timeText(restoration.at)], [t("restored.note"), restoration.note],
    ]));
}

/** What a person needs to believe or doubt it. */
export function trustPart(detail) {
    const { resolution } = detail;
    const end = isOngoing(detail) ? t("phase.ongoing") : word("phase", detail.phase);
    return section("trust", t("part.trust"), pairs([
        [t("trust.first"), timeText(detail.first_seen)],
        [t("trust.last"), `${timeText(detail.last_seen)} · ${end}`],
        [t("trust.span"), spanText(Date.parse(detail.last_seen) - Date.parse(detail.first_seen))],
        [t("trust.count"), t("trust.countValue", { n: detail.count, score: detail.score })],
        resolution && !isOurOwn(detail) && [t("trust.grid"), [word("method", resolution.method), detail.grid?.code, resolution.grid_set && t("trust.gridSet", { v: resolution.grid_set.split("-")[0] })].filter(Boolean).join(" · ")],
        !isOurOwn(detail) && [t("trust.camera"), detail.camera.id],
        !isOurOwn(detail) && [t("trust.place"), `${detail.place.lon.toFixed(6)}, ${detail.place.lat.toFixed(6)}`],
    ]));
}

/** The way from the camera to the gridworker: when each step was reached, as seconds after the first. */
export function receiptsPart(detail) {
    const receipts = detail.receipts ?? {};
    const steps = ["detected", "published", "accepted", "case", "pushed", "delivered", "opened", "acknowledged"];
    return section("receipts", t("part.receipts"), el("ol", { class: "receipts" }, ...steps.map((step) => {
        const at = receipts[step];
        const text = !at ? "–" : step === "detected" || !receipts.detected ? timeText(at) : deltaText(receipts.detected, at);
        return el("li", { "data-step": step, "data-reached": String(Boolean(at)), title: at ? timeText(at) : t("receipt.notYet") },
            el("span", {}, t(`receipt.${step}`)), el("strong", {}, text));
    })));
}

/** The case with its log; nothing when nobody has filed one. */
export function casePart(detail) {
    const item = detail.case_detail;
    if (!item) return section("case", t("part.case"), el("p", { class: "muted" }, detail.proposed ? t("case.proposed") : t("case.none")));
    const holder = item.assignee?.name ?? word("owner", item.owner);
    const others = (item.incident_ids?.length ?? 1) - 1;
    return section("case", t("part.case"),
        el("div", { class: "case-head" }, el("strong", { class: "case-no", "data-role": "case-no" }, item.no), stateChip(item.state)),
        pairs([
            [t("case.holder"), holder],
            item.handling_grid && item.handling_grid !== item.grid?.code && [t("case.handling"), item.handling_grid],
            item.reference && [t("acts.reference"), item.reference],
            [t("case.opened"), timeText(item.opened_at)],
            ...clocks.filter((clock) => item.due?.[clock]).map((clock) =>
                [t(`clock.${clock}`), (item.late ?? []).includes(clock) ? t("clock.late", { time: timeText(item.due[clock]) }) : timeText(item.due[clock])]),
            item.suspended_until && item.state === "suspended" && [t("case.suspendedUntil"), timeText(item.suspended_until)],
            others > 0 && [t("case.incidents"), t("case.others", { n: others })],
        ]),
        timeline(item.events ?? []));
}
