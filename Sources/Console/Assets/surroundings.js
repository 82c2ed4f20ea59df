// What changes seldom and comes without the stream: the shapes of the grids, and the states of the cameras.

import * as api from "./api.js";

const cameraPollMilliseconds = 30_000;
const retryMilliseconds = 10_000;

/** Loads the grids, trying until it works. */
export async function loadGrids(draw) {
    try { draw(await api.gridShapes()); } catch { setTimeout(() => loadGrids(draw), retryMilliseconds); }
}

/** Reads the cameras now and each half minute while the page is looked at. The last states stay when a reading fails. */
export async function watchCameras(draw, isFirst = true) {
    let wait = cameraPollMilliseconds;
    if (isFirst || !document.hidden) {
        try {
            draw((await api.cameras()).items);
            isFirst = false;
        } catch { wait = isFirst ? retryMilliseconds : wait; }
    }
    setTimeout(() => watchCameras(draw, isFirst), wait);
}
