// What people see and do through the console: versions, scopes, names, JSON.

import Base
@testable import Cases
import Domain
import Foundation
import Grids
import IncidentBus
import Storage
import Testing

@Test func aGridworkerTakesACaseToItsEnd() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 50)
    let incident = sender.incident(camera: 1)
    try district.take([sender.message(incident)])
    let number = try await district.onlyCase()
    let worker = SmallDistrict.reader(1)
    let before = try #require(try await district.store.case(number, for: worker))
    #expect(before.item.actions == ["acknowledge", "return", "propose_hand_over"] && before.item.version == 3)
    #expect(try await district.store.case(number, for: SmallDistrict.duty)?.item.actions == ["merge", "remind"])
    var version = 3
    for (action, note, state, next) in [
        (CaseAction.acknowledge, "", "acknowledged", ["return", "propose_hand_over", "handle", "submit_result"]),
        (.handle, "", "handling", ["propose_hand_over", "submit_result"]),
        (.submitResult, "已劝离,现场正常", "handled", []),
    ] {
        district.time.advance(by: .seconds(30))
        guard case .done(let detail) = try await district.store.act(number, action, expectedVersion: version, note: note, by: worker) else {
            Issue.record("\(action) must work")
            return
        }
        version += 1
        #expect(detail.item.version == version && detail.item.state == state && detail.item.actions == next)
        #expect(detail.events.last?.actor == "w1" && detail.events.last?.actorName == "网格员1" && detail.events.last?.note == note)
    }
    let detail = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty))
    #expect(detail.receipts.acknowledged == "2026-11-23T15:59:30.000Z")
    #expect(detail.item.caseReference == CaseReference(no: number.text, state: "handled", version: 6))
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func aStaleVersionIsAConflictThatNamesTheFasterOne() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 51)
    try district.take([sender.message(sender.incident())])
    let number = try await district.onlyCase()
    let worker = SmallDistrict.reader(1)
    _ = try await district.store.act(number, .acknowledge, expectedVersion: 3, note: "", by: worker)
    guard case .refused(let why) = try await district.store.act(number, .acknowledge, expectedVersion: 3, note: "", by: worker) else {
        Issue.record("the second acknowledgement must be refused")
        return
    }
    #expect(why.field == "expected_version")
    #expect(
        why.description
            == "changed meanwhile: 网格员1 did acknowledge (dispatched → acknowledged) at 2026-11-23T15:59:00.000Z; now version 4, you saw 3")
    #expect(try await district.store.case(number, for: worker)?.item.version == 4)
    for action in [CaseAction.report, .file, .dispatch, .decline] {
        guard case .refused = try await district.store.act(number, action, expectedVersion: 4, note: "x", by: SmallDistrict.duty) else {
            Issue.record("\(action) has no door here")
            continue
        }
    }
}

@Test func ofTwentyWhoAcknowledgeAtOnceOneIsFirst() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 52)
    try district.take([sender.message(sender.incident())])
    let number = try await district.onlyCase()
    let store = district.store
    let outcomes = try await withThrowingTaskGroup(of: ActOutcome.self) { group in
        for _ in 0..<20 {
            group.addTask { try await store.act(number, .acknowledge, expectedVersion: 3, note: "", by: SmallDistrict.reader(1)) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
    }
    let done = outcomes.filter { if case .done = $0 { true } else { false } }
    #expect(done.count == 1)
    #expect(try district.count("case_event WHERE action = 'acknowledge'") == 1)
}

@Test func aReturnedCaseBelongsToTheCommandCentre() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 53)
    try district.take([sender.message(sender.incident())])
    let number = try await district.onlyCase()
    #expect(
        try await district.store.act(number, .returnTask, expectedVersion: 3, note: " ", by: SmallDistrict.reader(1))
            == .refused(.noteMissing(.returnTask)))
    guard
        case .done(let detail) = try await district.store.act(
            number, .returnTask, expectedVersion: 3, note: "不是我的网格", by: SmallDistrict.reader(1))
    else {
        Issue.record("returning must work")
        return
    }
    #expect(detail.item.state == "filed" && detail.item.assignee == nil && detail.item.owner == "command_centre")
    #expect(detail.item.actions.isEmpty)
}

