// The shapes named in the API's description.

import Cases
import Domain
import Grids
import Pushes

/// Schemas of the OpenAPI document.
enum OpenAPISchemas {
    /// By name, in the order of the document.
    static let all: [JSON.Member] = [
        .init("Error", OpenAPI.object(["error": OpenAPI.object(["code": text, "message": text, "field": text])])),
        .init("Reference", OpenAPI.object(["code": text, "name": text])), .init("Named", OpenAPI.object(["id": text, "name": text])),
        .init("Me", OpenAPI.object(["user": text, "name": text, "role": text, "grids": OpenAPI.array(text), "language": text])),
        .init("IncidentItem", incident), .init("IncidentDetail", incidentDetail), .init("CaseItem", caseItem),
        .init("CaseDetail", caseDetail), .init("Camera", camera), .init("CameraDetail", cameraDetail), .init("Grid", grid),
        .init("Health", health), .init("CaseCount", caseCount), .init("Suppression", suppression), .init("CameraBinding", binding),
        .init("GridSetItem", gridSetItem), .init("GridSet", gridSet), .init("Receipts", receipts), .init("Missing", missing),
        .init("Notice", notice), .init("Silence", silence), .init("CameraList", cameraList), .init("CameraImport", cameraImport),
    ]

    private static let text = OpenAPI.text
    private static let integer = OpenAPI.integer
    private static let time = OpenAPI.time
    private static let boolean = OpenAPI.boolean
    private static let grids = OpenAPI.nullable(OpenAPI.ref("Reference"))
    private static let maybeNumber = OpenAPI.nullable(OpenAPI.number)
    private static let maybeTime = OpenAPI.nullable(time)

    private static let incident = OpenAPI.object([
        "id": text, "rev": integer, "phase": ["type": "string", "enum": ["open", "updated", "ended", "expired"]], "category": text,
        "priority": integer, "camera": OpenAPI.ref("Named"), "place": OpenAPI.object(["lon": OpenAPI.number, "lat": OpenAPI.number]),
        "township": text, "village": text, "grid": grids, "first_seen": time, "last_seen": time, "count": integer, "score": integer,
        "has_snapshot": boolean, "case": OpenAPI.nullable(OpenAPI.object(["no": text, "state": text, "version": integer])),
        "drill": boolean, "proposed": boolean, "restored": boolean,
    ])

    private static let words = OpenAPI.object(["by": text, "name": text, "note": text, "at": time])
    static let suppressionReason: JSON = [
        "type": "string", "enum": .array(SuppressionReason.allCases.map { .string($0.rawValue) }),
    ]

    private static let suppression = OpenAPI.object([
        "id": text, "at": time, "camera": OpenAPI.ref("Named"), "grid": grids, "zone": text, "rule": text, "category": text,
        "priority": integer, "reason": suppressionReason, "facts": OpenAPI.array(text),
        "box": OpenAPI.nullable(OpenAPI.array(OpenAPI.number)), "picture": ["type": "string", "enum": ["none", "kept", "deleted"]],
        "restored": OpenAPI.nullable(words), "incident": OpenAPI.nullable(text),
    ])

    private static let times = OpenAPI.object([
        "detected": maybeTime, "published": maybeTime, "accepted": maybeTime, "case": maybeTime, "pushed": maybeTime,
        "delivered": maybeTime, "opened": maybeTime, "acknowledged": maybeTime,
    ])
    static let receiptStep: JSON = ["type": "string", "enum": .array(ReceiptStep.allCases.map { .string($0.rawValue) })]
    private static let decisionReason: JSON = ["type": "string", "enum": .array(DecisionReason.allCases.map { .string($0.rawValue) })]

    private static let receipts = OpenAPI.object([
        "incident": text, "case": OpenAPI.nullable(text), "times": times,
        "decisions": OpenAPI.array(
            OpenAPI.object([
                "at": time, "level": text, "recipient": OpenAPI.nullable(text), "kind": text, "reason": decisionReason, "detail": text,
                "until": maybeTime,
            ])),
        "pushes": OpenAPI.array(
            OpenAPI.object([
                "destination": text, "channel": text, "recipient": text, "kind": text,
                "state": ["type": "string", "enum": .array(PushState.allCases.map { .string($0.rawValue) })], "result": text,
                "created": time,
                "attempts": integer, "tried": maybeTime, "ended": maybeTime,
            ])),
    ])
    private static let missing = OpenAPI.object([
        "incident": text, "case": OpenAPI.nullable(text), "accepted": time, "reason": OpenAPI.nullable(decisionReason), "detail": text,
    ])
    private static let notice = OpenAPI.object([
        "id": text, "at": time, "kind": text, "level": text, "priority": integer, "recipient": text, "title": text, "text": text,
        "cases": OpenAPI.array(text), "count": integer, "drill": boolean,
    ])
    private static let silence = OpenAPI.object([
        "id": text, "camera": OpenAPI.nullable(text), "grid": OpenAPI.nullable(text), "category": OpenAPI.nullable(text), "total": boolean,
        "author": text, "reason": text, "from": time, "until": time, "held": integer,
    ])

