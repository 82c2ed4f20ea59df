// What one transaction of the dispatcher may do to cases and the feed, for the bus thread and for the console alike.
// incidents → dispatcher → **cases** → feed

import Base
import Domain
import Grids
import Storage

/// The stored facts of an incident that a case is made of.
struct FiledIncident {
    var id: String
    var cameraName: String
    var category: String
    var priority: Priority
    var drill: Bool
    var grid: GridCode?
    var gridName: String?
    var gridSetVersion: String
    var township: String
    var village: String

    /// Township, village, grid and camera, as a person would say where it is.
    var placeText: String { [township, village, gridName ?? "", cameraName].filter { !$0.isEmpty }.joined(separator: "·") }

    /// Who owns a case of it that is with nobody.
    var queue: String { grid != nil ? "command_centre" : village.isEmpty ? "unbound" : "village" }

    /// From an incident that was just resolved.
    init(_ incident: Incident, _ camera: Camera, _ resolution: GridResolution) {
        id = incident.id.description
        cameraName = camera.name
        category = incident.key.category
        priority = incident.priority
        drill = incident.drill
        grid = resolution.grid?.code
        gridName = resolution.grid?.name
        gridSetVersion = resolution.gridSetVersion
        township = resolution.township
        village = resolution.village
    }

    /// From a row of `incident`.
    init(_ row: SQLRow) throws {
        id = try row.text("incident_id")
        cameraName = StoredText.unescape(try row.text("camera_name"))
        category = try row.text("category")
        priority = Priority(rawValue: Int(try row.int("priority"))) ?? .four
        drill = try row.int("drill") != 0
        grid = try row.textOrNil("grid_code").flatMap { GridCode($0) }
        gridName = try row.textOrNil("grid_name").map(StoredText.unescape)
        gridSetVersion = try row.text("grid_set")
        township = StoredText.unescape(try row.text("township"))
        village = StoredText.unescape(try row.text("village"))
    }
}

/// One open transaction with its moment and the registry it works by. Lives no longer than the transaction.
struct CaseTransaction {
    let sql: any SQLConnection
    let registry: Registry
    let now: WallTime
    private(set) var effects = Effects()

    /// What has to be told once the transaction is on disk.
    struct Effects: Sendable {
        /// The newest feed sequence it wrote.
        var newestFeed: Int64?
        /// States that cases entered, to be counted.
        var entered: [CaseState] = []
    }

    /// Feed rows kept; a reader further behind starts again from the lists. 24 h at one change a second, and some.
    static let feedRows: Int64 = 100_000

    init(sql: any SQLConnection, registry: Registry, now: WallTime) {
        self.sql = sql
        self.registry = registry
        self.now = now
    }

    /// Appends to the feed. The head row stays locked until commit, so that sequence order is commit order.
    mutating func publish(_ kind: FeedKind, _ objectID: String, grid: String?) throws {
        let sequence = try sql.row("UPDATE feed_head SET seq = seq + 1 WHERE id = 1 RETURNING seq")?.int("seq") ?? 0
        try sql.run(
            "INSERT INTO feed (seq, at_ms, kind, object_id, grid_code) VALUES ($1, $2, $3, $4, $5)",
            [.integer(sequence), .integer(now.millisecondsSince1970), .text(kind.rawValue), .text(objectID), SQLValue(grid)])
        if sequence % 1000 == 0 { try sql.run("DELETE FROM feed WHERE seq <= $1", [.integer(sequence - Self.feedRows)]) }
        effects.newestFeed = sequence
    }

    /// What became of the wish to make a case.
    enum Opening { case opened, existing, numbersUsedUp }

