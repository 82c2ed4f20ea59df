// One transaction of the follower: what changed, what fell due, what has gathered long enough; then the outbox holds what to send.
// cases → feed → **follower: ladder → stages → push outbox** → sender → channels

import Cases
import Domain
import Foundation
import Storage

/// One open transaction with its moment, the registry and the rules it works by. Lives no longer than the transaction.
struct PushDesk {
    let sql: any SQLConnection
    let registry: Registry
    let policy: PushPolicy
    let book: DestinationBook
    let now: WallTime
    private let stages: StageList
    private let cases: CaseFollowing
    private let memory: PushMemory
    private(set) var effects = Effects()

    /// What has to be told once the transaction is on disk.
    struct Effects: Sendable {
        /// The newest feed sequence it wrote.
        var newestFeed: Int64?
        var decisions: [DecisionReason] = []
        /// Channels that took a notice at once.
        var shown = 0
        /// Destinations with something new to send.
        var destinations: Set<String> = []
        /// True when there is more to do at once.
        var more = false
        /// When something falls due; nil while nothing waits.
        var wake: WallTime?
    }

    /// Changes and timers of one transaction: a storm is many short transactions, so that the bus writes in between.
    static let batch = 500
    /// Decisions and pushes are kept for 90 days; a step that fell due before that is nobody's business any more.
    static let keptMilliseconds: Int64 = 90 * 86_400_000
    /// A group waits at most so long for a feed that never pauses.
    private static let patienceMilliseconds: Int64 = 2000
    /// Feed rows about no case that may pile up before the cursor is moved over them: moving it is a write.
    private static let slack: Int64 = 1000

    init(sql: any SQLConnection, registry: Registry, plan: PushPlan, now: WallTime) {
        self.sql = sql
        self.registry = registry
        policy = plan.policy
        book = plan.book
        self.now = now
        stages = StageList(policy, registry: registry)
        cases = CaseFollowing(sql)
        memory = PushMemory(sql: sql, now: now)
    }

    /// When something falls due, or the moment itself when there is something to do. Reads only: most of the feed is about no case, and
    /// must not cost the bus a transaction each.
    static func nextWork(_ sql: any SQLConnection, now: WallTime) throws -> WallTime? {
        let cursor = try sql.row("SELECT seq FROM push_cursor WHERE id = 1")?.int("seq") ?? 0
        let stretch = try CaseFollowing(sql).changes(after: cursor, limit: batch)
        if !stretch.cases.isEmpty || stretch.hasGap || stretch.reached - cursor >= slack { return now }
        return try nextDue(sql)
    }

    private static func nextDue(_ sql: any SQLConnection) throws -> WallTime? {
        let timer = try sql.row("SELECT MIN(due_ms) AS due FROM push_timer")?.intOrNil("due")
        let flush = try sql.row("SELECT MIN(flush_ms) AS due FROM push_held")?.intOrNil("due")
        return [timer, flush].compactMap(\.self).min().map { WallTime(millisecondsSince1970: $0) }
    }

    /// Takes the next stretch of the feed, everything due, and every group whose time has come.
    mutating func work() throws {
        // The row stays locked until commit: two followers take turns, and no change is taken twice.
        let cursor = try sql.row("UPDATE push_cursor SET seq = seq WHERE id = 1 RETURNING seq")?.int("seq") ?? 0
        let stretch = try cases.changes(after: cursor, limit: Self.batch)
        if stretch.hasGap { try review() }
        let due = try sql.rows(
            "SELECT case_no FROM push_timer WHERE due_ms <= $1 ORDER BY due_ms, case_no LIMIT $2",
            [.integer(now.millisecondsSince1970), SQLValue(Self.batch)]
        ).compactMap { CaseNumber(try $0.text("case_no")) }
        var seen: Set<CaseNumber> = []
        for number in stretch.cases + due where seen.insert(number).inserted { try look(number) }
        // While cases keep coming, a group may still be growing.
        let ripe = now.millisecondsSince1970 - (stretch.cases.isEmpty ? 0 : Self.patienceMilliseconds)
        let keys = try sql.rows(
            "SELECT hold_key FROM push_held GROUP BY hold_key HAVING MAX(flush_ms) <= $1 ORDER BY hold_key", [.integer(ripe)])
        for row in keys { try flush(StoredText.unescape(row.text("hold_key"))) }
        try sql.run("UPDATE push_cursor SET seq = $1 WHERE id = 1", [.integer(stretch.reached)])
        if cursor / 10_000 != stretch.reached / 10_000 { try prune() }
        effects.more = !stretch.cases.isEmpty || due.count == Self.batch
        effects.wake = try Self.nextDue(sql)
    }

