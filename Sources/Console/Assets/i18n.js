// One table of texts per language, Chinese first. `t` is the only way a text reaches a page.

import en from "./i18n/en.js";
import zh from "./i18n/zh.js";
import { keep, recall } from "./dom.js";

const tables = { zh, en };
const listeners = new Set();
/** What the district calls its own things, by key; it outranks the tables. */
const learned = new Map();
let current = recall("snowlight.language") === "en" ? "en" : "zh";

/** The language now shown: `zh` or `en`. */
export const language = () => current;

/**
 * The text of `key`, with `{name}` replaced from `values`; an unknown key shows itself, so that a gap is seen.
 * @param {string} key @param {Object<string, unknown>} [values]
 */
export function t(key, values = {}) {
    const text = tables[current][key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The text of `prefix.word`, or the word itself when the tables do not know it: new words of a newer server stay readable. */
export function word(prefix, value) {
    const key = `${prefix}.${value}`;
    if (learned.has(key)) return learned.get(key)[current];
    return key in tables[current] ? tables[current][key] : String(value ?? "");
}

/**
 * Takes over what the district calls things, and has the page say it.
 * @param {string} prefix @param {Array<[string, {zh: string, en: string}]>} names
 */
export function learn(prefix, names) {
    for (const [value, texts] of names) learned.set(`${prefix}.${value}`, texts);
    for (const listener of listeners) listener();
}

/** The values of `prefix` that the district has named. */
export const learnedValues = (prefix) => [...learned.keys()].filter((key) => key.startsWith(`${prefix}.`)).map((key) => key.slice(prefix.length + 1));

/** True when both tables can say it. */
export const knows = (key) => key in tables[current];

/** Fills every element below `root` that names its text by `data-i18n`, `data-i18n-label` or `data-i18n-title`. */
export function translate(root = document) {
    document.documentElement.lang = current === "en" ? "en" : "zh-CN";
    for (const node of root.querySelectorAll("[data-i18n]")) node.textContent = t(node.dataset.i18n);
    for (const node of root.querySelectorAll("[data-i18n-label]")) node.setAttribute("aria-label", t(node.dataset.i18nLabel));
    for (const node of root.querySelectorAll("[data-i18n-title]")) node.title = t(node.dataset.i18nTitle);
}

/** Uses the account's language unless the reader chose one in this browser. */
export function suggestLanguage(code) {
    if (recall("snowlight.language") === null && code in tables && code !== current) change(code);
}

/** Calls `listener` after each change of language. */
export const onLanguage = (listener) => listeners.add(listener);

/** Makes a button the visible switch to the other language. */
export function languageSwitch(button) {
    const name = () => {
        button.textContent = t("language.other");
        button.lang = current === "en" ? "zh-CN" : "en";
    };
    name();
    onLanguage(name);
    button.addEventListener("click", () => {
        const other = current === "zh" ? "en" : "zh";
        keep("snowlight.language", other);
        change(other);
    });
}

function change(code) {
    current = code;
    translate();
    for (const listener of listeners) listener();
}
