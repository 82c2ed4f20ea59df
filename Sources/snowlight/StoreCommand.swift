// `snowlight store`: copies of the databases, back from them, and proof that what is stored hangs together.
// cases, accounts → **backup, restore, verify**

import ArgumentParser
import Base
import Cases
import Domain
import Foundation
import Storage

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Backs up, restores and verifies the databases of cases and accounts.",
        subcommands: [Backup.self, Restore.self, Verify.self])

    static let ofPostgreSQL = "PostgreSQL has its own backups, pg_dump and continuous archiving"

    /// The configuration that says where the databases are.
    struct Location: ParsableArguments {
        @Option(help: "The configuration file.") var config: String
        @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?

        func read() throws -> ServiceConfiguration {
            let (configuration, diagnostics) = ServiceConfiguration.read(path: config, data: data)
            for diagnostic in diagnostics { complain("\(diagnostic)") }
            guard let configuration else { throw ExitStatus.badData.exitCode }
            return configuration
        }
    }

    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies the databases into a new folder, while `serve` is stopped.",
            discussion:
                "While it runs, `store.backup` in the configuration makes copies. Pictures and clips are files: copy them after this.")

        @OptionGroup var location: Location
        @Argument(help: "A folder that does not exist yet.") var folder: String

        func run() async throws {
            try await StoreCommand.perform { [self] in
                let data = try StoreCommand.filesFolder(of: location.read())
                let files = try StoreCommand.names.map { name in
                    guard FileManager.default.fileExists(atPath: "\(data)/\(name)") else {
                        throw Failure(.notFound, "there is no database \(name)", context: [("folder", data)])
                    }
                    return try SQLiteFile.open(path: "\(data)/\(name)", migrations: [])
                }
                try StoreBackup.make(files, at: folder)
                for file in files { try file.close() }
                print("backup made: \(folder)")
            }
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts the copies of a backup in the place of the databases, while `serve` is stopped.",
            discussion: """
                What was there stays beside it. After the next start the ingest nodes send again what the backup does not hold, as far as \
                they keep it: 72 hours.
                """)

        @OptionGroup var location: Location
        @Argument(help: "A folder that `backup` or `store.backup` made.") var folder: String

        func run() async throws {
            try await StoreCommand.perform { [self] in
                let data = try StoreCommand.filesFolder(of: location.read())
                try StoreBackup.restore(StoreCommand.names, from: folder, to: data, now: SystemTime().wallNow)
                // Who logged out since the backup must not be logged in again.
                let accounts = try SQLiteFile.open(path: "\(data)/\(StoreConfiguration.accountsFile)", migrations: [])
                try accounts.write { _ = try $0.run("DELETE FROM session") }
                try accounts.close()
                print("restored from \(folder)")
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Proves the chains of case log and audit, and that incidents, cases, cursors and feed belong together.",
            discussion: """
                Prints one line per finding and ends with 0, or with 65 when there is one. On SQLite `serve` must be stopped, and the \
                files' own integrity is checked too; on PostgreSQL it may run.
                """)

        @OptionGroup var location: Location
        @Flag(help: "Print one JSON object.") var json = false

        private struct Answer: Encodable {
            let events: Int
            let problems: [String]
        }

        func run() async throws {
            try await StoreCommand.perform { [self] in
                let configuration = try location.read()
                var problems: [String] = []
                if configuration.store == .sqlite {
                    for name in StoreCommand.names {
                        let path = "\(configuration.dataDirectory)/\(name)"
                        guard FileManager.default.fileExists(atPath: path) else {
                            throw Failure(.notFound, "there is no database", context: [("file", path)])
                        }
                        let file = try SQLiteFile.open(path: path, migrations: [])
                        problems += try file.integrityProblems().map { "\(name): \($0)" }
                        try file.close()
                    }
                }
                let cases = try configuration.store.openCases(in: configuration.dataDirectory, migrations: [])
                let verdict = try StoreVerification.verify(cases)
                try cases.close()
                problems += verdict.problems
                let accounts = try configuration.store.openAccounts(in: configuration.dataDirectory, migrations: [])
                problems += try AuditLog.problems(accounts).map { "audit: \($0)" }
                try accounts.close()
                if json {
                    let encoder = JSONEncoder()
                    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                    print(String(decoding: try encoder.encode(Answer(events: verdict.events, problems: problems)), as: UTF8.self))
                } else {
                    for problem in problems { print(problem) }
                    if problems.isEmpty { print("ok: \(verdict.events) lines of the case log") }
                }
                if !problems.isEmpty { throw ExitStatus.badData.exitCode }
            }
        }
    }

    static let names = [StoreConfiguration.casesFile, StoreConfiguration.accountsFile]

    /// The folder with the SQLite files; refuses PostgreSQL.
    static func filesFolder(of configuration: ServiceConfiguration) throws -> String {
        guard configuration.store == .sqlite else { throw Failure(.unsupported, "this is for SQLite files; \(ofPostgreSQL)") }
        return configuration.dataDirectory
    }

    /// Runs blocking work on a thread of its own and ends with the exit code of its failure.
    static func perform(_ body: @escaping @Sendable () throws -> Void) async throws {
        do { try await onOwnThread("store", body) } catch let failure as Failure {
            complain("snowlight: \(failure)")
            throw failure.exitStatus.exitCode
        }
    }
}
