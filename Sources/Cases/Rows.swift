// Rows of the incident and case tables, and the views made of them.

import Domain
import Foundation
import Storage

/// A row of `incident` joined with the number, state and version of its case.
struct IncidentRow {
    let row: SQLRow

    init(_ row: SQLRow) { self.row = row }

    var caseNumber: String? { get throws { try row.textOrNil("case_no") } }

    func item() throws -> IncidentItem {
        let reference = try row.textOrNil("case_no").map {
            CaseReference(no: $0, state: try row.text("case_state"), version: Int(try row.int("case_version")))
        }
        return IncidentItem(
            id: try row.text("incident_id"), rev: Int(try row.int("rev")), phase: try row.text("phase"), category: try row.text("category"),
            priority: Int(try row.int("priority")),
            camera: NamedReference(id: try row.text("camera_id"), name: StoredText.unescape(try row.text("camera_name"))),
            place: PlaceView(lon: Double(try row.int("lon_e7")) / 1e7, lat: Double(try row.int("lat_e7")) / 1e7),
            township: StoredText.unescape(try row.text("township")), village: StoredText.unescape(try row.text("village")),
            grid: try row.gridReference(), firstSeen: try row.time("first_seen_ms"), lastSeen: try row.time("last_seen_ms"),
            count: Int(try row.int("observations")), score: Int(try row.int("score")),
            hasSnapshot: try row.textOrNil("snapshot_sha256") != nil,
            caseReference: reference, drill: try row.int("drill") != 0, proposed: try row.int("proposed") != 0,
            restored: try row.textOrNil("restored_json") != nil)
    }

    func detail(caseDetail: CaseDetail?) throws -> IncidentDetail {
        let item = try item()
        let sides = try ["box_x", "box_y", "box_width", "box_height"].compactMap { try row.realOrNil($0) }
        let decoder = JSONDecoder()
        return IncidentDetail(
            item: item, reason: try decoder.decode([String].self, from: Data(try row.text("reason_json").utf8)),
            box: sides.count == 4 ? sides : nil, snapshotURL: item.hasSnapshot ? "/api/incidents/\(item.id)/snapshot.jpg" : nil,
            clipURL: try row.textOrNil("clip_sha256") == nil ? nil : "/api/incidents/\(item.id)/clip.mp4",
            evidenceDeletedAt: item.hasSnapshot ? nil : try row.timeOrNil("evidence_deleted_ms"),
            resolution: ResolutionView(
                method: try row.text("method"), gridSet: try row.text("grid_set"), nearBorder: try row.int("near_border") != 0,
                distanceMetres: try row.realOrNil("distance_m"),
                neighbours: try decoder.decode([GridReference].self, from: Data(try row.text("neighbours_json").utf8)),
                cameraMovedMetres: try row.realOrNil("camera_moved_m")),
            receipts: ReceiptsView(
                detected: try row.timeOrNil("detected_ms"), published: try row.timeOrNil("published_ms"),
                accepted: try row.timeOrNil("accepted_ms"), caseCreated: try row.timeOrNil("case_ms"),
                pushed: try row.timeOrNil("pushed_ms"),
                delivered: try row.timeOrNil("delivered_ms"), opened: try row.timeOrNil("opened_ms"),
                acknowledged: try row.timeOrNil("acknowledged_ms")),
            restoration: try row.textOrNil("restored_json").map { try decoder.decode(RestorationView.self, from: Data($0.utf8)) },
            caseDetail: caseDetail)
    }

    func evidence(_ kind: EvidenceKind) throws -> SnapshotReference? {
        let name = kind == .clip ? "clip" : "snapshot"
        guard let sha256 = try row.textOrNil(name + "_sha256") else { return nil }
        return SnapshotReference(sha256: sha256, sizeBytes: Int(try row.intOrNil(name + "_bytes") ?? 0))
    }
}

/// A row of `case`.
struct CaseRow {
    let row: SQLRow
    let id: String

    /// Incidents that a list or a page shows of one case.
    static let listedIncidents = 100

    init(_ row: SQLRow) throws {
        self.row = row
        id = try row.text("case_id")
    }