    /// Has every open case looked at anew: what is due may have changed with nothing in the feed that says so.
    func review() throws { for number in try cases.open() { try setTimer(number, now) } }

    /// Deletes what is older than what is kept.
    private func prune() throws {
        let before = [SQLValue.integer(now.millisecondsSince1970 - Self.keptMilliseconds)]
        try sql.run("DELETE FROM push_case WHERE push_key IN (SELECT push_key FROM push WHERE created_ms < $1)", before)
        try sql.run("DELETE FROM push WHERE created_ms < $1", before)
        try sql.run("DELETE FROM push_decision WHERE at_ms < $1", before)
        try sql.run("DELETE FROM push_silence WHERE until_ms < $1", before)
        try sql.run("DELETE FROM push_absence WHERE until_ms < $1", before)
    }

    /// Looks at one case: every step that is due and undecided passes the stages.
    private mutating func look(_ number: CaseNumber) throws {
        guard let followed = try cases.read(number) else { return try setTimer(number, nil) }
        try withdraw(number, except: followed.parts.compactMap { Ladder.run($0.log) })
        var wake: WallTime?
        for part in followed.parts {
            for step in steps(part) {
                guard step.due <= now else {
                    wake = min(wake ?? step.due, step.due)
                    break
                }
                guard step.due.millisecondsSince1970 > now.millisecondsSince1970 - Self.keptMilliseconds else { continue }
                switch try standing(number, step) {
                case .decided: continue
                case .later(let until): wake = min(wake ?? until, until)
                case .open:
                    if let until = try decide(part, step) { wake = min(wake ?? until, until) }
                }
            }
        }
        try setTimer(number, wake)
    }

    private func steps(_ followed: FollowedCase) -> [LadderStep] {
        Ladder.steps(
            followed.log, priority: followed.priority, policy: policy.ladder,
            answer: registry.catalogue[followed.category]?.clocks[.acknowledge],
            urgentSince: followed.urgentSince)
    }

    private enum Standing { case open, decided, later(WallTime) }

    private func standing(_ number: CaseNumber, _ step: LadderStep) throws -> Standing {
        let rows = try sql.rows(
            "SELECT until_ms FROM push_decision WHERE case_no = $1 AND run = $2 AND level = $3",
            [.text(number.text), SQLValue(step.run), .text(step.level.word)])
        guard let first = rows.first else { return .open }
        guard let until = try first.intOrNil("until_ms") else { return .decided }
        return until <= now.millisecondsSince1970 ? .open : .later(WallTime(millisecondsSince1970: until))
    }

    /// Passes a step through the stages. Returns when it has to be looked at again.
    private mutating func decide(_ followed: FollowedCase, _ step: LadderStep) throws -> WallTime? {
        var again: WallTime?
        // What a silence held is decided anew; the row that said so has served.
        try sql.run(
            "DELETE FROM push_decision WHERE case_no = $1 AND run = $2 AND level = $3",
            [.text(followed.number.text), SQLValue(step.run), .text(step.level.word)])
        for (candidate, answer) in try stages.decide(Candidate(followed, step), memory, now: now) {
            switch answer {
            case .pass:
                try record(candidate, .sent)
                try enqueue([followed], candidate.step.kind, candidate.step, to: candidate.recipients[0], key: nil)
            case .hold(let reason, let key, let until):
                try record(candidate, reason)
                try hold(candidate, key, until)
            case .later(let reason, let until, let detail):
                try record(candidate, reason, detail: detail, until: until)
                again = until
            case .drop(let reason, let detail): try record(candidate, reason, detail: detail)
            }
            // The recipient's page shows the case whatever the other channels do.
            if !candidate.recipients.isEmpty, let newest = try cases.markPushed(followed.number, at: now, by: registry) {
                effects.newestFeed = newest
            }
        }
        return again
    }

