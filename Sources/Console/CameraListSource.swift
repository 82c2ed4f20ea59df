// What the console asks of the district's list of cameras; declared here, implemented where the file is.

package import Base
package import Cases
package import Domain
package import Grids

/// The list of cameras that an operator takes another one into. Every call suspends instead of blocking; safe from any task.
package protocol CameraListSource: Sendable {
    /// The list in force.
    func state() async throws -> CameraListState
    /// What a file would do to it; writes nothing.
    func examine(_ file: [UInt8], declared: CoordinateSystem?) async throws -> (state: CameraListState, result: CameraImport)
    /// Takes a file over and puts the new list in force, or does neither.
    ///
    /// - Parameters:
    ///   - base: The list that the person saw the difference to.
    ///   - partial: Takes over the good rows although others are refused.
    /// - Throws: `.conflict` when another list is in force by now.
    func apply(
        _ file: [UInt8], declared: CoordinateSystem?, base: String, partial: Bool
    ) async throws -> (state: CameraListState, result: CameraImport)
    /// Exchanges the list with the one before the last import, and puts it in force.
    ///
    /// - Throws: `.conflict` when another list is in force by now, `.notFound` when there was no import.
    func rollBack(base: String) async throws -> CameraListState
}

/// Which list is in force.
package struct CameraListState: Encodable, Sendable, Hashable {
    /// Names the list and the map it is judged by; to be given back when it is changed.
    package var base: String
    /// Its cameras.
    package var cameras: Int
    /// When the list was taken over that an import has replaced; null when there is nothing to go back to.
    @NullWhenNil package var former: Former?

    /// The list before the last import.
    package struct Former: Encodable, Sendable, Hashable {
        /// When it was replaced.
        package var replacedAt: String
        /// What going back would do.
        package var added: Int
        package var removed: Int
        package var changed: Int

        package init(replacedAt: String, added: Int, removed: Int, changed: Int) {
            self.replacedAt = replacedAt
            self.added = added
            self.removed = removed
            self.changed = changed
        }

        enum CodingKeys: String, CodingKey {
            case added, removed, changed
            case replacedAt = "replaced_at"
        }
    }

    /// Somebody changed the list between a look at it and a deed.
    package static let overtaken = Failure(
        .conflict, "the list of cameras was changed meanwhile: look at the difference again", context: [("field", "base")])

    package init(base: String, cameras: Int, former: Former?) {
        self.base = base
        self.cameras = cameras
        self.former = former
    }
}