    /// Makes the one case of an incident: reported, filed with a number, and dispatched when a gridworker may have it.
    mutating func open(_ incident: FiledIncident, role: Role, actor: String, actorName: String) throws -> Opening {
        let existing = try sql.row("SELECT case_id FROM case_incident WHERE incident_id = $1", [.text(incident.id)])
        guard existing == nil else { return .existing }
        guard let number = try nextNumber() else { return .numbersUsedUp }
        var generator = SystemRandomNumberGenerator()
        let caseID = UUID7(at: now, using: &generator).description
        let claimed = try sql.run(
            "INSERT INTO case_incident (incident_id, case_id) VALUES ($1, $2) ON CONFLICT (incident_id) DO NOTHING",
            [.text(incident.id), .text(caseID)])
        guard claimed == 1 else { return .existing }
        try insertCase(caseID, number, incident, text: incident.placeText)
        var machine = CaseMachine(traits: registry.traits(category: incident.category, priority: priority(of: incident).rawValue))
        let facts = incident.detail(priority(of: incident))
        let route = route(category: incident.category, grid: incident.grid)
        let steps = [
            CaseCommand(.report, role: role, actor: actor, expectedVersion: 0, note: "incident \(incident.id)", detail: facts, at: now),
            CaseCommand(.file, role: role, actor: actor, expectedVersion: 1, note: route.note, at: now),
        ]
        for step in steps { try mustPerform(step, on: &machine, caseID: caseID, actorName: role == .system ? "system" : actorName) }
        try dispatchByRoute(route, on: &machine, caseID: caseID)
        try sql.run(
            "UPDATE incident SET case_ms = $2, proposed = 0 WHERE incident_id = $1",
            [.text(incident.id), .integer(now.millisecondsSince1970)])
        try publishCase(caseID, number: number.text, grid: incident.grid?.digits)
        return .opened
    }

    /// The more urgent of the incident's priority and its category's.
    func priority(of incident: FiledIncident) -> Priority {
        min(incident.priority, registry.catalogue[incident.category]?.priority ?? .four)
    }

    /// The row of a case that is about to be reported.
    func insertCase(_ caseID: String, _ number: CaseNumber, _ incident: FiledIncident, text: String) throws {
        try sql.run(
            """
            INSERT INTO "case" (case_id, case_no, state, version, category, priority, drill, grid_code, grid_name, grid_set, handling_grid,
                township, village, place_text, owner, opened_ms, updated_ms)
            VALUES ($1, $2, 'reported', 0, $3, $4, $5, $6, $7, $8, $6, $9, $10, $11, $12, $13, $13)
            """,
            [
                .text(caseID), .text(number.text), .text(incident.category), SQLValue(priority(of: incident).rawValue),
                incident.drill ? 1 : 0, SQLValue(incident.grid?.digits), SQLValue(incident.gridName.map(StoredText.escape)),
                .text(incident.gridSetVersion), .text(StoredText.escape(incident.township)), .text(StoredText.escape(incident.village)),
                .text(StoredText.escape(text)), .text(incident.queue),
                .integer(now.millisecondsSince1970),
            ])
    }

    /// A step of the dispatcher's own, which the table allows.
    mutating func mustPerform(_ step: CaseCommand, on machine: inout CaseMachine, caseID: String, actorName: String) throws {
        if case .refused(let why) = try perform(step, on: &machine, caseID: caseID, actorName: actorName) {
            throw Failure(.internal, "the dispatcher refused its own step: \(why)", context: [("case", caseID)])
        }
    }

    /// Gives a filed case to the gridworker whom its route names, if it names one.
    mutating func dispatchByRoute(_ route: Route, on machine: inout CaseMachine, caseID: String) throws {
        guard let worker = route.worker else { return }
        let step = CaseCommand(
            .dispatch, role: .system, actor: "system", expectedVersion: machine.version, note: "\(worker.name) (\(worker.role.rawValue))",
            assignee: worker.id, at: now)
        try mustPerform(step, on: &machine, caseID: caseID, actorName: "system")
    }

