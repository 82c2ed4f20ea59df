// Building nodes. Data enters the page only as text or as plain attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** Finds the element with this `data-role` below `root`. */
export const role = (name, root = document) => root.querySelector(`[data-role="${name}"]`);

/**
 * Makes an element. `attributes` holds `class`, `data-…`, `aria-…` and event handlers as `onclick: f`; children are nodes, texts or nothing.
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

/** The same in the SVG namespace. */
export function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
}

/** Sets text only when it differs, so that a quiet page stays quiet for the browser too. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

/** Reads a setting of this browser; nil when storage is refused. */
export function recall(key) {
    try { return localStorage.getItem(key); } catch { return null; }
}

/** Keeps a setting in this browser; false when storage is refused or full. */
export function keep(key, value) {
    try {
        if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value);
        return true;
    } catch { return false; }
}
