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
    /// What further incidents of the same place and kind share with it, as it is stored; nil for what people report.
    var key: String?
    /// Where it is; nil when only the grid is known.
    var place: GeoPoint?

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
        key = StoredText.escape(incident.key.description)
        place = camera.position
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
        key = try ["camera_id", "preset", "zone", "category"].map { try row.text($0) }.joined(separator: "|")
        place = GeoPoint(lonE7: Int32(clamping: try row.int("lon_e7")), latE7: Int32(clamping: try row.int("lat_e7")))
    }
}

/// One open transaction with its moment and the registry it works by. Lives no longer than the transaction.
struct CaseTransaction {
    let sql: any SQLConnection
    let registry: Registry
    let now: WallTime
    private(set) var effects = Effects()
    private var drawn = Drawn()

    /// Numbers that are drawn in order: read at the first use and written back once. Nobody else draws while a transaction writes.
    private struct Drawn {
        var feed: Int64?
        var log: CaseLog.Head?
        var caseNumber: Int64?
    }

    /// What has to be told once the transaction is on disk.
    struct Effects: Sendable {
        /// The newest feed sequence it wrote.
        var newestFeed: Int64?
        /// States that cases entered, to be counted.
        var entered: [CaseState] = []
    }

    /// Feed rows kept; a reader further behind starts again from the lists. 24 h at one change a second, and some.
    static let feedRows: Int64 = 100_000

    private init(sql: any SQLConnection, registry: Registry, now: WallTime) {
        self.sql = sql
        self.registry = registry
        self.now = now
    }

    /// Runs what one transaction does to cases and the feed; returns what has to be told once it is on disk.
    static func run<T>(
        _ sql: any SQLConnection, _ registry: Registry, now: WallTime, _ body: (inout CaseTransaction) throws -> T
    ) throws -> (T, Effects) {
        var transaction = CaseTransaction(sql: sql, registry: registry, now: now)
        let result = try body(&transaction)
        try transaction.settle()
        return (result, transaction.effects)
    }

    private func settle() throws {
        if let feed = drawn.feed { try sql.run("UPDATE feed_head SET seq = $1 WHERE id = 1", [.integer(feed)]) }
        try drawn.log?.write(sql)
        guard let number = drawn.caseNumber else { return }
        try sql.run(
            """
            INSERT INTO case_counter (beijing_date, last) VALUES ($1, $2) ON CONFLICT (beijing_date) DO UPDATE SET last = excluded.last
            """, [.text(now.beijingDate), .integer(number)])
    }

    /// Appends to the feed; sequence order is commit order, because transactions follow each other.
    mutating func publish(_ kind: FeedKind, _ objectID: String, grid: String?) throws {
        let sequence = try (drawn.feed ?? CaseReading.newestSequence(sql)) + 1
        drawn.feed = sequence
        try sql.run(
            "INSERT INTO feed (seq, at_ms, kind, object_id, grid_code) VALUES ($1, $2, $3, $4, $5)",
            [.integer(sequence), .integer(now.millisecondsSince1970), .text(kind.rawValue), .text(objectID), SQLValue(grid)])
        if sequence % 1000 == 0 { try sql.run("DELETE FROM feed WHERE seq <= $1", [.integer(sequence - Self.feedRows)]) }
        effects.newestFeed = sequence
    }

    /// What became of the wish to make a case.
    enum Opening { case opened, existing, numbersUsedUp }

