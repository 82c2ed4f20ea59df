// The command centre, wired: stream → news → list, strip, map and drawer; keys and buttons → the same few functions.

import * as api from "./api.js";
import { installButtons, press } from "./buttons.js";
import { role, setText } from "./dom.js";
import { Drawer } from "./drawer.js";
import { isFileable } from "./feed.js";
import { drawEmpty, drawFigures } from "./figures.js";
import { greet } from "./frame.js";
import { Herald } from "./herald.js";
import { languageSwitch, onLanguage, t, translate } from "./i18n.js";
import { drawKeysLine, installKeys } from "./keys.js";
import { RowList } from "./list.js";
import { MapPane } from "./mappane.js";
import { News } from "./news.js";
import { makeRow, patchRow, tickRow } from "./rows.js";
import { StatusLine, TabSign } from "./status.js";
import { Stream } from "./stream.js";
import { UrgentStrip } from "./strip.js";
import { loadGrids, watchCameras } from "./surroundings.js";

/** As `--row` in tokens.css. */
const rowHeight = 64;

class Desk {
    /** The incident in the drawer. */
    selectedID = null;
    /** The row the keyboard is at. */
    currentID = null;
    cameras = [];
    account = null;

    constructor() {
        this.news = new News({ inserted: (index, items, isNews) => this.inserted(index, items, isNews), changed: (ids) => this.changed(ids), trimmed: () => this.list.trimmed() });
        this.feed = this.news.feed;
        this.stream = new Stream({ snapshot: () => this.news.snapshot(), changed: (items) => this.news.changes(items), moved: (status) => this.moved(status) });
        this.status = new StatusLine({ retry: () => this.stream.retryNow() });
        this.sign = new TabSign();
        this.herald = new Herald();
        this.list = new RowList({
            viewport: role("feed"), sizer: role("sizer"), rowHeight, items: () => this.feed.items,
            make: (item) => this.#makeRow(item), patch: (row, item, index) => patchRow(row, item, index, this.#view(item)),
            isReading: () => this.selectedID !== null || role("feed").contains(document.activeElement),
            seen: () => this.drawNewBar(), nearEnd: () => this.news.older(),
        });
        this.drawer = new Drawer(role("drawer"), {
            close: () => this.close(), ended: () => this.stream.check(), filed: (detail) => this.news.changes([{ kind: "case", case: detail }]),
        });
        this.strip = new UrgentStrip(role("strip"), (id) => this.open(id));
        this.map = new MapPane({ open: (id) => this.open(id) });
    }