    /// The case as its log tells it.
    func machine(_ log: [LoggedEvent], _ registry: Registry) throws -> CaseMachine {
        let traits = registry.traits(category: try row.text("category"), priority: Int(try row.int("priority")))
        return CaseMachine(
            traits: traits,
            log: log.map { ($0.event, $0.assignee) })
    }

    func clocks(_ log: [LoggedEvent], _ registry: Registry) throws -> CaseClocks {
        CaseClocks(
            log.map(\.event), category: try row.text("category"), priority: Int(try row.int("priority")), catalogue: registry.catalogue,
            calendar: registry.calendar)
    }

    /// Whoever gets the case anew has no number for it yet.
    private static let referencing: Set<CaseAction> = [.acknowledge, .dispatch, .reassign, .handOver, .returnTask]

    func item(_ log: [LoggedEvent], incidentIDs: [String], for reader: Reader, _ registry: Registry, now: WallTime) throws -> CaseItem {
        let assignee = try row.textOrNil("assignee_id").map {
            NamedReference(id: $0, name: StoredText.unescape(try row.textOrNil("assignee_name") ?? $0))
        }
        let machine = try machine(log, registry)
        let actions = machine.actions(role: reader.role, actor: reader.id, now: now).filter(CaseStore.offered.contains)
        let clocks = try clocks(log, registry)
        return CaseItem(
            no: try row.text("case_no"), state: try row.text("state"), version: Int(try row.int("version")),
            category: try row.text("category"), priority: Int(try row.int("priority")), grid: try row.gridReference(),
            handlingGrid: try row.textOrNil("handling_grid"), township: StoredText.unescape(try row.text("township")),
            village: StoredText.unescape(try row.text("village")), placeText: StoredText.unescape(try row.text("place_text")),
            owner: try row.text("owner"), assignee: assignee, openedAt: try row.time("opened_ms"), updatedAt: try row.time("updated_ms"),
            incidentIDs: incidentIDs.suffix(Self.listedIncidents), incidentCount: incidentIDs.count, actions: actions.map(\.rawValue),
            drill: try row.int("drill") != 0,
            due: Dictionary(uniqueKeysWithValues: clocks.running.map { ($0.key.rawValue, $0.value.description) }),
            late: CaseClock.allCases.filter { clocks.states[$0]?.isLate(now) == true }.map(\.rawValue),
            supervised: log.contains { $0.event.action == .supervise },
            suspendedUntil: log.last { $0.event.action == .suspend && $0.event.to.rawValue == (try? row.text("state")) }
                .flatMap { $0.event.detail.until }.map { WallTime(millisecondsSince1970: $0).description },
            tasks: machine.tasks.all.map { task in
                CaseTaskView(
                    task: task.number,
                    assignee: NamedReference(id: task.assignee.text, name: registry.name(of: task.assignee) ?? task.assignee.text),
                    state: task.state.rawValue, note: task.note, answer: task.answer, reference: task.reference,
                    since: task.since.description,
                    due: task.state.isOver ? nil : clocks.tasks[task.number]?.due?.description,
                    late: clocks.tasks[task.number]?.isLate(now) ?? false, doneAt: task.doneAt?.description,
                    actions: machine.tasks.actions(task, among: actions, actor: reader.id).map(\.rawValue))
            },
            reference: log.last { Self.referencing.contains($0.event.action) }?.event.detail.reference,
            mergedInto: try row.textOrNil("merged_into"), recurrenceOf: try row.textOrNil("recurrence_of"))
    }

    func link() throws -> LinkedCaseView {
        LinkedCaseView(
            no: try row.text("case_no"), state: try row.text("state"), version: Int(try row.int("version")),
            priority: Int(try row.int("priority")), openedAt: try row.time("opened_ms"),
            placeText: StoredText.unescape(try row.text("place_text")))
    }
}

extension SQLRow {
    fileprivate func gridReference() throws -> GridReference? {
        guard let code = try textOrNil("grid_code") else { return nil }
        return GridReference(code: code, name: StoredText.unescape(try textOrNil("grid_name") ?? code))
    }

    fileprivate func time(_ name: String) throws -> String { WallTime(millisecondsSince1970: try int(name)).description }

    fileprivate func timeOrNil(_ name: String) throws -> String? {
        try intOrNil(name).map { WallTime(millisecondsSince1970: $0).description }
    }
}
