// One contract, two databases: each test here runs against SQLite and against PostgreSQL.

import Base
import Foundation
import Storage
import StorageKit
import Testing

private let steps = [
    Migration(
        1, "things",
        [
            "CREATE TABLE thing (id BIGINT NOT NULL PRIMARY KEY, name TEXT, size DOUBLE PRECISION, data BYTEA)",
            "CREATE TABLE counter (id BIGINT NOT NULL PRIMARY KEY, last BIGINT NOT NULL)", "INSERT INTO counter (id, last) VALUES (1, 0)",
            "CREATE TABLE entry (number BIGINT NOT NULL PRIMARY KEY, writer BIGINT NOT NULL)",
        ])
]

private func withDatabase(_ kind: DatabaseKind, _ body: (any SQLDatabase) async throws -> Void) async throws {
    let database = try TestDatabase(kind).open(steps)
    try await body(database)
    try database.close()
}

@Suite(.serialized) struct Contract {
    @Test(arguments: DatabaseKind.allCases)
    func valuesComeBackAsTheyWereBound(kind: DatabaseKind) async throws {
        try await withDatabase(kind) { database in
            let texts = [
                "", " ", "<script>'; DROP TABLE thing; -- 中文", "\u{1F6B2}\u{301}\r\n\t\\0", String(repeating: "雪", count: 100_000),
            ]
            let numbers: [Int64] = [0, 1, -1, 255, 256, .max, .min, 9_007_199_254_740_993]
            let sizes = [0, -0.5, 1e300, Double.leastNonzeroMagnitude, Double.pi, 2]
            let blobs: [[UInt8]] = [[], [0], [0, 0, 255], Array(0...255), [UInt8](repeating: 0, count: 1 << 20)]
            let insert = "INSERT INTO thing (name, id, size, data) VALUES ($2, $1, $3, $4)"  // By number, not by place.
            try database.write { sql in
                for (index, number) in numbers.enumerated() {
                    let changed = try sql.run(
                        insert,
                        [
                            .integer(number), .text(texts[index % texts.count]), .real(sizes[index % sizes.count]),
                            .blob(blobs[index % blobs.count]),
                        ])
                    #expect(changed == 1)
                }
            }
            for (index, number) in numbers.enumerated() {
                let row = try database.read { try $0.row("SELECT * FROM thing WHERE id = $1", [.integer(number)]) }
                let found = try #require(row)
                #expect(try found.int("id") == number)
                #expect(try found.text("name") == texts[index % texts.count])
                #expect(try found.real("size") == sizes[index % sizes.count])
                #expect(try found.blob("data") == blobs[index % blobs.count])
            }
        }
    }

    @Test(arguments: DatabaseKind.allCases)
    func nullsAndMissingColumnsAreToldApart(kind: DatabaseKind) async throws {
        try await withDatabase(kind) { database in
            let found = try await database.write { sql in
                try sql.rows("INSERT INTO thing (id, name, size, data) VALUES ($1, $2, $2, $2) RETURNING *", [1, nil])
            }
            let row = try #require(found.first)
            #expect(try row.textOrNil("name") == nil && row.realOrNil("size") == nil && row.blobOrNil("data") == nil)
            #expect(try row.value("name") == .null)
            let chosen = try await database.write { sql in
                try sql.row(
                    """
                    UPDATE thing SET name = '$2' || CASE WHEN $2 IS NULL THEN 'none' WHEN $2 = name THEN name ELSE $3 END, size = $2
                    WHERE id = $1 AND $2 IS NULL RETURNING name AS "a $2", COALESCE($2, $3) AS other
                    """, [1, nil, "x"])
            }
            #expect(try chosen?.text("a $2") == "$2none" && chosen?.text("other") == "x")
            #expect(throws: Failure.self) { try row.text("name") }
            #expect(throws: Failure.self) { try row.int("absent") }
        }
    }

