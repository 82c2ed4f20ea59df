// One open case under another map: its new home, who has it now, and the line in its log that says why.
// publication → **case, log, feed**

import Base
import Domain
import Grids
import Storage

extension Registry {
    /// Where this registry puts the place of a stored incident; nil when the row holds none, or it lies in no grid.
    func grid(ofIncident row: SQLRow) throws -> GridCode? {
        guard let id = try row.textOrNil("camera_id").flatMap({ CameraID($0) }) else { return nil }
        let point = GeoPoint(lonE7: Int32(clamping: try row.int("lon_e7")), latE7: Int32(clamping: try row.int("lat_e7")))
        guard var camera = cameras[id] else { return grids.locate(point) }
        camera.position = point
        return answer(
            for: camera, preset: StoredText.unescape(try row.text("preset")), zone: StoredText.unescape(try row.text("zone"))
        ).grid
    }
}

extension FiledIncident {
    /// A new case belongs to the map under which it is filed, however old its incident is.
    mutating func follow(_ registry: Registry, _ row: SQLRow) throws {
        guard gridSetVersion != registry.gridSetVersion else { return }
        gridSetVersion = registry.gridSetVersion
        let home = try registry.grid(ofIncident: row).flatMap { registry.grids[$0] }
        grid = home?.code
        gridName = home?.name
        if let home { (township, village) = (home.township, home.village) }
    }
}

extension CaseTransaction {
    /// Gives one open case another home grid by the row of the table that its state falls under, and says so in its log.
    mutating func rehome(_ row: SQLRow, to home: Grid, kind: String, set: GridSetText) throws {
        let caseRow = try CaseRow(row)
        var machine = try caseRow.machine(CaseLog.events(of: caseRow.id, in: sql), registry)
        guard let state = machine.state else { return }
        let step = RehomingStep(state)
        let (old, handling) = (try row.textOrNil("grid_code"), try row.textOrNil("handling_grid"))
        let former = machine.assignee
        let mayChangeHands = step == .redispatch && handling == old
        let worker = mayChangeHands ? try successor(of: former, in: home, category: row.text("category")) : nil
        // Who took it over in another grid keeps it there; else a task that is not taken up yet moves with its home.
        let movesHandling = step != .relabel && handling == old
        let names = [home.township, home.village, home.name, StoredText.unescape(try row.textOrNil("camera_name") ?? "")]
        try sql.run(
            """
            UPDATE "case" SET grid_code = $2, grid_name = $3, grid_set = $4, township = $5, village = $6, place_text = $7, handling_grid = $8
            WHERE case_id = $1
            """,
            [
                .text(caseRow.id), .text(home.code.digits), .text(StoredText.escape(home.name)), .text(set.version),
                .text(StoredText.escape(home.township)), .text(StoredText.escape(home.village)),
                .text(StoredText.escape(names.filter { !$0.isEmpty }.joined(separator: "·"))),
                movesHandling ? .text(home.code.digits) : SQLValue(handling),
            ])
        var note = "grid set \(set.number): \(old ?? "no grid") → \(home.code.digits) \(home.name) (\(kind)); \(step.rule)"
        if let worker { note += "; goes from \(former?.text ?? "nobody") to \(worker.name) (\(worker.id))" }
        let command = CaseCommand(
            .rehome, role: .system, actor: "system", expectedVersion: machine.version, note: note, assignee: worker?.id, at: now)
        if case .refused(let why) = try perform(command, on: &machine, caseID: caseRow.id, actorName: "system") {
            throw Failure(.internal, "a case cannot follow the map: \(why)", context: [("case", caseRow.id)])
        }
        if worker != nil { try forgetReceipts(ofCase: caseRow.id) }
        try sql.run(
            """
            INSERT INTO rehoming (grid_set, case_id, step, from_grid, to_grid, from_handling, from_assignee, to_assignee)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                SQLValue(set.number), .text(caseRow.id), .text(step.rawValue), SQLValue(old), .text(home.code.digits), SQLValue(handling),
                SQLValue(former?.text), SQLValue(machine.assignee?.text),
            ])
        try publishCase(caseRow.id, number: row.textOrNil("case_no") ?? caseRow.id, grid: home.code.digits)
    }

    /// Who gets a case that nobody has acknowledged, when it is not who has it now. A department keeps what is a department's.
    private func successor(of holder: WorkerID?, in home: Grid, category: String) -> Gridworker? {
        guard let entry = registry.catalogue[category], entry.objection(on: LocalMinute(now).day) == nil else { return nil }
        if let holder, registry.workers[holder]?.grid == home.code { return nil }
        return registry.worker(of: home.code)
    }

    /// The new assignee has received and opened nothing yet.
    private func forgetReceipts(ofCase id: String) throws {
        try sql.run(
            """
            UPDATE incident SET delivered_ms = NULL, opened_ms = NULL
            WHERE incident_id IN (SELECT incident_id FROM case_incident WHERE case_id = $1)
            """, [.text(id)])
    }
}
