// The pane of the map. Leaflet comes from the server's own packages: when it is missing or late, feed and drawer work without it.

import { role, setText } from "./dom.js";
import { t } from "./i18n.js";

/** Passes everything on to the map once it is there; what is worth knowing later is kept until then. */
export class MapPane {
    /** @param {{open: (id: string) => void, openCamera?: (id: string) => void}} page */
    constructor(page) {
        this.page = page;
        this.map = null;
        this.kept = new Map();
        this.line = ["map.loading"];
    }

    async load() {
        try {
            const { DistrictMap } = await import("./map.js");
            this.map = new DistrictMap(role("map"), { open: this.page.open, openCamera: this.page.openCamera, line: (text) => setText(role("map-line"), text) });
            this.line = null;
            setText(role("map-line"), "");
            for (const [name, value] of this.kept) this.map[name](value);
        } catch (error) {
            console.error(error);
            this.line = ["map.missing"];
        }
        this.restyle();
    }

    restyle() {
        if (this.line) setText(role("map-line"), t(...this.line));
        this.map?.restyle();
    }

    setGrids(shapes) { this.#keep("setGrids", shapes); }
    setCameras(list) { this.#keep("setCameras", list); }
    select(item) { this.#keep("select", item); }
    selectCamera(camera) { this.#keep("selectCamera", camera); }
    toggleNames(isOn) { this.#keep("toggleNames", isOn); }
    toggleCameras(isOn) { this.#keep("toggleCameras", isOn); }
    setIncidents(items) { this.map?.setIncidents(items); }
    locate() { this.map?.locate(); }
    showAll() { this.map?.showAll(); }

    #keep(name, value) {
        if (this.map) this.map[name](value); else this.kept.set(name, value);
    }
}
