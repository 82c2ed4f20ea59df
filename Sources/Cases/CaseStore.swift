// What the console asks of incidents and cases, each answer limited to what the reader may see.
// cases → **queries** → lists, details → pages

package import Base
package import Domain
package import Storage

/// Which incidents a list shows. Nil means no limit.
package struct IncidentFilter: Sendable, Hashable {
    /// A selection by phase or filing.
    package enum State: String, Sendable, CaseIterable {
        /// Still going on.
        case open
        /// Ended or expired.
        case ended
        /// Without a case.
        case unfiled
    }

    package var camera: CameraID?
    package var grid: GridCode?
    package var category: String?
    /// First seen at or after.
    package var from: WallTime?
    /// First seen before.
    package var to: WallTime?
    package var state: State?
    /// 1 to 1,000.
    package var limit = 200

    package init() {}
}

/// Which cases a list shows.
package struct CaseFilter: Sendable, Hashable {
    /// Leaves out what needs no further work.
    package var onlyOpen = true
    package var grid: GridCode?
    /// Only those given to the reader, as a whole or in part.
    package var mine = false
    /// 1 to 1,000.
    package var limit = 200

    package init() {}
}

/// Incidents, cases and the feed for the console. Every call suspends instead of blocking; safe from any task.
///
/// What a reader may not see and what does not exist give the same answer.
package final class CaseStore: Sendable {
    let file: any SQLDatabase
    let registry: RegistryBox
    let signal: FeedSignal
    let time: any TimeSource
    let counters: CaseCounters

    /// - Parameter file: The dispatcher's database, opened with `CasesSchema.migrations`.
    package init(file: any SQLDatabase, registry: RegistryBox, signal: FeedSignal, time: any TimeSource, metrics: MetricsRegistry) {
        self.file = file
        self.registry = registry
        self.signal = signal
        self.time = time
        counters = CaseCounters(metrics)
    }

    /// One look at the tables by the registry and the moment of now.
    func reading(_ sql: any SQLConnection) -> CaseReading { CaseReading(sql: sql, registry: registry.current, now: time.wallNow) }

    /// The newest feed sequence on disk.
    package func newestSequence() async throws -> Int64 {
        try await file.read { try self.reading($0).newestSequence() }
    }

    /// Incidents, the newest first.
    package func incidents(_ filter: IncidentFilter, for reader: Reader) async throws -> Page<IncidentItem> {
        try await file.read { sql in
            let reading = self.reading(sql)
            var query = Query()
            var conditions = [reader.mayReadIncident(&query)]
            if let camera = filter.camera { conditions.append("i.camera_id = \(query.bind(.text(camera.digits)))") }
            if let grid = filter.grid { conditions.append("i.grid_code = \(query.bind(.text(grid.digits)))") }
            if let category = filter.category { conditions.append("i.category = \(query.bind(.text(StoredText.escape(category))))") }
            if let from = filter.from { conditions.append("i.first_seen_ms >= \(query.bind(.integer(from.millisecondsSince1970)))") }
            if let to = filter.to { conditions.append("i.first_seen_ms < \(query.bind(.integer(to.millisecondsSince1970)))") }
            switch filter.state {
            case .open: conditions.append("i.phase IN ('open', 'updated')")
            case .ended: conditions.append("i.phase IN ('ended', 'expired')")
            case .unfiled: conditions.append("c.case_id IS NULL")
            case nil: break
            }
            query.text = conditions.joined(separator: " AND ") + " ORDER BY i.first_seen_ms DESC, i.incident_id DESC LIMIT "
            query.text += query.bind(SQLValue(min(max(filter.limit, 1), 1000)))
            return Page(items: try reading.incidentRows(query).map { try $0.item() }, seq: try reading.newestSequence())
        }
    }

    /// One incident with its case.
    package func incident(_ id: IncidentID, for reader: Reader) async throws -> IncidentDetail? {
        try await file.read { sql in
            let reading = self.reading(sql)
            guard let row = try reading.incident(id, for: reader) else { return nil }
            let detail = try row.caseNumber.flatMap { try reading.caseRow($0, for: reader) }.map { try reading.detail($0, for: reader) }
            return try row.detail(caseDetail: detail)
        }
    }

    /// The picture or clip of an incident; nil when there is none or the reader may not see the incident.
    package func evidence(_ kind: EvidenceKind, of id: IncidentID, for reader: Reader) async throws -> SnapshotReference? {
        try await file.read { try self.reading($0).incident(id, for: reader)?.evidence(kind) }
    }

    /// Cases, the newest first.
    package func cases(_ filter: CaseFilter, for reader: Reader) async throws -> Page<CaseItem> {
        try await file.read { sql in
            let reading = self.reading(sql)
            var query = Query()
            var conditions = [reader.mayReadCase(&query)]
            if filter.onlyOpen {
                let done = CaseState.allCases.filter(\.isTerminal).map { "'\($0.rawValue)'" }
                conditions.append("c.state NOT IN (\(done.joined(separator: ", ")))")
            }
            if let grid = filter.grid {
                let code = query.bind(.text(grid.digits))
                conditions.append("(c.grid_code = \(code) OR c.handling_grid = \(code))")
            }
            if filter.mine { conditions.append(reader.hasPart(&query)) }
            query.text = conditions.joined(separator: " AND ") + " ORDER BY c.opened_ms DESC, c.case_id DESC LIMIT "
            query.text += query.bind(SQLValue(min(max(filter.limit, 1), 1000)))
            return Page(items: try reading.items(reading.caseRows(query), for: reader), seq: try reading.newestSequence())
        }
    }

    /// One case with its log.
    package func `case`(_ number: CaseNumber, for reader: Reader) async throws -> CaseDetail? {
        try await file.read { sql in
            let reading = self.reading(sql)
            return try reading.caseRow(number.text, for: reader).map { try reading.detail($0, for: reader) }
        }
    }

    /// Feed rows after `after` about objects the reader may see, at most 1,000.
    ///
    /// `seq` of the page is how far it reaches: the next page begins there, even when this one is empty.
    package func feed(after: Int64, limit: Int, for reader: Reader) async throws -> Page<FeedEntry> {
        try await file.read { sql in
            let reading = self.reading(sql)
            let rows = try reading.feedRows(after: after, limit: min(max(limit, 1), 1000))
            let visible = try reading.visible(Set(rows.map(\.object)), for: reader)
            let items = rows.filter { visible.contains($0.object) }.map { row in
                FeedEntry(
                    seq: row.sequence, at: WallTime(millisecondsSince1970: row.atMilliseconds).description, kind: row.object.kind,
                    id: row.object.id)
            }
            return Page(items: items, seq: try rows.last?.sequence ?? reading.newestSequence())
        }
    }

    /// What changed after `since`, the latest state per object, from at most 1,000 feed rows.
    ///
    /// A storm costs a reader the number of changed objects; when `seq` is behind `newest`, ask again at once.
    package func changes(since: Int64, for reader: Reader) async throws -> FeedAnswer {
        try await file.read { sql in
            let reading = self.reading(sql)
            let newest = try reading.newestSequence()
            guard since <= newest, since >= (try reading.oldestSequence()) - 1 else { return .resync }
            let rows = try reading.feedRows(after: since, limit: 1000)
            var latest: [FeedObject: Int64] = [:]
            for row in rows { latest[row.object] = row.sequence }
            let found = try reading.states(of: Set(latest.keys), for: reader)
            let items = latest.sorted { $0.value < $1.value }.compactMap { found[$0.key] }
            return .changes(FeedChanges(prev: since, seq: rows.last?.sequence ?? newest, items: items, newest: newest))
        }
    }
}
