// The chain of the case log shows every edit, deletion and reordering that does not rewrite all of it.

import Base
@testable import Cases
import Domain
import IncidentBus
import Storage
import Testing

private func districtWithLog() async throws -> SmallDistrict {
    let district = try SmallDistrict()
    var sender = Sender(seed: 80)
    try district.take((0..<6).map { sender.message(sender.incident(camera: $0 % 4 + 1)) })
    let first = try #require(CaseNumber("511011-20261123-00001"))
    _ = try await district.store.act(first, .acknowledge, expectedVersion: 3, note: "", by: SmallDistrict.reader(1))
    return district
}

@Test func anUntouchedLogIsSound() async throws {
    let district = try await districtWithLog()
    defer { try? district.file.close() }
    #expect(try CaseLog.verify(district.file) == CaseLogVerdict(events: 19, problems: []))
    let empty = try SmallDistrict()
    defer { try? empty.file.close() }
    #expect(try CaseLog.verify(empty.file) == CaseLogVerdict(events: 0, problems: []))
}

@Test(arguments: [
    ("UPDATE case_event SET note = 'another' WHERE position = 7", "line 7 was changed"),
    ("UPDATE case_event SET at_ms = at_ms + 1 WHERE position = 1", "line 1 was changed"),
    ("UPDATE case_event SET actor = 'w2' WHERE position = 19", "line 19 was changed"),
    ("UPDATE case_event SET assignee_id = 'w2' WHERE position = 3", "line 3 was changed"),
    ("UPDATE case_event SET role = 'wizard' WHERE position = 3", "line 3 cannot be read"),
    ("UPDATE case_event SET from_state = 'wizardry' WHERE position = 2", "line 2 was changed"),
    ("UPDATE case_event SET prev_hash = hash WHERE position = 4", "line 4 does not follow line 3"),
    ("UPDATE case_event SET hash = prev_hash WHERE position = 4", "line 4 was changed"),
    ("DELETE FROM case_event WHERE position = 9", "line 9 is missing"),
    ("DELETE FROM case_event WHERE position = 1", "line 1 is missing"),
    ("DELETE FROM case_event WHERE position = 19", "the end of the log is missing"),
    ("DELETE FROM case_event", "the end of the log is missing"),
    ("UPDATE case_log_head SET position = 18", "the end of the log is missing"),
    ("UPDATE \"case\" SET state = 'closed' WHERE case_no = '511011-20261123-00002'", "case 511011-20261123-00002 differs"),
    ("UPDATE \"case\" SET assignee_id = 'w4' WHERE case_no = '511011-20261123-00002'", "case 511011-20261123-00002 differs"),
    ("UPDATE \"case\" SET version = 2, state = 'filed', assignee_id = NULL WHERE case_no = '511011-20261123-00002'", "differs"),
]) func everyTamperingShows(statement: String, finding: String) async throws {
    let district = try await districtWithLog()
    defer { try? district.file.close() }
    let changed = try district.tamper(statement)
    #expect(changed > 0)
    let verdict = try CaseLog.verify(district.file)
    #expect(verdict.problems.contains { $0.hasPrefix(finding) || $0.contains(finding) }, "\(verdict.problems)")
}

/// Two lines whose fields run together must not share a hash: swap a character across a field border.
@Test func fieldsCannotRunTogether() async throws {
    let district = try await districtWithLog()
    defer { try? district.file.close() }
    try district.tamper("UPDATE case_event SET actor = 'w1网', actor_name = '格员1' WHERE position = 19")
    #expect(try CaseLog.verify(district.file).problems == ["line 19 was changed"])
}

@Test func aLongLogIsReadInPages() throws {
    let district = try SmallDistrict()
    defer { try? district.file.close() }
    var sender = Sender(seed: 81)
    for _ in 0..<3 { try district.take((0..<250).map { sender.message(sender.incident(camera: $0 % 4 + 1)) }) }
    #expect(try CaseLog.verify(district.file) == CaseLogVerdict(events: 2250, problems: []))
    try district.tamper("UPDATE case_event SET note = '' WHERE position = 1001")
    #expect(try CaseLog.verify(district.file).problems == ["line 1001 was changed"])
}
