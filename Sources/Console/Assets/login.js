// Sign in, then go where the reader wanted to go, but never to another site.

import * as api from "./api.js";
import { role } from "./dom.js";
import { languageSwitch, onLanguage, t, translate } from "./i18n.js";

/**
 * The path to open after signing in: a path of this site or nothing.
 * @param {string} search the query of the address
 */
export function nextPath(search, origin = location.origin) {
    const next = new URLSearchParams(search).get("next") ?? "";
    // "//host" and "/\host" leave the site in every browser; control characters are dropped by URL parsers and could hide one of them.
    if (!/^\/(?![/\\])[^\\\u0000-\u0020\u007f]*$/.test(next)) return "";
    const url = new URL(next, origin);
    return url.origin === origin && !url.pathname.startsWith("//") ? url.pathname + url.search + url.hash : "";
}

function home(account) {
    const next = nextPath(location.search);
    const own = account.role === "gridworker" ? "/work" : "/";
    return next === "" || next === "/" ? own : next;
}

function problem(error) {
    if (error.kind === "network") return ["login.unreachable"];
    if (error.status === 429) return ["login.wait", { n: error.retryAfterSeconds || 60 }];
    return error.status === 400 || error.status === 401 || error.status === 403 || error.status === 422 ? ["login.wrong"] : ["login.broken", { status: error.status }];
}

function start() {
    const form = role("form");
    const submit = role("submit");
    let sentence = null;
    const show = () => {
        document.title = `${t("login.title")} · ${t("brand")}`;
        role("problem").textContent = sentence ? t(...sentence) : "";
        if (submit.disabled) submit.textContent = t("login.sending");
    };
    translate();
    languageSwitch(role("language"));
    onLanguage(show);
    show();
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (submit.disabled) return;
        submit.disabled = true;
        sentence = null;
        show();
        try {
            const account = await api.login(form.username.value.trim(), form.password.value);
            location.replace(home(account));
        } catch (error) {
            sentence = problem(error);
            submit.disabled = false;
            submit.textContent = t("login.submit");
            show();
            form.password.select();
            form.password.focus();
        }
    });
    (form.username.value ? form.password : form.username).focus();
}

start();
