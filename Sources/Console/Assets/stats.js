// **how cases were handled**, wired: period, village and rows → figures and a table, on a screen, on a phone and on paper.

import * as api from "./api.js";
import { serverNow } from "./clock.js";
import { el, role, setText } from "./dom.js";
import { greet, installHead, logInAgain } from "./frame.js";
import { language, languageSwitch, onLanguage, t, translate } from "./i18n.js";
import { dateText, momentOf, periods, spanOf } from "./periods.js";
import { problemText } from "./places.js";

const groupings = ["village", "grid", "township", "category", "priority"];
const counts = [["due", "due"], ["suspended", "suspended"], ["closed", "closed"], ["closed_on_time", "onTime"], ["reworked", "reworked"]];
const rates = [["closure_rate", "closureRate"], ["on_time_closure_rate", "onTimeRate"]];

/** The page. For tests: data-role=pane carries data-state (`loading`, `shown`, `empty`, `failed`); each row data-key. */
class StatisticsPage {
    answer = null;
    villages = [];
    problem = null;
    state = "loading";
    asked = 0;

    constructor() {
        const wanted = new URLSearchParams(location.search);
        const one = (name, known, otherwise) => (known.includes(wanted.get(name)) ? wanted.get(name) : otherwise);
        const period = one("period", periods, "month");
        const days = period === "custom" ? { from: wanted.get("from") ?? "", to: wanted.get("to") ?? "" } : daysOf(period);
        this.filter = { period, by: one("by", groupings, "village"), village: wanted.get("village") ?? "", ...days };
    }

    start() {
        translate();
        languageSwitch(role("language"));
        onLanguage(() => this.redraw());
        installHead();
        role("filters").addEventListener("submit", (event) => event.preventDefault());
        for (const name of ["period", "from", "to", "village", "by"]) role(`filter-${name}`).addEventListener("change", () => this.#choose());
        role("print").addEventListener("click", () => print());
        this.redraw();
        this.load();
        api.me().then(greet, () => {});
        api.grids().then((answer) => {
            this.villages = [...new Map(answer.items.map((grid) => [grid.code.slice(0, 12), `${grid.township} ${grid.village}`]))];
            this.#drawFilters();
        }, () => {});
    }

    #choose() {
        const value = (name) => role(`filter-${name}`).value;
        const period = value("period");
        // What a named period means stands in the two fields, ready to be changed.
        this.filter = { period, by: value("by"), village: value("village"), ...(period === "custom" ? { from: value("from"), to: value("to") } : daysOf(period)) };
        const words = new URLSearchParams(Object.entries(this.filter).filter(([name, text]) => text !== "" && (period === "custom" || !["from", "to"].includes(name))));
        history.replaceState(null, "", `?${words}`);
        this.#drawFilters();
        this.load();
    }

