// **who was told, what is kept quiet, who is on leave**: three tabs over one pane.

import * as api from "./api.js";
import { badge } from "./badges.js";
import { timeText } from "./clock.js";
import { el } from "./dom.js";
import { t, word } from "./i18n.js";
import { Leave } from "./leave.js";
import { Silences } from "./silences.js";
import { TabPage } from "./tabpage.js";

/** The newest notices to the offices of the command centre. */
class Notices {
    items = [];

    async load() { this.items = (await api.notices({ limit: 100 })).items; }

    render() {
        if (this.items.length === 0) return [el("div", { class: "empty" }, el("p", { class: "empty-title" }, t("notice.none")), el("p", { class: "muted" }, t("notice.noneProof")))];
        return [el("ol", { class: "notice-list" }, ...this.items.map((one) => el("li", { "data-role": "notice", "data-kind": one.kind },
            badge(one.priority),
            el("strong", {}, [word("notice.kind", one.kind), word("level", one.level), one.count > 1 && t("notice.more", { n: one.count }), one.drill && t("flag.drill")].filter(Boolean).join(" · ")),
            el("time", { datetime: one.at }, timeText(one.at)),
            el("p", {}, one.text))))];
    }
}

new TabPage("notice.title", (page) => ({ notices: new Notices(), silences: new Silences(page), leave: new Leave(page) }), (account, page) => {
    // A town office keeps its roster; notices and silences are the district's.
    if (account.role === "townOffice") page.keepOnly("leave");
    page.parts.silences.mayBeTotal = account.role === "supervisor";
}).start();
