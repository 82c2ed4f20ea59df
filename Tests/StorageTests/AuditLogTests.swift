// The chain of the audit shows every edit, deletion and reordering that does not rewrite all of it; on both databases.

import Base
import Domain
import Storage
import StorageKit
import Testing

private let start = WallTime("2026-11-25T13:00:00.000Z")!  // A literal in the form it parses.

private let actions = Array(AuditAction.allCases.prefix(6))

private func entry(_ number: Int) -> AuditEntry {
    AuditEntry(
        at: start.adding(seconds: Double(number)), actor: number % 3 == 0 ? "duty" : "网格员\(number)", role: "dutyOfficer",
        action: actions[number % actions.count], object: "o\(number)",
        reason: number % 2 == 0 ? "" : "因为\n\(number)")
}

private func filled(_ kind: DatabaseKind, _ count: Int = 12) throws -> any SQLDatabase {
    let database = try TestDatabase(kind).open([AuditLog.migration])
    for number in 0..<count { try database.write { try AuditLog.append(entry(number), to: $0) } }
    return database
}

@Test(arguments: DatabaseKind.allCases) func theAuditIsSearchedAndPagedAndSound(kind: DatabaseKind) throws {
    let database = try filled(kind)
    #expect(try AuditLog.problems(database).isEmpty)
    func positions(_ change: (inout AuditQuery) -> Void) throws -> [Int64] {
        var query = AuditQuery()
        change(&query)
        return try database.read { sql in try AuditLog.page(query, in: sql).map(\.position) }
    }
    #expect(try positions { _ in } == (1...12).reversed().map { Int64($0) })
    #expect(try positions { $0.actor = "duty" } == [10, 7, 4, 1])
    #expect(try positions { $0.action = .login } == [7, 1])
    #expect(
        try positions {
            $0.from = start.adding(seconds: 3); $0.to = start.adding(seconds: 5)
        } == [5, 4])
    #expect(
        try positions { $0.limit = 2 } == [12, 11]
            && positions {
                $0.limit = 2; $0.after = 11
            } == [10, 9])
    let first = try database.read { try AuditLog.page(AuditQuery(), in: $0).last }
    #expect(first?.entry == entry(0))
    try database.close()
}

@Test(arguments: [
    ("UPDATE audit SET reason = 'another' WHERE position = 4", "line 4 was changed"),
    ("UPDATE audit SET action = 'logout' WHERE position = 1", "line 1 was changed"),
    ("UPDATE audit SET action = 'wizardry' WHERE position = 1", "line 1 was changed"),
    ("UPDATE audit SET actor = actor || 'd', role = 'uty_officer' WHERE position = 1", "line 1 was changed"),
    ("DELETE FROM audit WHERE position = 5", "line 5 is missing"), ("DELETE FROM audit WHERE position = 12", "the end is missing"),
    ("DELETE FROM audit", "the end is missing"), ("UPDATE audit SET prev_hash = hash WHERE position = 3", "line 3 does not follow line 2"),
]) func tamperingWithTheAuditShows(statement: String, finding: String) throws {
    let database = try filled(.sqlite)
    #expect(try database.write { try $0.run(statement) } > 0)
    #expect(try AuditLog.problems(database).contains(finding))
    try database.close()
}

@Test func aLongAuditIsReadInPages() throws {
    let database = try TestDatabase(.sqlite).open([AuditLog.migration])
    try database.write { sql in for number in 0..<2000 { try AuditLog.append(entry(number), to: sql) } }
    #expect(try AuditLog.problems(database).isEmpty)
    try database.write { _ = try $0.run("UPDATE audit SET object = '' WHERE position = 1001") }
    #expect(try AuditLog.problems(database) == ["line 1001 was changed"])
    try database.close()
}
