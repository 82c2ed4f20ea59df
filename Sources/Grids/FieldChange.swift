// What differs between two rows about one camera, in words for the person who must agree.
// cameras.csv, file to import → **difference** → new cameras.csv

import Domain

/// One field of a camera that an import changes.
package struct FieldChange: Hashable, Sendable, CustomStringConvertible {
    /// The column; `position` for longitude, latitude and coordinate system together.
    package let field: String
    /// What happens to it. A URL is not shown: a wrong one may hold a password.
    package let text: String
    /// True when the camera's grid must be looked at again (`FieldChange.reviewMetres`, `reviewDegrees`).
    package let asksForReview: Bool

    package var description: String { "\(field) \(text)" }

    /// A camera moved further may see another grid's ground (DOMAIN.md: 20 m).
    package static let reviewMetres = 20.0
    /// A camera turned further sees another place.
    package static let reviewDegrees = 30.0
    /// Below this, two positions are the same: the rounding of a conversion between coordinate systems.
    private static let sameMetres = 0.1

    /// Everything that differs, in the order of columns.
    static func all(from old: Camera, to new: Camera, in grids: GridSet) -> [FieldChange] {
        var changes: [FieldChange] = []
        func compare(_ field: String, _ before: String?, _ after: String?, asksForReview: Bool = false) {
            guard before != after else { return }
            let text = [before, after].map { ($0 ?? "").isEmpty ? "nothing" : printable($0 ?? "") }
            changes.append(FieldChange(field: field, text: "\(text[0]) → \(text[1])", asksForReview: asksForReview))
        }
        compare("name", old.name, new.name)
        compare("programme", old.programme, new.programme)
        if old.url != new.url { changes.append(FieldChange(field: "rtsp_url", text: "changed", asksForReview: false)) }
        if let moved = moved(old, new, grids) { changes.append(moved) }
        let turned = turnedDegrees(old.view.azimuthDegrees, new.view.azimuthDegrees)
        compare("azimuth", number(old.view.azimuthDegrees), number(new.view.azimuthDegrees), asksForReview: turned > reviewDegrees)
        compare("hfov", number(old.view.widthDegrees), number(new.view.widthDegrees))
        compare("range_m", number(old.view.rangeMetres), number(new.view.rangeMetres))
        compare("ptz", old.view.isMovable ? "1" : "0", new.view.isMovable ? "1" : "0")
        compare("village_code", old.villageCode?.digits, new.villageCode?.digits)
        compare("grid_code", old.boundGrid?.digits, new.boundGrid?.digits, asksForReview: true)
        compare("tags", old.tags.joined(separator: " "), new.tags.joined(separator: " "))
        compare("priority", "\(old.priority.rawValue)", "\(new.priority.rawValue)")
        compare("transport", old.transport.rawValue, new.transport.rawValue)
        return changes
    }

    private static func moved(_ old: Camera, _ new: Camera, _ grids: GridSet) -> FieldChange? {
        let metres = LocalMetres(at: old.position).distance(old.position, new.position)
        if metres < sameMetres { return nil }
        let (before, after) = (grids.locate(old.position), grids.locate(new.position))
        let shown = metres < 10 ? "\((metres * 10).rounded() / 10) m" : "\(Int(metres.rounded())) m"
        let into = before == after ? "" : ", from grid \(before?.digits ?? "none") into \(after?.digits ?? "none")"
        return FieldChange(field: "position", text: "moved \(shown)\(into)", asksForReview: metres > reviewMetres || before != after)
    }

    private static func number(_ value: Double?) -> String? {
        value.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }
    }

    /// 0…180, also across north.
    private static func turnedDegrees(_ a: Double?, _ b: Double?) -> Double {
        guard let a, let b else { return 0 }
        let turn = abs(a - b).truncatingRemainder(dividingBy: 360)
        return min(turn, 360 - turn)
    }
}
