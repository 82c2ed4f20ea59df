// The description of the API that `GET /api/openapi.json` serves. A test compares its paths with the routes.
// Longer than files are elsewhere: it is the one table of all paths.

import Cases

/// Builds the OpenAPI 3.1 document. Written by hand; shapes are those of `Cases` and of the handlers.
enum OpenAPI {
    /// The document for a version of Snowlight.
    static func document(version: String) -> JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Snowlight console", "version": .string(version),
                "description":
                    """
                Times are ISO 8601 in UTC with milliseconds, identities are text, coordinates WGS-84 degrees. Every answer is limited to \
                the reader's scope; what is absent and what is not the reader's give the same 404.
                """,
            ],
            "security": [["session": []]], "paths": .object(paths.map { JSON.Member($0.path, .object($0.operations)) }),
            "components": [
                "securitySchemes": [
                    "session": [
                        "type": "apiKey", "in": "cookie", "name": "sid", "description": "__Host-sid when the console is reached by HTTPS",
                    ]
                ],
                "schemas": .object(OpenAPISchemas.all),
            ],
        ]
    }

    private static let paths: [(path: String, operations: [JSON.Member])] = [
        (
            "/api/login",
            post(
                "Log in", body: object(["user": text, "password": text]), answer: ref("Me"), more: [401, 429], open: true,
                note: "Sets the session cookie for 12 hours. After 5 failures the delay doubles up to 5 minutes.")
        ),
        ("/api/logout", post("Log out", body: nil, answer: nil, more: [])),
        ("/api/me", get("Who am I", ref("Me"))),
        ("/api/health", get("State of the system", ref("Health"), open: true)),
        (
            "/metrics",
            get("Metrics as Prometheus text", nil, type: "text/plain", open: true, note: "From another machine only with a session.")
        ),
        ("/api/openapi.json", get("This document", ["type": "object"], open: true)),
        (
            "/api/events",
            get(
                "Live stream", nil, type: "text/event-stream", query: [("after", integer)], more: [400, 429],
                note:
                    """
                    Events: `hb` {seq, now, version} at once and every 5 s; `changes` {prev, seq, items: [{kind: incident|case, incident|case}]} \
                    with the latest state per object, `id` is seq; `resync` {} when `after` is older than what is kept or newer than what \
                    exists. `Last-Event-ID` outranks `after`. At most 8 streams per account.
                    """
            )
        ),
        (
            "/api/feed",
            get(
                "Feed rows after a sequence", page(object(["seq": integer, "at": time, "kind": text, "id": text])),
                query: [("after", integer), ("limit", integer)], more: [400],
                note:
                    """
                    With `Accept: application/cloudevents-batch+json` an array of the CloudEvents that the feed socket sends: `feedseq`, `type` \
                    (`snowlight.incident.changed`, `snowlight.case.changed`), `subject`, `data` as IncidentItem or CaseItem.
                    """)
        ),
        (
            "/api/incidents",
            get(
                "Incidents, the newest first", page(ref("IncidentItem")),
                query: [
                    ("camera", text), ("grid", text), ("category", text), ("from", time), ("to", time),
                    ("state", ["type": "string", "enum": ["open", "ended", "unfiled"]]), ("limit", integer),
                ], more: [400])
        ),
        ("/api/incidents/{id}", get("One incident", ref("IncidentDetail"), more: [404])),
        ("/api/incidents/{id}/snapshot.jpg", get("Its picture", nil, type: "image/jpeg", more: [404])),
        (
            "/api/incidents/{id}/clip.mp4",
            get(
                "The seconds around it", nil, type: "video/mp4", more: [206, 404, 416],
                note:
                    """
                    Fragmented MP4: H.264 or H.265 as the camera sent it; H.264 with the masks burnt in where a camera has privacy masks, and \
                    for Motion JPEG. One `Range` of bytes is answered.
                    """)
        ),
        (
            "/api/incidents/{id}/file",
            post(
                "File it as a case", body: object([:]), answer: ref("CaseDetail"), more: [403, 404],
                note: "For duty officers. Filing twice gives the same case.")
        ),
        (
            "/api/cases",
            get(
                "Cases, the newest first", page(ref("CaseItem")),
                query: [
                    ("state", ["type": "string", "enum": ["open", "all"]]), ("grid", text), ("mine", ["type": "integer", "enum": [0, 1]]),
                    ("limit", integer),
                ], more: [400])
                + post(
                    "Report a case",
                    body: object(["category": text, "grid": text, "lon": number, "lat": number, "text": text, "key": text]),
                    answer: ref("CaseDetail"), more: [422, 503],
                    note:
                        """
                        For duty officers, and for gridworkers in their grids. The place is a grid or a point. `key` is the sender's own: the \
                        same report sent again gives the same case. A gridworker's report waits for the duty officer unless its category is \
                        filed automatically.
                        """)
        ),
        (
            "/api/cases/{no}",
            get(
                "One case with its log", ref("CaseDetail"), more: [404],
                note:
                    """
                    With the newest hundred incidents that joined it, the cases `merged` into it, later cases of the same place and kind \
                    (`recurrences`), and `duplicates`: open cases, and such as were closed within a day, of the same category within \
                    `duplicate_m` of the catalogue, or in the same grid where a place is not known, each with the reason.
                    """)
        ),
        (
            "/api/cases/{no}/actions",
            post(
                "Do something to a case",
                body: object([
                    "action": OpenAPISchemas.caseAction, "expected_version": integer, "note": text, "assignee": text, "until": time,
                    "result": ["type": "string", "enum": ["rectified", "no_trace", "seen"]], "into": text, "into_version": integer,
                    "task": integer, "reference": text,
                ]), answer: ref("CaseDetail"), more: [403, 404, 409, 422],
                note:
                    """
                    What a reader may do now stands in `actions` of the case. 409 when the case is no longer at `expected_version`; the \
                    message says who was faster. Incidents that joined meanwhile make no version old. `dispatch`, `reassign`, `hand_over` and `propose_hand_over` name the `assignee`, whom the \
                    catalogue must admit (422 `not_admitted`); `suspend` and `extend` name `until`; `merge` names an open case of the same \
                    category as `into`, with the `into_version` that was seen (409), and a note; `unmerge` takes it back while that case is open \
                    (422 `not_mergeable`). `add_task` gives an `assignee` a part of the work; `acknowledge_task`, `complete_task` and \
                    `withdraw_task` name the `task`, and nothing closes before every task is over. Whoever acknowledges for an outside system may name its `reference`. A hazard passes inspection only with the `result` rectified or no_trace.
                    """)
        ),
        (
            "/api/stats",
            get(
                "Closure rates of what was due in a period",
                object([
                    "from": time, "to": time, "by": text, "village": nullable(text), "total": ref("CaseCount"), "drills": integer,
                    "rows": array(["allOf": [object(["key": text, "name": text, "name_en": text]), ref("CaseCount")]]),
                ]), query: statistics, more: [400, 403],
                note:
                    """
                    From the case log only. Counted is what was due to be handled in the period, after extensions; drills, voided and merged \
                    cases are left out. Rates are of those due less those suspended; a rate of nothing is –. `other` holds what no row names. \
                    `village`, a 12-digit code, leaves out all other villages; a case belongs to the village of the grid it was filed in.
                    """)
        ),
        ("/api/stats.csv", get("The same as a spreadsheet", nil, type: "text/csv", query: statistics, more: [400, 403])),
        (
            "/api/suppressions",
            get(
                "Evidence that did not become an incident, the newest first",
                object([
                    "items": array(ref("Suppression")), "next": nullable(text), "reasons": array(OpenAPISchemas.suppressionReason),
                    "kept": object(["rows": integer, "oldest": nullable(time), "days": number]),
                ]),
                query: [
                    ("camera", text), ("reason", OpenAPISchemas.suppressionReason), ("from", time), ("to", time), ("after", text),
                    ("limit", integer),
                ], more: [400, 403],
                note: "`after` takes the `next` of the page before. `kept` is about all that is kept, `reasons` are all there are.")
        ),
        ("/api/suppressions/{id}", get("One suppression", ref("Suppression"), more: [403, 404])),
        ("/api/suppressions/{id}/picture.jpg", get("Its picture", nil, type: "image/jpeg", more: [403, 404])),
        (
            "/api/suppressions/{id}/restore",
            post(
                "Say that it was an event", body: object(["reason": text]), answer: ref("Suppression"), more: [404, 422],
                note:
                    """
                    For duty officers. An incident with the same identity goes the way of all incidents, marked with who restored it and why. \
                    Saying it again changes nothing and gives the same answer. 422 when its camera is no longer in the registry.
                    """
            )
        ),
        (
            "/api/receipts",
            get(
                "Incidents that lack a step, the oldest first",
                object(["step": OpenAPISchemas.receiptStep, "count": integer, "items": array(ref("Missing"))]),
                query: [("missing", OpenAPISchemas.receiptStep), ("limit", integer)], more: [400, 403],
                note:
                    "`missing` is required. Steps from `case` on are expected of incidents with a case that is not declined, merged or void."
            )
        ),
        (
            "/api/receipts/{incident}",
            get(
                "Who was told of an incident, and who was not and why", ref("Receipts"), more: [404],
                note:
                    "`accepted` by a service is not `delivered`: no gateway knows whether a person has read it. Gridworkers see their own.")
        ),
        (
            "/api/notices",
            get(
                "Notices on our own pages, the newest first", object(["items": array(ref("Notice"))]), query: [("limit", integer)],
                more: [400, 403], note: "A gridworker's own; those of all offices for the command centre.")
        ),
        (
            "/api/silences",
            get("Silences in force", object(["items": array(ref("Silence"))]), more: [403])
                + post(
                    "Keep a camera, a grid or a category quiet",
                    body: object([
                        "camera": text, "grid": text, "category": text, "total": boolean, "reason": text, "until": time,
                    ]), answer: ref("Silence"), more: [422],
                    note: "At most 30 days. `total` holds priority 1 as well and is for supervisors. What is still open at the end is told."
                )
        ),
        ("/api/silences/{id}/end", post("End a silence now", body: object([:]), answer: nil, more: [404])),
        (
            "/api/absences",
            get(
                "Gridworkers on leave, the next to come back first",
                object([
                    "items": array(
                        object([
                            "worker": ref("Named"), "grid": nullable(text), "from": time, "until": time, "author": text, "reason": text,
                        ]))
                ]), more: [403])
        ),
        (
            "/api/workers/{id}/absence",
            post(
                "Say until when a gridworker is on leave", body: object(["until": time, "reason": text]), answer: nil, more: [404, 422],
                note: "They receive nothing until then, their substitutes do. A time that has passed ends the leave.")
        ),
        (
            "/api/audit",
            get(
                "Who logged in, who looked at what, who changed what, and what was deleted for its age; the newest first",
                object([
                    "items": array(
                        object([
                            "position": integer, "at": time, "actor": text, "role": text, "action": text, "object": text, "reason": text,
                        ])), "next": nullable(integer),
                ]),
                query: [("from", time), ("to", time), ("actor", text), ("action", text), ("after", integer), ("limit", integer)],
                more: [400, 403],
                note:
                    "For auditors and administrators. `after` takes the `next` of the page before. Each line is chained to the one before it."
            )
        ),
        (
            "/api/catalogue",
            get(
                "The district's categories: what they are called and what becomes of them",
                object([
                    "version": text,
                    "items": array(
                        object([
                            "category": text, "name": text, "name_en": text, "duty": nullable(text), "professional": boolean,
                            "filing": text,
                            "priority": integer,
                        ])),
                ]))
        ),
        (
            "/api/thefts",
            get(
                "Open theft reports of two-wheelers",
                object([
                    "items": array(object(["number": text, "opened_by": text, "opened_by_name": text, "opened": time, "expires": time]))
                ]), more: [403, 422],
                note: "For duty officers, supervisors and auditors. Neither tags nor where one was seen: that is kept nowhere."
            )
                + post(
                    "Look for a stolen two-wheeler", body: object(["number": text, "tag": text, "expires": time, "reason": text]),
                    answer: object(["number": text, "expires": time]), more: [409, 422],
                    note:
                        """
                        For duty officers. `tag` is the tag's number in hexadecimal digits; it is forgotten at once, only its tokens stay as \
                        long as the report is open. `expires` is at most 30 days away, and 30 days when left out. Each change is in the audit.
                        """)
        ),
        (
            "/api/thefts/{number}/close",
            post(
                "Look for it no longer", body: object(["reason": text]), answer: object(["number": text]), more: [404, 422],
                note: "For duty officers. Takes effect at every reader within seconds.")
        ),
        ("/api/cameras", get("Cameras with their state", object(["items": array(ref("Camera"))]))),
        ("/api/cameras/{id}", get("One camera", ref("CameraDetail"), more: [404])),
        (
            "/api/cameras/import",
            get("The list of cameras in force, and what an import could be taken back to", ref("CameraList"), more: [403])
                + post(
                    "Look at what a file would do to the list, or take it over",
                    body: object([
                        "file": ["type": "string", "contentEncoding": "base64"], "crs": text, "dry_run": boolean, "base": text,
                        "partial": boolean,
                    ]), answer: ref("CameraImport"), more: [409, 422, 503],
                    note:
                        """
                        For operators. Without `"dry_run":false` nothing is written. `file` is a CSV in UTF-8 or GB18030; `crs` is the coordinate \
                        system of rows that name none. `diverted` are the cases of the last 30 days that the changed cameras would have \
                        sent elsewhere. To take it over, give back `base` of the answer that was looked at: 409 when somebody changed the \
                        list or the map since. A refused row refuses the whole file (422) unless `partial`. The list counts at once, or \
                        nothing of it is written.
                        """)
        ),
        (
            "/api/cameras/import/rollback",
            post(
                "Take the last import back", body: object(["base": text]), answer: ref("CameraList"), more: [409, 422, 503],
                note: "For operators. Exchanges the list with the one before the import; a second time brings the import back.")
        ),
        (
            "/api/cameras/{id}/binding",
            write(
                "put", "Say which grid a camera, a preset or a zone belongs to",
                body: object([
                    "scope": ["type": "string", "enum": ["camera", "preset", "zone"]], "name": text, "grid": nullable(text),
                    "ground": nullable(array(array(number))), "reason": text, "expected_version": integer,
                ]), answer: ref("CameraBinding"), more: [404, 409, 422],
                note:
                    """
                    For operators. Without `grid` and `ground` geometry decides. `name` is the token of the preset or the name of the zone; \
                    `ground` are the corners of what a zone shows. The next incident goes by it. 409 when someone was faster.
                    """)
        ),
        (
            "/api/cameras/{id}/snapshot.jpg",
            get(
                "What it shows now", nil, type: "image/jpeg", more: [404, 429, 503],
                note: "The newest key picture, privacy masks burnt in; waits up to 10 s for one.")
        ),
        (
            "/api/cameras/{id}/live.mp4",
            get(
                "What it shows, live", nil, type: "video/mp4", more: [404, 429, 503],
                note:
                    """
                    Fragmented MP4 without end, a fragment a picture, from the last key picture on, coded as for clips; another head follows \
                    when the camera changes its parameter sets. At most 4 viewers a camera and 16 in all, 2 of them coded again.
                    """)
        ),
        (
            "/api/grids",
            get(
                "Grids with their gridworkers", object(["items": array(ref("Grid"))]),
                query: [("mine", ["type": "integer", "enum": [0, 1]])],
                note: "`mine=1` leaves those that the account is responsible for.")
        ),
        ("/api/grids.geojson", get("The map of the grids", ["type": "object"], type: "application/geo+json", more: [304])),
        (
            "/api/gridsets",
            get("Grid sets, the newest first", object(["items": array(ref("GridSetItem"))]), more: [403])
                + post(
                    "Draw a grid set", body: object(["boundary": text, "grids": text, "reason": text, "valid_from": time]),
                    answer: ref("GridSet"), more: [403, 422],
                    note:
                        """
                        For operators and supervisors. `boundary` and `grids` are the two GeoJSON files as text, together at most 12 MiB. \
                        422 names what is wrong by line.
                        """)
        ),
        ("/api/gridsets/{number}", get("One grid set with what it changed", ref("GridSet"), more: [403, 404])),
        (
            "/api/gridsets/{number}/check",
            post(
                "Look at a draft", body: object([:]), answer: ref("GridSet"), more: [403, 404, 409, 422],
                note: "422 when the grids do not cover the district exactly once or one of them has no full-time gridworker.")
        ),
        ("/api/gridsets/{number}/withdraw", post("Give a draft up", body: object([:]), answer: ref("GridSet"), more: [403, 404, 422])),
        (
            "/api/gridsets/{number}/publish",
            post(
                "Put a checked set in force", body: object([:]), answer: ref("GridSet"), more: [403, 404, 409, 422],
                note:
                    """
                    For supervisors, and not for its author. Open cases and cameras follow in the same transaction; `cases` and `cameras` \
                    of the answer name them. 409 when another set was published since it was drawn.
                    """)
        ),
        (
            "/api/gridsets/rollback",
            post(
                "Put the set before the present one in force again", body: object(["reason": text]), answer: ref("GridSet"),
                more: [403, 404, 422], note: "For supervisors. A publication of its own; cases that are still where it sent them come back."
            )
        ),
        (
            "/api/locate",
            get(
                "The grid that contains a point",
                object(["grid": nullable(ref("Reference")), "near_border": boolean, "neighbours": array(text)]),
                query: [("lon", number), ("lat", number)], more: [400])
        ),
    ]

    private static let statistics: [(String, JSON)] = [
        ("from", time), ("to", time),
        ("by", ["type": "string", "enum": .array(CaseStatistics.Grouping.allCases.map { .string($0.rawValue) })]),
        ("village", text),
    ]
}
