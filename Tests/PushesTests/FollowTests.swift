// From the feed to the other side, over a real database: exactly once, in time, and silent once somebody has answered.

import Base
import Cases
import Domain
@testable import Pushes
import Storage
import Testing

@Test func oneCaseIsOneNoticeAndARestartSendsItNoSecondTime() async throws {
    let district = try PushDistrict()
    try district.incidents([1], seed: 1)
    try await district.settle(district.service)
    #expect(district.post.requests.isEmpty, "it gathers for a moment")
    try await district.run(district.service, for: 3)
    #expect(try district.post.kinds() == ["task"])
    #expect(try district.post.recipients() == ["worker:w1"])
    #expect(try district.count("incident WHERE pushed_ms IS NOT NULL") == 1)
    // Another service on the same database, and the feed read again from its beginning.
    try district.write("UPDATE push_cursor SET seq = 0")
    try await district.run(district.service, for: 10)
    #expect(district.post.requests.count == 1)
    #expect(try district.count("push WHERE state = 'waiting'") == 0)
}

@Test func anEmergencyLeavesInTheSameTransaction() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 2)
    try await district.settle(district.service)
    #expect(try district.post.kinds() == ["task"])
}

@Test func withoutAnAnswerItClimbsToTheDistrictAndEnds() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 3)
    try await district.settle(district.service)
    try await district.run(district.service, for: 86_400, every: 120)
    #expect(
        try district.post.recipients()
            == ["worker:w1", "worker:s1", "office:511011001001", "office:511011001", "office:511011"])
    #expect(try district.post.kinds() == ["task"] + Array(repeating: "escalation", count: 4))
    #expect(try district.count("push_timer") == 0)
}

/// An acknowledgement just before, at and just after each step, before and after the follower has seen the step, and between the
/// outbox and the sender.
@Test(arguments: [0, 120, 240, 360, 480]) func anAnswerAtAnyInstantSilencesEveryChannel(step: Int) async throws {
    for offset in [-1, 0, 1] where step + offset >= 0 {
        for decidedBefore in [false, true] {
            let district = try PushDistrict()
            try district.incidents([1], "flood", seed: UInt64(step + 10))
            let number = try await district.onlyCase()
            let service = district.service
            if step + offset > 0 {
                try await district.settle(service)
                try await district.run(service, for: Double(step + offset), every: Double(step + offset))
            }
            let sent = district.post.requests.count
            // The step has come, and the follower may have put it into the outbox; nothing was claimed yet.
            district.time.advance(by: .milliseconds(1))
            if decidedBefore { _ = try await service.follow() }
            try await district.act(number, .acknowledge)
            try await district.run(service, for: 600, every: 10)
            let late = try district.post.kinds().dropFirst(sent)
            #expect(late.isEmpty, "step \(step) offset \(offset) decided \(decidedBefore): \(late)")
            #expect(try district.count("push WHERE state = 'waiting'") == 0)
        }
    }
}

@Test func anAcknowledgerWhoGoesSilentIsReminded() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 4)
    try await district.settle(district.service)
    try await district.act(district.onlyCase(), .acknowledge)
    try await district.run(district.service, for: 1300, every: 10)
    #expect(try district.post.kinds() == ["task", "reminder"])
    try await district.act(district.onlyCase(), .submitResult, note: "水已退")
    try await district.run(district.service, for: 86_400, every: 600)
    #expect(district.post.requests.count == 2)
}

@Test func aStormIsOneNoticeForEachTownship() async throws {
    let district = try PushDistrict(townships: 17, cameras: 4100)
    // As the bus brings them: batches within one second, the follower in between.
    let service = district.service
    for (index, first) in stride(from: 1, through: 4100, by: 410).enumerated() {
        try district.incidents(first..<first + 410, seed: UInt64(100 + index))
        try await district.settle(service)
        district.time.advance(by: .milliseconds(100))
    }
    try await district.run(service, for: 60)
    #expect(try district.count("\"case\"") == 4100)
    #expect(district.post.requests.count <= 17)
    #expect(Set(try district.post.kinds()) == ["group"])
    #expect(try district.post.counts().reduce(0, +) == 4100, "no case is missing in the sums")
    #expect(try district.count("incident WHERE pushed_ms IS NOT NULL") == 4100)
    #expect(try district.count("push_held") == 0)
}

@Test func aFlappingCameraIsOneIncidentAndOneNotice() async throws {
    // The ledger makes one incident of an hour of five seconds on and five off; its updates push nothing.
    let district = try PushDistrict()
    try district.incidents([1], seed: 5)
    try await district.run(district.service, for: 3600, every: 30)
    #expect(try district.post.kinds() == ["task"])
}

