// **what an import says about rows → sentences**: the server writes short English facts, known shapes are said in the reader's language.

import { language, t } from "./i18n.js";

/** The shapes of Grids/FieldCheck.swift, CameraRows.swift, CameraImport.swift, FieldChange.swift and NamedRows.swift. */
const shapes = [
    ["spreadsheet", /^camera_id '(?<id>.*)' was written by a spreadsheet and lost its digits/],
    ["digits", /^camera_id '(?<id>.*)' has (?<n>\d+) digits, 20 are needed/],
    ["noID", /^camera_id '(?<id>.*)' is not 20 digits$/],
    ["lostTail", /^camera_id (?<id>\d+) lost its last digits/],
    ["zeros", /^camera_id (?<id>\d+) ends in zeros/],
    ["twice", /^camera_id (?<id>\d+) stands on line (?<n>\d+) already/],
    ["perhaps", /^perhaps camera (?<id>\d+) is meant$/],
    ["crsMissing", /^crs is missing/],
    ["crsUnknown", /^unknown crs '(?<text>.*)'; known are/],
    ["crsOther", /^its crs is (?<own>\w+), but --crs says (?<other>\w+)$/],
    ["crsWrong", /^crs may be wrong: of (?<n>\d+) cameras declared (?<own>\w+), (?<own_n>\d+) stand in the village they name; read as (?<other>\w+), (?<other_n>\d+) would$/],
    ["outside", /^(?<place>[\d.,-]+) lies (?<far>.+) outside the district$/],
    ["village", /^unknown village_code (?<code>\d+): /],
    ["grid", /^unknown grid_code (?<code>\d+): /],
    ["boundElsewhere", /^is bound to grid (?<grid>\d+) but stands in (?<other>\d+); the binding is kept$/],
    ["villageElsewhere", /^names village (?<village>\d+) but stands in (?<other>\d+)$/],
    ["gridNotInVillage", /^grid_code (?<grid>\d+) is not in village_code (?<village>\d+)$/],
    ["sameURL", /^has the same rtsp_url as line (?<n>\d+)$/],
    ["urlPassword", /^rtsp_url contains a (?:user or password|password in its path)/],
    ["url", /^rtsp_url /],
    ["household", /^a household point /],
    ["person", /^the tag '(?<tag>.*):…' denotes a person/],
    ["tag", /^the tag '(?<tag>.*)' is not ns:key/],
    ["priority", /^priority '(?<text>.*)' must be 1/],
    ["transport", /^unknown transport '(?<text>.*)'; known are/],
    ["flag", /^(?<column>\w+) '(?<text>.*)' must be 1 or 0$/],
    ["range", /^(?<column>\w+) '(?<text>.*)' must be a number from (?<from>-?\d+) to (?<to>\d+)$/],
    ["notANumber", /^(?<column>\w+) '(?<text>.*)' is not a number/],
    ["empty", /^(?<column>\w+) is empty$/],
    ["long", /^(?<column>\w+) is longer than (?<n>\d+) characters$/],
    ["fields", /^has (?<n>\d+) fields, the header names (?<all>\d+) columns/],
    ["missing", /^missing columns: (?<columns>.+?);/],
    ["separated", /^columns are separated by /],
    ["ignored", /^unknown columns are ignored: (?<columns>.+)$/],
    ["together", /^lon and lat belong together/],
    ["none", /^names no camera$/],
    ["emptyFile", /^is empty; the first line must name/],
    ["rowsRefused", /^(?<n>\d+) rows are refused/],
    ["noChange", /^the file changes nothing$/],
    ["notRead", /^nothing was changed: the district cannot be read again/],
    ["movedInto", /^moved (?<far>[\d.]+ m), from grid (?<from>\d+|none) into (?<to>\d+|none)$/],
    ["moved", /^moved (?<far>[\d.]+ m)$/],
    ["changed", /^changed$/],
    ["right", /^was wrong and is put right$/],
];

/**
 * One sentence about a file or a row as the reader reads it; a shape that only a newer server knows is shown as it came.
 * @param {string} fact
 */
export function listFact(fact) {
    if (language() === "en") return fact;
    for (const [key, shape] of shapes) {
        const found = shape.exec(fact);
        if (found) return t(`imp.fact.${key}`, found.groups ?? {});
    }
    return fact.replace(/^nothing → /, `${t("imp.fact.nothing")} → `).replace(/ → nothing$/, ` → ${t("imp.fact.nothing")}`);
}
