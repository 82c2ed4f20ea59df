// `snowlight district list|import|publish|rollback`: grid sets from the command line, while `serve` does not run.
// map files → draft → checked → **published** → cases, cameras

import ArgumentParser
import Base
import Cases
import Console
import Domain
import Foundation
import Grids
import Storage

struct DistrictList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the grid sets: which is in force, who drew it, who published it and why.",
        discussion: "Like the other commands that open the store, it needs `serve` to be stopped; the console has GET /api/gridsets.")

    @OptionGroup var source: GridSetOptions
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func run() async throws {
        try await source.open { maps, _ in
            let sets = try await maps.gridSets()
            if json { return try printJSON(["items": sets]) }
            for set in sets { print(GridSetLines.line(set)) }
        }
    }
}

struct DistrictImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Stores a map as a draft of a grid set and checks it.",
        discussion: """
            The folder has district.geojson and grids.geojson. The draft is checked at once: its grids must cover the district exactly once \
            and each needs a full-time gridworker in workers.csv of the district in force; workers may be named there before their grid \
            exists. A draft that is refused stays in the list until it is withdrawn in the console. Ends with 0, 64 for wrong options, 65 \
            for a map or a wish that is refused, 69 when `serve` has the store open.

            Example:
              snowlight district import draft --reason "合并两个小网格" --by operator --config my.yaml
            """)

    @Argument(help: ArgumentHelp("The folder of the map.", valueName: "dir")) var folder: String
    @OptionGroup var source: GridSetOptions
    @OptionGroup var person: GridSetPerson
    @Option(help: "Why the map changes; it stays with the set.") var reason: String
    @Option(help: "Not to be published before this time, such as 2026-12-01T20:00:00.000Z; now when left out.") var validFrom: String?
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func validate() throws {
        if let validFrom, WallTime(validFrom) == nil {
            throw ValidationError("--valid-from must be a time such as 2026-12-01T20:00:00.000Z.")
        }
    }

    func run() async throws {
        try await source.open { maps, accounts in
            let reader = try await person.reader(accounts)
            let (boundary, grids) = try await onOwnThread("map") { [folder] in try DistrictReader.readMapFiles(directory: folder) }
            let draft = GridSetDraft(
                boundary: boundary, grids: grids, reason: reason, validFrom: validFrom.flatMap { WallTime($0) } ?? SystemTime().wallNow)
            let drawn = try GridSetLines.detail(await maps.draw(draft, by: reader))
            try GridSetLines.print(GridSetLines.detail(await maps.check(drawn.item.number, by: reader)), asJSON: json)
        }
    }
}

struct DistrictPublish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Puts a checked grid set in force; open cases and cameras follow.",
        discussion: """
            For a supervisor who did not draw it. What was reported, filed or dispatched goes to the grid in which its place now lies; what \
            was acknowledged stays with whoever handles it and only its home grid is named anew; what was inspected or is over keeps its \
            grid. The log of each case says so. Ends with 0, 64 for wrong options, 65 when it is refused, 69 when `serve` has the store open.

            Example:
              snowlight district publish 4 --by chief --config my.yaml
            """)

    @Argument(help: ArgumentHelp("The number of the set.", valueName: "number")) var number: Int
    @OptionGroup var source: GridSetOptions
    @OptionGroup var person: GridSetPerson
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func run() async throws {
        try await source.open { maps, accounts in
            try GridSetLines.print(GridSetLines.detail(await maps.publish(number, by: person.reader(accounts))), asJSON: json)
        }
    }
}

struct DistrictRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Puts the grid set before the present one in force again.",
        discussion: """
            A publication of its own with a reason; bindings to grids of the former set count again, and cases that are still where the \
            present set sent them come back. Doing it twice ends where it began. Exits as `publish` does.
            """)

    @OptionGroup var source: GridSetOptions
    @OptionGroup var person: GridSetPerson
    @Option(help: "Why; it stays with the set.") var reason: String
    @Flag(help: "Print one JSON object instead of lines.") var json = false

    func run() async throws {
        try await source.open { maps, accounts in
            try GridSetLines.print(GridSetLines.detail(await maps.rollBack(reason: reason, by: person.reader(accounts))), asJSON: json)
        }
    }
}

/// Who acts: an account of the console, so that its role decides and its name stays with the set.
struct GridSetPerson: ParsableArguments {
    @Option(help: ArgumentHelp("The account that acts.", valueName: "user")) var by: String

