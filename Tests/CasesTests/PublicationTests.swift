// A publication that splits a grid and merges two while 500 cases are open in all states; the way there, and the way back.

import Base
import Domain
import Foundation
import Grids
import IncidentBus
import Storage
import Testing

@testable import Cases

/// One case as the table sees it.
private struct Standing: Equatable {
    var state: String
    var grid: String?
    var handling: String?
    var assignee: String?
    var version: Int
}

extension SmallDistrict {
    fileprivate func standings() throws -> [String: Standing] {
        var found: [String: Standing] = [:]
        for row in try file.read({ try $0.rows("SELECT * FROM \"case\"") }) {
            found[try row.text("case_id")] = Standing(
                state: try row.text("state"), grid: try row.textOrNil("grid_code"), handling: try row.textOrNil("handling_grid"),
                assignee: try row.textOrNil("assignee_id"), version: Int(try row.int("version")))
        }
        return found
    }

    /// Writes a state that people would have brought about, with its line in the log.
    fileprivate func force(_ states: [String: CaseState]) throws {
        try file.write { sql in
            for (id, state) in states {
                let row = try #require(try sql.row("SELECT version, assignee_id FROM \"case\" WHERE case_id = $1", [.text(id)]))
                let version = Int(try row.int("version")) + 1
                let assignee = [.reported, .filed].contains(state) ? nil : try row.textOrNil("assignee_id")
                let event = CaseEvent(
                    version: version, at: time.wallNow, actor: "test", role: .system, action: .file, from: nil, to: state, note: "")
                var head = try CaseLog.Head(sql)
                try CaseLog.append(
                    LoggedEvent(caseID: id, event: event, actorName: "test", assignee: assignee.flatMap { WorkerID($0) }), after: &head,
                    to: sql)
                try head.write(sql)
                try sql.run(
                    "UPDATE \"case\" SET state = $2, version = $3, assignee_id = $4 WHERE case_id = $1",
                    [.text(id), .text(state.rawValue), SQLValue(version), SQLValue(assignee)])
            }
        }
    }
}

private func code(_ number: Int) -> String { SmallDistrict.code(number).digits }

@Suite struct PublicationTests {
    /// Places in units of a grid, nine cameras: in the west and the east of grid 1, in 2, 3 and 4.
    private let places = [(0.2, 0.5), (0.4, 0.3), (0.6, 0.5), (0.9, 0.9), (1.5, 0.5), (0.5, 1.5), (0.1, 1.9), (1.5, 1.5), (1.9, 1.1)]
    private let open = [CaseState.reported, .filed, .dispatched, .acknowledged, .handling, .handled, .suspended]

