// What the pushes see of cases: which of them changed, where each stands by its log, and the mark that somebody was told.
// incidents → dispatcher → **cases** → pushes

package import Domain
package import Storage

/// One line of a case's log, as far as the ladder asks.
package struct CaseMoment: Sendable, Hashable {
    package var version: Int
    package var at: WallTime
    /// The state after the event.
    package var to: CaseState
    /// Whom the case was with after the event.
    package var assignee: WorkerID?

    package init(version: Int, at: WallTime, to: CaseState, assignee: WorkerID?) {
        self.version = version
        self.at = at
        self.to = to
        self.assignee = assignee
    }
}

/// One case with what a notice may say of it, and its log.
package struct FollowedCase: Sendable, Hashable {
    package var number: CaseNumber
    package var category: String
    package var priority: Priority
    package var drill: Bool
    /// Nil in the command centre's unbound queue.
    package var grid: GridCode?
    /// Township, village, grid and camera in words.
    package var placeText: String
    /// The cameras of its incidents, sorted; empty when people reported it.
    package var cameras: [CameraID]
    /// In the order of versions, without what was only noted beside the work; never empty.
    package var log: [CaseMoment]
    /// When it became more urgent than it was reported; nil while it did not.
    package var urgentSince: WallTime?
    /// The tasks of joint handling, each told as the log of a small case: handed to somebody, acknowledged, done. Empty while the case rests.
    package var tasks: [[CaseMoment]]

    package init(
        number: CaseNumber, category: String, priority: Priority, drill: Bool, grid: GridCode?, placeText: String, cameras: [CameraID],
        log: [CaseMoment], urgentSince: WallTime? = nil, tasks: [[CaseMoment]] = []
    ) {
        self.number = number
        self.category = category
        self.priority = priority
        self.drill = drill
        self.grid = grid
        self.placeText = placeText
        self.cameras = cameras
        self.log = log
        self.urgentSince = urgentSince
        self.tasks = tasks
    }

    /// The case as a whole, and each of its tasks as if it were a case.
    package var parts: [FollowedCase] {
        ([log] + tasks).map { log in
            var part = self
            (part.log, part.tasks) = (log, [])
            return part
        }
    }
}

