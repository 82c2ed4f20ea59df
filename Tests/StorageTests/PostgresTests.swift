// What only PostgreSQL can do to us: logins, servers that vanish, several processes, databases made for another purpose.

import Base
import Foundation
@testable import Storage
import StorageKit
import TestKit
import Testing

private let steps = [Migration(1, "counter", ["CREATE TABLE counter (last BIGINT NOT NULL)", "INSERT INTO counter (last) VALUES (0)"])]

private func open(_ place: TestDatabase) throws -> PostgresDatabase {
    try PostgresDatabase.open(PostgresServer.running().settings, schema: place.name, migrations: steps)
}

private func passwordFile(_ text: String, mode: Int = 0o600) throws -> String {
    let path = try temporaryFolder() + "/password"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
}

@Suite(.serialized) struct PostgreSQL {
    @Test func everyCommitIsSyncedAndTextIsUTF8() throws {
        let database = try open(TestDatabase(.postgresql))
        let row = try database.read {
            try $0.row(
                """
                SELECT current_setting('synchronous_commit') AS commits, current_setting('fsync') AS fsync,
                    current_setting('transaction_isolation') AS isolation, current_setting('statement_timeout') AS cut
                """)
        }
        #expect(try row?.text("commits") == "on" && row?.text("fsync") == "on" && row?.text("cut") == "2s")
        #expect(try row?.text("isolation") == "repeatable read")
        try database.close()
    }

    @Test func aLongReadIsCutAndTheNextOneWorks() throws {
        let database = try open(TestDatabase(.postgresql))
        let cut = #expect(throws: Failure.self) { try database.read { try $0.rows("SELECT 1 AS one FROM pg_sleep(20)") } }
        #expect(cut?.kind == .unavailable)
        #expect(try database.read { try $0.row("SELECT 1 AS one")?.int("one") } == 1)
        try database.close()
    }

