// **who was told of a case**, by which channel, and who was not and why: the rows of the receipts in words.

import { timeText } from "./clock.js";
import { el } from "./dom.js";
import { section } from "./drawerparts.js";
import { t, word } from "./i18n.js";

/** One decision: when, which step of the ladder, and what became of it. */
function line(decision, pushes, names) {
    const outside = pushes.filter((push) => push.recipient === decision.recipient && push.kind === decision.kind && push.channel !== "console");
    const through = outside.map((push) => `${word("channel", push.channel)} ${word("push", push.state)}`).join(t("list.comma"));
    const until = decision.until ? t("told.until", { time: timeText(decision.until) }) : "";
    const why = [word("told", decision.reason), decision.reason === "silenced" ? decision.detail : "", until].filter(Boolean).join(" · ");
    // An office is named by its step; of gridworkers there may be several.
    const worker = /^worker:(.+)$/.exec(decision.recipient ?? "")?.[1];
    const who = [word("level", decision.level), names.get(worker) ?? worker].filter(Boolean).join(" ");
    return el("li", { "data-reason": decision.reason, title: decision.recipient ?? "" },
        el("span", {}, timeText(decision.at)), el("strong", {}, who), el("span", {}, [why, through].filter(Boolean).join(" · ")));
}

/** Everything that was decided about a case, the oldest first; nothing when nothing was. The case knows those who have or had it by name. */
export function toldPart(told, item) {
    if (!told || told.decisions.length === 0) return null;
    const people = [item?.assignee, ...(item?.tasks ?? []).map((task) => task.assignee), ...(item?.events ?? []).map((event) => ({ id: event.actor, name: event.actor_name }))];
    const names = new Map(people.filter((one) => one?.name).map((one) => [one.id, one.name]));
    return section("told", t("part.told"), el("ol", { class: "told" }, ...told.decisions.map((decision) => line(decision, told.pushes, names))));
}
