// Cases that people report: who may, where, and that sending twice is once.

import Base
@testable import Cases
import Domain
import Storage
import Testing

@Test func aReportIsOneCaseHoweverOftenItIsSent() async throws {
    let district = try SmallDistrict(registry: SmallDistrict.registry(filing: .propose))
    defer { try? district.file.close() }
    let worker = SmallDistrict.reader(1)
    var report = CaseReport(category: "motion", place: .grid(SmallDistrict.code(1)), text: "路面积水", key: "k1")
    guard case .done(let first) = try await district.store.report(report, by: worker),
        case .done(let again) = try await district.store.report(report, by: worker)
    else {
        Issue.record("a gridworker reports from the own grid")
        return
    }
    #expect(first == again && first.item.state == "reported" && first.events[0].note == "路面积水" && first.item.incidentIDs.isEmpty)
    report.text = "其他"
    #expect(try await district.store.report(report, by: worker) == .invalid(field: "key", "was used for another report"))
    // The duty officer decides, and the route does the rest.
    let number = try await district.onlyCase()
    guard case .done(let filed) = try await district.store.act(number, CaseWish(.file, expectedVersion: 1), by: SmallDistrict.duty) else {
        Issue.record("the duty officer files it")
        return
    }
    #expect(filed.item.state == "dispatched" && filed.item.assignee?.id == "w1")
    #expect(try CaseLog.verify(district.file).isSound)
}

@Test func aReportHasItsPlaceAndItsGate() async throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    func report(_ category: String, _ place: CaseReport.Place, _ key: String, by reader: Reader = SmallDistrict.duty) async throws
        -> ActOutcome
    {
        try await district.store.report(CaseReport(category: category, place: place, text: "x", key: key), by: reader)
    }
    guard case .forbidden = try await report("motion", .grid(SmallDistrict.code(2)), "a", by: SmallDistrict.reader(1)),
        case .forbidden = try await report("motion", .point(SmallDistrict.place(5)), "b", by: SmallDistrict.reader(1)),
        case .invalid(field: "category", _) = try await report("no.such", .grid(SmallDistrict.code(1)), "c")
    else {
        Issue.record("each of these must be refused")
        return
    }
    #expect(try district.count("\"case\"") == 0)
    guard case .done(let inside) = try await report("motion", .point(SmallDistrict.place(3)), "d"),
        case .done(let outside) = try await report("motion", .point(SmallDistrict.place(5)), "e"),
        case .done(let professional) = try await report("gas.leak", .grid(SmallDistrict.code(1)), "f")
    else {
        Issue.record("each of these must be taken")
        return
    }
    #expect(inside.item.assignee?.id == "w3" && inside.item.state == "dispatched")
    #expect(outside.item.owner == "unbound" && outside.item.assignee == nil && outside.item.state == "filed")
    #expect(professional.item.assignee == nil && professional.events.last?.note.contains("professional") == true)
}
