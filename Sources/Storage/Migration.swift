// Numbered steps of a schema, applied in order and once, on both databases alike.
// open → **migrate** → read, write

import Base

/// One numbered step of a schema. Numbers are never reused and a released step never changes.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    package let statements: [String]

    package init(_ number: Int, _ name: String, _ statements: [String]) {
        self.number = number
        self.name = name
        self.statements = statements
    }

    /// Applies what is missing, in the order of the numbers, in the caller's transaction.
    ///
    /// - Parameter context: Where the schema lies, for a message.
    /// - Throws: `.unsupported` when a step was applied that nobody here knows: a newer Snowlight did that.
    static func apply(_ migrations: [Migration], to connection: any SQLConnection, context: [(name: String, value: String)]) throws {
        try connection.run("CREATE TABLE IF NOT EXISTS schema_step (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL)")
        let done = Set(try connection.rows("SELECT number FROM schema_step").map { try Int($0.int("number")) })
        if let unknown = done.subtracting(migrations.map(\.number)).max(), !migrations.isEmpty {
            throw Failure(.unsupported, "a newer Snowlight wrote this database (schema step \(unknown))", context: context)
        }
        for step in migrations.sorted(by: { $0.number < $1.number }) where !done.contains(step.number) {
            for statement in step.statements { try connection.run(statement) }
            try connection.run(
                "INSERT INTO schema_step (number, name) VALUES ($1, $2)", [.integer(Int64(step.number)), .text(step.name)])
        }
    }
}