@Test func casesOfOneTroubleSayOnceThatTheyFlap() async throws {
    var policy = PushPolicy()
    policy.groupWait = 0
    let district = try PushDistrict(policy: policy)
    for round in 0..<10 {
        try district.incidents([1], seed: UInt64(200 + round))
        try await district.run(district.service, for: 120, every: 60)
    }
    #expect(try district.post.kinds() == ["task", "task", "task", "flapping"])
    // Nothing is lost: the rest comes as a digest.
    try await district.run(district.service, for: 3600, every: 60)
    #expect(try district.post.kinds().filter { $0 == "digest" }.count == 1)
    #expect(try district.post.counts()[4] == 6)
}

@Test func overTheBudgetComesADigestWithTheRest() async throws {
    var policy = PushPolicy()
    policy.groupWait = 0
    policy.budgetPerHour = 3
    let district = try PushDistrict(cameras: 10, policy: policy)
    for camera in 1...10 { try district.incidents([camera], seed: UInt64(300 + camera)) }
    try await district.settle(district.service)
    #expect(try district.post.kinds() == ["task", "task", "task"])
    try await district.run(district.service, for: 3700, every: 100)
    #expect(try district.post.kinds() == ["task", "task", "task", "digest"])
    #expect(try district.post.counts() == [1, 1, 1, 7])
}

@Test func aSilenceEndsAndWhatIsStillOpenIsTold() async throws {
    let district = try PushDistrict()
    let now = district.time.wallNow.millisecondsSince1970
    try district.write(
        """
        INSERT INTO push_silence (silence_id, grid_code, total, author, author_name, reason, from_ms, until_ms)
        VALUES ('s', $1, 0, 'duty', '值班员', '施工', $2, $3)
        """, [.text(PushDistrict.grid(1).digits), .integer(now), .integer(now + 600_000)])
    try district.incidents([1], seed: 6)
    try await district.run(district.service, for: 590, every: 10)
    #expect(district.post.requests.isEmpty)
    #expect(try district.rows("SELECT reason, detail FROM push_decision").first?.text("reason") == "silenced")
    #expect(try district.count("incident WHERE pushed_ms IS NOT NULL") == 0)
    try await district.run(district.service, for: 30, every: 1)
    #expect(try district.post.kinds() == ["task"])
}

@Test func aFailingServiceIsTriedAgainWithTheSameKey() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 7)
    district.post.answer(
        .success(PushAnswer(status: 500)), .failure(Failure(.deadlineExceeded, "no answer")),
        .success(PushAnswer(status: 429, retryAfterSeconds: 20)))
    try await district.settle(district.service)
    try await district.run(district.service, for: 60)
    #expect(district.post.keys.count == 4)
    #expect(Set(district.post.keys).count == 1)
    #expect(try district.rows("SELECT state, attempts FROM push WHERE destination = 'hook'").first?.int("attempts") == 4)
}

@Test func aRefusalIsFinalAndRecorded() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 8)
    district.post.answer(.success(PushAnswer(status: 410)))
    try await district.settle(district.service)
    try await district.run(district.service, for: 60)
    #expect(district.post.requests.count == 1)
    let row = try #require(try district.rows("SELECT state, result FROM push WHERE destination = 'hook'").first)
    #expect(try row.text("state") == "refused")
    #expect(try row.text("result") == "status 410")
}

@Test func aTryThatDiedWithItsProcessIsTriedAgain() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 9)
    _ = try await district.service.follow()
    guard case .send(let lost) = try district.claim() else {
        Issue.record("nothing to claim")
        return
    }
    try await district.run(district.service, for: 20)
    #expect(district.post.requests.isEmpty, "its lease still runs")
    try await district.run(district.service, for: 20)
    #expect(district.post.keys == [lost.key])
}

@Test func aDestinationWithTooManyGetsADigestAndEmergenciesComeFirst() async throws {
    var policy = PushPolicy()
    policy.groupWait = 0
    policy.budgetPerHour = 1000
    let district = try PushDistrict(townships: 3, cameras: 60, policy: policy, perMinute: 10)
    try district.incidents(1...30, seed: 10)
    try district.incidents(31...33, "flood", seed: 11)
    let service = district.service
    for _ in 0..<4 { _ = try await service.follow() }
    try await district.settle(service)
    let kinds = try district.post.kinds()
    #expect(kinds == ["task", "task", "task", "digest"])
    #expect(try district.post.counts() == [1, 1, 1, 30])
    #expect(try district.count("push WHERE state = 'digested'") == 30)
    try district.incidents(34...43, "flood", seed: 12)
    try await district.settle(service)
    #expect(district.post.requests.count == 10, "ten a minute")
    try await district.run(service, for: 61)
    #expect(district.post.requests.count == 14)
}