/// Reading cases for whoever follows the feed, inside one transaction. Lives no longer than it.
package struct CaseFollowing {
    private let sql: any SQLConnection

    package init(_ sql: any SQLConnection) { self.sql = sql }

    /// A stretch of the feed.
    package struct Stretch: Sendable {
        /// Cases that changed, each once, in the order of their last change.
        package var cases: [CaseNumber]
        /// The last sequence of the stretch.
        package var reached: Int64
        /// True when rows before the stretch are no longer kept: then look at every open case.
        package var hasGap: Bool
    }

    /// The cases that changed after `sequence`, from at most `limit` of their rows; rows about other things are passed over.
    package func changes(after sequence: Int64, limit: Int) throws -> Stretch {
        let newest = try CaseReading.newestSequence(sql)
        let rows = try sql.rows(
            "SELECT seq, object_id FROM feed WHERE seq > $1 AND kind = $2 ORDER BY seq LIMIT $3",
            [.integer(sequence), .text(FeedKind.case.rawValue), SQLValue(limit)])
        var last: [String: Int64] = [:]
        for row in rows { last[try row.text("object_id")] = try row.int("seq") }
        return Stretch(
            cases: last.sorted { $0.value < $1.value }.compactMap { CaseNumber($0.key) },
            reached: rows.count < limit ? max(newest, sequence) : try rows[rows.count - 1].int("seq"),
            hasGap: try sequence < CaseReading.oldestSequence(sql) - 1)
    }

    /// Every case that still needs work.
    package func open() throws -> [CaseNumber] {
        let done = CaseState.allCases.filter(\.isTerminal).map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try sql.rows("SELECT case_no FROM \"case\" WHERE state NOT IN (\(done)) AND case_no IS NOT NULL ORDER BY case_no")
            .compactMap { CaseNumber(try $0.text("case_no")) }
    }

    /// One case with its log; nil when there is none of that number.
    package func read(_ number: CaseNumber) throws -> FollowedCase? {
        guard let row = try sql.row("SELECT * FROM \"case\" WHERE case_no = $1", [.text(number.text)]) else { return nil }
        let id = try row.text("case_id")
        let events = try CaseLog.events(of: id, in: sql)
        return FollowedCase(
            number: number, category: try row.text("category"), priority: Priority(rawValue: Int(try row.int("priority"))) ?? .four,
            drill: try row.int("drill") != 0, grid: try row.textOrNil("grid_code").flatMap { GridCode($0) },
            placeText: StoredText.unescape(try row.text("place_text")),
            cameras: try sql.rows(
                """
                SELECT DISTINCT i.camera_id AS camera_id FROM case_incident ci JOIN incident i ON i.incident_id = ci.incident_id
                WHERE ci.case_id = $1 ORDER BY camera_id
                """, [.text(id)]
            ).compactMap { CameraID(try $0.text("camera_id")) }, log: Self.moments(events),
            urgentSince: CaseUrgency(CaseUrgency.settled(events.map(\.event))).since, tasks: Self.tasks(events))
    }

    /// Where a case and each of its tasks stand, without the rest of it.
    package func logs(of number: CaseNumber) throws -> [[CaseMoment]] {
        guard let row = try sql.row("SELECT case_id FROM \"case\" WHERE case_no = $1", [.text(number.text)]) else { return [] }
        let events = try CaseLog.events(of: row.text("case_id"), in: sql)
        return [Self.moments(events)] + Self.tasks(events)
    }

    /// An incident that joined is no sign of work, and neither is what others do to their tasks.
    private static func moments(_ events: [LoggedEvent]) -> [CaseMoment] {
        events.filter { !$0.event.action.isBeside }.map {
            CaseMoment(version: $0.event.version, at: $0.event.at, to: $0.event.to, assignee: $0.assignee)
        }
    }

    private static func tasks(_ events: [LoggedEvent]) -> [[CaseMoment]] {
        // Whatever rests or is over asks nothing of anybody.
        guard let state = events.last?.event.to, !state.isTerminal, state != .suspended else { return [] }
        var (tasks, logs) = (CaseTasks(), [[CaseMoment]]())
        for line in events {
            tasks.follow(line.event)
            guard let task = tasks[line.event.detail.task] else { continue }
            if task.number > logs.count { logs.append([]) }
            let state: CaseState =
                switch task.state {
                case .assigned: .dispatched
                case .acknowledged: .acknowledged
                case .done, .withdrawn: .handled
                }
            logs[task.number - 1].append(
                CaseMoment(version: line.event.version, at: line.event.at, to: state, assignee: task.assignee))
        }
        return logs
    }

    /// The category of a fault that is going on at a camera, nil while it sees.
    package func fault(of camera: CameraID, among categories: [String]) throws -> String? {
        var query = Query()
        let id = query.bind(.text(camera.digits))
        query.text = "camera_id = \(id) AND phase IN ('open', 'updated') AND category IN "
        query.text += query.list(categories.map { .text($0) })
        return try sql.row("SELECT category FROM incident WHERE \(query.text) ORDER BY category LIMIT 1", query.values)?.text("category")
    }

    /// Notes on the incidents of a case that somebody was told; the first time counts. Returns the newest feed sequence, nil when
    /// nothing was new.
    package func markPushed(_ number: CaseNumber, at now: WallTime, by registry: Registry) throws -> Int64? {
        let fresh = try sql.rows(
            """
            UPDATE incident SET pushed_ms = $2 WHERE pushed_ms IS NULL AND incident_id IN (
                SELECT ci.incident_id FROM case_incident ci JOIN "case" c ON c.case_id = ci.case_id WHERE c.case_no = $1)
            RETURNING incident_id, grid_code
            """, [.text(number.text), .integer(now.millisecondsSince1970)])
        let (_, effects) = try CaseTransaction.run(sql, registry, now: now) { transaction in
            for row in fresh { try transaction.publish(.incident, row.text("incident_id"), grid: row.textOrNil("grid_code")) }
        }
        return effects.newestFeed
    }
}
