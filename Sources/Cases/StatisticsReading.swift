// The statistics of a period, read from the log page by page.
// case log → **statistics** → pages, CSV

package import Domain
import Storage

extension CaseStore {
    /// Longest period of one question; a case is looked for from one such period before, because work may be due long after its report.
    package static let statisticsDays = 366

    /// Counts what was due from `from` until before `to`. Facts are those of the reports, so that a later map moves no number.
    /// - Parameter village: Only cases whose grid lies in it; nil counts the whole district.
    package func statistics(
        from: WallTime, to: WallTime, by grouping: CaseStatistics.Grouping, in village: VillageCode? = nil
    ) async throws -> CaseStatistics {
        let registry = registry.current
        let earliest = from.millisecondsSince1970 - Int64(Self.statisticsDays) * 86_400_000
        var counted: [CountedCase] = []
        var after = ""
        while true {
            // Pages, so that no read transaction holds back the database.
            let (ids, found) = try await file.read { [after] sql -> ([String], [CountedCase]) in
                let ids = try sql.rows(
                    """
                    SELECT DISTINCT case_id FROM case_event WHERE action = 'report' AND at_ms >= $1 AND at_ms < $2 AND case_id > $3
                    ORDER BY case_id LIMIT 256
                    """, [.integer(earliest), .integer(to.millisecondsSince1970), .text(after)]
                ).map { try $0.text("case_id") }
                guard !ids.isEmpty else { return ([], []) }
                var query = Query()
                query.text = query.list(ids.map { .text($0) })
                let logs = try CaseLog.events(of: query, in: sql)
                let cases = logs.values.compactMap {
                    CountedCase($0.map(\.event), catalogue: registry.catalogue, calendar: registry.calendar)
                }
                return (ids, cases)
            }
            counted += village.map { village in found.filter { $0.village == village } } ?? found
            guard ids.count == 256, let last = ids.last else { break }
            after = last
        }
        let known: Set<String>? = grouping == .category ? Set(registry.catalogue.entries.keys) : nil
        return CaseStatistics(counted, from: from, to: to, by: grouping, known: known)
    }
}