@Test func whatNobodyBelowMayHaveReachesTheDistrictAlone() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "professional", seed: 13)
    try await district.run(district.service, for: 86_400, every: 600)
    #expect(try district.post.recipients() == ["office:511011"])
    #expect(try district.post.kinds() == ["unassigned"])
}

@Test func twoFollowersTakeEachChangeOnce() async throws {
    let district = try PushDistrict(cameras: 40)
    let (one, other) = (district.service, district.service)
    for round in 0..<4 {
        try district.incidents(round * 10 + 1...round * 10 + 10, "flood", seed: UInt64(400 + round))
        async let first = one.follow()
        async let second = other.follow()
        _ = try await (first, second)
    }
    try await district.settle(one)
    #expect(district.post.requests.count == 40)
    #expect(Set(district.post.keys).count == 40)
}

@Test func jitterGrowsAndStaysBounded() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for attempt in 1...100 {
        let wait = PushService.jitter(attempt, using: &generator)
        #expect(wait >= 0 && wait < min(300, 2 * Double(1 << min(attempt - 1, 20))), "seed \(seed)")
    }
}

@Test func anIncidentThatJoinsTellsNobodyAnew() async throws {
    let district = try PushDistrict()
    try district.incidents([1], zone: "gate", seed: 20)
    try await district.run(district.service, for: 5)
    for seed in 21..<30 { try district.incidents([1], zone: "gate", seed: UInt64(seed)) }
    try await district.run(district.service, for: 60, every: 10)
    #expect(try district.post.kinds() == ["task"] && district.count("\"case\"") == 1)
    #expect(try district.count("incident WHERE pushed_ms IS NULL") == 0, "who was told of the case was told of them")
    // An acknowledger who is silent stays silent, whatever the camera sees.
    try await district.act(district.onlyCase(), .acknowledge)
    for seed in 30..<34 {
        try await district.run(district.service, for: 4 * 3600, every: 3600)
        try district.incidents([1], zone: "gate", seed: UInt64(seed))
    }
    try await district.run(district.service, for: 16 * 3600, every: 3600)
    #expect(try district.post.kinds().prefix(2) == ["task", "reminder"])
}

@Test func aCaseThatBecomesUrgentClimbsFasterFromThenOn() async throws {
    let district = try PushDistrict()
    try district.incidents([1], zone: "gate", seed: 35)
    try await district.run(district.service, for: 3600, every: 600)
    #expect(try district.post.recipients() == ["worker:w1"])
    try district.incidents([1], zone: "gate", priority: .one, seed: 36)
    try await district.run(district.service, for: 119, every: 119)
    #expect(try district.post.recipients() == ["worker:w1"], "no new ladder")
    try await district.run(district.service, for: 400, every: 1)
    #expect(try district.post.recipients() == ["worker:w1", "worker:s1", "office:511011001001", "office:511011001", "office:511011"])
}

@Test func tasksOfDepartmentsAreToldAndClimbOnTheirOwn() async throws {
    let district = try PushDistrict()
    try district.incidents([1], "flood", seed: 40)
    try await district.settle(district.service)
    let number = try await district.onlyCase()
    try await district.act(number, .acknowledge)
    let desk = Reader(role: .dispatcher, id: "desk", name: "派遣员")
    var wish = CaseWish(.addTask, expectedVersion: try await district.store.case(number, for: desk)?.item.version ?? 0, note: "关闸")
    wish.assignee = WorkerID("dept-build")
    guard case .done(let detail) = try await district.store.act(number, wish, by: desk) else {
        Issue.record("a department may have a task")
        return
    }
    try await district.run(district.service, for: 1)
    #expect(try district.post.recipients() == ["worker:w1", "department:dept-build"])
    #expect(try district.post.kinds() == ["task", "task"])
    // Told once, whatever is read again; then its own ladder: there is nobody in the grid for it.
    try district.write("UPDATE push_cursor SET seq = 0")
    try await district.run(district.service, for: 300, every: 10)
    #expect(try district.post.recipients().dropFirst(2) == ["office:511011001001"])
    let department = Reader(role: .department, id: "dept-build", name: "住建局")
    var answer = CaseWish(.acknowledgeTask, expectedVersion: detail.item.version)
    answer.task = 1
    guard case .done = try await district.store.act(number, answer, by: department) else {
        Issue.record("its own task")
        return
    }
    // Both have answered; the worker goes silent first, and neither is told of the other.
    let before = district.post.requests.count
    try await district.run(district.service, for: 800, every: 10)
    #expect(district.post.requests.count == before)
    try await district.run(district.service, for: 120, every: 10)
    #expect(try district.post.recipients().dropFirst(before) == ["worker:w1"])
    #expect(try district.post.kinds().last == "reminder" && district.count("push WHERE state = 'waiting'") == 0)
}
