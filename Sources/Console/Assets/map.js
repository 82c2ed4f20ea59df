// **grids, cameras, incidents → map**: one canvas for lines and dots, real nodes only for the few urgent badges.
//
// No background map: the grid itself is the orientation. Leaflet turns strings into markup, so it only ever gets nodes.

import * as L from "/lib/leaflet/leaflet.esm.min.js";
import { badge } from "./badges.js";
import { el } from "./dom.js";
import { isActive } from "./feed.js";
import { t, word } from "./i18n.js";
import { CameraDot, IncidentDot } from "./dots.js";
import { isOurOwn, placeText } from "./places.js";

const badgeLimit = 50;
const nameLimit = 90;

/** The map in the middle of the command centre. */
export class DistrictMap {
    /** @param {HTMLElement} node @param {{open: (id: string) => void, openCamera?: (id: string) => void, line: (text: string) => void}} page */
    constructor(node, page) {
        this.page = page;
        this.canvas = L.canvas({ padding: 0.15, tolerance: 4 });
        this.map = L.map(node, { renderer: this.canvas, preferCanvas: true, zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 7, maxZoom: 19 });
        this.map.setView([29.5, 105.05], 11);
        L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
        this.zoom = null;
        this.grids = L.featureGroup().addTo(this.map);
        this.cameraLayer = L.featureGroup().addTo(this.map);
        this.incidentLayer = L.featureGroup().addTo(this.map);
        this.names = L.layerGroup().addTo(this.map);
        this.cameras = new Map();
        this.places = new Map();
        this.hasNames = false;
        this.selected = null;
        this.tooltip = L.tooltip({ className: "map-tip", direction: "top", offset: [0, -8], opacity: 1 });
        this.cameraLayer.on("mouseover", (event) => this.#tip(event.layer.getLatLng(), this.#cameraText(event.layer.camera)));
        this.incidentLayer.on("mouseover", (event) => this.#tip(event.layer.getLatLng(), this.#incidentText(event.layer.incident)));
        for (const layer of [this.cameraLayer, this.incidentLayer]) layer.on("mouseout", () => this.map.closeTooltip(this.tooltip));
        this.incidentLayer.on("click", (event) => this.page.open(event.layer.incident.id));
        this.cameraLayer.on("click", (event) => this.page.openCamera?.(event.layer.camera.id));
        this.map.on("moveend", () => this.#drawNames());
        new ResizeObserver(() => this.#resized(node)).observe(node);
        this.restyle();
    }

    /** Reads the colours of the theme and the words of the language again. */
    restyle() {
        const style = getComputedStyle(document.documentElement);
        const colour = (name) => style.getPropertyValue(`--${name}`).trim();
        this.colours = { line: colour("grid-line"), mark: colour("grid-mark"), dot: colour("dot"), page: colour("page"), outline: colour("outline"), 1: colour("p1"), 2: colour("p2"), 3: colour("p3"), 4: colour("p4") };
        this.zoom?.remove();
        this.zoom = L.control.zoom({ position: "topright", zoomInTitle: t("map.in"), zoomOutTitle: t("map.out") }).addTo(this.map);
        this.#markGrid();
        for (const dot of this.cameras.values()) dot.setStyle({ color: this.colours.dot });
        const items = [...this.places.values()].map((place) => place.incident);
        this.#clearIncidents();
        this.#drawIncidents(items);
    }

    /** Draws the polygons of the grids. */
    setGrids(geoJSON) {
        this.grids.clearLayers();
        L.geoJSON(geoJSON, { style: () => this.#gridStyle(false), onEachFeature: (_, layer) => this.grids.addLayer(layer) });
        this.grids.bringToBack();
        this.#markGrid();
        this.showAll();
    }

    /** Draws the cameras, or writes their new state. */
    setCameras(list) {
        const isFirst = this.cameras.size === 0;
        const present = new Set(list.map((camera) => camera.id));
        for (const [id, dot] of this.cameras) if (!present.has(id)) { dot.remove(); this.cameraLayer.removeLayer(dot); this.cameras.delete(id); }
        for (const camera of list) {
            const known = this.cameras.get(camera.id);
            if (known) {
                const isSame = known.camera.state === camera.state;
                known.camera = camera;
                if (!isSame) known.redraw();
                continue;
            }
            const dot = new CameraDot([camera.lat, camera.lon], { renderer: this.canvas, color: this.colours.dot, radius: list.length > 500 ? 3 : 5 });
            dot.camera = camera;
            this.cameras.set(camera.id, dot);
            this.cameraLayer.addLayer(dot);
        }
        if (isFirst) this.showAll();
        this.#raiseIncidents();
    }

    /** Shows where something is going on: per place the most urgent, then the newest. */
    setIncidents(items) {
        const top = new Map();
        for (const item of items) {
            if (!isActive(item) && item.id !== this.selected?.id) continue;
            const key = `${item.place.lon},${item.place.lat}`;
            const other = top.get(key);
            if (!other || item.id === this.selected?.id || (other.id !== this.selected?.id && item.priority < other.priority)) top.set(key, item);
        }
        for (const [key, place] of this.places) {
            const item = top.get(key);
            if (item && place.drawn === drawing(item, this.selected)) { place.incident = place.layer.incident = item; top.delete(key); continue; }
            this.incidentLayer.removeLayer(place.layer);
            this.places.delete(key);
        }
        this.#drawIncidents([...top.values()]);
    }

    /** Marks an incident and its grid; pans only when it is near the edge or out of sight, and never zooms. */
    select(item) {
        this.selected = item;
        this.#markGrid();
        this.page.line(item ? placeText(item) : "");
        if (!item) return;
        this.map.invalidateSize({ pan: false });
        const inner = this.map.getBounds().pad(-0.1);
        const point = [item.place.lat, item.place.lon];
        if (!inner.contains(point)) this.map.panTo(point);
    }

    /** Marks a camera and the grid that answers for it, or nothing. */
    selectCamera(camera) {
        this.ring?.remove();
        this.ring = null;
        this.selected = camera && { place: camera, grid: { code: camera.grid } };
        this.#markGrid();
        if (!camera) return;
        this.map.invalidateSize({ pan: false });
        this.ring = L.circleMarker([camera.lat, camera.lon], { renderer: this.canvas, radius: 10, weight: 2, color: this.colours.mark, fill: false, interactive: false }).addTo(this.map);
        if (!this.map.getBounds().pad(-0.1).contains([camera.lat, camera.lon])) this.map.panTo([camera.lat, camera.lon]);
    }

    /** Goes to the selected incident, closer. */
    locate() {
        if (this.selected) this.map.setView([this.selected.place.lat, this.selected.place.lon], Math.max(this.map.getZoom(), 15));
    }

    /** Shows all cameras, or all grids where there are none. */
    showAll() {
        const bounds = this.cameras.size > 0 ? this.cameraLayer.getBounds() : this.grids.getBounds();
        if (bounds.isValid()) this.map.fitBounds(bounds.pad(0.12), { maxZoom: 16, animate: false });
    }

    /** Shows or hides the names of the grids. */
    toggleNames(isOn) {
        this.hasNames = isOn;
        this.#drawNames();
    }

    /** Shows or hides the cameras. */
    toggleCameras(isOn) {
        if (isOn) this.map.addLayer(this.cameraLayer); else this.map.removeLayer(this.cameraLayer);
        this.#raiseIncidents();
    }

    /** The canvas draws in the order of adding, and incidents lie above cameras. */
    #raiseIncidents() { this.incidentLayer.eachLayer((layer) => layer.bringToFront?.()); }

    #resized(node) {
        this.map.invalidateSize({ pan: false, debounceMoveend: true });
        // On a narrow screen the map is first laid out when its tab is opened.
        const isVisible = node.clientWidth > 0;
        if (isVisible && !this.wasVisible) this.showAll();
        this.wasVisible = isVisible;
    }

    #gridStyle(isMarked) {
        const { line, mark } = this.colours;
        return { renderer: this.canvas, color: isMarked ? mark : line, weight: isMarked ? 2 : 1, fill: isMarked, fillColor: mark, fillOpacity: 0.07, interactive: false };
    }

    #markGrid() {
        const code = this.selected?.grid?.code;
        this.grids.eachLayer((layer) => {
            const isMarked = code !== undefined && layer.feature?.properties?.code === code;
            if (layer.isMarked === isMarked && layer.drawnWith === this.colours) return;
            layer.isMarked = isMarked;
            layer.drawnWith = this.colours;
            layer.setStyle(this.#gridStyle(isMarked));
        });
    }

    #clearIncidents() {
        this.incidentLayer.clearLayers();
        this.places.clear();
    }

    #drawIncidents(items) {
        let badges = [...this.places.values()].filter((place) => place.layer instanceof L.Marker).length;
        for (const item of items) {
            if (isOurOwn(item)) continue;
            const at = [item.place.lat, item.place.lon];
            const isSelected = item.id === this.selected?.id;
            const isBadge = (item.priority <= 2 || isSelected) && badges < badgeLimit;
            if (isBadge) badges += 1;
            const layer = isBadge
                ? L.marker(at, { icon: L.divIcon({ className: `map-badge${isSelected ? " is-selected" : ""}`, html: badge(item.priority), iconSize: [30, 30] }), zIndexOffset: (isSelected ? 9 : 5 - item.priority) * 1000, keyboard: false, riseOnHover: true })
                : new IncidentDot(at, { renderer: this.canvas, radius: 9, fillColor: this.colours[item.priority], outline: this.colours.outline, priority: item.priority });
            layer.incident = item;
            this.places.set(`${item.place.lon},${item.place.lat}`, { layer, incident: item, drawn: drawing(item, this.selected) });
            this.incidentLayer.addLayer(layer);
        }
    }

    #drawNames() {
        this.names.clearLayers();
        if (!this.hasNames) return;
        const view = this.map.getBounds();
        const near = [];
        this.grids.eachLayer((layer) => { if (view.intersects(layer.getBounds())) near.push(layer); });
        if (near.length > nameLimit) return this.page.line(t("map.zoomForNames"));
        for (const layer of near) {
            const name = el("span", {}, String(layer.feature.properties.name ?? ""));
            this.names.addLayer(L.marker(layer.getBounds().getCenter(), { icon: L.divIcon({ className: "map-name", html: name, iconSize: [0, 0] }), interactive: false, keyboard: false }));
        }
    }

    #tip(at, lines) {
        this.tooltip.setLatLng(at).setContent(el("div", {}, ...lines.map((line, index) => el(index === 0 ? "strong" : "span", {}, line))));
        this.map.openTooltip(this.tooltip);
    }

    #cameraText(camera) {
        return [camera.name, [word("camera", camera.state), camera.state === "streaming" ? "" : camera.reason].filter(Boolean).join(" · ")];
    }

    #incidentText(item) { return [`${t(`priority.${item.priority}`)} · ${word("category", item.category)}`, item.camera.name]; }
}

const drawing = (item, selected) => `${item.priority}|${item.id === selected?.id}`;
