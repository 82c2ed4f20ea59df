// How two lists of cameras differ, in numbers: what going back to the former one would do.
// cameras.csv, the one before → **sums** → operator

import Base
import Domain

/// Counts of cameras, by id and by what their rows say.
package struct CameraListChange: Sendable, Hashable {
    package private(set) var added = 0
    package private(set) var removed = 0
    package private(set) var changed = 0

    /// Rows without a readable id count for nothing.
    package init(from old: [UInt8], to new: [UInt8]) {
        let (before, after) = (Self.rows(old), Self.rows(new))
        added = after.keys.count { before[$0] == nil }
        removed = before.keys.count { after[$0] == nil }
        changed = after.count { before[$0.key] != nil && before[$0.key] != $0.value }
    }

    private static func rows(_ bytes: [UInt8]) -> [CameraID: [String: String]] {
        var (found, ignored) = ([CameraID: [String: String]](), FindingList(file: ""))
        guard let rows = NamedRows(bytes, required: CameraRows.columns, optional: CameraRows.optionalColumns, into: &ignored) else {
            return [:]
        }
        rows.forEach(into: &ignored) { row, _ in
            guard let id = CameraID(row.plain("camera_id")) else { return }
            // A column that a file does not have says nothing.
            found[id] = Dictionary(uniqueKeysWithValues: (CameraRows.columns + CameraRows.optionalColumns).map { ($0, row[$0]) })
        }
        return found
    }
}