@Test func aWorkerNeverSeesAnotherGridsCase() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 54)
    let incidents = (1...5).map { sender.incident(camera: $0) }
    try district.take(incidents.map { sender.message($0) })
    let everything = try await district.store.cases(CaseFilter(), for: SmallDistrict.duty).items
    #expect(everything.count == 5)
    for number in 1...4 {
        let worker = SmallDistrict.reader(number)
        let code = SmallDistrict.code(number).digits
        let cases = try await district.store.cases(CaseFilter(), for: worker).items
        #expect(cases.count == 1 && cases[0].grid?.code == code)
        let list = try await district.store.incidents(IncidentFilter(), for: worker).items
        #expect(list.count == 1 && list[0].grid?.code == code)
        // Asking for another grid by filter is asking in vain.
        var foreign = CaseFilter()
        foreign.grid = SmallDistrict.code(number % 4 + 1)
        #expect(try await district.store.cases(foreign, for: worker).items.isEmpty)
        var foreignIncidents = IncidentFilter()
        foreignIncidents.camera = SmallDistrict.cameraID(number % 4 + 1)
        #expect(try await district.store.incidents(foreignIncidents, for: worker).items.isEmpty)
        for item in everything where item.grid?.code != code {
            let other = CaseNumber(item.no)!  // Made by the dispatcher.
            #expect(try await district.store.case(other, for: worker) == nil)
            #expect(try await district.store.act(other, .acknowledge, expectedVersion: 3, note: "", by: worker) == .notFound)
        }
        for incident in incidents where incident.key.camera != SmallDistrict.cameraID(number) {
            #expect(try await district.store.incident(incident.id, for: worker) == nil)
            #expect(try await district.store.evidence(.snapshot, of: incident.id, for: worker) == nil)
            #expect(try await district.store.file(incident.id, by: worker) == .notFound)
        }
        guard case .changes(let changes) = try await district.store.changes(since: 0, for: worker) else {
            Issue.record("nothing was pruned")
            continue
        }
        #expect(changes.items.count == 2 && changes.seq == changes.newest)
        for change in changes.items {
            switch change {
            case .incident(let item): #expect(item.grid?.code == code)
            case .case(let item): #expect(item.grid?.code == code)
            }
        }
        let feed = try await district.store.feed(after: 0, limit: 1000, for: worker)
        #expect(Set(feed.items.map(\.id)) == Set(cases.map(\.no) + list.map(\.id)) && feed.seq == changes.newest)
        // Filing is for the duty officer even inside one's own grid.
        guard case .forbidden = try await district.store.file(incidents[number - 1].id, by: worker) else {
            Issue.record("a gridworker files nothing")
            continue
        }
    }
    for role in [Role.operator, .auditor, .admin, .department] {
        let reader = Reader(role: role, id: "x", name: "x", grids: [SmallDistrict.code(1)])
        #expect(try await district.store.cases(CaseFilter(), for: reader).items.isEmpty)
        #expect(try await district.store.incidents(IncidentFilter(), for: reader).items.isEmpty)
        #expect(try await district.store.feed(after: 0, limit: 10, for: reader).items.isEmpty)
    }
    // A town has the grids of its account, a department what it was given.
    let town = Reader(role: .townOffice, id: "town", name: "x", grids: [SmallDistrict.code(1)])
    #expect(try await district.store.cases(CaseFilter(), for: town).items.count == 1)
    let holder = Reader(role: .department, id: "w1", name: "x")
    #expect(try await district.store.cases(CaseFilter(), for: holder).items.count == 1)
    // A gridworker without grids sees what he is assigned, and nothing of the unbound queue.
    let newcomer = Reader(role: .gridworker, id: "w9", name: "新人")
    #expect(try await district.store.cases(CaseFilter(), for: newcomer).items.isEmpty)
}

