// What the district calls its categories: a catalogue is the district's own, so its words are no texts of ours.

import * as api from "./api.js";
import { learn } from "./i18n.js";

/** Asks once after login; without an answer the codes stand for themselves. */
export const loadCatalogue = () => api.catalogue().then((answer) => learn("category", answer.items.map((one) => [one.category, { zh: one.name, en: one.name_en }])), () => {});
