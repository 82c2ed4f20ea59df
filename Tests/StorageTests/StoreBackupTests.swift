// A backup is one moment, whole or not there; a restore examines before it replaces and throws nothing away.

import Base
import Domain
import Foundation
import Storage
import StorageKit
import TestKit
import Testing

private let steps = [Migration(1, "rows", ["CREATE TABLE entry (number BIGINT NOT NULL PRIMARY KEY, half BIGINT NOT NULL)"])]
private let now = WallTime("2026-11-25T13:14:15.678Z")!  // A literal in the form it parses.

/// A folder with two databases, and room beside it.
private struct Data {
    let folder: String
    var data: String { folder + "/data" }
    static let names = ["a.sqlite", "b.sqlite"]

    init() throws {
        folder = try temporaryFolder()
        try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
    }

    func open() throws -> [SQLiteFile] { try Self.names.map { try SQLiteFile.open(path: "\(data)/\($0)", migrations: steps) } }

    func numbers(_ name: String, in folder: String) throws -> [Int64] {
        let file = try SQLiteFile.open(path: "\(folder)/\(name)", migrations: steps)
        defer { try? file.close() }
        return try file.read { try $0.rows("SELECT number FROM entry ORDER BY number").map { try $0.int("number") } }
    }
}

private func write(_ number: Int, to file: SQLiteFile) throws {
    try file.write { sql in
        for half in 0..<2 {
            try sql.run("INSERT INTO entry (number, half) VALUES ($1, $2)", [SQLValue(2 * number + half), SQLValue(half)])
        }
    }
}

@Test func aBackupMadeDuringWritesIsOneMoment() async throws {
    let place = try Data()
    let files = try place.open()
    let stop = StopSignal()
    let writer = OwnThread(name: "writer") {
        var number = 0
        while !stop.isRaised {
            try? write(number, to: files[0])
            number += 1
        }
    }
    for number in 0..<5 { try StoreBackup.make(files, at: "\(place.folder)/backups/\(number)") }
    stop.raise()
    writer.join()
    for number in 0..<5 {
        let copied = try place.numbers("a.sqlite", in: "\(place.folder)/backups/\(number)")
        #expect(copied.count % 2 == 0 && copied == Array(0..<Int64(copied.count)), "half a transaction, or one before another")
    }
    let mode = try FileManager.default.attributesOfItem(atPath: place.folder + "/backups/0/a.sqlite")[.posixPermissions] as? NSNumber
    #expect(mode?.intValue == 0o600)
    let again = #expect(throws: Failure.self) { try StoreBackup.make(files, at: place.folder + "/backups/0") }
    #expect(again?.kind == .conflict)
    for file in files { try file.close() }
}

@Test func aRestoreReplacesAndKeepsWhatWasThere() throws {
    let place = try Data()
    var files = try place.open()
    try write(1, to: files[0])
    let backup = place.folder + "/backup"
    try StoreBackup.make(files, at: backup)
    try write(2, to: files[0])
    let inUse = #expect(throws: Failure.self) { try StoreBackup.restore(Data.names, from: backup, to: place.data, now: now) }
    #expect(inUse?.kind == .conflict)
    for file in files { try file.close() }
    try StoreBackup.restore(Data.names, from: backup, to: place.data, now: now)
    #expect(try place.numbers("a.sqlite", in: place.data) == [2, 3])
    #expect(try place.numbers("a.sqlite.before-20261125T131415Z", in: place.data) == [2, 3, 4, 5])
    // A second restore at another moment, over what the first one left.
    files = try place.open()
    try write(7, to: files[0])
    for file in files { try file.close() }
    try StoreBackup.restore(Data.names, from: backup, to: place.data, now: now.adding(seconds: 60))
    #expect(try place.numbers("a.sqlite", in: place.data) == [2, 3])
    #expect(try place.numbers("a.sqlite.before-20261125T131515Z", in: place.data) == [2, 3, 14, 15])
}

@Test func aDamagedOrMissingCopyReplacesNothing() throws {
    let place = try Data()
    let files = try place.open()
    for number in 0..<400 { try write(number, to: files[1]) }
    let backup = place.folder + "/backup"
    try StoreBackup.make(files, at: backup)
    for file in files { try file.close() }
    let missing = #expect(throws: Failure.self) {
        try StoreBackup.restore(Data.names + ["c.sqlite"], from: backup, to: place.data, now: now)
    }
    #expect(missing?.kind == .notFound)
    let copy = try #require(FileHandle(forUpdatingAtPath: backup + "/b.sqlite"))
    try copy.seek(toOffset: 4096 + 100)
    try copy.write(contentsOf: [UInt8](repeating: 0xA5, count: 4000))
    try copy.close()
    let damaged = #expect(throws: Failure.self) { try StoreBackup.restore(Data.names, from: backup, to: place.data, now: now) }
    #expect(damaged?.kind == .dataLoss)
    #expect(try place.numbers("b.sqlite", in: place.data).count == 800)
}

@Test func onlyTheNewestBackupsStayAndNothingElseGoes() throws {
    let place = try Data()
    let names = (0..<5).map { StoreBackup.name(of: now.adding(seconds: Double($0))) }
    for name in names + ["notes", "20261125"] {
        try FileManager.default.createDirectory(atPath: "\(place.data)/\(name)", withIntermediateDirectories: true)
    }
    try StoreBackup.prune(place.data, keep: 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.data).sorted() == ["20261125"] + names.suffix(2) + ["notes"])
}
