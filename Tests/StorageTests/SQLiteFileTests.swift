// What SQLite alone promises: full sync, one process; and pictures by content.

import Base
import Domain
import Foundation
import Storage
import TestKit
import Testing

private let steps = [Migration(1, "things", ["CREATE TABLE thing (id INTEGER NOT NULL PRIMARY KEY, name TEXT, size REAL, data BLOB)"])]

@Test func everyCommitIsSynced() throws {
    let file = try SQLiteFile.open(path: temporaryFolder() + "/a.sqlite", migrations: [])
    defer { try? file.close() }
    #expect(try file.write { try $0.row("PRAGMA synchronous")?.int("synchronous") } == 2)
    #expect(try file.integrityProblems().isEmpty)
}

@Test func aSecondOpenerIsRefusedUntilTheFirstCloses() throws {
    let path = try temporaryFolder() + "/a.sqlite"
    let first = try SQLiteFile.open(path: path, migrations: steps)
    let refusal = #expect(throws: Failure.self) { try SQLiteFile.open(path: path, migrations: steps) }
    #expect(refusal?.kind == .conflict)
    try first.close()
    try SQLiteFile.open(path: path, migrations: steps).close()
}

@Test func aFileThatIsNoDatabaseIsNotTrusted() throws {
    let path = try temporaryFolder() + "/a.sqlite"
    try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: path))
    let refusal = #expect(throws: Failure.self) { try SQLiteFile.open(path: path, migrations: steps) }
    #expect(refusal?.kind == .dataLoss)
}

@Test func picturesAreStoredOnceByContent() throws {
    let directory = try temporaryFolder()
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
