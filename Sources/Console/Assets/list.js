// **incidents → rows**: a virtual list of equal rows whose reader's place never moves.
//
// Rows in sight keep their place on the screen: what is inserted above them is answered by the same distance of scrolling in the same
// frame. Only a list that rests at its top, unread and untouched for a while, lets new rows push the others down.

const overscan = 6;
const calmMilliseconds = 5_000;

/** A list of up to 10,000 rows in a few dozen nodes. */
export class RowList {
    /**
     * @param {{viewport: HTMLElement, sizer: HTMLElement, rowHeight: number, items: () => object[],
     *   make: (item: object) => HTMLElement, patch: (row: HTMLElement, item: object, index: number) => void,
     *   isReading: () => boolean, seen: () => void, nearEnd: () => void}} page
     */
    constructor(page) {
        Object.assign(this, page);
        this.rows = new Map();
        this.unseen = new Map();
        this.isPinned = true;
        this.isPaused = false;
        this.expectedTop = 0;
        this.touchedAt = -Infinity;
        this.focusID = null;
        const touch = () => { this.touchedAt = performance.now(); };
        for (const kind of ["pointermove", "pointerdown", "wheel", "keydown", "touchmove"]) this.viewport.addEventListener(kind, touch, { passive: true });
        this.viewport.addEventListener("scroll", () => this.#scrolled(), { passive: true });
        new ResizeObserver(() => this.#resized()).observe(this.viewport);
        document.addEventListener("visibilitychange", () => this.render());
        setInterval(() => this.#rest(), 1_000);
    }

    /** Notes that the reader does something outside the list that concerns it, such as a key. */
    touch() { this.touchedAt = performance.now(); }

    /** True when new rows may push the others down. */
    get isCalm() {
        return this.isPinned && !this.isPaused && !this.isReading() && performance.now() - this.touchedAt >= calmMilliseconds;
    }

    /** Shows `count` rows that were put into the data at `index`; `isNews` says that the reader has not seen them. */
    inserted(index, list, isNews) {
        if (isNews) for (const item of list) this.unseen.set(item.id, item.priority);
        const top = this.viewport.scrollTop;
        const isFirst = this.items().length === list.length;
        const isAbove = index * this.rowHeight <= top && !isFirst && !(index === 0 && top === 0 && (this.isCalm || !isNews));
        if (isAbove) this.#scrollTo(top + list.length * this.rowHeight);
        this.render();
        if (isNews && !isAbove) for (const item of list) this.#flash(item.id);
    }

    /** The oldest rows are gone; who was reading there finds the end of the list. */
    trimmed() {
        const end = Math.max(0, this.items().length * this.rowHeight - this.viewport.clientHeight);
        if (this.viewport.scrollTop > end) this.#scrollTo(end);
        this.render();
    }

    /** Writes the new state of one row where it stands. */
    changed(id) {
        const row = this.rows.get(id);
        if (!row) return;
        const item = this.items()[row.index];
        if (!item || item.id !== id) return;
        this.patch(row.node, item, row.index);
        this.#flash(id);
    }

    /** Goes to the top and shows what came meanwhile. */
    showNew() {
        this.isPinned = true;
        this.#scrollTo(0);
        this.render();
    }

    /** Scrolls only as far as needed for the row to be in full sight. */
    reveal(index) {
        const top = index * this.rowHeight;
        const height = this.viewport.clientHeight;
        if (top < this.viewport.scrollTop) this.#scrollTo(top);
        else if (top + this.rowHeight > this.viewport.scrollTop + height) this.#scrollTo(top + this.rowHeight - height);
        this.isPinned = this.viewport.scrollTop < 1;
        this.render();
    }

    /** Moves the keyboard to a row; the list keeps that row's node while it is out of sight. */
    focus(index) {
        const item = this.items()[index];
        if (!item) return;
        this.focusID = item.id;
        this.reveal(index);
        this.rows.get(item.id)?.node.focus({ preventScroll: true });
    }

    /** Writes every row in sight again, for another language or a passing second. */
    refresh() {
        const items = this.items();
        for (const row of this.rows.values()) if (items[row.index]) this.patch(row.node, items[row.index], row.index);
    }

    /** Brings the nodes in line with data and scroll position. */
    render() {
        const items = this.items();
        const { scrollTop, clientHeight } = this.viewport;
        this.#resize(items.length, scrollTop, clientHeight);
        const first = Math.max(0, Math.floor(scrollTop / this.rowHeight) - overscan);
        const last = Math.min(items.length, Math.ceil((scrollTop + clientHeight) / this.rowHeight) + overscan);
        const wanted = new Set();
        for (let index = first; index < last; index += 1) wanted.add(items[index].id);
        this.#recycle(wanted, items);
        for (let index = first; index < last; index += 1) this.#place(items[index], index);
        if (!document.hidden) this.#markSeen(items, scrollTop, clientHeight);
        if (items.length > 0 && last >= items.length - overscan) this.nearEnd();
    }

    /** When a strip or a banner above pushes the whole list, its rows stay where they are on the screen all the same. */
    #resized() {
        const { top, height } = this.viewport.getBoundingClientRect();
        const by = top - (this.screenTop ?? top);
        if (height > 0) this.screenTop = top;
        const { scrollTop } = this.viewport;
        if (height > 0 && by !== 0 && !(scrollTop === 0 && this.isCalm)) this.#scrollTo(Math.max(0, scrollTop + by));
        this.render();
    }

    #resize(count, scrollTop, clientHeight) {
        // A short list gets room below, so that its rows can keep their place as well.
        const height = Math.max(count * this.rowHeight, scrollTop > 0 ? scrollTop + clientHeight : 0);
        if (this.height !== height) this.sizer.style.height = `${height}px`;
        this.height = height;
    }

    #recycle(wanted, items) {
        for (const [id, row] of this.rows) {
            if (wanted.has(id)) continue;
            if (row.node === document.activeElement || row.node.contains(document.activeElement)) {
                const index = items.findIndex((item) => item.id === id);
                if (index >= 0) { this.#place(items[index], index); continue; }
            }
            row.node.remove();
            this.rows.delete(id);
        }
    }

    #place(item, index) {
        let row = this.rows.get(item.id);
        if (!row) {
            row = { node: this.make(item), index: -1 };
            this.rows.set(item.id, row);
            this.sizer.append(row.node);
        }
        if (row.index === index && row.count === this.items().length) return;
        if (row.index !== index) row.node.style.transform = `translateY(${index * this.rowHeight}px)`;
        row.index = index;
        row.count = this.items().length;
        this.patch(row.node, item, index);
    }