    private static let cameraList = OpenAPI.object([
        "base": text, "cameras": integer,
        "former": OpenAPI.nullable(OpenAPI.object(["replaced_at": time, "added": integer, "removed": integer, "changed": integer])),
    ])

    private static let cameraImport: JSON = [
        "allOf": [
            OpenAPI.ref("CameraList"),
            OpenAPI.object([
                "written": boolean, "counts": OpenAPI.object([:]), "can_apply": boolean, "can_apply_partly": boolean,
                "crs": OpenAPI.array(
                    OpenAPI.object(["declared": text, "cameras": integer, "standing": OpenAPI.object([:])])),
                "rows": OpenAPI.array(
                    OpenAPI.object([
                        "line": integer, "camera": text, "name": text, "verdict": text, "grid": text,
                        "changes": OpenAPI.array(OpenAPI.object(["field": text, "text": text, "needs_review": boolean])),
                        "reasons": OpenAPI.array(text), "warnings": OpenAPI.array(text),
                    ])),
                "findings": OpenAPI.array(
                    OpenAPI.object(["file": text, "line": integer, "severity": text, "message": text])),
                "diverted": OpenAPI.object([
                    "days": integer, "looked": integer, "count": integer,
                    "items": OpenAPI.array(
                        OpenAPI.object([
                            "no": text, "opened_at": time, "camera": OpenAPI.ref("Named"),
                            "from": OpenAPI.nullable(OpenAPI.ref("Reference")),
                            "to": OpenAPI.nullable(OpenAPI.ref("Reference")),
                        ])),
                ]),
            ]),
        ]
    ]

    private static let incidentDetail: JSON = [
        "allOf": [
            OpenAPI.ref("IncidentItem"),
            OpenAPI.object([
                "reason": OpenAPI.array(text), "box": OpenAPI.nullable(OpenAPI.array(OpenAPI.number)),
                "snapshot_url": OpenAPI.nullable(text), "clip_url": OpenAPI.nullable(text),
                "evidence_deleted_at": OpenAPI.nullable(text),
                "resolution": OpenAPI.object([
                    "method": text, "grid_set": text, "near_border": boolean, "distance_m": OpenAPI.nullable(OpenAPI.number),
                    "neighbours": OpenAPI.array(OpenAPI.ref("Reference")), "camera_moved_m": OpenAPI.nullable(OpenAPI.number),
                ]),
                "receipts": times,
                "restoration": OpenAPI.nullable(["allOf": [words, OpenAPI.object(["suppressed": suppressionReason])]]),
                "case_detail": OpenAPI.nullable(OpenAPI.ref("CaseDetail")),
            ]),
        ]
    ]

    /// What can be asked of a case through the API.
    static let caseAction: JSON = [
        "type": "string", "enum": .array(CaseStore.offered.map(\.rawValue).sorted().map { .string($0) }),
    ]

    private static let caseItem = OpenAPI.object([
        "no": text, "state": text, "version": integer, "category": text, "priority": integer, "grid": grids,
        "handling_grid": OpenAPI.nullable(text), "township": text, "village": text, "place_text": text, "owner": text,
        "assignee": OpenAPI.nullable(OpenAPI.ref("Named")), "opened_at": time, "updated_at": time, "incident_ids": OpenAPI.array(text),
        "incident_count": integer, "actions": OpenAPI.array(caseAction), "drill": boolean,
        "due": ["type": "object", "additionalProperties": time, "description": "When the running clocks end."],
        "late": OpenAPI.array(["type": "string", "enum": .array(CaseClock.allCases.map { .string($0.rawValue) })]),
        "supervised": boolean, "suspended_until": maybeTime, "reference": maybeText, "merged_into": maybeText,
        "recurrence_of": maybeText,
        "tasks": OpenAPI.array(
            OpenAPI.object([
                "task": integer, "assignee": OpenAPI.ref("Named"),
                "state": ["type": "string", "enum": .array(CaseTask.State.allCases.map { .string($0.rawValue) })], "note": text,
                "answer": text, "reference": maybeText,
                "since": time, "due": maybeTime, "late": boolean, "done_at": maybeTime, "actions": OpenAPI.array(caseAction),
            ])),
    ])

    private static let linkedCase = OpenAPI.object([
        "no": text, "state": text, "version": integer, "priority": integer, "opened_at": time, "place_text": text,
    ])
    private static let duplicate = OpenAPI.object([
        "no": text, "state": text, "version": integer, "priority": integer, "place_text": text, "opened_at": time,
        "distance_m": OpenAPI.nullable(integer), "minutes": integer, "reason": text, "mergeable": boolean,
    ])

    private static let rate = OpenAPI.object(["numerator": integer, "denominator": integer, "text": text])
    private static let caseCount = OpenAPI.object([
        "due": integer, "suspended": integer, "closed": integer, "closed_on_time": integer, "reworked": integer, "closure_rate": rate,
        "on_time_closure_rate": rate,
    ])

