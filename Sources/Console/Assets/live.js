// One camera's live pictures into a video element: fetch → SourceBuffer, close behind what the camera sends.
// A plain <video src> starts a second later and runs dry: it takes the stream for a file.

/** Further behind it jumps to the newest; a little behind it runs a little faster. */
const jumpSeconds = 1.5;
const hurrySeconds = 0.6;
const restSeconds = 0.3;
/** What was shown is let go of in steps. */
const keptSeconds = 10;

/** Plays `/api/cameras/{id}/live.mp4` until closed. `report` hears `playing`, and once why it ended: `busy`, `noPicture`, `codec`, `ended`. */
export class LiveFeed {
    constructor(video, camera, report) {
        this.video = video;
        this.address = `/api/cameras/${encodeURIComponent(camera)}/live.mp4`;
        this.report = report;
        this.abort = new AbortController();
        this.pieces = [];
    }

    async start() {
        let why = "ended";
        try { why = await this.#run(); } catch { /* The line broke, or it was closed: `ended` says enough. */ }
        if (this.isClosed) return;
        this.close();
        this.report(why);
    }

    close() {
        this.isClosed = true;
        this.abort.abort();
        if (this.url) URL.revokeObjectURL(this.url);
        this.video.removeAttribute("src");
        this.video.load();
    }

    async #run() {
        const response = await fetch(this.address, { credentials: "same-origin", cache: "no-store", signal: this.abort.signal });
        if (response.status === 429) return "busy";
        if (!response.ok) return "noPicture";
        const reader = response.body.getReader();
        let head = new Uint8Array(0);
        while (true) {
            const { done, value } = await reader.read();
            if (done) return "ended";
            if (this.buffer) {
                this.#append(value);
                continue;
            }
            head = joined(head, value);
            const codec = codecOf(head);
            if (codec === null) continue;
            if (!globalThis.MediaSource?.isTypeSupported(codec)) return "codec";
            await this.#open(codec);
            this.#append(head);
        }
    }

    async #open(codec) {
        const source = new MediaSource();
        this.url = URL.createObjectURL(source);
        const opened = new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
        this.video.src = this.url;
        await opened;
        this.buffer = source.addSourceBuffer(codec);
        this.buffer.addEventListener("updateend", () => this.#next());
    }

    #append(bytes) {
        this.pieces.push(bytes);
        this.#next();
    }

    #next() {
        const { buffer, video } = this;
        if (this.isClosed || buffer.updating) return;
        this.#follow();
        const { buffered } = video;
        if (buffered.length > 0 && video.currentTime - buffered.start(0) > 2 * keptSeconds) {
            buffer.remove(0, video.currentTime - keptSeconds);
        } else if (this.pieces.length > 0) {
            buffer.appendBuffer(this.pieces.shift());
        }
    }

    #follow() {
        const { video } = this;
        const { buffered } = video;
        if (buffered.length === 0) return;
        const end = buffered.end(buffered.length - 1);
        const behind = end - video.currentTime;
        if (behind > jumpSeconds || video.currentTime < buffered.start(0)) video.currentTime = Math.max(buffered.start(buffered.length - 1), end - restSeconds);
        video.playbackRate = behind > hurrySeconds ? 1.05 : 1;
        if (!video.paused) return;
        video.play().then(() => { if (!this.isClosed) this.report("playing"); }, () => {});  // It is asked again with the next piece.
    }
}

function joined(a, b) {
    const both = new Uint8Array(a.length + b.length);
    both.set(a);
    both.set(b, a.length);
    return both;
}

/** The MIME type of a stream by the configuration in its head (ISO/IEC 14496-15 §5.3.3.1); null while the head is not complete. */
function codecOf(head) {
    const hex = (byte) => byte.toString(16).padStart(2, "0");
    for (let at = 0; at + 8 <= head.length; at += 1) {
        const name = String.fromCharCode(head[at], head[at + 1], head[at + 2], head[at + 3]);
        if (name === "avcC") return `video/mp4; codecs="avc1.${hex(head[at + 5])}${hex(head[at + 6])}${hex(head[at + 7])}"`;
        if (name === "hvcC") return 'video/mp4; codecs="hvc1.1.6.L120.B0"';
    }
    return null;
}