    /// Makes the one case of an incident: reported, filed with a number, and dispatched when a gridworker may have it.
    ///
    /// - Parameter recurrenceOf: The closed case of the same place and kind that came back.
    mutating func open(_ incident: FiledIncident, recurrenceOf: String?, role: Role, actor: String, actorName: String) throws -> Opening {
        var generator = SystemRandomNumberGenerator()
        let caseID = UUID7(at: now, using: &generator).description
        let claimed = try sql.run(
            "INSERT INTO case_incident (incident_id, case_id) VALUES ($1, $2) ON CONFLICT (incident_id) DO NOTHING",
            [.text(incident.id), .text(caseID)])
        guard claimed == 1 else { return .existing }
        guard let number = try nextNumber() else {
            try sql.run("DELETE FROM case_incident WHERE incident_id = $1", [.text(incident.id)])
            return .numbersUsedUp
        }
        var machine = CaseMachine(traits: registry.traits(category: incident.category, priority: priority(of: incident).rawValue))
        var facts = incident.detail(priority(of: incident))
        facts.recurrenceOf = recurrenceOf
        let route = route(category: incident.category, grid: incident.grid)
        let steps = [
            CaseCommand(.report, role: role, actor: actor, expectedVersion: 0, note: "incident \(incident.id)", detail: facts, at: now),
            CaseCommand(.file, role: role, actor: actor, expectedVersion: 1, note: route.note, at: now),
        ]
        let subject = Subject(caseID: caseID, category: incident.category)
        for step in steps { try mustAdvance(step, on: &machine, subject, actorName: role == .system ? "system" : actorName) }
        if let step = dispatch(by: route, machine) { try mustAdvance(step, on: &machine, subject, actorName: "system") }
        try insertCase(caseID, number, incident, machine, text: incident.placeText, recurrenceOf: recurrenceOf)
        try publish(.case, number.text, grid: incident.grid?.digits)
        try publish(.incident, incident.id, grid: incident.grid?.digits)
        return .opened
    }

    /// The more urgent of the incident's priority and its category's.
    func priority(of incident: FiledIncident) -> Priority {
        min(incident.priority, registry.catalogue[incident.category]?.priority ?? .four)
    }

    /// Which case a step is about, and what it is a case of.
    struct Subject {
        var caseID: String
        var category: String
    }

    /// The row of a case whose first steps are in the log.
    func insertCase(
        _ caseID: String, _ number: CaseNumber, _ incident: FiledIncident, _ machine: CaseMachine, text: String, recurrenceOf: String? = nil
    ) throws {
        guard let state = machine.state else { throw Failure(.internal, "a case without a report", context: [("case", caseID)]) }
        let assignee = machine.assignee
        try sql.run(
            """
            INSERT INTO "case" (case_id, case_no, state, version, category, priority, drill, grid_code, grid_name, grid_set, handling_grid,
                township, village, place_text, owner, assignee_id, assignee_name, opened_ms, updated_ms, incident_key, place_lon_e7,
                place_lat_e7, recurrence_of)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $8, $11, $12, $13, $14, $15, $16, $17, $17, $18, $19, $20, $21)
            """,
            [
                .text(caseID), .text(number.text), .text(state.rawValue), SQLValue(machine.version), .text(incident.category),
                SQLValue(priority(of: incident).rawValue), incident.drill ? 1 : 0, SQLValue(incident.grid?.digits),
                SQLValue(incident.gridName.map(StoredText.escape)), .text(incident.gridSetVersion),
                .text(StoredText.escape(incident.township)), .text(StoredText.escape(incident.village)), .text(StoredText.escape(text)),
                .text(assignee == nil ? incident.queue : "worker"), SQLValue(assignee?.text), SQLValue(storedName(of: assignee)),
                .integer(now.millisecondsSince1970), SQLValue(incident.key), SQLValue(incident.place.map { Int64($0.lonE7) }),
                SQLValue(incident.place.map { Int64($0.latE7) }), SQLValue(recurrenceOf),
            ])
    }

    private func storedName(of assignee: WorkerID?) -> String? {
        assignee.map { worker in registry.name(of: worker).map(StoredText.escape) ?? worker.text }
    }

    /// A step of the dispatcher's own on a case that has no row yet; the table allows it.
    mutating func mustAdvance(_ step: CaseCommand, on machine: inout CaseMachine, _ subject: Subject, actorName: String) throws {
        if case .refused(let why) = try advance(step, on: &machine, subject, actorName: actorName) {
            throw Failure(.internal, "the dispatcher refused its own step: \(why)", context: [("case", subject.caseID)])
        }
    }

    /// The step that gives a filed case to the gridworker whom its route names; nil when it names none.
    func dispatch(by route: Route, _ machine: CaseMachine) -> CaseCommand? {
        route.worker.map { worker in
            CaseCommand(
                .dispatch, role: .system, actor: "system", expectedVersion: machine.version,
                note: "\(worker.name) (\(worker.role.rawValue))", assignee: worker.id, at: now)
        }
    }