    #markSeen(items, scrollTop, clientHeight) {
        if (this.unseen.size > 0) {
            const first = Math.ceil((scrollTop - this.rowHeight / 2) / this.rowHeight);
            const last = Math.min(items.length, Math.ceil((scrollTop + clientHeight) / this.rowHeight));
            for (let index = Math.max(0, first); index < last; index += 1) this.unseen.delete(items[index].id);
        }
        this.seen();
    }

    #scrollTo(top) {
        const height = Math.max(this.items().length * this.rowHeight, top + this.viewport.clientHeight);
        if (!(this.height >= height)) {
            this.sizer.style.height = `${height}px`;
            this.height = height;
        }
        this.viewport.scrollTop = top;
        this.expectedTop = this.viewport.scrollTop;
    }

    #scrolled() {
        const top = this.viewport.scrollTop;
        if (Math.abs(top - this.expectedTop) >= 1) {
            this.isPinned = top < 1;
            this.touch();
        }
        this.expectedTop = top;
        this.render();
    }

    /** A reader who was at the top and went away finds the newest rows there. */
    #rest() {
        if (this.isCalm && this.viewport.scrollTop > 0 && !document.hidden) this.showNew();
    }

    #flash(id) {
        const node = this.rows.get(id)?.node;
        if (!node || document.hidden) return;
        node.classList.remove("flash");
        requestAnimationFrame(() => node.classList.add("flash"));
    }
}
