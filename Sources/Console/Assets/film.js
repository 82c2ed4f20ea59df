// Moving pictures of an incident: its clip, and what its camera shows now. Neither plays before somebody asks for it.

import { el } from "./dom.js";
import { t } from "./i18n.js";
import { LiveFeed } from "./live.js";

/** A live view that nobody touches ends: somebody else may need the place. */
const unattendedMilliseconds = 180_000;

/** The part of the drawer with the clip and the live view. For tests: data-clip and data-live say how each is doing. */
export class FilmPart {
    /** @param {HTMLElement} node */
    constructor(node) {
        this.node = node;
        node.dataset.role = "film";
    }

    /** Shows what there is of an incident; what plays goes on playing while its address stays the same. */
    show(detail) {
        const key = `${detail.camera.id}|${detail.clip_url ?? ""}`;
        if (key === this.key) return;
        this.close();
        this.key = key;
        this.camera = detail.camera;
        this.stage = el("div", { class: "film-stage" });
        this.buttons = el("div", { class: "film-buttons" });
        this.node.replaceChildren(this.stage, this.buttons);
        this.node.dataset.clip = detail.clip_url ? "ready" : "absent";
        this.clip = detail.clip_url ?? null;
        this.#offer();
    }

    /** Ends what plays. */
    close() {
        clearTimeout(this.unattended);
        this.live?.close();
        this.live = null;
        this.key = null;
        this.stage?.replaceChildren();
    }

    #offer() {
        this.node.dataset.live = "off";
        const clip = this.clip && el("button", { type: "button", "data-role": "clip-play", onclick: () => this.#playClip() }, t("film.clip"));
        this.buttons.replaceChildren(...[clip, el("button", { type: "button", "data-role": "live-start", onclick: () => this.#watch() }, t("film.live"))].filter(Boolean));
    }

    #playClip() {
        const video = el("video", { class: "film", controls: true, playsinline: true, "aria-label": t("film.clip") });
        // Without sound, so that every browser lets it begin by itself.
        video.muted = true;
        video.onplaying = () => { this.node.dataset.clip = "playing"; };
        video.onerror = () => {
            this.node.dataset.clip = "failed";
            this.#say(t("film.unplayable"), el("a", { href: this.clip, download: "" }, t("film.download")));
        };
        this.stage.replaceChildren(video);
        video.src = this.clip;
        video.play().catch(() => {});  // What stops it is told by the error event.
    }

    #watch() {
        const video = el("video", { class: "film", playsinline: true, "aria-label": t("film.liveOf", { camera: this.camera.name }) });
        video.muted = true;
        this.stage.replaceChildren(video);
        this.#state("waiting");
        const live = new LiveFeed(video, this.camera.id, (state) => { if (live === this.live) this.#state(state); });
        this.live = live;
        this.buttons.replaceChildren(el("button", { type: "button", "data-role": "live-stop", onclick: () => this.#stop() }, t("film.stop")));
        clearTimeout(this.unattended);
        this.unattended = setTimeout(() => this.#stop(t("film.unattended")), unattendedMilliseconds);
        live.start();
    }

    #stop(why = null) {
        clearTimeout(this.unattended);
        this.live?.close();
        this.live = null;
        this.stage.replaceChildren();
        if (why) this.#say(why);
        this.#offer();
    }

    /** `waiting`, `playing`, or why it ended. */
    #state(state) {
        this.node.dataset.live = state;
        if (state === "waiting" || state === "playing") return;
        this.#stop(t(`film.${state}`));
    }

    #say(...words) {
        this.stage.replaceChildren(el("p", { class: "film-words", role: "status" }, ...words));
    }
}
