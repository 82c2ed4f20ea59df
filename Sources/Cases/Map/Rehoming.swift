// What the publication of a grid set does to an open case, by its state: the table of the domain study, §8.6, as a pure value.
// grid set published → **rehoming** → case log, feed

import Domain
import Grids

/// The row of the table that a case falls under.
enum RehomingStep: String, Sendable, CaseIterable {
    /// Its home is found again by the place that was seen.
    case resolve
    /// As `resolve`; when another gridworker serves the new home, it goes to that one and its clocks start again.
    case redispatch
    /// The handler stays; only its home grid is named anew.
    case relabel
    /// It keeps the grid and the set of its time.
    case untouched

    init(_ state: CaseState) {
        switch state {
        case .reported, .filed: self = .resolve
        case .dispatched: self = .redispatch
        // What is suspended resumes where it was, with whom it was.
        case .acknowledged, .handling, .handled, .suspended: self = .relabel
        case .inspecting, .closed, .archived, .declined, .merged, .void: self = .untouched
        }
    }

    /// The rule in words, for the case's log.
    var rule: String {
        switch self {
        case .resolve: "not dispatched yet: its place was looked up again"
        case .redispatch: "dispatched and not acknowledged: its place was looked up again"
        case .relabel: "acknowledged: whoever handles it keeps it"
        case .untouched: "inspected or over: nothing changes"
        }
    }
}

/// Where the cases of each grid may go when a set follows another.
struct Succession: Sendable {
    /// A grid that has ground of another.
    struct Heir: Sendable, Hashable {
        let grid: GridCode
        let kind: GridLineage.Kind
        let share: Double
    }

    private let heirs: [GridCode: [Heir]]

    init(_ lineage: GridLineage) {
        heirs = Dictionary(grouping: lineage.links, by: \.from).mapValues { links in
            links.map { Heir(grid: $0.to, kind: $0.kind, share: $0.shareOfOld) }.sorted { ($1.share, $0.grid) < ($0.share, $1.grid) }
        }
    }

    /// Grids whose cases have to be looked at: their ground is no longer all theirs, or their code is no more.
    var changed: [GridCode] { heirs.filter { $0.value != $0.value.filter { $0.kind == .keep } }.keys.sorted() }

    /// The new home of a case: the grid in which its place lies, if that has ground of the old home; else the old home while it lives, else
    /// its largest heir. A camera that was bound elsewhere since does not take old cases along.
    ///
    /// - Parameter place: Where the new set puts the place that was seen.
    /// - Returns: Nil when it stays where it is.
    func home(after old: GridCode?, place: GridCode?) -> Heir? {
        guard let old else { return place.map { Heir(grid: $0, kind: .adjust, share: 0) } }
        let heirs = heirs[old] ?? []
        let next = heirs.first { $0.grid == place } ?? heirs.first { $0.grid == old } ?? heirs.first
        return next?.grid == old ? nil : next
    }
}
