// `snowlight users`: who may log in, from the command line, while `serve` does not run.
// **accounts** → sessions → pages

import ArgumentParser
import Base
import Console
import Domain
import Foundation
import Storage

struct UsersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Lists accounts, adds them and sets their passwords.",
        subcommands: [UsersList.self, UsersAdd.self, UsersPassword.self])
}

struct UsersList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the accounts: role, name and grids.",
        discussion: "Like the other commands that open the store, it needs `serve` to be stopped.")

    @OptionGroup var source: AccountsOptions
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func run() async throws {
        try await source.open { accounts in
            let all = try await accounts.all()
            if json { return try printJSON(["items": all.map(Line.init)]) }
            for one in all {
                print(([one.user, one.role.rawValue, one.name] + one.grids.map(\.digits)).joined(separator: "  "))
            }
        }
    }

    private struct Line: Encodable {
        let user, role, name, language: String
        let grids: [String]

        init(_ account: Account) {
            (user, role, name, language) = (account.user, account.role.rawValue, account.name, account.language)
            grids = account.grids.map(\.digits)
        }
    }
}

struct UsersAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Adds an account, or brings role, name and grids of one up to date.",
        discussion: """
            A new account's password is asked for without being shown, or is the first line of standard input. An account that exists keeps \
            its password; its next login has the new role. A gridworker's account is the worker_id of workers.csv, a department's the one of \
            the catalogue. Ends with 0, 64 for wrong options, 65 for an account that cannot be, 69 when `serve` has the store open.

            Examples:
              snowlight users add chief --role supervisor --name 张敏 --config my.yaml
              snowlight users add w-0012 --role gridworker --name 李强 --grid 511011001001001 --config my.yaml < password.txt
            """)

    @Argument(help: ArgumentHelp("The name to log in with.", valueName: "user")) var user: String
    @OptionGroup var source: AccountsOptions
    @Option(help: ArgumentHelp("One of \(Self.roles.map(\.rawValue).joined(separator: ", ")).", valueName: "role")) var role: String
    @Option(help: "The name that pages and logs show.") var name: String
    @Option(help: "A grid of a gridworker, or of a town office; may be repeated.") var grid: [String] = []
    @Option(help: "The language of the pages: zh or en.") var language = "zh"

    /// Those of people.
    private static let roles = Role.allCases.filter { $0 != .system }

    func validate() throws {
        guard WorkerID(user) != nil else { throw ValidationError("'\(user)' is no account: 1 to 32 letters, digits, '_' and '-'.") }
        guard let role = Role(rawValue: role), Self.roles.contains(role) else { throw ValidationError("There is no role '\(role)'.") }
        guard (1...64).contains(name.count) else { throw ValidationError("--name must have 1 to 64 characters.") }
        guard ["zh", "en"].contains(language) else { throw ValidationError("--language must be zh or en.") }
        for code in grid where GridCode(code) == nil { throw ValidationError("'\(code)' is no grid: 15 digits.") }
        let hasGrids = [.gridworker, .townOffice].contains(role)
        if hasGrids == grid.isEmpty {
            throw ValidationError(hasGrids ? "A \(role.rawValue) needs at least one --grid." : "A \(role.rawValue) has no --grid.")
        }
    }

    func run() async throws {
        guard let role = Role(rawValue: role) else { throw ExitStatus.usage.exitCode }
        let account = Account(user: user, name: name, role: role, grids: grid.compactMap { GridCode($0) }, language: language)
        try await source.open { accounts in
            let isKnown = try await accounts.account(user: user) != nil
            let password = isKnown ? "" : try Password.read()
            _ = try await accounts.put(account, password: password)
            print("\(isKnown ? "changed" : "added") \(user), \(role.rawValue)")
        }
    }
}

struct UsersPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password", abstract: "Sets the password of an account and ends its sessions.",
        discussion: "It is asked for without being shown, or is the first line of standard input. Needs `serve` to be stopped.")

    @Argument(help: ArgumentHelp("The account.", valueName: "user")) var user: String
    @OptionGroup var source: AccountsOptions

    func run() async throws {
        try await source.open { accounts in
            guard try await accounts.account(user: user) != nil else { throw Failure(.notFound, "there is no account '\(user)'") }
            try await accounts.setPassword(Password.read(), of: user)
            print("the password of \(user) is set")
        }
    }
}

/// The configuration whose accounts are meant.
struct AccountsOptions: ParsableArguments {
    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?

    /// Opens the accounts, which are made when there are none yet, runs `body` and closes them. Ends the command with a sentence on failure.
    func open(_ body: (Accounts) async throws -> Void) async throws {
        let (configuration, diagnostics) = ServiceConfiguration.read(path: config, data: data)
        guard let configuration else {
            for diagnostic in diagnostics { complain("\(diagnostic)") }
            throw ExitStatus.badData.exitCode
        }
        do {
            let file = try await onOwnThread("open") {
                try FileManager.default.createDirectory(atPath: configuration.dataDirectory, withIntermediateDirectories: true)
                return try configuration.store.openAccounts(in: configuration.dataDirectory)
            }
            let accounts = try await Accounts.open(file: file)
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(accounts)) } catch { outcome = .failure(error) }
            await accounts.close()
            try await onOwnThread("close") { try file.close() }
            try outcome.get()
        } catch let failure as Failure {
            complain("error: \(failure)")
            throw (failure.kind == .notFound ? ExitStatus.badData : failure.exitStatus).exitCode
        }
    }
}

/// A password as a person gives it to a command.
private enum Password {
    /// In characters; what is shorter is guessed within the limits of the login.
    private static let lengths = 10...256

    /// The first line of standard input; on a terminal it is asked for and not shown. Blocks.
    static func read() throws -> String {
        let text = isatty(STDIN_FILENO) == 1 ? getpass("Password: ").map { String(cString: $0) } : readLine(strippingNewline: true)
        guard let text, lengths.contains(text.count) else {
            throw Failure(.invalidInput, "a password has \(lengths.lowerBound) to \(lengths.upperBound) characters")
        }
        return text
    }
}