    private mutating func record(_ candidate: Candidate, _ reason: DecisionReason, detail: String = "", until: WallTime? = nil) throws {
        try sql.run(
            """
            INSERT INTO push_decision (case_no, run, level, recipient, kind, priority, trouble, at_ms, reason, detail, until_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (case_no, run, level, recipient) DO UPDATE SET reason = excluded.reason, detail = excluded.detail,
                until_ms = excluded.until_ms, at_ms = excluded.at_ms, kind = excluded.kind
            """,
            [
                .text(candidate.followed.number.text), SQLValue(candidate.step.run), .text(candidate.step.level.word),
                .text(candidate.recipients.first?.id ?? ""), .text(candidate.step.kind.rawValue),
                SQLValue(candidate.followed.priority.rawValue), .text(StoredText.escape(candidate.trouble)),
                .integer(now.millisecondsSince1970), .text(reason.rawValue), .text(StoredText.escape(detail)),
                SQLValue(until?.millisecondsSince1970),
            ])
        effects.decisions.append(reason)
    }

    private func setTimer(_ number: CaseNumber, _ due: WallTime?) throws {
        guard let due else {
            try sql.run("DELETE FROM push_timer WHERE case_no = $1", [.text(number.text)])
            return
        }
        try sql.run(
            """
            INSERT INTO push_timer (case_no, due_ms) VALUES ($1, $2) ON CONFLICT (case_no) DO UPDATE SET due_ms = excluded.due_ms
            """, [.text(number.text), .integer(due.millisecondsSince1970)])
    }

    private func hold(_ candidate: Candidate, _ key: String, _ until: WallTime) throws {
        let (key, flush) = (SQLValue.text(StoredText.escape(key)), SQLValue.integer(until.millisecondsSince1970))
        try sql.run(
            """
            INSERT INTO push_held (hold_key, case_no, run, level, recipient, kind, at_ms, flush_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hold_key, case_no, run, level, recipient) DO NOTHING
            """,
            [
                key, .text(candidate.followed.number.text), SQLValue(candidate.step.run), .text(candidate.step.level.word),
                .text(candidate.recipients[0].id), .text(candidate.step.kind.rawValue), .integer(now.millisecondsSince1970), flush,
            ])
        // One time for all of a group; rows of that time stay untouched.
        try sql.run("UPDATE push_held SET flush_ms = $2 WHERE hold_key = $1 AND flush_ms <> $2", [key, flush])
    }

    /// Takes back what waits for runs that are over.
    private mutating func withdraw(_ number: CaseNumber, except runs: [Int]) throws {
        // A case has few runs; places are filled up so that the texts of statements are few as well.
        let places = runs.count <= 1 ? 1 : CaseTask.limit + 1
        let over = "case_no = $1 AND run NOT IN (\((0..<places).map { "$\($0 + 2)" }.joined(separator: ", ")))"
        let values = [.text(number.text)] + (0..<places).map { SQLValue($0 < runs.count ? runs[$0] : -1) }
        let at = SQLValue.integer(now.millisecondsSince1970)
        try sql.run(
            """
            UPDATE push SET state = 'withdrawn', result = 'answered', ended_ms = $\(places + 2) WHERE state = 'waiting'
                AND kind NOT IN ('group', 'digest') AND push_key IN (SELECT push_key FROM push_case WHERE \(over))
            """, values + [at])
        guard try sql.run("DELETE FROM push_held WHERE \(over)", values) > 0 else { return }
        try sql.run(
            """
            UPDATE push_decision SET reason = 'answered', at_ms = $\(places + 2) WHERE \(over)
                AND reason IN ('grouped', 'budget', 'flapping')
            """, values + [at])
        effects.decisions.append(.answered)
    }
}

// MARK: groups and digests

extension PushDesk {
    /// One held step.
    private struct Member {
        var followed: FollowedCase
        var step: LadderStep
        var recipient: Recipient
    }