@Test func aSubstituteSeesWhatHeIsGivenOutsideHisGrids() async throws {
    let district = try SmallDistrict(registry: SmallDistrict.registry(workers: [SmallDistrict.worker(8, grid: 2, role: .substitute)]))
    defer { try? district.file.close() }
    var sender = Sender(seed: 55)
    let incident = sender.incident(camera: 2)
    try district.take([sender.message(incident)])
    let substitute = Reader(role: .gridworker, id: "w8", name: "代班", grids: [SmallDistrict.code(4)])
    let number = try await district.onlyCase()
    #expect(try await district.store.case(number, for: substitute)?.item.actions.first == "acknowledge")
    #expect(try await district.store.incident(incident.id, for: substitute)?.caseDetail?.item.no == number.text)
    var mine = CaseFilter()
    mine.mine = true
    #expect(try await district.store.cases(mine, for: substitute).items.count == 1)
    #expect(try await district.store.cases(mine, for: SmallDistrict.reader(2)).items.isEmpty)
}

@Test func theDutyOfficerFilesOnceWhateverHeClicks() async throws {
    let district = try SmallDistrict(registry: SmallDistrict.registry(filing: .feed))
    defer { try? district.file.close() }
    var sender = Sender(seed: 56)
    let incident = sender.incident(camera: 4)
    try district.take([sender.message(incident)])
    let store = district.store
    let outcomes = try await withThrowingTaskGroup(of: ActOutcome.self) { group in
        for _ in 0..<8 { group.addTask { try await store.file(incident.id, by: SmallDistrict.duty) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(outcomes).count == 1)
    guard case .done(let detail) = outcomes[0] else {
        Issue.record("\(outcomes[0])")
        return
    }
    #expect(detail.item.state == "dispatched" && detail.item.assignee?.id == "w4")
    #expect(detail.events.map(\.role) == ["dutyOfficer", "dutyOfficer", "system"])
    // A later revision does not file it a second time.
    try district.take([sender.message(sender.revised(incident))])
    #expect(try district.count("\"case\"") == 1)
    #expect(try await store.file(UUID7(high: 1, low: 2), by: SmallDistrict.duty) == .notFound)
}

@Test func namesComeBackAsTheyWereWhateverIsInThem() async throws {
    let name = "<script>alert('1')</script>\0\\0\\';\"东兴\u{202E}🚦--"
    let district = try SmallDistrict(registry: SmallDistrict.registry(cameraName: name))
    defer { try? district.file.close() }
    var sender = Sender(seed: 57)
    let incident = sender.incident(camera: 1, reason: ["\0<b>", "\\"])
    try district.take([sender.message(incident)])
    let detail = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty))
    #expect(detail.item.camera.name == name && detail.reason == ["\0<b>", "\\"])
    #expect(detail.caseDetail?.item.placeText == "东兴街道·样例社区·第1网格·" + name)
    let number = try await district.onlyCase()
    let note = "\\0 \0 <img src=x onerror=1>"
    var worker = SmallDistrict.reader(1)
    worker.name = name
    guard case .done(let returned) = try await district.store.act(number, .returnTask, expectedVersion: 3, note: note, by: worker) else {
        Issue.record("returning must work")
        return
    }
    #expect(returned.events.last?.note == note && returned.events.last?.actorName == name)
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func receiptsOfTheAssigneeAreStampedOnce() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 58)
    let incident = sender.incident(camera: 1)
    try district.take([sender.message(incident)])
    let number = try await district.onlyCase()
    try await district.store.markDelivered([number], to: SmallDistrict.reader(2))
    try await district.store.markOpened(number, by: SmallDistrict.duty)
    var receipts = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty)).receipts
    #expect(receipts.delivered == nil && receipts.opened == nil)
    district.time.advance(by: .seconds(1))
    try await district.store.markDelivered([number], to: SmallDistrict.reader(1))
    let newest = district.signal.newest
    district.time.advance(by: .seconds(1))
    try await district.store.markDelivered([number], to: SmallDistrict.reader(1))
    #expect(district.signal.newest == newest, "the second time nothing changes")
    try await district.store.markOpened(number, by: SmallDistrict.reader(1))
    receipts = try #require(try await district.store.incident(incident.id, for: SmallDistrict.duty)).receipts
    #expect(receipts.delivered == "2026-11-23T15:59:01.000Z" && receipts.opened == "2026-11-23T15:59:02.000Z")
}

