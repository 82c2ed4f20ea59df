// One case, several tasks: each with its state, its clock and its reader, and no end before all are done.

import Base
@testable import Cases
import Domain
import IncidentBus
import Storage
import Testing

private let build = Reader(role: .department, id: "dept-build", name: "住建局")
private let water = Reader(role: .department, id: "dept-water", name: "水务局")

/// A case with w1 and a task each for two departments.
private func joint() async throws -> (SmallDistrict, CaseNumber) {
    let base = SmallDistrict.registry()
    let departments = Dictionary(uniqueKeysWithValues: [build, water].map { (WorkerID($0.id)!, $0.name) })  // Valid accounts.
    let district = try SmallDistrict(
        registry: Registry(
            districtCode: "511011", cameras: Array(base.cameras.values), grids: base.grids, gridSetVersion: "test-map",
            workers: Array(base.workers.values), catalogue: Catalogue(Array(base.catalogue.entries.values), departments: departments)))
    var sender = Sender(seed: 79)
    try district.take([sender.message(sender.incident(camera: 1))])
    let number = try await district.onlyCase()
    for (who, what) in [(build, "修路面"), (water, "清淤")] {
        try await district.go(number, [(.addTask, SmallDistrict.desk)]) { ($0.assignee, $0.note) = (WorkerID(who.id), what) }
    }
    return (district, number)
}