    /// Runs one command through the machine; when it advances, the log and the row follow.
    mutating func perform(_ command: CaseCommand, on machine: inout CaseMachine, caseID: String, actorName: String) throws
        -> CaseMachine.Result
    {
        let seen = machine
        let result = machine.apply(command)
        guard case .advanced(let event) = result else { return result }
        if let objection = try objection(to: event, machine.assignee, before: seen.assignee, caseID: caseID) {
            machine = seen
            return .refused(.notAdmitted(objection))
        }
        try CaseLog.append(LoggedEvent(caseID: caseID, event: event, actorName: actorName, assignee: machine.assignee), to: sql)
        let name = machine.assignee.flatMap { registry.name(of: $0) }
        let changed = try sql.run(
            """
            UPDATE "case" SET state = $2, version = $3, assignee_id = $4, updated_ms = $5,
                assignee_name = CASE WHEN $4 IS NULL THEN NULL WHEN $4 = assignee_id THEN assignee_name ELSE $6 END,
                owner = CASE WHEN $4 IS NOT NULL THEN 'worker' WHEN grid_code IS NOT NULL THEN 'command_centre'
                    WHEN village <> '' THEN 'village' ELSE 'unbound' END
            WHERE case_id = $1 AND version = $7
            """,
            [
                .text(caseID), .text(event.to.rawValue), SQLValue(event.version), SQLValue(machine.assignee?.text),
                .integer(now.millisecondsSince1970), SQLValue(name.map(StoredText.escape) ?? machine.assignee?.text),
                SQLValue(seen.version),
            ])
        guard changed == 1 else { throw Failure(.conflict, "the case changed inside the transaction", context: [("case", caseID)]) }
        if event.from != event.to { effects.entered.append(event.to) }
        return result
    }

    /// The one gate: whatever the path, nobody gets or is offered a case whose category the catalogue does not give them today.
    private func objection(to event: CaseEvent, _ assignee: WorkerID?, before: WorkerID?, caseID: String) throws -> String? {
        let offered = event.detail.proposed.flatMap { WorkerID($0) }
        let given = assignee.flatMap { $0 != before || event.to == .dispatched && event.from != .dispatched ? $0 : nil }
        guard offered != nil || given != nil else { return nil }
        let category = try sql.row("SELECT category FROM \"case\" WHERE case_id = $1", [.text(caseID)])?.text("category") ?? ""
        for person in [offered, given].compactMap({ $0 }) {
            if let objection = registry.objection(to: person, category: category, now: now) { return objection }
        }
        return nil
    }

    /// Feeds a case and the incidents in it: what a reader sees of an incident includes its case.
    mutating func publishCase(_ caseID: String, number: String, grid: String?) throws {
        try publish(.case, number, grid: grid)
        for row in try sql.rows("SELECT incident_id FROM case_incident WHERE case_id = $1 ORDER BY incident_id", [.text(caseID)]) {
            try publish(.incident, row.text("incident_id"), grid: grid)
        }
    }

    /// Where a case goes when nobody decides, in words for its log.
    struct Route {
        var worker: Gridworker?
        var note: String
    }

    /// The gridworker of the grid, unless the gate objects.
    func route(category: String, grid: GridCode?) -> Route {
        guard let entry = registry.catalogue[category] else {
            return Route(worker: nil, note: "not in the catalogue: stays with the command centre")
        }
        if let objection = entry.objection(on: LocalMinute(now).day) { return Route(worker: nil, note: objection) }
        guard let grid else { return Route(worker: nil, note: "in no grid: stays with the command centre") }
        guard let worker = registry.worker(of: grid) else {
            return Route(worker: nil, note: "no gridworker in grid \(grid): stays with the command centre")
        }
        return Route(worker: worker, note: "grid \(grid)")
    }

    /// The next number of the Beijing day, nil after the 99,999th; the counter row is locked until commit. Gaps are allowed.
    func nextNumber() throws -> CaseNumber? {
        let row = try sql.row(
            """
            INSERT INTO case_counter (beijing_date, last) VALUES ($1, 1)
            ON CONFLICT (beijing_date) DO UPDATE SET last = case_counter.last + 1 RETURNING last
            """, [.text(now.beijingDate)])
        return CaseNumber(district: registry.districtCode, beijingDate: now.beijingDate, sequence: Int(try row?.int("last") ?? 1))
    }
}
