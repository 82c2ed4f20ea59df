// The buttons of the command centre: each calls the same function of the page as its key.

import { role } from "./dom.js";
import { installHead, installTabs } from "./frame.js";

/** Turns a switch button over and returns its new state. */
export function press(name) {
    const button = role(name);
    const isOn = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", isOn);
    return isOn;
}

/** Connects every button of index.html. */
export function installButtons(page) {
    const on = (name, act) => role(name).addEventListener("click", act);
    on("new-button", () => page.showNew());
    on("pause", () => page.pause());
    on("map-grids", () => page.toggleGrids());
    on("map-cameras", () => page.toggleCameras());
    on("map-locate", () => page.locate());
    on("map-all", () => page.showAll());
    on("reload", () => location.reload());
    installHead(() => page.restyle());
    installTabs();
    // The feed pattern of the ARIA practices: Page Down and Page Up go from article to article.
    role("feed").addEventListener("keydown", (event) => {
        if (event.code !== "PageDown" && event.code !== "PageUp") return;
        event.preventDefault();
        page.step(event.code === "PageDown" ? 1 : -1);
    });
}
