// The key `dispatch.database` of the configuration: where cases and accounts are kept.

import Base
import Cases
import Console
import Foundation
import Storage

/// Which database the dispatcher uses.
enum StoreConfiguration: Sendable, Hashable {
    /// Two files in the data folder.
    case sqlite
    /// Two schemas of one database, shared by all dispatchers.
    case postgresql(PostgresSettings)

    static let casesFile = "dispatch.sqlite"
    static let accountsFile = "accounts.sqlite"

    /// Reads `dispatch`; findings go to its nodes.
    static func read(_ root: StrictYAML, _ resolved: (String) -> String) -> StoreConfiguration {
        guard let dispatch = root.child("dispatch") else { return .sqlite }
        defer { dispatch.finish() }
        guard let node = dispatch.child("database") else { return .sqlite }
        if node.isText {
            if node.string() != "sqlite" { node.report("database must be sqlite, or postgresql with host, dbname and user below it") }
            return .sqlite
        }
        defer { node.finish() }
        guard let server = node.child("postgresql") else {
            node.report("database must be sqlite, or postgresql with host, dbname and user below it")
            return .sqlite
        }
        defer { server.finish() }
        func required(_ key: String) -> String {
            let text = server.child(key)?.string() ?? ""
            if text.isEmpty { server.report("'dispatch.database.postgresql.\(key)' is missing") }
            return text
        }
        var settings = PostgresSettings(host: required("host"), database: required("dbname"), user: required("user"))
        if let port = server.child("port")?.int(in: 1...65_535) { settings.port = port }
        settings.rootCertificate = server.child("root_certificate")?.string().map(resolved)
        // In the clear only where nobody listens; elsewhere the server has to prove its name unless the file says otherwise.
        settings.tls = ["127.0.0.1", "::1", "localhost"].contains(settings.host) || settings.host.hasPrefix("/") ? .off : .verify
        if let node = server.child("tls"), let text = node.string() {
            if let tls = PostgresTLS(rawValue: text) {
                settings.tls = tls
            } else {
                node.report("tls must be \(PostgresTLS.allCases.map(\.rawValue).joined(separator: ", ")), not '\(text)'")
            }
        }
        if let node = server.child("password_file") {
            settings.passwordFile = node.string().map(resolved)
            do { _ = try settings.readPassword() } catch { node.report("\(error)") }
        }
        return .postgresql(settings)
    }

    /// Opens the cases and brings their schema up to date; without steps it stays as it is. Blocks.
    func openCases(in folder: String, migrations: [Migration] = DispatchSchema.migrations) throws -> any SQLDatabase {
        switch self {
        case .sqlite: try SQLiteFile.open(path: "\(folder)/\(Self.casesFile)", migrations: migrations)
        case .postgresql(let settings): try PostgresDatabase.open(settings, schema: "dispatch", migrations: migrations)
        }
    }

    /// Opens the accounts, apart from the cases so that logins never wait behind incidents. Blocks.
    func openAccounts(in folder: String, migrations: [Migration] = Accounts.migrations) throws -> any SQLDatabase {
        switch self {
        case .sqlite: try SQLiteFile.open(path: "\(folder)/\(Self.accountsFile)", migrations: migrations)
        case .postgresql(let settings): try PostgresDatabase.open(settings, schema: "accounts", migrations: migrations)
        }
    }
}
