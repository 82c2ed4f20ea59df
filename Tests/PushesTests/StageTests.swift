// Each stage with a memory made by hand: what it lets pass, holds, puts off or drops, and why.

import Base
import Cases
import Domain
import Grids
@testable import Pushes
import Testing

private let now = WallTime("2026-11-23T02:00:00.000Z")!  // Ten o'clock on a Monday in Beijing.

/// What earlier decisions left behind, as a test wants it.
private struct Memory: Recollection {
    var silenceList: [Silence] = []
    var faults: [CameraID: String] = [:]
    var raised = (runs: 0, flapping: 0)
    var told: Set<Recipient> = []
    var heldKeys: [String: Held] = [:]
    var lastGroupNotice: WallTime?
    var sentCount = 0
    var absent: Set<WorkerID> = []

    func silences() throws -> [Silence] { silenceList }
    func fault(of camera: CameraID) throws -> String? { faults[camera] }
    func raised(_ trouble: String, besides number: CaseNumber, since: WallTime) throws -> (runs: Int, flapping: Int) { raised }
    func isTold(_ recipient: Recipient, of number: CaseNumber, run: Int) throws -> Bool { told.contains(recipient) }
    func held(_ key: String) throws -> Held? { heldKeys[key] }
    func lastGroup(_ office: Recipient) throws -> WallTime? { lastGroupNotice }
    func sent(to recipient: Recipient, since: WallTime) throws -> Int { sentCount }
    func isAbsent(_ worker: WorkerID) throws -> Bool { absent.contains(worker) }
}

private func candidate(
    priority: Priority = .three, category: String = "hazard", level: LadderLevel = .worker, kind: NoticeKind = .task, grid: Bool = true
) -> Candidate {
    let followed = FollowedCase(
        number: CaseNumber("511011-20261123-00001")!, category: category, priority: priority, drill: false,
        grid: grid ? PushDistrict.grid(1) : nil, placeText: "x", cameras: [PushDistrict.camera(1)],
        log: [CaseMoment(version: 3, at: now, to: .dispatched, assignee: WorkerID("w1"))])
    return Candidate(followed, LadderStep(run: 3, level: level, kind: kind, due: now, next: nil))
}

private func decide(_ candidate: Candidate, _ memory: Memory = Memory(), policy: PushPolicy = PushPolicy(), at: WallTime = now) throws
    -> [(candidate: Candidate, answer: StageAnswer)]
{
    try StageList(policy, registry: PushDistrict.registry(townships: 1)).decide(candidate, memory, now: at)
}

private func silence(total: Bool = false, camera: CameraID? = nil, grid: GridCode? = nil, category: String? = nil, until: Double = 600)
    -> Silence
{
    Silence(
        id: "s", camera: camera, grid: grid, category: category, total: total, author: "李", reason: "施工", from: now,
        until: now.adding(seconds: until))
}

@Test func anOrdinaryCaseGathersAndAnEmergencyGoesAtOnce() throws {
    let three = try decide(candidate())
    #expect(three.map(\.answer) == [.hold(.grouped, key: "group|office:511011001", until: now.adding(seconds: 1))])
    let one = try decide(candidate(priority: .one))
    #expect(one.map(\.answer) == [.pass])
    #expect(one[0].candidate.recipients == [.worker(WorkerID("w1")!)])
}

@Test func silencesHoldWhatTheyCoverUntilTheyEnd() throws {
    let cases: [(Silence, Priority, Bool)] = [
        (silence(), .three, true), (silence(), .one, false), (silence(total: true), .one, true),
        (silence(camera: PushDistrict.camera(1)), .three, true), (silence(camera: PushDistrict.camera(2)), .three, false),
        (silence(grid: PushDistrict.grid(1)), .three, true), (silence(grid: PushDistrict.grid(2)), .three, false),
        (silence(category: "hazard"), .three, true), (silence(category: "other"), .three, false), (silence(until: 0), .three, false),
    ]
    for (silence, priority, holds) in cases {
        let answers = try decide(candidate(priority: priority), Memory(silenceList: [silence])).map(\.answer)
        let expected = StageAnswer.later(.silenced, until: silence.until, "李: 施工")
        #expect((answers == [expected]) == holds, "\(silence) \(priority)")
    }
}

@Test func aFaultOfTheSameCameraInhibits() throws {
    let broken = Memory(faults: [PushDistrict.camera(1): "camera.tampered"])
    #expect(try decide(candidate(), broken).map(\.answer) == [.later(.inhibited, until: now.adding(seconds: 60), "camera.tampered")])
    #expect(try decide(candidate(priority: .one), broken).map(\.answer) == [.pass])
    let other = Memory(faults: [PushDistrict.camera(2): "camera.tampered"])
    #expect(try decide(candidate(), other).first?.answer != .later(.inhibited, until: now.adding(seconds: 60), "camera.tampered"))
    var noCamera = candidate()
    noCamera.followed.cameras = []
    #expect(try InhibitStage().examine(&noCamera, broken, now: now) == .pass)
}

