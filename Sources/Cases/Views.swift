// Incidents as readers see them: plain values that encode to the JSON of the HTTP API.
// incidents → cases → **feed, lists, details** → pages

package import Domain

/// Encodes nil as `null` instead of leaving the key out, as the API promises.
@propertyWrapper
package struct NullWhenNil<Value: Encodable & Sendable & Hashable>: Encodable, Sendable, Hashable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    /// Writes all promised keys, absent values as `null`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

/// A thing with an id and a name for people.
package struct NamedReference: Encodable, Sendable, Hashable {
    package var id: String
    package var name: String

    package init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// A point in WGS-84 degrees.
package struct PlaceView: Encodable, Sendable, Hashable {
    package var lon: Double
    package var lat: Double
}

/// The case of an incident, in brief.
package struct CaseReference: Encodable, Sendable, Hashable {
    package var no: String
    package var state: String
    package var version: Int
}

/// One row of the incident feed. Times are ISO 8601 in UTC; names are those of the moment it arrived.
package struct IncidentItem: Encodable, Sendable, Hashable {
    package var id: String
    package var rev: Int
    package var phase: String
    package var category: String
    package var priority: Int
    package var camera: NamedReference
    package var place: PlaceView
    package var township: String
    package var village: String
    @NullWhenNil package var grid: GridReference?
    package var firstSeen: String
    package var lastSeen: String
    package var count: Int
    package var score: Int
    package var hasSnapshot: Bool
    @NullWhenNil package var caseReference: CaseReference?
    package var drill: Bool
    /// True while the catalogue proposes to file it and nobody has decided.
    package var proposed: Bool
    /// True when a person made it of suppressed evidence.
    package var restored: Bool

    enum CodingKeys: String, CodingKey {
        case id, rev, phase, category, priority, camera, place, township, village, grid, count, score, drill, proposed, restored
        case firstSeen = "first_seen"
        case lastSeen = "last_seen"
        case hasSnapshot = "has_snapshot"
        case caseReference = "case"
    }
}

/// How the grid of an incident was found.
package struct ResolutionView: Encodable, Sendable, Hashable {
    /// A raw value of `GridMethod`.
    package var method: String
    package var gridSet: String
    package var nearBorder: Bool
    @NullWhenNil package var distanceMetres: Double?
    package var neighbours: [GridReference]
    /// How far the camera says it has moved; null up to 20 m.
    @NullWhenNil package var cameraMovedMetres: Double?

    enum CodingKeys: String, CodingKey {
        case method, neighbours
        case gridSet = "grid_set"
        case nearBorder = "near_border"
        case distanceMetres = "distance_m"
        case cameraMovedMetres = "camera_moved_m"
    }
}

/// When each step of an incident's way was reached; null when it was not.
package struct ReceiptsView: Encodable, Sendable, Hashable {
    /// First seen by the camera.
    @NullWhenNil package var detected: String?
    /// Taken by the ingest node's outbox, from which it cannot be lost.
    @NullWhenNil package var published: String?
    /// Committed by the dispatcher.
    @NullWhenNil package var accepted: String?
    @NullWhenNil package var caseCreated: String?
    @NullWhenNil package var pushed: String?
    /// The assignee's page received it.
    @NullWhenNil package var delivered: String?
    /// The assignee opened it.
    @NullWhenNil package var opened: String?
    @NullWhenNil package var acknowledged: String?

    enum CodingKeys: String, CodingKey {
        case detected, published, accepted, pushed, delivered, opened, acknowledged
        case caseCreated = "case"
    }
}

/// Who said that suppressed evidence was an event, when and why.
package struct RestorationView: Codable, Sendable, Hashable {
    /// Why it had not been told.
    package var suppressed: String
    /// The account.
    package var by: String
    package var name: String
    package var note: String
    package var at: String

    package init(_ restoration: Restoration) {
        suppressed = restoration.suppressed.rawValue
        by = restoration.by
        name = restoration.name
        note = restoration.note
        at = restoration.at.description
    }
}

/// Everything a reader may know of one incident.
package struct IncidentDetail: Encodable, Sendable, Hashable {
    package var item: IncidentItem
    /// Why it fired, the most important fact first.
    package var reason: [String]
    /// x, y, width, height, each 0…1.
    package var box: [Double]?
    package var snapshotURL: String?
    package var clipURL: String?
    /// When picture and clip were deleted because their time was over; nil while they are there, and when there were none.
    package var evidenceDeletedAt: String?
    package var resolution: ResolutionView
    package var receipts: ReceiptsView
    /// Nil for what a machine reported.
    package var restoration: RestorationView?
    package var caseDetail: CaseDetail?

    enum CodingKeys: String, CodingKey {
        case reason, box, resolution, receipts, restoration
        case snapshotURL = "snapshot_url"
        case clipURL = "clip_url"
        case evidenceDeletedAt = "evidence_deleted_at"
        case caseDetail = "case_detail"
    }

    /// Writes all promised keys, absent values as `null`.
    package func encode(to encoder: any Encoder) throws {
        try item.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(reason, forKey: .reason)
        try container.encode(NullWhenNil(wrappedValue: box), forKey: .box)
        try container.encode(NullWhenNil(wrappedValue: snapshotURL), forKey: .snapshotURL)
        try container.encode(NullWhenNil(wrappedValue: clipURL), forKey: .clipURL)
        try container.encode(NullWhenNil(wrappedValue: evidenceDeletedAt), forKey: .evidenceDeletedAt)
        try container.encode(resolution, forKey: .resolution)
        try container.encode(receipts, forKey: .receipts)
        try container.encode(NullWhenNil(wrappedValue: restoration), forKey: .restoration)
        try container.encode(NullWhenNil(wrappedValue: caseDetail), forKey: .caseDetail)
    }
}

/// A page of a list, with the feed sequence it is true for.
package struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    package var items: [Item]
    package var seq: Int64
}
