// **changes of the feed → page**: one EventSource with our own retry, and the truth about how old the page is.
//
// connecting → live → late (nothing heard for 12 s) → offline (error, or 30 s) → catching → live; ended: the session is over.
// A browser never retries an answer other than 200, and sends no Last-Event-ID on a new EventSource: hence `?after=` and this file.

import * as api from "./api.js";
import { serverNow, setServerNow } from "./clock.js";

const lateAfter = 12_000;
const offlineAfter = 30_000;
const retrySeconds = [1, 2, 4, 8, 15, 30];
/** A broken stream counts as caught up when it was quiet for this long after it opened. */
const quietMilliseconds = 1_200;

/** Keeps a page in step with the feed. `snapshot` loads the lists and returns their sequence; `changed` takes changed objects. */
export class Stream {
    /** @param {{snapshot: () => Promise<number>, changed: (items: object[]) => void, moved: (status: object) => void}} page */
    constructor(page) {
        this.page = page;
        this.state = "connecting";
        this.seq = 0;
        this.attempt = 0;
        this.caught = 0;
        this.version = null;
        this.isOutdated = false;
        this.heardAt = Date.now();
        this.dataAt = serverNow();
        this.needsSnapshot = true;
        this.behind = 0;
        this.countsElsewhere = false;
    }

    /** Begins, and keeps trying until the page goes away. */
    start() {
        setInterval(() => this.#watch(), 1_000);
        addEventListener("online", () => this.retryNow());
        document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#watch(); });
        this.#connect();
    }

    /** What a page shows of the connection. */
    get status() {
        return { state: this.state, silentMilliseconds: Date.now() - this.heardAt, dataAt: this.dataAt, attempt: this.attempt, caught: this.caught, isOutdated: this.isOutdated };
    }

    /** Tries at once instead of waiting for the next turn. */
    retryNow() {
        if (this.state !== "offline") return;
        clearTimeout(this.retry);
        this.#connect();
    }

    /** Someone was told that the session is over: find out, and say so. */
    check() { if (this.state !== "ended") this.#fail(); }

    async #connect() {
        if (this.source || this.isConnecting || this.state === "ended") return;
        this.isConnecting = true;
        try {
            if (this.needsSnapshot) await this.#load();
        } catch (error) {
            this.isConnecting = false;
            return this.#fail(error);
        }
        this.isConnecting = false;
        const source = new EventSource(`/api/events?after=${this.seq}`);
        this.source = source;
        this.heardAt = Date.now();
        const mine = (handler) => (event) => { if (this.source === source) handler.call(this, event); };
        source.onopen = mine(this.#opened);
        source.onerror = mine(() => this.#fail());
        source.addEventListener("changes", mine(this.#changes));
        source.addEventListener("hb", mine(this.#beat));
        source.addEventListener("resync", mine(this.#resync));
    }

    async #load() {
        const seq = await this.page.snapshot();
        this.seq = Math.max(this.seq, seq);
        this.needsSnapshot = false;
        this.dataAt = serverNow();
    }

    #heard() {
        this.heardAt = Date.now();
        this.dataAt = serverNow();
        if (this.state === "late") this.#move("live");
    }

    #opened() {
        this.#heard();
        if (this.attempt === 0) return this.#move("live");
        this.caught = 0;
        this.#move("catching");
        this.#settle();
    }

    #settle() {
        clearTimeout(this.quiet);
        this.quiet = setTimeout(() => {
            if (this.state !== "catching") return;
            this.attempt = 0;
            this.#move("live");
        }, quietMilliseconds);
    }

    #changes(event) {
        this.#heard();
        const data = read(event);
        if (!data || !Array.isArray(data.items)) return this.#reload();
        const isGap = data.prev > this.seq;
        this.behind = 0;
        this.page.changed(data.items);
        if (isGap) return this.#reload();
        this.seq = Math.max(this.seq, data.seq);
        if (this.state === "catching") {
            this.caught += data.items.length;
            this.#move("catching");
            this.#settle();
        }
    }

    #beat(event) {
        const data = read(event);
        if (!data) return;
        setServerNow(data.now);
        this.#heard();
        if (this.state === "connecting") this.#move("live");
        if (this.version !== null && data.version !== undefined && data.version !== this.version) this.isOutdated = true;
        this.version ??= data.version ?? null;
        // A number we do not have, twice in a row with no changes between: something was lost on the way.
        this.behind = data.seq > this.seq ? this.behind + 1 : 0;
        if (this.behind >= 2 && !this.countsElsewhere) {
            const beat = data.seq;
            // When even fresh lists do not reach that number, it counts things that are not this reader's.
            this.#reload().then(() => { this.countsElsewhere = this.seq < beat; });
        }
        this.#move(this.state);
    }

    #resync() {
        this.#close();
        this.needsSnapshot = true;
        // Once at once; a server that keeps saying so is met with patience.
        const isAgain = Date.now() - (this.resyncedAt ?? 0) < 10_000;
        this.resyncedAt = Date.now();
        if (isAgain) this.#fail(); else this.#connect();
    }

    /** Loads the lists again while the stream goes on. */
    async #reload() {
        this.needsSnapshot = true;
        this.behind = 0;
        if (this.isReloading) return;
        this.isReloading = true;
        try {
            await this.#load();
        } catch (error) {
            this.#fail(error);
        } finally {
            this.isReloading = false;
        }
    }

    async #fail(error) {
        this.#close();
        clearTimeout(this.retry);
        this.attempt += 1;
        const base = retrySeconds[Math.min(this.attempt, retrySeconds.length) - 1];
        this.retry = setTimeout(() => this.#connect(), base * 1_000 * (0.5 + Math.random()));
        this.#move("offline");
        // An EventSource does not tell why it failed; an ended session does.
        const reason = error ?? (await api.me().then(() => null, (why) => why));
        if (reason?.status === 401) {
            clearTimeout(this.retry);
            this.#close();
            this.#move("ended");
        }
    }

    #close() {
        this.source?.close();
        this.source = null;
        clearTimeout(this.quiet);
    }

    #watch() {
        const silent = Date.now() - this.heardAt;
        if (this.source && silent >= offlineAfter) return void this.#fail();
        if ((this.state === "live" || this.state === "catching") && silent >= lateAfter) return this.#move("late");
        this.page.moved(this.status);
    }

    #move(state) {
        if (this.state !== "ended") this.state = state;
        this.page.moved(this.status);
    }
}

function read(event) {
    try { return JSON.parse(event.data); } catch { return null; }
}
