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
        let entry = registry.catalogue[incident.category]
        let route = route(incident, entry)
        try sql.run(
            """
            INSERT INTO "case" (case_id, case_no, state, version, category, priority, drill, grid_code, grid_name, grid_set, handling_grid,
                township, village, place_text, owner, opened_ms, updated_ms)
            VALUES ($1, $2, 'reported', 0, $3, $4, $5, $6, $7, $8, $6, $9, $10, $11, $12, $13, $13)
            """,
            [
                .text(caseID), .text(number.text), .text(incident.category),
                SQLValue(min(incident.priority, entry?.priority ?? .four).rawValue), incident.drill ? 1 : 0,
                SQLValue(incident.grid?.digits),
                SQLValue(incident.gridName.map(StoredText.escape)), .text(incident.gridSetVersion),
                .text(StoredText.escape(incident.township)), .text(StoredText.escape(incident.village)),
                .text(StoredText.escape(incident.placeText)), .text(incident.queue),
                .integer(now.millisecondsSince1970),
            ])
        var machine = CaseMachine()
        var steps = [
            CaseCommand(.report, role: role, actor: actor, expectedVersion: 0, note: "incident \(incident.id)", at: now),
            CaseCommand(.file, role: role, actor: actor, expectedVersion: 1, note: route.note, at: now),
        ]
        if let worker = route.worker {
            steps.append(
                CaseCommand(
                    .dispatch, role: .system, actor: "system", expectedVersion: 2, note: "\(worker.name) (\(worker.role.rawValue))",
                    assignee: worker.id,
                    at: now))
        }
        for step in steps {
            let name = step.role == .system ? "system" : actorName
            if case .refused(let why) = try perform(step, on: &machine, caseID: caseID, actorName: name) {
                throw Failure(.internal, "the dispatcher refused its own step: \(why)", context: [("incident", incident.id)])
            }
        }
        try sql.run(
            "UPDATE incident SET case_ms = $2, proposed = 0 WHERE incident_id = $1",
            [.text(incident.id), .integer(now.millisecondsSince1970)])
        try publishCase(caseID, number: number.text, grid: incident.grid?.digits)
        return .opened
    }

    /// Runs one command through the machine; when it advances, the log and the row follow.
    mutating func perform(_ command: CaseCommand, on machine: inout CaseMachine, caseID: String, actorName: String) throws
        -> CaseMachine.Result
    {
        let seen = machine.version
        let result = machine.apply(command)
        guard case .advanced(let event) = result else { return result }
        try CaseLog.append(LoggedEvent(caseID: caseID, event: event, actorName: actorName, assignee: machine.assignee), to: sql)
        let worker = machine.assignee.flatMap { registry.workers[$0] }
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
                .integer(now.millisecondsSince1970), SQLValue(worker.map { StoredText.escape($0.name) } ?? machine.assignee?.text),
                SQLValue(seen),
            ])
        guard changed == 1 else { throw Failure(.conflict, "the case changed inside the transaction", context: [("case", caseID)]) }
        if event.from != event.to { effects.entered.append(event.to) }
        return result
    }

    /// Feeds a case and the incidents in it: what a reader sees of an incident includes its case.
    mutating func publishCase(_ caseID: String, number: String, grid: String?) throws {
        try publish(.case, number, grid: grid)
        for row in try sql.rows("SELECT incident_id FROM case_incident WHERE case_id = $1 ORDER BY incident_id", [.text(caseID)]) {
            try publish(.incident, row.text("incident_id"), grid: grid)
        }
    }

    /// Where a new case goes, in words for its log.
    private func route(_ incident: FiledIncident, _ entry: CatalogueEntry?) -> (worker: Gridworker?, note: String) {
        guard let entry else { return (nil, "not in the catalogue: stays with the command centre") }
        guard !entry.professional else { return (nil, "professional matter: for a department") }
        guard entry.isForGridworkers else { return (nil, "no gridworker duty: stays with the command centre") }
        guard let grid = incident.grid else { return (nil, "in no grid: stays with the command centre") }
        guard let worker = registry.worker(of: grid) else { return (nil, "no gridworker in grid \(grid): stays with the command centre") }
        return (worker, "grid \(grid)")
    }

    /// The next number of the Beijing day, nil after the 99,999th; the counter row is locked until commit. Gaps are allowed.
    private func nextNumber() throws -> CaseNumber? {
        let row = try sql.row(
            """
            INSERT INTO case_counter (beijing_date, last) VALUES ($1, 1)
            ON CONFLICT (beijing_date) DO UPDATE SET last = case_counter.last + 1 RETURNING last
            """, [.text(now.beijingDate)])
        return CaseNumber(district: registry.districtCode, beijingDate: now.beijingDate, sequence: Int(try row?.int("last") ?? 1))
    }
}
