// Dots on the canvas whose form says what they are: a camera's state, an incident's priority.

import * as L from "/lib/leaflet/leaflet.esm.min.js";

/** Draws with Leaflet's canvas renderer. Its `_` members have been the same since 1.0; the pages' tests draw through them. */
const Dot = L.CircleMarker.extend({
    _updatePath() {
        const renderer = this._renderer;
        if (!renderer._drawing || this._empty()) return;
        const pen = renderer._ctx;
        pen.save();
        pen.globalAlpha = 1;
        this.draw(pen, this._point.x, this._point.y, this.options.radius);
        pen.restore();
    },
});

/** A camera: filled when its picture comes, a ring when it is late or connecting, a ring with a cross when it is lost, a dash when set aside. */
export const CameraDot = Dot.extend({
    draw(pen, x, y, radius) {
        pen.strokeStyle = pen.fillStyle = this.options.color;
        pen.lineWidth = 1.5;
        const state = this.camera?.state;
        if (state === "quarantined" || state === "unsupported") {
            pen.fillRect(x - radius, y - 1.5, radius * 2, 3);
            return;
        }
        pen.beginPath();
        pen.arc(x, y, state === "streaming" ? radius - 1 : radius, 0, Math.PI * 2);
        if (state === "streaming") return pen.fill();
        pen.stroke();
        if (state !== "unreachable" && state !== "refused") return;
        const arm = radius + 1.5;
        pen.beginPath();
        pen.moveTo(x - arm, y - arm);
        pen.lineTo(x + arm, y + arm);
        pen.moveTo(x + arm, y - arm);
        pen.lineTo(x - arm, y + arm);
        pen.stroke();
    },
});

/** An incident of priority 3 or 4: its shape and numeral, as on its badge. */
export const IncidentDot = Dot.extend({
    draw(pen, x, y, radius) {
        const { priority, fillColor, outline } = this.options;
        pen.beginPath();
        if (priority === 3) {
            const reach = radius + 2;
            pen.moveTo(x, y - reach);
            pen.lineTo(x + reach, y);
            pen.lineTo(x, y + reach);
            pen.lineTo(x - reach, y);
            pen.closePath();
        } else {
            pen.arc(x, y, radius, 0, Math.PI * 2);
        }
        pen.fillStyle = fillColor;
        if (outline !== "transparent") {
            pen.strokeStyle = outline;
            pen.lineWidth = 2;
            pen.stroke();
        }
        pen.fill();
        pen.fillStyle = priority === 2 || priority === 3 ? "#000000" : "#FFFFFF";
        pen.font = "700 11px sans-serif";
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(String(priority), x, y + 1);
    },
});