    /// Lets go what waits under a key: many of a group as one notice, few one by one, a digest as one for its reader.
    private mutating func flush(_ key: String) throws {
        let members = try members(of: key)
        try sql.run("DELETE FROM push_held WHERE hold_key = $1", [.text(StoredText.escape(key))])
        let numbers = Set(members.map(\.followed.number))
        if key.hasPrefix("group|") {
            if numbers.count >= policy.groupFrom, let office = Recipient(String(key.dropFirst("group|".count))) {
                try enqueue(unique(members), .group, members[0].step, to: office, key: "\(key)|\(now.millisecondsSince1970)")
            } else {
                for member in members { try release(member) }
            }
        } else if let first = members.first {
            if numbers.count == 1 {
                try enqueue([first.followed], first.step.kind, first.step, to: first.recipient, key: nil)
            } else {
                try enqueue(unique(members), .digest, first.step, to: first.recipient, key: "\(key)|\(now.millisecondsSince1970)")
            }
        }
    }

    /// One of few: it has waited for company in vain and only its reader's budget is left to ask.
    private mutating func release(_ member: Member) throws {
        var candidate = Candidate(member.followed, member.step)
        candidate.recipients = [member.recipient]
        if case .hold(let reason, let key, let until) = try BudgetStage(policy: policy).examine(&candidate, memory, now: now) {
            try record(candidate, reason)
            try hold(candidate, key, until)
        } else {
            try record(candidate, .sent)
            try enqueue([member.followed], member.step.kind, member.step, to: member.recipient, key: nil)
        }
    }

    /// What waits under a key and has not been answered meanwhile.
    private mutating func members(of key: String) throws -> [Member] {
        let rows = try sql.rows(
            "SELECT * FROM push_held WHERE hold_key = $1 ORDER BY at_ms, case_no, level, recipient", [.text(StoredText.escape(key))])
        var members: [Member] = []
        for row in rows {
            let run = Int(try row.int("run"))
            guard let number = CaseNumber(try row.text("case_no")),
                let followed = try cases.read(number)?.parts.first(where: { Ladder.run($0.log) == run }),
                let recipient = Recipient(try row.text("recipient")), let kind = NoticeKind(rawValue: try row.text("kind"))
            else { continue }
            let level = try row.text("level")
            guard var step = steps(followed).first(where: { $0.level.word == level }) else { continue }
            step.kind = kind
            members.append(Member(followed: followed, step: step, recipient: recipient))
        }
        return members
    }

    private func unique(_ members: [Member]) -> [FollowedCase] {
        var seen: Set<CaseNumber> = []
        return members.map(\.followed).filter { seen.insert($0.number).inserted }.sorted {
            ($0.priority, $0.number) < ($1.priority, $1.number)
        }
    }

    /// Puts one notice into the outbox, a row for each of the recipient's channels; the page's row is there at once.
    ///
    /// - Parameter key: Names a notice of many; nil for one case, whose step names it.
    private mutating func enqueue(
        _ followed: [FollowedCase], _ kind: NoticeKind, _ step: LadderStep, to recipient: Recipient, key: String?
    ) throws {
        let briefs = followed.prefix(Notice.listed).map { one in
            CaseBrief(
                number: one.number.text, category: one.category, categoryName: registry.catalogue[one.category]?.nameZH ?? one.category,
                priority: one.priority.rawValue, place: one.placeText, gridCode: one.grid?.digits, drill: one.drill)
        }
        let single = followed.count == 1 ? followed[0].number.text : nil
        let notice = Notice(
            kind: kind, cases: briefs, count: followed.count, level: step.level.word,
            answerWithinSeconds: step.next.map { max(60, $0.seconds(since: now)) }, link: book.link(to: single, for: recipient),
            recipient: recipient.id, at: now)
        let stem = key ?? "\(followed[0].number)|\(step.run)|\(step.level.word)|\(recipient.id)"
        for destination in book.destinations(of: recipient, registry) {
            let isConsole = destination.channel == .console
            try PushOutbox(sql: sql).add(
                PushOutbox.Row(
                    key: "\(stem)|\(destination.name)", destination: destination.name, channel: destination.channel, notice: notice,
                    created: now, state: isConsole ? .accepted : .waiting),
                about: followed.map { ($0.number, Ladder.run($0.log) ?? step.run) })
            if isConsole { effects.shown += 1 } else { effects.destinations.insert(destination.name) }
        }
    }
}
