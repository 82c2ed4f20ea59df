// Closure rates over HTTP, as JSON for the page and as CSV for a spreadsheet.
// case log → **statistics** → page, export

import Cases
import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// The handlers for statistics. Stateless.
struct StatisticsRoutes: Sendable {
    let cases: CaseStore

    /// Whoever answers for the district's numbers; they name no person and no case.
    private static let readers: Set<Role> = [.dutyOfficer, .dispatcher, .inspector, .supervisor, .auditor]

    var routes: [Route] {
        [
            Route(.get, "/api/stats", .roles(Self.readers), table), Route(.get, "/api/stats.csv", .roles(Self.readers), export),
        ]
    }

    private func table(_ call: Call) async throws -> Response {
        let (statistics, from, to, grouping) = try await read(call)
        let rows = statistics.rows.sorted { $0.key < $1.key }.map { key, count -> JSON in
            .object([.init("key", .string(key))] + Self.members(count))
        }
        let body: JSON = [
            "from": .string(from.description), "to": .string(to.description), "by": .string(grouping.rawValue),
            "total": .object(Self.members(statistics.total)), "rows": .array(rows), "drills": JSON(statistics.drills),
        ]
        return .bytes(ByteBuffer(string: body.text), type: "application/json; charset=utf-8")
    }

    private func export(_ call: Call) async throws -> Response {
        let (statistics, _, _, grouping) = try await read(call)
        var response = Response.bytes(ByteBuffer(string: statistics.csv), type: "text/csv; charset=utf-8")
        response.headers[.contentDisposition] = "attachment; filename=\"cases-by-\(grouping.rawValue).csv\""
        return response
    }

    private func read(_ call: Call) async throws -> (CaseStatistics, WallTime, WallTime, CaseStatistics.Grouping) {
        let expectation = "must be a time such as 2026-11-23T02:24:57.628Z"
        guard let from = try call.parsed("from", expectation, { WallTime($0) }) else { throw Refusal.badField("from", expectation) }
        guard let to = try call.parsed("to", expectation, { WallTime($0) }) else { throw Refusal.badField("to", expectation) }
        let days = (to.millisecondsSince1970 - from.millisecondsSince1970) / 86_400_000
        guard from < to, days <= CaseStore.statisticsDays else {
            throw Refusal.badField("to", "must be later than from by at most \(CaseStore.statisticsDays) days")
        }
        let grouping =
            try call.parsed("by", "must be grid, township or category") { CaseStatistics.Grouping(rawValue: $0) } ?? .category
        return (try await cases.statistics(from: from, to: to, by: grouping), from, to, grouping)
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