@Test func aCaseClosesWhenEveryTaskIsDone() async throws {
    let (district, number) = try await joint()
    defer { try? district.file.close() }
    let before = try #require(try await district.store.case(number, for: build)).item
    #expect(before.tasks.map(\.note) == ["修路面", "清淤"] && before.tasks.map(\.state) == ["assigned", "assigned"])
    #expect(before.tasks.map(\.assignee.name) == ["住建局", "水务局"] && before.assignee?.id == "w1")
    // Each offers to its own department what that may do, and has the time of the work.
    #expect(before.tasks.map(\.actions) == [["acknowledge_task", "complete_task"], []])
    #expect(before.tasks[0].due == before.due["handle"])
    try await district.go(number, [(.acknowledgeTask, build)]) { $0.task = 1 }
    try await district.go(number, [(.completeTask, build)]) { ($0.task, $0.note) = (1, "已修复") }
    try await district.go(number, Array(SmallDistrict.ending().prefix(3)))
    let seen = try #require(try await district.store.case(number, for: SmallDistrict.inspector)).item
    #expect(seen.tasks.map(\.state) == ["done", "assigned"] && seen.tasks[0].answer == "已修复" && seen.tasks[0].doneAt != nil)
    #expect(!seen.actions.contains("pass"))
    let pass = CaseWish(.pass, expectedVersion: seen.version)
    #expect(try await district.store.act(number, pass, by: SmallDistrict.inspector) == .refused(.tasksOpen([2])))
    try await district.go(number, [(.completeTask, water)]) { $0.task = 2 }
    #expect(try await district.go(number, [(.pass, SmallDistrict.inspector)]).item.state == "closed")
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func aTaskIsItsHoldersAlone() async throws {
    let (district, number) = try await joint()
    defer { try? district.file.close() }
    func act(_ action: CaseAction, _ task: Int?, by reader: Reader, to assignee: String? = nil) async throws -> CaseRefusal? {
        var wish = CaseWish(action, expectedVersion: try await district.store.case(number, for: SmallDistrict.everyone)?.item.version ?? 0)
        (wish.note, wish.task, wish.assignee) = ("x", task, assignee.flatMap { WorkerID($0) })
        guard case .refused(let why) = try await district.store.act(number, wish, by: reader) else { return nil }
        return why
    }
    #expect(try await act(.completeTask, 2, by: build) == .notTheTaskHolder(2))
    #expect(try await act(.completeTask, nil, by: build) == .taskMissing)
    #expect(try await act(.completeTask, 3, by: build) == .taskMissing)
    #expect(try await act(.addTask, nil, by: SmallDistrict.duty, to: "w2") == .roleMayNot(.dutyOfficer, .addTask))
    #expect(try await act(.addTask, nil, by: SmallDistrict.desk) == .assigneeMissing)
    #expect(try await act(.addTask, nil, by: SmallDistrict.desk, to: "stranger")?.description.contains("neither") == true)
    #expect(try await act(.withdrawTask, 2, by: SmallDistrict.desk) == nil)
    #expect(try await act(.withdrawTask, 2, by: SmallDistrict.desk) == .taskOver(2, .withdrawn))
    // Whose task was taken back sees the case no more.
    #expect(try await district.store.case(number, for: water) == nil)
    #expect(try await act(.completeTask, 1, by: build) == nil)
    #expect(try await act(.completeTask, 1, by: build) == .taskOver(1, .done))
    var mine = CaseFilter()
    mine.mine = true
    #expect(try await district.store.cases(mine, for: build).items.map(\.no) == [number.text])
    #expect(try await district.store.cases(mine, for: water).items.isEmpty)
}

@Test func anOutsideSystemNamesItsNumberAsLongAsItHasTheCase() async throws {
    let (district, number) = try await joint()
    defer { try? district.file.close() }
    let tasks = try await district.go(number, [(.acknowledgeTask, build)]) { ($0.task, $0.reference) = (1, "ZJ-7") }.item.tasks
    #expect(tasks.map(\.reference) == ["ZJ-7", nil] && tasks[0].state == "acknowledged")
    try await district.go(number, [(.reassign, SmallDistrict.desk)]) { $0.assignee = WorkerID(build.id) }
    let taken = try await district.go(number, [(.acknowledge, build)]) { $0.reference = "ZJ-8" }
    #expect(taken.item.reference == "ZJ-8" && taken.events.last?.detail.reference == "ZJ-8")
    // Returned with a reason: the command centre has it, and the log keeps the number.
    let returned = try await district.go(number, [(.returnTask, build)]) { $0.note = "不属本部门" }
    #expect(returned.item.state == "filed" && returned.item.reference == nil && returned.item.assignee == nil)
    #expect(returned.events.compactMap(\.detail.reference) == ["ZJ-7", "ZJ-8"])
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func aProfessionalMatterReachesNoGridworkerInPartsEither() async throws {
    let (district, _) = try await joint()
    defer { try? district.file.close() }
    var sender = Sender(seed: 80)
    let leak = sender.incident(camera: 2, category: "gas.leak")
    try district.take([sender.message(leak)])
    let number = try #require(
        try await district.store.incident(leak.id, for: SmallDistrict.duty)?.item.caseReference.flatMap { CaseNumber($0.no) })
    var wish = CaseWish(.addTask, expectedVersion: 2, note: "关阀")
    wish.assignee = WorkerID("w2")
    guard case .refused(.notAdmitted) = try await district.store.act(number, wish, by: SmallDistrict.desk) else {
        Issue.record("a professional matter is for departments")
        return
    }
    wish.assignee = WorkerID(water.id)
    guard case .done(let detail) = try await district.store.act(number, wish, by: SmallDistrict.desk) else {
        Issue.record("a department may have it")
        return
    }
    #expect(detail.item.state == "filed" && detail.item.tasks.count == 1)
    #expect(try district.count("case_task WHERE assignee_id LIKE 'w_'") == 0)
}

@Test func tasksStandStillWhileTheCaseDoes() async throws {
    let (district, number) = try await joint()
    defer { try? district.file.close() }
    let before = try #require(try await district.store.case(number, for: build)).item.tasks[0]
    try await district.go(number, [(.suspend, SmallDistrict.chief)]) { $0.until = district.time.wallNow.adding(seconds: 7 * 86_400) }
    let resting = try #require(try await district.store.case(number, for: build)).item.tasks[0]
    #expect(resting.due == nil && resting.actions.isEmpty && before.due != nil)
    district.time.advance(by: .seconds(7 * 86_400))
    try await district.go(number, [(.resume, SmallDistrict.desk)])
    let after = try #require(try await district.store.case(number, for: build)).item.tasks[0]
    let moved = try #require(after.due.flatMap { WallTime($0) }).seconds(since: try #require(before.due.flatMap { WallTime($0) }))
    #expect(moved == 7 * 86_400 && !after.late)
}