    func reader(_ accounts: Accounts) async throws -> Reader {
        guard let account = try await accounts.account(user: by) else { throw Failure(.notFound, "there is no account '\(by)'") }
        return Reader(role: account.role, id: account.user, name: account.name, grids: Set(account.grids))
    }
}

/// The configuration whose district and store are meant.
struct GridSetOptions: ParsableArguments {
    @Option(help: "The configuration file.") var config: String
    @Option(help: "The folder for databases and pictures; outranks the file.") var data: String?

    /// Opens the stores of the configuration as `serve` would, runs `body`, and closes them. Ends the command with a sentence on failure.
    func open(_ body: (MapStore, Accounts) async throws -> Void) async throws {
        try await Self.open(config: config, data: data, body)
    }

    /// As above, for commands whose configuration is an option among others.
    static func open(config: String, data: String?, _ body: (MapStore, Accounts) async throws -> Void) async throws {
        let (read, diagnostics) = try await onOwnThread("check") { Preparation.read(configPath: config, data: data) }
        guard let preparation = read else {
            for diagnostic in diagnostics { complain("\(diagnostic)") }
            throw ExitStatus.badData.exitCode
        }
        do {
            try await run(preparation, body)
        } catch let failure as Failure {
            complain("error: \(failure)")
            if failure.kind == .notFound { throw ExitStatus.badData.exitCode }
            throw failure.exitStatus.exitCode
        }
    }

    private static func run(_ preparation: Preparation, _ body: (MapStore, Accounts) async throws -> Void) async throws {
        let (store, folder) = (preparation.configuration.store, preparation.configuration.dataDirectory)
        guard store != .sqlite || FileManager.default.fileExists(atPath: "\(folder)/\(StoreConfiguration.casesFile)") else {
            throw Failure(.notFound, "there is no store in \(folder); start `snowlight serve` once")
        }
        let (file, accountsFile) = try await onOwnThread("open") {
            let file = try store.openCases(in: folder)
            return (file, try store.openAccounts(in: folder))
        }
        let accounts = try await Accounts.open(file: accountsFile)
        let box = RegistryBox(Registry(preparation.district, catalogue: preparation.catalogue, calendar: preparation.calendar))
        let maps = MapStore(file: file, registry: box, signal: FeedSignal(), time: SystemTime())
        let outcome: Result<Void, any Error>
        do {
            _ = try await onOwnThread("map") { try maps.adopt(box.current, boundary: preparation.district.boundaryGeoJSON) }
            outcome = .success(try await body(maps, accounts))
        } catch { outcome = .failure(error) }
        await accounts.close()
        try await onOwnThread("close") {
            try file.close()
            try accountsFile.close()
        }
        try outcome.get()
    }
}

/// What the commands say about a grid set.
enum GridSetLines {
    static func line(_ set: GridSetItem) -> String {
        let published = set.publisher.map { ", published by \($0.id) at \(set.publishedAt ?? "")" } ?? ""
        let restores = set.restores.map { ", restores \($0)" } ?? ""
        return "\(set.version)  \(set.state)  drawn by \(set.author.id)\(published)\(restores): \(set.reason)"
    }

    static func print(_ detail: GridSetDetail, asJSON: Bool) throws {
        if asJSON { return try printJSON(detail) }
        Swift.print(line(detail.item))
        for link in detail.lineage { Swift.print("\(link.kind): \(link.from) → \(link.to), \(Int(link.overlapM2.rounded())) m²") }
        for one in detail.cases {
            let hands = ", goes from \(one.fromAssignee ?? "nobody") to \(one.toAssignee ?? "nobody")"
            let people = one.fromAssignee == one.toAssignee ? "" : hands
            Swift.print("case \(one.no ?? "?"): \(one.from ?? "no grid") → \(one.to) (\(one.step))\(people)")
        }
        for one in detail.cameras {
            Swift.print(
                "camera \(one.camera): \(one.from ?? "none") → \(one.to ?? "none") (\(one.method))\(one.needsReview ? "; needs review" : "")"
            )
        }
    }

    /// The set, or the end of the command with the sentence that says why not.
    static func detail(_ outcome: GridSetOutcome) throws -> GridSetDetail {
        switch outcome {
        case .done(let detail): return detail
        case .notFound: complain("error: there is no such grid set")
        case .refused(let why): complain("error: \(why)")
        case .unreadable(let findings): for finding in findings { complain("\(finding)") }
        }
        throw ExitStatus.badData.exitCode
    }
}
