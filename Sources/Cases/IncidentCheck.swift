// Content that no honest ingest node can send, found before it reaches a table.
// incidents → **check** → inbox or dead letters

import Domain

enum IncidentCheck {
    /// Why an incident cannot be true, or nil. Clock errors are no reason: times are labels.
    static func problem(_ incident: Incident) -> String? {
        let key = incident.key
        if incident.revision < 1 || incident.revision > Int(Int32.max) { return "revision \(incident.revision) is not possible" }
        if !Catalogue.isCategoryName(key.category) { return "the category is no category name" }
        if key.preset.utf8.count > 64 || key.zone.utf8.count > 64 { return "preset or zone is longer than 64 bytes" }
        if incident.lastSeen < incident.firstSeen { return "last seen before first seen" }
        if !(0...maximumTime).contains(incident.firstSeen.millisecondsSince1970) { return "first seen before 1970 or after 9999" }
        if !(0...maximumTime).contains(incident.lastSeen.millisecondsSince1970) { return "last seen before 1970 or after 9999" }
        if incident.count < 1 { return "no observation" }
        if !(0...100).contains(incident.score) { return "score \(incident.score) is not in 0…100" }
        if let box = incident.box, !isInPicture(box) { return "the box is not inside the picture" }
        for (name, stored) in [("snapshot", incident.snapshot), ("clip", incident.clip)] {
            guard let stored else { continue }
            // The digest becomes a file name, so nothing but a digest may pass.
            guard stored.sha256.utf8.count == 64,
                stored.sha256.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x61 && $0 <= 0x66 })
            else { return "the \(name) is not named by a SHA-256" }
            if stored.sizeBytes < 1 { return "the \(name) is empty" }
        }
        return nil
    }

    /// The end of year 9999, where ISO 8601 runs out of digits.
    private static let maximumTime: Int64 = 253_402_300_799_999

    private static func isInPicture(_ box: RelativeBox) -> Bool {
        // A thousandth of slack for boxes that were rounded on the way.
        let slack = 0.001
        return [box.x, box.y, box.width, box.height].allSatisfy { $0.isFinite && $0 >= -slack }
            && box.x + box.width <= 1 + slack && box.y + box.height <= 1 + slack
    }
}
