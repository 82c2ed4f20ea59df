// A decision not to tell, as it is kept and shown, and what a person made of it later.
// detections → incidents; **suppressions** beside them

/// The identity of a suppression; an incident that a person makes of it bears the same one.
package typealias SuppressionID = UUID7

/// A person's word that something suppressed was an event after all.
package struct Restoration: Hashable, Sendable {
    /// Why it had not been told.
    package var suppressed: SuppressionReason
    /// The account of the person.
    package var by: String
    package var name: String
    /// What the person saw in it.
    package var note: String
    package var at: WallTime

    package init(suppressed: SuppressionReason, by: String, name: String, note: String, at: WallTime) {
        self.suppressed = suppressed
        self.by = by
        self.name = name
        self.note = note
        self.at = at
    }
}

/// Evidence that did not become an incident: where, which rule, why, with numbers, when.
package struct SuppressionRecord: Hashable, Sendable {
    /// What there is to see of it.
    package enum Picture: String, Sendable, CaseIterable {
        /// None was coded: pictures have a budget.
        case none
        case kept
        /// There was one; retention has deleted it.
        case deleted
    }

    /// Minted for `at`, so that the order of identities is the order of time.
    package var id: SuppressionID
    package var camera: CameraID
    /// Empty when it lies in no named zone.
    package var zone: String
    /// The rule that held back; empty when the detector itself did not believe it.
    package var rule: String
    /// What the incident would have been.
    package var category: String
    package var priority: Priority
    package var reason: SuppressionReason
    /// Short facts with numbers, the most important first.
    package var facts: [String]
    package var box: RelativeBox?
    package var at: WallTime
    package var picture: Picture
    /// Nil until a person says that it was an event.
    package var restoration: Restoration?

    package init(
        id: SuppressionID, camera: CameraID, zone: String, rule: String, category: String, priority: Priority,
        reason: SuppressionReason, facts: [String], box: RelativeBox?, at: WallTime, picture: Picture = .none,
        restoration: Restoration? = nil
    ) {
        self.id = id
        self.camera = camera
        self.zone = zone
        self.rule = rule
        self.category = category
        self.priority = priority
        self.reason = reason
        self.facts = facts
        self.box = box
        self.at = at
        self.picture = picture
        self.restoration = restoration
    }
}

/// A suppression on its way to where it is kept.
package struct SuppressedEvidence: Hashable, Sendable {
    package var record: SuppressionRecord
    /// Privacy masks are burnt in.
    package var jpeg: [UInt8]?

    package init(record: SuppressionRecord, jpeg: [UInt8]?) {
        self.record = record
        self.jpeg = jpeg
        self.record.picture = jpeg == nil ? .none : .kept
    }
}
