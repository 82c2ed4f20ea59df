// What time alone does to a case: a suspension ends at its date, a closed case becomes an archived one.
// case log → **timers** → case log, feed

package import Domain
package import Logging
import Storage

/// The next step that a case takes by itself: a pure function of its log, so that a restart finds the same one.
package struct TimedStep: Sendable, Hashable {
    package var action: CaseAction
    package var due: WallTime
    /// Why, for the log.
    package var note: String

    /// Nil when the case waits for people.
    package init?(_ log: [CaseEvent], _ clocks: CaseClocks) {
        switch log.last?.to {
        case .suspended:
            guard let until = log.last(where: { $0.action == .suspend })?.detail.until else { return nil }
            let date = WallTime(millisecondsSince1970: until)
            (action, due, note) = (.resume, clocks.resumption(date), "it was suspended until \(date)")
        case .closed:
            guard let closed = log.last(where: { $0.action == .pass })?.at else { return nil }
            action = .archive
            due = WallTime(millisecondsSince1970: closed.millisecondsSince1970 + Int64(CaseMachine.archiveDays) * 86_400_000)
            note = "it was closed \(CaseMachine.archiveDays) days ago"
        default: return nil
        }
    }
}

/// Looks twice a minute for cases whose time has come. What it does is decided and written in one transaction for each case, so that any
/// number of dispatchers may do it at once and none does it twice.
package struct CaseTimers: Sendable {
    private let cases: CaseStore
    private let log: Logger

    /// Nobody waits at a screen for the end of a suspension.
    private static let every = Duration.seconds(30)
    /// Cases of one read transaction.
    private static let page = 256

    package init(cases: CaseStore, log: Logger) {
        self.cases = cases
        self.log = log
    }

    /// Looks at once and then again and again, until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            do { try await settle() } catch { log.error("case timers wait", metadata: ["failure": "\(error)"]) }
            try? await Task.sleep(for: Self.every)
        }
    }

    /// Takes every step that is due now and returns how many there were.
    @discardableResult
    package func settle() async throws -> Int {
        var (taken, after) = (0, "")
        while !Task.isCancelled {
            // Pages, so that no read transaction holds back the database.
            let (due, last) = try await cases.file.read { [cases, after] in try Self.due(in: cases.reading($0), after: after) }
            for id in due where try await take(id) { taken += 1 }
            guard let last else { break }
            after = last
        }
        return taken
    }

    /// The cases of one page whose step is due, and the last case of a full page.
    private static func due(in reading: CaseReading, after: String) throws -> (due: [String], last: String?) {
        var query = Query()
        let closedBefore = reading.now.millisecondsSince1970 - Int64(CaseMachine.archiveDays) * 86_400_000
        query.text = """
            (c.state = 'suspended' OR c.state = 'closed' AND c.updated_ms <= \(query.bind(.integer(closedBefore))))
            AND c.state IN ('suspended', 'closed') AND c.case_id > \(query.bind(.text(after)))
            ORDER BY c.case_id LIMIT \(query.bind(SQLValue(page)))
            """
        let rows = try reading.caseRows(query)
        let due = try rows.filter { row in
            let log = try CaseLog.events(of: row.id, in: reading.sql)
            return try TimedStep(log.map(\.event), row.clocks(log, reading.registry)).map { $0.due <= reading.now } ?? false
        }
        return (due.map(\.id), rows.count == page ? rows.last?.id : nil)
    }

    /// What came of one case.
    private enum Outcome: Sendable { case done, notDue, refused(CaseRefusal) }

    /// Takes the step of one case, when it is still due inside the transaction.
    private func take(_ id: String) async throws -> Bool {
        let outcome = try await cases.write { transaction -> Outcome in
            let (sql, registry, now) = (transaction.sql, transaction.registry, transaction.now)
            let row = try CaseReading(sql: sql, registry: registry, now: now).caseRow(id: id)
            let log = try CaseLog.events(of: id, in: sql)
            guard let step = try TimedStep(log.map(\.event), row.clocks(log, registry)), step.due <= now else { return .notDue }
            var machine = try row.machine(log, registry)
            let command = CaseCommand(
                step.action, role: .system, actor: "system", expectedVersion: machine.version, note: step.note, at: now)
            if case .refused(let why) = try transaction.perform(command, on: &machine, caseID: id, actorName: "system") {
                return .refused(why)
            }
            try transaction.publishCase(id, number: row.row.text("case_no"), grid: row.row.textOrNil("grid_code"))
            return .done
        }
        switch outcome {
        case .done: return true
        case .notDue: return false
        case .refused(let why):
            // The gate may have closed meanwhile; then people must find somebody else.
            log.warning("a case cannot go on by itself", metadata: ["case": "\(id)", "reason": "\(why)"])
            return false
        }
    }
}
