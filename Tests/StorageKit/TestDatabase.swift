// An empty database for one test, of either kind.

import Foundation
package import Storage
internal import TestKit

/// Which database stands behind the shared SQL.
package enum DatabaseKind: String, Sendable, CaseIterable, CustomStringConvertible {
    case sqlite, postgresql

    /// The one that tests use which do not ask for both: SQLite, unless SNOWLIGHT_TEST_DATABASE says `postgresql`.
    package static let ofThisRun = ProcessInfo.processInfo.environment["SNOWLIGHT_TEST_DATABASE"].flatMap(Self.init) ?? .sqlite

    package var description: String { rawValue }
}

/// A place for tables that nobody else uses. Opening it again finds what the last opener left.
package struct TestDatabase: Sendable {
    package let kind: DatabaseKind
    /// A file's path, or a schema's name.
    package let name: String

    package init(_ kind: DatabaseKind = .ofThisRun) throws {
        self.kind = kind
        switch kind {
        case .sqlite:
            name = try temporaryFolder() + "/test.sqlite"
        case .postgresql:
            name = "t_" + String((0..<16).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement() ?? "a" })
        }
    }

    /// Opens it with this schema.
    package func open(_ migrations: [Migration]) throws -> any SQLDatabase {
        switch kind {
        case .sqlite: try SQLiteFile.open(path: name, migrations: migrations)
        case .postgresql: try PostgresDatabase.open(PostgresServer.running().settings, schema: name, migrations: migrations)
        }
    }
}
