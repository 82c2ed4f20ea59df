// The HTTP API as functions. Every failure is an `ApiError` that says whether the answer was no or whether there was none.

const patienceMilliseconds = 15_000;

/** A request that did not succeed. `kind` is `network` (no answer) or `answer`; the rest comes from the server. */
export class ApiError extends Error {
    constructor(kind, status = 0, body = {}, retryAfterSeconds = 0) {
        super(body.message ?? kind);
        this.kind = kind;
        this.status = status;
        this.code = body.code ?? "";
        this.field = body.field ?? "";
        this.retryAfterSeconds = retryAfterSeconds;
    }
}

async function request(method, path, body) {
    const options = { method, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(patienceMilliseconds), headers: { Accept: "application/json" } };
    if (method !== "GET") {
        // The server takes JSON only: no form of another site can send it.
        options.headers["Content-Type"] = "application/json";
        options.body = JSON.stringify(body ?? {});
    }
    let response;
    let answer;
    try {
        response = await fetch(path, options);
        answer = response.status === 204 ? null : await response.json().catch((broken) => {
            if (response.ok) throw broken;
            return {};
        });
    } catch {
        throw new ApiError("network");
    }
    if (response.ok) return answer;
    throw new ApiError("answer", response.status, answer?.error ?? {}, Number(response.headers.get("Retry-After")) || 0);
}

function query(values) {
    const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== "")).toString();
    return text ? `?${text}` : "";
}

const part = encodeURIComponent;

/** Starts a session; the answer is the account. */
export const login = (user, password) => request("POST", "/api/login", { user, password });
/** Ends the session. */
export const logout = () => request("POST", "/api/logout");
/** Who is signed in; 401 when nobody is. */
export const me = () => request("GET", "/api/me");
/** Incidents, newest first, with the sequence they are true for. */
export const incidents = (values = {}) => request("GET", `/api/incidents${query(values)}`);
/** One incident with its reasons, receipts and case. */
export const incident = (id) => request("GET", `/api/incidents/${part(id)}`);
/** Who was told of an incident, and who was not and why. */
export const receipts = (id) => request("GET", `/api/receipts/${part(id)}`);
/** Makes a case of an incident; twice gives the same case. */
export const fileIncident = (id) => request("POST", `/api/incidents/${part(id)}/file`);
/** Cases in the reader's scope. */
export const cases = (values = {}) => request("GET", `/api/cases${query(values)}`);
/** One case with its log. */
export const caseDetail = (no) => request("GET", `/api/cases/${part(no)}`);
/** What was not told, newest first; `next` is where the next page begins. */
export const suppressions = (values = {}) => request("GET", `/api/suppressions${query(values)}`);
/** One suppression. */
export const suppression = (id) => request("GET", `/api/suppressions/${part(id)}`);
/** Says that it was an event: the same incident however often it is said. */
export const restoreSuppression = (id, reason) => request("POST", `/api/suppressions/${part(id)}/restore`, { reason });
/** All cameras with their states. */
export const cameras = () => request("GET", "/api/cameras");
/** One camera with its measured facts and its binding. */
export const camera = (id) => request("GET", `/api/cameras/${part(id)}`);
/** Says which grid a camera, a preset or a zone belongs to; a newer version answers 409. */
export const bindCamera = (id, wish) => request("PUT", `/api/cameras/${part(id)}/binding`, wish);
/** The list of cameras in force and what the last import could be taken back to. */
export const cameraList = () => request("GET", "/api/cameras/import");
/** What a file would do to the list, or, with `dry_run: false` and the `base` of what was looked at, takes it over; 409 when somebody was faster. */
export const importCameras = (wish) => request("POST", "/api/cameras/import", wish);
/** Exchanges the list with the one before the last import. */
export const takeBackCameras = (base) => request("POST", "/api/cameras/import/rollback", { base });
/** What the district's categories are called and what becomes of them. */
export const catalogue = () => request("GET", "/api/catalogue");
/** Grids with their names and gridworkers; `mine: 1` leaves those of this account. */
export const grids = (values = {}) => request("GET", `/api/grids${query(values)}`);
/** The polygons of the grids as GeoJSON. */
export const gridShapes = () => request("GET", "/api/grids.geojson");

/** What was due, closed and closed on time in a period. */
export const statistics = (values) => request("GET", `/api/stats${query(values)}`);
/** The same as a file. */
export const statisticsFile = (values) => `/api/stats.csv${query(values)}`;
/** Notices to the offices, newest first. */
export const notices = (values = {}) => request("GET", `/api/notices${query(values)}`);
/** Silences in force. */
export const silences = () => request("GET", "/api/silences");
/** Keeps a camera, a grid or a category quiet. */
export const silence = (wish) => request("POST", "/api/silences", wish);
/** Ends a silence now. */
export const endSilence = (id) => request("POST", `/api/silences/${part(id)}/end`);
/** Who is on leave. */
export const absences = () => request("GET", "/api/absences");
/** Says until when a gridworker is on leave; a time that has passed ends it. */
export const setAbsence = (worker, until, reason) => request("POST", `/api/workers/${part(worker)}/absence`, { until, reason });

/** Theft reports of two-wheelers that are open; never a tag. */
export const thefts = () => request("GET", "/api/thefts");
/** Enters a report; the tag's number is forgotten once its tokens are made. */
export const openTheft = (report) => request("POST", "/api/thefts", report);
/** Takes a report off the list. */
export const closeTheft = (number, reason) => request("POST", `/api/thefts/${part(number)}/close`, { reason });

/** Acts on a case as it was seen: a newer version answers 409. `more` holds what some actions name: assignee, until, result, into. */
export const act = (no, action, expectedVersion, note = "", more = {}) =>
    request("POST", `/api/cases/${part(no)}/actions`, { action, expected_version: expectedVersion, note, ...more });
