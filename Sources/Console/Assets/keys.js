// Keys of the command centre: by position (`event.code`), silent while someone types, and all of them can be switched off.

import { el, keep, recall, role } from "./dom.js";
import { t } from "./i18n.js";

const setting = "snowlight.keys";

/** The keys in the order of the help; `act` names the page's function. */
export const keyTable = [
    { codes: ["KeyJ", "ArrowDown"], label: "J ↓", act: "next" },
    { codes: ["KeyK", "ArrowUp"], label: "K ↑", act: "previous" },
    { codes: ["Enter", "NumpadEnter"], label: "Enter", act: "openCurrent" },
    { codes: ["Escape"], label: "Esc", act: "close" },
    { codes: ["KeyF"], label: "F", act: "file" },
    { codes: ["KeyN"], label: "N", act: "showNew" },
    { codes: ["KeyP"], label: "P", act: "pause" },
    { codes: ["KeyG"], label: "G", act: "toggleGrids" },
    { codes: ["KeyC"], label: "C", act: "toggleCameras" },
    { codes: ["KeyL"], label: "L", act: "locate" },
    { codes: ["Slash"], shift: true, label: "?", act: "help" },
];
/** Escape and the arrows inside the feed are how every page works; the switch is for the letters. */
const always = new Set(["close"]);

/** True unless the reader switched the keys off in this browser. */
export const areKeysOn = () => recall(setting) !== "off";

/** Calls `page[act]()` for each key, and keeps the help dialog. */
export function installKeys(page) {
    const dialog = role("help-dialog");
    const help = () => {
        if (dialog.open) return dialog.close();
        dialog.replaceChildren(...helpNodes(() => dialog.close(), page));
        dialog.showModal();
    };
    role("help").addEventListener("click", help);
    document.addEventListener("keydown", (event) => {
        if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
        if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
        const key = keyTable.find((row) => row.codes.includes(event.code) && (row.shift ? event.shiftKey || event.key === "?" : !event.shiftKey));
        if (!key || (!areKeysOn() && !always.has(key.act))) return;
        if (dialog.open) {
            if (key.act === "help") { event.preventDefault(); dialog.close(); }
            return;
        }
        // Enter belongs to the button that has the focus, arrows to the map that has it.
        if (key.act === "openCurrent" && event.target.closest("button, a, summary")) return;
        if (event.code.startsWith("Arrow") && event.target.closest(".leaflet-container, .drawer")) return;
        event.preventDefault();
        if (key.act === "help") help(); else page[key.act]();
    });
}

function isTyping(target) {
    return target instanceof HTMLElement && (target.isContentEditable || target.closest("input, textarea, select") !== null);
}

function helpNodes(close, page) {
    const toggle = el("input", { type: "checkbox", id: "keys-on", onchange: () => { keep(setting, toggle.checked ? null : "off"); page.keysChanged(); } });
    toggle.checked = areKeysOn();
    return [
        el("h2", {}, t("help.title")),
        el("table", {}, el("tbody", {}, ...keyTable.map((key) => el("tr", {}, el("th", { scope: "row" }, ...key.label.split(" ").map((cap) => el("kbd", {}, cap))), el("td", {}, t(`key.${key.act}`)))))),
        el("label", { class: "help-switch", for: "keys-on" }, toggle, el("span", {}, t("help.switch"))),
        el("p", { class: "muted" }, t("help.note")),
        el("form", { method: "dialog" }, el("button", { type: "button", class: "primary", onclick: close }, t("help.close"))),
    ];
}

/** The line at the foot of the page that reminds of the keys. */
export function drawKeysLine(node) {
    const short = areKeysOn() ? keyTable : keyTable.filter((key) => always.has(key.act));
    node.replaceChildren(...short.map((key) => el("span", {}, el("kbd", {}, key.label), t(`key.${key.act}`))));
}
