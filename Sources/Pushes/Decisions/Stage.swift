// The stages a step of the ladder passes before anybody is told, each small, each with its reason.
// cases → escalation → **stages: silence → inhibit → roster → dedupe → flap → group → budget** → channels → receipts

package import Cases
package import Domain

/// Why a step was told, held back or dropped: log text, metric label and screen text at once.
package enum DecisionReason: String, Sendable, CaseIterable {
    /// It goes out by itself.
    case sent
    /// It goes out with others of its township.
    case grouped
    /// The recipient has had enough for now; it stands in the next digest.
    case budget
    case flapping, silenced, inhibited
    /// Nobody of this step is on duty.
    case offDuty = "off_duty"
    /// The recipient knows already.
    case duplicate
    /// Somebody has answered before it went out.
    case answered
}

/// Whom a notice is for.
package enum Recipient: Sendable, Hashable, Comparable {
    case worker(WorkerID)
    /// A department, by its account; often a system of its own behind a webhook.
    case department(WorkerID)
    /// The office of a village (12 digits), a township (9) or the district (6).
    case office(String)

    /// `worker:ID`, `department:ID` or `office:CODE`.
    package var id: String {
        switch self {
        case .worker(let id): "worker:\(id)"
        case .department(let id): "department:\(id)"
        case .office(let code): "office:\(code)"
        }
    }

    /// Reads what `id` wrote.
    package init?(_ id: String) {
        if id.hasPrefix("worker:"), let worker = WorkerID(id.dropFirst(7)) {
            self = .worker(worker)
        } else if id.hasPrefix("department:"), let department = WorkerID(id.dropFirst(11)) {
            self = .department(department)
        } else if id.hasPrefix("office:") {
            self = .office(String(id.dropFirst(7)))
        } else {
            return nil
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.id < b.id }
}

/// A step of a case on its way through the stages.
package struct Candidate: Sendable, Hashable {
    package var followed: FollowedCase
    package var step: LadderStep
    /// Filled by the roster.
    package var recipients: [Recipient] = []

    package init(_ followed: FollowedCase, _ step: LadderStep) {
        self.followed = followed
        self.step = step
    }

    /// Only the silences that are marked total, the roster and the dedupe hold an emergency.
    package var isUrgent: Bool { followed.priority == .one }
    /// True for what no stage holds for company or room: an emergency, and what a department must get one by one.
    package var goesAlone: Bool {
        if case .department = recipients.first { return true }
        return isUrgent
    }
    /// What opens cases again and again: the camera with its category.
    package var trouble: String { "\(followed.cameras.first?.digits ?? followed.grid?.digits ?? "")|\(followed.category)" }
    /// The office of the township, or of the district for what lies in no grid.
    package var township: Recipient { .office(followed.grid.map { String($0.digits.prefix(9)) } ?? String(followed.number.text.prefix(6))) }
}

/// What a stage says of a candidate.
package enum StageAnswer: Sendable, Hashable {
    /// On to the next stage.
    case pass
    /// Not by itself: it waits under this key and leaves with what else waits there.
    case hold(DecisionReason, key: String, until: WallTime)
    /// Look again at this time.
    case later(DecisionReason, until: WallTime, String)
    /// Not at all.
    case drop(DecisionReason, String)
}

/// What earlier decisions left behind, as far as stages ask: nothing a stage knows lives anywhere but in those rows.
package protocol Recollection {
    /// Silences in force.
    func silences() throws -> [Silence]
    /// The category of a fault that is going on at a camera.
    func fault(of camera: CameraID) throws -> String?
    /// How many other cases of this trouble began a run since then, and how many of those were held as flapping.
    func raised(_ trouble: String, besides number: CaseNumber, since: WallTime) throws -> (runs: Int, flapping: Int)
    /// True when the recipient was told of this run before, or will be.
    func isTold(_ recipient: Recipient, of number: CaseNumber, run: Int) throws -> Bool
    /// What waits under a key.
    func held(_ key: String) throws -> Held?
    /// When this office last got a group notice.
    func lastGroup(_ office: Recipient) throws -> WallTime?
    /// How many notices below priority 1 the recipient got since then.
    func sent(to recipient: Recipient, since: WallTime) throws -> Int
    /// True when the worker is on leave now.
    func isAbsent(_ worker: WorkerID) throws -> Bool
}

/// What waits under one key.
package struct Held: Sendable, Hashable {
    package var first: WallTime
    package var until: WallTime
    package var count: Int

    package init(first: WallTime, until: WallTime, count: Int) {
        self.first = first
        self.until = until
        self.count = count
    }
}

/// One stage. A value without state.
package protocol Stage: Sendable {
    /// May fill in the candidate; everything else it says in its answer.
    func examine(_ candidate: inout Candidate, _ past: any Recollection, now: WallTime) throws -> StageAnswer
}

/// All stages in order.
package struct StageList: Sendable {
    /// Before anybody is chosen, and who.
    private let common: [any Stage]
    /// For each recipient: the candidate then has exactly one.
    private let each: [any Stage]

    package init(_ policy: PushPolicy, registry: Registry) {
        common = [SilenceStage(), InhibitStage(), RosterStage(registry: registry, duty: policy.ladder.duty)]
        each = [DedupeStage(), FlapStage(policy: policy), GroupStage(policy: policy), BudgetStage(policy: policy)]
    }

    /// What happens to the step: one answer for each recipient that was found, or one without any.
    package func decide(_ candidate: Candidate, _ past: any Recollection, now: WallTime) throws
        -> [(candidate: Candidate, answer: StageAnswer)]
    {
        var candidate = candidate
        let common = try pass(&candidate, common, past, now)
        guard common == .pass else { return [(candidate, common)] }
        return try candidate.recipients.map { recipient in
            var one = candidate
            one.recipients = [recipient]
            // The stages may change the candidate: it is read after them.
            let answer = try pass(&one, each, past, now)
            return (one, answer)
        }
    }

    private func pass(_ candidate: inout Candidate, _ stages: [any Stage], _ past: any Recollection, _ now: WallTime) throws -> StageAnswer
    {
        for stage in stages {
            let answer = try stage.examine(&candidate, past, now: now)
            if answer != .pass { return answer }
        }
        return .pass
    }
}

/// How much people are told.
package struct PushPolicy: Sendable, Hashable {
    package var ladder = LadderPolicy()
    /// Cases of one township gather until none has come for this long; 0 turns grouping off. Seconds.
    package var groupWait = 1.0
    /// They wait at most this long. Seconds.
    package var groupWaitAtMost = 10.0
    /// From how many on they become one notice.
    package var groupFrom = 5
    /// After a group notice a township gets the next one at the earliest after so many seconds.
    package var groupInterval = 300.0
    /// Notices an hour that one recipient gets one by one.
    package var budgetPerHour = 12
    /// What is over the budget comes as one digest after so many seconds.
    package var digestEvery = 3600.0
    /// Cases of one trouble within an hour after which it counts as flapping.
    package var flapFrom = 4

    package init() {}
}
