// Closure rates over HTTP, as JSON for the page and as CSV for a spreadsheet.
// case log → **statistics** → page, export

import Cases
import Domain
import Grids
import HTTPTypes
import Hummingbird
import NIOCore

/// The handlers for statistics. Stateless.
struct StatisticsRoutes: Sendable {
    let cases: CaseStore
    let registry: RegistryBox

    /// Whoever answers for the district's numbers; they name no person and no case.
    private static let readers: Set<Role> = [.dutyOfficer, .dispatcher, .inspector, .supervisor, .auditor]

    var routes: [Route] {
        [
            Route(.get, "/api/stats", .roles(Self.readers), table), Route(.get, "/api/stats.csv", .roles(Self.readers), export),
        ]
    }

    private func table(_ call: Call) async throws -> Response {
        let (statistics, from, to, grouping, village) = try await read(call)
        let registry = registry.current
        let rows = statistics.rows.sorted { $0.key < $1.key }.map { key, count -> JSON in
            let (name, english) = Self.names(of: key, grouping, registry)
            return .object(
                [.init("key", .string(key)), .init("name", .string(name)), .init("name_en", .string(english))] + Self.members(count))
        }
        let body: JSON = [
            "from": .string(from.description), "to": .string(to.description), "by": .string(grouping.rawValue),
            "village": JSON(village?.digits),
            "total": .object(Self.members(statistics.total)), "rows": .array(rows), "drills": JSON(statistics.drills),
        ]
        return .bytes(ByteBuffer(string: body.text), type: "application/json; charset=utf-8")
    }

    private func export(_ call: Call) async throws -> Response {
        let (statistics, _, _, grouping, _) = try await read(call)
        let registry = registry.current
        let text = statistics.csv { Self.names(of: $0, grouping, registry).chinese }
        var response = Response.bytes(ByteBuffer(string: text), type: "text/csv; charset=utf-8")
        response.headers[.contentDisposition] = "attachment; filename=\"cases-by-\(grouping.rawValue).csv\""
        return response
    }

    /// What people call a row; the key itself where the registry in force does not know it any more.
    private static func names(
        of key: String, _ grouping: CaseStatistics.Grouping, _ registry: Registry
    ) -> (chinese: String, english: String) {
        switch grouping {
        case .grid:
            let name = GridCode(key).flatMap { registry.grids[$0]?.name } ?? key
            return (name, name)
        case .village:
            let grid = registry.grids.all.first { $0.code.village.digits == key }
            let name = grid.map { "\($0.township) \($0.village)" } ?? key
            return (name, name)
        case .category: return registry.catalogue[key].map { ($0.nameZH, $0.nameEN) } ?? (key, key)
        case .township, .priority: return (key, key)
        }
    }

    private func read(
        _ call: Call
    ) async throws -> (CaseStatistics, WallTime, WallTime, CaseStatistics.Grouping, VillageCode?) {
        let expectation = "must be a time such as 2026-11-23T02:24:57.628Z"
        guard let from = try call.parsed("from", expectation, { WallTime($0) }) else { throw Refusal.badField("from", expectation) }
        guard let to = try call.parsed("to", expectation, { WallTime($0) }) else { throw Refusal.badField("to", expectation) }
        let days = (to.millisecondsSince1970 - from.millisecondsSince1970) / 86_400_000
        guard from < to, days <= CaseStore.statisticsDays else {
            throw Refusal.badField("to", "must be later than from by at most \(CaseStore.statisticsDays) days")
        }
        let grouping =
            try call.parsed("by", "must be grid, village, township, category or priority") { CaseStatistics.Grouping(rawValue: $0) }
            ?? .category
        let village = try call.parsed("village", "must be a 12-digit village code") { VillageCode($0) }
        return (try await cases.statistics(from: from, to: to, by: grouping, in: village), from, to, grouping, village)
    }

    private static func members(_ count: CaseCount) -> [JSON.Member] {
        [
            .init("due", JSON(count.due)), .init("suspended", JSON(count.suspended)), .init("closed", JSON(count.closed)),
            .init("closed_on_time", JSON(count.closedOnTime)), .init("reworked", JSON(count.reworked)),
            .init("closure_rate", rate(count.closureRate)), .init("on_time_closure_rate", rate(count.onTimeClosureRate)),
        ]
    }

    private static func rate(_ rate: Rate) -> JSON {
        ["numerator": JSON(rate.numerator), "denominator": JSON(rate.denominator), "text": .string(rate.text)]
    }
}
