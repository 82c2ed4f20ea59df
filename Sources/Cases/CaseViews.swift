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
    package var incidentIDs: [String]
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

    enum CodingKeys: String, CodingKey {
        case no, state, version, category, priority, grid, township, village, owner, assignee, actions, drill, due, late, supervised
        case suspendedUntil = "suspended_until"
        case handlingGrid = "handling_grid"
        case placeText = "place_text"
        case openedAt = "opened_at"
        case updatedAt = "updated_at"
        case incidentIDs = "incident_ids"
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

/// A case with its log.
package struct CaseDetail: Encodable, Sendable, Hashable {
    package var item: CaseItem
    package var events: [CaseEventView]

    enum CodingKeys: String, CodingKey { case events }

    /// Writes one flat object as the API promises it.
    package func encode(to encoder: any Encoder) throws {
        try item.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(events, forKey: .events)
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
