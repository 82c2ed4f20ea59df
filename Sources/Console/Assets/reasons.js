// **facts → sentences**. Detectors and camera health write short English facts with numbers; known shapes are said in the reader's
// language.

import { knows, language, t } from "./i18n.js";

/** The shapes of Detectors/Words.swift, Detectors/TamperWatch.swift, Pipelines/Rules/RuleEngine.swift, Pipelines/StillThings.swift, of the notes of Cases/CaseTransaction.swift and Cases/Map/CaseRehoming.swift, Detectors/Watching.swift, Pipelines/CameraWatch.swift and Ingest/Health/OutageReport.swift; a fact of another shape is shown as it came. */
const shapes = [
    ["doubt.track", /^moved (?<cells>[\d.]+) cells in (?<s>[\d.]+) s, seen at (?<hits>\d+) of (?<looks>\d+) looks, score (?<score>\d+)$/],
    ["doubt.ghost", /^an edge only in the background: something absorbed has left; (?<cells>\d+) cells, (?<levels>[\d.]+) levels$/],
    ["doubt.lighting", /^brightness changed, texture or soft edge stayed; (?<cells>\d+) cells, (?<levels>[\d.]+) levels$/],
    ["doubt.warmup", /^up to (?<cells>\d+) cells changed while the scene was learnt$/],
    ["doubt.global", /^(?<p>[\d.]+ ?%) of the picture changed at once$/],
    ["doubt.infrared", /^colour or brightness of the whole picture changed and its edges stayed$/],
    ["doubt.precipitation", /^(?<n>\d+) small changes a look: rain, snow or insects$/],
    ["doubt.cooling", /^delivered lately; cooling down for (?<time>.+) more$/],
    ["moved", /^moved (?<cells>[\d.]+) cells in (?<s>[\d.]+) s, seen at (?<hits>\d+) of (?<looks>\d+) looks$/],
    ["area", /^(?<p>[\d.]+ ?%) of the picture, (?<cells>\d+) cells$/],
    ["strength", /^(?<n>[\d.]+) times the threshold$/],
    ["removed", /^camera removed$/],
    ["lost", /^The camera shows no pictures\.$/],
    ["flapping", /^The camera comes and goes: it was lost (?<n>\d+) times\.$/],
    ["restored", /^The camera shows pictures again after (?<time>.+)\.$/],
    ["common.host", /^(?<n>\d+) of (?<all>\d+) cameras went dark together: the recorder or encoder at (?<place>.+)\.$/],
    ["common.subnet", /^(?<n>\d+) of (?<all>\d+) cameras went dark together: the network (?<place>.+)\.$/],
    ["common.fleet", /^(?<n>\d+) of (?<all>\d+) cameras went dark together: the camera network as a whole\.$/],
    ["advice.host", /^Look at the recorder first: power, network cable, number of viewers\.$/],
    ["advice.subnet", /^Look at its switch, uplink and power supply first\.$/],
    ["advice.fleet", /^Look at this machine's network and the core switch first\.$/],
    ["examples", /^for example (?<ids>[\d, ]+)$/],
    ["back", /^.+ is back after (?<time>.+)\.$/],
    ["missing", /^(?<n>\d+) of (?<all>\d+) cameras are still missing\.$/],
    ["stall", /^Cameras are not looked at: .+ While this lasts no camera is reported as lost\.$/],
    ["stall.over", /^Cameras are looked at again after (?<time>.+)\.$/],
    ["on", /^(?<tag>\S+) on for (?<time>.+)$/],
    ["happened", /^(?<tag>\S+) happened$/],
    ["rest", /^at rest for (?<time>.+?)(?:, learnt by now)?$/],
    ["continues", /^continues an incident of (?<time>.+)$/],
    ["muted", /^muted by (?<what>.+)$/],
    ["hours", /^speaks only (?<what>.+)$/],
    ["held", /^held for (?<time>.+) of (?<all>.+)$/],
    ["times", /^(?<n>\d+) of (?<all>\d+) times within (?<time>.+)$/],
    ["tamper.frozen", /^(?<n>\d+) key pictures are the same to the last bit$/],
    ["tamper.blinded", /^(?<p>[\d.]+ ?%) of the picture is white$/],
    ["tamper.defocused", /^(?<p>[\d.]+ ?%) of the usual sharpness in the same view$/],
    ["tamper.moved", /^edges agree with the learnt view by (?<p>[\d.]+ ?%)$/],
    ["tamper.black", /^brightness (?<n>\d+) of 255, contrast (?<contrast>\d+)$/],
    ["tamper.covered", /^contrast (?<contrast>\d+), nothing of the learnt view is left$/],
    ["tamper.settled", /^the new view has held still and is learnt$/],
    ["tamper.over", /^no longer so$/],
    ["note.grid", /^grid (?<code>\d{15})$/],
    ["note.worker", /^(?<name>.+) \(full_time\)$/],
    ["note.substitute", /^(?<name>.+) \(substitute\)$/],
    ["note.uncatalogued", /^not in the catalogue: stays with the command centre$/],
    ["note.noGrid", /^in no grid: stays with the command centre$/],
    ["note.noWorker", /^no gridworker in grid (?<code>\d{15}): stays with the command centre$/],
    ["note.professional", /^professional matter: for a department$/],
    ["note.noDuty", /^no gridworker duty and no admission record: stays with the command centre$/],
    ["note.admission", /^its admission \((?<approval>.+)\) is not in force: stays with the command centre$/],
    ["note.map", /^grid set (?<set>\d+): (?<from>\d{15}|no grid) → (?<to>\d{15}) (?<name>.+?) \(\w+\); /],
    ["silent", /^the camera has gone silent: /],
    ["no.answer", /^the camera does not answer: /],
    ["connection.refused", /^the connection was refused: /],
    ["no.route", /^there is no route to the camera: /],
    ["closed", /^the camera closed the connection$/],
    ["password", /^the camera refused user and password \(401\): /],
];

/**
 * One fact of `reason` as the reader reads it.
 * @param {string} fact
 */
export function reasonText(fact) {
    if (language() === "en") return fact;
    for (const [key, shape] of shapes) {
        const found = shape.exec(fact);
        if (found) return t(`reason.${key}`, found.groups ?? {});
    }
    return fact;
}

/**
 * Why the machine had not told, as a clause; a reason that only a newer server knows stands for itself.
 * @param {string} reason
 */
export const whyNot = (reason) => (knows(`doubt.${reason}.why`) ? t(`doubt.${reason}.why`) : reason);
