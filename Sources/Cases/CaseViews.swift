// Cases and the feed as readers see them: plain values that encode to the JSON of the HTTP API.
// incidents → cases → **feed, lists, details** → pages

package import Domain

/// One row of a case list.
package struct CaseItem: Encodable, Sendable, Hashable {
    package var no: String
    package var state: String
    package var version: Int
    package var category: String
    package var priority: Int
    /// The home grid; null for a case of the command centre's unbound queue.
    @NullWhenNil package var grid: GridReference?
    @NullWhenNil package var handlingGrid: String?
    package var township: String
    package var village: String
    /// Township, village, grid and camera in words.
    package var placeText: String
    /// `worker`, `command_centre`, `village` (no grid is known but the village is) or `unbound`: a case always has exactly one owner.
    package var owner: String
    @NullWhenNil package var assignee: NamedReference?
    package var openedAt: String
    package var updatedAt: String
    /// The newest hundred, the oldest of them first.
    package var incidentIDs: [String]
    /// All that have joined it.
    package var incidentCount: Int
    /// What this reader may do now.
    package var actions: [String]
    package var drill: Bool
    /// When the running clocks end, by the name of the clock.
    package var due: [String: String]
    /// Clocks that were met too late or are running late, at the moment of the answer.
    package var late: [String]
    /// True once a supervisor watches it.
    package var supervised: Bool
    /// When a suspended case is to be taken up again.
    @NullWhenNil package var suspendedUntil: String?
    /// Parts of the work that others do, in the order in which they were given.
    package var tasks: [CaseTaskView]
    /// The number under which an outside system took it over, as long as it has it.
    @NullWhenNil package var reference: String?
    /// The case into which it was merged.
    @NullWhenNil package var mergedInto: String?
    /// The case of the same place and kind that was closed not long before it began.
    @NullWhenNil package var recurrenceOf: String?

    enum CodingKeys: String, CodingKey {
        case no, state, version, category, priority, grid, township, village, owner, assignee, actions, drill, due, late, supervised, tasks
        case reference
        case suspendedUntil = "suspended_until"
        case handlingGrid = "handling_grid"
        case placeText = "place_text"
        case openedAt = "opened_at"
        case updatedAt = "updated_at"
        case incidentIDs = "incident_ids"
        case incidentCount = "incident_count"
        case mergedInto = "merged_into"
        case recurrenceOf = "recurrence_of"
    }
}

/// One line of a case's log.
package struct CaseEventView: Encodable, Sendable, Hashable {
    package var version: Int
    package var at: String
    /// The account.
    package var actor: String
    package var actorName: String
    package var role: String
    package var action: String
    @NullWhenNil package var from: String?
    package var to: String
    package var note: String
    /// What the action carried beside its note.
    package var detail: CaseEventDetail

    enum CodingKeys: String, CodingKey {
        case version, at, actor, role, action, from, to, note, detail
        case actorName = "actor_name"
    }
}

/// Another case that has to do with a case.
package struct LinkedCaseView: Encodable, Sendable, Hashable {
    package var no: String
    package var state: String
    package var version: Int
    package var priority: Int
    package var openedAt: String
    package var placeText: String

    enum CodingKeys: String, CodingKey {
        case no, state, version, priority
        case openedAt = "opened_at"
        case placeText = "place_text"
    }
}

/// A case with its log, its incidents and the cases it has to do with.
package struct CaseDetail: Encodable, Sendable, Hashable {
    package var item: CaseItem
    package var events: [CaseEventView]
    /// The newest hundred, the newest first.
    package var incidents: [IncidentItem]
    /// Cases that were merged into it and may be taken out again.
    package var merged: [LinkedCaseView]
    /// Later cases of the same place and kind, the newest first.
    package var recurrences: [LinkedCaseView]
    /// Cases that may be about the same matter.
    package var duplicates: [DuplicateView]

    enum CodingKeys: String, CodingKey { case events, incidents, merged, recurrences, duplicates }

    /// Writes one flat object as the API promises it.
    package func encode(to encoder: any Encoder) throws {
        try item.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(events, forKey: .events)
        try container.encode(incidents, forKey: .incidents)
        try container.encode(merged, forKey: .merged)
        try container.encode(recurrences, forKey: .recurrences)
        try container.encode(duplicates, forKey: .duplicates)
    }
}

/// What a feed row is about.
package enum FeedKind: String, Encodable, Sendable, CaseIterable {
    case incident
    case `case`
}

/// One row of the feed: something changed, and what it was.
package struct FeedEntry: Encodable, Sendable, Hashable {
    package var seq: Int64
    package var at: String
    package var kind: FeedKind
    package var id: String
}

/// One changed object in its latest state.
package enum FeedChange: Encodable, Sendable, Hashable {
    case incident(IncidentItem)
    case `case`(CaseItem)

    enum CodingKeys: String, CodingKey {
        case kind, incident
        case `case`
    }

    /// Writes one flat object as the API promises it.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .incident(let item):
            try container.encode(FeedKind.incident, forKey: .kind)
            try container.encode(item, forKey: .incident)
        case .case(let item):
            try container.encode(FeedKind.case, forKey: .kind)
            try container.encode(item, forKey: .case)
        }
    }
}

/// What changed for a reader between two feed sequences, the latest state of each object once.
package struct FeedChanges: Encodable, Sendable, Hashable {
    package var prev: Int64
    /// Everything up to here is included; ask again with it when it is behind `newest`.
    package var seq: Int64
    package var items: [FeedChange]
    /// The newest sequence at the moment of reading.
    package var newest: Int64

    enum CodingKeys: String, CodingKey { case prev, seq, items }
}

/// The answer to "what changed since?".
package enum FeedAnswer: Sendable, Hashable {
    case changes(FeedChanges)
    /// The question is older than what is kept, or newer than what exists: start again from the lists.
    case resync
}

/// What came of an act on a case.
package enum ActOutcome: Sendable, Hashable {
    case done(CaseDetail)
    /// There is no such object, or none that this reader may see.
    case notFound
    case refused(CaseRefusal)
    /// The reader may see it but not do this.
    case forbidden(String)
    /// A part of the request that nothing can be made of.
    case invalid(field: String, String)
    /// The day's 99,999 case numbers are used up.
    case numbersUsedUp
}
