// How many cases were due, closed and closed on time: computed from the case log and nothing else.
// case log → **statistics** → pages, CSV

package import Domain

/// One case as the log tells it, reduced to what is counted.
package struct CountedCase: Sendable, Hashable {
    package var category: String
    package var grid: String?
    package var township: String
    package var priority: Int
    package var drill: Bool
    package var state: CaseState
    /// By when the work was due, after extensions; nil for a case that was never dispatched.
    package var due: WallTime?
    /// When the newest result was submitted.
    package var handledAt: WallTime?
    /// Times it was sent back by an inspector.
    package var reworks: Int

    package init(
        category: String, grid: String?, township: String, priority: Int, drill: Bool, state: CaseState, due: WallTime?,
        handledAt: WallTime?, reworks: Int
    ) {
        self.category = category
        self.grid = grid
        self.township = township
        self.priority = priority
        self.drill = drill
        self.state = state
        self.due = due
        self.handledAt = handledAt
        self.reworks = reworks
    }

    /// The village of its grid; nil in no grid.
    package var village: VillageCode? { grid.flatMap { GridCode($0) }?.village }

    /// Replays one case's log; nil when it holds no report that says what it is about.
    package init?(_ events: [CaseEvent], catalogue: Catalogue, calendar: WorkingCalendar) {
        guard let report = events.first?.detail, let category = report.category, let last = events.last else { return nil }
        let priority = report.priority ?? 4
        let clocks = CaseClocks(events, category: category, priority: priority, catalogue: catalogue, calendar: calendar)
        self.init(
            category: category, grid: report.grid, township: report.township ?? "", priority: priority, drill: report.drill ?? false,
            state: last.to, due: clocks.states[.handle]?.judgedDue, handledAt: events.last { $0.action == .submitResult }?.at,
            reworks: events.count { $0.action == .fail })
    }

    /// False for what no office is judged by: drills, mistakes, duplicates.
    var isCounted: Bool { !drill && state != .void && state != .merged && due != nil }
    var isClosed: Bool { state == .closed || state == .archived }
    var isClosedOnTime: Bool {
        guard isClosed, let due, let handledAt else { return false }
        return handledAt <= due
    }
}

/// A rate that shows what it was made of.
package struct Rate: Sendable, Hashable {
    package var numerator: Int
    package var denominator: Int

    package init(_ numerator: Int, of denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Percent with two digits, rounded half up; `–` when there is nothing to divide by.
    package var text: String {
        guard denominator > 0 else { return "–" }
        let hundredths = (numerator * 20_000 + denominator) / (2 * denominator)
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) %"
    }
}

/// What one row of the statistics counts.
package struct CaseCount: Sendable, Hashable {
    /// Work that was due in the period (应结案数).
    package private(set) var due = 0
    /// Of these, suspended now (缓办数): nobody is judged by them.
    package private(set) var suspended = 0
    package private(set) var closed = 0
    package private(set) var closedOnTime = 0
    /// Of those due: sent back by an inspector at least once.
    package private(set) var reworked = 0

    /// 结案率 = 结案数 ÷ (应结案数 − 缓办数).
    package var closureRate: Rate { Rate(closed, of: due - suspended) }
    /// 按期结案率 = 按期结案数 ÷ (应结案数 − 缓办数).
    package var onTimeClosureRate: Rate { Rate(closedOnTime, of: due - suspended) }

    package init() {}

    mutating func add(_ one: CountedCase) {
        due += 1
        if one.state == .suspended { suspended += 1 }
        if one.isClosed { closed += 1 }
        if one.isClosedOnTime { closedOnTime += 1 }
        if one.reworks > 0 { reworked += 1 }
    }
}

/// Counts of a period, in all and by one property.
package struct CaseStatistics: Sendable, Hashable {
    /// What the rows stand for.
    package enum Grouping: String, Sendable, CaseIterable { case grid, village, township, category, priority }

    /// The bucket of what has no such property or one that is no longer known.
    package static let other = "other"

    package private(set) var total = CaseCount()
    package private(set) var rows: [String: CaseCount] = [:]
    /// Cases of the period left out because they were drills.
    package private(set) var drills = 0

    /// - Parameter known: Keys that get a row of their own; all others share `other`. Nil means every key does.
    package init(_ cases: some Sequence<CountedCase>, from: WallTime, to: WallTime, by grouping: Grouping, known: Set<String>?) {
        for one in cases {
            guard let due = one.due, due >= from, due < to else { continue }
            if one.drill { drills += 1 }
            guard one.isCounted else { continue }
            total.add(one)
            let key: String? =
                switch grouping {
                case .grid: one.grid
                case .village: one.village?.digits
                case .township: one.township.isEmpty ? nil : one.township
                case .category: one.category
                case .priority: "\(one.priority)"
                }
            let isKnown = key.map { known?.contains($0) ?? true } ?? false
            rows[isKnown ? key ?? Self.other : Self.other, default: CaseCount()].add(one)
        }
    }

    /// The table for a spreadsheet: UTF-8 with a byte order mark, the total last, no cell that a spreadsheet would run.
    /// - Parameter name: What people call a key.
    package func csv(name: (String) -> String) -> String {
        let head = "key,due 应结案,suspended 缓办,closed 结案,on time 按期结案,reworked 返工,closure rate 结案率,on-time closure rate 按期结案率,name 名称"
        let lines = rows.sorted { $0.key < $1.key }.map { Self.line($0.key, name($0.key), $0.value) } + [Self.line("total", "", total)]
        return "\u{FEFF}" + ([head] + lines).map { $0 + "\r\n" }.joined()
    }

    private static func line(_ key: String, _ name: String, _ count: CaseCount) -> String {
        let numbers = [count.due, count.suspended, count.closed, count.closedOnTime, count.reworked].map(String.init)
        let rates = [count.closureRate.text, count.onTimeClosureRate.text]
        return ([CSVCell.safe(key)] + numbers + rates + [CSVCell.safe(name)]).joined(separator: ",")
    }
}

/// Cells of an export.
package enum CSVCell {
    /// Quoted where needed; a text that a spreadsheet would take for a formula begins with an apostrophe.
    package static func safe(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r\n".unicodeScalars.contains($0) } ?? false
        let cell = isFormula ? "'" + text : text
        guard cell.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
