// The figures in the top bar, and what an empty list says: emptiness must prove that the system works.

import { badge } from "./badges.js";
import { timeText } from "./clock.js";
import { el, role, setText } from "./dom.js";
import { isActive, isOngoing } from "./feed.js";
import { t } from "./i18n.js";

const grouped = (number) => number.toLocaleString("en");
const streaming = (cameras) => cameras.filter((camera) => camera.state === "streaming").length;

/** Ongoing incidents by priority, cases at work, cameras that can be seen. */
export function drawFigures(items, cameras) {
    const ongoing = items.filter(isOngoing);
    const figure = (name, ...nodes) => role(`figure-${name}`).querySelector("dd").replaceChildren(...nodes);
    const counts = [1, 2, 3, 4].map((priority) => [priority, ongoing.filter((item) => item.priority === priority).length]).filter(([, count]) => count > 0);
    figure("ongoing", el("strong", {}, String(ongoing.length)), ...counts.map(([priority, count]) => el("span", { class: "per-priority" }, badge(priority, "small"), String(count))));
    const cases = new Set(items.filter((item) => item.case && isActive({ case: item.case })).map((item) => item.case.no));
    figure("cases", el("strong", {}, String(cases.size)));
    figure("cameras", el("strong", {}, cameras.length > 0 ? `${grouped(streaming(cameras))}/${grouped(cameras.length)}` : "–"));
    setText(role("feed-count"), items.length > 0 ? t("feed.count", { n: grouped(items.length) }) : "");
}

/** The place of the list while it has no rows: a skeleton on the way, proof of life when there is nothing. */
export function drawEmpty(count, hasLoaded, cameras, dataAt) {
    const node = role("feed-empty");
    node.hidden = count > 0;
    if (node.hidden) return;
    const state = hasLoaded ? "empty" : "loading";
    if (hasLoaded) {
        node.replaceChildren(
            el("p", { class: "empty-title" }, t("empty.title")),
            el("p", { class: "muted" }, t("empty.proof", { seen: grouped(streaming(cameras)), all: grouped(cameras.length), time: timeText(dataAt) })));
    } else if (node.dataset.state !== state) {
        node.replaceChildren(...Array.from({ length: 6 }, () => el("div", { class: "skeleton-row" })));
    }
    node.dataset.state = state;
}