    /// Somebody ends our sessions while they are idle, and once in the middle of a transaction.
    @Test func aLostConnectionFailsOneTransactionAndIsReplaced() throws {
        let database = try open(TestDatabase(.postgresql))
        let victim = try database.write { try $0.row("SELECT pg_backend_pid() AS pid")?.int("pid") ?? 0 }
        let end = "SELECT COUNT(pg_terminate_backend($1::INT)) AS n"
        let other = try open(TestDatabase(.postgresql))
        _ = try other.write { try $0.rows(end, [.integer(victim)]) }
        #expect(try database.write { try $0.run("UPDATE counter SET last = last + 1") } == 1)
        let lost = #expect(throws: Failure.self) {
            try database.write { sql in
                let pid = try sql.row("SELECT pg_backend_pid() AS pid")?.int("pid") ?? 0
                try sql.run("UPDATE counter SET last = last + 1")
                _ = try other.write { try $0.rows(end, [.integer(pid)]) }
                try sql.run("UPDATE counter SET last = last + 1")
            }
        }
        #expect(lost?.kind == .unavailable)
        #expect(try database.read { try $0.row("SELECT last FROM counter")?.int("last") } == 1)
        #expect(try database.write { try $0.run("UPDATE counter SET last = last + 1") } == 1)
        try other.close()
        try database.close()
    }

    /// The lock of the writers is one for all processes; whoever holds it too long makes the others say so.
    @Test func aWriterThatDoesNotEndMakesTheOthersBusy() throws {
        let place = try TestDatabase(.postgresql)
        let (first, second) = (try open(place), try open(place))
        try first.write { sql in
            try sql.run("UPDATE counter SET last = 7")
            let refused = #expect(throws: Failure.self) { try second.write { try $0.run("UPDATE counter SET last = 8") } }
            #expect(refused?.kind == .unavailable)
        }
        #expect(try second.read { try $0.row("SELECT last FROM counter")?.int("last") } == 7)
        try first.close()
        try second.close()
    }

    @Test func twoProcessesThatStartTogetherMigrateOnce() async throws {
        let place = try TestDatabase(.postgresql)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    try await onOwnThread("start-\(number)") { try open(place).close() }
                }
            }
            try await group.waitForAll()
        }
        let database = try open(place)
        #expect(try await database.read { try $0.rows("SELECT last FROM counter").count } == 1)
        try database.close()
    }

    @Test func aSchemaChangedByANewerProcessDoesNotStickToOldStatements() throws {
        let place = try TestDatabase(.postgresql)
        let (old, new) = (try open(place), try open(place))
        #expect(try old.read { try $0.rows("SELECT * FROM counter").count } == 1)
        _ = try new.write { try $0.run("ALTER TABLE counter ADD COLUMN colour TEXT") }
        // One refusal may come, which is "busy"; then it works again.
        let first = Result { try old.read { try $0.rows("SELECT * FROM counter").count } }
        if case .failure(let failure as Failure) = first { #expect(failure.kind == .unavailable) }
        #expect(try old.read { try $0.row("SELECT * FROM counter")?.textOrNil("colour") } == nil)
        try old.close()
        try new.close()
    }

    @Test func thePasswordOpensTheDoorAndIsNowhereElse() throws {
        let server = try PostgresServer.running()
        let password = "p\(UInt64.random(in: 0 ... .max))'\\ q"
        try server.administer(
            "DROP SCHEMA IF EXISTS by_password CASCADE", "DROP ROLE IF EXISTS secret",
            "CREATE ROLE secret LOGIN PASSWORD '\(password.replacing("'", with: "''"))'", "CREATE SCHEMA by_password AUTHORIZATION secret")
        var settings = server.settings
        settings.user = "secret"
        settings.passwordFile = try passwordFile(password + "\n")
        let database = try PostgresDatabase.open(settings, schema: "by_password", migrations: steps)
        #expect(try database.write { try $0.run("UPDATE counter SET last = 1") } == 1)
        try database.close()
        settings.passwordFile = try passwordFile(password + "wrong")
        let refused = #expect(throws: Failure.self) { try PostgresDatabase.open(settings, schema: "by_password", migrations: steps) }
        #expect(refused?.kind == .unavailable && refused.map { !"\($0)".contains(password) } == true)
        #expect(!"\(settings)".contains(password))
    }

    @Test(arguments: [("secret", 0o644), ("", 0o600), ("\n", 0o600), ("a\0b", 0o600)])
    func aPasswordFileThatProtectsNothingIsRefused(text: String, mode: Int) throws {
        let path = try passwordFile(text, mode: mode)
        let settings = PostgresSettings(host: "127.0.0.1", database: "d", user: "u", passwordFile: path)
        let refused = #expect(throws: Failure.self) { try settings.readPassword() }
        #expect(refused?.kind == .invalidInput && refused.map { !"\($0)".contains("secret") } == true)
        #expect(throws: Failure.self) {
            try PostgresSettings(host: "127.0.0.1", database: "d", user: "u", passwordFile: path + "x").readPassword()
        }
    }

    @Test func aServerThatIsNotThereIsUnavailable() throws {
        let nowhere = PostgresSettings(host: "/nonexistent", database: "d", user: "u")
        let refused = #expect(throws: Failure.self) { try PostgresDatabase.open(nowhere, schema: "x", migrations: []) }
        #expect(refused?.kind == .unavailable)
    }

    @Test func databasesMadeForAnotherPurposeAreRefused() throws {
        let server = try PostgresServer.running()
        try server.administer(
            "DROP DATABASE IF EXISTS latin", "DROP DATABASE IF EXISTS by_language",
            "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'",
            "CREATE DATABASE by_language TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
        for (name, word) in [("latin", "UTF-8"), ("by_language", "language")] {
            var settings = server.settings
            settings.database = name
            let refused = #expect(throws: Failure.self) { try PostgresDatabase.open(settings, schema: "x", migrations: []) }
            #expect(refused?.kind == .unsupported && refused?.message.contains(word) == true, "\(name)")
        }
    }

    @Test(arguments: [
        ("53100", Failure.Kind.resourceExhausted), ("58030", .dataLoss), ("XX001", .dataLoss), ("40001", .unavailable),
        ("40P01", .unavailable), ("57P01", .unavailable), ("57014", .unavailable), ("55P03", .unavailable), ("53300", .unavailable),
        ("08006", .unavailable), ("25006", .unavailable), ("23505", .conflict), ("22021", .invalidInput), ("28P01", .unauthorised),
        ("42501", .unauthorised), ("3D000", .notFound), ("42601", .internal), ("0A000", .unavailable),
    ]) func aStateDecidesWhatIsDone(state: String, kind: Failure.Kind) { #expect(PostgresFailure.kind(state) == kind) }
}
