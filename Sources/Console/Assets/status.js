// **state of the stream → what the reader sees of it**: the mark in the top bar, the banner, the icon and title of the tab.

import { serverNow, spanText, timeText } from "./clock.js";
import { role, setText } from "./dom.js";
import { t } from "./i18n.js";

/** Shows a stream's status on a page that has `link`, `banner` and `banner-action`. */
export class StatusLine {
    /** @param {{retry: () => void, alert?: (text: string) => void}} page */
    constructor(page) {
        this.page = page;
        this.status = { state: "connecting", attempt: 0, caught: 0, dataAt: serverNow(), silentMilliseconds: 0 };
        this.since = Date.now();
        this.announced = "";
        role("banner-action").addEventListener("click", () => {
            if (this.status.state === "ended") location.assign(`/login?next=${encodeURIComponent(location.pathname + location.hash)}`);
            else this.page.retry();
        });
    }

    /** Takes the status of the stream; called at least once a second, so that clocks go on. */
    show(status) {
        if (status.state !== this.status.state) this.since = Date.now();
        this.status = status;
        this.render();
    }

    /** Writes everything again. */
    render() {
        const { state, attempt, caught, dataAt, silentMilliseconds } = this.status;
        const link = role("link");
        link.dataset.state = state;
        const texts = {
            connecting: () => t("link.connecting"),
            live: () => `${t("link.live")} ${timeText(serverNow())}`,
            late: () => t("link.late", { n: Math.round(silentMilliseconds / 1000) }),
            offline: () => t("link.offline.short"),
            catching: () => t("link.catching", { n: caught }),
            ended: () => t("link.ended.short"),
        };
        setText(role("link-text"), texts[state]());
        this.#banner(state, attempt, dataAt);
        const reload = role("reload");
        if (reload) reload.hidden = !this.status.isOutdated;
    }

    #banner(state, attempt, dataAt) {
        const banner = role("banner");
        const action = role("banner-action");
        // A first connection that takes long is said, but it has no data to be old.
        const isSlowStart = state === "connecting" && Date.now() - this.since > 4_000;
        banner.hidden = !(state === "offline" || state === "ended" || isSlowStart);
        banner.dataset.state = state;
        if (banner.hidden) { this.announced = ""; return; }
        const text = state === "ended" ? t("link.ended")
            : isSlowStart ? t("link.slow", { d: spanText(Date.now() - this.since) })
                : t("link.offline", { time: timeText(dataAt), n: attempt });
        // The banner is an alert: rewriting it each second would be read aloud each second.
        if (this.announced !== text) setText(role("banner-text"), text);
        this.announced = text;
        action.hidden = isSlowStart;
        setText(action, state === "ended" ? t("link.login") : t("link.retry"));
    }
}

/** The icon and title of the tab: how much is unread, or that nothing can be received. */
export class TabSign {
    constructor() {
        this.sign = null;
        this.link = document.querySelector("link[rel=icon]");
        this.plain = this.link.getAttribute("href");
    }

    /** @param {string} title @param {number} unread @param {string} state of the stream */
    show(title, unread, state) {
        const isDeaf = state === "offline" || state === "ended";
        const sign = isDeaf ? "?" : unread === 0 ? "" : unread > 99 ? "99" : String(unread);
        const text = sign === "" ? title : `(${isDeaf ? "?" : unread}) ${title}`;
        if (document.title !== text) document.title = text;
        if (sign !== this.sign) this.#draw(sign);
        this.sign = sign;
    }

    #draw(sign) {
        if (sign === "") return this.#use(this.plain);
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 64;
        const pen = canvas.getContext("2d");
        pen.fillStyle = "#15191E";
        pen.roundRect(0, 0, 64, 64, 14);
        pen.fill();
        pen.fillStyle = "#FFFFFF";
        pen.font = `700 ${sign.length > 1 ? 40 : 50}px sans-serif`;
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(sign, 32, 35);
        canvas.toBlob((blob) => { if (blob && sign === this.sign) this.#use(URL.createObjectURL(blob)); });
    }

    #use(address) {
        const old = this.link.getAttribute("href");
        this.link.setAttribute("href", address);
        this.link.setAttribute("type", address.startsWith("blob:") ? "image/png" : "image/svg+xml");
        if (old.startsWith("blob:")) URL.revokeObjectURL(old);
    }
}