    @Test(arguments: DatabaseKind.allCases)
    func sumsCountsAndComparisonsAreNumbers(kind: DatabaseKind) async throws {
        try await withDatabase(kind) { database in
            try database.write { sql in
                for id in 1...4 {
                    try sql.run("INSERT INTO thing (id, size, name) VALUES ($1, $2, $3)", [SQLValue(id), .real(Double(id) / 4), "x"])
                }
            }
            let row = try #require(
                try database.read {
                    try $0.row(
                        """
                        SELECT COUNT(*) AS n, SUM(id) AS sum, AVG(id) AS mean, SUM(size) AS size, MAX(name) AS name, MIN(id) - 5 AS below,
                            SUM(id) * 1000000000000 AS large, SUM(-id) AS negative, SUM(id - id) AS zero,
                            COUNT(*) > 3 AS many, SUM(CASE WHEN id > $1 THEN 1 ELSE 0 END) AS over FROM thing
                        """, [2])
                })
            #expect(try row.int("n") == 4 && row.int("sum") == 10 && row.real("mean") == 2.5 && row.real("size") == 2.5)
            #expect(try row.int("below") == -4 && row.int("large") == 10_000_000_000_000 && row.int("negative") == -10)
            #expect(try row.int("zero") == 0 && row.int("many") == 1 && row.int("over") == 2 && row.text("name") == "x")
        }
    }

    @Test(arguments: DatabaseKind.allCases)
    func textIsOrderedByBytes(kind: DatabaseKind) async throws {
        try await withDatabase(kind) { database in
            let names = ["Z", "a", "B", "é", "z", "a-b", "ab", "中", ""]
            try database.write { sql in
                for (id, name) in names.enumerated() {
                    try sql.run("INSERT INTO thing (id, name) VALUES ($1, $2)", [SQLValue(id), .text(name)])
                }
            }
            let sorted = try database.read { try $0.rows("SELECT name FROM thing ORDER BY name").map { try $0.text("name") } }
            #expect(sorted == names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        }
    }

    @Test(arguments: DatabaseKind.allCases)
    func conflictsAreResolvedAsTheTextSays(kind: DatabaseKind) async throws {
        try await withDatabase(kind) { database in
            let counted = try database.write { sql in
                let first = try sql.run("INSERT INTO thing (id, name) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING")
                let second = try sql.run("INSERT INTO thing (id, name) VALUES (1, 'b') ON CONFLICT (id) DO NOTHING")
                let last = try (0..<3).map { _ in
                    try sql.row(
                        """
                        INSERT INTO counter (id, last) VALUES ($1, 1)
                        ON CONFLICT (id) DO UPDATE SET last = counter.last + excluded.last RETURNING last
                        """, [7])?.int("last")
                }
                let updated = try sql.run("UPDATE thing SET name = name")
                let deleted = try sql.run("DELETE FROM thing WHERE id = $1", [99])
                return (first, second, last, updated, deleted)
            }
            #expect(counted.0 == 1 && counted.1 == 0 && counted.2 == [1, 2, 3] && counted.3 == 1 && counted.4 == 0)
        }
    }

    @Test(arguments: DatabaseKind.allCases)
    func aFailedTransactionLeavesNothing(kind: DatabaseKind) async throws {
        struct Change: Error {}
        try await withDatabase(kind) { database in
            let twice = await #expect(throws: Failure.self) {
                try await database.write {
                    try $0.run("INSERT INTO thing (id) VALUES (1)")
                    try $0.run("INSERT INTO thing (id) VALUES (1)")
                }
            }
            #expect(twice?.kind == .conflict)
            // A statement that failed ends the transaction, also when its failure is swallowed.
            let swallowed = #expect(throws: Failure.self) {
                try database.write { sql in
                    try sql.run("INSERT INTO thing (id) VALUES (2)")
                    _ = try? sql.run("INSERT INTO thing (id) VALUES (2)")
                    _ = try? sql.run("INSERT INTO thing (id) VALUES (3)")
                }
            }
            #expect(swallowed?.kind == .conflict)
            #expect(throws: (any Error).self) {
                try database.write { sql in
                    try sql.run("INSERT INTO thing (id) VALUES (4)")
                    throw Change()
                }
            }
            let zero = #expect(throws: Failure.self) {
                try database.write { try $0.run("INSERT INTO thing (id, name) VALUES (5, $1)", ["a\u{0}b"]) }
            }
            #expect(zero?.kind == .invalidInput)
            let wrong = #expect(throws: Failure.self) { try database.read { try $0.rows("SELECT nothing FROM nowhere") } }
            #expect(wrong?.kind == .internal)
            #expect(try await database.read { try $0.rows("SELECT id FROM thing").count } == 0)
            try await database.write { _ = try $0.run("INSERT INTO thing (id) VALUES (6)") }
            #expect(try await database.read { try $0.rows("SELECT id FROM thing").count } == 1)
        }
    }

    @Test(arguments: DatabaseKind.allCases)
    func readersSeeOneMomentAndWriteNothing(kind: DatabaseKind) async throws {
        try await withDatabase(kind) { database in
            let seen = try database.read { sql in
                let before = try sql.row("SELECT last FROM counter")?.int("last")
                _ = try database.write { try $0.run("UPDATE counter SET last = 5") }
                return (before, try sql.row("SELECT last FROM counter")?.int("last"))
            }
            #expect(seen.0 == 0 && seen.1 == 0)
            #expect(try database.read { try $0.row("SELECT last FROM counter")?.int("last") } == 5)
            #expect(throws: Failure.self) { try database.read { try $0.run("UPDATE counter SET last = 6") } }
        }
    }

    /// Two openers, many writers, one counter: the order of the numbers is the order of the commits.
    @Test(arguments: DatabaseKind.allCases)
    func countedOrderIsCommitOrder(kind: DatabaseKind) async throws {
        let place = try TestDatabase(kind)
        let first = try place.open(steps)
        let second = kind == .sqlite ? first : try place.open(steps)
        let finished = StopSignal()
        let gaps = try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, database) in [first, second, first, second].enumerated() {
                group.addTask {
                    for _ in 0..<50 {
                        try await database.write { sql in
                            // Decided from what was read: an update lost between the two statements would count a number twice.
                            let last = try sql.row("SELECT last FROM counter WHERE id = 1")?.int("last") ?? 0
                            try sql.run("INSERT INTO entry (number, writer) VALUES ($1, $2)", [.integer(last + 1), SQLValue(index)])
                            try sql.run("UPDATE counter SET last = $1 WHERE id = 1", [.integer(last + 1)])
                        }
                    }
                    return 0
                }
            }
            group.addTask {
                // Who has seen n has seen everything up to n.
                var gaps = 0
                while !finished.isRaised {
                    let (count, newest) = try await second.read { sql in
                        let row = try sql.row("SELECT COUNT(*) AS n, COALESCE(MAX(number), 0) AS newest FROM entry")
                        return (try row?.int("n"), try row?.int("newest"))
                    }
                    if count != newest { gaps += 1 }
                }
                return gaps
            }
            var gaps = 0
            for writer in 0..<5 {
                gaps += try await group.next() ?? 0
                if writer == 3 { finished.raise() }
            }
            return gaps
        }
        #expect(gaps == 0)
        #expect(try await first.read { try $0.row("SELECT COUNT(*) AS n FROM entry")?.int("n") } == 200)
        try first.close()
        if kind == .postgresql { try second.close() }
    }

    @Test(arguments: DatabaseKind.allCases)
    func migrationsRunOnceInOrderAndANewerSchemaIsRefused(kind: DatabaseKind) throws {
        let place = try TestDatabase(kind)
        try place.open(steps).close()
        let gap =
            steps + [
                Migration(40, "colour", ["ALTER TABLE thing ADD COLUMN colour TEXT"]),
                Migration(12, "weight", ["ALTER TABLE thing ADD COLUMN weight BIGINT"]),
            ]
        try place.open(gap).close()
        // A step may come late and below others.
        let late = gap + [Migration(7, "fill", ["UPDATE counter SET last = last + 1"])]
        try place.open(late).close()
        let database = try place.open(late)
        #expect(try database.read { try $0.row("SELECT last FROM counter")?.int("last") } == 1)
        #expect(
            try database.read { try $0.rows("SELECT number FROM schema_step ORDER BY number").map { try $0.int("number") } }
                == [1, 7, 12, 40])
        try database.close()
        #expect(#expect(throws: Failure.self) { try place.open(gap) }?.kind == .unsupported)
        // A step that fails leaves the schema as it was.
        let broken = late + [Migration(41, "broken", ["CREATE TABLE left_behind (id BIGINT)", "CREATE TABLE thing (id BIGINT)"])]
        #expect(throws: Failure.self) { try place.open(broken) }
        let after = try place.open(late)
        #expect(throws: Failure.self) { try after.read { try $0.rows("SELECT * FROM left_behind") } }
        try after.close()
    }

    @Test(arguments: DatabaseKind.allCases)
    func aClosedDatabaseAnswersWithAFailure(kind: DatabaseKind) async throws {
        let database = try TestDatabase(kind).open(steps)
        try database.close()
        try database.close()
        await #expect(throws: Failure.self) { try await database.read { try $0.rows("SELECT 1 AS one") } }
        await #expect(throws: Failure.self) { try await database.write { try $0.run("UPDATE counter SET last = 2") } }
    }
}