@Test func whoIsOffDutyReceivesNothing() throws {
    func recipients(_ candidate: Candidate, _ memory: Memory, _ at: WallTime = now) throws -> [String] {
        var policy = PushPolicy()
        policy.ladder.duty.minutes = 480..<1200
        return try decide(candidate, memory, policy: policy, at: at).flatMap(\.candidate.recipients).map(\.id)
    }
    #expect(try recipients(candidate(), Memory()) == ["worker:w1"])
    #expect(try recipients(candidate(), Memory(absent: [WorkerID("w1")!])) == ["worker:s1"])
    #expect(try recipients(candidate(), Memory(absent: [WorkerID("w1")!, WorkerID("s1")!])) == ["office:511011001001"])
    #expect(try recipients(candidate(level: .substitute), Memory()) == ["worker:s1"])
    #expect(try recipients(candidate(level: .township), Memory()) == ["office:511011001"])
    #expect(try recipients(candidate(level: .district), Memory()) == ["office:511011"])
    // At night, an emergency finds no gridworker and goes up at once.
    let night = now.adding(seconds: 12 * 3600)
    #expect(try recipients(candidate(priority: .one), Memory(), night) == ["office:511011001001"])
    #expect(try recipients(candidate(level: .village, grid: false), Memory()) == ["office:511011"])
}

@Test func aDepartmentGetsWhatItHasOneByOne() throws {
    let department = WorkerID("dept-build")
    for category in ["professional", "hazard"] {
        var given = candidate(category: category)
        given.followed.log[0].assignee = department
        // Neither a township's company nor a budget holds it.
        let busy = Memory(raised: (runs: 9, flapping: 0), lastGroupNotice: now, sentCount: 99)
        #expect(try decide(given, busy).map(\.answer) == [.pass])
        #expect(try decide(given, busy).flatMap(\.candidate.recipients).map(\.id) == ["department:dept-build"])
        #expect(Recipient("department:dept-build") == .department(try #require(department)))
        // Nobody in the grid stands in for it.
        given.step.level = .substitute
        #expect(try decide(given).flatMap(\.candidate.recipients).map(\.id) == ["office:511011001001"])
    }
}

@Test func whoeverIsNoneOfBothReceivesNothing() throws {
    var given = candidate()
    given.followed.log[0].assignee = WorkerID("stranger")
    #expect(try decide(given).flatMap(\.candidate.recipients).map(\.id) == ["office:511011001001"])
}

@Test(arguments: ["professional", "nobody.knows.it", "no.duty"]) func whatIsNotForGridworkersReachesNone(_ category: String) throws {
    for level in LadderLevel.allCases {
        for (one, _) in try decide(candidate(priority: .one, category: category, level: level)) {
            for recipient in one.recipients { #expect(recipient.id.hasPrefix("office:")) }
        }
    }
}

@Test func oneRunTellsEachPersonOnce() throws {
    let told = Memory(told: [.worker(WorkerID("w1")!)])
    #expect(try decide(candidate(priority: .one), told).map(\.answer) == [.drop(.duplicate, "worker:w1 was told in this run")])
    #expect(try decide(candidate(priority: .one, level: .substitute), told).map(\.answer) == [.pass])
}

@Test func theFourthCaseOfATroubleSaysSoAndTheFifthWaits() throws {
    let fourth = try decide(candidate(), Memory(raised: (3, 0)))
    #expect(fourth[0].candidate.step.kind == .flapping)
    #expect(fourth[0].answer == .hold(.grouped, key: "group|office:511011001", until: now.adding(seconds: 1)))
    let trouble = "flap|\(PushDistrict.camera(1))|hazard|worker:w1"
    #expect(try decide(candidate(), Memory(raised: (4, 1)))[0].answer == .hold(.flapping, key: trouble, until: now.adding(seconds: 3600)))
    #expect(try decide(candidate(priority: .one), Memory(raised: (99, 1)))[0].answer == .pass)
    // Escalations are never swallowed by it.
    let up = try decide(candidate(level: .village, kind: .escalation), Memory(raised: (99, 1)))
    #expect(up[0].candidate.step.kind == .escalation)
}

@Test func aGroupClosesWhenNoneComesAndAtTheLatestAfterItsLimit() throws {
    let key = "group|office:511011001"
    func until(first: Double) throws -> StageAnswer {
        let held = Held(first: now.adding(seconds: -first), until: now, count: 3)
        return try decide(candidate(), Memory(heldKeys: [key: held]))[0].answer
    }
    #expect(try until(first: 2) == .hold(.grouped, key: key, until: now.adding(seconds: 1)))
    #expect(try until(first: 9.5) == .hold(.grouped, key: key, until: now.adding(seconds: 0.5)))
    let last = Memory(lastGroupNotice: now.adding(seconds: -100))
    #expect(try decide(candidate(), last)[0].answer == .hold(.grouped, key: key, until: now.adding(seconds: 200)))
    var off = PushPolicy()
    off.groupWait = 0
    #expect(try decide(candidate(), policy: off)[0].answer == .pass)
}

@Test func overTheBudgetEverythingJoinsOneDigest() throws {
    var policy = PushPolicy()
    policy.groupWait = 0
    let key = "digest|worker:w1"
    #expect(try decide(candidate(), Memory(sentCount: 11), policy: policy)[0].answer == .pass)
    #expect(
        try decide(candidate(), Memory(sentCount: 12), policy: policy)[0].answer
            == .hold(.budget, key: key, until: now.adding(seconds: 3600)))
    let gathering = Memory(heldKeys: [key: Held(first: now, until: now.adding(seconds: 77), count: 1)])
    #expect(try decide(candidate(), gathering, policy: policy)[0].answer == .hold(.budget, key: key, until: now.adding(seconds: 77)))
    #expect(try decide(candidate(priority: .one), Memory(sentCount: 1000), policy: policy)[0].answer == .pass)
}
