// What the pages of a desk have in common around their content: theme, log-out, tabs, who is here, arrow keys in a list.

import * as api from "./api.js";
import { loadCatalogue } from "./catalogue.js";
import { suggestLanguage, t, word } from "./i18n.js";
import { el, keep, role, setText } from "./dom.js";

/** The pages of a desk, each with the roles that have something to do there; the server decides what they get. */
const pages = [
    ["/", "desk.title", ["dutyOfficer", "dispatcher", "supervisor", "inspector", "townOffice", "department"]],
    ["/cameras", "pages.cameras", ["dutyOfficer", "dispatcher", "supervisor", "inspector", "operator", "admin", "townOffice"]],
    ["/suppressions", "doubt.title", ["dutyOfficer", "dispatcher", "supervisor", "inspector", "operator"]],
    ["/notices", "notice.title", ["dutyOfficer", "dispatcher", "supervisor", "townOffice"]],
    ["/thefts", "theft.title", ["dutyOfficer", "supervisor", "auditor"]],
    ["/stats", "stats.title", ["dutyOfficer", "dispatcher", "supervisor", "inspector", "auditor"]],
];

/** Names the page in its head and connects the buttons there; `restyle` is called after a change of theme. */
export function installHead(restyle = () => {}) {
    const name = role("page-name");
    if (name) {
        // Translated like all other texts when the language changes.
        name.dataset.i18n = pages.find(([href]) => href === location.pathname)?.[1] ?? "brand.line";
        name.textContent = t(name.dataset.i18n);
    }
    role("logout").addEventListener("click", () => api.logout().catch(() => {}).then(() => location.assign("/login")));
    role("theme").addEventListener("click", () => {
        const root = document.documentElement;
        root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
        keep("snowlight.theme.desk", root.dataset.theme);
        restyle();
    });
}

/** Connects the tabs that narrow screens have. */
export function installTabs() {
    const tabs = [...document.querySelectorAll("[data-role=tab]")];
    for (const tab of tabs) tab.addEventListener("click", () => {
        document.body.dataset.view = tab.dataset.view;
        for (const other of tabs) other.setAttribute("aria-pressed", other === tab);
    });
}

/** Shows whose page it is, in their language. */
export function greet(account) {
    suggestLanguage(account.language);
    setText(role("who"), account.name);
    role("who").title = word("role", account.role);
    loadCatalogue();
    // Translated like all other texts when the language changes.
    role("pages").replaceChildren(...pages.filter(([, , roles]) => roles.includes(account.role)).map(([href, key]) =>
        el("a", { class: "tool", href, "data-i18n": key, "aria-current": href === location.pathname ? "page" : null }, t(key))));
}

/** The session has ended: log in and come back here. */
export function logInAgain() { location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`); }

/** Arrow keys go from row to row, and the open drawer follows. */
export function stepRows(event, selector) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.code];
    const rows = [...role("list").querySelectorAll(selector)];
    const at = rows.indexOf(document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    const row = rows[at + by];
    row?.focus();
    if (row && !role("drawer").hidden) row.click();
}
