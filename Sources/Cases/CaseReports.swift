// Cases that people report: gridworkers from their grids, duty officers from anywhere.
// pages → **report** → cases → feed

import Base
package import Domain
import Grids
import Storage

/// What a person saw, where, in words.
package struct CaseReport: Sendable, Hashable {
    /// Where it is: a grid, or a point that lies in one or in none.
    package enum Place: Sendable, Hashable {
        case grid(GridCode)
        case point(GeoPoint)
    }

    package var category: String
    package var place: Place
    package var text: String
    /// Chosen by the sender, 1 to 64 characters: the same report sent twice is one case.
    package var key: String

    package init(category: String, place: Place, text: String, key: String) {
        self.category = category
        self.place = place
        self.text = text
        self.key = key
    }

    /// Two reports with one key must say the same.
    fileprivate var digest: String {
        let position =
            switch place {
            case .grid(let code): code.digits
            case .point(let point): "\(point.lonE7),\(point.latE7)"
            }
        return SHA256Hex.of(Array([category, position, text].joined(separator: "\u{0}").utf8))
    }
}

extension CaseStore {
    /// Reports a case. A duty officer's is filed at once and goes to the grid's gridworker where the gate allows; a gridworker's waits for
    /// the duty officer, unless its category is filed automatically.
    package func report(_ report: CaseReport, by reader: Reader) async throws -> ActOutcome {
        try await write { transaction in
            let registry = transaction.registry
            let reading = CaseReading(sql: transaction.sql, registry: registry, now: transaction.now)
            if let known = try transaction.sql.row(
                "SELECT case_id, body_sha256 FROM report WHERE account = $1 AND report_key = $2",
                [.text(StoredText.escape(reader.id)), .text(StoredText.escape(report.key))])
            {
                guard try known.text("body_sha256") == report.digest else {
                    return .invalid(field: "key", "was used for another report")
                }
                return .done(try reading.detail(reading.caseRow(id: known.text("case_id")), for: reader))
            }
            guard report.text.count <= CaseMachine.noteLimit else { return .refused(.noteTooLong(limit: CaseMachine.noteLimit)) }
            guard registry.catalogue[report.category] != nil else { return .invalid(field: "category", "is not in the catalogue") }
            var grid: Grid?
            switch report.place {
            case .grid(let code):
                grid = registry.grids[code]
                if grid == nil { return .invalid(field: "grid", "is not in the grid set in force") }
            case .point(let point): grid = registry.grids.resolve(point).flatMap { registry.grids[$0.grid] }
            }
            if reader.role == .gridworker, !(grid.map { reader.grids.contains($0.code) } ?? false) {
                return .forbidden("a gridworker reports from the own grid")
            }
            guard let caseID = try transaction.take(report, grid: grid, by: reader) else { return .numbersUsedUp }
            return .done(try reading.detail(reading.caseRow(id: caseID), for: reader))
        }
    }
}

extension CaseTransaction {
    /// Makes the case; nil when the day's numbers are used up.
    fileprivate mutating func take(_ report: CaseReport, grid: Grid?, by reader: Reader) throws -> String? {
        guard let number = try nextNumber() else { return nil }
        var generator = SystemRandomNumberGenerator()
        let caseID = UUID7(at: now, using: &generator).description
        let facts = FiledIncident(report, grid: grid, gridSetVersion: registry.gridSetVersion)
        let subject = Subject(caseID: caseID, category: report.category)
        try sql.run(
            "INSERT INTO report (account, report_key, case_id, body_sha256) VALUES ($1, $2, $3, $4)",
            [.text(StoredText.escape(reader.id)), .text(StoredText.escape(report.key)), .text(caseID), .text(report.digest)])
        let urgency = priority(of: facts)
        var machine = CaseMachine(traits: registry.traits(category: report.category, priority: urgency.rawValue))
        try mustAdvance(
            CaseCommand(
                .report, role: reader.role, actor: reader.id, expectedVersion: 0, note: report.text, detail: facts.detail(urgency), at: now),
            on: &machine, subject, actorName: reader.name)
        if reader.role == .dutyOfficer || registry.catalogue.filing(report.category) == .automatic {
            let isOfficer = reader.role == .dutyOfficer
            let route = route(category: report.category, grid: grid?.code)
            try mustAdvance(
                CaseCommand(
                    .file, role: isOfficer ? .dutyOfficer : .system, actor: isOfficer ? reader.id : "system", expectedVersion: 1,
                    note: route.note, at: now),
                on: &machine, subject, actorName: isOfficer ? reader.name : "system")
            if let step = dispatch(by: route, machine) { try mustAdvance(step, on: &machine, subject, actorName: "system") }
        }
        try insertCase(caseID, number, facts, machine, text: facts.placeText)
        try publishCase(caseID, number: number.text, grid: grid?.code.digits)
        return caseID
    }
}

extension FiledIncident {
    fileprivate init(_ report: CaseReport, grid: Grid?, gridSetVersion: String) {
        id = ""
        cameraName = ""
        category = report.category
        priority = .four
        drill = false
        self.grid = grid?.code
        gridName = grid?.name
        self.gridSetVersion = gridSetVersion
        township = grid?.township ?? ""
        village = grid?.village ?? ""
        if case .point(let point) = report.place { place = point }
    }

    /// What the report event says for statistics.
    func detail(_ priority: Priority) -> CaseEventDetail {
        var detail = CaseEventDetail()
        detail.category = category
        detail.priority = priority.rawValue
        detail.drill = drill
        detail.grid = grid?.digits
        detail.township = township
        return detail
    }
}