    private static let caseDetail: JSON = [
        "allOf": [
            OpenAPI.ref("CaseItem"),
            OpenAPI.object([
                "events": OpenAPI.array(
                    OpenAPI.object([
                        "version": integer, "at": time, "actor": text, "actor_name": text, "role": text, "action": text,
                        "from": OpenAPI.nullable(text), "to": text, "note": text,
                        "detail": OpenAPI.object([
                            "category": text, "priority": integer, "drill": boolean, "grid": text, "township": text,
                            "until": integer, "result": text, "into": text, "proposed": text, "incident": text,
                            "incidents": OpenAPI.array(text),
                            "source": text, "recurrence_of": text, "task": integer, "assignee": text, "reference": text,
                        ]),
                    ])), "incidents": OpenAPI.array(OpenAPI.ref("IncidentItem")), "merged": OpenAPI.array(linkedCase),
                "recurrences": OpenAPI.array(linkedCase), "duplicates": OpenAPI.array(duplicate),
            ]),
        ]
    ]

    private static let camera = OpenAPI.object([
        "id": text, "name": text, "lon": OpenAPI.number, "lat": OpenAPI.number, "grid": OpenAPI.nullable(text),
        "method": method, "near_border": boolean, "review": OpenAPI.nullable(text), "state": text, "reason": text,
        "since": maybeTime, "last_picture": maybeTime, "priority": integer,
    ])

    private static let cameraDetail: JSON = [
        "allOf": [
            OpenAPI.ref("Camera"),
            OpenAPI.object([
                "facts": OpenAPI.object([
                    "gop_s": maybeNumber, "bits_per_s": maybeNumber, "look_age_s": maybeNumber, "decode_errors": integer,
                    "clock_offset_s": maybeNumber, "transport": OpenAPI.nullable(text), "transport_reason": text,
                ]), "changes": OpenAPI.array(OpenAPI.object(["state": text, "reason": text, "since": time])),
                "zones": OpenAPI.array(text), "ptz": boolean, "binding": OpenAPI.ref("CameraBinding"),
            ]),
        ]
    ]

    private static let method: JSON = ["type": "string", "enum": .array(GridMethod.allCases.map { .string($0.rawValue) })]
    private static let maybeText = OpenAPI.nullable(text)

    private static let binding = OpenAPI.object([
        "version": integer, "method": method, "grid": grids, "share": maybeNumber, "near_border": boolean,
        "neighbours": OpenAPI.array(OpenAPI.ref("Reference")), "stands_in": grids, "review": maybeText, "grid_set": text,
        "history": OpenAPI.array(
            OpenAPI.object([
                "version": integer, "scope": ["type": "string", "enum": ["camera", "preset", "zone"]], "name": text, "grid": maybeText,
                "has_ground": boolean, "from": time, "to": maybeTime, "by": OpenAPI.ref("Named"), "reason": text, "grid_set": text,
            ])),
    ])

    private static let gridSetItem = OpenAPI.object([
        "number": integer, "version": text,
        "state": ["type": "string", "enum": .array(GridSetState.allCases.map { .string($0.rawValue) })], "based_on": integer,
        "restores": OpenAPI.nullable(integer), "reason": text, "author": OpenAPI.ref("Named"), "created_at": time, "checker": maybeText,
        "checked_at": maybeTime, "publisher": OpenAPI.nullable(OpenAPI.ref("Named")), "published_at": maybeTime, "retired_at": maybeTime,
        "valid_from": time,
    ])

    private static let gridSet: JSON = [
        "allOf": [
            OpenAPI.ref("GridSetItem"),
            OpenAPI.object([
                "lineage": OpenAPI.array(
                    OpenAPI.object([
                        "from": text, "to": text, "kind": text, "overlap_m2": OpenAPI.number, "share_of_old": OpenAPI.number,
                        "share_of_new": OpenAPI.number,
                    ])),
                "cases": OpenAPI.array(
                    OpenAPI.object([
                        "no": maybeText, "step": ["type": "string", "enum": ["resolve", "redispatch", "relabel"]], "from": maybeText,
                        "to": text, "from_assignee": maybeText, "to_assignee": maybeText,
                    ])),
                "cameras": OpenAPI.array(
                    OpenAPI.object(["camera": text, "from": maybeText, "to": maybeText, "method": method, "needs_review": boolean])),
            ]),
        ]
    ]

    private static let grid = OpenAPI.object([
        "code": text, "name": text, "township": text, "village": text, "worker": OpenAPI.nullable(OpenAPI.ref("Named")),
    ])

    private static let health = OpenAPI.object([
        "status": ["type": "string", "enum": ["ok", "degraded"]], "version": text, "now": time, "seq": integer,
        "cameras": ["type": "object", "additionalProperties": ["type": "integer"]],
        "outbox": OpenAPI.object(["rows": integer, "age_s": OpenAPI.number]),
    ])
}