@Test func filtersAndLimits() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 59)
    let incidents = (0..<12).map { number in
        var incident = sender.incident(camera: number % 3 + 1, category: number % 2 == 0 ? "motion" : "camera.lost")
        incident.firstSeen = incident.firstSeen.adding(seconds: Double(number))
        incident.lastSeen = incident.firstSeen
        if number == 11 { incident.phase = .ended }
        return incident
    }
    try district.take(incidents.map { sender.message($0) })
    func ids(_ change: (inout IncidentFilter) -> Void) async throws -> [Int] {
        var filter = IncidentFilter()
        change(&filter)
        let items = try await district.store.incidents(filter, for: SmallDistrict.duty).items
        return items.map { item in incidents.firstIndex { $0.id.description == item.id } ?? -1 }
    }
    #expect(try await ids { _ in } == (0..<12).reversed())
    #expect(try await ids { $0.limit = 2 } == [11, 10])
    #expect(try await ids { $0.limit = -5 } == [11])
    #expect(try await ids { $0.camera = SmallDistrict.cameraID(1) } == [9, 6, 3, 0])
    #expect(try await ids { $0.grid = SmallDistrict.code(2) } == [10, 7, 4, 1])
    #expect(try await ids { $0.category = "camera.lost" } == [11, 9, 7, 5, 3, 1])
    #expect(try await ids { $0.category = "x' OR 1=1 --" } == [])
    #expect(try await ids { $0.category = "motion\0" } == [])
    #expect(try await ids { $0.from = incidents[9].firstSeen } == [11, 10, 9])
    #expect(try await ids { $0.to = incidents[2].firstSeen } == [1, 0])
    #expect(try await ids { $0.state = .ended } == [11])
    #expect(try await ids { $0.state = .unfiled } == [11, 9, 7, 5, 3, 1])
    #expect(try await ids { $0.state = .open }.count == 11)
}

@Test func theJSONHasEveryPromisedKey() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 60)
    let outside = sender.incident(camera: 5, category: "camera.lost")
    let inside = sender.incident(camera: 1)
    try district.take([sender.message(outside), sender.message(inside)])
    func object(_ value: some Encodable) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any])
    }
    let plain = try object(try #require(try await district.store.incident(outside.id, for: SmallDistrict.duty)))
    #expect(
        Set(plain.keys) == [
            "id", "rev", "phase", "category", "priority", "camera", "place", "township", "village", "grid", "first_seen", "last_seen",
            "count",
            "score", "has_snapshot", "case", "drill", "proposed", "reason", "box", "snapshot_url", "clip_url", "evidence_deleted_at",
            "resolution", "receipts",
            "case_detail", "restored", "restoration",
        ])
    for key in ["grid", "case", "snapshot_url", "clip_url", "evidence_deleted_at", "case_detail"] {
        #expect(plain[key] is NSNull, "\(key) is null and not absent")
    }
    let resolution = try #require(plain["resolution"] as? [String: Any])
    #expect(Set(resolution.keys) == ["method", "grid_set", "near_border", "distance_m", "neighbours", "camera_moved_m"])
    let receipts = try #require(plain["receipts"] as? [String: Any])
    #expect(Set(receipts.keys) == ["detected", "published", "accepted", "case", "pushed", "delivered", "opened", "acknowledged"])
    let number = try await district.onlyCase()
    let found = try object(try #require(try await district.store.case(number, for: SmallDistrict.reader(1))))
    #expect(
        Set(found.keys) == [
            "no", "state", "version", "category", "priority", "grid", "handling_grid", "township", "village", "place_text", "owner",
            "assignee",
            "opened_at", "updated_at", "incident_ids", "incident_count", "actions", "drill", "events", "due", "late", "supervised",
            "suspended_until",
            "merged_into", "reference", "recurrence_of", "tasks", "incidents", "merged", "recurrences", "duplicates",
        ])
    let events = try #require(found["events"] as? [[String: Any]])
    #expect(Set(events[0].keys) == ["version", "at", "actor", "actor_name", "role", "action", "from", "to", "note", "detail"])
    #expect(events[0]["from"] is NSNull && found["incident_ids"] as? [String] == [inside.id.description])
}