    /// Runs one command through the machine; when it advances, the log follows.
    private mutating func advance(_ command: CaseCommand, on machine: inout CaseMachine, _ subject: Subject, actorName: String) throws
        -> CaseMachine.Result
    {
        let seen = machine
        let result = machine.apply(command)
        guard case .advanced(let event) = result else { return result }
        if let objection = objection(to: event, machine.assignee, before: seen.assignee, category: subject.category) {
            machine = seen
            return .refused(.notAdmitted(objection))
        }
        var head = try drawn.log ?? CaseLog.Head(sql)
        let line = LoggedEvent(caseID: subject.caseID, event: event, actorName: actorName, assignee: machine.assignee)
        try CaseLog.append(line, after: &head, to: sql)
        drawn.log = head
        if event.from != event.to { effects.entered.append(event.to) }
        return result
    }

    /// Runs one command through the machine; when it advances, the log and the row follow.
    mutating func perform(_ command: CaseCommand, on machine: inout CaseMachine, caseID: String, actorName: String) throws
        -> CaseMachine.Result
    {
        let category = try sql.row("SELECT category FROM \"case\" WHERE case_id = $1", [.text(caseID)])?.text("category") ?? ""
        let seen = machine
        let result = try advance(command, on: &machine, Subject(caseID: caseID, category: category), actorName: actorName)
        guard case .advanced(let event) = result else { return result }
        let changed = try sql.run(
            """
            UPDATE "case" SET state = $2, version = $3, assignee_id = $4, updated_ms = $5,
                assignee_name = CASE WHEN $4 IS NULL THEN NULL WHEN $4 = assignee_id THEN assignee_name ELSE $6 END,
                owner = CASE WHEN $4 IS NOT NULL THEN 'worker' WHEN grid_code IS NOT NULL THEN 'command_centre'
                    WHEN village <> '' THEN 'village' ELSE 'unbound' END,
                priority = COALESCE($8, priority)
            WHERE case_id = $1 AND version = $7
            """,
            [
                .text(caseID), .text(event.to.rawValue), SQLValue(event.version), SQLValue(machine.assignee?.text),
                .integer(now.millisecondsSince1970), SQLValue(storedName(of: machine.assignee)), SQLValue(seen.version),
                SQLValue(machine.priority),
            ])
        guard changed == 1 else { throw Failure(.conflict, "the case changed inside the transaction", context: [("case", caseID)]) }
        if let task = machine.tasks[event.detail.task] { try store(task, caseID) }
        return result
    }

    /// A step of the dispatcher's own on a case that has a row; the table allows it.
    mutating func mustPerform(_ step: CaseCommand, on machine: inout CaseMachine, caseID: String, actorName: String) throws {
        if case .refused(let why) = try perform(step, on: &machine, caseID: caseID, actorName: actorName) {
            throw Failure(.internal, "the dispatcher refused its own step: \(why)", context: [("case", caseID)])
        }
    }

    /// Who has a task sees its case; lists ask these rows instead of every log.
    private func store(_ task: CaseTask, _ caseID: String) throws {
        try sql.run(
            """
            INSERT INTO case_task (case_id, task, assignee_id, state) VALUES ($1, $2, $3, $4)
            ON CONFLICT (case_id, task) DO UPDATE SET state = excluded.state
            """, [.text(caseID), SQLValue(task.number), .text(task.assignee.text), .text(task.state.rawValue)])
    }

    /// The one gate: whatever the path, nobody gets or is offered a case whose category the catalogue does not give them today.
    private func objection(to event: CaseEvent, _ assignee: WorkerID?, before: WorkerID?, category: String) -> String? {
        let offered = (event.detail.proposed ?? (event.action == .addTask ? event.detail.assignee : nil)).flatMap { WorkerID($0) }
        let given = assignee.flatMap { $0 != before || event.to == .dispatched && event.from != .dispatched ? $0 : nil }
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

    /// The next number of the Beijing day, nil after the 99,999th. Gaps are allowed.
    mutating func nextNumber() throws -> CaseNumber? {
        let date = now.beijingDate
        let last =
            try drawn.caseNumber ?? sql.row("SELECT last FROM case_counter WHERE beijing_date = $1", [.text(date)])?.int("last") ?? 0
        drawn.caseNumber = last + 1
        return CaseNumber(district: registry.districtCode, beijingDate: date, sequence: Int(last + 1))
    }
}