    /** What is asked: the days of the fields, the last one included; nil when they make no period. */
    #wish() {
        const { period, by, village, from, to } = this.filter;
        const span = period === "custom" ? { from: momentOf(from), to: momentOf(to) + 86_400_000 } : spanOf(period, serverNow());
        const days = (span.to - span.from) / 86_400_000;
        if (!(days > 0 && days <= 366)) return null;
        return { from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString(), by, village };
    }

    async load() {
        this.asked += 1;
        const asked = this.asked;
        const wish = this.#wish();
        if (!wish) return this.#enter("failed", t("stats.badPeriod"));
        role("csv").href = api.statisticsFile(wish);
        if (!this.answer) this.#enter("loading");
        try {
            const answer = await api.statistics(wish);
            if (asked !== this.asked) return;
            this.answer = answer;
            this.#enter(answer.total.due > 0 ? "shown" : "empty");
        } catch (error) {
            if (asked !== this.asked) return;
            if (error.status === 401) return logInAgain();
            this.#enter("failed", problemText(error));
        }
    }

    // MARK: what the page says

    redraw() {
        document.title = `${t("brand")} ${t("stats.title")}`;
        this.#drawFilters();
        this.#enter(this.state, this.problem);
    }

    #drawFilters() {
        const { filter } = this;
        const options = (name, list) => role(`filter-${name}`).replaceChildren(...list.map(([value, text]) => el("option", { value, selected: value === filter[name] }, text)));
        options("period", periods.map((name) => [name, t(`stats.period.${name}`)]));
        options("by", groupings.map((name) => [name, t(`stats.by.${name}`)]));
        options("village", [["", t("stats.everywhere")], ...this.villages]);
        for (const node of document.querySelectorAll("[data-role=dates]")) node.hidden = filter.period !== "custom";
        for (const name of ["from", "to"]) role(`filter-${name}`).value = filter[name];
    }

    #enter(state, problem = null) {
        Object.assign(this, { state, problem });
        const answer = state === "shown" || state === "empty" ? this.answer : null;
        role("pane").dataset.state = state;
        setText(role("span"), answer ? t("stats.span", { from: dateText(Date.parse(answer.from)), to: dateText(Date.parse(answer.to) - 1) }) + this.#villageText(answer.village) : "");
        role("sums").replaceChildren(...(answer ? this.#sums(answer.total) : []));
        role("table-box").replaceChildren(...(state === "shown" ? [this.#table(answer)] : []));
        setText(role("drills"), answer?.drills > 0 ? t("stats.drills", { n: answer.drills }) : "");
        const words = {
            loading: () => [0, 1, 2, 3].map(() => el("div", { class: "skeleton-line" })),
            shown: () => [],
            empty: () => [el("p", { class: "empty-title" }, t("stats.none"))],
            failed: () => [el("p", { class: "problem", role: "alert" }, problem), el("button", { type: "button", onclick: () => this.load() }, t("retry"))],
        };
        role("words").replaceChildren(...words[state]());
    }

    #villageText(code) {
        const found = this.villages.find(([village]) => village === code);
        return code ? ` · ${found?.[1] ?? code}` : "";
    }

    #sums(total) {
        return [
            ...counts.map(([name, key]) => el("div", { "data-sum": name }, el("dt", {}, t(`stats.${key}`)), el("dd", {}, total[name].toLocaleString("en")))),
            ...rates.map(([name, key]) => el("div", { "data-sum": name }, el("dt", {}, t(`stats.${key}`)), el("dd", {}, total[name].text, el("small", {}, fraction(total[name]))))),
        ];
    }

    #table(answer) {
        const heads = [...counts, ...rates].map(([, key]) => t(`stats.${key}`));
        return el("table", { class: "rows" },
            el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t(`stats.by.${answer.by}`)), ...heads.map((text) => el("th", { scope: "col", class: "number" }, text)))),
            el("tbody", {}, ...answer.rows.map((row) => el("tr", { "data-key": row.key }, el("th", { scope: "row" }, this.#name(row, answer.by)), ...this.#cells(row, heads)))),
            el("tfoot", {}, el("tr", {}, el("th", { scope: "row" }, t("stats.total")), ...this.#cells(answer.total, heads))));
    }

    #cells(row, heads) {
        return [
            ...counts.map(([name], at) => el("td", { class: "number", "data-name": heads[at] }, row[name].toLocaleString("en"))),
            ...rates.map(([name], at) => el("td", { class: "number", "data-name": heads[counts.length + at] }, el("span", {}, row[name].text, el("small", {}, fraction(row[name]))))),
        ];
    }

    #name(row, by) {
        if (row.key === "other") return t("stats.other");
        if (by === "priority") return t(`priority.${row.key}`);
        return language() === "en" ? row.name_en : row.name;
    }
}

/** A named period as the two date fields have it, the last day included. */
function daysOf(period) {
    const span = spanOf(period, serverNow());
    return { from: dateText(span.from), to: dateText(span.to - 1) };
}

const fraction = (rate) => `${rate.numerator}/${rate.denominator}`;

new StatisticsPage().start();
