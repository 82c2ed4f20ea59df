// The life of a grid set: draft → checked → published → retired, as a pure value without clock or storage.
// map files → **grid set** → publication → open cases, bindings
//
//            check              publish                 publish of the next
//   draft ──────────▶ checked ──────────▶ published ──────────────────────▶ retired
//     │  withdraw        │  withdraw                                           ▲
//     └──────────────────┴─────────────────────────────────────────────────────┘
//
// What each state promises: draft – its geometry is stored and never changes, another draft is another set; checked – it covered its
// district exactly once, was drawn from the set in force and every grid had a gridworker when someone looked; published – it is in force,
// alone; retired – it was in force or was given up. Everything is looked at again when it is published.

package import Domain

/// Where a grid set stands.
package enum GridSetState: String, Sendable, CaseIterable {
    case draft, checked, published, retired
}

/// What is done to a grid set.
package enum GridSetAction: String, Sendable, CaseIterable {
    case check, publish, withdraw
    /// The next set takes its place.
    case retire
}

/// One row of the transition table.
package struct GridSetTransition: Sendable, Hashable {
    package let from: GridSetState
    package let action: GridSetAction
    package let to: GridSetState
    package let roles: Set<Role>

    /// Every row.
    package static let table: [GridSetTransition] = [
        Self(from: .draft, action: .check, to: .checked, roles: [.operator, .supervisor, .system]),
        Self(from: .checked, action: .publish, to: .published, roles: [.supervisor, .system]),
        Self(from: .draft, action: .withdraw, to: .retired, roles: [.operator, .supervisor]),
        Self(from: .checked, action: .withdraw, to: .retired, roles: [.operator, .supervisor]),
        Self(from: .published, action: .retire, to: .retired, roles: [.system]),
    ]
}

/// What was found when a grid set was looked at, as far as it decides.
package struct GridSetFindings: Sendable, Hashable {
    /// Places where its grids do not cover its district exactly once, in words; at most a few.
    package var coverage: [String]
    /// Grids without an active full-time gridworker, by code.
    package var orphans: [GridCode]
    /// The set it was drawn from.
    package var basedOn: Int
    /// The set in force.
    package var inForce: Int

    package init(coverage: [String], orphans: [GridCode], basedOn: Int, inForce: Int) {
        self.coverage = coverage
        self.orphans = orphans
        self.basedOn = basedOn
        self.inForce = inForce
    }

    /// Looks at a map. A second or less for 465 grids in a release build.
    package init(_ map: DistrictMap, staffed: Set<GridCode>, basedOn: Int, inForce: Int) {
        let findings = CoverageProof.findings(grids: map.grids.all, district: map.boundary)
        self.init(
            coverage: findings.prefix(20).map { "\($0)" }, orphans: map.grids.all.map(\.code).filter { !staffed.contains($0) },
            basedOn: basedOn, inForce: inForce)
    }
}

/// Why something was refused. Nothing has changed.
package enum GridSetRefusal: Sendable, Hashable, CustomStringConvertible {
    case roleMayNot(Role, GridSetAction)
    case notPossible(GridSetAction, from: GridSetState)
    /// Four eyes: who drew a set does not publish it.
    case ownWork(author: String)
    case reasonMissing
    case reasonTooLong(limit: Int)
    case notCovered([String])
    case orphans([GridCode])
    /// Another set was published since it was drawn.
    case overtaken(basedOn: Int, inForce: Int)
    case tooEarly(validFrom: WallTime)

    package var description: String {
        switch self {
        case .roleMayNot(let role, let action): return "a \(role.rawValue) may not \(action.rawValue) a grid set"
        case .notPossible(let action, let from): return "\(action.rawValue) is not possible for a set that is \(from.rawValue)"
        case .ownWork(let author): return "\(author) drew this grid set; somebody else must publish it"
        case .reasonMissing: return "a grid set needs a reason"
        case .reasonTooLong(let limit): return "the reason is longer than \(limit) characters"
        case .notCovered(let places):
            return "the grids do not cover the district exactly once: \(places.prefix(3).joined(separator: "; "))"
                + (places.count > 3 ? "; and more" : "")
        case .orphans(let grids):
            let named = grids.prefix(10).map(\.digits).joined(separator: ", ") + (grids.count > 10 ? " and \(grids.count - 10) more" : "")
            return grids.count == 1
                ? "grid \(named) has no active full-time gridworker" : "\(grids.count) grids have no active full-time gridworker: \(named)"
        case .overtaken(let basedOn, let inForce):
            return "it was drawn from grid set \(basedOn), but \(inForce) is in force; draw it again from that one"
        case .tooEarly(let validFrom): return "it takes effect at \(validFrom) and cannot be published before"
        }
    }
}

/// One grid set as the transition table sees it. A value; the caller serialises access.
package struct GridSetLife: Sendable, Hashable {
    package private(set) var state: GridSetState
    package let author: String
    package let validFrom: WallTime

    /// Longest reason in characters.
    package static let reasonLimit = 500

    package init(state: GridSetState, author: String, validFrom: WallTime) {
        self.state = state
        self.author = author
        self.validFrom = validFrom
    }

    /// A sentence about a reason, or nil when it is one.
    package static func complaint(aboutReason reason: String) -> GridSetRefusal? {
        if reason.allSatisfy(\.isWhitespace) { return .reasonMissing }
        return reason.count > reasonLimit ? .reasonTooLong(limit: reasonLimit) : nil
    }

    /// Does something to the set, or says why not and stays as it was.
    ///
    /// - Parameter findings: What a look at it found just now; needed to check and to publish.
    package mutating func apply(
        _ action: GridSetAction, role: Role, actor: String, findings: GridSetFindings? = nil, now: WallTime
    ) -> GridSetRefusal? {
        let rows = GridSetTransition.table.filter { $0.action == action }
        guard rows.contains(where: { $0.roles.contains(role) }) else { return .roleMayNot(role, action) }
        guard let row = rows.first(where: { $0.from == state }) else { return .notPossible(action, from: state) }
        if action == .publish {
            if actor == author && role != .system { return .ownWork(author: author) }
            if now < validFrom { return .tooEarly(validFrom: validFrom) }
        }
        if let findings {
            if findings.basedOn != findings.inForce { return .overtaken(basedOn: findings.basedOn, inForce: findings.inForce) }
            if !findings.coverage.isEmpty { return .notCovered(findings.coverage) }
            if !findings.orphans.isEmpty { return .orphans(findings.orphans) }
        }
        state = row.to
        return nil
    }
}