    @Test func fiveHundredOpenCasesFollowTheTableAndComeBack() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: places))
        let maps = district.maps
        #expect(try await onOwnThread("adopt") { try maps.adopt(district.box.current, boundary: SmallMaps.boundary) } == .first(1))
        #expect(district.box.current.gridSetVersion.hasPrefix("1-"))

        // 500 cases, each camera and each state as often as any other.
        var sender = Sender(seed: 40)
        var cameraOf: [String: Int] = [:]
        var messages = (0..<500).map { number in
            let incident = sender.incident(camera: number % places.count + 1)
            cameraOf[incident.id.description] = number % places.count
            return sender.message(incident)
        }
        let running = try #require({ if case .success(let incident) = messages[0].incident { incident } else { nil } }())
        while !messages.isEmpty {
            let batch = Array(messages.prefix(100))
            _ = try await onOwnThread("bus") { try district.take(batch) }
            messages.removeFirst(batch.count)
        }
        let links = try await district.file.read { try $0.rows("SELECT * FROM case_incident ORDER BY incident_id") }
        var (place, states): ([String: Int], [String: CaseState]) = ([:], [:])
        for (number, row) in links.enumerated() {
            place[try row.text("case_id")] = cameraOf[try row.text("incident_id")]
            states[try row.text("case_id")] = CaseState.allCases[number / places.count % CaseState.allCases.count]
        }
        let wanted = states.filter { $0.value != .dispatched }
        try await onOwnThread("force") { try district.force(wanted) }
        let before = try district.standings()
        #expect(before.count == 500 && Set(before.values.map(\.state)).count == CaseState.allCases.count)

        // The way to publication: looked at, and by two people.
        let number = try await district.drawn(SmallMaps.second)
        #expect(
            district.refusal(try await maps.publish(number, by: SmallDistrict.supervisor))
                == "publish is not possible for a set that is draft")
        _ = try district.done(try await maps.check(number, by: SmallDistrict.drawer))
        #expect(district.refusal(try await maps.publish(number, by: SmallDistrict.drawer)) == "a operator may not publish a grid set")
        let drawer = Reader(role: .supervisor, id: "drawer", name: "制图员")
        #expect(
            district.refusal(try await maps.publish(number, by: drawer)) == "drawer drew this grid set; somebody else must publish it")
        #expect(try district.standings() == before)
        let start = ContinuousClock.now
        let detail = try district.done(try await maps.publish(number, by: SmallDistrict.supervisor))
        print("published over 500 open cases in \(ContinuousClock.now - start)")
        #expect(detail.item.state == "published" && detail.item.publisher?.id == "chief")
        #expect(Set(detail.lineage.map(\.kind)) == ["split", "merge"] && detail.lineage.count == 4)
        #expect(district.box.current.gridSetVersion.hasPrefix("2-") && district.box.current.grids[SmallDistrict.code(1)] == nil)

        // Each case against the table, said a second time.
        let after = try district.standings()
        let newHome = [5, 5, 6, 6, 2, 7, 7, 7, 7]
        var moved = 0
        for (id, was) in before {
            let (now, home) = (try #require(after[id]), code(newHome[place[id] ?? 0]))
            let state = try #require(CaseState(rawValue: was.state))
            guard open.contains(state), was.grid != home else {
                #expect(now == was, "\(was)")
                continue
            }
            moved += 1
            #expect(now.state == was.state && now.version == was.version + 1 && now.grid == home, "\(was) \(now)")
            let handlerStays = [.acknowledged, .handling, .handled, .suspended].contains(state)
            #expect(now.handling == (handlerStays ? was.handling : home), "\(was) \(now)")
            #expect(now.assignee == (state == .dispatched ? "w\(home.suffix(1))" : was.assignee), "\(was) \(now)")
            let line = try #require(try await district.file.read { try CaseLog.events(of: id, in: $0).last })
            #expect(line.event.action == .rehome && line.event.role == .system)
            let note = line.event.note
            #expect(note.hasPrefix("grid set 2: \(was.grid ?? "") → \(home) 第\(home.suffix(1))网格"), "\(note)")
            #expect(note.contains(home == code(7) ? "(merge)" : "(split)") && note.contains(RehomingStep(state).rule), "\(note)")
        }
        #expect(moved == detail.cases.count && moved > 200)
        #expect(try await onOwnThread("verify") { try CaseLog.verify(district.file) }.isSound)

        // What runs keeps the grid of its first revision; what begins now belongs to the new set.
        let begun = sender.incident(camera: 1)
        let later = [sender.message(sender.revised(running)), sender.message(begun)]
        #expect(try await onOwnThread("bus") { try district.take(later) } == [.committed, .committed])
        for (incident, home, set) in [(running, code(1), "1-"), (begun, code(5), "2-")] {
            let row = try await district.file.read {
                try $0.row("SELECT grid_code, grid_set FROM incident WHERE incident_id = $1", [.text(incident.id.description)])
            }
            #expect(try row?.text("grid_code") == home && row?.text("grid_set").hasPrefix(set) == true)
        }

        // Back: a publication of its own that restores homes and assignees.
        #expect(district.refusal(try await maps.rollBack(reason: " ", by: SmallDistrict.supervisor)) == "a grid set needs a reason")
        #expect(
            district.refusal(try await maps.rollBack(reason: "画错了", by: SmallDistrict.drawer)) == "a operator may not publish a grid set")
        #expect(try await maps.gridSets().count == 2)
        let back = try district.done(try await maps.rollBack(reason: "画错了", by: SmallDistrict.supervisor))
        #expect(back.item.number == 3 && back.item.restores == 1 && back.item.state == "published" && back.item.reason == "画错了")
        #expect(try await maps.gridSets().map(\.state) == ["published", "retired", "retired"])
        for (id, was) in before {
            let now = try #require(try district.standings()[id])
            #expect(now.grid == was.grid && now.handling == was.handling && now.assignee == was.assignee && now.state == was.state)
        }
        #expect(district.box.current.grids[SmallDistrict.code(1)] != nil && district.box.current.gridSetVersion.hasPrefix("3-"))
        #expect(try await onOwnThread("verify") { try CaseLog.verify(district.file) }.isSound)
    }

    @Test func whatIsNotCoveredOrHasNoGridworkerIsNotPublished() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: places, workers: [1, 2, 3, 4, 5, 6]))
        let maps = district.maps
        _ = try await onOwnThread("adopt") { try maps.adopt(district.box.current, boundary: SmallMaps.boundary) }
        let orphan = try await district.drawn(SmallMaps.second)
        #expect(
            district.refusal(try await maps.check(orphan, by: SmallDistrict.drawer)) == "grid \(code(7)) has no active full-time gridworker"
        )
        let holed = try await district.drawn(SmallMaps.holed)
        let why = district.refusal(try await maps.check(holed, by: SmallDistrict.drawer))
        #expect(
            why?.hasPrefix("the grids do not cover the district exactly once: ") == true && why?.contains("gap") == true, "\(why ?? "")")
        // Who leaves between the look and the publication is missed as well.
        let staffed = try SmallMaps.registry(cameras: places)
        _ = try await onOwnThread("adopt") { try maps.adopt(staffed, boundary: SmallMaps.boundary) }
        _ = try district.done(try await maps.check(orphan, by: SmallDistrict.drawer))
        let left = try SmallMaps.registry(cameras: places, workers: [1, 2, 3, 4, 6, 7])
        _ = try await onOwnThread("adopt") { try maps.adopt(left, boundary: SmallMaps.boundary) }
        #expect(
            district.refusal(try await maps.publish(orphan, by: SmallDistrict.supervisor))
                == "grid \(code(5)) has no active full-time gridworker")
        // Nothing that is no map becomes a draft.
        let outcome = try await maps.draw(
            GridSetDraft(boundary: SmallMaps.boundary, grids: Array("{}".utf8), reason: "x", validFrom: district.time.wallNow),
            by: SmallDistrict.drawer)
        guard case .unreadable(let findings) = outcome else { throw Failure(.internal, "\(outcome)") }
        #expect(findings.first.map { "\($0)" } == "grids.geojson:1: error: must be a FeatureCollection with 'features'")
        _ = try district.done(try await maps.withdraw(holed, by: SmallDistrict.drawer))
        #expect(
            district.refusal(try await maps.withdraw(holed, by: SmallDistrict.drawer))
                == "withdraw is not possible for a set that is retired")
    }

    @Test func theFilesRuleUntilAPersonPublishes() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: places))
        let maps = district.maps
        func adopt(_ grids: [UInt8]) async throws -> MapStore.Adoption {
            let files = try SmallMaps.registry(cameras: places, grids: grids)
            return try await onOwnThread("adopt") { try maps.adopt(files, boundary: SmallMaps.boundary) }
        }
        var sender = Sender(seed: 41)
        let message = sender.message(sender.incident(camera: 1))
        #expect(try await adopt(SmallMaps.first) == .first(1))
        #expect(try await onOwnThread("bus") { try district.take([message]) } == [.committed])
        #expect(try await adopt(SmallMaps.first) == .same(1))
        #expect(try await adopt(SmallMaps.second) == .followed(2))
        #expect(try district.standings().values.first?.grid == code(5))
        // From the first publication by a person on, files are a proposal.
        _ = try district.done(try await maps.rollBack(reason: "按街道意见恢复", by: SmallDistrict.supervisor))
        #expect(try await adopt(SmallMaps.second) == .outranked(by: 3))
        #expect(district.box.current.grids[SmallDistrict.code(1)] != nil && district.box.current.gridSetVersion.hasPrefix("3-"))
        #expect(try district.standings().values.first?.grid == code(1))
    }

    @Test func anotherProcessIsSeenByTheNextTransaction() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: places))
        let maps = district.maps
        _ = try await onOwnThread("adopt") { try maps.adopt(district.box.current, boundary: SmallMaps.boundary) }
        // A second process with a registry of its own publishes.
        let other = MapStore(file: district.file, registry: RegistryBox(district.box.current), signal: FeedSignal(), time: district.time)
        let number = try await district.drawn(SmallMaps.second)
        _ = try district.done(try await other.check(number, by: SmallDistrict.drawer))
        _ = try district.done(try await other.publish(number, by: SmallDistrict.supervisor))
        #expect(district.box.current.gridSetVersion.hasPrefix("1-"))
        var sender = Sender(seed: 42)
        let message = sender.message(sender.incident(camera: 3))
        #expect(try await onOwnThread("bus") { try district.take([message]) } == [.committed])
        #expect(district.box.current.gridSetVersion.hasPrefix("2-"))
        #expect(try district.standings().values.map(\.grid) == [code(6)])
    }

    @Test func geometryChangedInTheStoreIsNoticed() async throws {
        let district = try SmallDistrict(registry: SmallMaps.registry(cameras: places))
        let maps = district.maps
        _ = try await onOwnThread("adopt") { try maps.adopt(district.box.current, boundary: SmallMaps.boundary) }
        _ = try await onOwnThread("tamper") { try district.tamper("UPDATE grid_set SET grids_json = grids_json || ' '") }
        let fresh = MapStore(
            file: district.file, registry: RegistryBox(try SmallMaps.registry(cameras: places)), signal: FeedSignal(), time: district.time)
        let failure = await #expect(throws: Failure.self) {
            try await district.file.write { try fresh.registry.current(in: $0).gridSetVersion }
        }
        #expect(failure?.kind == .dataLoss)
    }
}
