// Who asks, and which incidents and cases that person may see: one predicate for lists, details and streams alike.

package import Domain
import Storage

/// A signed-in person as the dispatcher sees one.
package struct Reader: Sendable, Hashable {
    package var role: Role
    /// The account; a gridworker's is the worker id.
    package var id: String
    package var name: String
    /// The grids a gridworker is responsible for.
    package var grids: Set<GridCode>

    package init(role: Role, id: String, name: String, grids: Set<GridCode> = []) {
        self.role = role
        self.id = id
        self.name = name
        self.grids = grids
    }

    private enum Scope { case everything, ownGrids, ownCases, nothing }

    /// Operators, auditors and administrators work without case content; a town has the grids of its account, a department what it was given.
    private var scope: Scope {
        switch role {
        case .dutyOfficer, .dispatcher, .inspector, .supervisor, .system: .everything
        case .gridworker, .townOffice: .ownGrids
        case .department: .ownCases
        case .operator, .auditor, .admin: .nothing
        }
    }

    /// True where incidents `i` LEFT JOINed with their case `c` may be seen.
    func mayReadIncident(_ query: inout Query) -> String {
        switch scope {
        case .everything: "TRUE"
        case .nothing: "FALSE"
        case .ownGrids: "(i.grid_code IN \(query.list(codes)) OR \(ownCase(&query)))"
        case .ownCases: hasPart(&query)
        }
    }

    /// True where cases `c` may be seen: given to the reader as a whole or in part, or at home or at work in
    /// one of the reader's grids.
    func mayReadCase(_ query: inout Query) -> String {
        switch scope {
        case .everything: "TRUE"
        case .nothing: "FALSE"
        case .ownGrids: ownCase(&query)
        case .ownCases: hasPart(&query)
        }
    }

    private func ownCase(_ query: inout Query) -> String {
        "(\(hasPart(&query)) OR c.grid_code IN \(query.list(codes)) OR c.handling_grid IN \(query.list(codes)))"
    }

    /// True where the case `c` or a task of it was given to the reader.
    func hasPart(_ query: inout Query) -> String {
        let me = query.bind(.text(id))
        let given = "SELECT t.case_id FROM case_task t WHERE t.assignee_id = \(me) AND t.state <> 'withdrawn'"
        return "(c.assignee_id = \(me) OR c.case_id IN (\(given)))"
    }

    private var codes: [SQLValue] { grids.sorted().map { .text($0.digits) } }
}

/// A query under construction: its text, and its values in the order of `$1`, `$2`, ….
struct Query {
    var text = ""
    private(set) var values: [SQLValue] = []

    /// Adds a value and returns its placeholder.
    mutating func bind(_ value: SQLValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }

    /// A list for `IN`, filled up with NULL to 4, 16, 64, … places: drivers keep one prepared statement per text, so texts must be few.
    mutating func list(_ items: [SQLValue]) -> String {
        var places = 4
        while places < items.count { places *= 4 }
        let names = (0..<places).map { bind($0 < items.count ? items[$0] : .null) }
        return "(" + names.joined(separator: ", ") + ")"
    }
}
