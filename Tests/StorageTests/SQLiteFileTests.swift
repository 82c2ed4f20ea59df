// The promises of the storage layer: durable, single process, one SQL text, pictures by content.

import Base
import Domain
import Foundation
import Storage
import Testing

private func temporaryDirectory() throws -> String {
    let path = NSTemporaryDirectory() + "/snowlight-storage-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

private let steps = [Migration(1, "things", ["CREATE TABLE thing (id INTEGER NOT NULL PRIMARY KEY, name TEXT, size REAL, data BLOB)"])]

@Test func valuesComeBackAsTheyWereBound() throws {
    let file = try SQLiteFile.open(path: temporaryDirectory() + "/a.sqlite", migrations: steps)
    defer { try? file.close() }
    let name = "<script>'; DROP TABLE thing; -- 中文"
    try file.write {
        // $2 before $1: parameters go by number, not by position.
        try $0.run("INSERT INTO thing (name, id, size, data) VALUES ($2, $1, $3, $4)", [1, .text(name), 2.0, .blob([0, 255])])
        try $0.run("INSERT INTO thing (id, name) VALUES ($1, $2)", [2, nil])
    }
    let rows = try file.read { try $0.rows("SELECT * FROM thing ORDER BY id") }
    #expect(try rows[0].text("name") == name)
    #expect(try rows[0].real("size") == 2)
    #expect(try rows[0].blob("data") == [0, 255])
    #expect(try rows[1].textOrNil("name") == nil)
    #expect(throws: Failure.self) { try rows[1].text("name") }
    #expect(throws: Failure.self) { try rows[1].int("absent") }
    let refusal = #expect(throws: Failure.self) {
        try file.write { try $0.run("INSERT INTO thing (id, name) VALUES (3, $1)", ["a\u{0}b"]) }
    }
    #expect(refusal?.kind == .invalidInput)
}

@Test func aFailedTransactionLeavesNothing() async throws {
    let file = try SQLiteFile.open(path: temporaryDirectory() + "/a.sqlite", migrations: steps)
    defer { try? file.close() }
    await #expect(throws: Failure.self) {
        try await file.write {
            try $0.run("INSERT INTO thing (id) VALUES (1)")
            try $0.run("INSERT INTO thing (id) VALUES (1)")
        }
    }
    #expect(try await file.read { try $0.rows("SELECT id FROM thing").count } == 0)
}

@Test func everyCommitIsSynced() throws {
    let file = try SQLiteFile.open(path: temporaryDirectory() + "/a.sqlite", migrations: [])
    defer { try? file.close() }
    #expect(try file.write { try $0.row("PRAGMA synchronous")?.int("synchronous") } == 2)
    #expect(try file.integrityProblems().isEmpty)
}

@Test func aSecondOpenerIsRefusedUntilTheFirstCloses() throws {
    let path = try temporaryDirectory() + "/a.sqlite"
    let first = try SQLiteFile.open(path: path, migrations: steps)
    let refusal = #expect(throws: Failure.self) { try SQLiteFile.open(path: path, migrations: steps) }
    #expect(refusal?.kind == .conflict)
    try first.close()
    try SQLiteFile.open(path: path, migrations: steps).close()
}

@Test func migrationsRunOnceAndANewerFileIsRefused() throws {
    let path = try temporaryDirectory() + "/a.sqlite"
    try SQLiteFile.open(path: path, migrations: steps).close()
    let next = steps + [Migration(2, "colour", ["ALTER TABLE thing ADD COLUMN colour TEXT"])]
    try SQLiteFile.open(path: path, migrations: next).close()
    try SQLiteFile.open(path: path, migrations: next).close()
    let refusal = #expect(throws: Failure.self) { try SQLiteFile.open(path: path, migrations: steps) }
    #expect(refusal?.kind == .unsupported)
}

@Test func aFileThatIsNoDatabaseIsNotTrusted() throws {
    let path = try temporaryDirectory() + "/a.sqlite"
    try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: path))
    let refusal = #expect(throws: Failure.self) { try SQLiteFile.open(path: path, migrations: steps) }
    #expect(refusal?.kind == .dataLoss)
}

@Test func picturesAreStoredOnceByContent() throws {
    let directory = try temporaryDirectory()
    let store = try SnapshotStore(directory: directory + "/pictures")
    let picture = [UInt8](repeating: 7, count: 1000)
    let reference = try store.store(picture)
    #expect(try store.store(picture) == reference)
    #expect(try store.load(reference.sha256) == picture)
    #expect(try store.load("../../etc/passwd") == nil)
    #expect(try store.load(String(repeating: "0", count: 64)) == nil)
    #expect(SHA256Hex.of([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    let names = try FileManager.default.subpathsOfDirectory(atPath: directory + "/pictures")
    #expect(names.filter { $0.hasSuffix(".jpg") }.count == 1 && !names.contains { $0.contains("/.") })
}
