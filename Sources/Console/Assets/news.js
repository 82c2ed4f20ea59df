// **server → feed**: the first list, the changes of the stream, older pages on scroll; tells the page what to draw.

import * as api from "./api.js";
import { Feed } from "./feed.js";

const pageOfList = 200;
/** After a gap as much as one request gives. */
const longestPage = 1_000;
const capacity = 10_000;

/** Fills a feed from the server. */
export class News {
    feed = new Feed();
    hasLoaded = false;
    hasOlder = true;

    /** @param {{inserted: (index: number, items: object[], isNews: boolean) => void, changed: (ids: string[]) => void, trimmed: () => void}} page */
    constructor(page) { this.page = page; }

    /** Loads the newest incidents and returns the sequence they are true for. */
    async snapshot() {
        const isFirst = !this.hasLoaded;
        const answer = await api.incidents({ limit: isFirst ? pageOfList : longestPage });
        this.hasLoaded = true;
        const { inserted, changed } = this.feed.merge(answer.items);
        if (isFirst) this.hasOlder = answer.items.length >= pageOfList;
        for (const { index, items } of inserted) this.page.inserted(index, items, !isFirst && index === 0);
        if (this.feed.trim() > 0) this.page.trimmed();
        this.page.changed(changed);
        return answer.seq;
    }

    /** Takes changed objects of the stream. */
    changes(list) {
        const { added, changed } = this.feed.apply(list);
        if (added.length > 0) this.page.inserted(0, added, true);
        if (this.feed.trim() > 0) this.page.trimmed();
        this.page.changed(changed);
    }

    /** Asks for older incidents than the last one, once at a time. */
    async older() {
        const { items } = this.feed;
        if (!this.hasOlder || this.isLoadingOlder || items.length === 0 || items.length >= capacity) return;
        this.isLoadingOlder = true;
        try {
            const answer = await api.incidents({ to: items.at(-1).first_seen, limit: pageOfList });
            const { inserted, changed } = this.feed.merge(answer.items);
            this.hasOlder = inserted.length > 0 && answer.items.length >= pageOfList;
            for (const { index, items: older } of inserted) this.page.inserted(index, older, false);
            this.page.changed(changed);
        } catch { /* The stream says when the server cannot be reached; scrolling on asks again. */ }
        this.isLoadingOlder = false;
    }
}