    start() {
        translate();
        languageSwitch(role("language"));
        onLanguage(() => this.redraw());
        installButtons(this);
        installKeys(this);
        this.redraw();
        setInterval(() => this.tick(), 1_000);
        this.stream.start();
        api.me().then((account) => this.#welcome(account), () => {});
        this.map.load().then(() => this.#drawSoon());
        loadGrids((shapes) => this.map.setGrids(shapes));
        watchCameras((cameras) => {
            this.cameras = cameras;
            this.map.setCameras(cameras);
            this.#drawSoon();
        });
    }

    #welcome(account) {
        if (account.role === "gridworker") return location.replace("/work");
        this.account = account;
        greet(account);
        this.drawer.mayFile = account.role === "dutyOfficer";
        this.drawer.render();
    }

    // MARK: what comes in

    inserted(index, items, isNews) {
        this.list.inserted(index, items, isNews);
        if (isNews) this.herald.tell(items);
        this.#drawSoon();
    }

    changed(ids) {
        for (const id of ids) {
            this.list.changed(id);
            if (id === this.selectedID) this.drawer.changed(this.feed.get(id));
        }
        this.#drawSoon();
    }

    moved(status) {
        if (this.status.status.state !== status.state) this.herald.moved(status);
        this.status.show(status);
        this.#signs();
    }

    // MARK: what a person does

    open(id) {
        const item = this.feed.get(id);
        if (!item) return;
        const before = [this.selectedID, this.currentID];
        this.selectedID = this.currentID = id;
        document.querySelector(".work-area").dataset.drawer = "open";
        this.drawer.open(item);
        this.#repatch(...before, id);
        this.map.select(item);
        this.map.setIncidents(this.feed.items);
        this.list.reveal(this.feed.indexOf(id));
    }

    close() {
        if (this.selectedID === null) return;
        const id = this.selectedID;
        this.selectedID = null;
        document.querySelector(".work-area").dataset.drawer = "closed";
        this.drawer.close();
        this.#repatch(id);
        this.map.select(null);
        this.map.setIncidents(this.feed.items);
        this.list.rows.get(id)?.node.focus({ preventScroll: true });
    }

    next() { this.step(1); }
    previous() { this.step(-1); }

    step(by) {
        const { items } = this.feed;
        if (items.length === 0) return;
        this.list.touch();
        const at = this.currentID === null ? -1 : this.feed.indexOf(this.currentID);
        const index = at < 0 ? Math.min(items.length - 1, Math.round(role("feed").scrollTop / rowHeight)) : Math.min(items.length - 1, Math.max(0, at + by));
        this.#setCurrent(items[index].id);
        this.list.focus(index);
        if (this.selectedID !== null) this.open(this.currentID);
    }

    openCurrent() { if (this.currentID) this.open(this.currentID); }

    async file() {
        const item = this.feed.get(this.selectedID ?? this.currentID);
        if (!item || !isFileable(item) || !this.drawer.mayFile) return;
        this.open(item.id);
        await this.drawer.file();
    }

    showNew() { this.list.showNew(); }

    pause() {
        this.list.isPaused = !this.list.isPaused;
        this.drawPause();
        this.drawNewBar();
    }

    toggleGrids() { this.map.toggleNames(press("map-grids")); }
    toggleCameras() { this.map.toggleCameras(press("map-cameras")); }
    showAll() { this.map.showAll(); }
    locate() { this.map.locate(); }
    restyle() { this.map.restyle(); }
    keysChanged() { drawKeysLine(role("keys-line")); }

    // MARK: rows

    #makeRow(item) {
        const row = makeRow(item);
        row.addEventListener("click", () => this.open(item.id));
        row.addEventListener("focus", () => this.#setCurrent(item.id));
        return row;
    }

    #setCurrent(id) {
        if (this.currentID === id) return;
        const before = this.currentID ?? this.feed.items[0]?.id;
        this.currentID = id;
        this.#repatch(before, id);
    }

    #view(item) {
        const isCurrent = this.currentID === null ? item === this.feed.items[0] : item.id === this.currentID;
        return { total: this.feed.items.length, selected: item.id === this.selectedID, isCurrent };
    }

    #repatch(...ids) {
        for (const id of ids) {
            const row = this.list.rows.get(id);
            const item = this.feed.get(id);
            if (row && item) patchRow(row.node, item, row.index, this.#view(item));
        }
    }

    // MARK: what the page says

    /** Everything again, as after a change of language. */
    redraw() {
        this.list.refresh();
        this.drawer.render();
        this.map.restyle();
        this.status.render();
        this.drawPause();
        this.drawNewBar();
        drawKeysLine(role("keys-line"));
        this.#drawSoon();
    }

    tick() {
        for (const [id, row] of this.list.rows) if (this.feed.get(id)) tickRow(row.node, this.feed.get(id));
        this.strip.show(this.feed.items);
        this.#empty();
    }

    /** Strip, map and figures once per frame, however much came in. */
    #drawSoon() {
        if (this.isDrawing) return;
        this.isDrawing = true;
        requestAnimationFrame(() => {
            this.isDrawing = false;
            this.strip.show(this.feed.items);
            this.map.setIncidents(this.feed.items);
            drawFigures(this.feed.items, this.cameras);
            this.#empty();
        });
    }

    #empty() { drawEmpty(this.feed.items.length, this.news.hasLoaded, this.cameras, this.stream.status.dataAt); }

    drawPause() {
        role("pause").setAttribute("aria-pressed", this.list.isPaused);
        setText(role("pause-text"), t(this.list.isPaused ? "feed.paused" : "feed.pause"));
    }

    drawNewBar() {
        const { unseen, isPaused } = this.list ?? { unseen: new Map() };
        role("new-bar").hidden = unseen.size === 0 || document.hidden;
        if (unseen.size > 0) setText(role("new-text"), t(isPaused ? "newBar.paused" : "newBar", { n: unseen.size, p: t(`priority.${Math.min(...unseen.values())}`) }));
        this.#signs();
    }

    #signs() { this.sign.show(`${t("brand")} ${t("desk.title")}`, this.list?.unseen.size ?? 0, this.status.status.state); }
}

new Desk().start();
