// The stored picture of an incident with the place of the motion, or the reason why there is none.

import { el } from "./dom.js";
import { t } from "./i18n.js";

/**
 * A figure with the picture at `url`; a missing or broken picture is said in words.
 * @param {{url: string | null, box?: number[] | null, alt: string, absent?: string}} picture `absent` says why there is none
 * @returns {HTMLElement} carries data-picture: `loading`, `shown`, `absent` or `failed`
 */
export function pictureFigure({ url, box, alt, absent = t("picture.absent") }) {
    const figure = el("figure", { class: "picture", "data-role": "picture", "data-picture": url ? "loading" : "absent" });
    if (!url) {
        figure.append(el("p", { class: "picture-words" }, absent));
        return figure;
    }
    const load = (address) => {
        const words = el("p", { class: "picture-words" }, t("picture.loading"));
        const image = el("img", { alt, decoding: "async", class: "picture-image" });
        image.onload = () => {
            figure.dataset.picture = "shown";
            words.remove();
            if (box) figure.append(frame(box));
        };
        image.onerror = () => {
            figure.dataset.picture = "failed";
            image.remove();
            words.replaceChildren(t("picture.failed"), el("button", { type: "button", onclick: () => load(`${url}${url.includes("?") ? "&" : "?"}try=${Date.now()}`) }, t("retry")));
        };
        figure.dataset.picture = "loading";
        figure.replaceChildren(image, words);
        image.src = address;
    };
    load(url);
    return figure;
}

/** The box of the motion, drawn over the picture: relative, so it fits any size. */
function frame([x, y, width, height]) {
    const node = el("span", { class: "picture-box", "aria-hidden": "true" });
    const percent = (value) => `${Math.min(1, Math.max(0, value)) * 100}%`;
    Object.assign(node.style, { left: percent(x), top: percent(y), width: percent(width), height: percent(height) });
    return node;
}
