// **snapshot and changes → the incidents a page knows**, newest first, each once, never re-sorted by an update.

const capacity = 10_000;

/** True while the machine still sees it, or people still work on it. */
export const isActive = (item) => isOngoing(item) || ["reported", "filed", "dispatched", "acknowledged", "handling"].includes(item.case?.state);

/** True while the machine still sees it. */
export const isOngoing = (item) => item.phase === "open" || item.phase === "updated";

/** True until a person has taken it in hand. */
export const needsEyes = (item) => !item.case || ["reported", "filed", "dispatched"].includes(item.case.state);

/** True where the duty officer may file. */
export const isFileable = (item) => !item.case || item.case.state === "reported";

/** The incidents of a page. A plain value without nodes or requests. */
export class Feed {
    items = [];
    byID = new Map();

    get(id) { return this.byID.get(id); }

    indexOf(id) { return this.items.findIndex((item) => item.id === id); }

    /**
     * Takes changed objects of the stream.
     * @returns {{added: object[], changed: string[]}} new incidents in list order (they stand at the top now), and ids whose text changed
     */
    apply(changes) {
        const fresh = new Map();
        const changed = new Set();
        for (const change of changes) {
            if (change.kind === "incident" && change.incident) {
                const item = change.incident;
                if (this.byID.has(item.id)) { if (this.#patch(item)) changed.add(item.id); } else fresh.set(item.id, item);
            } else if (change.kind === "case" && change.case) {
                for (const id of this.#patchCase(change.case, fresh)) changed.add(id);
            }
        }
        const added = [...fresh.values()].sort(newestFirst);
        this.#insert(0, added);
        return { added, changed: [...changed] };
    }

    /**
     * Takes a list of the server, newest first. Unknown ones go where the list has them; nothing that is known moves or leaves.
     * @returns {{inserted: {index: number, items: object[]}[], changed: string[]}}
     */
    merge(list) {
        const inserted = [];
        const changed = [];
        let run = [];
        let next = -1;
        const put = (index) => {
            if (run.length === 0) return;
            this.#insert(index, run);
            inserted.push({ index, items: run });
            run = [];
        };
        for (const item of list) {
            if (!this.byID.has(item.id)) { run.push(item); continue; }
            put(this.indexOf(item.id));
            next = this.indexOf(item.id) + 1;
            if (this.#patch(item)) changed.push(item.id);
        }
        if (run.length > 0) put(next >= 0 ? next : this.#place(run));
        return { inserted, changed };
    }

    /** Drops the oldest beyond what a page should hold; returns how many. */
    trim() {
        const gone = this.items.splice(capacity);
        for (const item of gone) this.byID.delete(item.id);
        return gone.length;
    }

    /** A list that shares nothing with ours is all newer or all older. */
    #place(list) { return this.items.length === 0 || list[0].first_seen > this.items[0].first_seen ? 0 : this.items.length; }

    #insert(index, list) {
        this.items.splice(index, 0, ...list);
        for (const item of list) this.byID.set(item.id, item);
    }

    #patch(item) {
        const known = this.byID.get(item.id);
        if (item.rev < known.rev) return false;
        // A list that was read before the latest change must not take it back.
        const hasNewerCase = known.case && (!item.case || (item.case.no === known.case.no && item.case.version < known.case.version));
        const before = JSON.stringify(known);
        Object.assign(known, item, hasNewerCase ? { case: known.case } : {});
        return JSON.stringify(known) !== before;
    }

    #patchCase(item, fresh) {
        const touched = [];
        for (const id of item.incident_ids ?? []) {
            const known = this.byID.get(id) ?? fresh.get(id);
            if (!known || (known.case && known.case.no === item.no && known.case.version > item.version)) continue;
            known.case = { no: item.no, state: item.state, version: item.version };
            if (item.state !== "reported") known.proposed = false;
            // Receipts change without a new version, so an open drawer is told in any case.
            if (this.byID.has(id)) touched.push(id);
        }
        return touched;
    }
}

function newestFirst(a, b) {
    return a.first_seen < b.first_seen ? 1 : a.first_seen > b.first_seen ? -1 : a.id < b.id ? 1 : -1;
}
