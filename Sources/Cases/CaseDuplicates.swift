// Cases that may be about the same matter: found by category, distance and time, each with the reason; people decide.
// cases → **duplicate candidates** → pages → merge

package import Domain
import Storage

/// What decides whether two cases may be one.
package struct CaseSpot: Sendable, Hashable {
    package var category: String
    package var drill: Bool
    package var state: CaseState
    /// Nil when only the grid is known.
    package var place: GeoPoint?
    package var grid: GridCode?
    package var openedAt: WallTime
    /// When its last step was done; for a closed case that is its closing.
    package var updatedAt: WallTime

    package init(
        category: String, drill: Bool, state: CaseState, place: GeoPoint?, grid: GridCode?, openedAt: WallTime, updatedAt: WallTime
    ) {
        self.category = category
        self.drill = drill
        self.state = state
        self.place = place
        self.grid = grid
        self.openedAt = openedAt
        self.updatedAt = updatedAt
    }
}

/// Why two cases may be about the same matter.
package struct Likeness: Sendable, Hashable {
    /// Metres between the two places; nil when one of them is known by its grid alone.
    package var metres: Int?
    /// Minutes from the other's beginning to this one's; negative when the other is younger.
    package var minutes: Int
    /// True when the other is closed already, so that nothing can be merged into it.
    package var isClosed: Bool

    /// A closed case counts for so long, and so do reports that name only a grid.
    package static let hours = 24.0

    /// The likeness of `other` to the open case `one`; nil when they have nothing to do with each other.
    ///
    /// - Parameter radius: Metres within which a category is one matter; 0 looks for no duplicates.
    package init?(_ one: CaseSpot, _ other: CaseSpot, radius: Int) {
        guard radius > 0, one.category == other.category, one.drill == other.drill, !one.state.isTerminal else { return nil }
        isClosed = other.state == .closed
        guard !other.state.isTerminal || isClosed else { return nil }
        if isClosed, one.openedAt.seconds(since: other.updatedAt) > Self.hours * 3600 { return nil }
        minutes = Int((one.openedAt.seconds(since: other.openedAt) / 60).rounded(.towardZero))
        if let here = one.place, let there = other.place {
            let metres = here.metres(to: there)
            guard metres <= Double(radius) else { return nil }
            self.metres = Int(metres.rounded())
        } else {
            guard let grid = one.grid, grid == other.grid, abs(Double(minutes)) <= Self.hours * 60 else { return nil }
            metres = nil
        }
    }

    /// The reason in one sentence.
    package var reason: String {
        let place = metres.map { "\($0) m apart" } ?? "in the same grid"
        let when = minutes == 0 ? "opened at the same time" : "opened \(abs(minutes)) min \(minutes > 0 ? "before" : "after") this one"
        return "same category, \(place), \(when)\(isClosed ? ", closed meanwhile" : "")"
    }
}

/// One candidate as pages show it.
package struct DuplicateView: Encodable, Sendable, Hashable {
    package var no: String
    package var state: String
    package var version: Int
    package var priority: Int
    package var placeText: String
    package var openedAt: String
    /// Null when the place of one of the two is known by its grid alone.
    @NullWhenNil package var metres: Int?
    /// From the other's beginning to this one's; negative when the other is younger.
    package var minutes: Int
    package var reason: String
    /// False for a closed one: it can be reopened, and nothing merged into it.
    package var mergeable: Bool

    enum CodingKeys: String, CodingKey {
        case no, state, version, priority, minutes, reason, mergeable
        case metres = "distance_m"
        case placeText = "place_text"
        case openedAt = "opened_at"
    }
}

extension CaseReading {
    /// Candidates shown; who has more has another problem.
    private static let candidates = 10
    /// Rows looked at for them.
    private static let looked = 200

    /// Candidates among the cases that the reader may see, the nearest first, then the youngest.
    func duplicates(of row: CaseRow, for reader: Reader) throws -> [DuplicateView] {
        let one = try row.spot()
        let radius = registry.catalogue[one.category]?.duplicateMetres ?? CatalogueEntry.standardDuplicateMetres
        guard radius > 0, !one.state.isTerminal else { return [] }
        var found: [CaseRow] = []
        // 1e-7 degree of latitude is 1.1 cm; the longitude is left to the exact rule.
        let reach = Int64(radius) * 100
        if let place = one.place {
            found += try candidates(row, one, reader) { query in
                let (low, high) = (Int64(place.latE7) - reach, Int64(place.latE7) + reach)
                return "c.place_lat_e7 BETWEEN \(query.bind(.integer(low))) AND \(query.bind(.integer(high)))"
            }
        }
        if let grid = one.grid {
            found += try candidates(row, one, reader) { query in
                let since = one.openedAt.millisecondsSince1970 - Int64(Likeness.hours * 3_600_000)
                return "c.grid_code = \(query.bind(.text(grid.digits))) AND c.opened_ms >= \(query.bind(.integer(since)))"
                    + (one.place == nil ? "" : " AND c.place_lat_e7 IS NULL")
            }
        }
        let alike = try found.compactMap { other in try Likeness(one, other.spot(), radius: radius).map { (other, $0) } }
        let nearest = alike.sorted { ($0.1.metres ?? .max, abs($0.1.minutes)) < ($1.1.metres ?? .max, abs($1.1.minutes)) }
        return try nearest.prefix(Self.candidates).map { other, likeness in
            DuplicateView(
                no: try other.row.text("case_no"), state: try other.row.text("state"), version: Int(try other.row.int("version")),
                priority: Int(try other.row.int("priority")), placeText: StoredText.unescape(try other.row.text("place_text")),
                openedAt: WallTime(millisecondsSince1970: try other.row.int("opened_ms")).description, metres: likeness.metres,
                minutes: likeness.minutes, reason: likeness.reason, mergeable: !likeness.isClosed)
        }
    }

    private func candidates(_ row: CaseRow, _ one: CaseSpot, _ reader: Reader, _ place: (inout Query) -> String) throws -> [CaseRow] {
        var query = Query()
        let mayRead = reader.mayReadCase(&query)
        let category = query.bind(.text(one.category))
        let near = place(&query)
        let closedSince = query.bind(.integer(one.openedAt.millisecondsSince1970 - Int64(Likeness.hours * 3_600_000)))
        let done = CaseState.allCases.filter(\.isTerminal).map { "'\($0.rawValue)'" }.joined(separator: ", ")
        query.text = """
            c.category = \(category) AND \(near) AND c.case_id <> \(query.bind(.text(row.id))) AND \(mayRead)
            AND (c.state NOT IN (\(done)) OR c.state = 'closed' AND c.updated_ms >= \(closedSince))
            ORDER BY c.opened_ms DESC LIMIT \(query.bind(SQLValue(Self.looked)))
            """
        return try caseRows(query)
    }
}

extension CaseRow {
    /// What of a row decides about duplicates.
    fileprivate func spot() throws -> CaseSpot {
        var place: GeoPoint?
        if let lon = try row.intOrNil("place_lon_e7"), let lat = try row.intOrNil("place_lat_e7") {
            place = GeoPoint(lonE7: Int32(clamping: lon), latE7: Int32(clamping: lat))
        }
        return CaseSpot(
            category: try row.text("category"), drill: try row.int("drill") != 0,
            state: CaseState(rawValue: try row.text("state")) ?? .void,
            place: place, grid: try row.textOrNil("grid_code").flatMap { GridCode($0) },
            openedAt: WallTime(millisecondsSince1970: try row.int("opened_ms")),
            updatedAt: WallTime(millisecondsSince1970: try row.int("updated_ms")))
    }
}
